/** After an attempt ended (or before the first): is the TaskRun finished, or when does the next attempt start? */
import { timeMs } from "../../api/decode.ts";
import { Phase, Reason } from "../../api/names.ts";
import { shownReason } from "../conditions.ts";
import { span, stamp } from "../wording.ts";
import { provenEnded } from "./facts.ts";
import type { AttemptStatus, Facts } from "./facts.ts";
import { nodeProof } from "./nodes.ts";
import { backoffMs, mayRetry, retryLimit } from "./retry.ts";
import type { View } from "./status.ts";
import { waitingView } from "./waiting.ts";

export type Next =
  | {
      readonly kind: "finish";
      readonly phase: Phase;
      readonly reason: string;
      readonly message: string;
      readonly at: number;
    }
  | { readonly kind: "attempt"; readonly at: number; readonly view: View };

type Rule = (facts: Facts, last: AttemptStatus | undefined) => Next | undefined;

/** The order is the documentation: success first, so that neither a cancel nor a deadline takes it away. */
const rules: readonly Rule[] = [succeeded, cancelled, refused, first, pastDeadline, endedForGood, unproven];

/** `last` is the last attempt that ended, recorded or about to be. */
export function afterEnd(facts: Facts, last: AttemptStatus | undefined): Next {
  for (const rule of rules) {
    const next = rule(facts, last);
    if (next !== undefined) return next;
  }
  return pause(facts, last);
}

function succeeded(facts: Facts, last: AttemptStatus | undefined): Next | undefined {
  if (last?.reason !== Reason.Succeeded) return undefined;
  const tries = last.number === 1 ? "" : ` in attempt ${last.number}`;
  return finish(
    Phase.Succeeded,
    Reason.Succeeded,
    `The main container ended with exit code 0${tries}.`,
    at(facts, last),
  );
}

function cancelled(facts: Facts, last: AttemptStatus | undefined): Next | undefined {
  if (!facts.cancel) return undefined;
  const during = last?.reason === Reason.Cancelled ? "during" : "after";
  const words = last === undefined ? "before its first attempt" : `${during} attempt ${last.number}`;
  const end = last?.reason === Reason.Cancelled ? at(facts, last) : facts.now;
  return finish(Phase.Cancelled, Reason.Cancelled, `Cancelled by spec.cancel, ${words}.`, end);
}

/** The API server (or our own check) will not have this pod, however often it is asked. */
function refused(facts: Facts): Next | undefined {
  const { refusal } = facts;
  switch (refusal?.kind) {
    case "Invalid":
      return finish(Phase.Failed, Reason.InvalidTemplate, `The pod template is invalid: ${refusal.message}`, facts.now);
    case "NameTaken":
      return finish(Phase.Failed, Reason.PodNameTaken, refusal.message, facts.now);
    case "PolicyForbidden":
      return finish(Phase.Failed, Reason.Forbidden, `The pod is forbidden: ${refusal.message}`, facts.now);
    case "Forbidden":
    case "Quota":
    case "Unavailable":
    case undefined:
      return undefined;
  }
}

function first(facts: Facts, last: AttemptStatus | undefined): Next | undefined {
  return last === undefined ? { kind: "attempt", at: facts.now, view: waitingView(facts) } : undefined;
}

function pastDeadline(facts: Facts, last: AttemptStatus | undefined): Next | undefined {
  if (last === undefined) return undefined;
  const seconds = facts.taskRun.spec.activeDeadlineSeconds ?? 0;
  const stopped = last.reason === Reason.DeadlineExceeded;
  const late = facts.deadlineAt !== undefined && facts.now >= facts.deadlineAt && mayRetryAfter(facts, last);
  if (!stopped && !late) return undefined;
  const words = stopped
    ? " Its pod was deleted, and its log with it."
    : ` The last attempt: ${last.message ?? last.reason}`;
  const message = `The TaskRun took longer than activeDeadlineSeconds (${span(seconds * 1000)}).${words}`;
  return finish(Phase.Failed, Reason.DeadlineExceeded, message, stopped ? at(facts, last) : facts.now);
}

function endedForGood(facts: Facts, last: AttemptStatus | undefined): Next | undefined {
  if (last === undefined || mayRetryAfter(facts, last)) return undefined;
  const own = last.message ?? last.reason;
  const exhausted = last.number > 1 && last.reason !== Reason.UnknownFate;
  if (!exhausted) return finish(Phase.Failed, last.reason, own, at(facts, last));
  const message = `All ${last.number} attempts failed (retry.limit ${retryLimit(facts.taskRun)}). The last one: ${own}`;
  return finish(Phase.Failed, Reason.RetriesExhausted, message, at(facts, last));
}

/**
 * Another attempt needs proof that this one has ended: its pod says so, or the status was written when it did (then it
 * says BackingOff). A pod that vanished while its other containers were being stopped gives none.
 */
function unproven(facts: Facts, last: AttemptStatus | undefined): Next | undefined {
  if (last === undefined) return undefined;
  const shown = shownReason(facts.before);
  const pod = facts.pod?.attempt === last.number ? facts.pod : facts.lastPod;
  const gone = shown !== Reason.Stopping || nodeProof(last, facts.nodes) !== undefined;
  const proven = pod === undefined ? gone : provenEnded(pod, facts.nodes);
  if (proven) return undefined;
  const message =
    `Pod ${last.podName ?? "of the last attempt"} went away before all its containers were seen to end. ` +
    `Not retried, to never run the task twice at once. Its main container: ${last.message ?? last.reason}`;
  return finish(Phase.Failed, Reason.UnknownFate, message, facts.now);
}

function pause(facts: Facts, last: AttemptStatus | undefined): Next {
  const number = last?.number ?? 0;
  const next = (last ? at(facts, last) : facts.now) + backoffMs(facts.taskRun, number);
  const follows =
    facts.taskRun.deletion === undefined
      ? `the next one starts at ${stamp(next)}`
      : "none follows, for the TaskRun is being deleted";
  const message = `Attempt ${number} of ${retryLimit(facts.taskRun) + 1} failed; ${follows}. ${last?.message ?? last?.reason ?? ""}`;
  return {
    kind: "attempt",
    at: next,
    view: { phase: Phase.Pending, reason: Reason.BackingOff, message, nextAttemptAt: next },
  };
}

/** The view of a finished TaskRun. */
export function finalView(next: Next & { kind: "finish" }): View {
  return { phase: next.phase, reason: next.reason as Reason, message: next.message, completedAt: next.at };
}

function finish(phase: Phase, reason: string, message: string, when: number): Next {
  return { kind: "finish", phase, reason, message, at: when };
}

function mayRetryAfter(facts: Facts, last: AttemptStatus): boolean {
  return mayRetry(facts.taskRun, last.number, last.reason);
}

function at(facts: Facts, last: AttemptStatus): number {
  return timeMs(last.completionTime) ?? facts.now;
}
