import { describe, expect, it } from "vitest";
import { startOperator } from "../core.ts";
import { planForSeed } from "../generate.ts";
import { runWorld } from "../run.ts";

/** Overridden by SIM_SEEDS, for a long night. */
const SEEDS_DEFAULT = 400;
const SEEDS_PER_TEST = 100;
const REPEATED_SEEDS = 10;

const seeds = Number(process.env["SIM_SEEDS"] ?? SEEDS_DEFAULT);
const firsts = Array.from({ length: Math.ceil(seeds / SEEDS_PER_TEST) }, (_, i) => i * SEEDS_PER_TEST + 1);

describe("every promise is kept under random faults", () => {
  it.each(firsts)("in the worlds from seed %i on", async (first) => {
    for (let seed = first; seed < Math.min(first + SEEDS_PER_TEST, seeds + 1); seed++) {
      const result = await runWorld(planForSeed(seed, { startOperator }));
      expect(result.lives).toBeGreaterThan(0);
    }
  });
});

describe("a seed decides everything", () => {
  it("gives the same trace every time", async () => {
    for (let seed = 1; seed <= REPEATED_SEEDS; seed++) {
      const once = await runWorld(planForSeed(seed, { startOperator }));
      const again = await runWorld(planForSeed(seed, { startOperator }));
      expect(again).toEqual(once);
    }
  });

  it("gives another trace for another seed", async () => {
    const one = await runWorld(planForSeed(1, { startOperator }));
    const other = await runWorld(planForSeed(2, { startOperator }));
    expect(other.hash).not.toBe(one.hash);
  });
});
