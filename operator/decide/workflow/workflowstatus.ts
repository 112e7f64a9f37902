/** The whole status of a Workflow: whether it can be run, and what its runs came to. */
import { compact, timeMs } from "../../api/decode.ts";
import { ConditionType, ValidReason } from "../../api/names.ts";
import { TERMINAL_PHASES } from "../../api/records.ts";
import type { WorkflowRecord, WorkflowRunRecord } from "../../api/records.ts";
import type { WorkflowStatus } from "../../api/types.ts";
import { conditionAfter, shownMessage, shownReason } from "../conditions.ts";
import type { Condition, Moment } from "../conditions.ts";
import { sentence } from "../wording.ts";
import { generationOfRun } from "./names.ts";

export interface WorkflowView {
  readonly workflow: WorkflowRecord;
  /** Those it controls. */
  readonly runs: readonly WorkflowRunRecord[];
  /** Of this generation. Absent: it has not been looked at, and what was said of it stays. */
  readonly validity?: Validity | undefined;
  /** The newest generation that OnApply has started a run for, if that is news. */
  readonly startedGeneration?: number | undefined;
  readonly now: number;
}

export type Validity = { readonly isValid: true } | { readonly isValid: false; readonly message: string };

type Completed = NonNullable<WorkflowStatus["lastCompletedRun"]>;

/** What of a completed run says which one is told of. */
interface Ran {
  readonly workflowGeneration?: number | undefined;
  readonly completionTime?: string | undefined;
}

/** Of the words of a run's end, for who looks at the Workflow alone: the run has all of them. */
const END_MESSAGE_CHARS = 256;
const VALID_MESSAGE = "The definition can be run.";

export function workflowStatus(view: WorkflowView): WorkflowStatus {
  const { workflow, runs, validity } = view;
  const before = workflow.status;
  const at = { generation: workflow.generation, now: view.now };
  const started = Math.max(before.startedGeneration ?? 0, view.startedGeneration ?? 0);
  return compact<WorkflowStatus>({
    observedGeneration: validity === undefined ? before.observedGeneration : at.generation,
    startedGeneration: started === 0 ? undefined : started,
    activeRuns: runs.filter((run) => !hasEnded(run)).length,
    lastRun: lastRun(before.lastRun, runs),
    lastCompletedRun: lastCompletedRun(view),
    conditions: validity === undefined ? before.conditions : conditionsOf(validity, before.conditions ?? [], at),
  });
}

/** Stalled beside Valid=False, for tools that know Stalled only; it does not wait for runs: those have conditions of their own. */
function conditionsOf(validity: Validity, before: readonly Condition[], at: Moment): Condition[] {
  const words = wordsOf(validity);
  const valid = conditionAfter(before, { type: ConditionType.Valid, ...words }, at);
  if (validity.isValid) return [valid];
  return [valid, conditionAfter(before, { ...words, type: ConditionType.Stalled, status: "True" }, at)];
}

function wordsOf(validity: Validity): { status: "True" | "False"; reason: ValidReason; message: string } {
  return validity.isValid
    ? { status: "True", reason: ValidReason.Valid, message: VALID_MESSAGE }
    : { status: "False", reason: ValidReason.InvalidWorkflow, message: validity.message };
}

/** Older first. Times have whole seconds; within one the names decide, so that all agree. */
export function byCreation(a: WorkflowRunRecord, b: WorkflowRunRecord): number {
  return (timeMs(a.createdAt) ?? 0) - (timeMs(b.createdAt) ?? 0) || (a.name < b.name ? -1 : Number(a.name > b.name));
}

/** What is recorded of a run that has been deleted stays while there is none after it, unless it was deleted before its end. */
function lastRun(before: WorkflowStatus["lastRun"], runs: readonly WorkflowRunRecord[]): WorkflowStatus["lastRun"] {
  const newest = latest(runs, byCreation);
  const found: WorkflowStatus["lastRun"] = newest && {
    name: newest.name,
    phase: newest.status.phase ?? "Pending",
    ...(newest.createdAt !== "" && { startTime: newest.createdAt }),
  };
  if (before === undefined || isAmong(runs, before.name) || !TERMINAL_PHASES.has(before.phase ?? "")) return found;
  return isLater(before.startTime, found?.startTime) ? before : found;
}

/**
 * Likewise; but a run of an older definition that took longer does not hide what the newer one came to: whoever waits for the
 * newer one would wait for ever.
 */
function lastCompletedRun({ workflow, runs }: WorkflowView): WorkflowStatus["lastCompletedRun"] {
  const before = workflow.status.lastCompletedRun;
  const ended = runs.filter((run) => hasEnded(run) && run.status.completionTime !== undefined);
  const of = (run: WorkflowRunRecord): Ran => ({
    workflowGeneration: generationOf(run, workflow),
    completionTime: run.status.completionTime,
  });
  const last = latest(ended, (a, b) => byDefinition(of(a), of(b)) || byCreation(a, b));
  const found = last && endOf(last, workflow);
  if (before === undefined || isAmong(runs, before.name)) return found;
  return found === undefined || byDefinition(found, before) < 0 ? before : found;
}

/** The older definition first, then by the end. A run that never began says nothing of a definition: it comes before all others. */
function byDefinition(a: Ran, b: Ran): number {
  const generations = (a.workflowGeneration ?? 0) - (b.workflowGeneration ?? 0);
  return generations || (timeMs(a.completionTime) ?? 0) - (timeMs(b.completionTime) ?? 0);
}

/** A run of OnApply may have been cancelled before it began; it was to be of its generation all the same. */
function generationOf({ name, status }: WorkflowRunRecord, workflow: WorkflowRecord): number | undefined {
  return status.workflowGeneration ?? generationOfRun(name, workflow.name, workflow.uid);
}

function endOf(run: WorkflowRunRecord, workflow: WorkflowRecord): Completed {
  const { name, status } = run;
  const message = sentence(shownMessage(status) ?? "", END_MESSAGE_CHARS);
  return compact<Completed>({
    name,
    phase: status.phase ?? "Pending",
    reason: shownReason(status),
    message: message === "" ? undefined : message,
    workflowGeneration: generationOf(run, workflow),
    completionTime: status.completionTime,
  });
}

function latest(
  runs: readonly WorkflowRunRecord[],
  order: (a: WorkflowRunRecord, b: WorkflowRunRecord) => number,
): WorkflowRunRecord | undefined {
  let last: WorkflowRunRecord | undefined;
  for (const run of runs) if (last === undefined || order(last, run) < 0) last = run;
  return last;
}

function isAmong(runs: readonly WorkflowRunRecord[], name: string | undefined): boolean {
  return runs.some((run) => run.name === name);
}

function isLater(time: string | undefined, than: string | undefined): boolean {
  return (timeMs(time) ?? 0) > (timeMs(than) ?? Number.NEGATIVE_INFINITY);
}

function hasEnded({ status }: WorkflowRunRecord): boolean {
  return TERMINAL_PHASES.has(status.phase ?? "");
}
