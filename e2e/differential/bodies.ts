/** From an operation to the request one side is sent, filled in with what this side has told before. */
import type { ApiRequest } from "../../operator/api/port.ts";
import { FOREIGN_UID, FOREIGN_VERSION, type Json, type Ledger, metadataOf } from "./ledger.ts";
import type { Create, Delete, Kind, List, PutStatus, Target, Uid, Update, Version, Watch } from "./operations.ts";
import { collection, type Request } from "./side.ts";
import {
  FINALIZER,
  METADATA_CHANGES,
  POD_PHASES,
  POD_SPECS,
  SPEC_CHANGES,
  TASKRUN_SPECS,
  TASKRUN_STATUSES,
} from "./shapes.ts";

const TYPES: Readonly<Record<Kind, { readonly apiVersion: string; readonly kind: string }>> = {
  pods: { apiVersion: "v1", kind: "Pod" },
  taskruns: { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun" },
};
/** No server of a test ever gets as far. */
const FUTURE_VERSION = "9000000000000";

/** Where requests go, and what is known there. */
export interface Place {
  readonly namespace: string;
  readonly prefix: string;
  readonly ledger: Ledger;
}

export function createRequest(place: Place, { kind, name, shape, ...rest }: Create): Request {
  const spec = lookUp(kind === "pods" ? POD_SPECS : TASKRUN_SPECS, shape);
  const metadata = {
    name: place.prefix + name,
    labels: rest.labels,
    finalizers: rest.finalizer === true ? [FINALIZER] : undefined,
    ownerReferences: rest.owner === undefined ? undefined : [ownerReference(place, rest.owner)],
  };
  return {
    method: "POST",
    path: collection(kind, place.namespace),
    ...(rest.strict === true && { query: { fieldValidation: "Strict" } }),
    body: { ...TYPES[kind], metadata, spec },
  };
}

function ownerReference(place: Place, name: string): Json {
  const uid = uidOf(place, { kind: "taskruns", name }, "current") ?? FOREIGN_UID;
  return { ...TYPES.taskruns, name: place.prefix + name, uid, controller: true, blockOwnerDeletion: true };
}

export function updateRequest(place: Place, { change, version, uid, ...target }: Update): Request {
  const seen = place.ledger.seen(target) ?? unseen(place, target);
  const changed = { ...METADATA_CHANGES, ...SPEC_CHANGES }[change];
  if (changed === undefined) throw new Error(`no change ${change}`);
  const body = changed(seen);
  const metadata = { ...metadataOf(body), ...identity(place, target, { version, uid }) };
  return { method: "PUT", path: objectPath(place, target), body: { ...body, metadata } };
}

/** The operator's form: nothing but the identity and the status. A pod's status comes with all of the pod, as kubelets send it. */
export function putStatusRequest(place: Place, { shape, version, uid, ...target }: PutStatus): Request {
  const seen = place.ledger.seen(target);
  const identified = { name: place.prefix + target.name, ...identity(place, target, { version, uid }) };
  const base = target.kind === "pods" ? (seen ?? unseen(place, target)) : TYPES.taskruns;
  const kept = target.kind === "pods" ? metadataOf(base) : { namespace: place.namespace };
  const status = target.kind === "pods" ? podStatus(shape, seen) : taskRunStatus(shape, seen);
  return {
    method: "PUT",
    path: `${objectPath(place, target)}/status`,
    query: { fieldValidation: "Ignore" },
    body: { ...base, metadata: { ...kept, ...identified }, ...(status !== undefined && { status }) },
  };
}

function podStatus(shape: string, seen: Json | undefined): unknown {
  if (!POD_PHASES.includes(shape)) throw new Error(`no phase ${shape}`);
  return { ...(seen?.["status"] as Json | undefined), phase: shape };
}

function taskRunStatus(shape: string, seen: Json | undefined): unknown {
  if (shape === "absent") return undefined;
  return shape === "same" ? seen?.["status"] : lookUp(TASKRUN_STATUSES, shape);
}

export function deleteRequest(place: Place, operation: Delete): Request {
  const { uid, version, graceSeconds, propagation } = operation;
  const wanted = identity(place, operation, { version: version ?? "none", uid: uid ?? "none" });
  const conditions = Object.values(wanted).some((value) => value !== undefined);
  const body = {
    apiVersion: "v1",
    kind: "DeleteOptions",
    ...(conditions && { preconditions: wanted }),
    ...(graceSeconds !== undefined && { gracePeriodSeconds: graceSeconds }),
    ...(propagation !== undefined && { propagationPolicy: propagation }),
  };
  return { method: "DELETE", path: objectPath(place, operation), body };
}

export function listRequest(place: Place, { kind, selector, limit, next, from }: List): Request {
  const token = next === true ? place.ledger.tokens.get(kind) : undefined;
  const version = from === "newest" ? place.ledger.newest : from === "future" ? FUTURE_VERSION : undefined;
  const query = {
    ...(selector !== undefined && { labelSelector: selector }),
    ...(limit !== undefined && { limit: String(limit) }),
    // A token says at which version its list is: a version beside it is an error of the caller, and the operator makes none.
    ...(token === undefined ? version !== undefined && { resourceVersion: version } : { continue: token }),
  };
  return { method: "GET", path: collection(kind, place.namespace), query };
}

export function watchRequest(place: Place, { kind, from, selector, initial }: Watch): Request {
  const version = {
    listed: place.ledger.listed.get(kind),
    start: place.ledger.started.get(kind),
    none: undefined,
    ancient: FOREIGN_VERSION,
  }[from];
  const query = {
    watch: "true",
    allowWatchBookmarks: "true",
    timeoutSeconds: "300",
    ...(version !== undefined && { resourceVersion: version }),
    ...(selector !== undefined && { labelSelector: selector }),
    ...(initial !== undefined && { sendInitialEvents: "true" }),
    ...(initial === "asked" && { resourceVersionMatch: "NotOlderThan" }),
  };
  return { method: "GET", path: collection(kind, place.namespace), query };
}

export function getRequest(place: Place, target: Target): Request {
  return { method: "GET", path: objectPath(place, target) };
}

function identity(
  place: Place,
  target: Target,
  { version, uid }: { readonly version: Version; readonly uid: Uid },
): { readonly uid: string | undefined; readonly resourceVersion: string | undefined } {
  const current = metadataOf(place.ledger.seen(target))["resourceVersion"];
  const versions = {
    current: typeof current === "string" ? current : FOREIGN_VERSION,
    stale: place.ledger.staleVersion(target),
    none: undefined,
  };
  return { uid: uidOf(place, target, uid), resourceVersion: versions[version] };
}

function uidOf(place: Place, target: Target, which: Uid): string | undefined {
  if (which === "none") return undefined;
  const current = metadataOf(place.ledger.seen(target))["uid"];
  return which === "current" && typeof current === "string" ? current : place.ledger.formerUid(target);
}

/** An object this side has never shown. */
function unseen(place: Place, { kind, name }: Target): Json {
  const metadata = { namespace: place.namespace, name: place.prefix + name };
  return { ...TYPES[kind], metadata, spec: kind === "pods" ? POD_SPECS["plain"] : TASKRUN_SPECS["plain"] };
}

function objectPath({ namespace, prefix }: Place, { kind, name }: Target): ApiRequest["path"] {
  return `${collection(kind, namespace)}/${prefix}${name}`;
}

function lookUp(table: Readonly<Record<string, unknown>>, key: string): unknown {
  if (!Object.hasOwn(table, key)) throw new Error(`nothing is called ${key}`);
  return table[key];
}
