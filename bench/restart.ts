/** What the audit log says about an operator that was killed in the middle of a run and started anew. */
import { isDone, taskRunOf, type Write } from "./audited.ts";

/** Moments in milliseconds since 1970. */
export interface Restarted {
  readonly startedAt: number;
  readonly readyAt: number;
}

export interface RestartFacts {
  readonly startToReadyMs: number;
  /** From the start of the process to its first write. */
  readonly startToFirstWriteMs: number;
  /** Below 0: the first write was there before anybody saw that it is ready. */
  readonly readyToFirstWriteMs: number;
  /** TaskRuns whose pod had ended before the start, and whose outcome was not written. */
  readonly backlog: number;
  /** From the start of the process until the last of their outcomes was written. */
  readonly caughtUpMs: number;
  /** Pods beyond one for a TaskRun, and TaskRuns that were made twice. */
  readonly duplicates: number;
  /** Creates that met what was there already. */
  readonly repeatedCreates: number;
}

export function restartFactsOf(writes: readonly Write[], { startedAt, readyAt }: Restarted): RestartFacts {
  const own = writes.filter(({ by }) => by === "operator");
  const first = Math.min(...own.filter(({ received }) => received >= startedAt).map(({ received }) => received));
  const { count, last } = backlogOf(writes, startedAt);
  return {
    startToReadyMs: readyAt - startedAt,
    startToFirstWriteMs: first - startedAt,
    readyToFirstWriteMs: first - readyAt,
    backlog: count,
    caughtUpMs: count === 0 ? 0 : last - startedAt,
    duplicates: surplusOf(own, "create pods", taskRunOf) + surplusOf(own, "create taskruns", (name) => name),
    repeatedCreates: own.filter(({ what, code }) => code === 409 && what.startsWith("create ")).length,
  };
}

function backlogOf(writes: readonly Write[], at: number): { readonly count: number; readonly last: number } {
  const [ends, outcomes] = [new Map<string, number>(), new Map<string, number>()];
  for (const { by, what, name, answered } of writes.filter(isDone)) {
    if (by === "others" && what === "patch pods/status") ends.set(taskRunOf(name) ?? "", answered);
    if (by === "operator" && what === "update taskruns/status") outcomes.set(name, answered);
  }
  const late = [...ends].flatMap(([name, ended]) => {
    const outcome = outcomes.get(name) ?? Number.POSITIVE_INFINITY;
    return ended < at && outcome >= at ? [outcome] : [];
  });
  return { count: late.length, last: Math.max(...late) };
}

/** Creates that were done, beyond one for each key. */
function surplusOf(own: readonly Write[], what: string, keyOf: (name: string) => string | undefined): number {
  const made = own.filter((write) => write.what === what && isDone(write)).map(({ name }) => keyOf(name) ?? name);
  return made.length - new Set(made).size;
}
