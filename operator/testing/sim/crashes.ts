/** Runs of a scenario in which the operator dies, stops, or loses a reply, at chosen requests. */
import { startOperator } from "./core.ts";
import type { RequestFault } from "./faults.ts";
import { type RunResult, runWorld } from "./run.ts";
import { scenarioPlan } from "./scenarios.ts";
import type { PairPlan } from "./worldplan.ts";

const AT_EACH: readonly RequestFault["kind"][] = ["killBefore", "killAfter", "loseReply"];

export type Point = readonly [index: number, kind: RequestFault["kind"]];

/** @throws Violation if a promise is broken, and if the operator did not die as often as the points say */
export async function runWith(name: string, points: readonly Point[]): Promise<void> {
  const at = new Map(points.map(([index, kind]) => [index, { kind } as RequestFault]));
  const result = await runWorld(scenarioPlan(name, { startOperator, at }));
  checkLives(result, { replicas: 1, stops: 0, at });
}

/** How many requests the operator sends until everything has ended. */
export async function countRequests(name: string): Promise<number> {
  const { requestCount } = await runWorld(scenarioPlan(name, { startOperator }));
  return requestCount;
}

/** Death before and after each request of the scenario, and each reply lost, one at a time. Returns how many requests there are. */
export async function runAtEach(name: string): Promise<number> {
  const count = await countRequests(name);
  for (let index = 1; index <= count; index++) for (const kind of AT_EACH) await runWith(name, [[index, kind]]);
  return count;
}

/** A scenario with two replicas, and each of the faults at each request of either. */
export interface PairRuns {
  readonly scenario: string;
  readonly pair: PairPlan;
  readonly faults: readonly RequestFault[];
}

/**
 * Each fault at each request, one at a time, the requests about the Lease among them. Returns how many requests there are,
 * and how often another replica took over.
 */
export async function runPairAtEach({
  scenario,
  pair,
  faults,
}: PairRuns): Promise<{ readonly requests: number; readonly handOvers: number }> {
  const untouched = await runWorld(scenarioPlan(scenario, { startOperator, pair }));
  const stops = pair.stopAtMs === undefined ? 0 : 1;
  let handOvers = 0;
  for (let index = 1; index <= untouched.busyCount; index++) {
    for (const fault of faults) {
      const at = new Map([[index, fault]]);
      const result = await runWorld(scenarioPlan(scenario, { startOperator, at, pair }));
      checkLives(result, { replicas: 2, stops, at });
      handOvers += Math.max(0, result.terms - untouched.terms);
    }
  }
  return { requests: untouched.busyCount, handOvers };
}

interface Happened {
  readonly replicas: number;
  /** A replica that dies while it stops is started once, and not twice. */
  readonly stops: number;
  readonly at: ReadonlyMap<number, RequestFault>;
}

function checkLives({ lives, exits, requestCount }: RunResult, { replicas, stops, at }: Happened): void {
  // A point that lies beyond the last request of this run strikes nobody.
  const deaths = [...at].filter(([index, fault]) => index <= requestCount && kills(fault)).length;
  const least = replicas + deaths + exits;
  if (lives < least || lives > least + stops)
    throw new Error(
      `${lives} lives of ${replicas} replicas after ${deaths} deaths and ${exits} ends by their own hand`,
    );
}

function kills(fault: RequestFault): boolean {
  return (
    fault.kind === "killBefore" || fault.kind === "killAfter" || (fault.kind === "hold" && fault.thenKill === true)
  );
}
