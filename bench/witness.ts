/** Watches Stint's kinds in a namespace by itself, so that what is said of the operator does not come from the operator. */
import { isOver, type Metadata, type TaskRun } from "../e2e/support/objects.ts";
import type { WorkflowRunStatus, WorkflowStatus } from "../operator/api/types.ts";
import type { WatchEvent } from "../operator/api/watchevents.ts";
import { kindPath, KINDS, versionOf, type Bed, type Kind } from "./bed.ts";
import type { BenchClient } from "./client.ts";

export interface Workflow {
  readonly metadata: Metadata;
  readonly status?: WorkflowStatus;
}

export interface WorkflowRun {
  readonly metadata: Metadata;
  readonly status?: WorkflowRunStatus;
}

/** What every object of ours has, as far as a change of it is somebody's write. */
interface Content {
  readonly metadata: Metadata;
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** What was seen so far. */
export class Sight {
  /** The last content of each object, by kind and name. */
  readonly #contents = new Map<string, string>();
  readonly #over = new Map<string, TaskRun>();
  /** How often each object that was there before changed, by kind and name, such as `taskruns/run-a`. */
  readonly changes: Map<string, number> = new Map<string, number>();
  /** Those of them that left the object as it was. */
  sameAgain = 0;
  /** The last one seen; there is one of each in a namespace. */
  workflow: Workflow | undefined;
  run: WorkflowRun | undefined;

  /** TaskRuns that have ended, by name. */
  get over(): ReadonlyMap<string, TaskRun> {
    return this.#over;
  }

  take(kind: Kind, { type, object }: WatchEvent): void {
    if (type !== "ADDED" && type !== "MODIFIED") return;
    const content = object as Content;
    const [key, text] = [`${kind}/${content.metadata.name}`, textOf(content)];
    if (type === "MODIFIED") {
      this.changes.set(key, (this.changes.get(key) ?? 0) + 1);
      if (this.#contents.get(key) === text) this.sameAgain += 1;
    }
    this.#contents.set(key, text);
    this.#keep(kind, content);
  }

  #keep(kind: Kind, object: Content): void {
    switch (kind) {
      case "taskruns": {
        const taskRun = object as TaskRun;
        if (isOver(taskRun)) this.#over.set(taskRun.metadata.name, taskRun);
        return;
      }
      case "workflowruns":
        this.run = object as WorkflowRun;
        return;
      case "workflows":
        this.workflow = object as Workflow;
        return;
      default:
        kind satisfies never;
    }
  }
}

/** All of it but what the server itself adds to a write. The spec changes only with the generation. */
function textOf({ metadata, status }: Content): string {
  const { generation, labels, annotations, ownerReferences } = metadata;
  return JSON.stringify([generation, labels, annotations, ownerReferences, status]);
}

export class Witness {
  readonly sight: Sight = new Sight();
  readonly #stop = new AbortController();
  readonly #failure = new AbortController();
  readonly #looks = new Set<() => void>();

  /** Sees all that happens to the kinds of the namespace from now on. */
  static async start({ client, signal }: Pick<Bed, "client" | "signal">, namespace: string): Promise<Witness> {
    const witness = new Witness();
    const ended = AbortSignal.any([signal, witness.#stop.signal]);
    for (const kind of KINDS) {
      const path = kindPath(namespace, kind);
      const version = versionOf(await client.call("GET", path));
      witness.#follow(client.watch(path, version, ended), kind).catch((error: unknown) => {
        if (!ended.aborted) witness.#failure.abort(error);
      });
    }
    return witness;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Resolves when what was seen is as wanted; rejects when the watch breaks, or on `signal`. */
  async until(wanted: (sight: Sight) => boolean, signal: AbortSignal): Promise<void> {
    if (wanted(this.sight)) return;
    const ended = AbortSignal.any([signal, this.#failure.signal]);
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const look = (): void => {
      if (wanted(this.sight)) resolve(undefined);
    };
    const fail = (): void => reject(ended.reason as Error);
    this.#looks.add(look);
    ended.addEventListener("abort", fail, { once: true });
    if (ended.aborted) fail();
    try {
      await promise;
    } finally {
      this.#looks.delete(look);
      ended.removeEventListener("abort", fail);
    }
  }

  async #follow(events: ReturnType<BenchClient["watch"]>, kind: Kind): Promise<void> {
    for await (const batch of events) {
      for (const event of batch) this.sight.take(kind, event);
      for (const look of this.#looks) look();
    }
  }
}
