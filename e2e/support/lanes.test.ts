import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lanesOf, LONG_SECONDS } from "./lanes.ts";

describe("files in lanes", () => {
  const names = ["a.test.ts", "nodeloss.test.ts", "b.test.ts", "outage.test.ts", "c.test.ts", "d.test.ts"];

  test("each file is in one lane", () => {
    const lanes = lanesOf(names, 2);
    expect(lanes.flat().toSorted()).toEqual(names.toSorted());
  });

  test("the longest are apart, and the shorter lane gets the rest", () => {
    expect(lanesOf(names, 2)).toEqual([
      ["outage.test.ts"],
      ["a.test.ts", "nodeloss.test.ts", "b.test.ts", "c.test.ts", "d.test.ts"],
    ]);
  });

  test("one lane has all", () => {
    expect(lanesOf(names, 1)).toEqual([names]);
  });

  test("every file with a time of its own exists", () => {
    const files = readdirSync(join(import.meta.dirname, ".."));
    expect(Object.keys(LONG_SECONDS).filter((name) => !files.includes(name))).toEqual([]);
  });
});
