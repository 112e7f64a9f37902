/** Whether and when a failed attempt is followed by another one. */
import { Reason } from "../../api/names.ts";
import type { TaskRunRecord } from "../../api/records.ts";

/** The schema's defaults, for objects stored before a field existed. */
const DEFAULT_INITIAL_SECONDS = 10;
const DEFAULT_FACTOR = 2;
const DEFAULT_MAX_SECONDS = 300;

/**
 * Ends that no further attempt may follow: there is no proof that the pod has ended, or somebody wanted the end, or the
 * same template would be refused again.
 */
const FINAL_REASONS: ReadonlySet<string> = new Set([
  Reason.Succeeded,
  Reason.UnknownFate,
  Reason.Cancelled,
  Reason.DeadlineExceeded,
]);

/** May attempt number `attempt`, which ended for `reason`, be followed by another one? */
export function mayRetry(taskRun: TaskRunRecord, attempt: number, reason: string): boolean {
  return !FINAL_REASONS.has(reason) && attempt <= retryLimit(taskRun);
}

export function retryLimit(taskRun: TaskRunRecord): number {
  return taskRun.spec.retry?.limit ?? 0;
}

/** The pause after attempt n: initialSeconds x factor^(n-1), at most maxSeconds. */
export function backoffMs(taskRun: TaskRunRecord, attempt: number): number {
  const backoff = taskRun.spec.retry?.backoff;
  const initial = backoff?.initialSeconds ?? DEFAULT_INITIAL_SECONDS;
  const factor = backoff?.factor ?? DEFAULT_FACTOR;
  const max = backoff?.maxSeconds ?? DEFAULT_MAX_SECONDS;
  return Math.min(initial * factor ** (attempt - 1), max) * 1000;
}
