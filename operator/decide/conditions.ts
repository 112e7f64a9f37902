/** The condition Succeeded, beside the phase: made together, so that they never disagree (KEP-less convention of Knative and Tekton). */
import { ConditionType, Phase } from "../api/names.ts";
import type { Reason } from "../api/names.ts";
import type { TaskRunStatus } from "../api/types.ts";
import { sentence, stamp } from "./wording.ts";

export type Condition = NonNullable<TaskRunStatus["conditions"]>[number];

export interface Verdict {
  readonly phase: Phase;
  readonly reason: Reason;
  readonly message: string;
}

/** lastTransitionTime moves only when status does (API conventions, "Typical status properties"). */
export function succeededCondition(
  verdict: Verdict,
  before: readonly Condition[],
  at: { readonly generation: number; readonly now: number },
): Condition {
  const status = conditionStatus(verdict.phase);
  const old = before.find((one) => one.type === ConditionType.Succeeded);
  return {
    type: ConditionType.Succeeded,
    status,
    reason: verdict.reason,
    message: sentence(verdict.message),
    observedGeneration: at.generation,
    lastTransitionTime:
      old?.status === status && old.lastTransitionTime !== "" ? old.lastTransitionTime : stamp(at.now),
  };
}

/** The reason of the condition Succeeded, wherever in the list it stands. */
export function shownReason(status: Readonly<TaskRunStatus>): string | undefined {
  return status.conditions?.find((one) => one.type === ConditionType.Succeeded)?.reason;
}

/** Its message. */
export function shownMessage(status: Readonly<TaskRunStatus>): string | undefined {
  return status.conditions?.find((one) => one.type === ConditionType.Succeeded)?.message;
}

function conditionStatus(phase: Phase): Condition["status"] {
  switch (phase) {
    case Phase.Succeeded:
      return "True";
    case Phase.Failed:
    case Phase.Cancelled:
      return "False";
    case Phase.Pending:
    case Phase.Running:
    case Phase.Suspended:
      return "Unknown";
  }
}
