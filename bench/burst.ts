/** One burst of short TaskRuns in a fresh namespace, from the first create to the last terminal status. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { apiServerMetrics } from "../e2e/cluster/cluster.ts";
import {
  isOver,
  manifest,
  podsPath,
  simulated,
  taskRunsPath,
  type List,
  type Pod,
  type TaskRun,
} from "../e2e/support/objects.ts";
import { Operator, sumOf } from "../e2e/support/operator.ts";
import { BarePods } from "./barepods.ts";
import type { BenchClient } from "./client.ts";
import { cpuSeconds, peakMemoryMb } from "./cost.ts";
import type { Figures } from "./report.ts";

export interface Burst {
  readonly client: BenchClient;
  readonly kubeconfig: string;
  /** The cluster's folder. */
  readonly dir: string;
  readonly apiServerPid: number;
  readonly tasks: number;
  readonly signal: AbortSignal;
}

/** Somebody who brings TaskRuns to their end. */
export interface Contestant {
  readonly name: string;
  readonly run: (burst: Burst) => Promise<Figures>;
}

/** R: creates the pod and writes the outcome itself, from one process, with no care for anything that may go wrong. */
export const bareLoader: Contestant = {
  name: "bare loader (R)",
  run: async (burst) =>
    await inNamespace(burst, async (namespace) => {
      const pods = await BarePods.start(burst.client, namespace, burst.signal);
      try {
        const signal = AbortSignal.any([burst.signal, pods.failure]);
        return await measure({ ...burst, signal }, namespace, async (taskRun) => await pods.run(taskRun));
      } finally {
        pods.stop();
      }
    }),
};

export const throughOperator: Contestant = {
  name: "operator",
  run: async (burst) =>
    await inNamespace(burst, async (namespace) => {
      const operator = Operator.start(burst.kubeconfig, [`--namespaces=${namespace}`]);
      try {
        await operator.ready();
        const before = await costOf(operator);
        const figures = await measure(burst, namespace, () => Promise.resolve());
        const after = await costOf(operator);
        return {
          ...figures,
          ownCpuMs: ((after.cpu - before.cpu) * 1000) / burst.tasks,
          ownWrites: (after.writes - before.writes) / burst.tasks,
          peakMemoryMb: await peakMemoryMb(operator.pid),
        };
      } finally {
        await operator.stop();
      }
    }),
};

/** Creates under way at once: enough to keep the server busy, few enough not to be told to wait. */
const CREATES_AT_ONCE = 32;

/** `created` is called for every TaskRun as the server replied it. */
async function measure(
  burst: Burst,
  namespace: string,
  created: (taskRun: TaskRun) => Promise<void>,
): Promise<Figures> {
  const { client, tasks, signal } = burst;
  const path = taskRunsPath(namespace);
  const template = simulated({ "run-for": "0s" });
  const version = versionOf(await client.call("GET", path));
  let next = 0;
  const creator = async (): Promise<void> => {
    while (next < tasks) {
      signal.throwIfAborted();
      next += 1;
      await created((await client.call("POST", path, manifest(`task-${next}`, { template }))) as TaskRun);
    }
  };
  const before = await serverCost(burst);
  const started = performance.now();
  await Promise.all([allOver(burst, path, version), ...Array.from({ length: CREATES_AT_ONCE }, creator)]);
  const seconds = (performance.now() - started) / 1000;
  const after = await serverCost(burst);
  return {
    tasksPerSecond: tasks / seconds,
    serverCpuMs: ((after.cpu - before.cpu) * 1000) / tasks,
    allWrites: (after.writes - before.writes) / tasks,
  };
}

/** Resolves when so many TaskRuns have a final phase. */
async function allOver({ client, tasks, signal }: Burst, path: string, version: string): Promise<void> {
  const over = new Set<string>();
  for await (const batch of client.watch(path, version, signal)) {
    for (const { object } of batch) {
      const taskRun = object as TaskRun;
      if (isOver(taskRun)) over.add(taskRun.metadata.uid);
    }
    if (over.size >= tasks) return;
  }
  signal.throwIfAborted();
}

async function costOf(operator: Operator): Promise<{ readonly cpu: number; readonly writes: number }> {
  const { text } = await operator.get("/metrics");
  const of = (verb: string): number => sumOf(text, "stint_api_requests_total", { verb });
  return { cpu: await cpuSeconds(operator.pid), writes: of("create") + of("update") + of("delete") };
}

async function serverCost({ dir, apiServerPid }: Burst): Promise<{ readonly cpu: number; readonly writes: number }> {
  const text = await apiServerMetrics(dir);
  const of = (verb: string, resource: string): number => sumOf(text, "apiserver_request_total", { verb, resource });
  const writes = ["POST", "PUT", "PATCH", "DELETE"].flatMap((verb) => [of(verb, "pods"), of(verb, "taskruns")]);
  return { cpu: await cpuSeconds(apiServerPid), writes: writes.reduce((sum, one) => sum + one, 0) };
}

/** Gives the work a namespace, and takes all of it away again: the next burst finds an empty cluster. */
async function inNamespace<T>({ client }: Burst, work: (namespace: string) => Promise<T>): Promise<T> {
  const namespace = `bench-${randomBytes(4).toString("hex")}`;
  await client.call("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
  try {
    await sleep(SETTLE_MS);
    return await work(namespace);
  } finally {
    // TaskRuns first: while the operator's are there, deleted pods would be made anew if it still ran.
    await client.call("DELETE", taskRunsPath(namespace));
    await client.call("DELETE", podsPath(namespace), {
      kind: "DeleteOptions",
      apiVersion: "v1",
      gracePeriodSeconds: 0,
    });
    await client.call("DELETE", `/api/v1/namespaces/${namespace}`);
    await emptied(client, podsPath(namespace));
  }
}

/** Until the namespace's service account is there and everybody's caches are quiet. */
const SETTLE_MS = 2_000;
const EMPTY_LOOKS_MAX = 120;
const EMPTY_PAUSE_MS = 500;

async function emptied(client: BenchClient, path: string): Promise<void> {
  for (let look = 0; look < EMPTY_LOOKS_MAX; look += 1) {
    const { items } = (await client.call("GET", path)) as List<Pod>;
    if (items.length === 0) return;
    await sleep(EMPTY_PAUSE_MS);
  }
  throw new Error("the pods of the last burst do not go away");
}

function versionOf(list: unknown): string {
  return (list as List<unknown>).metadata.resourceVersion;
}
