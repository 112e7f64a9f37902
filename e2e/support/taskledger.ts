/**
 * An independent watcher: it notes every TaskRun of workflows that ever existed in a namespace, from the API server's own
 * events and on a connection of its own, and says what must never happen. It knows of the operator the labels on its TaskRuns only.
 */
import type { Client } from "./client.ts";
import { Watcher } from "./watcher.ts";
import { isOver, taskRunsPath, type TaskRun } from "./objects.ts";

interface Entry {
  readonly task: string;
  /** The order in which the watcher saw it come, and saw it end. */
  readonly born: number;
  ended?: number;
}

export class TaskLedger {
  readonly #entries = new Map<string, Entry>();
  #watcher: Watcher<TaskRun> | undefined;
  #clock = 0;

  static async start(client: Client, namespace: string): Promise<TaskLedger> {
    const ledger = new TaskLedger();
    ledger.#watcher = await Watcher.start<TaskRun>(client, taskRunsPath(namespace), (type, object) =>
      ledger.#note(type, object),
    );
    return ledger;
  }

  stop(): void {
    this.#watcher?.stop();
  }

  /** The tasks that were started, each as often as it was. */
  started(): readonly string[] {
    return [...this.#entries.values()].map(({ task }) => task);
  }

  /** Everything that must never happen and did, in sentences. `dependsOn`: what each task waits for, whatever comes of that. */
  violations(dependsOn: ReadonlyMap<string, readonly string[]>): readonly string[] {
    const broken = this.#watcher?.broken;
    if (broken !== undefined) return [`the watcher lost track: ${broken}`];
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

  #note(type: "ADDED" | "MODIFIED" | "DELETED", taskRun: TaskRun): void {
    const { uid, labels = {} } = taskRun.metadata;
    this.#clock += 1;
    const known = this.#entries.get(uid) ?? { task: labels["stint.dev/task"] ?? "?", born: this.#clock };
    if (type === "DELETED" || isOver(taskRun)) known.ended ??= this.#clock;
    this.#entries.set(uid, known);
  }
}
