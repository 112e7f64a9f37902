/** Gathers what one TaskRun's decision needs into one value; nothing here decides. */
import type { Refusal, StopRefusal } from "../../api/action.ts";
import { compact, timeMs } from "../../api/decode.ts";
import { NO_DEFAULTS } from "../../api/defaults.ts";
import type { Defaults } from "../../api/defaults.ts";
import { TERMINAL_PHASES } from "../../api/records.ts";
import type { PodRecord, TaskRunRecord } from "../../api/records.ts";
import type { TaskRunStatus } from "../../api/types.ts";
import { NO_NODES, nodeProof } from "./nodes.ts";
import type { NodeFacts } from "./nodes.ts";

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
  readonly before: Readonly<TaskRunStatus>;
  readonly now: number;
  readonly defaults: Defaults;
  readonly finished: boolean;
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
  readonly vanished?: { readonly name?: string; readonly uid: string; readonly nodeName?: string };
  /** Pods of recorded attempts that are not proven to have ended. */
  readonly lingering: readonly PodRecord[];
  readonly startedAt?: number;
  readonly deadlineAt?: number;
  readonly cancel: boolean;
  readonly refusal?: Refusal;
  readonly stopRefused: StopRefusal | undefined;
}

export function gatherFacts(observed: Observed): Facts {
  const { taskRun, pods, nodes = NO_NODES, lacking, now, defaults = NO_DEFAULTS, refusal, stopRefused } = observed;
  const before = taskRun.status;
  const recorded = before.attempts ?? [];
  const last = recorded.at(-1)?.number ?? compactedAttempt(before);
  const own = pods.filter((pod) => pod.ownerUid === taskRun.uid && pod.attempt !== undefined);
  // A pod of a later attempt than the recorded ones is the current attempt, whatever number we would have given it.
  const current = Math.max(last + 1, ...own.map((pod) => pod.attempt ?? 0));
  const pod = podOf(own, current);
  const lastPod = podOf(own, last);
  const vanished = pod === undefined ? named(before, current) : undefined;
  const startedAt = timeMs(before.startTime) ?? earliest(own);
  const deadline = taskRun.spec.activeDeadlineSeconds;
  return {
    taskRun,
    nodes,
    lacking,
    before,
    now,
    defaults,
    finished: TERMINAL_PHASES.has(before.phase ?? ""),
    recorded,
    own,
    current,
    ...(pod && { pod }),
    ...(lastPod && { lastPod }),
    ...(vanished && { vanished }),
    lingering: own.filter((one) => one !== pod && one.gone === undefined && !provenEnded(one, nodes)),
    ...(startedAt !== undefined && { startedAt }),
    ...(startedAt !== undefined && deadline !== undefined && { deadlineAt: startedAt + deadline * 1000 }),
    cancel: taskRun.spec.cancel === true,
    ...(concerns(refusal, taskRun, current) && { refusal }),
    stopRefused,
  };
}

/** Of a compacted status only the number of its last attempt is left: the next one must not have it again. */
function compactedAttempt({ compacted, attempt }: Readonly<TaskRunStatus>): number {
  return compacted === true ? (attempt ?? 0) : 0;
}

/** A refusal speaks of one attempt, and of the TaskRun as it was. */
function concerns(refusal: Refusal | undefined, taskRun: TaskRunRecord, attempt: number): refusal is Refusal {
  return refusal?.attempt === attempt && refusal.generation === taskRun.generation;
}

/** Proof that no container of the pod runs or will run. A mere disappearance is none. */
export function provenEnded(pod: PodRecord, nodes: NodeFacts): boolean {
  return toldEnded(pod) || endedWithNode(pod, nodes) !== undefined;
}

/**
 * Every container has a terminated state, or a kubelet declared the whole pod over, or the pod never had a node. A terminal
 * phase that the pod garbage collector wrote for a lost node does not tell (KEP-3329: reason DeletionByPodGC).
 */
function toldEnded(pod: PodRecord): boolean {
  if (pod.allTerminated) return true;
  if (isOver(pod)) return pod.nodeName === undefined || pod.disruption?.reason !== "DeletionByPodGC";
  return pod.gone === "seen" && pod.nodeName === undefined;
}

/**
 * In words, why a pod whose end no kubelet reported has ended with its node. Not while the pod is there: its kubelet may
 * live on without a Node object and hears of the pod's removal only; the pod garbage collector removes it within minutes.
 */
export function endedWithNode(pod: PodRecord, nodes: NodeFacts): string | undefined {
  if (toldEnded(pod) || (pod.gone === undefined && !isOver(pod))) return undefined;
  return nodeProof(pod, nodes);
}

function isOver({ phase }: PodRecord): boolean {
  return phase === "Succeeded" || phase === "Failed";
}

/** The pod of an attempt as the status names it. */
function named(before: Readonly<TaskRunStatus>, attempt: number): Facts["vanished"] | undefined {
  const { podUID: uid, podName: name, nodeName } = before;
  return before.attempt === attempt && uid !== undefined ? compact({ uid, name, nodeName }) : undefined;
}

/** A living pod goes before the memory of an earlier one: somebody may have deleted a pod before any status named it. */
function podOf(pods: readonly PodRecord[], attempt: number): PodRecord | undefined {
  const known = pods.filter((pod) => pod.attempt === attempt);
  return known.find((pod) => pod.gone === undefined) ?? known[0];
}

function earliest(pods: readonly PodRecord[]): number | undefined {
  const times = pods.map((pod) => timeMs(pod.createdAt)).filter((ms) => ms !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}
