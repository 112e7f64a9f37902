/** What every status of a TaskRun must satisfy: by itself, against the one before, and against the truth about its pods. */
import { isDeepStrictEqual } from "node:util";
import { loadSchema, problemsOf, pruned } from "./apiserver/schema.ts";
import {
  abnormalityProblem,
  type AttemptEntry,
  isRecord,
  isTerminalPhase,
  type TaskRun,
  type TaskRunStatus,
} from "./objects.ts";
import type { SeenEnd } from "./link.ts";
import type { PodRecord, Truth } from "./truth.ts";

/** How a task with exit code 0 may still have failed. */
const RESULT_REASONS: ReadonlySet<string> = new Set(["MissingResult", "InvalidResult"]);

/** Far below etcd's limit, so that a status can never wedge its TaskRun. */
const STATUS_BYTES_MAX = 256 * 1024;

export interface Problem {
  readonly rule: string;
  readonly message: string;
}

interface SentContext {
  /** Exit codes that were delivered to the sender before it sent this. */
  readonly seen: ReadonlyMap<string, SeenEnd>;
  readonly truth: Truth;
}

/** A status as the operator sends it. */
export function sentStatusProblem(body: unknown, { seen, truth }: SentContext): Problem | undefined {
  if (!isRecord(body) || !isRecord(body["metadata"])) return monotonic("a status write without metadata");
  if (typeof body["metadata"]["resourceVersion"] !== "string")
    return monotonic("a status write without resourceVersion");
  const size = Buffer.byteLength(JSON.stringify(body["status"] ?? null));
  if (size > STATUS_BYTES_MAX) return monotonic(`a status of ${size} bytes`);
  const status = body["status"];
  const schema = loadSchema("taskruns").properties?.["status"];
  if (schema === undefined) throw new Error("the CRD has no status");
  const dropped: string[] = [];
  const kept = pruned(schema, status, "status", dropped);
  if (dropped.length > 0) return monotonic(`fields that are not in the schema: ${dropped.join(", ")}`);
  const [first] = problemsOf(schema, kept, "status");
  if (first !== undefined) return monotonic(`${first.field} ${first.message}: ${JSON.stringify(status)}`);
  const typed = status as TaskRunStatus;
  for (const entry of typed.attempts ?? []) {
    const problem = attemptProblem(entry, { seen, truth });
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** I4: what the writer had been told of a pod's end is what it writes. */
function attemptProblem(entry: AttemptEntry, { seen, truth }: SentContext): Problem | undefined {
  if (entry.podUID === undefined) return undefined;
  // An orphaned pod is nobody's: what becomes of it is not followed.
  if (truth.pods.get(entry.podUID)?.orphaned === true) return undefined;
  const known = seen.get(entry.podUID);
  if (known === undefined) return undefined;
  if (entry.exitCode !== known.exitCode) {
    return lost(
      `attempt ${entry.number} recorded with exit code ${entry.exitCode}, the kubelet had reported ${known.exitCode}`,
    );
  }
  const badResults = known.spoke === true && RESULT_REASONS.has(entry.reason);
  if (known.exitCode === 0 && known.byItself && entry.reason !== "Succeeded" && !badResults) {
    return lost(`attempt ${entry.number} recorded as ${entry.reason}, it had ended with 0 by itself`);
  }
  return undefined;
}

interface ChangeContext {
  readonly by: string;
  readonly truth: Truth;
}

/** A TaskRun as it was and as it is now. */
export function changedStatusProblem(was: TaskRun, is: TaskRun, context: ChangeContext): Problem | undefined {
  const { status: before = {} } = was;
  const { status: after = {} } = is;
  // A wish of its run for it changes the spec alone.
  if (context.by !== "operator" || isDeepStrictEqual(before, after)) return undefined;
  return (
    terminalChanged(before, after) ??
    wentBack(before, after) ??
    disagreement(after) ??
    finalAttemptProblem(is, context.truth)
  );
}

function terminalChanged(before: TaskRunStatus, after: TaskRunStatus): Problem | undefined {
  if (!isTerminalPhase(before.phase) || runsAnew(before, after)) return undefined;
  for (const field of ["phase", "completionTime", "exitCode"] as const) {
    if (before[field] !== after[field]) {
      const message = `${field} changed from ${before[field]} to ${after[field]} after the end`;
      return { rule: "I3 NoResurrection", message };
    }
  }
  return undefined;
}

/** Changed work runs again, and the status speaks of it from then on; a cancelled TaskRun never runs again. */
function runsAnew(before: TaskRunStatus, after: TaskRunStatus): boolean {
  return before.phase !== "Cancelled" && before.workHash !== undefined && before.workHash !== after.workHash;
}

function wentBack(before: TaskRunStatus, after: TaskRunStatus): Problem | undefined {
  for (const field of ["attempt", "observedGeneration"] as const) {
    if ((after[field] ?? 0) < (before[field] ?? 0)) {
      return monotonic(`${field} went back from ${before[field]} to ${after[field]}`);
    }
  }
  const last = after.attempts?.at(-1)?.reason;
  const wasStopped = after.phase === "Suspended" || last === "Suspended" || last === "Superseded";
  const clockRestarts = wasStopped || runsAnew(before, after);
  if (before.startTime !== undefined && before.startTime !== after.startTime && !clockRestarts) {
    return monotonic(`startTime changed from ${before.startTime} to ${after.startTime}`);
  }
  return attemptsRewritten(before, after);
}

function attemptsRewritten(
  { attempts: before = [] }: TaskRunStatus,
  { attempts: after = [], compacted }: TaskRunStatus,
): Problem | undefined {
  // What a compaction drops was checked before it (aftermath.ts).
  if (compacted === true) return undefined;
  for (const entry of before) {
    const now = after.find(({ number }) => number === entry.number);
    // The list is bounded: an entry may give way to a newer one, never to nothing.
    const same =
      now === undefined
        ? after.length >= before.length
        : now.reason === entry.reason && now.exitCode === entry.exitCode;
    if (!same)
      return { rule: "I4 NoLostOutcome", message: `attempt ${entry.number} was ${entry.reason}, is ${now?.reason}` };
  }
  return undefined;
}

/** Phase and condition come from one thought. */
function disagreement(status: TaskRunStatus): Problem | undefined {
  if (status.results !== undefined && status.attempts?.at(-1)?.reason !== "Succeeded" && status.compacted !== true)
    return lost("results of an attempt that did not succeed");
  const condition = status.conditions?.find(({ type }) => type === "Succeeded");
  const want = !isTerminalPhase(status.phase) ? "Unknown" : status.phase === "Succeeded" ? "True" : "False";
  if (condition?.status !== want)
    return monotonic(`phase ${status.phase} but condition Succeeded=${condition?.status}`);
  const abnormality = abnormalityProblem(status.phase, status.conditions);
  if (abnormality !== "") return monotonic(abnormality);
  const hasEnd = status.completionTime !== undefined;
  if (hasEnd !== isTerminalPhase(status.phase))
    return monotonic(`phase ${status.phase}, completionTime ${status.completionTime}`);
  return undefined;
}

/** The end that is declared, against what the kubelet had reported of the pod that decided it. */
function finalAttemptProblem({ metadata, status = {} }: TaskRun, truth: Truth): Problem | undefined {
  if (!isTerminalPhase(status.phase)) return undefined;
  const records = truth.ofOwner(metadata.uid);
  const succeeded = records.some((record) => record.report?.exitCode === 0);
  if (status.phase === "Succeeded" && !succeeded) return lost("Succeeded, but no main container ended with 0");
  if (status.phase === "Succeeded" && status.exitCode !== 0) return lost(`Succeeded with exit code ${status.exitCode}`);
  const open = records.find((record) => record.removedBy === undefined && !record.orphaned && !record.ended);
  if (open !== undefined) {
    const message = `${status.phase} while pod ${open.key} may still run (${open.alive.size} containers do)`;
    return { rule: "I2 NoOverlap", message };
  }
  return undefined;
}

/** At the end of a run: an exit code that stands in the API, or was told to the operator that lived on, is recorded. */
export function unrecordedOutcome(
  taskRun: TaskRun,
  records: readonly PodRecord[],
  told: ReadonlyMap<string, SeenEnd>,
): Problem | undefined {
  for (const record of records) {
    const end = told.get(record.uid);
    const problem = end === undefined ? undefined : unrecorded(taskRun.status ?? {}, record, end);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The API keeps the last 10 attempts. */
const ATTEMPTS_KEPT = 10;

function unrecorded(
  status: TaskRunStatus,
  { uid, key, owner, orphaned }: PodRecord,
  end: SeenEnd,
): Problem | undefined {
  if (owner === undefined || orphaned) return undefined;
  if ((status.attempt ?? 0) - owner.attempt >= ATTEMPTS_KEPT) return undefined;
  // Of a compacted one the number is left.
  const entry = status.attempts?.find(({ podUID, number }) =>
    podUID === undefined ? number === owner.attempt : podUID === uid,
  );
  if (entry?.exitCode !== end.exitCode) {
    return lost(`${key} ended with ${end.exitCode}; recorded: ${JSON.stringify(entry)}`);
  }
  const current = entry.workHash === undefined || entry.workHash === status.workHash;
  const handedOver = !RESULT_REASONS.has(entry.reason);
  if (end.exitCode === 0 && end.byItself && current && handedOver && status.phase !== "Succeeded") {
    return lost(`${key} ended with 0 by itself, the TaskRun is ${status.phase}`);
  }
  return undefined;
}

function monotonic(message: string): Problem {
  return { rule: "I6 MonotonicStatus", message };
}

function lost(message: string): Problem {
  return { rule: "I4 NoLostOutcome", message };
}
