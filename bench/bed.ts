/** What every benchmark stands on: a cluster of its own, namespaces that are empty at the start, and what the API server spends. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { apiServerMetrics, componentPid } from "../e2e/cluster/cluster.ts";
import { openCluster } from "../e2e/support/access.ts";
import { applyCrds } from "../e2e/support/crds.ts";
import { Kubectl } from "../e2e/support/kubectl.ts";
import { isOver, podsPath, taskRunsPath, type List, type TaskRun } from "../e2e/support/objects.ts";
import { sumOf } from "../e2e/support/operator.ts";
import { benchClient, type BenchClient } from "./client.ts";
import { cpuSeconds } from "./cost.ts";

export interface Bed {
  readonly client: BenchClient;
  readonly kubeconfig: string;
  /** The cluster's folder. */
  readonly dir: string;
  readonly apiServerPid: number;
  readonly signal: AbortSignal;
}

/** The exit code of a program that was asked to stop. */
const INTERRUPTED = 130;

/** Gives the work a cluster with simulated nodes, and takes it down again; returns the exit code. */
export async function onCluster(say: (line: string) => void, work: (bed: Bed) => Promise<void>): Promise<number> {
  const interrupt = new AbortController();
  const stop = (): void => {
    say("\ninterrupted; cleaning up");
    interrupt.abort(new Error("interrupted"));
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  if (process.env["CLUSTER"] === "existing") throw new Error("the benchmark needs its own cluster: unset CLUSTER");
  const cluster = await openCluster({ name: "bench", realNodes: 0, simulatedNodes: 2 }, say);
  let client: BenchClient | undefined;
  try {
    const { kubeconfig, dir = "" } = cluster.access;
    await applyCrds(new Kubectl(cluster.access));
    client = benchClient(kubeconfig);
    const apiServerPid = await componentPid(dir, "kube-apiserver");
    await work({ client, kubeconfig, dir, apiServerPid, signal: interrupt.signal });
    return 0;
  } catch (error) {
    if (interrupt.signal.aborted) return INTERRUPTED;
    throw error;
  } finally {
    await client?.close();
    await cluster.close();
  }
}

/** What kube-apiserver has spent so far: CPU seconds, and writes of pods and TaskRuns, whoever made them. */
export async function serverCost({
  dir,
  apiServerPid,
}: Bed): Promise<{ readonly cpu: number; readonly writes: number }> {
  const text = await apiServerMetrics(dir);
  const of = (verb: string, resource: string): number => sumOf(text, "apiserver_request_total", { verb, resource });
  const writes = ["POST", "PUT", "PATCH", "DELETE"].flatMap((verb) => [of(verb, "pods"), of(verb, "taskruns")]);
  return { cpu: await cpuSeconds(apiServerPid), writes: writes.reduce((sum, one) => sum + one, 0) };
}

/** Resolves when so many TaskRuns have a final phase. */
export async function allOver({ client, signal }: Bed, path: string, version: string, tasks: number): Promise<void> {
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

/** Stint's kinds in a namespace, what is made from the others last. */
export const KINDS = ["workflows", "workflowruns", "taskruns"] as const;
export type Kind = (typeof KINDS)[number];

/** The path of one of Stint's kinds in a namespace. */
export function kindPath(namespace: string, kind: Kind): string {
  return taskRunsPath(namespace).replace(/taskruns$/, kind);
}

/** Gives the work a namespace, and takes all of it away again: the next finds an empty cluster. */
export async function inNamespace<T>(client: BenchClient, work: (namespace: string) => Promise<T>): Promise<T> {
  const namespace = `bench-${randomBytes(4).toString("hex")}`;
  await client.call("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
  try {
    await sleep(SETTLE_MS);
    return await work(namespace);
  } finally {
    // Owners first: while the operator's are there, deleted pods would be made anew if it still ran.
    for (const kind of KINDS) await emptied(client, kindPath(namespace, kind));
    await emptied(client, podsPath(namespace));
    await client.call("DELETE", `/api/v1/namespaces/${namespace}`);
  }
}

/** Until the namespace's service account is there and everybody's caches are quiet. */
const SETTLE_MS = 2_000;
const EMPTY_LOOKS_MAX = 240;
const EMPTY_PAUSE_MS = 500;
const AT_ONCE = { kind: "DeleteOptions", apiVersion: "v1", gracePeriodSeconds: 0 };

/** The server deletes some hundred objects a second and gives a call a minute: what is left then is asked for again. */
async function emptied(client: BenchClient, path: string): Promise<void> {
  for (let look = 0; look < EMPTY_LOOKS_MAX; look += 1) {
    await client.call("DELETE", path, AT_ONCE).catch((error: unknown) => {
      if (look + 1 === EMPTY_LOOKS_MAX) throw error;
    });
    const { items } = (await client.call("GET", `${path}?limit=1`)) as List<unknown>;
    if (items.length === 0) return;
    await sleep(EMPTY_PAUSE_MS);
  }
  throw new Error(`what the last measurement made in ${path} does not go away`);
}

export function versionOf(list: unknown): string {
  return (list as List<unknown>).metadata.resourceVersion;
}
