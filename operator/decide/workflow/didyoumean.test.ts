import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { didYouMean, nearest } from "./didyoumean.ts";

describe("did you mean", () => {
  it.each([
    ["extrct", ["transform", "extract"], "extract"],
    ["exrtact", ["extract"], "extract"],
    ["Load", ["load"], "load"],
    ["lod", ["load"], "load"],
    ["loads", ["load", "loads-all"], "load"],
    ["reprot", ["report", "reports"], "report"],
    ["tranform-dayly-data", ["transform-daily-data"], "transform-daily-data"],
    ["ab", ["ba", "cd"], "ba"],
  ])("%s, of %j: %s", (wrong, known, want) => {
    expect(nearest(wrong, known)).toBe(want);
  });

  it.each([
    ["x", ["a", "b"]],
    ["load", ["ship"]],
    ["ab", ["xyz"]],
    ["extract", []],
    ["", ["a"]],
    ["a".repeat(10_000), ["a".repeat(9_999)]],
  ])("nothing for %s, of %j", (wrong, known) => {
    expect(nearest(wrong, known)).toBeUndefined();
  });

  it("the first of several that are as near", () => {
    expect(nearest("lead", ["load", "leaf"])).toBe("load");
  });

  it("reads as the end of a sentence", () => {
    expect(didYouMean("extrct", ["extract"])).toBe('; did you mean "extract"?');
    expect(didYouMean("extrct", ["ship"])).toBe("");
  });

  it("finds what an obvious search finds", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 10 });
    fc.assert(
      fc.property(word, fc.array(word, { maxLength: 8 }), (wrong, known) => {
        const limit = Math.min(3, Math.floor((wrong.length + 1) / 3));
        const scored = known.map((name) => ({ name, edits: distance(wrong, name) }));
        const best = scored.toSorted((a, b) => a.edits - b.edits)[0];

        expect(nearest(wrong, known)).toBe(best === undefined || best.edits > limit ? undefined : best.name);
      }),
      { numRuns: 2000 },
    );
  });
});

/** Optimal string alignment, the whole table. */
function distance(a: string, b: string): number {
  const table = Array.from({ length: a.length + 1 }, (_, line) =>
    Array.from({ length: b.length + 1 }, (__, column) => (line === 0 ? column : column === 0 ? line : 0)),
  );
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(table[i - 1]![j - 1]! + same, table[i - 1]![j]! + 1, table[i]![j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, table[i - 2]![j - 2]! + 1);
      table[i]![j] = least;
    }
  }
  return table[a.length]![b.length]!;
}
