/** One scope (all namespaces, or one): reflectors fill stores, changes become keys, keys become passes. */
import type { Cluster } from "../act/cluster.ts";
import type { Events } from "../act/events.ts";
import type { Defaults } from "../api/defaults.ts";
import { PODS, PODTEMPLATES, TASKRUNS } from "../api/paths.ts";
import { decodePod } from "../api/pod.ts";
import { decodePodTemplate } from "../api/podtemplate.ts";
import type { Port } from "../api/port.ts";
import { TERMINAL_PHASES } from "../api/records.ts";
import type { ObjectRecord, PodRecord, PodTemplateRecord, TaskRunRecord } from "../api/records.ts";
import { decodeTaskRun } from "../api/taskrun.ts";
import { OwnWrites } from "../queue/ownwrites.ts";
import { ownerKey, taskRunKey } from "../queue/route.ts";
import { Waiting } from "../queue/waiting.ts";
import type { WorkQueue } from "../queue/workqueue.ts";
import { Reflector } from "../watch/reflector.ts";
import type { ReflectorOptions, WatchState } from "../watch/reflector.ts";
import { Store, keyOf } from "../watch/store.ts";
import { startController } from "./controller.ts";
import type { Nodes } from "./nodes.ts";
import type { Tally } from "./tally.ts";
import { TaskRuns } from "./taskruns.ts";
import { WorkflowPipeline } from "./workflowpipeline.ts";

const WITHOUT_TEMPLATES = "TaskRuns with a podTemplateRef wait, and pods are made without PodTemplate stint-default";

export interface Scope {
  readonly port: Port;
  readonly cluster: Cluster;
  /** Of the whole cluster, whatever the namespace. */
  readonly nodes: Nodes;
  /** "" for all namespaces. */
  readonly namespace: string;
  readonly defaults: Defaults;
  readonly events: Events | undefined;
  readonly keepNamesUntilMs: number;
  /** Of all scopes. */
  readonly tally: Tally;
}

export class Pipeline {
  readonly #scope: Scope;
  readonly #taskRuns: Store<TaskRunRecord>;
  readonly #pods: Store<PodRecord>;
  readonly #templates: Store<PodTemplateRecord>;
  readonly #watches: Watches;
  readonly #workflows: WorkflowPipeline;
  readonly #waiting = new Waiting();
  readonly #passes: TaskRuns;
  readonly #queue: WorkQueue;
  readonly #running: readonly Promise<void>[];
  #started = false;

  constructor(scope: Scope) {
    const { port, cluster, nodes, defaults, events, keepNamesUntilMs, namespace, tally } = scope;
    this.#scope = scope;
    this.#taskRuns = new Store({
      onChange: (before, after) => this.#taskRunChanged(before, after),
      dependsOn: nodeInUse,
    });
    this.#pods = new Store({
      onChange: (before, after) => this.#podChanged(before, after),
      dependsOn: (pod) => pod.nodeName,
      keepGone,
      merge,
    });
    this.#templates = new Store({ onChange: (_, after) => this.#templateChanged(after) });
    this.#watches = this.#watchAll();
    this.#passes = new TaskRuns({
      port,
      cluster,
      nodes,
      taskRuns: this.#taskRuns,
      pods: this.#pods,
      templates: this.#templates,
      templatesRefused: () => this.#templatesRefused(),
      waiting: this.#waiting,
      defaults,
      events,
      ownWrites: new OwnWrites(port),
      keepNamesUntilMs,
      renew: (resource, how) => this.#watches[resource].renew(how),
    });
    this.#queue = startController(port, {
      kind: "TaskRun",
      namespace,
      pass: async (key) => await this.#passes.pass(key),
    });
    this.#workflows = new WorkflowPipeline({
      port,
      cluster,
      namespace,
      events,
      taskRuns: this.#taskRuns,
      tally,
      onSettled: () => this.begin(),
    });
    this.#running = Object.values(this.#watches).map(async (watch) => await watch.run());
  }

  #watchAll(): Watches {
    const { port, namespace } = this.#scope;
    const onSynced = (): void => this.begin();
    const optional = { without: WITHOUT_TEMPLATES, onForbidden: onSynced };
    const watch = <R extends ObjectRecord>(source: Source<R>): Reflector<R> =>
      new Reflector(port, { namespace, onSynced, ...source });
    return {
      taskruns: watch({ resource: TASKRUNS, store: this.#taskRuns, decode: decodeTaskRun }),
      pods: watch({ resource: PODS, store: this.#pods, decode: decodePod }),
      podtemplates: watch({ resource: PODTEMPLATES, store: this.#templates, decode: decodePodTemplate, optional }),
    };
  }

  /** Every first list is complete, but for those we can do without. */
  get settled(): boolean {
    const own = Object.values(this.#watches).every((watch) => watch.settled);
    return own && this.#scope.nodes.settled && this.#workflows.settled;
  }

  get watches(): readonly WatchState[] {
    return [...Object.values(this.#watches).map((watch) => watch.watchState), ...this.#workflows.watches];
  }

  async stop(): Promise<void> {
    for (const watch of Object.values(this.#watches)) watch.stop();
    await Promise.all([this.#queue.stop(), this.#workflows.stop(), ...this.#running]);
  }

  /**
   * No decision before the first lists are complete: what is not listed yet must not look missing. Called once more when
   * something that we had no right to is known after all.
   */
  begin(): void {
    if (!this.settled) return;
    this.#started = true;
    for (const pod of this.#pods.gone()) this.#forgetUnowned(pod);
    this.lookAtAll();
    this.#workflows.begin();
  }

  /** Every TaskRun, once more: its next look may have been planned by a clock that was wrong. */
  lookAtAll(): void {
    for (const key of this.#taskRuns.keys()) this.#enqueue(key);
    this.#workflows.lookAtAll();
  }

  /** A node went, came, or was marked: that may prove an end that nobody reported. */
  nodeChanged(name: string): void {
    for (const taskRun of this.#taskRuns.dependingOn(name)) this.#enqueue(taskRunKey(taskRun));
    for (const pod of this.#pods.dependingOn(name)) this.#enqueue(ownerKey(pod));
  }

  /** Only those who wait for it are told: what runs was made from what the template said then. */
  #templateChanged(after: PodTemplateRecord | undefined): void {
    if (after === undefined) return;
    for (const key of this.#waiting.keysFor(keyOf(after))) this.#enqueue(key);
  }

  /** Why no PodTemplate can be known. */
  #templatesRefused(): string | undefined {
    const { synced, trouble } = this.#watches.podtemplates;
    return synced ? undefined : (trouble ?? "");
  }

  #taskRunChanged(before: TaskRunRecord | undefined, after: TaskRunRecord | undefined): void {
    this.#scope.tally.taskRun(before, after);
    this.#workflows.taskRunChanged(before, after);
    if (before !== undefined && before.uid !== after?.uid) this.#passes.drop(before.uid);
    // One that is gone too: its pass finds nothing and drops what was planned.
    const known = after ?? before;
    if (known !== undefined) this.#enqueue(taskRunKey(known));
  }

  #podChanged(before: PodRecord | undefined, after: PodRecord | undefined): void {
    if (this.#started && after !== undefined) this.#scope.tally.pod(before, after, this.#ownerOf(after));
    if (this.#started && after?.gone !== undefined) this.#forgetUnowned(after);
    for (const pod of before?.ownerUid === after?.ownerUid ? [after] : [before, after]) {
      this.#enqueue(pod && ownerKey(pod));
    }
  }

  #ownerOf(pod: PodRecord): TaskRunRecord | undefined {
    return this.#taskRuns.get(ownerKey(pod) ?? "");
  }

  /** Nobody is left to read the last state of this pod. */
  #forgetUnowned(pod: PodRecord): void {
    if (this.#ownerOf(pod)?.uid !== pod.ownerUid) this.#pods.forget(pod.uid);
  }

  #enqueue(key: string | undefined): void {
    if (this.#started && key !== undefined) this.#queue.add(key);
  }
}

type Source<R extends ObjectRecord> = Pick<ReflectorOptions<R>, "resource" | "store" | "decode" | "optional">;

interface Watches {
  readonly taskruns: Reflector<TaskRunRecord>;
  readonly pods: Reflector<PodRecord>;
  readonly podtemplates: Reflector<PodTemplateRecord>;
}

/** The node of the pod that the status names: all that tells of a pod that vanished while we were away. */
function nodeInUse({ status }: TaskRunRecord): string | undefined {
  return TERMINAL_PHASES.has(status.phase ?? "") ? undefined : status.nodeName;
}

/**
 * The first request to delete a pod is the one that counts. The kubelet's last one (grace 0) makes the API server move
 * deletionTimestamp to the removal (pkg/registry/rest/delete.go, BeforeDelete), later than any container's end.
 */
function merge(known: PodRecord, next: PodRecord): PodRecord {
  const before = known.deletionAskedMs;
  const later = before !== undefined && next.deletionAskedMs !== undefined && next.deletionAskedMs > before;
  const unasked = known.endedUnasked === true || (before === undefined && known.main.state === "terminated");
  const { placedVersion } = known;
  if (!later && !unasked && placedVersion === undefined) return next;
  return Object.freeze({
    ...next,
    ...(later && { deletionAskedMs: before }),
    ...(unasked && { endedUnasked: true }),
    ...(placedVersion !== undefined && { placedVersion }),
  });
}

/** Pods of TaskRuns leave their last state behind: how an attempt ended may be written there and nowhere else. */
function keepGone(last: PodRecord, how: "seen" | "missed"): PodRecord | undefined {
  return last.ownerUid === undefined ? undefined : Object.freeze({ ...last, gone: how });
}
