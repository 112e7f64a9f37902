/**
 * The API server's audit log, read as a measurement: which writes came in when, and when they were answered, by the server's own
 * clock. Nothing in the operator takes part in it.
 */
import { auditEntries, type AuditEntry } from "../e2e/cluster/cluster.ts";
import { BENCH_AGENT } from "./client.ts";

/** One write that was answered. */
export interface Write {
  readonly by: Author;
  /** Such as `create pods`, `update taskruns/status`. */
  readonly what: string;
  readonly name: string;
  readonly code: number;
  /** Milliseconds since 1970, with fractions down to the microsecond. */
  readonly received: number;
  readonly answered: number;
}

/** The bench's own client is the bare loader, and whoever creates the Workflow and its run. */
export type Author = "operator" | "bench" | "others";

/** Every version of the operator introduces itself so. */
const OPERATOR = /^stint\//;
/** What decide/childname.ts makes of the TaskRun's name, the attempt and a hash. */
const POD_NAME = /^(.+)-\d+-[bcdfghjklmnpqrstvwxz2456789]{6}$/;

/** The writes in a namespace, from a byte of the log on, in the order of their answers. */
export async function writesIn(dir: string, namespace: string, start: number): Promise<readonly Write[]> {
  const writes: Write[] = [];
  for await (const entry of auditEntries(dir, start)) {
    if (entry.objectRef?.namespace === namespace) writes.push(writeOf(entry));
  }
  return writes;
}

export function writeOf(entry: AuditEntry): Write {
  const { resource = "?", subresource, name = "" } = entry.objectRef ?? {};
  return {
    by: authorOf(entry.userAgent ?? ""),
    what: `${entry.verb} ${subresource === undefined ? resource : `${resource}/${subresource}`}`,
    name,
    code: entry.responseStatus?.code ?? 0,
    received: timeOf(entry.requestReceivedTimestamp),
    answered: timeOf(entry.stageTimestamp),
  };
}

function authorOf(userAgent: string): Author {
  if (OPERATOR.test(userAgent)) return "operator";
  return userAgent === BENCH_AGENT ? "bench" : "others";
}

/** RFC 3339 with microseconds -> milliseconds since 1970; Date would drop the microseconds. */
export function timeOf(text: string): number {
  const [, seconds, fraction = ""] = /^(.+?)(\.\d+)?Z$/.exec(text) ?? [];
  return Date.parse(`${seconds}Z`) + Number(`0${fraction}`) * 1000;
}

export function isDone({ code }: Write): boolean {
  return code >= 200 && code < 300;
}

/** The TaskRun that a pod of ours was made for, by the pod's name. */
export function taskRunOf(pod: string): string | undefined {
  return POD_NAME.exec(pod)?.[1];
}

export interface OwnWrites {
  readonly taskRunCreates: number;
  readonly podCreates: number;
  readonly taskRunStatus: number;
  readonly workflowRunStatus: number;
  /** All others that were done. */
  readonly other: number;
  /** Answered with an error, whatever they were. */
  readonly refused: number;
  /** The others and the refused in words, such as `update workflows/status: 200`, and how often. */
  readonly words: Readonly<Record<string, number>>;
}

const KINDS: Readonly<Record<string, keyof OwnWrites>> = {
  "create taskruns": "taskRunCreates",
  "create pods": "podCreates",
  "update taskruns/status": "taskRunStatus",
  "update workflowruns/status": "workflowRunStatus",
};

/** The operator's writes by kind. */
export function ownWritesOf(writes: readonly Write[]): OwnWrites {
  const counts = { taskRunCreates: 0, podCreates: 0, taskRunStatus: 0, workflowRunStatus: 0, other: 0, refused: 0 };
  const words: Record<string, number> = {};
  for (const write of writes) {
    if (write.by !== "operator") continue;
    const kind = isDone(write) ? (KINDS[write.what] ?? "other") : "refused";
    if (kind === "words") continue;
    counts[kind] += 1;
    if (kind !== "other" && kind !== "refused") continue;
    const word = `${write.what}: ${write.code}`;
    words[word] = (words[word] ?? 0) + 1;
  }
  return { ...counts, words };
}

const UPDATES = /^(?:update|patch) (workflows|workflowruns|taskruns)(?:\/status)?$/;

/**
 * The operator's updates that were done and left everything as it was: beyond the changes of the object that a watcher saw, or seen,
 * with the content of before (`sameAgain`). Object by object: a write whose reply a killed operator never got changes one, too.
 */
export function changedNothing(
  writes: readonly Write[],
  seen: { readonly changes: ReadonlyMap<string, number>; readonly sameAgain: number },
): number {
  const updates = new Map<string, number>();
  for (const write of writes) {
    const kind = UPDATES.exec(write.what)?.[1];
    if (kind === undefined || write.by !== "operator" || !isDone(write)) continue;
    const key = `${kind}/${write.name}`;
    updates.set(key, (updates.get(key) ?? 0) + 1);
  }
  const unseen = [...updates].map(([key, count]) => Math.max(0, count - (seen.changes.get(key) ?? 0)));
  return unseen.reduce((sum, one) => sum + one, seen.sameAgain);
}
