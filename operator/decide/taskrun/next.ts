/** After an attempt ended (or before the first): is the TaskRun finished, or when does the next attempt start? */
import { timeMs } from "../../api/decode.ts";
import { FailureClass, Phase, Reason } from "../../api/names.ts";
import { shownReason } from "../conditions.ts";
import { span, stamp } from "../wording.ts";
import { ranThisWork } from "./facts.ts";
import type { AttemptStatus, Facts } from "./facts.ts";
import { memoryAfter } from "./memory.ts";
import { nodeProof } from "./nodes.ts";
import { provenEnded } from "./proof.ts";
import { budgetOf, limitOf, retryAfter } from "./retry.ts";
import { failuresAfter } from "./status.ts";
import type { View } from "./status.ts";
import { startingView, suspendedView, unknownFateView } from "./waiting.ts";

export type Next =
  | {
      readonly kind: "finish";
      readonly phase: Phase;
      readonly reason: string;
      readonly message: string;
      readonly at: number;
    }
  | { readonly kind: "attempt"; readonly at: number; readonly view: View }
  /** For somebody's word, or for proof that the last pod has ended: no time brings it about. */
  | { readonly kind: "wait"; readonly view: View };

type Rule = (facts: Facts, last: AttemptStatus | undefined) => Next | undefined;

/**
 * The order is the documentation: success first, so that neither a cancel nor a deadline takes it away; a task that is over
 * is over, suspended or not; and nothing starts without proof that the last pod has ended.
 */
const rules: readonly Rule[] = [
  succeeded,
  cancelled,
  refused,
  pastDeadline,
  endedForGood,
  unproven,
  suspended,
  first,
  pause,
];

/** `last` is the last attempt that ended, recorded or about to be. */
export function afterEnd(facts: Facts, last: AttemptStatus | undefined): Next {
  for (const rule of rules) {
    const next = rule(facts, last);
    if (next !== undefined) return next;
  }
  return { kind: "attempt", at: facts.now, view: startingView(facts) };
}

function succeeded(facts: Facts, last: AttemptStatus | undefined): Next | undefined {
  if (last?.reason !== Reason.Succeeded || !ofThisRun(facts, last)) return undefined;
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

function pastDeadline(facts: Facts, last: AttemptStatus | undefined): Next | undefined {
  if (last === undefined || !ofThisRun(facts, last)) return undefined;
  const seconds = facts.settings.activeDeadlineSeconds;
  const stopped = last.reason === Reason.DeadlineExceeded;
  const late = facts.deadlineAt !== undefined && facts.now >= facts.deadlineAt && again(facts, last);
  if (!stopped && !late) return undefined;
  const words = stopped
    ? " Its pod was deleted, and its log with it."
    : ` The last attempt: ${last.message ?? last.reason}`;
  const limit = seconds === undefined ? "" : ` (${span(seconds * 1000)})`;
  const message = `The TaskRun took longer than activeDeadlineSeconds${limit}.${words}`;
  return finish(Phase.Failed, Reason.DeadlineExceeded, message, stopped ? at(facts, last) : facts.now);
}

function endedForGood(facts: Facts, last: AttemptStatus | undefined): Next | undefined {
  if (last === undefined || !ofThisRun(facts, last)) return undefined;
  const failures = failuresAfter(facts, last);
  const retry = retryAfter(facts.settings, last, failures, facts.taskRun.uid);
  if (retry.kind === "again") return undefined;
  const own = last.message ?? last.reason;
  const budget = budgetOf(last.reason) ?? "application";
  const count = failures[budget];
  if (retry.why === "rule") {
    return finish(Phase.Failed, last.reason, `${own} Not tried again, by a rule of retry.rules.`, at(facts, last));
  }
  if (count <= 1) return finish(Phase.Failed, last.reason, own, at(facts, last));
  const limit = `${budget === "application" ? "retry.limit" : "retry.infrastructureLimit"} ${limitOf(facts.settings, budget)}`;
  const whose = budget === "application" ? "The task failed" : "The infrastructure failed it";
  return finish(
    Phase.Failed,
    Reason.RetriesExhausted,
    `${whose} ${count} times (${limit}). The last time: ${own}`,
    at(facts, last),
  );
}

/**
 * Another attempt needs proof that this one has ended: its pod says so, or its node, or the status was written when it did
 * (then it says so by its reason). A pod that vanished while its other containers were being stopped gives none.
 */
function unproven(facts: Facts, last: AttemptStatus | undefined): Next | undefined {
  if (last === undefined || facts.taskRun.spec.onUnknownFate === "Retry") return undefined;
  const pod = facts.pod?.attempt === last.number ? facts.pod : facts.lastPod;
  const proven = pod === undefined ? recordedProven(facts, last) : provenEnded(pod, facts.nodes);
  if (proven) return undefined;
  const message = `Pod ${last.podName ?? "of the last attempt"} went away before all its containers were seen to end.`;
  return { kind: "wait", view: unknownFateView(facts, message) };
}

/** No pod is known any more: what the status was written with is what counts, or its node. */
function recordedProven(facts: Facts, last: AttemptStatus): boolean {
  const shown = shownReason(facts.before);
  const isOpen = shown === Reason.Stopping || shown === Reason.UnknownFate || last.class === FailureClass.Unknown;
  if (!isOpen) return true;
  return nodeProof(last, facts.nodes) !== undefined;
}

function suspended(facts: Facts): Next | undefined {
  return facts.suspend ? { kind: "wait", view: suspendedView() } : undefined;
}

/** Nothing of this work has failed yet, or nothing was started since a suspension: there is nothing to wait for. */
function first(facts: Facts, last: AttemptStatus | undefined): Next | undefined {
  const fresh = last === undefined || !ofThisRun(facts, last) || budgetOf(last.reason) === undefined;
  const resumed = facts.startedAt === undefined;
  if (!fresh && !resumed) return undefined;
  // A refusal to make the pod of an attempt that has ended since is no news.
  const over = last !== undefined && last !== facts.recorded.at(-1);
  return { kind: "attempt", at: facts.now, view: startingView(over ? {} : facts) };
}

function pause(facts: Facts, last: AttemptStatus | undefined): Next | undefined {
  if (last === undefined) return undefined;
  const failures = failuresAfter(facts, last);
  const retry = retryAfter(facts.settings, last, failures, facts.taskRun.uid);
  const next = at(facts, last) + (retry.kind === "again" ? retry.pauseMs : 0);
  const follows =
    facts.taskRun.deletion === undefined
      ? `the next one starts at ${stamp(next)}`
      : "none follows, for the TaskRun is being deleted";
  const memory = last.reason === Reason.OOMKilled ? memoryAfter(facts, last) : undefined;
  const raised = memory === undefined ? "" : ` with a memory limit of ${memory}`;
  const message = `Attempt ${last.number} failed (${used(facts, last)}); ${follows}${raised}. ${last.message ?? last.reason}`;
  return {
    kind: "attempt",
    at: next,
    view: { phase: Phase.Pending, reason: Reason.BackingOff, message, nextAttemptAt: next },
  };
}

/** "retry 1 of 2", "infrastructure retry 1 of 5". */
function used(facts: Facts, last: AttemptStatus): string {
  const budget = budgetOf(last.reason) ?? "application";
  const words = `retry ${failuresAfter(facts, last)[budget]} of ${limitOf(facts.settings, budget)}`;
  return budget === "application" ? words : `infrastructure ${words}`;
}

/** Not one of an earlier run, whose work was taken back and has come again since: nothing of this run has begun yet then. */
function ofThisRun(facts: Facts, last: AttemptStatus): boolean {
  if (!ranThisWork(facts, last)) return false;
  const { application, infrastructure } = failuresAfter(facts, last);
  return last.number === facts.current || facts.startedAt !== undefined || application + infrastructure > 0;
}

/** The view of a finished TaskRun. */
export function finalView(next: Next & { kind: "finish" }): View {
  return { phase: next.phase, reason: next.reason as Reason, message: next.message, completedAt: next.at };
}

function finish(phase: Phase, reason: string, message: string, when: number): Next {
  return { kind: "finish", phase, reason, message, at: when };
}

function again(facts: Facts, last: AttemptStatus): boolean {
  return retryAfter(facts.settings, last, failuresAfter(facts, last), facts.taskRun.uid).kind === "again";
}

function at(facts: Facts, last: AttemptStatus): number {
  return timeMs(last.completionTime) ?? facts.now;
}
