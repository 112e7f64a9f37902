import { describe, expect, it } from "vitest";
import { type PairRuns, runPairAtEach } from "../crashes.ts";
import type { RequestFault } from "../faults.ts";
import { WRONG_LEADERS, type WrongLeader } from "../leadwrong.ts";
import { runWorld } from "../run.ts";
import { scenarioPlan, STEADY } from "../scenarios.ts";
import { Violation } from "../violation.ts";

const DEATHS: readonly RequestFault[] = [{ kind: "killBefore" }, { kind: "killAfter" }, { kind: "loseReply" }];
/** Longer than the lease, before the request leaves and after; and of a machine whose monotonic clock stands still meanwhile. */
const PAUSES: readonly RequestFault[] = [
  { kind: "pauseBefore", pause: "stopped", forMs: 25_000 },
  { kind: "pauseAfter", pause: "stopped", forMs: 17_000 },
  { kind: "pauseBefore", pause: "asleep", forMs: 25_000 },
];
/** A request that arrives after another leads, while its sender is dead or still believes in it. */
const LATE: readonly RequestFault[] = [
  { kind: "hold", forMs: 25_000, thenKill: true },
  { kind: "hold", forMs: 58_000, thenKill: true },
  { kind: "leaveLate", byMs: 16_000 },
  { kind: "slow", extraMs: 4700, thenCut: "lease" },
];
/** A create that arrives when the task may be over and its pod gone. */
const HELD: readonly RequestFault[] = [
  { kind: "hold", forMs: 20_000, thenKill: true },
  { kind: "hold", forMs: 58_000, thenKill: true },
];
/** A slow clock and a fast one, at the limits. */
const APART = { clockRates: [0.95, 1.05] } as const;
const STOPPED = { clockRates: [1, 1], stopAtMs: 2500 } as const;

/** An error is no wrong leader's: with one in 40 requests each has met its fault. */
const REQUESTS_MAX = 40;

const RUNS: readonly (readonly [string, PairRuns])[] = [
  ["dies at every request of a retry", { scenario: "retryThenSuccess", pair: STEADY, faults: DEATHS }],
  ["stands still at every request of a retry", { scenario: "retryThenSuccess", pair: STEADY, faults: PAUSES }],
  ["is late with every request of a retry", { scenario: "retryThenSuccess", pair: APART, faults: LATE }],
  ["dies at every request of a workflow", { scenario: "workflowMappedRetried", pair: STEADY, faults: DEATHS }],
  [
    "is late with every request of a TaskRun whose pod goes at its end",
    { scenario: "neverKept", pair: STEADY, faults: HELD },
  ],
  [
    "is late with every request of a TaskRun that goes at its end",
    { scenario: "noTimeToLive", pair: STEADY, faults: HELD },
  ],
  ["dies at every request of a hand-over", { scenario: "success", pair: STOPPED, faults: DEATHS }],
];

describe("one of two replicas", () => {
  it.each(RUNS)("%s, and the other goes on", async (_, runs) => {
    const { requests, handOvers } = await runPairAtEach(runs);
    expect(requests).toBeGreaterThan(10);
    expect(handOvers).toBeGreaterThan(requests / 2);
  });
});

describe("a wrong leader is caught", () => {
  it.each(Object.entries(WRONG_LEADERS))("when it %s", async (_, wrong) => {
    expect((await caught(wrong))?.rule).toMatch(new RegExp(`^${wrong.rule}`));
  });
});

/** What the simulator says of it when the fault strikes the first request, the second, and so on. */
async function caught({
  start,
  fault,
  pair = STEADY,
  scenario = "success",
}: WrongLeader): Promise<Violation | undefined> {
  for (let index = 1; index <= (fault.kind === "none" ? 1 : REQUESTS_MAX); index++) {
    const at = new Map([[index, fault]]);
    const plan = scenarioPlan(scenario, { startOperator: start, pair, at });
    const end = await runWorld(plan).catch((error: unknown) => error);
    if (end instanceof Violation) return end;
    if (end instanceof Error) throw end;
  }
  return undefined;
}
