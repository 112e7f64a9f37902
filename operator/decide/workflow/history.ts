/** What is deleted of a Workflow's past: runs that have ended, beyond those that it keeps, and definitions that no run works by. */
import { timeMs } from "../../api/decode.ts";
import { Phase } from "../../api/names.ts";
import { TERMINAL_PHASES } from "../../api/records.ts";
import type { RevisionRecord, WorkflowRecord, WorkflowRunRecord } from "../../api/records.ts";
import { byCreation } from "./workflowstatus.ts";

/**
 * Of these runs those to be deleted, the first that ended first. Runs that it does not control, that have not ended, that are about
 * to run again, or that a GitOps tool tracks, stay; the latter take up places of those that are kept all the same.
 */
export function expiredRuns(
  workflow: WorkflowRecord,
  runs: readonly WorkflowRunRecord[],
): readonly WorkflowRunRecord[] {
  const ended = runs.filter((run) => run.ownerUid === workflow.uid && hasEnded(run)).toSorted(byEnd);
  const succeeded = ended.filter(({ status }) => status.phase === Phase.Succeeded);
  const failed = ended.filter(({ status }) => status.phase !== Phase.Succeeded);
  const beyond = new Set([
    ...succeeded.slice(0, Math.max(0, succeeded.length - workflow.history.succeeded)),
    ...failed.slice(0, Math.max(0, failed.length - workflow.history.failed)),
  ]);
  return ended.filter((run) => beyond.has(run) && run.tracked !== true);
}

/**
 * Of these revisions those that nothing needs: no run names it, and it is not that of the newest generation. `runs` are all that refer
 * to the Workflow, those of sub-workflows, too. None while one of them has yet to write down what it works by: its revision
 * may be among them.
 */
export function unusedRevisions(
  workflow: WorkflowRecord,
  revisions: readonly RevisionRecord[],
  runs: readonly WorkflowRunRecord[],
): readonly RevisionRecord[] {
  if (runs.some(({ status }) => status.revision === undefined && !TERMINAL_PHASES.has(status.phase ?? ""))) return [];
  const used = new Set(runs.map(({ status }) => status.revision));
  const own = revisions.filter((one) => one.ownerUid === workflow.uid);
  const newest = Math.max(...own.map(({ generation = 0 }) => generation));
  return own.filter(({ name, generation = 0 }) => !used.has(name) && generation < newest);
}

/** And is not on its way out, nor about to run again. */
function hasEnded({ spec, status, deletion }: WorkflowRunRecord): boolean {
  const isRetried = spec.retry !== undefined && spec.retry.id !== status.retry?.id && spec.cancel !== true;
  return TERMINAL_PHASES.has(status.phase ?? "") && deletion === undefined && !isRetried;
}

/** A run that says no time is the oldest. Times have whole seconds: within one the older run ended first, as is likely. */
function byEnd(a: WorkflowRunRecord, b: WorkflowRunRecord): number {
  return (timeMs(a.status.completionTime) ?? 0) - (timeMs(b.status.completionTime) ?? 0) || byCreation(a, b);
}
