/** Runs of a scenario in which the operator dies, or loses a reply, at chosen requests. */
import { startRealCore as startOperator } from "./core.ts";
import type { RequestFault } from "./faults.ts";
import { runWorld } from "./run.ts";
import { scenarioPlan } from "./scenarios.ts";

const AT_EACH: readonly RequestFault["kind"][] = ["killBefore", "killAfter", "loseReply"];

export type Point = readonly [index: number, kind: RequestFault["kind"]];

/** @throws Violation if a promise is broken, and if the operator did not die as often as the points say */
export async function runWith(name: string, points: readonly Point[]): Promise<void> {
  const at = new Map(points.map(([index, kind]) => [index, { kind } as RequestFault]));
  const result = await runWorld(scenarioPlan(name, { startOperator, at }));
  // A point that lies beyond the last request of this run strikes nobody.
  const deaths = points.filter(([index, kind]) => kind !== "loseReply" && index <= result.requestCount).length;
  if (result.lives !== 1 + deaths) throw new Error(`${result.lives} lives of the operator after ${deaths} deaths`);
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
