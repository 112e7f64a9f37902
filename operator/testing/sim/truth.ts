/**
 * What really happened to every pod, whatever anybody was told: who created, deleted and removed it, what ran when, and
 * what the kubelet reported. Only the simulated world writes it; the invariants read it.
 */
import { attemptOf, controllerOf, keyOf, mainContainerOf, podEnded, type Pod, type Terminated } from "./objects.ts";
import type { Change } from "./apiserver/store.ts";

/** How the main container's end stands in the API. */
export interface Report {
  readonly exitCode: number;
  readonly reason: string;
  readonly finishedAt: string | null;
  /** The pod was already being deleted when the kubelet wrote this. */
  readonly whileDeleting: boolean;
}

export interface PodRecord {
  readonly uid: string;
  readonly key: string;
  readonly createdBy: string;
  /** The controlling TaskRun; undefined for a stranger's pod. */
  readonly owner: { readonly uid: string; readonly key: string; readonly attempt: number } | undefined;
  readonly restartPolicy: string | undefined;
  node: string | undefined;
  /** Containers that run at this moment. */
  readonly alive: Set<string>;
  started: boolean;
  report: Report | undefined;
  /** The pod's phase is Succeeded or Failed: the kubelet says nothing of it runs any more. */
  ended: boolean;
  deletionBy: string | undefined;
  removedBy: string | undefined;
  /** Its end stood in the API before its deletion was asked for. */
  endedFirst: boolean;
  /** Its TaskRun was deleted with the wish that its pods stay: it is nobody's now. */
  orphaned: boolean;
  /** Its node was lost while it was there. */
  nodeLost: boolean;
  /** Some TaskRun's status has named this uid. */
  named: boolean;
}

/** The records, and the two places where containers start and stop. */
export class Truth {
  readonly pods: Map<string, PodRecord> = new Map<string, PodRecord>();
  readonly #byOwner = new Map<string, PodRecord[]>();
  /** Called when a container has started. */
  onStart: (record: PodRecord) => void = () => undefined;

  readonly #startListeners = new Map<string, (() => void)[]>();

  /** Calls `listener` whenever a container of one of this TaskRun's pods has started. */
  onStartOf(ownerKey: string, listener: () => void): void {
    this.#startListeners.set(ownerKey, [...(this.#startListeners.get(ownerKey) ?? []), listener]);
  }

  /** To be called for every change of a pod, before anybody else looks at it. */
  note({ type, object, by }: Change): void {
    const pod = object as Pod;
    const record = this.pods.get(pod.metadata.uid) ?? this.#create(pod, by);
    record.node ??= pod.spec?.nodeName;
    if (record.deletionBy === undefined) record.endedFirst = record.ended;
    if (pod.metadata.deletionTimestamp !== undefined) record.deletionBy ??= by;
    record.orphaned = record.owner !== undefined && controllerOf(pod) === undefined;
    if (type === "DELETED") {
      record.deletionBy ??= by;
      record.removedBy = by;
      return;
    }
    record.ended = podEnded(pod);
    const main = mainContainerOf(pod);
    const terminated = pod.status?.containerStatuses?.find(({ name }) => name === main)?.state.terminated;
    if (terminated !== undefined && record.report === undefined) record.report = reportOf(pod, terminated);
  }

  /** Containers of TaskRuns' pods run somewhere. */
  get anyAlive(): boolean {
    for (const { owner, orphaned, alive } of this.pods.values()) {
      if (owner !== undefined && !orphaned && alive.size > 0) return true;
    }
    return false;
  }

  ofOwner(uid: string): readonly PodRecord[] {
    return this.#byOwner.get(uid) ?? [];
  }

  containerStarted(uid: string, container: string): void {
    const record = this.pods.get(uid);
    if (record === undefined) return;
    record.alive.add(container);
    record.started = true;
    this.onStart(record);
    for (const listener of this.#startListeners.get(record.owner?.key ?? "") ?? []) listener();
  }

  containerEnded(uid: string, container: string): void {
    this.pods.get(uid)?.alive.delete(container);
  }

  nodeLost(name: string): void {
    for (const record of this.pods.values()) {
      // Of one that was removed before anybody reported its end, the loss of its node is the only proof there will be.
      const isOpen = record.removedBy === undefined || record.report === undefined;
      if (record.node === name && isOpen) record.nodeLost = true;
    }
  }

  #create(pod: Pod, createdBy: string): PodRecord {
    const controller = controllerOf(pod);
    const attempt = attemptOf(pod);
    const owner =
      controller?.kind === "TaskRun" && attempt !== undefined
        ? { uid: controller.uid, key: `${pod.metadata.namespace}/${controller.name}`, attempt }
        : undefined;
    const record: PodRecord = {
      uid: pod.metadata.uid,
      key: keyOf(pod),
      createdBy,
      owner,
      restartPolicy: pod.spec?.restartPolicy,
      node: undefined,
      alive: new Set(),
      started: false,
      report: undefined,
      ended: false,
      deletionBy: undefined,
      removedBy: undefined,
      endedFirst: false,
      orphaned: false,
      nodeLost: false,
      named: false,
    };
    this.pods.set(record.uid, record);
    if (owner !== undefined) this.#byOwner.set(owner.uid, [...(this.#byOwner.get(owner.uid) ?? []), record]);
    return record;
  }
}

function reportOf(pod: Pod, { exitCode, reason, finishedAt }: Terminated): Report {
  return { exitCode, reason, finishedAt, whileDeleting: pod.metadata.deletionTimestamp !== undefined };
}
