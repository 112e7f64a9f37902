/** What the audit log says about an operator that was killed in the middle of a run and started anew. */
import { isDone, taskRunOf, type Write } from "./audited.ts";

/** Moments in milliseconds since 1970. */
export interface Restarted {
  readonly startedAt: number;
  /** When the new process said its first word. Before that, what the killed one had sent still comes in. */
  readonly spokeAt: number;
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
  /** TaskRuns like those, but no answered call wrote their outcome: the killed operator's last calls did, if the run came to its end. */
  readonly unanswered: number;
  /** Pods beyond one for a TaskRun, and TaskRuns that were made twice. */
  readonly duplicates: number;
  /** Creates that met what was there already. */
  readonly repeatedCreates: number;
}

export function restartFactsOf(writes: readonly Write[], { startedAt, spokeAt, readyAt }: Restarted): RestartFacts {
  const own = writes.filter(({ by }) => by === "operator");
  const first = Math.min(...own.filter(({ received }) => received >= spokeAt).map(({ received }) => received));
  const { count, last, unanswered } = backlogOf(writes, startedAt);
  return {
    startToReadyMs: readyAt - startedAt,
    startToFirstWriteMs: first - startedAt,
    readyToFirstWriteMs: first - readyAt,
    backlog: count,
    caughtUpMs: count === 0 ? 0 : last - startedAt,
    unanswered,
    duplicates: surplusOf(own, "create pods", taskRunOf) + surplusOf(own, "create taskruns", (name) => name),
    repeatedCreates: own.filter(({ what, code }) => code === 409 && what.startsWith("create ")).length,
  };
}

interface Backlog {
  readonly count: number;
  readonly last: number;
  readonly unanswered: number;
}

function backlogOf(writes: readonly Write[], at: number): Backlog {
  const [ends, outcomes] = [new Map<string, number>(), new Map<string, number>()];
  for (const { by, what, name, answered } of writes.filter(isDone)) {
    if (by === "others" && what === "patch pods/status") ends.set(taskRunOf(name) ?? "", answered);
    if (by === "operator" && what === "update taskruns/status") outcomes.set(name, answered);
  }
  const before = [...ends].filter(([, ended]) => ended < at).map(([name]) => outcomes.get(name));
  const late = before.filter((outcome) => outcome !== undefined && outcome >= at).map((outcome) => outcome ?? at);
  const unanswered = before.filter((outcome) => outcome === undefined).length;
  return { count: late.length, last: Math.max(...late), unanswered };
}

/** Creates that were done, beyond one for each key. */
function surplusOf(own: readonly Write[], what: string, keyOf: (name: string) => string | undefined): number {
  const made = own.filter((write) => write.what === what && isDone(write)).map(({ name }) => keyOf(name) ?? name);
  return made.length - new Set(made).size;
}
