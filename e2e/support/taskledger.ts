/**
 * An independent watcher: it notes every TaskRun of workflows that ever existed in a namespace, from the API server's own
 * events and on a connection of its own, and says what must never happen. It knows of the operator the labels on its TaskRuns only.
 */
import type { Client } from "./client.ts";
import { isOver, taskRunsPath, type List, type TaskRun } from "./objects.ts";

interface Entry {
  readonly task: string;
  /** The order in which the watcher saw it come, and saw it end. */
  readonly born: number;
  ended?: number;
}

export class TaskLedger {
  readonly #entries = new Map<string, Entry>();
  readonly #client: Client;
  readonly #path: string;
  readonly #stop = new AbortController();
  #clock = 0;
  #version = "";
  #broken: string | undefined;

  private constructor(client: Client, namespace: string) {
    this.#client = client;
    this.#path = taskRunsPath(namespace);
  }

  static async start(client: Client, namespace: string): Promise<TaskLedger> {
    const ledger = new TaskLedger(client, namespace);
    const list = await client.call<List<TaskRun>>("GET", ledger.#path);
    for (const one of list.items) ledger.#note(one, false);
    ledger.#version = list.metadata.resourceVersion;
    void ledger.#follow();
    return ledger;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** The tasks that were started, each as often as it was. */
  started(): readonly string[] {
    return [...this.#entries.values()].map(({ task }) => task);
  }

  /** Everything that must never happen and did, in sentences. `dependsOn`: what each task waits for, whatever comes of that. */
  violations(dependsOn: ReadonlyMap<string, readonly string[]>): readonly string[] {
    if (this.#broken !== undefined) return [`the watcher lost track: ${this.#broken}`];
    const entries = [...this.#entries.values()];
    const byTask = Map.groupBy(entries, ({ task }) => task);
    const twice = [...byTask].flatMap(([task, all]) =>
      all.length > 1 ? [`${task} was started ${all.length} times`] : [],
    );
    const early = entries.flatMap(({ task, born }) =>
      (dependsOn.get(task) ?? [])
        .filter((one) => !(byTask.get(one)?.some(({ ended = Infinity }) => ended < born) ?? false))
        .map((one) => `${task} was started before ${one} had ended`),
    );
    return [...twice, ...early];
  }

  /** Goes on from the last event it saw, so that nothing is missed between two watches. */
  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for await (const { type, object } of this.#client.watch<TaskRun>(this.#path, this.#version, signal)) {
          if (type === "ERROR") throw new Error(`the watch was refused: ${JSON.stringify(object)}`);
          this.#version = object.metadata.resourceVersion;
          if (type !== "BOOKMARK") this.#note(object, type === "DELETED");
        }
      } catch (error) {
        // Without its events the ledger proves nothing: a test that reads it then must fail.
        if (!signal.aborted) this.#broken = String(error);
        return;
      }
    }
  }

  #note(taskRun: TaskRun, gone: boolean): void {
    const { uid, labels = {} } = taskRun.metadata;
    this.#clock += 1;
    const known = this.#entries.get(uid) ?? { task: labels["stint.dev/task"] ?? "?", born: this.#clock };
    if (gone || isOver(taskRun)) known.ended ??= this.#clock;
    this.#entries.set(uid, known);
  }
}
