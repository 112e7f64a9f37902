/** People (and their tools) who touch TaskRuns and pods by hand, at chosen moments. */
import type { ApiRequest } from "../../api/port.ts";
import type { Change } from "./apiserver/store.ts";
import type { NodeLoss } from "./nodes.ts";
import { controllerOf, type Pod, type TaskRun } from "./objects.ts";
import type { Site } from "./site.ts";

/** What must be true of a TaskRun before an act happens. */
export type Moment =
  | "created"
  | "podCreated"
  | "podBound"
  | "podPending"
  | "running"
  | "shownRunning"
  | "backingOff"
  | "stopping"
  | "ended"
  | "compacted"
  | "deleting";

export type Deed =
  | { readonly kind: "deletePod"; readonly graceSeconds?: number }
  /** As the scheduler's preemption: a DisruptionTarget condition, then a graceful deletion. */
  | { readonly kind: "preemptPod" }
  | { readonly kind: "cancel" }
  | { readonly kind: "delete"; readonly mode: "Background" | "Foreground" | "Orphan" }
  /** Deletes it and makes one of the same name as soon as the name is free. */
  | { readonly kind: "recreate" }
  | { readonly kind: "setRetryLimit"; readonly limit: number }
  /** Of the nodes that its pods are on, one fails. */
  | { readonly kind: "loseNode"; readonly loss: NodeLoss }
  | { readonly kind: "setTtl"; readonly seconds: number }
  | { readonly kind: "dropFinalizers" }
  /** As a GitOps tool does again and again, whatever became of the object. */
  | { readonly kind: "applyAgain" };

export interface Act {
  readonly when: Moment;
  readonly afterMs?: number;
  readonly deed: Deed;
}

/** A TaskRun as a user wrote it. */
export interface Manifest {
  readonly metadata: { readonly namespace: string };
  readonly spec: unknown;
}

/** How often a user tries to take a name that is still being freed. */
const RECREATE_EVERY_MS = 500;
const RECREATE_TRIES_MAX = 600;
/** How often a user repeats an edit that met a conflict. */
const EDIT_TRIES_MAX = 5;

const NAME = "user";

/** Plans the acts on one TaskRun; each happens once. `recreate` makes the TaskRun anew. */
export function planActs(
  site: Site,
  key: string,
  plan: { readonly acts: readonly Act[]; readonly manifest: Manifest; readonly recreate: () => boolean },
): void {
  const waiting = new Set(plan.acts);
  const look = (): void => {
    if (waiting.size === 0) return;
    const taskRun = site.server.store.get("taskruns", key) as TaskRun | undefined;
    if (taskRun === undefined) return;
    for (const act of waiting) {
      if (!isMoment(site, taskRun, act.when)) continue;
      waiting.delete(act);
      site.clock.after(act.afterMs ?? 0, () => perform(site, key, { ...plan, deed: act.deed }));
    }
  };
  site.server.store.listen((change: Change) => {
    if (change.resource === "taskruns" && change.key === key) look();
    if (change.resource === "pods" && ownerKey(change.object as Pod) === key) look();
  });
  site.truth.onStartOf(key, look);
}

function isMoment(site: Site, taskRun: TaskRun, moment: Moment): boolean {
  const pods = site.truth.ofOwner(taskRun.metadata.uid);
  const { status } = taskRun;
  switch (moment) {
    case "created":
      return true;
    case "podCreated":
      return pods.length > 0;
    case "podBound":
      return pods.some((pod) => pod.node !== undefined);
    case "podPending":
      return pods.some((pod) => pod.node !== undefined && !pod.started);
    case "running":
      return pods.some((pod) => pod.alive.size > 0);
    case "shownRunning":
      return status?.phase === "Running";
    case "backingOff":
      return status?.nextAttemptTime !== undefined;
    case "stopping":
      return pods.some((pod) => pod.deletionBy !== undefined);
    case "ended":
      return status?.completionTime !== undefined;
    case "compacted":
      return status?.compacted === true;
    case "deleting":
      return taskRun.metadata.deletionTimestamp !== undefined;
  }
}

interface Performance {
  readonly deed: Deed;
  readonly manifest: Manifest;
  readonly recreate: () => boolean;
}

function perform(site: Site, key: string, { deed, manifest, recreate }: Performance): void {
  site.trace.note(NAME, `${key}: ${JSON.stringify(deed)}`);
  const path = `/apis/stint.dev/v1alpha1/namespaces/${key.replace("/", "/taskruns/")}`;
  switch (deed.kind) {
    case "deletePod":
      deletePods(site, key, deed.graceSeconds === undefined ? {} : { gracePeriodSeconds: deed.graceSeconds });
      return;
    case "preemptPod":
      preemptPods(site, key);
      return;
    case "cancel":
      edit(site, key, (spec) => ({ ...spec, cancel: true }));
      return;
    case "setRetryLimit":
      edit(site, key, (spec) => ({ ...spec, retry: { ...spec.retry, limit: deed.limit } }));
      return;
    case "loseNode":
      for (const { spec } of podsOf(site, key))
        if (spec?.nodeName !== undefined) site.nodes.lose(spec.nodeName, deed.loss);
      return;
    case "setTtl":
      edit(site, key, (spec) => ({ ...spec, ttlSecondsAfterFinished: deed.seconds }));
      return;
    case "dropFinalizers":
      dropFinalizers(site, key);
      return;
    case "applyAgain":
      if (!recreate()) edit(site, key, () => manifest.spec);
      return;
    case "delete":
      send(site, { method: "DELETE", path, body: { propagationPolicy: deed.mode } });
      return;
    case "recreate":
      send(site, { method: "DELETE", path });
      tryRecreate(site, recreate, RECREATE_TRIES_MAX);
      return;
  }
}

function tryRecreate(site: Site, recreate: () => boolean, triesLeft: number): void {
  if (recreate() || triesLeft === 0) return;
  site.clock.after(RECREATE_EVERY_MS, () => tryRecreate(site, recreate, triesLeft - 1));
}

function deletePods(site: Site, key: string, options: Readonly<Record<string, unknown>>): void {
  for (const pod of podsOf(site, key)) {
    const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
    send(site, { method: "DELETE", path, body: options });
  }
}

function preemptPods(site: Site, key: string): void {
  for (const pod of podsOf(site, key)) {
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "PreemptionByScheduler",
      message: "default-scheduler: preempting to accommodate a higher priority pod",
      lastTransitionTime: pod.metadata.creationTimestamp,
    };
    const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}/status`;
    const status = { phase: "Pending", ...pod.status, conditions: [...(pod.status?.conditions ?? []), condition] };
    send(site, { method: "PUT", path, body: { ...pod, status } });
  }
  deletePods(site, key, {});
}

function edit(site: Site, key: string, change: (spec: NonNullable<TaskRun["spec"]>) => unknown): void {
  const path = `/apis/stint.dev/v1alpha1/namespaces/${key.replace("/", "/taskruns/")}`;
  for (let tries = 0; tries < EDIT_TRIES_MAX; tries++) {
    const taskRun = site.server.store.get("taskruns", key) as TaskRun | undefined;
    if (taskRun?.spec === undefined) return;
    if (send(site, { method: "PUT", path, body: { ...taskRun, spec: change(taskRun.spec) } }) === 200) return;
  }
}

function dropFinalizers(site: Site, key: string): void {
  const path = `/apis/stint.dev/v1alpha1/namespaces/${key.replace("/", "/taskruns/")}`;
  const taskRun = site.server.store.get("taskruns", key);
  if (taskRun === undefined) return;
  const { finalizers: _dropped, ...metadata } = taskRun.metadata;
  send(site, { method: "PUT", path, body: { ...taskRun, metadata } });
}

function podsOf(site: Site, key: string): Pod[] {
  return [...site.server.store.values("pods")].filter((pod) => ownerKey(pod as Pod) === key) as Pod[];
}

function ownerKey(pod: Pod): string | undefined {
  const controller = controllerOf(pod);
  return controller?.kind === "TaskRun" ? `${pod.metadata.namespace}/${controller.name}` : undefined;
}

function send(site: Site, request: Omit<ApiRequest, "timeoutMs">): number {
  return site.server.handle({ ...request, timeoutMs: 0 }, NAME).status;
}

/** What `kubectl create` does. */
export function submit(site: Site, object: { readonly metadata: { readonly namespace: string } }): number {
  const path = `/apis/stint.dev/v1alpha1/namespaces/${object.metadata.namespace}/taskruns`;
  return send(site, { method: "POST", path, body: object });
}
