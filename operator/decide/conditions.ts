/**
 * The condition Succeeded, beside the phase: made together, so that they never disagree (KEP-less convention of Knative and Tekton).
 * After it Reconciling or Stalled, by which kstatus (Flux, Config Sync, kpt) tells how any object stands.
 */
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

/**
 * All conditions of a status with this verdict, Succeeded first. What succeeded has no other, and a short task has no status
 * before its end: so the two cost no write, and most TaskRuns not a byte.
 */
export function conditionsAfter(verdict: Verdict<string>, before: readonly Condition[], at: Moment): Condition[] {
  const succeeded = succeededCondition(verdict, before, at);
  const type = abnormality(succeeded.status);
  if (type === undefined) return [succeeded];
  const message = sentence(verdict.message, ABNORMALITY_CHARS);
  return [succeeded, conditionAfter(before, { type, status: "True", reason: verdict.reason, message }, at)];
}

/** Enough for a tool that says why it waits, and a quarter of what a status is allowed to grow by: Succeeded has all of it. */
const ABNORMALITY_CHARS = 256;

/** Of an object that is to come to an end and that the condition Succeeded speaks of. */
function abnormality(succeeded: Condition["status"]): ConditionType | undefined {
  switch (succeeded) {
    case "True":
      return undefined;
    case "Unknown":
      return ConditionType.Reconciling;
    case "False":
      return ConditionType.Stalled;
  }
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
