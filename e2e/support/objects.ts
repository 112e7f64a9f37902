/** The fields the tests read of objects, and short ways to write the TaskRuns they apply. */
import type { TaskRunSpec, TaskRunStatus } from "../../operator/api/types.ts";
import { SIMULATED_KEY, SIMULATED_VALUE } from "../cluster/cluster.ts";

export interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid: string }[];
}

export interface TaskRun {
  readonly metadata: Metadata;
  readonly spec: TaskRunSpec;
  readonly status: TaskRunStatus;
}

export interface ContainerState {
  readonly running?: { readonly startedAt: string };
  readonly terminated?: {
    readonly exitCode: number;
    readonly reason?: string;
    readonly startedAt?: string;
    readonly finishedAt?: string;
  };
}

export interface Pod {
  readonly metadata: Metadata;
  readonly spec: {
    readonly nodeName?: string;
    readonly containers?: readonly { readonly resources?: { readonly limits?: Readonly<Record<string, string>> } }[];
  };
  readonly status: {
    readonly phase?: string;
    readonly containerStatuses?: readonly { readonly name: string; readonly state: ContainerState }[];
  };
}

export interface List<T> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly T[];
}

/** A TaskRun as it is applied. */
export interface Manifest {
  readonly apiVersion: "stint.dev/v1alpha1";
  readonly kind: "TaskRun";
  readonly metadata: { readonly name: string };
  readonly spec: TaskRunSpec;
}

/** Far more than a task that obeys needs to end, also on a busy machine; one that does not is killed after it. */
const GRACE_SECONDS = 10;

/** A script that runs until it is told to end, and then ends at once with a code of its own. */
export const OBEDIENT = "trap 'exit 3' TERM; sleep 86400 & wait";

/** Tells a script which attempt it is. */
export const ATTEMPT = {
  name: "ATTEMPT",
  valueFrom: { fieldRef: { fieldPath: "metadata.labels['stint.dev/attempt']" } },
};

/** A pod that no node takes. */
export const NOWHERE: Template = {
  spec: { nodeSelector: { "stint.dev/e2e": "no-such-node" }, containers: [{ name: "main", image: "none" }] },
};

export function manifest(name: string, spec: TaskRunSpec): Manifest {
  return { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", metadata: { name }, spec };
}

/** A container that runs a shell script. `exec` and `trap` matter: process 1 gets no default action for signals. */
export function shell(image: string, script: string, more: Readonly<Record<string, unknown>> = {}): object {
  return { name: "main", image, imagePullPolicy: "IfNotPresent", command: ["sh", "-c", script], ...more };
}

export type Template = NonNullable<TaskRunSpec["template"]>;

export function template(...containers: readonly object[]): Template {
  return { spec: { terminationGracePeriodSeconds: GRACE_SECONDS, containers } };
}

/** What a pod on a simulated node does (e2e/cluster/stages/pod.yaml). */
export interface Simulation {
  readonly "run-for"?: string;
  readonly "start-after"?: string;
  readonly "exit-code"?: string;
  readonly message?: string;
  readonly "oom-killed"?: "true";
  readonly "stop-after"?: string;
}

/** A template for simulated nodes only. */
export function simulated(plays: Simulation): Template {
  const annotations = Object.fromEntries(
    Object.entries(plays).map(([key, value]): [string, string] => [`sim.stint.dev/${key}`, value]),
  );
  return {
    metadata: { annotations },
    spec: {
      nodeSelector: { [SIMULATED_KEY]: SIMULATED_VALUE },
      tolerations: [{ key: SIMULATED_KEY, operator: "Exists" }],
      containers: [{ name: "main", image: "simulated" }],
    },
  };
}

export function taskRunsPath(namespace: string): string {
  return `/apis/stint.dev/v1alpha1/namespaces/${namespace}/taskruns`;
}

export function podsPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}

/** The reason of the condition Succeeded. */
export function reasonOf(taskRun: TaskRun): string | undefined {
  return taskRun.status.conditions?.[0]?.reason;
}

export function messageOf(taskRun: TaskRun): string {
  return taskRun.status.conditions?.[0]?.message ?? "";
}

export function isOver(taskRun: TaskRun): boolean {
  return ["Succeeded", "Failed", "Cancelled"].includes(taskRun.status.phase ?? "");
}
