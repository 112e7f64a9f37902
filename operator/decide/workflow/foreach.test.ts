import { describe, expect, it } from "vitest";
import { expand, resultReference, staticTotal } from "./foreach.ts";
import type { ForEach } from "./foreach.ts";
import type { Facts } from "./substitute.ts";

const RESULTS: Readonly<Record<string, string>> = {
  files: '["a", {"b": 1}, null]',
  empty: "[]",
  many: JSON.stringify(Array.from({ length: 10_001 }, () => 1)),
  number: "5",
  words: "a, b",
  tricky: '["$(params.x)"]',
  deep: `${"[".repeat(2000)}${"]".repeat(2000)}`,
};
const FACTS: Facts = {
  param: (name) => (name === "x" ? "ex" : name === "big" ? "b".repeat(4096) : undefined),
  item: () => undefined,
  index: () => undefined,
  result: (_, result) => RESULTS[result] ?? { missing: "task list failed" },
  status: () => undefined,
  run: () => "run",
};

function parts(forEach: ForEach): unknown {
  const got = expand(forEach, FACTS);
  if ("problem" in got) return got.problem;
  return Array.from({ length: got.total }, (_, part) => got.itemAt(part));
}

describe("the parts", () => {
  it.each<[string, ForEach, readonly unknown[]]>([
    ["of items", { items: ["a", 1, { k: "v" }, null] }, ["a", 1, { k: "v" }, null]],
    ["of no items", { items: [] }, []],
    ["of items with references", { items: ["$(params.x)", { a: ["$(run.ds)"] }] }, ["ex", { a: ["run"] }]],
    ["of items with literals", { items: ["$$(params.x)", "$(HOME)"] }, ["$(params.x)", "$(HOME)"]],
    ["of a range", { range: { end: 3 } }, [0, 1, 2]],
    ["of a range with a step", { range: { start: 1, end: 8, step: 3 } }, [1, 4, 7]],
    ["of a range whose end is met exactly", { range: { start: 1, end: 7, step: 3 } }, [1, 4]],
    ["of a range backwards", { range: { start: 3, end: 1 } }, []],
    ["of a range below zero", { range: { start: -2, end: 1 } }, [-2, -1, 0]],
    [
      "of a matrix: keys in alphabetical order, the last one fastest",
      { matrix: { b: ["1", "2"], a: ["x", "$(params.x)"] } },
      [
        { a: "x", b: "1" },
        { a: "x", b: "2" },
        { a: "ex", b: "1" },
        { a: "ex", b: "2" },
      ],
    ],
    ["of a matrix with an empty list", { matrix: { a: [], b: ["1"] } }, []],
    ["of a result", { result: "$(tasks.list.results.files)" }, ["a", { b: 1 }, null]],
    ["of an empty result", { result: "$(tasks.list.results.empty)" }, []],
    ["of a result that looks like a reference", { result: "$(tasks.list.results.tricky)" }, ["$(params.x)"]],
  ])("%s", (_, forEach, want) => {
    expect(parts(forEach)).toEqual(want);
  });

  it("are made when they are asked for, however many there could be", () => {
    const forEach: ForEach = { range: { start: -1_000_000_000, end: 1_000_000_000, step: 200_000 } };
    const got = expand(forEach, FACTS);

    expect("total" in got ? [got.total, got.itemAt(9_999)] : got).toEqual([10_000, 999_800_000]);
  });

  it.each([
    [{ range: { end: 2 } }, 2],
    [{ range: { end: 2 } }, -1],
    [{ items: ["a"] }, 1],
    [{ items: ["a"] }, -1],
    [{ matrix: { a: ["x"] } }, 1],
    [{ result: "$(tasks.list.results.files)" }, 3],
  ])("of %j there is none at %i", (forEach, part) => {
    const got = expand(forEach, FACTS);

    expect("total" in got ? got.itemAt(part) : got).toBeUndefined();
  });

  it.each<[string, unknown, string, RegExp]>([
    ["no list at all", {}, "InvalidForEach", /exactly one of items, matrix, range and result/],
    ["two lists", { items: [], range: { end: 1 } }, "InvalidForEach", /exactly one/],
    [
      "a result that is no list",
      { result: "$(tasks.l.results.number)" },
      "InvalidForEach",
      /must be a JSON array.*is 5$/,
    ],
    ["a result that is no JSON", { result: "$(tasks.l.results.words)" }, "InvalidForEach", /is a, b$/],
    ["a result nested too deep", { result: "$(tasks.l.results.deep)" }, "InvalidForEach", /more than 100 levels/],
    [
      "a result that is missing",
      { result: "$(tasks.l.results.none)" },
      "MissingInput",
      /there is no .*: task list failed/,
    ],
    ["a long result", { result: "$(tasks.l.results.many)" }, "TooManyParts", /comes to 10001 parts/],
    ["a text", { result: "a" }, "InvalidForEach", /must be one reference/],
    ["a large range", { range: { end: 10_001 } }, "TooManyParts", /10001 parts/],
    ["many items", { items: Array.from({ length: 10_001 }) }, "TooManyParts", /10001 parts/],
    [
      "a matrix whose product is large",
      { matrix: Object.fromEntries("abcdefgh".split("").map((key) => [key, Array.from({ length: 1000 }, () => "v")])) },
      "TooManyParts",
      /parts/,
    ],
    ["an item without its param", { items: ["a", "$(params.y)"] }, "MissingInput", /forEach\.items\[1\]: there is no/],
    ["an item that is too large", { items: ["$(params.big)".repeat(33)] }, "InputTooLarge", /forEach\.items\[0\]/],
    ["a matrix value without its param", { matrix: { a: ["$(params.y)"] } }, "MissingInput", /forEach\.matrix\.a\[0\]/],
    ["half steps", { range: { end: 1, step: 0.5 } }, "InvalidForEach", /whole numbers/],
    ["no step", { range: { end: 1, step: 0 } }, "InvalidForEach", /step of at least 1/],
    ["a range without an end", { range: {} }, "InvalidForEach", /whole numbers/],
    ["a matrix of texts", { matrix: { a: "x" } }, "InvalidForEach", /no list/],
    ["items that are no list", { items: "x" }, "InvalidForEach", /./],
  ])("are none of %s", (_, forEach, reason, message) => {
    expect(parts(forEach as ForEach)).toEqual({ reason, message: expect.stringMatching(message) as string });
  });

  it("a matrix has its __proto__ like any key", () => {
    const forEach = JSON.parse('{"matrix": {"__proto__": ["x"], "a": ["y"]}}') as ForEach;

    expect(JSON.stringify(parts(forEach))).toBe('[{"__proto__":"x","a":"y"}]');
  });
});

describe("how many parts", () => {
  it.each<[ForEach, number | undefined]>([
    [{ items: ["a", "b"] }, 2],
    [{ matrix: { a: ["x", "y"], b: ["x", "y", "z"] } }, 6],
    [{ range: { end: 10, step: 3 } }, 4],
    [{ range: { start: 5, end: 1 } }, 0],
    [{ result: "$(tasks.a.results.b)" }, undefined],
    [{}, undefined],
  ])("of %j: %s", (forEach, want) => {
    expect(staticTotal(forEach)).toBe(want);
  });
});

describe("forEach.result", () => {
  it.each([
    "",
    "a",
    "$(tasks.a.status)",
    "x$(tasks.a.results.b)",
    "$$(tasks.a.results.b)",
    "$(tasks.a.results.b",
    1,
    undefined,
  ])("%j is no reference to a result", (text) => {
    expect(resultReference(text)).toBeUndefined();
  });

  it("is one reference", () => {
    expect(resultReference("$(tasks.a.results.b)")).toEqual({ kind: "result", task: "a", result: "b" });
  });
});
