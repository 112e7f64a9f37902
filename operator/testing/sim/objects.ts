/** The shapes the simulated world stores and sends: only the fields its actors read or write. Values are never mutated. */

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Any object in the store. */
export interface Stored<Spec = unknown, Status = unknown> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: Spec;
  readonly status?: Status;
}

export interface ContainerSpec {
  readonly name: string;
  readonly image?: string;
  readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
}

export interface PodSpec {
  readonly nodeName?: string;
  readonly restartPolicy?: string;
  readonly terminationGracePeriodSeconds?: number;
  readonly containers: readonly ContainerSpec[];
}

export interface ContainerState {
  readonly waiting?: { readonly reason: string; readonly message?: string };
  readonly running?: { readonly startedAt: string };
  readonly terminated?: Terminated;
}

export interface Terminated {
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly started: boolean;
  readonly restartCount: number;
  readonly image: string;
  readonly imageID: string;
  readonly state: ContainerState;
}

export interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime: string;
}

export interface PodStatus {
  readonly phase: string;
  readonly reason?: string;
  readonly message?: string;
  readonly startTime?: string;
  readonly conditions?: readonly PodCondition[];
  readonly containerStatuses?: readonly ContainerStatus[];
}

export type Pod = Stored<PodSpec, PodStatus>;

export interface TaskRunSpec {
  readonly template?: unknown;
  readonly podTemplateRef?: { readonly name: string };
  readonly retry?: {
    readonly limit?: number;
    readonly backoff?: { readonly initialSeconds?: number; readonly factor?: number; readonly maxSeconds?: number };
  };
  readonly activeDeadlineSeconds?: number;
  readonly attemptDeadlineSeconds?: number;
  readonly startDeadlineSeconds?: number;
  readonly onUnknownFate?: "Wait" | "Retry";
  readonly suspend?: boolean;
  readonly cancel?: boolean;
  readonly results?: readonly { readonly name: string }[];
  readonly podRetention?: "Always" | "OnFailure" | "Never";
  readonly ttlSecondsAfterFinished?: number;
  readonly ttlAction?: "Delete" | "Compact";
}

export interface AttemptEntry {
  readonly number: number;
  readonly podName?: string;
  readonly podUID?: string;
  readonly reason: string;
  readonly workHash?: string;
  readonly message?: string;
  readonly exitCode?: number;
  readonly startTime?: string;
  readonly completionTime?: string;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
}

export interface TaskRunStatus {
  readonly phase?: string;
  readonly observedGeneration?: number;
  readonly attempt?: number;
  readonly podName?: string;
  readonly podUID?: string;
  readonly nodeName?: string;
  readonly startTime?: string;
  readonly completionTime?: string;
  readonly duration?: string;
  readonly exitCode?: number;
  readonly results?: Readonly<Record<string, string>>;
  readonly workHash?: string;
  readonly memory?: string;
  readonly log?: unknown;
  readonly compacted?: boolean;
  readonly nextAttemptTime?: string;
  readonly attempts?: readonly AttemptEntry[];
  readonly conditions?: readonly Condition[];
}

export type TaskRun = Stored<TaskRunSpec, TaskRunStatus>;

/** A ControllerRevision has neither spec nor status. */
export interface Revision extends Stored {
  readonly data?: unknown;
  readonly revision?: number;
}

export function keyOf(object: Stored): string {
  return `${object.metadata.namespace}/${object.metadata.name}`;
}

/** Kubernetes times are whole seconds, cut off, not rounded. */
export function timestamp(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`;
}

export function controllerOf(object: Stored): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** The attempt a pod of a TaskRun belongs to; undefined if the pod is nobody's or its label is no number. */
export function attemptOf(pod: Stored): number | undefined {
  const label = pod.metadata.labels?.["stint.dev/attempt"];
  return label !== undefined && /^[1-9]\d{0,5}$/.test(label) ? Number(label) : undefined;
}

/** The container whose end ends the task: the one named "main", else the first. */
export function mainContainerOf(pod: Pod): string | undefined {
  const containers = pod.spec?.containers ?? [];
  return (containers.find((container) => container.name === "main") ?? containers[0])?.name;
}

export function isTerminalPhase(phase: string | undefined): boolean {
  return phase === "Succeeded" || phase === "Failed" || phase === "Cancelled";
}

/** What tools that know no kind of ours go by (kstatus), against what the phase asks for. Empty if they agree. */
export function abnormalityProblem(phase: string | undefined, conditions: readonly Condition[] = []): string {
  const want = !isTerminalPhase(phase) ? "Reconciling" : phase === "Succeeded" ? "" : "Stalled";
  const found = conditions.filter(({ type }) => type === "Reconciling" || type === "Stalled");
  const got = found.map(({ type, status }) => (status === "True" ? type : `${type}=${status}`)).join();
  return got === want
    ? ""
    : `phase ${phase}, but of the conditions Reconciling and Stalled there is "${got}", not "${want}"`;
}

/** Runs until the phase is Succeeded or Failed: the pod's life as the API server sees it is over. */
export function podEnded(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
