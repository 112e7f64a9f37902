import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addIndex, deleteIndex, emptySet, firstIndex, fullSet } from "./indexset.ts";

describe("a set of indexes", () => {
  it("knows its least after any additions and deletions, on one, two and three levels", () => {
    const sizes = fc.constantFrom(1, 31, 32, 33, 1023, 1024, 1025, 10_100, 40_000);
    const steps = fc.array(fc.record({ isAdded: fc.boolean(), at: fc.double({ min: 0, max: 0.999, noNaN: true }) }));
    fc.assert(
      fc.property(sizes, steps, (size, changes) => {
        const set = emptySet(size);
        const want = new Set<number>();
        for (const { isAdded, at } of changes) {
          const index = Math.floor(at * size);
          if (isAdded) want.add(index);
          else want.delete(index);
          if (isAdded) addIndex(set, index);
          else deleteIndex(set, index);

          expect(firstIndex(set)).toBe(want.size === 0 ? undefined : Math.min(...want));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("that is full gives all its indexes in order", () => {
    const set = fullSet(10_000);
    const found: number[] = [];
    for (let index = firstIndex(set); index !== undefined; index = firstIndex(set)) {
      found.push(index);
      deleteIndex(set, index);
    }

    expect(found).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
  });

  it("of no indexes is empty", () => {
    expect(firstIndex(emptySet(0))).toBeUndefined();
    expect(firstIndex(fullSet(0))).toBeUndefined();
  });
});
