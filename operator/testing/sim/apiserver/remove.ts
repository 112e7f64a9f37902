/** Deletion: preconditions, grace, finalizers and propagation, in the order the real API server looks at them. */
import type { ApiResponse } from "../../../api/port.ts";
import { isRecord, type Pod, podEnded, type Stored, timestamp } from "../objects.ts";
import { conflict } from "./failure.ts";
import { PODS, type Resource, type Route } from "./resources.ts";
import { jsonOf, type Store } from "./store.ts";

export const FOREGROUND = "foregroundDeletion";
export const ORPHAN = "orphan";

interface Deletion {
  readonly current: Stored;
  readonly route: Route;
  readonly options: Readonly<Record<string, unknown>>;
  readonly by: string;
}

/** Deletes, or marks as being deleted. */
export function removeObject(
  { store, nowMs }: { readonly store: Store; readonly nowMs: number },
  deletion: Deletion,
): ApiResponse {
  const { current, route, options, by } = deletion;
  const refusal = failedPrecondition(route.resource, current, options["preconditions"]);
  if (refusal !== undefined) return refusal;
  const next = marked(deletion, nowMs);
  const { deletionGracePeriodSeconds: grace = 0, finalizers = [] } = next.metadata;
  const { name } = route.resource;
  if (grace === 0 && finalizers.length === 0) {
    // Only kinds with grace are marked first, so that watchers of pods see MODIFIED, then DELETED.
    const isMarked = route.resource !== PODS || jsonOf(next) === jsonOf(current);
    const last = isMarked ? current : store.put(name, next, by);
    return deleted(route.resource, store.remove(name, last, by));
  }
  if (jsonOf(next) === jsonOf(current)) return answer(current);
  return answer(store.put(name, next, by));
}

/** The object with its deletion noted; unchanged if it was already being deleted at least as soon. */
function marked({ current, route, options }: Deletion, nowMs: number): Stored {
  const { metadata } = current;
  const asked = options["gracePeriodSeconds"];
  if (metadata.deletionTimestamp !== undefined) {
    const left = metadata.deletionGracePeriodSeconds ?? 0;
    if (typeof asked !== "number" || asked >= left) return current;
    // The time of the first request stays what it was; only the grace becomes shorter.
    const wanted = Math.max(asked, 0);
    const firstAskedMs = Date.parse(metadata.deletionTimestamp) - left * 1000;
    const deletionTimestamp = timestamp(firstAskedMs + wanted * 1000);
    return { ...current, metadata: { ...metadata, deletionTimestamp, deletionGracePeriodSeconds: wanted } };
  }
  const wanted = graceOf(route.resource, current, asked);
  const policy = options["propagationPolicy"];
  const added = policy === "Foreground" ? [FOREGROUND] : policy === "Orphan" ? [ORPHAN] : [];
  const finalizers = [...(metadata.finalizers ?? []), ...added];
  return {
    ...current,
    metadata: {
      ...metadata,
      generation: (metadata.generation ?? 1) + 1,
      deletionTimestamp: timestamp(nowMs + wanted * 1000),
      deletionGracePeriodSeconds: wanted,
      ...(finalizers.length === 0 ? {} : { finalizers }),
    },
  };
}

/** Only pods have grace, and only those that a kubelet may still be running. */
function graceOf(resource: Resource, object: Stored, wanted: unknown): number {
  if (resource !== PODS) return 0;
  const pod = object as Pod;
  if (pod.spec?.nodeName === undefined || podEnded(pod)) return 0;
  if (typeof wanted === "number") return wanted < 0 ? 1 : wanted;
  return pod.spec.terminationGracePeriodSeconds ?? 30;
}

function failedPrecondition(resource: Resource, { metadata }: Stored, wanted: unknown): ApiResponse | undefined {
  if (!isRecord(wanted)) return undefined;
  const { uid, resourceVersion } = wanted;
  if (typeof uid === "string" && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}).`;
    return conflict(resource, metadata.name, `${why} The object might have been deleted and then recreated`);
  }
  if (typeof resourceVersion === "string" && resourceVersion !== metadata.resourceVersion) {
    const versions = `(${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion})`;
    const why = `the ResourceVersion in the precondition ${versions}. The object might have been modified`;
    return conflict(resource, metadata.name, why);
  }
  return undefined;
}

/** The reply to a deletion done: pods are returned, custom resources answered with a Status. */
function deleted(resource: Resource, last: Stored): ApiResponse {
  if (resource === PODS) return answer(last);
  const { name, uid } = last.metadata;
  const details = { name, group: resource.group, kind: resource.name, uid };
  return { status: 200, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details } };
}

function answer(object: Stored): ApiResponse {
  return { status: 200, body: JSON.parse(jsonOf(object)) as unknown };
}
