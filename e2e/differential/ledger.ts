/**
 * What one side has told so far: the newest state of every object and all its versions, so that "the current version" or
 * "the uid of the object before" mean the same on both sides though the values differ.
 */
import { isRecord } from "../../operator/testing/sim/objects.ts";
import type { Target } from "./operations.ts";

export type Json = Readonly<Record<string, unknown>>;

/** A version and a uid that no object ever has. */
export const FOREIGN_VERSION = "1";
export const FOREIGN_UID = "00000000-0000-0000-0000-000000000000";

interface Entry {
  body: Json;
  readonly versions: string[];
  readonly uids: string[];
}

export class Ledger {
  readonly #objects = new Map<string, Entry>();
  readonly #firstAsked = new Map<string, number>();
  readonly #uidNumbers = new Map<string, number>();
  #newest = 0;
  /** The continue token and the version of the last list, by kind. */
  readonly tokens: Map<string, string> = new Map<string, string>();
  readonly listed: Map<string, string> = new Map<string, string>();
  readonly started: Map<string, string> = new Map<string, string>();

  /** Notes an object of any reply. */
  note(target: Target, body: Json): void {
    const { uid, resourceVersion } = metadataOf(body);
    const key = keyOf(target);
    const entry = this.#objects.get(key) ?? { body, versions: [], uids: [] };
    this.#objects.set(key, entry);
    entry.body = body;
    if (typeof uid === "string" && entry.uids.at(-1) !== uid) entry.uids.push(uid);
    if (typeof resourceVersion === "string") {
      if (!entry.versions.includes(resourceVersion)) entry.versions.push(resourceVersion);
      this.#newest = Math.max(this.#newest, Number(resourceVersion));
    }
  }

  seen(target: Target): Json | undefined {
    return this.#objects.get(keyOf(target))?.body;
  }

  /** The newest version of anything this side has told. */
  get newest(): string {
    return String(this.#newest);
  }

  staleVersion(target: Target): string {
    return this.#objects.get(keyOf(target))?.versions.at(-2) ?? FOREIGN_VERSION;
  }

  formerUid(target: Target): string {
    return this.#objects.get(keyOf(target))?.uids.at(-2) ?? FOREIGN_UID;
  }

  /** The how-many-th version of this object; the same on both sides if it changed at the same times. */
  versionNumber(target: Target, version: unknown): string {
    const versions = this.#objects.get(keyOf(target))?.versions ?? [];
    if (typeof version !== "string") return "none";
    return `v${versions.includes(version) ? versions.indexOf(version) + 1 : "?"}`;
  }

  uidNumber(uid: unknown): string {
    if (typeof uid !== "string") return "none";
    const known = this.#uidNumbers.get(uid) ?? this.#uidNumbers.size + 1;
    this.#uidNumbers.set(uid, known);
    return `uid-${known}`;
  }

  /** Seconds between the first time deletion was asked for and the time this object's metadata implies. */
  askedShift(metadata: Json): number {
    const { uid, deletionTimestamp, deletionGracePeriodSeconds } = metadata;
    const asked = Date.parse(String(deletionTimestamp)) / 1000 - Number(deletionGracePeriodSeconds ?? 0);
    const first = this.#firstAsked.get(String(uid)) ?? asked;
    this.#firstAsked.set(String(uid), first);
    return asked - first;
  }
}

export function metadataOf(body: unknown): Json {
  const metadata = isRecord(body) ? body["metadata"] : undefined;
  return isRecord(metadata) ? metadata : {};
}

function keyOf({ kind, name }: Target): string {
  return `${kind}/${name}`;
}
