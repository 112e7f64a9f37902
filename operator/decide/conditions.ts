/** The condition Succeeded, beside the phase: made together, so that they never disagree (KEP-less convention of Knative and Tekton). */
import type { Condition } from "../api/condition.ts";
import { ConditionType, Phase } from "../api/names.ts";
import type { Reason } from "../api/names.ts";
import { sentence, stamp } from "./wording.ts";

export type { Condition } from "../api/condition.ts";

export interface Verdict<R extends string = Reason> {
  readonly phase: Phase;
  readonly reason: R;
  readonly message: string;
}

export interface Moment {
  readonly generation: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function succeededCondition(verdict: Verdict<string>, before: readonly Condition[], at: Moment): Condition {
  const { reason, message } = verdict;
  return conditionAfter(
    before,
    { type: ConditionType.Succeeded, status: conditionStatus(verdict.phase), reason, message },
    at,
  );
}

/** lastTransitionTime moves only when status does (API conventions, "Typical status properties"). */
export function conditionAfter(
  before: readonly Condition[],
  { type, status, reason, message }: Pick<Condition, "type" | "status" | "reason" | "message">,
  at: Moment,
): Condition {
  const old = before.find((one) => one.type === type);
  return {
    type,
    status,
    reason,
    message: sentence(message),
    observedGeneration: at.generation,
    lastTransitionTime:
      old?.status === status && old.lastTransitionTime !== "" ? old.lastTransitionTime : stamp(at.now),
  };
}

/** A status of any of our kinds. */
interface Conditioned {
  readonly conditions?: readonly Condition[];
}

/** The reason of the condition Succeeded, wherever in the list it stands. */
export function shownReason(status: Conditioned): string | undefined {
  return status.conditions?.find((one) => one.type === ConditionType.Succeeded)?.reason;
}

/** Its message. */
export function shownMessage(status: Conditioned): string | undefined {
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
