import { describe, expect, it } from "vitest";
import { Random } from "./random.ts";

function draws(random: Random, count: number): readonly number[] {
  return Array.from({ length: count }, () => random.next());
}

describe("seeded randomness", () => {
  it("gives the same numbers for the same seed", () => {
    expect(draws(new Random("7"), 20)).toEqual(draws(new Random("7"), 20));
    expect(draws(new Random("8"), 20)).not.toEqual(draws(new Random("7"), 20));
  });

  it("gives a fork the same numbers however much its parent has drawn", () => {
    const parent = new Random("7");
    const before = draws(parent.fork("faults"), 5);
    draws(parent, 100);
    expect(draws(parent.fork("faults"), 5)).toEqual(before);
    expect(draws(parent.fork("users"), 5)).not.toEqual(before);
  });

  it("spreads over the whole range", () => {
    const random = new Random("spread");
    const counts = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 10_000; i++) {
      const at = random.int(0, 9);
      counts[at] = (counts[at] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });

  it("keeps every value when it shuffles", () => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8];
    const shuffled = new Random("deck").shuffled(values);
    expect(shuffled).not.toEqual(values);
    expect(shuffled.toSorted((left, right) => left - right)).toEqual(values);
  });
});
