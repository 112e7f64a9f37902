import { describe, expect, it } from "vitest";
import { grown } from "./memory.ts";
import { bytesOf, quantityOf } from "./quantity.ts";

describe("a quantity of memory", () => {
  it.each([
    ["128974848", 128_974_848],
    ["64Mi", 67_108_864],
    ["1.5Gi", 1_610_612_736],
    ["100M", 100_000_000],
    ["5k", 5000],
    ["2e6", 2_000_000],
    ["128974848000m", 128_974_848],
  ])("%s is %d bytes", (quantity, bytes) => {
    expect(bytesOf(quantity)).toBe(bytes);
  });

  it.each(["", "much", "-5Mi", "5 Mi", "5Xi", "0x10", "1e999999999", "Mi"])("%j is none", (quantity) => {
    expect(bytesOf(quantity)).toBeUndefined();
  });

  it.each([
    [67_108_864, "64Mi"],
    [1_610_612_736, "1536Mi"],
    [2_147_483_648, "2Gi"],
    [150_000_000, "144Mi"],
    [5000, "5Ki"],
  ])("%d bytes read %s", (bytes, quantity) => {
    expect(quantityOf(bytes)).toBe(quantity);
  });
});

describe("a limit that grows", () => {
  it.each([
    ["64Mi", "1.5", "16Gi", "96Mi"],
    ["64Mi", "1.5", undefined, "96Mi"],
    ["12Gi", "2", "16Gi", "16Gi"],
    ["100M", "2", undefined, "191Mi"],
  ])("%s x %s, at most %s, is %s", (limit, factor, max, want) => {
    expect(grown(limit, factor, max)).toBe(want);
  });

  it.each([
    ["16Gi", "2", "16Gi"],
    ["32Gi", "2", "16Gi"],
    ["0", "2", "16Gi"],
    ["much", "2", "16Gi"],
    ["64Mi", "1.0", undefined],
  ])("%s x %s stays at its bound %s", (limit, factor, max) => {
    expect(grown(limit, factor, max)).toBeUndefined();
  });
});
