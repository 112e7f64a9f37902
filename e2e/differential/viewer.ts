/** One open watch of a sequence, and what it has shown in the end. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Json } from "./ledger.ts";
import { metadataOf } from "./ledger.ts";
import { type Naming, neutralEvent } from "./neutral.ts";
import type { Watch } from "./operations.ts";
import type { Event, OpenWatch } from "./side.ts";

/** A watch shows a change within milliseconds; on a busy machine within seconds. */
const ARRIVAL_LIMIT_MS = 10_000;
const ARRIVAL_POLL_MS = 5;
const INITIAL_END = "k8s.io/initial-events-end";

export class Viewer {
  readonly #opened: OpenWatch;
  readonly #naming: Naming;
  readonly #watch: Watch;

  constructor(watch: Watch, opened: OpenWatch, naming: Naming) {
    this.#watch = watch;
    this.#opened = opened;
    this.#naming = naming;
  }

  get kind(): Watch["kind"] {
    return this.#watch.kind;
  }

  close(): void {
    this.#opened.close();
  }

  /** Waits until the object that was made last has come, or the watch has ended. */
  async arrived(lastName: string): Promise<boolean> {
    const deadline = performance.now() + ARRIVAL_LIMIT_MS;
    while (performance.now() < deadline) {
      if (this.#opened.ended || this.#opened.events.some(({ object }) => nameOf(object) === lastName)) return true;
      await sleep(ARRIVAL_POLL_MS);
    }
    return false;
  }

  /** All but bookmarks: what came first in no order, then each object's story, then all stories in the order they came. */
  story(inOrder: boolean): Json {
    const { events } = this.#opened;
    const initialEnd = events.findIndex(({ type, object }) => type === "BOOKMARK" && endsInitial(object));
    const told = events.filter(({ type }) => type !== "BOOKMARK").map((event) => neutralEvent(event, this.#naming));
    const initialCount = initialEnd < 0 ? 0 : events.slice(0, initialEnd).filter(isNews).length;
    const later = told.slice(initialCount);
    const ordered = inOrder && this.#watch.from !== "none" && this.#watch.initial === undefined;
    return {
      initial: initialEnd < 0 ? "never ended" : told.slice(0, initialCount).toSorted(byName),
      stories: Object.groupBy(later, ({ name }) => String(name)),
      ...(ordered && { order: later.map(({ type, name }) => `${String(type)} ${String(name)}`) }),
    };
  }
}

function isNews({ type }: Event): boolean {
  return type !== "BOOKMARK";
}

function byName(left: Json, right: Json): number {
  return String(left["name"]) < String(right["name"]) ? -1 : 1;
}

function nameOf(object: unknown): unknown {
  return metadataOf(object)["name"];
}

function endsInitial(object: unknown): boolean {
  const annotations = metadataOf(object)["annotations"] as Json | undefined;
  return annotations?.[INITIAL_END] === "true";
}
