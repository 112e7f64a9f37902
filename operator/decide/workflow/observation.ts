/** What a run's children tell: which part of the run each is, and how it stands. */
import { Phase, Reason, TaskReason } from "../../api/names.ts";
import { TERMINAL_PHASES } from "../../api/records.ts";
import type { Step, TaskRunRecord, WorkflowRunRecord } from "../../api/records.ts";
import { shownMessage, shownReason } from "../conditions.ts";
import type { Observed, Slot } from "./model.ts";
import { isActive, observe } from "./progress.ts";
import { childRetryId, nameOf, nodeOf, newestChild, slotKey } from "./runstate.ts";
import type { Children, RunState, Verdict } from "./runstate.ts";

export const DELETED: Verdict = Object.freeze({
  reason: TaskReason.TaskRunDeleted,
  message: "Its TaskRun was deleted before it had ended. A retry of the run (spec.retry) runs the task again.",
});

/** The child's place in the run; undefined: it has none (labels that somebody changed). */
export function slotOf({ definition }: Pick<RunState, "definition">, step: Step): Slot | undefined {
  const node = definition.graph.byName.get(step.task);
  if (node === undefined) return undefined;
  const isMapped = nodeOf(definition.graph, node).list !== "none";
  if (isMapped !== (step.index !== undefined)) return undefined;
  return { node, part: step.index ?? 0 };
}

/** A child as its name and labels say. */
export interface Place {
  readonly name: string;
  readonly step: Step;
}

/**
 * A child changed, or is gone (undefined): the progress follows. Children of earlier rounds tell nothing any more.
 * @returns what the child was seen to be of
 */
export function take(
  state: RunState,
  { name, step }: Place,
  child: TaskRunRecord | WorkflowRunRecord | undefined,
): Slot | undefined {
  const slot = slotOf(state, step);
  // Labels can be written by anybody: only what has the name of a task, in its round, is that task.
  if (slot === undefined || name !== nameOf(state, slot, step.round)) return undefined;
  if (child === undefined) {
    if (step.round === state.round || state.resumed.get(slotKey(slot)) === step.round) deleted(state, slot);
    return undefined;
  }
  if (!isCurrent(state, child)) return undefined;
  if (step.round !== state.round) state.resumed.set(slotKey(slot), step.round);
  observe(state.progress, slot, seenOf(child));
  return slot;
}

/** Its pod may still stop somewhere: another TaskRun could run beside it. */
export function deleted(state: RunState, slot: Slot): void {
  if (!isActive(state.progress, slot)) return;
  state.verdicts.set(slotKey(slot), DELETED);
  observe(state.progress, slot, "Failed");
}

/** Made in this round, or (a sub-workflow's run) told to run again in it. */
function isCurrent(state: RunState, child: TaskRunRecord | WorkflowRunRecord): boolean {
  if (child.step === undefined) return false;
  if (child.step.round === state.round) return true;
  const id = childRetryId(state);
  return isRun(child) && id !== undefined && child.step.round < state.round && child.spec.retry?.id === id;
}

/** A run that is about to run again (a retry with a new id; none while it is cancelled) still shows its old end. */
export function hasEnded(child: TaskRunRecord | WorkflowRunRecord): boolean {
  if (!TERMINAL_PHASES.has(child.status.phase ?? "")) return false;
  if (!isRun(child) || child.spec.cancel === true) return true;
  const { retry } = child.spec;
  return retry === undefined || retry.id === child.status.retry?.id;
}

export function seenOf(child: TaskRunRecord | WorkflowRunRecord): Observed {
  const { phase } = child.status;
  if (phase === Phase.Succeeded || phase === Phase.Failed || phase === Phase.Cancelled) {
    return hasEnded(child) ? phase : "Active";
  }
  if (phase === Phase.Suspended) return "Suspended";
  // It waits for its Workflow, and has nothing to suspend.
  if (isRun(child) && phase === Phase.Pending && child.spec.suspend === true) return "Suspended";
  return shownReason(child.status) === Reason.BackingOff ? "Retrying" : "Active";
}

/** Why a slot failed, in its child's words or in ours; undefined: nobody can say any more. */
export function failureOf(
  state: RunState,
  slot: Slot,
  children: Children,
): (Partial<Verdict> & { reason: string; taskRun?: string }) | undefined {
  const verdict = state.verdicts.get(slotKey(slot));
  if (verdict !== undefined) return verdict;
  const child = newestChild(state, slot, children);
  if (child === undefined) return undefined;
  const message = shownMessage(child.status);
  return {
    reason: shownReason(child.status) ?? Phase.Failed,
    taskRun: child.name,
    ...(message !== undefined && { message }),
  };
}

export function isRun(child: TaskRunRecord | WorkflowRunRecord): child is WorkflowRunRecord {
  return "depth" in child;
}
