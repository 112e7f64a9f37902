/**
 * The operator's core: for each scope (all namespaces, or each of a list) one pipeline of two reflectors, two stores, a
 * queue and a controller; all share the limit on calls to the API server.
 */
import { Cluster } from "../act/cluster.ts";
import { PODS, TASKRUNS } from "../api/paths.ts";
import { decodePod } from "../api/pod.ts";
import type { Port } from "../api/port.ts";
import type { ObjectRecord, PodRecord, TaskRunRecord } from "../api/records.ts";
import { decodeTaskRun } from "../api/taskrun.ts";
import { OwnWrites } from "../queue/ownwrites.ts";
import { ownerKey, taskRunKey } from "../queue/route.ts";
import type { WorkQueue } from "../queue/workqueue.ts";
import { Reflector } from "../watch/reflector.ts";
import { Store } from "../watch/store.ts";
import { startController } from "./controller.ts";
import { TaskRuns } from "./taskruns.ts";

export interface CoreOptions {
  /** The namespaces to serve; empty: all of them. */
  readonly namespaces: readonly string[];
}

export interface WatchState {
  readonly resource: string;
  /** "" for all namespaces. */
  readonly namespace: string;
  /** Milliseconds since the server last showed life on this watch. */
  readonly ageMs: number;
}

export interface Core {
  /** True once every first list is complete. */
  ready(): boolean;
  watches(): readonly WatchState[];
  /** Stops watches and timers, starts nothing new; resolves when no call is under way. */
  stop(): Promise<void>;
}

export function startCore(port: Port, options: CoreOptions): Core {
  const cluster = new Cluster(port);
  const phases = new PhaseCounts(port);
  const scopes = options.namespaces.length === 0 ? [""] : [...new Set(options.namespaces)];
  const pipelines = scopes.map((namespace) => startPipeline({ port, cluster, phases, namespace }));
  const reflectors = pipelines.flatMap((pipeline) => pipeline.reflectors);
  return {
    ready: () => reflectors.every(({ reflector }) => reflector.synced),
    watches: () =>
      reflectors.map(({ resource, namespace, reflector }) => ({ resource, namespace, ageMs: reflector.ageMs })),
    stop: async () => {
      await Promise.all(pipelines.map(async (pipeline) => await pipeline.stop()));
    },
  };
}

interface Scope {
  readonly port: Port;
  readonly cluster: Cluster;
  readonly phases: PhaseCounts;
  readonly namespace: string;
}

interface Watched {
  readonly resource: string;
  readonly namespace: string;
  readonly reflector: Pick<Reflector<ObjectRecord>, "synced" | "ageMs">;
}

interface Pipeline {
  readonly reflectors: readonly Watched[];
  stop(): Promise<void>;
}

function startPipeline({ port, cluster, phases, namespace }: Scope): Pipeline {
  const taskRunStore = new Store<TaskRunRecord>({ onChange: (before, after) => taskRunChanged(before, after) });
  const podStore = new Store<PodRecord>({
    onChange: (before, after) => podChanged(before, after),
    keepGone: (last, how) => (last.ownerUid === undefined ? undefined : Object.freeze({ ...last, gone: how })),
  });
  const taskRunWatch = new Reflector(port, {
    resource: TASKRUNS,
    namespace,
    store: taskRunStore,
    decode: decodeTaskRun,
    onSynced: begin,
  });
  const podWatch = new Reflector(port, {
    resource: PODS,
    namespace,
    store: podStore,
    decode: decodePod,
    onSynced: begin,
  });
  const watches = { taskruns: taskRunWatch, pods: podWatch };
  const taskRuns = new TaskRuns({
    port,
    cluster,
    taskRuns: taskRunStore,
    pods: podStore,
    ownWrites: new OwnWrites(port),
    renew: (resource) => watches[resource].renew(),
  });
  const queue: WorkQueue = startController(port, { kind: "TaskRun", pass: async (key) => await taskRuns.pass(key) });
  let started = false;

  function taskRunChanged(before: TaskRunRecord | undefined, after: TaskRunRecord | undefined): void {
    phases.move(before?.status.phase, after?.status.phase);
    if (before !== undefined && before.uid !== after?.uid) taskRuns.drop(before.uid);
    if (after !== undefined) enqueue(taskRunKey(after));
  }

  function podChanged(before: PodRecord | undefined, after: PodRecord | undefined): void {
    if (started && after?.gone !== undefined) forgetUnowned(after);
    for (const pod of before?.ownerUid === after?.ownerUid ? [after] : [before, after]) {
      const key = pod && ownerKey(pod);
      if (key !== undefined) enqueue(key);
    }
  }

  /** Nobody is left to read the last state of this pod. */
  function forgetUnowned(pod: PodRecord): void {
    if (taskRunStore.get(ownerKey(pod) ?? "")?.uid !== pod.ownerUid) podStore.forget(pod.uid);
  }

  function enqueue(key: string): void {
    if (started) queue.add(key);
  }

  /** No decision before both first lists are complete: a pod that is not listed yet must not look missing. */
  function begin(): void {
    if (!taskRunWatch.synced || !podWatch.synced) return;
    started = true;
    for (const pod of podStore.gone()) forgetUnowned(pod);
    for (const known of taskRunStore.keys()) queue.add(known);
  }

  const running = [taskRunWatch.run(), podWatch.run()];
  return {
    reflectors: [
      { resource: TASKRUNS.name, namespace, reflector: taskRunWatch },
      { resource: PODS.name, namespace, reflector: podWatch },
    ],
    stop: async () => {
      taskRunWatch.stop();
      podWatch.stop();
      await Promise.all([queue.stop(), ...running]);
    },
  };
}

/** TaskRuns by phase, counted as they change: nothing is ever walked over to count it. */
class PhaseCounts {
  readonly #port: Port;
  readonly #counts = new Map<string, number>();

  constructor(port: Port) {
    this.#port = port;
  }

  move(from: string | undefined, to: string | undefined): void {
    if (from === to) return;
    this.#add(from, -1);
    this.#add(to, 1);
  }

  #add(phase: string | undefined, by: number): void {
    if (phase === undefined) return;
    const count = (this.#counts.get(phase) ?? 0) + by;
    this.#counts.set(phase, count);
    this.#port.meter.set("taskRuns", { phase }, count);
  }
}
