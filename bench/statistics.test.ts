import { expect, it } from "vitest";
import { median, spreadOf } from "./statistics.ts";

it.each([
  [[5], 5],
  [[1, 9], 5],
  [[1, 4, 9], 4],
  [[1, 4, 6, 9], 5],
])("the median of %j is %d", (sorted, want) => {
  expect(median(sorted)).toBe(want);
});

it("takes percentiles from what was measured, in whatever order it came", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(spreadOf(hundred)).toEqual({ count: 100, p50: 50, p90: 90, p99: 99, max: 100 });
  expect(spreadOf([3, 1, 2])).toEqual({ count: 3, p50: 2, p90: 3, p99: 3, max: 3 });
  expect(spreadOf([8])).toEqual({ count: 1, p50: 8, p90: 8, p99: 8, max: 8 });
});

it("says nothing of no values", () => {
  expect(spreadOf([])).toBeUndefined();
});
