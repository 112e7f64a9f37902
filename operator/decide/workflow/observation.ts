/** What a run's children tell: which part of the run each is, and how it stands. */
import { Phase, Reason, TaskReason } from "../../api/names.ts";
import { TERMINAL_PHASES } from "../../api/records.ts";
import type { Step, TaskRunRecord, WorkflowRunRecord } from "../../api/records.ts";
import { shownMessage, shownReason } from "../conditions.ts";
import type { Observed, Slot } from "./model.ts";
import { isActive, observe } from "./progress.ts";
import { nodeOf, newestChild, slotKey } from "./runstate.ts";
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

/** A child changed, or is gone (undefined): the progress follows. Children of earlier rounds tell nothing any more. */
export function take(state: RunState, step: Step, child: TaskRunRecord | WorkflowRunRecord | undefined): void {
  const slot = slotOf(state, step);
  if (slot === undefined) return;
  if (child === undefined) {
    if (step.round === state.round) deleted(state, slot);
    return;
  }
  if (isCurrent(state, child)) observe(state.progress, slot, seenOf(child));
}

/** Its pod may still stop somewhere: another TaskRun could run beside it. */
export function deleted(state: RunState, slot: Slot): void {
  if (!isActive(state.progress, slot)) return;
  state.verdicts.set(slotKey(slot), DELETED);
  observe(state.progress, slot, "Failed");
}

/** Made in this round, or (a sub-workflow's run) told to run again in it. */
export function isCurrent(
  state: Pick<RunState, "round" | "retryId">,
  child: TaskRunRecord | WorkflowRunRecord,
): boolean {
  if (child.step === undefined) return false;
  if (child.step.round === state.round) return true;
  return isRun(child) && state.retryId !== undefined && child.spec.retry?.id === state.retryId;
}

export function seenOf(child: TaskRunRecord | WorkflowRunRecord): Observed {
  const { phase } = child.status;
  // A run that was told to run again still shows its old end.
  const retried = isRun(child) && child.spec.retry !== undefined && child.status.retry?.id !== child.spec.retry.id;
  if (retried && TERMINAL_PHASES.has(phase ?? "")) return "Active";
  if (phase === Phase.Succeeded || phase === Phase.Failed || phase === Phase.Cancelled) return phase;
  if (phase === Phase.Suspended) return "Suspended";
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
