import { describe, expect, it } from "vitest";
import { startRealCore as startOperator } from "../core.ts";
import type { RequestFault } from "../faults.ts";
import { runWorld } from "../run.ts";
import { scenarioPlan, SCENARIOS } from "../scenarios.ts";

const AT_EACH: readonly RequestFault["kind"][] = ["killBefore", "killAfter", "loseReply"];

/** Scenarios short enough for every pair of deaths. */
const PAIRS = ["shortSuccess", "retryThenSuccess", "deadline", "cancelWhileRunning", "sidecarOfFailure"];

type Point = readonly [index: number, kind: RequestFault["kind"]];

/** Ends in a Violation if a promise is broken. */
async function runWith(name: string, points: readonly Point[]): Promise<void> {
  const at = new Map(points.map(([index, kind]) => [index, { kind } as RequestFault]));
  const result = await runWorld(scenarioPlan(name, { startOperator, at }));
  // A point that lies beyond the last request of this run strikes nobody.
  const deaths = points.filter(([index, kind]) => kind !== "loseReply" && index <= result.requestCount).length;
  expect(result.lives).toBe(1 + deaths);
}

async function countRequests(name: string): Promise<number> {
  const { requestCount } = await runWorld(scenarioPlan(name, { startOperator }));
  return requestCount;
}

describe("dies or loses the reply at every single request", () => {
  it.each(Object.keys(SCENARIOS))("of %s", async (name) => {
    const count = await countRequests(name);
    expect(count).toBeGreaterThan(2);
    for (let index = 1; index <= count; index++) for (const kind of AT_EACH) await runWith(name, [[index, kind]]);
  });
});

describe("dies twice, at every pair of requests", () => {
  it.each(PAIRS)("of %s", async (name) => {
    const count = (await countRequests(name)) + 2;
    expect(count).toBeGreaterThan(4);
    for (let first = 1; first <= count; first++) {
      for (let second = first + 1; second <= count + 2; second++) {
        await runWith(name, [
          [first, "killAfter"],
          [second, "killBefore"],
        ]);
        await runWith(name, [
          [first, "killAfter"],
          [second, "killAfter"],
        ]);
      }
    }
  });
});
