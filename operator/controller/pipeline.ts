/** One scope (all namespaces, or one): two reflectors fill two stores, changes become keys, keys become passes. */
import type { Cluster } from "../act/cluster.ts";
import type { Defaults } from "../api/defaults.ts";
import { Reason } from "../api/names.ts";
import { PODS, TASKRUNS } from "../api/paths.ts";
import { decodePod } from "../api/pod.ts";
import type { Port } from "../api/port.ts";
import type { PodRecord, TaskRunRecord } from "../api/records.ts";
import { decodeTaskRun } from "../api/taskrun.ts";
import { OwnWrites } from "../queue/ownwrites.ts";
import { ownerKey, taskRunKey } from "../queue/route.ts";
import type { WorkQueue } from "../queue/workqueue.ts";
import { Reflector } from "../watch/reflector.ts";
import { Store } from "../watch/store.ts";
import { startController } from "./controller.ts";
import { TaskRuns } from "./taskruns.ts";

/** A status can be written by others, too: no word of theirs becomes a label. */
const REASONS: ReadonlySet<string> = new Set(Object.values(Reason));

export interface Scope {
  readonly port: Port;
  readonly cluster: Cluster;
  /** "" for all namespaces. */
  readonly namespace: string;
  readonly defaults: Defaults;
  /** Told of every TaskRun that changed its phase; undefined: it was not there, or is gone. */
  readonly onPhase: (from: string | undefined, to: string | undefined) => void;
}

export interface WatchState {
  readonly resource: string;
  /** "" for all namespaces. */
  readonly namespace: string;
  /** Milliseconds since the server last showed life on this watch. */
  readonly ageMs: number;
  /** The first list is complete. */
  readonly synced: boolean;
  /** What is in the way, in the server's words where it gave any. */
  readonly trouble: string | undefined;
}

export class Pipeline {
  readonly #scope: Scope;
  readonly #taskRuns: Store<TaskRunRecord>;
  readonly #pods: Store<PodRecord>;
  readonly #taskRunWatch: Reflector<TaskRunRecord>;
  readonly #podWatch: Reflector<PodRecord>;
  readonly #passes: TaskRuns;
  readonly #queue: WorkQueue;
  readonly #running: readonly Promise<void>[];
  #started = false;

  constructor(scope: Scope) {
    const { port, cluster, namespace, defaults } = scope;
    const onSynced = (): void => this.#begin();
    this.#scope = scope;
    this.#taskRuns = new Store({ onChange: (before, after) => this.#taskRunChanged(before, after) });
    this.#pods = new Store({ onChange: (before, after) => this.#podChanged(before, after), keepGone, merge });
    const taskRunSource = { resource: TASKRUNS, namespace, store: this.#taskRuns, decode: decodeTaskRun, onSynced };
    this.#taskRunWatch = new Reflector(port, taskRunSource);
    this.#podWatch = new Reflector(port, { resource: PODS, namespace, store: this.#pods, decode: decodePod, onSynced });
    this.#passes = new TaskRuns({
      port,
      cluster,
      taskRuns: this.#taskRuns,
      pods: this.#pods,
      defaults,
      ownWrites: new OwnWrites(port),
      renew: (resource, how) => (resource === "pods" ? this.#podWatch : this.#taskRunWatch).renew(how),
    });
    this.#queue = startController(port, {
      kind: "TaskRun",
      namespace,
      pass: async (key) => await this.#passes.pass(key),
    });
    this.#running = [this.#taskRunWatch.run(), this.#podWatch.run()];
  }

  /** Both first lists are complete. */
  get synced(): boolean {
    return this.#taskRunWatch.synced && this.#podWatch.synced;
  }

  get watches(): readonly WatchState[] {
    const { namespace } = this.#scope;
    const watches = [[TASKRUNS, this.#taskRunWatch] as const, [PODS, this.#podWatch] as const];
    return watches.map(([{ name: resource }, { ageMs, synced, trouble }]) => {
      return { resource, namespace, ageMs, synced, trouble };
    });
  }

  async stop(): Promise<void> {
    this.#taskRunWatch.stop();
    this.#podWatch.stop();
    await Promise.all([this.#queue.stop(), ...this.#running]);
  }

  /** No decision before both first lists are complete: a pod that is not listed yet must not look missing. */
  #begin(): void {
    if (!this.synced) return;
    this.#started = true;
    for (const pod of this.#pods.gone()) this.#forgetUnowned(pod);
    this.lookAtAll();
  }

  /** Every TaskRun, once more: its next look may have been planned by a clock that was wrong. */
  lookAtAll(): void {
    for (const key of this.#taskRuns.keys()) this.#enqueue(key);
  }

  #taskRunChanged(before: TaskRunRecord | undefined, after: TaskRunRecord | undefined): void {
    this.#scope.onPhase(before?.status.phase, after?.status.phase);
    if (before !== undefined && before.uid === after?.uid) this.#countEnded(before, after);
    if (before !== undefined && before.uid !== after?.uid) this.#passes.drop(before.uid);
    // One that is gone too: its pass finds nothing and drops what was planned.
    const known = after ?? before;
    if (known !== undefined) this.#enqueue(taskRunKey(known));
  }

  /** Counted when the store shows them: then they are recorded, whatever became of the reply to our write. */
  #countEnded(before: TaskRunRecord, after: TaskRunRecord): void {
    const recorded = before.status.attempts?.at(-1)?.number ?? 0;
    for (const { number, reason } of after.status.attempts ?? []) {
      const known = REASONS.has(reason) ? reason : "other";
      if (number > recorded) this.#scope.port.meter.count("attempts", { reason: known });
    }
  }

  #podChanged(before: PodRecord | undefined, after: PodRecord | undefined): void {
    if (this.#started && after?.gone !== undefined) this.#forgetUnowned(after);
    for (const pod of before?.ownerUid === after?.ownerUid ? [after] : [before, after]) {
      const key = pod && ownerKey(pod);
      if (key !== undefined) this.#enqueue(key);
    }
  }

  /** Nobody is left to read the last state of this pod. */
  #forgetUnowned(pod: PodRecord): void {
    if (this.#taskRuns.get(ownerKey(pod) ?? "")?.uid !== pod.ownerUid) this.#pods.forget(pod.uid);
  }

  #enqueue(key: string): void {
    if (this.#started) this.#queue.add(key);
  }
}

/**
 * The first request to delete a pod is the one that counts. The kubelet's last one (grace 0) makes the API server move
 * deletionTimestamp to the removal (pkg/registry/rest/delete.go, BeforeDelete), later than any container's end.
 */
function merge(known: PodRecord, next: PodRecord): PodRecord {
  const before = known.deletionAskedMs;
  const later = before !== undefined && next.deletionAskedMs !== undefined && next.deletionAskedMs > before;
  const unasked = known.endedUnasked === true || (before === undefined && known.main.state === "terminated");
  if (!later && !unasked) return next;
  return Object.freeze({ ...next, ...(later && { deletionAskedMs: before }), ...(unasked && { endedUnasked: true }) });
}

/** Pods of TaskRuns leave their last state behind: how an attempt ended may be written there and nowhere else. */
function keepGone(last: PodRecord, how: "seen" | "missed"): PodRecord | undefined {
  return last.ownerUid === undefined ? undefined : Object.freeze({ ...last, gone: how });
}
