/** One burst of short TaskRuns in a fresh namespace, from the first create to the last terminal status. */
import { manifest, simulated, taskRunsPath, type TaskRun } from "../e2e/support/objects.ts";
import { Operator, sumOf } from "../e2e/support/operator.ts";
import { BarePods } from "./barepods.ts";
import { allOver, inNamespace, serverCost, versionOf, type Bed } from "./bed.ts";
import { cpuSeconds, peakMemoryMb } from "./cost.ts";
import type { Figures } from "./report.ts";

export interface Burst extends Bed {
  readonly tasks: number;
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
    await inNamespace(burst.client, async (namespace) => {
      const pods = await BarePods.start(burst, namespace);
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
    await inNamespace(burst.client, async (namespace) => {
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
export const CREATES_AT_ONCE = 32;

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
  await Promise.all([allOver(burst, path, version, tasks), ...Array.from({ length: CREATES_AT_ONCE }, creator)]);
  const seconds = (performance.now() - started) / 1000;
  const after = await serverCost(burst);
  return {
    tasksPerSecond: tasks / seconds,
    serverCpuMs: ((after.cpu - before.cpu) * 1000) / tasks,
    allWrites: (after.writes - before.writes) / tasks,
  };
}

async function costOf(operator: Operator): Promise<{ readonly cpu: number; readonly writes: number }> {
  const { text } = await operator.get("/metrics");
  const of = (verb: string): number => sumOf(text, "stint_api_requests_total", { verb });
  return { cpu: await cpuSeconds(operator.pid), writes: of("create") + of("update") + of("delete") };
}
