/** Changed object -> the key to look at. Nobody downstream learns what the change was. */
import type { PodRecord, TaskRunRecord } from "../api/records.ts";

/** A TaskRun is its own key. */
export function taskRunKey(taskRun: Pick<TaskRunRecord, "namespace" | "name">): string {
  return `${taskRun.namespace}/${taskRun.name}`;
}

/** A pod concerns its controlling TaskRun; pods of others concern nobody. */
export function ownerKey(pod: Pick<PodRecord, "namespace" | "ownerName">): string | undefined {
  return pod.ownerName === undefined ? undefined : `${pod.namespace}/${pod.ownerName}`;
}
