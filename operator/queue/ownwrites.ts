/**
 * Our last writes per owner that the stores do not show yet. A decision waits for them: what we did a moment ago must not
 * look undone. (client-go's ConsistencyStore, Kubernetes 1.36, does the same: it compares versions, not guesses.)
 */
import type { WrittenName } from "../api/paths.ts";
import type { Port } from "../api/port.ts";
import { atLeast } from "../api/versions.ts";

interface Unseen {
  readonly versions: Map<WrittenName, string>;
  sinceMs: number;
}

/** Events arrive well under 1 s after a write; past this the watch is started anew from where it stands. */
export const UNSEEN_MAX_MS = 20_000;
/** By then the watch was renewed, and renewed again with a list: longer than a list may take. */
export const UNSEEN_GIVE_UP_MS = 120_000;

export class OwnWrites {
  readonly #port: Port;
  readonly #byOwner = new Map<string, Unseen>();

  constructor(port: Port) {
    this.#port = port;
  }

  note(ownerUid: string, resource: WrittenName, resourceVersion: string): void {
    const unseen = this.#byOwner.get(ownerUid) ?? { versions: new Map<WrittenName, string>(), sinceMs: 0 };
    unseen.versions.set(resource, resourceVersion);
    unseen.sinceMs = this.#port.clock.monotonic();
    this.#byOwner.set(ownerUid, unseen);
  }

  /** The resources whose store does not show our last write for this owner yet. */
  unseen(ownerUid: string, storeVersion: (resource: WrittenName) => string): readonly WrittenName[] {
    const unseen = this.#byOwner.get(ownerUid);
    if (unseen === undefined) return [];
    for (const [resource, version] of unseen.versions) {
      if (atLeast(storeVersion(resource), version)) unseen.versions.delete(resource);
    }
    if (unseen.versions.size === 0) this.#byOwner.delete(ownerUid);
    return [...unseen.versions.keys()];
  }

  /** How long this owner's writes have been missing; undefined if none is. */
  waitedMs(ownerUid: string): number | undefined {
    const unseen = this.#byOwner.get(ownerUid);
    return unseen === undefined ? undefined : this.#port.clock.monotonic() - unseen.sinceMs;
  }

  drop(ownerUid: string): void {
    this.#byOwner.delete(ownerUid);
  }
}
