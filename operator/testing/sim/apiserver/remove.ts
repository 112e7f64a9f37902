/** Deletion: preconditions, grace, finalizers and propagation, in the order the real API server looks at them. */
import { isDeepStrictEqual } from "node:util";
import type { ApiResponse } from "../../../api/port.ts";
import { isRecord, type ObjectMeta, type Pod, podEnded, type Stored, timestamp } from "../objects.ts";
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
  moment: { readonly store: Store; readonly nowMs: number },
  deletion: Deletion,
): ApiResponse {
  const { store, nowMs } = moment;
  const { current, route, options, by } = deletion;
  const refusal = failedPrecondition(route.resource, current, options["preconditions"]);
  if (refusal !== undefined) return refusal;
  const next = marked(deletion, nowMs);
  const { deletionGracePeriodSeconds: grace = 0, finalizers = [] } = next.metadata;
  const { name } = route.resource;
  if (grace === 0 && finalizers.length === 0) {
    // Only kinds with grace are marked first, so that watchers of pods see MODIFIED, then DELETED.
    const isMarked = route.resource !== PODS || isDeepStrictEqual(next, current);
    const last = isMarked ? current : store.put(name, next, by);
    return deleted(route.resource, store.remove(name, last, by));
  }
  if (isDeepStrictEqual(next, current)) return answer(current);
  return answer(store.put(name, next, by));
}

/** The object with its deletion noted; unchanged if it is already being deleted at least as soon. */
function marked({ current, route, options }: Deletion, nowMs: number): Stored {
  const { metadata } = current;
  // Servers since 1.27 take a negative grace for one second.
  const given = options["gracePeriodSeconds"];
  const asked = typeof given === "number" ? (given < 0 ? 1 : given) : undefined;
  if (metadata.deletionTimestamp === undefined) {
    const grace = graceOf(route.resource, current, asked);
    const generation = metadata.generation === undefined ? {} : { generation: metadata.generation + 1 };
    const asOf = { deletionTimestamp: timestamp(nowMs + grace * 1000), deletionGracePeriodSeconds: grace };
    return { ...current, metadata: { ...withPolicy(metadata, options), ...generation, ...asOf } };
  }
  const left = metadata.deletionGracePeriodSeconds ?? 0;
  if (left === 0) return { ...current, metadata: withPolicy(metadata, options) };
  if (asked === undefined || asked >= left) return current;
  // Counted from the first request, but never into the past: then the grace left is one second, or none if none was asked for.
  const shortenedMs = Date.parse(metadata.deletionTimestamp) + (asked - left) * 1000;
  const late = shortenedMs < nowMs;
  const asOf = {
    deletionTimestamp: timestamp(late ? nowMs : shortenedMs),
    deletionGracePeriodSeconds: late && asked !== 0 ? 1 : asked,
  };
  return { ...current, metadata: { ...withPolicy(metadata, options), ...asOf } };
}

/** What is to happen to dependents is kept as a finalizer; a policy replaces an earlier one. */
function withPolicy(metadata: ObjectMeta, options: Deletion["options"]): ObjectMeta {
  const policy = options["propagationPolicy"];
  if (policy === undefined) return metadata;
  const { finalizers = [], ...rest } = metadata;
  const wanted = policy === "Foreground" ? [FOREGROUND] : policy === "Orphan" ? [ORPHAN] : [];
  const isNote = (finalizer: string): boolean => finalizer === FOREGROUND || finalizer === ORPHAN;
  if (isDeepStrictEqual(finalizers.filter(isNote), wanted)) return metadata;
  const next = [...finalizers.filter((finalizer) => !isNote(finalizer)), ...wanted];
  return next.length === 0 ? rest : { ...rest, finalizers: next };
}

/** Only pods have grace, and only those that a kubelet may still be running. */
function graceOf(resource: Resource, object: Stored, wanted: number | undefined): number {
  if (resource !== PODS) return 0;
  const pod = object as Pod;
  if (pod.spec?.nodeName === undefined || podEnded(pod)) return 0;
  return wanted ?? pod.spec.terminationGracePeriodSeconds ?? 30;
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
