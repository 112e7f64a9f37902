/**
 * An independent watcher: it notes every pod that ever existed in a namespace, from the API server's own events, and
 * says what must never happen. It knows nothing of the operator but the labels on its pods.
 */
import type { Client } from "./client.ts";
import { Watcher } from "./watcher.ts";
import { podsPath, type Pod } from "./objects.ts";

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
  #watcher: Watcher<Pod> | undefined;
  #clock = 0;

  static async start(client: Client, namespace: string): Promise<PodLedger> {
    const ledger = new PodLedger();
    ledger.#watcher = await Watcher.start<Pod>(client, podsPath(namespace), (type, object) =>
      ledger.#note(type, object),
    );
    return ledger;
  }

  stop(): void {
    this.#watcher?.stop();
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
    const broken = this.#watcher?.broken;
    if (broken !== undefined) return [`the watcher lost track: ${broken}`];
    const twice = [...this.podsPerAttempt()].flatMap(([key, count]) => (count > 1 ? [`${key} had ${count} pods`] : []));
    const entries = [...this.#entries.values()];
    const overlaps = entries.flatMap((entry) => {
      const before = entries.filter((other) => other.taskRun === entry.taskRun && other.attempt < entry.attempt);
      const alive = before.filter((other) => other.ended === undefined || other.ended > entry.born);
      return alive.map((other) => `${entry.taskRun}: attempt ${entry.attempt} began before ${other.attempt} had ended`);
    });
    return [...twice, ...overlaps];
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
