/**
 * Builders for tests: each gives a valid object, the caller says the one thing that differs. Objects are made as the API
 * server sends them and read by the product's own decoders, so that a test starts where the operator starts.
 */
import type { Json } from "../api/decode.ts";
import { API_VERSION, Label, WORK_ANNOTATION } from "../api/names.ts";
import { decodePod } from "../api/pod.ts";
import type { PodRecord, TaskRunRecord } from "../api/records.ts";
import { decodeTaskRun } from "../api/taskrun.ts";
import type { TaskRunSpec, TaskRunStatus } from "../api/types.ts";
import { podName } from "../decide/childname.ts";

/** The first pod of every test is created at this moment. */
export const START: string = "2030-01-01T00:00:00Z";

/** So many seconds after START, as the API writes times. */
export function at(seconds: number): string {
  return `${new Date(atMs(seconds)).toISOString().slice(0, 19)}Z`;
}

export function atMs(seconds: number): number {
  return Date.parse(START) + seconds * 1000;
}

export const TASK = { name: "train", uid: "uid-train", namespace: "default" } as const;
export const NODE = "node-7";

export interface TaskRunWish {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly Json[];
  /** undefined takes a field away that the builder would give. */
  readonly spec?: { readonly [K in keyof TaskRunSpec]?: TaskRunSpec[K] | undefined };
  readonly status?: TaskRunStatus;
}

export function taskRunJson(wish: TaskRunWish = {}): Json {
  const { spec, status, ...metadata } = wish;
  const template = { spec: { containers: [{ name: "main", image: "busybox" }] } };
  return {
    apiVersion: API_VERSION,
    kind: "TaskRun",
    metadata: { ...TASK, resourceVersion: "100", generation: 1, creationTimestamp: START, ...metadata },
    spec: { template, ...spec },
    status: status ?? { phase: "Pending" },
  };
}

export function aTaskRun(wish: TaskRunWish = {}): TaskRunRecord {
  return known(decodeTaskRun(taskRunJson(wish)));
}

/** How far a pod has come. Every stage is what a real kubelet or scheduler writes. */
export type Stage =
  | "waitsForNode"
  | "unschedulable"
  | "starting"
  | "imagePull"
  | "configError"
  | "running"
  | "ended"
  | "sidecarLeft"
  | "initRunning"
  | "initFailed"
  | "neverStarted"
  | "evicted"
  | "lostToPodGC";

export interface PodWish {
  readonly attempt?: number | string;
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly owner?: { readonly name?: string; readonly uid?: string; readonly kind?: string };
  /** Seconds after START. */
  readonly createdAt?: number;
  /** As its annotation says. */
  readonly work?: string;
  /** The main container's end. */
  readonly exitCode?: number;
  readonly endReason?: string;
  readonly endMessage?: string;
  readonly finishedAt?: number;
  /** Its template has terminationMessagePolicy FallbackToLogsOnError. */
  readonly logOnError?: true;
  /** A deletion was asked for then; the grace period is 30 s. */
  readonly deletedAt?: number;
  /** status.reason, status.message */
  readonly reason?: string;
  readonly message?: string;
  /** The reason of a DisruptionTarget condition. */
  readonly disrupted?: string;
  readonly gone?: "seen" | "missed";
  /** Seen ended before any deletion. */
  readonly endedUnasked?: true;
}

export function podJson(stage: Stage, wish: PodWish = {}): Json {
  const attempt = wish.attempt ?? 1;
  const owner = { name: TASK.name, uid: TASK.uid, kind: "TaskRun", ...wish.owner };
  const deletion = wish.deletedAt !== undefined && {
    deletionTimestamp: at(wish.deletedAt + 30),
    deletionGracePeriodSeconds: 30,
  };
  const placed = stage !== "waitsForNode" && stage !== "unschedulable";
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: TASK.namespace,
      name: wish.name ?? podName(owner.name, Number(attempt), owner.uid),
      uid: wish.uid ?? `uid-pod-${attempt}`,
      resourceVersion: wish.resourceVersion ?? "200",
      creationTimestamp: at(wish.createdAt ?? 0),
      labels: { [Label.TaskRun]: owner.name, [Label.Attempt]: String(attempt) },
      ownerReferences: [
        { apiVersion: owner.kind === "TaskRun" ? API_VERSION : "batch/v1", ...owner, controller: true },
      ],
      ...(wish.work !== undefined && { annotations: { [WORK_ANNOTATION]: wish.work } }),
      ...deletion,
    },
    spec: { ...(placed && { nodeName: NODE }), ...containersOf(stage, wish) },
    status: { ...statusOf(stage, wish), ...wordsOf(wish), ...conditionsOf(stage, wish) },
  };
}

export function aPod(stage: Stage, wish: PodWish = {}): PodRecord {
  const record = known(decodePod(podJson(stage, wish)));
  const { gone, endedUnasked } = wish;
  return Object.freeze({ ...record, ...(gone && { gone }), ...(endedUnasked && { endedUnasked }) });
}

function containersOf(stage: Stage, { logOnError }: PodWish): Json {
  const sidecar = stage === "sidecarLeft" ? [{ name: "proxy", image: "proxy" }] : [];
  const init = stage.startsWith("init") ? { initContainers: [{ name: "setup", image: "busybox" }] } : {};
  const policy = logOnError && { terminationMessagePolicy: "FallbackToLogsOnError" };
  return { ...init, containers: [...sidecar, { name: "main", image: "busybox", ...policy }] };
}

const RUNNING = { running: { startedAt: at(5) } };
const waiting = (reason: string, message?: string): Json => ({ waiting: { reason, ...(message && { message }) } });

function statusOf(stage: Stage, wish: PodWish): Json {
  const code = wish.exitCode ?? 0;
  switch (stage) {
    case "waitsForNode":
    case "unschedulable":
      return { phase: "Pending" };
    case "starting":
      return mainIs("Pending", waiting("ContainerCreating"));
    case "imagePull":
      return mainIs("Pending", waiting("ImagePullBackOff", 'Back-off pulling image "nope"'));
    case "configError":
      return mainIs("Pending", waiting("CreateContainerConfigError", 'configmap "settings" not found'));
    case "running":
      return mainIs("Running", RUNNING);
    case "ended":
      return mainIs(code === 0 ? "Succeeded" : "Failed", mainEnd(wish));
    case "sidecarLeft":
      return {
        phase: "Running",
        containerStatuses: [
          { name: "proxy", state: RUNNING },
          { name: "main", state: mainEnd(wish) },
        ],
      };
    case "initRunning":
      return initIs("Pending", RUNNING);
    case "initFailed":
      return initIs("Failed", mainEnd({ exitCode: 1, ...wish }));
    // What a kubelet writes when it stops a pod whose containers it never could start (TerminatePod).
    case "neverStarted":
      return mainIs("Failed", {
        terminated: { exitCode: 137, reason: "ContainerStatusUnknown", startedAt: null, finishedAt: null },
      });
    case "evicted":
      return { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." };
    case "lostToPodGC":
      return mainIs("Failed", RUNNING);
  }
}

function mainEnd(wish: PodWish): Json {
  const { exitCode = 0, endReason, endMessage } = wish;
  const reason = endReason ?? (exitCode === 0 ? "Completed" : "Error");
  const times = { startedAt: at(5), finishedAt: at(wish.finishedAt ?? 60) };
  return { terminated: { exitCode, reason, ...(endMessage !== undefined && { message: endMessage }), ...times } };
}

function mainIs(phase: string, state: Json): Json {
  return { phase, containerStatuses: [{ name: "main", state }] };
}

function initIs(phase: string, state: Json): Json {
  return {
    phase,
    initContainerStatuses: [{ name: "setup", state }],
    containerStatuses: [{ name: "main", state: waiting("PodInitializing") }],
  };
}

function wordsOf({ reason, message }: PodWish): Json {
  return { ...(reason !== undefined && { reason }), ...(message !== undefined && { message }) };
}

function conditionsOf(stage: Stage, wish: PodWish): Json {
  const disrupted = wish.disrupted ?? (stage === "lostToPodGC" ? "DeletionByPodGC" : undefined);
  if (stage === "unschedulable") {
    const message = "0/3 nodes are available: 3 Insufficient cpu.";
    return { conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }] };
  }
  if (disrupted === undefined) return {};
  return { conditions: [{ type: "DisruptionTarget", status: "True", reason: disrupted, message: "told by the test" }] };
}

type Attempt = NonNullable<TaskRunStatus["attempts"]>[number];

/** A status as the operator writes it between attempts or at the end. */
export function aStatus(wish: {
  phase?: NonNullable<TaskRunStatus["phase"]>;
  reason?: string;
  message?: string;
  attempts?: readonly Partial<Attempt>[];
  rest?: Partial<TaskRunStatus>;
}): TaskRunStatus {
  const { phase = "Pending", reason = "BackingOff", message = "", attempts = [{}], rest } = wish;
  const status = phase === "Succeeded" ? "True" : phase === "Failed" || phase === "Cancelled" ? "False" : "Unknown";
  return {
    phase,
    observedGeneration: 1,
    attempt: attempts.length,
    startTime: START,
    ...(attempts.length > 0 && { attempts: attempts.map((one, index) => anAttempt(index + 1, one)) }),
    conditions: [
      { type: "Succeeded", status, reason, message, observedGeneration: 1, lastTransitionTime: at(0) },
      ...abnormality(status, reason, message),
    ],
    ...rest,
  };
}

function abnormality(
  succeeded: "True" | "False" | "Unknown",
  reason: string,
  message: string,
): NonNullable<TaskRunStatus["conditions"]> {
  if (succeeded === "True") return [];
  const type = succeeded === "False" ? "Stalled" : "Reconciling";
  return [{ type, status: "True", reason, message, observedGeneration: 1, lastTransitionTime: at(0) }];
}

function anAttempt(number: number, wish: Partial<Attempt>): Attempt {
  return {
    number,
    podName: podName(TASK.name, number, TASK.uid),
    podUID: `uid-pod-${number}`,
    reason: "ExitCode",
    message: "Container main ended with exit code 1.",
    exitCode: 1,
    startTime: at(0),
    completionTime: at(60),
    ...wish,
  };
}

function known<R>(record: R | undefined): R {
  if (record === undefined) throw new Error("the builder made an object that cannot be read");
  return record;
}
