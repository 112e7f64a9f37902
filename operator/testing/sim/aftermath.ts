/**
 * What may and what must happen after an end: which pods go and which stay, when a TaskRun is deleted or compacted, and
 * that no outcome is lost on the way. Judged by the spec alone, never by what the operator says of it.
 */
import type { Change, Store } from "./apiserver/store.ts";
import { controllerOf, isTerminalPhase, keyOf, podEnded, type Pod, type TaskRun } from "./objects.ts";
import type { Problem } from "./statusrules.ts";

export interface AftermathOptions {
  readonly store: Store;
  /** Wall clock, milliseconds. */
  readonly nowMs: () => number;
  /** How far the clock of an operator has ever been ahead of it. */
  readonly aheadMs: () => number;
}

/** The API keeps the last 10 attempts. */
const ATTEMPTS_KEPT = 10;
/** A time to live that ends later than this is not waited for. */
const AWAITED_MS_MAX = 1_800_000;

/** Fields a compacted status has no more. */
const SHED = ["podName", "podUID", "nodeName", "log", "memory", "nextAttemptTime"] as const;
/** Fields that stay as they were. */
const KEPT = ["phase", "attempt", "startTime", "completionTime", "exitCode", "duration", "results"] as const;

/** Watches what the operator takes away. */
export class Aftermath {
  readonly #options: AftermathOptions;
  /** TaskRuns as they were before the operator compacted or deleted them, by uid. */
  readonly #whole = new Map<string, TaskRun>();
  readonly #deleted = new Map<string, TaskRun>();

  constructor(options: AftermathOptions) {
    this.#options = options;
  }

  /** The TaskRun of this name with all that was ever known of its end; undefined if a user, or nobody, took it away. */
  wholeOf(key: string): TaskRun | undefined {
    const taskRun = this.#options.store.get("taskruns", key) as TaskRun | undefined;
    if (taskRun === undefined) return this.#deleted.get(key);
    return taskRun.status?.compacted === true ? this.#whole.get(taskRun.metadata.uid) : taskRun;
  }

  /** To be called with the operator's deletion of a pod, before it is noted. */
  podDeletion(pod: Pod): Problem | undefined {
    const owner = this.#ownerOf(pod);
    if (owner === undefined || !hasEnded(pod)) return undefined;
    const { metadata, status } = owner;
    const attempt = Number(pod.metadata.labels?.["stint.dev/attempt"]);
    const entry = status?.attempts?.find(({ podUID }) => podUID === pod.metadata.uid);
    if (this.#compactable(owner)) return undefined;
    if (entry === undefined && (status?.attempt ?? 0) - attempt < ATTEMPTS_KEPT) {
      return { rule: "I4 NoLostOutcome", message: `${keyOf(pod)} deleted before its end was recorded` };
    }
    if (!keeps(owner, entry?.reason)) return undefined;
    return { rule: "Retention", message: `${keyOf(pod)} (${entry?.reason}) deleted, ${metadata.name} keeps it` };
  }

  /** To be called with every change of a TaskRun that the operator made. */
  taskRunChange({ type, object, ...rest }: Change): Problem | undefined {
    const is = object as TaskRun;
    const was = (rest.before ?? object) as TaskRun;
    const isMarked = is.metadata.deletionTimestamp !== undefined && was.metadata.deletionTimestamp === undefined;
    if (type === "DELETED" || isMarked) return this.#deletion(was);
    const [before, after] = [was, is].map(({ status }) => status?.compacted === true);
    if (before && !after && isTerminalPhase(was.status?.phase) && isTerminalPhase(is.status?.phase)) {
      return { rule: "I6 MonotonicStatus", message: `${keyOf(is)} was compacted, and is no more` };
    }
    return after && !before ? this.#compaction(was, is) : undefined;
  }

  /** What should be gone by now, or soon, and is not. */
  left(): readonly string[] {
    const { store, nowMs } = this.#options;
    const due = ([...store.values("taskruns")] as readonly TaskRun[]).filter((taskRun) => {
      const at = dueAt(taskRun);
      return taskRun.status?.compacted !== true && at !== undefined && at <= nowMs() + AWAITED_MS_MAX;
    });
    const unkept = ([...store.values("pods")] as readonly Pod[]).filter((pod) => {
      const owner = this.#ownerOf(pod);
      if (owner === undefined || !isTerminalPhase(owner.status?.phase)) return false;
      if (owner.status?.compacted === true) return true;
      const entry = owner.status?.attempts?.find(({ podUID }) => podUID === pod.metadata.uid);
      return hasEnded(pod) && entry !== undefined && !keeps(owner, entry.reason);
    });
    return [...due, ...unkept].map((object) => `${object.kind} ${keyOf(object)} should be gone`);
  }

  #deletion(was: TaskRun): Problem | undefined {
    const early = this.#tooEarly(was);
    if (early !== undefined) return early;
    if (wants(was) !== "Delete") return { rule: "Retention", message: `${keyOf(was)} deleted, it was to be compacted` };
    this.#deleted.set(keyOf(was), was);
    return undefined;
  }

  #compaction(was: TaskRun, is: TaskRun): Problem | undefined {
    const early = this.#tooEarly(was);
    if (early !== undefined) return early;
    const lost = (message: string): Problem => ({ rule: "I4 NoLostOutcome", message: `${keyOf(is)}: ${message}` });
    if (wants(was) !== "Compact")
      return { rule: "Retention", message: `${keyOf(was)} compacted, it was to be deleted` };
    const pod = [...this.#options.store.values("pods")].find(
      (one) => this.#ownerOf(one as Pod)?.metadata.uid === is.metadata.uid,
    );
    if (pod !== undefined)
      return { rule: "L2 NoLeak", message: `${keyOf(is)} compacted, its pod ${keyOf(pod)} is there` };
    const [before, after] = [{ ...was.status }, { ...is.status }];
    const changed = KEPT.find((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
    if (changed !== undefined) return lost(`${changed} changed when it was compacted`);
    const heavy = SHED.find((field) => after[field] !== undefined);
    if (heavy !== undefined) return lost(`compacted, but ${heavy} is left`);
    const said = ({ conditions = [] }: typeof before): unknown =>
      conditions.map(({ reason, message }) => [reason, message]);
    if (JSON.stringify(said(before)) !== JSON.stringify(said(after)))
      return lost("its words changed when it was compacted");
    if (after.workHash === undefined) return lost("compacted without the hash of its work");
    this.#whole.set(is.metadata.uid, was);
    return undefined;
  }

  #tooEarly(was: TaskRun): Problem | undefined {
    const at = dueAt(was);
    if (at !== undefined && this.#latestMs() >= at) return undefined;
    return { rule: "Retention", message: `${keyOf(was)} (${was.status?.phase}) taken away before its time` };
  }

  #compactable(owner: TaskRun): boolean {
    const at = dueAt(owner);
    return at !== undefined && this.#latestMs() >= at && wants(owner) === "Compact";
  }

  /** As late as it could be by any operator's clock. */
  #latestMs(): number {
    return this.#options.nowMs() + this.#options.aheadMs();
  }

  #ownerOf(pod: Pod): TaskRun | undefined {
    const controller = controllerOf(pod);
    if (controller?.kind !== "TaskRun") return undefined;
    const owner = this.#options.store.get("taskruns", `${pod.metadata.namespace}/${controller.name}`);
    return owner?.metadata.uid === controller.uid ? (owner as TaskRun) : undefined;
  }
}

/** Not so the pods of lost nodes, which are only declared dead. */
function hasEnded(pod: Pod): boolean {
  return podEnded(pod) && (pod.status?.containerStatuses ?? []).every(({ state }) => state.running === undefined);
}

/** Whether the pod of an attempt that ended so stays. */
function keeps({ spec }: TaskRun, reason: string | undefined): boolean {
  const { podRetention = "Always" } = spec ?? {};
  return podRetention === "Always" || (podRetention === "OnFailure" && reason !== "Succeeded");
}

/** When the time of a finished TaskRun is over. */
function dueAt({ spec, status }: TaskRun): number | undefined {
  const seconds = spec?.ttlSecondsAfterFinished;
  if (!isTerminalPhase(status?.phase) || seconds === undefined) return undefined;
  return Date.parse(status?.completionTime ?? "") + seconds * 1000;
}

function wants({ metadata, spec }: TaskRun): "Delete" | "Compact" {
  const label = metadata.labels?.["argocd.argoproj.io/instance"];
  const isTracked = (label ?? metadata.annotations?.["argocd.argoproj.io/tracking-id"]) !== undefined;
  const isOwned = (metadata.ownerReferences ?? []).some(({ controller }) => controller === true);
  return spec?.ttlAction ?? (isTracked && !isOwned ? "Compact" : "Delete");
}
