/**
 * The garbage collector: deletes what has lost its owners, level by level, and carries out foreground and orphan deletion, all
 * with a lag. The rules are those of pkg/controller/garbagecollector: attemptToDeleteItem and processDeletingDependentsItem.
 */
import { FOREGROUND, ORPHAN } from "./apiserver/remove.ts";
import { CONTROLLERREVISIONS, PODS, type Resource, resourceOf, TASKRUNS, WORKFLOWRUNS } from "./apiserver/resources.ts";
import { keyOf, type OwnerReference, type Stored } from "./objects.ts";
import { type Ground, span } from "./ground.ts";

const NAME = "gc";
const LAG_MS = [20, 400] as const;

/** What can belong to something: in no other kind does anybody here look for an owner. */
const DEPENDENTS: readonly Resource[] = [PODS, TASKRUNS, WORKFLOWRUNS, CONTROLLERREVISIONS];
const OWNERS: ReadonlySet<string> = new Set(["TaskRun", "WorkflowRun", "Workflow"]);

/** An object and what it is one of. */
interface Item {
  readonly resource: Resource;
  readonly object: Stored;
}

/** Starts the actor. */
export function startGarbageCollector(site: Ground): void {
  const random = site.random.fork(NAME);
  const look = (work: () => void): void => {
    site.clock.after(span(site, random, LAG_MS), work);
  };
  site.server.store.listen(({ type, object }) => {
    const resource = resourceOf(object.kind);
    if (resource === undefined) return;
    const item = { resource, object };
    if (type === "DELETED") {
      if (OWNERS.has(object.kind)) look(() => dependentsOf(site, object).forEach((one) => attemptToDelete(site, one)));
      if (DEPENDENTS.includes(resource)) look(() => advanceOwners(site, object));
      return;
    }
    if (waitsForDependents(object)) look(() => carryOut(site, item));
    // One that appears after its owner went.
    if (type === "ADDED" && DEPENDENTS.includes(resource)) look(() => attemptToDelete(site, item));
  });
}

/** Deletes what no owner holds any more; of one that some owner still holds, the other references are cut. */
function attemptToDelete(site: Ground, { resource, object }: Item): void {
  const current = newest(site, { resource, object });
  const references = current?.metadata.ownerReferences ?? [];
  if (current === undefined || references.length === 0) return;
  if (current.metadata.deletionTimestamp !== undefined) return;
  const states = references.map((reference) => ownerState(site, current, reference));
  if (states.every((state) => state === "solid")) return;
  if (states.includes("solid")) {
    cutReferences(site, { resource, object: current }, (_, i) => states[i] !== "solid");
    return;
  }
  // Under an owner that waits for it, what has dependents waits for them in turn.
  const inForeground = states.includes("waiting") && dependentsOf(site, current).length > 0;
  remove(site, { resource, object: current }, inForeground ? "Foreground" : policyOf(current));
}

function ownerState(site: Ground, { metadata }: Stored, reference: OwnerReference): "solid" | "waiting" | "absent" {
  const resource = OWNERS.has(reference.kind) ? resourceOf(reference.kind) : undefined;
  // An owner of a kind that nobody serves here, a ConfigMap: taken to be there.
  if (resource === undefined) return "solid";
  const owner = site.server.store.get(resource.name, `${metadata.namespace}/${reference.name}`);
  if (owner?.metadata.uid !== reference.uid) return "absent";
  const isDeleting = owner.metadata.deletionTimestamp !== undefined && has(owner, FOREGROUND);
  return isDeleting ? "waiting" : "solid";
}

/** What a user has wished for it stays as it is. */
function policyOf(object: Stored): "Background" | "Foreground" | "Orphan" {
  if (has(object, ORPHAN)) return "Orphan";
  return has(object, FOREGROUND) ? "Foreground" : "Background";
}

/** Foreground: delete the dependents, then let the owner go. Orphan: cut the references, then let the owner go. */
function carryOut(site: Ground, item: Item): void {
  const owner = newest(site, item);
  if (owner === undefined) return;
  const { resource } = item;
  if (has(owner, FOREGROUND)) {
    for (const dependent of dependentsOf(site, owner)) attemptToDelete(site, dependent);
    const blocking = dependentsOf(site, owner).some(
      ({ object }) => referenceTo(object, owner)?.blockOwnerDeletion === true,
    );
    if (!blocking) dropFinalizer(site, { resource, object: owner }, FOREGROUND);
  }
  if (has(owner, ORPHAN)) {
    for (const dependent of dependentsOf(site, owner)) {
      cutReferences(site, dependent, ({ uid }) => uid === owner.metadata.uid);
    }
    dropFinalizer(site, { resource, object: owner }, ORPHAN);
  }
}

function advanceOwners(site: Ground, { metadata }: Stored): void {
  for (const reference of metadata.ownerReferences ?? []) {
    const resource = OWNERS.has(reference.kind) ? resourceOf(reference.kind) : undefined;
    const owner = resource && site.server.store.get(resource.name, `${metadata.namespace}/${reference.name}`);
    if (resource === undefined || owner?.metadata.uid !== reference.uid) continue;
    if (has(owner, FOREGROUND)) carryOut(site, { resource, object: owner });
  }
}

function waitsForDependents(object: Stored): boolean {
  return object.metadata.deletionTimestamp !== undefined && (has(object, FOREGROUND) || has(object, ORPHAN));
}

function has({ metadata }: Stored, finalizer: string): boolean {
  return metadata.finalizers?.includes(finalizer) === true;
}

function newest(site: Ground, { resource, object }: Item): Stored | undefined {
  const current = site.server.store.get(resource.name, keyOf(object));
  return current?.metadata.uid === object.metadata.uid ? current : undefined;
}

function dependentsOf(site: Ground, owner: Stored): Item[] {
  return DEPENDENTS.flatMap((resource) =>
    [...site.server.store.values(resource.name)]
      .filter((object) => referenceTo(object, owner) !== undefined)
      .map((object) => ({ resource, object })),
  );
}

function referenceTo({ metadata }: Stored, owner: Stored): OwnerReference | undefined {
  return metadata.ownerReferences?.find((reference) => reference.uid === owner.metadata.uid);
}

function cutReferences(
  site: Ground,
  { resource, object }: Item,
  isCut: (reference: OwnerReference, index: number) => boolean,
): void {
  site.trace.note(NAME, `orphans ${keyOf(object)}`);
  site.server.amend(resource, { key: keyOf(object), uid: object.metadata.uid, by: NAME }, (current) => {
    const kept = (current.metadata.ownerReferences ?? []).filter((reference, i) => !isCut(reference, i));
    return { ...current, metadata: { ...current.metadata, ownerReferences: kept } };
  });
}

function dropFinalizer(site: Ground, { resource, object }: Item, finalizer: string): void {
  site.trace.note(NAME, `removes finalizer ${finalizer} of ${keyOf(object)}`);
  site.server.amend(resource, { key: keyOf(object), uid: object.metadata.uid, by: NAME }, (current) => {
    const finalizers = (current.metadata.finalizers ?? []).filter((entry) => entry !== finalizer);
    return { ...current, metadata: { ...current.metadata, finalizers } };
  });
}

function remove(site: Ground, { resource, object }: Item, propagationPolicy: string): void {
  const { namespace, name, uid } = object.metadata;
  site.trace.note(NAME, `deletes ${namespace}/${name}`);
  const prefix = resource.group === "" ? "/api/v1" : `/apis/${resource.apiVersion}`;
  const path = `${prefix}/namespaces/${namespace}/${resource.name}/${name}`;
  const body = { preconditions: { uid }, propagationPolicy };
  site.server.handle({ method: "DELETE", path, body, timeoutMs: 0 }, NAME);
}
