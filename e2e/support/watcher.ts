/**
 * Follows all objects of one kind in a namespace on a connection of its own, from those that are there on, and misses none
 * between two watches.
 */
import type { Client } from "./client.ts";
import type { List } from "./objects.ts";

type Change = "ADDED" | "MODIFIED" | "DELETED";
interface Versioned {
  readonly metadata: { readonly resourceVersion: string };
}

export class Watcher<T extends Versioned> {
  readonly #client: Client;
  readonly #path: string;
  readonly #note: (type: Change, object: T) => void;
  readonly #stop = new AbortController();
  #version = "";
  #broken: string | undefined;

  private constructor(client: Client, path: string, note: (type: Change, object: T) => void) {
    this.#client = client;
    this.#path = path;
    this.#note = note;
  }

  static async start<T extends Versioned>(
    client: Client,
    path: string,
    note: (type: Change, object: T) => void,
  ): Promise<Watcher<T>> {
    const watcher = new Watcher(client, path, note);
    const list = await client.call<List<T>>("GET", path);
    for (const object of list.items) note("ADDED", object);
    watcher.#version = list.metadata.resourceVersion;
    void watcher.#follow();
    return watcher;
  }

  /** Without its events a watcher proves nothing: a test that reads it then must fail. */
  get broken(): string | undefined {
    return this.#broken;
  }

  stop(): void {
    this.#stop.abort();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for await (const { type, object } of this.#client.watch<T>(this.#path, this.#version, signal)) {
          if (type === "ERROR") throw new Error(`the watch was refused: ${JSON.stringify(object)}`);
          this.#version = object.metadata.resourceVersion;
          if (type !== "BOOKMARK") this.#note(type, object);
        }
      } catch (error) {
        if (!signal.aborted) this.#broken = String(error);
        return;
      }
    }
  }
}
