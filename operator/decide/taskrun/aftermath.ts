/**
 * What remains of an attempt, and of a TaskRun, after its end: podRetention, ttlSecondsAfterFinished and ttlAction.
 * Nothing here is done before the end stands in the stored status.
 *
 * Nor before `keepNamesUntil`: a request that another process sent before we took over may still be under way. If it makes a
 * pod of ours, the ended pod under its name is what keeps it from running a second time.
 */
import type { Action } from "../../api/action.ts";
import { compact, timeMs } from "../../api/decode.ts";
import { Reason } from "../../api/names.ts";
import type { PodRecord, TaskRunRecord } from "../../api/records.ts";
import type { TaskRunStatus } from "../../api/types.ts";
import type { AttemptStatus, Facts } from "./facts.ts";
import { provenEnded } from "./proof.ts";

export interface Aftermath {
  readonly actions?: readonly Action[];
  readonly status?: Readonly<TaskRunStatus>;
  readonly wakeAt?: number;
}

/**
 * Deletes the pods that podRetention does not keep, of all that are given. Their logs go with them.
 * @param recorded pods whose attempt's end is in the stored status, together with the proof that nothing of them runs
 */
export function unkeptPods(facts: Facts, recorded: readonly PodRecord[]): Pick<Aftermath, "actions" | "wakeAt"> {
  const { taskRun, settings } = facts;
  const { podRetention: retention } = settings;
  // Those of a TaskRun that goes, go with it.
  if (retention === "Always" || taskRun.deletion !== undefined || facts.foreign || isOverdue(facts)) return {};
  const succeeded = (pod: PodRecord): boolean =>
    facts.recorded.some(({ number, reason }) => number === pod.attempt && reason === Reason.Succeeded);
  const last = facts.recorded.at(-1)?.number ?? 0;
  const ended = recorded.filter(
    (pod) => provenEnded(pod, facts.nodes) && (pod.attempt ?? Number.POSITIVE_INFINITY) <= last,
  );
  const unkept = ended.filter((pod) => retention === "Never" || succeeded(pod));
  const actions = unkept.flatMap((pod) => remove(pod, "PodRetention"));
  if (actions.length === 0) return {};
  return facts.now < facts.keepNamesUntil ? { wakeAt: facts.keepNamesUntil } : { actions };
}

/** Once a finished TaskRun has stayed as long as it should: the object goes, or all of it but the outcome. */
export function afterTime(facts: Facts): Aftermath | undefined {
  const { taskRun, now, before } = facts;
  const at = overdueAt(facts);
  if (at === undefined || taskRun.deletion !== undefined) return undefined;
  if (now < at) return { wakeAt: at };
  const { uid, resourceVersion } = taskRun;
  if (ttlAction(taskRun) === "Delete")
    return { actions: [{ kind: "DeleteTaskRun", uid, resourceVersion }], status: before };
  const left = facts.own.filter((pod) => pod.gone === undefined);
  if (left.length > 0) return { actions: left.flatMap((pod) => remove(pod, "TimeToLive")), status: before };
  return { status: compacted(taskRun, before) };
}

/** A tool that keeps the object as its repository says would make a deleted one again, and the task would run again. */
function ttlAction({ spec, ownerUid, foreignOwner, tracked }: TaskRunRecord): "Delete" | "Compact" {
  const isOwned = ownerUid !== undefined || foreignOwner === true;
  return spec.ttlAction ?? (!isOwned && tracked === true ? "Compact" : "Delete");
}

function isOverdue(facts: Facts): boolean {
  const at = overdueAt(facts);
  return at !== undefined && facts.now >= at;
}

/** undefined: never. What was compacted once stays as it is. */
function overdueAt(facts: Facts): number | undefined {
  const { settings, finished, before } = facts;
  const { ttlSeconds: seconds } = settings;
  const end = timeMs(before.completionTime);
  if (!finished || before.compacted === true || seconds === undefined || end === undefined) return undefined;
  return Math.max(end + seconds * 1000, facts.keepNamesUntil);
}

/** The outcome, and what tells whether the same work was run already. */
function compacted({ work, generation }: TaskRunRecord, before: Readonly<TaskRunStatus>): TaskRunStatus {
  const { phase, attempt, failures, startTime, completionTime, duration, exitCode, results } = before;
  return compact<TaskRunStatus>({
    phase,
    observedGeneration: generation,
    attempt,
    failures,
    startTime,
    completionTime,
    duration,
    exitCode,
    results,
    workHash: work,
    compacted: true,
    // Its number: no later attempt may have it again.
    attempts: before.attempts?.slice(-1).map(gistOf),
    conditions: before.conditions?.map((one) => ({ ...one, observedGeneration: generation })),
  });
}

function gistOf({ number, reason, exitCode, workHash, completionTime }: AttemptStatus): AttemptStatus {
  return compact<AttemptStatus>({ number, reason, exitCode, workHash, completionTime });
}

/** Asked once, and only as we saw it. */
function remove(pod: PodRecord, because: "PodRetention" | "TimeToLive"): readonly Action[] {
  if (pod.gone !== undefined || pod.deletionAskedMs !== undefined) return [];
  const { name, uid, resourceVersion } = pod;
  return [{ kind: "DeletePod", name, uid, resourceVersion, because }];
}
