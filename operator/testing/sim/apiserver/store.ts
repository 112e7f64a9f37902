/** What etcd is to a real API server: objects, one version counter over all of them, and every change ever made. */
import { keyOf, type Stored } from "../objects.ts";
import type { ResourceName } from "./resources.ts";

export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

export interface Change {
  readonly version: number;
  readonly type: ChangeType;
  readonly resource: ResourceName;
  readonly key: string;
  /** After the change; for DELETED the last state, with the version of the deletion. */
  readonly object: Stored;
  readonly before: Stored | undefined;
  /** Who caused it: a name for the trace and the invariants. */
  readonly by: string;
}

/** The first version is not 1, so that a mix-up with generations or counters shows. */
const FIRST_VERSION = 1000;

const jsonTexts = new WeakMap<Stored, string>();

/** The JSON text of a stored object, made once: objects are immutable. */
export function jsonOf(object: Stored): string {
  let text = jsonTexts.get(object);
  if (text === undefined) {
    text = JSON.stringify(object);
    jsonTexts.set(object, text);
  }
  return text;
}

/** The store. Listeners are called in the order they were added, inside the change. */
export class Store {
  #version = FIRST_VERSION;
  #compacted = 0;
  readonly #objects: Readonly<Record<ResourceName, Map<string, Stored>>> = {
    pods: new Map(),
    taskruns: new Map(),
    workflows: new Map(),
    workflowruns: new Map(),
    controllerrevisions: new Map(),
    podtemplates: new Map(),
    nodes: new Map(),
    events: new Map(),
    leases: new Map(),
  };
  readonly #changes: Change[] = [];
  readonly #listeners: ((change: Change) => void)[] = [];

  get version(): number {
    return this.#version;
  }

  /** Changes up to this version can no longer be read. */
  get compactedVersion(): number {
    return this.#compacted;
  }

  listen(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  get(resource: ResourceName, key: string): Stored | undefined {
    return this.#objects[resource].get(key);
  }

  /** In no order. */
  values(resource: ResourceName): IterableIterator<Stored> {
    return this.#objects[resource].values();
  }

  /** Stores `object` under the next version and returns it as stored. */
  put(resource: ResourceName, object: Stored, by: string): Stored {
    const key = keyOf(object);
    const before = this.#objects[resource].get(key);
    const stored = this.#stamped(object);
    this.#objects[resource].set(key, stored);
    this.#commit({ type: before === undefined ? "ADDED" : "MODIFIED", resource, key, object: stored, before, by });
    return stored;
  }

  /** Removes the object; `last` is its final state, which watchers see. */
  remove(resource: ResourceName, last: Stored, by: string): Stored {
    const key = keyOf(last);
    const before = this.#objects[resource].get(key);
    this.#objects[resource].delete(key);
    const object = this.#stamped(last);
    this.#commit({ type: "DELETED", resource, key, object, before, by });
    return object;
  }

  /** Forgets the history up to `version`: older watches, lists and continue tokens get 410. */
  compact(version: number): void {
    this.#compacted = Math.max(this.#compacted, version);
  }

  /** Changes of one resource after `version`, oldest first. */
  changesAfter(resource: ResourceName, version: number): Change[] {
    return this.#changes.filter((change) => change.version > version && change.resource === resource);
  }

  /** The objects of one resource as of `version`, by key in the order of keys. */
  snapshot(resource: ResourceName, version: number): Stored[] {
    const objects = version >= this.#version ? this.#objects[resource] : this.#replay(resource, version);
    return [...objects].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, object]) => object);
  }

  #replay(resource: ResourceName, version: number): Map<string, Stored> {
    const objects = new Map<string, Stored>();
    for (const change of this.#changes) {
      if (change.version > version) break;
      if (change.resource !== resource) continue;
      if (change.type === "DELETED") objects.delete(change.key);
      else objects.set(change.key, change.object);
    }
    return objects;
  }

  #stamped(object: Stored): Stored {
    this.#version++;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
  }

  #commit(change: Omit<Change, "version">): void {
    const full = { ...change, version: this.#version };
    this.#changes.push(full);
    for (const listener of this.#listeners) listener(full);
  }
}
