/** The bare loader's half: a pod for a TaskRun, and its outcome written when the pod has ended. Nothing else is looked after. */
import { podName as computedName } from "../operator/decide/childname.ts";
import { podsPath, taskRunsPath, type List, type Pod, type TaskRun } from "../e2e/support/objects.ts";
import type { Bed } from "./bed.ts";
import type { BenchClient } from "./client.ts";

const API_VERSION = "stint.dev/v1alpha1";
const LABEL = "stint.dev/taskrun";

export class BarePods {
  readonly #client: BenchClient;
  readonly #namespace: string;
  readonly #stop = new AbortController();
  /** TaskRuns whose outcome is not written yet, by name. */
  readonly #open = new Map<string, TaskRun>();
  readonly #failure = new AbortController();

  /** Called with the TaskRun's name when its outcome is written. */
  readonly #written: (name: string) => void;

  private constructor(client: BenchClient, namespace: string, written: (name: string) => void) {
    this.#client = client;
    this.#namespace = namespace;
    this.#written = written;
  }

  /** Aborted with the first error: some TaskRun will then never end. */
  get failure(): AbortSignal {
    return this.#failure.signal;
  }

  static async start(
    { client, signal }: Pick<Bed, "client" | "signal">,
    namespace: string,
    written: (name: string) => void = () => undefined,
  ): Promise<BarePods> {
    const pods = new BarePods(client, namespace, written);
    const list = (await client.call("GET", podsPath(namespace))) as List<Pod>;
    const ended = AbortSignal.any([signal, pods.#stop.signal]);
    pods.#follow(list.metadata.resourceVersion, ended).catch((error: unknown) => {
      if (!ended.aborted) pods.#failure.abort(error);
    });
    return pods;
  }

  stop(): void {
    this.#stop.abort();
  }

  async run(taskRun: TaskRun): Promise<void> {
    const { name, uid } = taskRun.metadata;
    this.#open.set(name, taskRun);
    const { metadata, spec } = taskRun.spec.template as { metadata: object; spec: object };
    await this.#client.call("POST", podsPath(this.#namespace), {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...metadata,
        name: computedName(name, 1, uid),
        labels: { [LABEL]: name },
        ownerReferences: [{ apiVersion: API_VERSION, kind: "TaskRun", name, uid, controller: true }],
      },
      spec: { automountServiceAccountToken: false, ...spec, restartPolicy: "Never" },
    });
  }

  async #follow(version: string, signal: AbortSignal): Promise<void> {
    const path = podsPath(this.#namespace);
    for await (const batch of this.#client.watch(path, version, signal)) {
      for (const { object } of batch) {
        const pod = object as Pod;
        if (pod.status.phase === "Succeeded") this.#write(pod);
      }
    }
  }

  #write(pod: Pod): void {
    const taskRun = this.#open.get(pod.metadata.labels?.[LABEL] ?? "");
    if (taskRun === undefined) return;
    const { namespace, name, uid, resourceVersion, generation = 0 } = taskRun.metadata;
    this.#open.delete(name);
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    const podName = pod.metadata.name;
    const status = {
      phase: "Succeeded",
      observedGeneration: generation,
      attempt: 1,
      podName,
      startTime: now,
      completionTime: now,
      exitCode: 0,
      attempts: [{ number: 1, podName, reason: "Succeeded", exitCode: 0, startTime: now, completionTime: now }],
      conditions: [{ type: "Succeeded", status: "True", reason: "Succeeded", message: "", lastTransitionTime: now }],
    };
    const body = {
      apiVersion: API_VERSION,
      kind: "TaskRun",
      metadata: { namespace, name, uid, resourceVersion },
      status,
    };
    this.#client.call("PUT", `${taskRunsPath(namespace)}/${name}/status`, body).then(
      () => this.#written(name),
      (error: unknown) => this.#failure.abort(error),
    );
  }
}
