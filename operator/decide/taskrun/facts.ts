/** Gathers what one TaskRun's decision needs into one value; nothing here decides. */
import type { Refusal, StopRefusal } from "../../api/action.ts";
import { compact, timeMs } from "../../api/decode.ts";
import { NO_DEFAULTS } from "../../api/defaults.ts";
import type { Defaults } from "../../api/defaults.ts";
import { OPERATOR_NAME, Phase, Reason } from "../../api/names.ts";
import { TERMINAL_PHASES } from "../../api/records.ts";
import type { PodRecord, TaskRunRecord } from "../../api/records.ts";
import type { TaskRunStatus } from "../../api/types.ts";
import { shownReason } from "../conditions.ts";
import { NO_NODES } from "./nodes.ts";
import type { NodeFacts } from "./nodes.ts";
import { provenEnded } from "./proof.ts";
import { settingsOf } from "./settings.ts";
import type { Settings } from "./settings.ts";

export type AttemptStatus = NonNullable<TaskRunStatus["attempts"]>[number];

/** What the controller knows of one TaskRun at one moment. */
export interface Observed {
  readonly taskRun: TaskRunRecord;
  /** Pods that name this TaskRun as their owner, gone ones whose end is not recorded yet included. */
  readonly pods: readonly PodRecord[];
  /** The nodes of these pods and of the pod that the status names. Left out: nothing is known of any. */
  readonly nodes?: NodeFacts;
  /** What the pod cannot be made without. */
  readonly lacking?: LackingTemplate;
  readonly now: number;
  /** Until then the names of ended pods stay taken, whatever podRetention says (see aftermath.ts). Left out: no need. */
  readonly keepNamesUntil?: number;
  /** What the operator's configuration says for TaskRuns that do not say it themselves. */
  readonly defaults?: Defaults;
  /** The last answer to our attempt to create the pod, if it was a refusal. */
  readonly refusal?: Refusal;
  /** The last pod that the server did not let us delete. */
  readonly stopRefused?: StopRefusal;
}

/** The PodTemplate of podTemplateRef, as long as we do not have it. */
export interface LackingTemplate {
  readonly name: string;
  /** Why we cannot know of any PodTemplate, in the server's words; left out: there is none of this name. */
  readonly refused?: string;
}

export interface Facts {
  readonly taskRun: TaskRunRecord;
  readonly nodes: NodeFacts;
  readonly lacking: LackingTemplate | undefined;
  readonly settings: Settings;
  readonly before: Readonly<TaskRunStatus>;
  readonly now: number;
  readonly keepNamesUntil: number;
  /** spec.managedBy says that somebody else runs it. */
  readonly foreign: boolean;
  readonly finished: boolean;
  /** The work has changed since the status was written, and is to run anew: what the status counted does not count. */
  readonly reset: boolean;
  /** Attempts whose end is recorded, oldest first. */
  readonly recorded: readonly AttemptStatus[];
  /** All pods of this TaskRun, gone ones included. */
  readonly own: readonly PodRecord[];
  /** The number of the attempt under way, or of the next one to start. */
  readonly current: number;
  /** The pod of the current attempt, alive or gone. */
  readonly pod?: PodRecord;
  /** The pod of the last recorded attempt, if a store still knows it. */
  readonly lastPod?: PodRecord;
  /** A pod of the current attempt that was there and that no store knows: it vanished while nobody looked. */
  readonly vanished?: Vanished;
  /** Pods of recorded attempts that are not proven to have ended. */
  readonly lingering: readonly PodRecord[];
  readonly startedAt?: number;
  /** The moments at which the whole TaskRun, the current attempt, and the start of its main container are too late. */
  readonly deadlineAt?: number;
  readonly attemptDeadlineAt?: number;
  readonly startDeadlineAt?: number;
  readonly cancel: boolean;
  readonly suspend: boolean;
  readonly refusal?: Refusal;
  readonly stopRefused: StopRefusal | undefined;
}

export interface Vanished {
  readonly name?: string;
  readonly uid: string;
  readonly nodeName?: string;
}

/** spec.managedBy says that somebody else runs it. */
export function isForeign({ spec }: Pick<TaskRunRecord, "spec">): boolean {
  return (spec.managedBy ?? OPERATOR_NAME) !== OPERATOR_NAME;
}

export function gatherFacts(observed: Observed): Facts {
  const { taskRun, pods, nodes = NO_NODES, lacking, now, keepNamesUntil = now, refusal, stopRefused } = observed;
  const before = taskRun.status;
  const settings = settingsOf(taskRun, observed.defaults ?? NO_DEFAULTS);
  const recorded = before.attempts ?? [];
  const last = recorded.at(-1)?.number ?? 0;
  const own = pods.filter((pod) => pod.ownerUid === taskRun.uid && pod.attempt !== undefined);
  // A pod of a later attempt than the recorded ones is the current attempt, whatever number we would have given it.
  const current = Math.max(last + 1, ...own.map((pod) => pod.attempt ?? 0));
  const pod = podOf(own, current);
  const lastPod = podOf(own, last);
  const vanished = pod === undefined ? named(before, current) : undefined;
  const reset = isReset(taskRun);
  const facts: Facts = {
    taskRun,
    nodes,
    lacking,
    settings,
    before,
    now,
    keepNamesUntil,
    foreign: isForeign(taskRun),
    finished: TERMINAL_PHASES.has(before.phase ?? "") && !reset,
    reset,
    recorded,
    own,
    current,
    ...(pod && { pod }),
    ...(lastPod && { lastPod }),
    ...(vanished && { vanished }),
    lingering: own.filter((one) => one !== pod && one.gone === undefined && !provenEnded(one, nodes)),
    cancel: taskRun.spec.cancel === true,
    suspend: taskRun.spec.suspend === true,
    ...(concerns(refusal, taskRun, current) && { refusal }),
    stopRefused,
  };
  return { ...facts, ...momentsOf(facts) };
}

/** Whether the pod runs another work than the TaskRun asks for by now, and that matters to it. */
export function superseded({ taskRun, before, reset }: Facts, pod: PodRecord): boolean {
  if (taskRun.spec.rerun === "Never") return false;
  if (pod.work !== undefined) return pod.work !== taskRun.work;
  // An older Stint's pod does not say it; it runs what the status spoke of before the change.
  return reset || (before.podUID === pod.uid && shownReason(before) === Reason.Superseded);
}

/** Whether a recorded attempt ran the work as the TaskRun asks for it now. */
export function ranThisWork({ taskRun }: Facts, attempt: AttemptStatus): boolean {
  return taskRun.spec.rerun === "Never" || (attempt.workHash ?? taskRun.work) === taskRun.work;
}

/**
 * A cancel is final, and nothing follows an end once a deletion was asked for. A status without a hash is an older Stint's, and
 * is taken as being of this work.
 */
function isReset({ spec, status, work, deletion }: TaskRunRecord): boolean {
  if (spec.rerun === "Never" || spec.cancel === true || status.phase === Phase.Cancelled) return false;
  if (deletion !== undefined && TERMINAL_PHASES.has(status.phase ?? "")) return false;
  return status.workHash !== undefined && status.workHash !== work;
}

type Moments = Pick<Facts, "startedAt" | "deadlineAt" | "attemptDeadlineAt" | "startDeadlineAt">;

/** The clock of the whole TaskRun starts with the first pod of its work, and again after a suspension (as a Job's does). */
function momentsOf(facts: Facts): Moments {
  const { settings, pod, before, reset, suspend } = facts;
  const podMs = pod === undefined ? undefined : timeMs(pod.createdAt);
  const firstMs = pod?.work !== undefined && superseded(facts, pod) ? undefined : podMs;
  const startedAt = reset ? firstMs : (timeMs(before.startTime) ?? firstMs);
  const after = (ms: number | undefined, seconds: number | undefined): number | undefined =>
    ms === undefined || seconds === undefined ? undefined : ms + seconds * 1000;
  return compact<Moments>({
    startedAt,
    deadlineAt:
      suspend || isStoppingFor(facts, Reason.Suspended) ? undefined : after(startedAt, settings.activeDeadlineSeconds),
    attemptDeadlineAt: after(podMs, settings.attemptDeadlineSeconds),
    startDeadlineAt: after(podMs, settings.startDeadlineSeconds),
  });
}

/** The wish was recorded and acted on; that it was taken back since does not change why the pod ends. */
export function isStoppingFor({ before, pod }: Pick<Facts, "before" | "pod">, reason: Reason): boolean {
  return pod?.deletionAskedMs !== undefined && before.podUID === pod.uid && shownReason(before) === reason;
}

/** A refusal speaks of one attempt, and of the TaskRun as it was. */
function concerns(refusal: Refusal | undefined, taskRun: TaskRunRecord, attempt: number): refusal is Refusal {
  return refusal?.attempt === attempt && refusal.generation === taskRun.generation;
}

/** The pod of an attempt as the status names it. */
function named(before: Readonly<TaskRunStatus>, attempt: number): Vanished | undefined {
  const { podUID: uid, podName: name, nodeName } = before;
  return before.attempt === attempt && uid !== undefined ? compact({ uid, name, nodeName }) : undefined;
}

/** A living pod goes before the memory of an earlier one: somebody may have deleted a pod before any status named it. */
function podOf(pods: readonly PodRecord[], attempt: number): PodRecord | undefined {
  const known = pods.filter((pod) => pod.attempt === attempt);
  return known.find((pod) => pod.gone === undefined) ?? known[0];
}
