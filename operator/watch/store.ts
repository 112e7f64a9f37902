/**
 * What is known of one kind of object in one scope: narrow frozen records by key, by their owner's uid, by what else they depend on. Fed by a
 * reflector only; everybody else reads. Objects that went away can leave their last record behind ("gone") until the
 * decision that needs it is recorded.
 */
import type { ObjectRecord } from "../api/records.ts";
import { atLeast } from "../api/versions.ts";
import { Grouping } from "./grouping.ts";

export interface StoreOptions<R> {
  /** Called after the store changed, once per object. `after` is undefined when nothing of the object is left. */
  readonly onChange: (before: R | undefined, after: R | undefined) => void;
  /** What to keep of the record known so far when a newer state of the same object comes. */
  readonly merge?: (known: R, next: R) => R;
  /** What else a record depends on (a pod on its node, a run on its Workflow), by name or key; undefined: on nothing. */
  readonly dependsOn?: (record: R) => string | undefined;
  /** The record to keep of an object that is gone; undefined keeps nothing. */
  readonly keepGone?: (last: R, how: "seen" | "missed") => R | undefined;
}

export class Store<R extends ObjectRecord> {
  readonly #options: StoreOptions<R>;
  readonly #byKey = new Map<string, R>();
  readonly #gone = new Map<string, R>();
  /** uids of records that a reply showed and the watch has not reached yet. */
  readonly #learned = new Set<string>();
  readonly #byOwner = new Grouping<R>((record) => record.ownerUid);
  readonly #dependingOn: Grouping<R>;
  #resourceVersion = "";

  constructor(options: StoreOptions<R>) {
    this.#options = options;
    this.#dependingOn = new Grouping<R>(options.dependsOn ?? ((): undefined => undefined));
  }

  /** The newest version the store has seen, from list metadata, events and bookmarks; "" before the first list. */
  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): R | undefined {
    return this.#byKey.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#byKey.keys();
  }

  /** Children of an owner, gone ones that were kept included. */
  byOwner(uid: string): readonly R[] {
    return this.#byOwner.of(uid);
  }

  /** What depends on a thing, gone ones that were kept included. */
  dependingOn(name: string): readonly R[] {
    return this.#dependingOn.of(name);
  }

  /** What was kept of objects that are gone. */
  gone(): readonly R[] {
    return [...this.#gone.values()];
  }

  /** Drops what was kept of an object that is gone. */
  forget(uid: string): void {
    const record = this.#gone.get(uid);
    if (record === undefined) return;
    this.#gone.delete(uid);
    this.#unindex(record);
  }

  /**
   * An object as a reply to a call of ours showed it, ahead of its event. Ignored if the store is that far already; the
   * store's version stays where the watch is.
   */
  learn(record: R): void {
    const key = keyOf(record);
    const old = this.#byKey.get(key);
    if (this.#resourceVersion === "" || atLeast(this.#resourceVersion, record.resourceVersion)) return;
    if (old !== undefined && atLeast(old.resourceVersion, record.resourceVersion)) return;
    this.#learned.add(record.uid);
    this.#set(key, record);
  }

  /** A whole new list: swapped in at once, then told change by change. What is no longer there was missed. */
  replace(records: readonly R[], resourceVersion: string): void {
    const changes: [R | undefined, R | undefined][] = [];
    const listed = new Map(records.map((record) => [keyOf(record), record]));
    for (const [key, old] of this.#byKey) {
      // Learned from a reply after this list was made: the list cannot know it.
      if (this.#isAhead(old, resourceVersion)) listed.set(key, old);
      else if (listed.get(key)?.uid !== old.uid) changes.push([old, this.#remove(key, old, "missed")]);
    }
    for (const [key, record] of listed) {
      const old = this.#byKey.get(key);
      if (old?.resourceVersion === record.resourceVersion) continue;
      changes.push([old, this.#put(key, record, old)]);
    }
    this.#resourceVersion = resourceVersion;
    for (const [before, after] of changes) this.#options.onChange(before, after);
  }

  /** ADDED or MODIFIED. The same name with another uid is a deletion nobody saw, then an addition. */
  upsert(record: R): void {
    const key = keyOf(record);
    const old = this.#byKey.get(key);
    this.bookmark(record.resourceVersion);
    if (old !== undefined && this.#isAhead(old, record.resourceVersion)) return;
    this.#set(key, record);
  }

  /** DELETED, with the last state the server sent. */
  remove(record: R): void {
    const key = keyOf(record);
    const old = this.#byKey.get(key);
    this.bookmark(record.resourceVersion);
    if (old !== undefined && old.uid !== record.uid) return;
    this.#options.onChange(old, this.#remove(key, record, "seen"));
  }

  bookmark(resourceVersion: string): void {
    if (this.#resourceVersion === "" || atLeast(resourceVersion, this.#resourceVersion))
      this.#resourceVersion = resourceVersion;
  }

  /** A reply showed this record already, newer than where the watch is. Once the watch is there, only the watch counts. */
  #isAhead(record: R, resourceVersion: string): boolean {
    if (!this.#learned.has(record.uid)) return false;
    if (!atLeast(resourceVersion, record.resourceVersion)) return true;
    this.#learned.delete(record.uid);
    return false;
  }

  #set(key: string, record: R): void {
    let old = this.#byKey.get(key);
    if (old !== undefined && old.uid !== record.uid) {
      this.#options.onChange(old, this.#remove(key, old, "missed"));
      old = undefined;
    }
    this.#options.onChange(old, this.#put(key, record, old));
  }

  #put(key: string, next: R, old: R | undefined): R {
    const record = this.#merged(old, next);
    if (old !== undefined) this.#unindex(old);
    this.#byKey.set(key, record);
    this.#index(record);
    return record;
  }

  #merged(old: R | undefined, next: R): R {
    return old?.uid === next.uid ? (this.#options.merge?.(old, next) ?? next) : next;
  }

  #remove(key: string, last: R, how: "seen" | "missed"): R | undefined {
    const old = this.#byKey.get(key);
    if (old !== undefined) this.#unindex(old);
    this.#learned.delete(last.uid);
    this.#byKey.delete(key);
    const kept = this.#options.keepGone?.(this.#merged(old, last), how);
    if (kept === undefined) return undefined;
    this.#gone.set(kept.uid, kept);
    this.#index(kept);
    return kept;
  }

  #index(record: R): void {
    this.#byOwner.add(record);
    this.#dependingOn.add(record);
  }

  #unindex(record: R): void {
    this.#byOwner.remove(record);
    this.#dependingOn.remove(record);
  }
}

/** namespace/name, as kubectl and client-go write it; the name alone for what has no namespace. */
export function keyOf({ namespace, name }: Pick<ObjectRecord, "namespace" | "name">): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}
