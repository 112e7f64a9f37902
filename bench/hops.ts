/**
 * A hop of a chain: from the end of one pod to the create of the next. All times are the API server's own, from its audit log:
 *
 *     pod's terminal status answered | TaskRun status received .. answered | TaskRun create received .. answered | pod create received
 *
 * The operator's own share is the whole of it less the time in which the server worked on the two calls in between. What the
 * share still holds besides the operator: the event's way through the server's watch, and the calls' way to the server's first
 * handler. The server may send an event shortly before it has answered whoever caused it; no share is less than 0 for that.
 */
import { isDone, taskRunOf, type Author, type Write } from "./audited.ts";

export interface Hop {
  /** Milliseconds, all of them. own + server = whole. */
  readonly whole: number;
  readonly server: number;
  readonly own: number;
  /** The parts of `own`: pod ended -> its TaskRun's status sent, ... */
  readonly toStatus: number;
  /** ... its status answered -> the next TaskRun sent, ... */
  readonly toTaskRun: number;
  /** ... the TaskRun answered -> its pod sent. */
  readonly toPod: number;
}

interface Calls {
  /** The last status somebody else wrote of its pod: the end. */
  ended?: Write;
  /** The operator's last of the TaskRun: the outcome. */
  outcome?: Write;
  taskRun?: Write;
  pod?: Write;
}

/**
 * Of the operator, or of the bare loader, which makes the same calls. `taskRuns`: their names in the order of the chain. Hops for
 * which the log lacks a call are left out.
 */
export function hopsOf(
  writes: readonly Write[],
  taskRuns: readonly string[],
  by: "operator" | "bench" = "operator",
): readonly Hop[] {
  const calls = callsOf(writes, by);
  return taskRuns.slice(1).flatMap((name, index) => hopOf(calls.get(taskRuns[index] ?? ""), calls.get(name)) ?? []);
}

function callsOf(writes: readonly Write[], by: Author): ReadonlyMap<string, Calls> {
  const calls = new Map<string, Calls>();
  const of = (name: string): Calls => {
    const known = calls.get(name) ?? {};
    calls.set(name, known);
    return known;
  };
  for (const write of writes.filter(isDone)) {
    const own = write.by === by ? write.what : "";
    if (own === "create taskruns") of(write.name).taskRun = write;
    else if (own === "update taskruns/status") of(write.name).outcome = write;
    else if (own === "create pods") of(taskRunOf(write.name) ?? "").pod = write;
    else if (write.by === "others" && POD_STATUS.has(write.what)) of(taskRunOf(write.name) ?? "").ended = write;
  }
  return calls;
}

const POD_STATUS: ReadonlySet<string> = new Set(["patch pods/status", "update pods/status"]);

function hopOf(from: Calls | undefined, to: Calls | undefined): Hop | undefined {
  if (from?.ended === undefined || from.outcome === undefined) return undefined;
  if (to?.taskRun === undefined || to.pod === undefined) return undefined;
  const { ended, outcome } = from;
  const { taskRun, pod } = to;
  // Each part begins where the server was done with the call before: if the operator did not wait for that, it took no time.
  const toStatus = Math.max(0, outcome.received - ended.answered);
  const toTaskRun = Math.max(0, taskRun.received - outcome.answered);
  const toPod = Math.max(0, pod.received - taskRun.answered);
  const own = toStatus + toTaskRun + toPod;
  const whole = Math.max(own, pod.received - ended.answered);
  return { whole, server: whole - own, own, toStatus, toTaskRun, toPod };
}
