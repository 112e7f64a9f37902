/** The garbage collector: deletes what has lost its owner, and carries out foreground and orphan deletion, all with a lag. */
import { FOREGROUND, ORPHAN } from "./apiserver/remove.ts";
import { PODS, TASKRUNS } from "./apiserver/resources.ts";
import { keyOf, type OwnerReference, type Stored } from "./objects.ts";
import { type Ground, span } from "./ground.ts";

const NAME = "gc";
const LAG_MS = [20, 400] as const;

/** Starts the actor. */
export function startGarbageCollector(site: Ground): void {
  const random = site.random.fork(NAME);
  const look = (work: () => void): void => {
    site.clock.after(span(site, random, LAG_MS), work);
  };
  site.server.store.listen((change) => {
    if (change.resource === "taskruns") {
      if (change.type === "DELETED") look(() => collectDependents(site, change.object));
      else if (change.object.metadata.deletionTimestamp !== undefined) look(() => carryOut(site, change.object));
      return;
    }
    if (change.resource !== "pods") return;
    // A pod that appears after its owner went, or that was the last one a foreground deletion waited for.
    if (change.type === "ADDED") look(() => collectIfOrphaned(site, change.key));
    if (change.type !== "DELETED" && waitsForDependents(change.object)) look(() => releasePod(site, change.object));
    if (change.type === "DELETED") look(() => advanceOwner(site, change.object));
  });
}

function collectDependents(site: Ground, owner: Stored): void {
  for (const pod of dependentsOf(site, owner)) collectIfOrphaned(site, keyOf(pod));
}

function collectIfOrphaned(site: Ground, key: string): void {
  const pod = site.server.store.get("pods", key);
  const references = pod?.metadata.ownerReferences ?? [];
  if (pod === undefined || references.length === 0) return;
  if (references.some((reference) => ownerExists(site, pod, reference))) return;
  deletePod(site, pod);
}

function ownerExists(site: Ground, { metadata }: Stored, reference: OwnerReference): boolean {
  if (reference.kind !== "TaskRun") return true;
  const owner = site.server.store.get("taskruns", `${metadata.namespace}/${reference.name}`);
  return owner?.metadata.uid === reference.uid;
}

/** Foreground: delete the dependents, then let the owner go. Orphan: cut the references, then let the owner go. */
function carryOut(site: Ground, { metadata }: Stored): void {
  const owner = site.server.store.get("taskruns", `${metadata.namespace}/${metadata.name}`);
  if (owner?.metadata.uid !== metadata.uid) return;
  const finalizers = owner.metadata.finalizers ?? [];
  const dependents = dependentsOf(site, owner);
  if (finalizers.includes(FOREGROUND)) {
    for (const pod of dependents) if (pod.metadata.deletionTimestamp === undefined) deletePod(site, pod);
    const blocking = dependentsOf(site, owner).some((pod) => referenceTo(pod, owner)?.blockOwnerDeletion === true);
    if (!blocking) dropFinalizer(site, owner, FOREGROUND);
  }
  if (finalizers.includes(ORPHAN)) {
    for (const pod of dependents) {
      site.server.amend(PODS, { key: keyOf(pod), uid: pod.metadata.uid, by: NAME }, (current) => {
        const kept = (current.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid);
        return { ...current, metadata: { ...current.metadata, ownerReferences: kept } };
      });
      site.trace.note(NAME, `orphans ${keyOf(pod)}`);
    }
    dropFinalizer(site, owner, ORPHAN);
  }
}

function waitsForDependents({ metadata }: Stored): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).some(isOurs);
}

/** Nothing depends on a pod. */
function releasePod(site: Ground, { metadata }: Stored): void {
  site.server.amend(PODS, { key: `${metadata.namespace}/${metadata.name}`, uid: metadata.uid, by: NAME }, (current) => {
    const finalizers = (current.metadata.finalizers ?? []).filter((entry) => !isOurs(entry));
    return { ...current, metadata: { ...current.metadata, finalizers } };
  });
}

function isOurs(finalizer: string): boolean {
  return finalizer === FOREGROUND || finalizer === ORPHAN;
}

function advanceOwner(site: Ground, pod: Stored): void {
  for (const reference of pod.metadata.ownerReferences ?? []) {
    const key = `${pod.metadata.namespace}/${reference.name}`;
    const owner = site.server.store.get("taskruns", key);
    if (owner?.metadata.uid === reference.uid && owner.metadata.finalizers?.includes(FOREGROUND) === true) {
      carryOut(site, owner);
    }
  }
}

function dropFinalizer(site: Ground, owner: Stored, finalizer: string): void {
  site.trace.note(NAME, `removes finalizer ${finalizer} of ${keyOf(owner)}`);
  site.server.amend(TASKRUNS, { key: keyOf(owner), uid: owner.metadata.uid, by: NAME }, (current) => {
    const finalizers = (current.metadata.finalizers ?? []).filter((entry) => entry !== finalizer);
    return { ...current, metadata: { ...current.metadata, finalizers } };
  });
}

function dependentsOf(site: Ground, owner: Stored): Stored[] {
  return [...site.server.store.values("pods")].filter((pod) => referenceTo(pod, owner) !== undefined);
}

function referenceTo(pod: Stored, owner: Stored): OwnerReference | undefined {
  return pod.metadata.ownerReferences?.find((reference) => reference.uid === owner.metadata.uid);
}

function deletePod(site: Ground, { metadata }: Stored): void {
  site.trace.note(NAME, `deletes ${metadata.namespace}/${metadata.name}`);
  const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
  const body = { preconditions: { uid: metadata.uid }, propagationPolicy: "Background" };
  site.server.handle({ method: "DELETE", path, body, timeoutMs: 0 }, NAME);
}
