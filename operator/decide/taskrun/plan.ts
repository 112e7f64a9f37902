/**
 * What to do about one TaskRun: facts in, plan out. Called again whenever anything changed, and right from any state,
 * because it looks only at what is, never at what happened.
 *
 * A TaskRun is in one of these situations; the first that applies decides:
 *   foreign       spec.managedBy says that somebody else runs it: left alone
 *   finished      its status says so: nothing changes any more, stray pods are ended; after its time to live it is
 *                 deleted or compacted (aftermath.ts)
 *   collected     its owner asked for the end: the garbage collector ends its pods, or sets them free
 *   reset         its work has changed since: said first, then the old pod (if any) is stopped like any other
 *   unknownFate   the current attempt's pod is gone and may still run: wait for proof, or for the user's word
 *   attemptEnded  the current attempt's pod tells (or hides for ever) how it ended: record, then finish or pause
 *   podAlive      the current attempt goes on: wait, or stop it (cancel, suspend, changed work, deadlines)
 *   noPod         between attempts, or before the first: finish, pause, wait, or create the next pod (none for one that is
 *                 being deleted and held by a foreign finalizer)
 */
import { REFUSAL_PAUSE_MAX_MS } from "../../api/action.ts";
import type { Action, PodShape, Urgency } from "../../api/action.ts";
import { Phase, Reason } from "../../api/names.ts";
import type { PodRecord } from "../../api/records.ts";
import type { TaskRunStatus } from "../../api/types.ts";
import { afterTime, unkeptPods } from "./aftermath.ts";
import { podName } from "../childname.ts";
import { shownReason } from "../conditions.ts";
import { gatherFacts, ranThisWork } from "./facts.ts";
import type { AttemptStatus, Facts, Observed } from "./facts.ts";
import { afterEnd, finalView } from "./next.ts";
import { attemptEnd } from "./outcome.ts";
import type { AttemptEnd } from "./outcome.ts";
import { provenEnded } from "./proof.ts";
import { nextDeadline, stopRequest } from "./request.ts";
import { attemptStatus, statusFrom } from "./status.ts";
import type { View } from "./status.ts";
import { lackingView, refusedStop, resetView, stoppingPodView, unknownFateView, waitingView } from "./waiting.ts";

export interface Plan {
  readonly actions: readonly Action[];
  readonly status: Readonly<TaskRunStatus>;
  readonly urgency: Urgency;
  /** When to look again even if nothing changes. Milliseconds since 1970. */
  readonly wakeAt?: number;
  /** uids of pods that are gone and whose end is recorded: their last state is no longer needed. */
  readonly forget: readonly string[];
}

export function planTaskRun(observed: Observed): Plan {
  const facts = gatherFacts(observed);
  const step = nextStep(facts);
  const spent = observed.pods.filter((pod) => isSpent(facts, pod));
  const unkept = unkeptPods(facts, spent);
  const wakeAt = step.wakeAt === undefined ? unkept.wakeAt : earlier(step.wakeAt, unkept.wakeAt);
  return {
    actions: [...(step.actions ?? []), ...(unkept.actions ?? [])],
    status: step.status ?? statusFrom(facts, step.view),
    urgency: urgencyOf(facts, step),
    ...(wakeAt !== undefined && { wakeAt }),
    forget: spent.filter((pod) => pod.gone !== undefined).map((pod) => pod.uid),
  };
}

/** What one situation asks for: a status said by a view, or (finished, collected) a status given whole. */
interface Step {
  readonly view: View;
  readonly status?: Readonly<TaskRunStatus>;
  readonly actions?: readonly Action[];
  readonly wakeAt?: number;
  /** The status is a record that a later step relies on. */
  readonly record?: boolean;
}

function nextStep(facts: Facts): Step {
  if (facts.foreign) return { view: waitingView(facts), status: facts.before };
  if (facts.finished) return finished(facts);
  if (facts.taskRun.deletion === "collected") return { view: waitingView(facts), status: facts.before };
  if (facts.reset) return { view: resetView(facts), record: true };
  const end = attemptEnd(facts);
  if (end?.reason === Reason.UnknownFate && facts.taskRun.spec.onUnknownFate !== "Retry")
    return unknownFate(facts, end);
  if (end !== undefined) return attemptEnded(facts, attemptStatus(facts, end));
  if (facts.pod !== undefined) return podAlive(facts, facts.pod);
  return noPod(facts);
}

/** The deadline still ends it; a node that goes away wakes us. */
function unknownFate(facts: Facts, { message }: AttemptEnd): Step {
  return { view: unknownFateView(facts, message), record: true, ...wake(facts.deadlineAt) };
}

/** Only observedGeneration may still change; the outcome never does. (A deletion raises the generation: no news to write.) */
function finished(facts: Facts): Step {
  const { generation, deletion } = facts.taskRun;
  const conditions = facts.before.conditions?.map((one) => ({ ...one, observedGeneration: generation }));
  const status = {
    ...facts.before,
    observedGeneration: generation,
    workHash: facts.taskRun.work,
    ...(conditions && { conditions }),
  };
  // An older Stint wrote no hash: nothing is written just to add it.
  const news = deletion === undefined && facts.before.observedGeneration !== generation;
  const alive =
    facts.pod !== undefined && facts.pod.gone === undefined && !provenEnded(facts.pod, facts.nodes) ? [facts.pod] : [];
  const strays = deletion === "collected" ? [] : [...facts.lingering, ...alive];
  const actions = strays.flatMap((pod) => stop(pod, Reason.Stopping));
  return { view: waitingView(facts), status: news ? status : facts.before, actions, ...afterTime(facts) };
}

/**
 * First the end is recorded, then containers that still run are stopped, then the TaskRun goes on: a crash in between
 * finds the outcome in the status, even if the pod is gone by then.
 */
function attemptEnded(facts: Facts, ended: AttemptStatus): Step {
  const { pod } = facts;
  const alive =
    pod !== undefined && pod.gone === undefined && !provenEnded(pod, facts.nodes) ? pod : facts.lingering[0];
  if (alive !== undefined) return { view: { ...stoppingView(facts, alive, ended), ended } };
  const next = afterEnd(facts, ended);
  if (next.kind === "finish") return { view: { ...finalView(next), ended } };
  if (next.kind === "wait") return { view: { ...next.view, ended }, ...wake(facts.deadlineAt) };
  return { view: { ...next.view, ended }, wakeAt: earlier(next.at, facts.deadlineAt) };
}

function podAlive(facts: Facts, pod: PodRecord): Step {
  const request = stopRequest(facts, pod);
  if (request === undefined) return { view: waitingView(facts), ...wake(nextDeadline(facts, pod)) };
  const shown = request.revocable === true || refusedStop(facts, pod) !== "";
  const view = shown ? stoppingPodView(facts, pod, request) : waitingView(facts);
  // Named in the status first: were it gone when we come back from a crash, nothing else would tell that it ever was.
  const named = facts.before.podUID === pod.uid;
  const said = request.revocable !== true || shownReason(facts.before) === request.reason;
  if (!named || !said) return { view, record: true };
  return { view, actions: stop(pod, request.reason) };
}

function noPod(facts: Facts): Step {
  const last = facts.recorded.at(-1);
  const lingering = facts.lingering[0];
  if (lingering !== undefined) {
    const view = last ? stoppingView(facts, lingering, last) : waitingView(facts);
    return { view, actions: facts.lingering.flatMap((pod) => stop(pod, Reason.Stopping)) };
  }
  const next = afterEnd(facts, last);
  if (next.kind === "finish") return { view: finalView(next) };
  if (next.kind === "wait") return { view: next.view, ...wake(facts.deadlineAt) };
  if (facts.now < next.at) return { view: next.view, wakeAt: earlier(next.at, facts.deadlineAt) };
  return newPod(facts, next.view);
}

/** The time for the next pod has come: makes it, unless something is in the way. */
function newPod(facts: Facts, view: View): Step {
  const { taskRun, current: attempt, lacking, deadlineAt, now } = facts;
  const askAt = lacking === undefined ? facts.refusal?.retryAt : undefined;
  // Later than any pause lasts: the clock was set back since.
  if (askAt !== undefined && now < askAt && askAt - now <= REFUSAL_PAUSE_MAX_MS) {
    return { view: waitingView(facts), wakeAt: earlier(askAt, deadlineAt) };
  }
  if (taskRun.deletion !== undefined) {
    const ahead = deadlineAt !== undefined && now < deadlineAt;
    return { view, status: facts.before, ...wake(ahead ? deadlineAt : undefined) };
  }
  if (lacking !== undefined) return { view: lackingView(lacking), ...wake(deadlineAt) };
  const create = {
    kind: "CreatePod",
    name: podName(taskRun.name, attempt, taskRun.uid),
    attempt,
    ...mustBeGone(facts.recorded.at(-1)),
    ...shapeOf(facts),
  } as const;
  return { view: facts.refusal ? waitingView(facts) : view, actions: [create] };
}

/** What earlier attempts teach the next pod. */
function shapeOf(facts: Facts): PodShape {
  const { memory } = facts.before;
  const { avoidNode } = facts.settings;
  const failed = facts.recorded.filter((one) => one.class !== undefined && ranThisWork(facts, one));
  const names = [...new Set(failed.map((one) => one.nodeName).filter((name) => name !== undefined))];
  const avoid = avoidNode !== "Never" && names.length > 0 && { avoid: { how: avoidNode, names } };
  return { ...(memory !== undefined && { memory }), ...avoid };
}

/**
 * A pod that never ran and was deleted left only one trace, that it is gone; but a pod whose label was taken off looks the
 * same to a watch by label.
 */
function mustBeGone(last: AttemptStatus | undefined): { onlyIfGone?: { name: string; uid: string } } {
  if (last?.reason !== Reason.PodDeleted || last.exitCode !== undefined) return {};
  const { podName: name, podUID: uid } = last;
  return name === undefined || uid === undefined ? {} : { onlyIfGone: { name, uid } };
}

function stoppingView(facts: Facts, pod: PodRecord, ended: AttemptStatus): View {
  const outcome = ended.reason === Reason.Succeeded ? "succeeded" : `ended (${ended.reason})`;
  const message = `Attempt ${ended.number} ${outcome}; waiting for the other containers of pod ${pod.name} to stop.${refusedStop(facts, pod)}`;
  const phase = ended.exitCode === undefined && facts.before.phase !== Phase.Running ? Phase.Pending : Phase.Running;
  return { phase, reason: Reason.Stopping, message };
}

/** Asked once, and not at all where the kubelet ends the rest by itself: the pod then stays, with its log. */
function stop(pod: PodRecord, because: Reason): readonly Action[] {
  if (pod.deletionAskedMs !== undefined || pod.onlySidecarsRun === true) return [];
  return [{ kind: "DeletePod", name: pod.name, uid: pod.uid, resourceVersion: pod.resourceVersion, because }];
}

function urgencyOf(facts: Facts, step: Step): Urgency {
  if (facts.finished || step.status !== undefined) return "soon";
  if (step.record === true || step.view.completedAt !== undefined || step.view.ended !== undefined) return "now";
  const firstWord = facts.before.conditions === undefined;
  return firstWord && step.view.reason === Reason.Pending ? "later" : "soon";
}

/** The outcome is final, or recorded together with the proof that nothing runs any more. */
function isSpent(facts: Facts, pod: PodRecord): boolean {
  if (facts.finished || facts.foreign) return true;
  const recorded = facts.recorded.some((one) => one.number === pod.attempt);
  const shown = shownReason(facts.before);
  return recorded && shown !== Reason.Stopping && shown !== Reason.UnknownFate;
}

function wake(at: number | undefined): { wakeAt?: number } {
  return at === undefined ? {} : { wakeAt: at };
}

function earlier(a: number, b: number | undefined): number {
  return b === undefined ? a : Math.min(a, b);
}
