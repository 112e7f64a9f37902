import { expect, test } from "vitest";
import { overlapsOf } from "./evidence.ts";

test("attempts one after the other do not overlap, in whatever order they are read", () => {
  const first = { pod: "a", first: 1, last: 2 };
  const second = { pod: "b", first: 2.1, last: 9 };
  const neverRan = { pod: "c", first: Infinity, last: -Infinity };
  expect(overlapsOf([second, neverRan, first])).toEqual([]);
});

test("an attempt that began while another one ran is told", () => {
  const long = { pod: "a", first: 1, last: 20 };
  const spans = [long, { pod: "b", first: 3, last: 4 }, { pod: "c", first: 20, last: 21 }];
  expect(overlapsOf(spans)).toEqual([
    "b began to run at 3, a still ran at 20",
    "c began to run at 20, a still ran at 20",
  ]);
});
