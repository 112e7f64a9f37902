/**
 * An independent watcher: it notes every pod that ever existed in a namespace, from the API server's own events, and
 * says what must never happen. It knows nothing of the operator but the labels on its pods.
 */
import type { Client } from "./client.ts";
import { podsPath, type List, type Pod } from "./objects.ts";

interface Entry {
  readonly uid: string;
  readonly taskRun: string;
  readonly attempt: number;
  /** The order in which the watcher saw it come, and saw it end. */
  readonly born: number;
  ended?: number;
}

export class PodLedger {
  readonly #entries = new Map<string, Entry>();
  readonly #client: Client;
  readonly #path: string;
  readonly #stop = new AbortController();
  #clock = 0;
  #version = "";
  #broken: string | undefined;

  private constructor(client: Client, namespace: string) {
    this.#client = client;
    this.#path = podsPath(namespace);
  }

  static async start(client: Client, namespace: string): Promise<PodLedger> {
    const ledger = new PodLedger(client, namespace);
    const list = await client.call<List<Pod>>("GET", ledger.#path);
    for (const pod of list.items) ledger.#note("ADDED", pod);
    ledger.#version = list.metadata.resourceVersion;
    void ledger.#follow();
    return ledger;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** How many pods each attempt of each TaskRun had, as `name/attempt`. */
  podsPerAttempt(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { taskRun, attempt } of this.#entries.values()) {
      const key = `${taskRun}/${attempt}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }

  /** Everything that must never happen and did, in sentences. */
  violations(): readonly string[] {
    if (this.#broken !== undefined) return [`the watcher lost track: ${this.#broken}`];
    const twice = [...this.podsPerAttempt()].flatMap(([key, count]) => (count > 1 ? [`${key} had ${count} pods`] : []));
    const entries = [...this.#entries.values()];
    const overlaps = entries.flatMap((entry) => {
      const before = entries.filter((other) => other.taskRun === entry.taskRun && other.attempt < entry.attempt);
      const alive = before.filter((other) => other.ended === undefined || other.ended > entry.born);
      return alive.map((other) => `${entry.taskRun}: attempt ${entry.attempt} began before ${other.attempt} had ended`);
    });
    return [...twice, ...overlaps];
  }

  /** Goes on from the last event it saw, so that nothing is missed between two watches. */
  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for await (const { type, object } of this.#client.watch<Pod>(this.#path, this.#version, signal)) {
          if (type === "ERROR") throw new Error(`the watch was refused: ${JSON.stringify(object)}`);
          this.#version = object.metadata.resourceVersion;
          if (type !== "BOOKMARK") this.#note(type, object);
        }
      } catch (error) {
        // Without its events the ledger proves nothing: a test that reads it then must fail.
        if (!signal.aborted) this.#broken = String(error);
        return;
      }
    }
  }

  #note(type: "ADDED" | "MODIFIED" | "DELETED", pod: Pod): void {
    const { uid, labels = {} } = pod.metadata;
    this.#clock += 1;
    const known = this.#entries.get(uid) ?? {
      uid,
      taskRun: labels["stint.dev/taskrun"] ?? "?",
      attempt: Number(labels["stint.dev/attempt"] ?? 0),
      born: this.#clock,
    };
    const over = type === "DELETED" || ["Succeeded", "Failed"].includes(pod.status.phase ?? "");
    if (over) known.ended ??= this.#clock;
    this.#entries.set(uid, known);
  }
}
