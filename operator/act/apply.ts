/** One action -> one call. Answers that are part of the game come back as values; the rest is thrown as ApiError. */
import { unreachable } from "../api/action.ts";
import type { Action, Refusal } from "../api/action.ts";
import { object, text } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import { TASKRUNS } from "../api/paths.ts";
import { Label } from "../api/names.ts";
import { controllerOf } from "../api/metadata.ts";
import type { TaskRunRecord } from "../api/records.ts";
import type { Cluster } from "./cluster.ts";
import { ApiError } from "./errors.ts";

export type Applied =
  /** `pod` as the server replied; undefined if nothing had to be done. */
  | { readonly kind: "done"; readonly pod: unknown }
  | { readonly kind: "refused"; readonly refusal: Pick<Refusal, "kind" | "message"> };

/** `manifest` makes the pod of a CreatePod. */
export async function apply(
  action: Action,
  taskRun: TaskRunRecord,
  cluster: Cluster,
  manifest: (action: Action & { kind: "CreatePod" }) => Promise<Json>,
): Promise<Applied> {
  switch (action.kind) {
    case "CreatePod":
      return await createPod(action, taskRun, cluster, await manifest(action));
    case "DeletePod":
      return await deletePod(action, taskRun.namespace, cluster);
    case "DeleteTaskRun":
      return await deleteTaskRun(action, taskRun, cluster);
    default:
      return unreachable(action);
  }
}

async function createPod(
  action: Action & { kind: "CreatePod" },
  taskRun: TaskRunRecord,
  cluster: Cluster,
  body: Json,
): Promise<Applied> {
  const { onlyIfGone } = action;
  if (onlyIfGone !== undefined && (await exists(onlyIfGone, taskRun.namespace, cluster))) {
    const message = `pod ${onlyIfGone.name} of the last attempt still exists, without its label ${Label.TaskRun}; delete it to go on`;
    return { kind: "refused", refusal: { kind: "Unavailable", message } };
  }
  try {
    return { kind: "done", pod: await cluster.createPod(taskRun.namespace, body) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.kind === "exists") return await adopt(action, taskRun, cluster);
    const kind = REFUSALS[error.kind];
    if (kind === undefined) throw error;
    return { kind: "refused", refusal: { kind, message: error.message } };
  }
}

/**
 * A create whose reply was lost: did the server make the pod? undefined if it did not, or if the pod is a stranger's.
 * @throws ApiError
 */
export async function findCreated(
  action: Action & { kind: "CreatePod" },
  taskRun: TaskRunRecord,
  cluster: Cluster,
): Promise<unknown> {
  try {
    const found = await adopt(action, taskRun, cluster);
    return found.kind === "done" ? found.pod : undefined;
  } catch (error) {
    if (error instanceof ApiError && error.kind === "gone") return undefined;
    throw error;
  }
}

/** @throws ApiError */
async function exists(pod: { name: string; uid: string }, namespace: string, cluster: Cluster): Promise<boolean> {
  try {
    const found = object(object(await cluster.getPod(namespace, pod.name))["metadata"]);
    return found["uid"] === pod.uid;
  } catch (error) {
    if (error instanceof ApiError && error.kind === "gone") return false;
    throw error;
  }
}

/** Failures of a create that say something about this pod; the others say only that the server could not be asked. */
const REFUSALS: { readonly [K in ApiError["kind"]]?: Refusal["kind"] } = {
  invalid: "Invalid",
  policy: "PolicyForbidden",
  forbidden: "Forbidden",
  quota: "Quota",
  gone: "Unavailable",
};

/** The name is taken: by our own earlier create, if owner uid and attempt are ours; by a stranger otherwise. */
async function adopt(
  action: Action & { kind: "CreatePod" },
  taskRun: TaskRunRecord,
  cluster: Cluster,
): Promise<Applied> {
  const found = await cluster.getPod(taskRun.namespace, action.name);
  const metadata = object(object(found)["metadata"]);
  const owner = controllerOf(metadata, "TaskRun");
  const attempt = text(object(metadata["labels"])[Label.Attempt]);
  if (owner["uid"] === taskRun.uid && attempt === String(action.attempt)) {
    return { kind: "done", pod: found };
  }
  const whose = text(owner["name"]) === undefined ? "another owner" : `TaskRun ${String(owner["name"])}`;
  const message =
    `Pod ${action.name} exists already and belongs to ${whose}. ` +
    "Delete that pod or give this TaskRun another name, then create the TaskRun again.";
  return { kind: "refused", refusal: { kind: "NameTaken", message } };
}

async function deletePod(
  action: Action & { kind: "DeletePod" },
  namespace: string,
  cluster: Cluster,
): Promise<Applied> {
  const { name, uid, resourceVersion } = action;
  try {
    return { kind: "done", pod: await cluster.deletePod(namespace, name, { uid, resourceVersion }) };
  } catch (error) {
    // Gone already, or changed since we looked: the store will show it and the plan is made anew.
    if (error instanceof ApiError && error.kind === "gone") return { kind: "done", pod: undefined };
    throw error;
  }
}

async function deleteTaskRun(
  { uid, resourceVersion }: Action & { kind: "DeleteTaskRun" },
  { namespace, name }: TaskRunRecord,
  cluster: Cluster,
): Promise<Applied> {
  try {
    await cluster.remove(TASKRUNS, { namespace, name }, { uid, resourceVersion });
  } catch (error) {
    if (!(error instanceof ApiError) || error.kind !== "gone") throw error;
  }
  return { kind: "done", pod: undefined };
}
