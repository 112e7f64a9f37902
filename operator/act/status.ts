/** When a status is written: outcomes at once, news after a moment, nothing that is not true any more. */
import type { Urgency } from "../api/action.ts";
import type { TaskRunStatus } from "../api/types.ts";

const DELAY_MS: Readonly<Record<Urgency, number>> = {
  now: 0,
  // A task that ends sooner costs no progress write: its outcome is the first thing the status says.
  soon: 1000,
  // "Pending" stands there by default, so saying why can wait until it is worth a write.
  later: 10_000,
  // The scheduler's words change with every node that comes or goes; thousands of waiting tasks must not follow each.
  rarely: 60_000,
};
/** While the server has no room, progress waits for it, but not for ever. */
const BUSY_MS = 1000;
const BUSY_MAX_MS = 30_000;

/** What is remembered between two looks at the same TaskRun. */
export interface Progress {
  /** What the status should say, in short, and since when (monotonic milliseconds). */
  said: string;
  since: number;
}

/** 0: write now; otherwise look again after so many milliseconds. */
export function writeDelayMs(progress: Progress, urgency: Urgency, at: { now: number; busy: boolean }): number {
  if (urgency === "now") return 0;
  const waited = at.now - progress.since;
  const left = DELAY_MS[urgency] - waited;
  if (left > 0) return left;
  return at.busy && waited < BUSY_MAX_MS ? BUSY_MS : 0;
}

/** What makes a status news: the rest (other words for the same) may wait long. */
export function gist(status: Readonly<TaskRunStatus>): string {
  const { phase, conditions, attempt, observedGeneration, compacted } = status;
  return [phase, conditions?.[0]?.reason, attempt, observedGeneration, compacted].join("|");
}

/** Equal by value, whatever the order of keys. */
export function sameStatus(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  if (left.length !== right.length) return false;
  const other = new Map<string, unknown>(right);
  return left.every(([key, value]) => other.has(key) && sameStatus(value, other.get(key)));
}
