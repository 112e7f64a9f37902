import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatIntervals, parseIntervals } from "./intervals.ts";

const format = (total: number, ...indexes: readonly number[]): string =>
  formatIntervals(total, (index) => indexes.includes(index));

describe("intervals", () => {
  it("are written with a dash from two neighbours on", () => {
    expect(format(10)).toBe("");
    expect(format(0)).toBe("");
    expect(format(1, 0)).toBe("0");
    expect(format(10, 0, 1, 2, 3, 7)).toBe("0-3,7");
    expect(format(10, 4, 5, 8, 9)).toBe("4-5,8-9");
  });

  it("are read as they are written", () => {
    expect(parseIntervals("0-3,7", 10)).toEqual([0, 1, 2, 3, 7]);
    expect(parseIntervals("", 10)).toEqual([]);
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 80 }), (isIn) => {
        const text = formatIntervals(isIn.length, (index) => isIn[index] === true);

        expect(parseIntervals(text, isIn.length)).toEqual([...isIn.entries()].flatMap(([at, on]) => (on ? [at] : [])));
      }),
      { numRuns: 2000 },
    );
  });

  it("that lie outside, go backwards, repeat or are none are ignored", () => {
    expect(parseIntervals("2-9,3-12,20", 11)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(parseIntervals("5,1-2,5-3,5-6", 10)).toEqual([5, 6]);
    expect(parseIntervals("-1,a,1-,1 - 2, 4,4.5,0x3,1e1,,7", 10)).toEqual([7]);
    expect(parseIntervals("0-999999999,0-9999999999999", 3)).toEqual([0, 1, 2]);
  });

  it("of any text are ascending and within the total", () => {
    const words = fc.array(fc.oneof(fc.string(), fc.stringMatching(/^\d{0,3}-?\d{0,3}$/)), { maxLength: 30 });
    fc.assert(
      fc.property(words, fc.nat(50), (parts, total) => {
        const found = parseIntervals(parts.join(","), total);

        expect(found).toEqual([...new Set(found)].toSorted((a, b) => a - b));
        expect(found.every((index) => index >= 0 && index < total)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
