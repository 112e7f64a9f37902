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
  | "suspended"
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
  | { readonly kind: "suspend" }
  | { readonly kind: "resume" }
  /** Another image in the template. */
  | { readonly kind: "changeWork"; readonly to: string }
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
      if (!MOMENTS[act.when](taskRun, site.truth.ofOwner(taskRun.metadata.uid))) continue;
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

type Pods = ReturnType<Site["truth"]["ofOwner"]>;

const MOMENTS: { readonly [M in Moment]: (taskRun: TaskRun, pods: Pods) => boolean } = {
  created: () => true,
  podCreated: (_, pods) => pods.length > 0,
  podBound: (_, pods) => pods.some((pod) => pod.node !== undefined),
  podPending: (_, pods) => pods.some((pod) => pod.node !== undefined && !pod.started),
  running: (_, pods) => pods.some((pod) => pod.alive.size > 0),
  stopping: (_, pods) => pods.some((pod) => pod.deletionBy !== undefined),
  shownRunning: ({ status }) => status?.phase === "Running",
  suspended: ({ status }) => status?.phase === "Suspended",
  backingOff: ({ status }) => status?.nextAttemptTime !== undefined,
  ended: ({ status }) => status?.completionTime !== undefined,
  compacted: ({ status }) => status?.compacted === true,
  deleting: ({ metadata }) => metadata.deletionTimestamp !== undefined,
};

interface Performance {
  readonly deed: Deed;
  readonly manifest: Manifest;
  readonly recreate: () => boolean;
}

type Spec = NonNullable<TaskRun["spec"]>;

type Edit = Extract<
  Deed,
  { readonly kind: "cancel" | "suspend" | "resume" | "setRetryLimit" | "setTtl" | "changeWork" }
>;

const EDITS: ReadonlySet<string> = new Set<Edit["kind"]>([
  "cancel",
  "suspend",
  "resume",
  "setRetryLimit",
  "setTtl",
  "changeWork",
]);

function isEdit(deed: Deed): deed is Edit {
  return EDITS.has(deed.kind);
}

function edited(spec: Spec, deed: Edit): unknown {
  switch (deed.kind) {
    case "cancel":
      return { ...spec, cancel: true };
    case "suspend":
      return { ...spec, suspend: true };
    case "resume":
      return { ...spec, suspend: false };
    case "setRetryLimit":
      return { ...spec, retry: { ...spec.retry, limit: deed.limit } };
    case "setTtl":
      return { ...spec, ttlSecondsAfterFinished: deed.seconds };
    case "changeWork":
      return { ...spec, template: { ...Object(spec.template), metadata: { labels: { work: deed.to } } } };
  }
}

function perform(site: Site, key: string, { deed, manifest, recreate }: Performance): void {
  site.trace.note(NAME, `${key}: ${JSON.stringify(deed)}`);
  if (isEdit(deed)) return edit(site, key, (spec) => edited(spec, deed));
  const path = `/apis/stint.dev/v1alpha1/namespaces/${key.replace("/", "/taskruns/")}`;
  switch (deed.kind) {
    case "deletePod":
      deletePods(site, key, deed.graceSeconds === undefined ? {} : { gracePeriodSeconds: deed.graceSeconds });
      return;
    case "preemptPod":
      preemptPods(site, key);
      return;
    case "loseNode":
      for (const { spec } of podsOf(site, key))
        if (spec?.nodeName !== undefined) site.nodes.lose(spec.nodeName, deed.loss);
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

/** How often a person looks whether the containers of a pod of unknown fate have really ended. */
const ANSWER_EVERY_MS = 4000;

/** A person who finds a TaskRun that waits for a word about its last pod, makes sure that nothing of it runs, and gives it. */
export function answerUnknownFates(site: Site): void {
  const looking = new Set<string>();
  const look = (key: string): void => {
    looking.delete(key);
    const taskRun = site.server.store.get("taskruns", key) as TaskRun | undefined;
    if (!asks(taskRun)) return;
    const alive = site.truth.ofOwner(taskRun.metadata.uid).some((pod) => pod.alive.size > 0);
    if (alive) return lookLater(key);
    site.trace.note(NAME, `${key}: nothing of it runs, says onUnknownFate: Retry`);
    edit(site, key, (spec) => ({ ...spec, onUnknownFate: "Retry" }));
  };
  const lookLater = (key: string): void => {
    if (looking.has(key)) return;
    looking.add(key);
    site.clock.after(ANSWER_EVERY_MS, () => look(key));
  };
  site.server.store.listen(({ resource, key, object }) => {
    if (resource === "taskruns" && asks(object as TaskRun)) lookLater(key);
  });
}

function asks(taskRun: TaskRun | undefined): taskRun is TaskRun {
  const { spec, status } = taskRun ?? {};
  return spec?.onUnknownFate !== "Retry" && status?.conditions?.[0]?.reason === "UnknownFate";
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
