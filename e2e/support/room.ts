/** What a test works in: a namespace of its own, and ways to look into it. */
import { randomBytes } from "node:crypto";
import { inject, type TestContext } from "vitest";
import type { TaskRunSpec } from "../../operator/api/types.ts";
import type { Access } from "./access.ts";
import { Client } from "./client.ts";
import { Kubectl } from "./kubectl.ts";
import {
  isOver,
  manifest,
  podsPath,
  taskRunsPath,
  type List,
  type Metadata,
  type Pod,
  type TaskRun,
} from "./objects.ts";
import { until, untilAll, type Wait } from "./waiting.ts";

/** What only some clusters have. */
export type Need = "real nodes" | "simulated nodes" | "own cluster";

/** Skips the test where the cluster lacks something, and says what. */
export function needs(test: TestContext, ...all: readonly Need[]): Access & { readonly dir: string } {
  const access = inject("cluster");
  const has: Readonly<Record<Need, boolean>> = {
    "real nodes": access.realNodes,
    "simulated nodes": access.simulatedNodes,
    "own cluster": access.dir !== undefined,
  };
  for (const need of all) test.skip(!has[need], WHY[need]);
  return { ...access, dir: access.dir ?? "" };
}

const WHY: Readonly<Record<Need, string>> = {
  "real nodes": "no container runs here: this cluster has simulated nodes only",
  "simulated nodes": "needs the simulated nodes of the local cluster",
  "own cluster": "needs control over the control plane, and this cluster was given",
};

/** A namespace goes when the last of its pods has stopped. */
const REMOVAL_LIMIT_MS = 300_000;

/** An operator for all namespaces would be refused pods in those of earlier tests, as long as they are on their way out. */
export async function namespacesAreGone(): Promise<void> {
  const client = new Client(inject("cluster").kubeconfig);
  const none = (all: ReadonlyMap<string, { readonly metadata: Metadata }>): boolean =>
    [...all.values()].every(({ metadata }) => metadata.deletionTimestamp === undefined);
  const what = "the namespaces of earlier tests to be gone";
  await untilAll(client, "/api/v1/namespaces", none, { what, limitMs: REMOVAL_LIMIT_MS });
}

export class Room {
  readonly namespace: string;
  readonly access: Access;
  readonly kubectl: Kubectl;
  readonly client: Client;

  private constructor(access: Access, client: Client, namespace: string) {
    this.access = access;
    this.namespace = namespace;
    this.client = client;
    this.kubectl = new Kubectl(access, namespace);
  }

  /** A fresh namespace in which pods can be made; it is deleted when the test ends. */
  static async open(test: TestContext, access: Access = inject("cluster")): Promise<Room> {
    const client = new Client(access.kubeconfig);
    const namespace = `e2e-${randomBytes(4).toString("hex")}`;
    await client.call("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
    test.onTestFinished(async () => {
      await client.send("DELETE", `/api/v1/namespaces/${namespace}`);
    });
    // Pods need it, and a controller makes it a moment later.
    const accounts = { path: `/api/v1/namespaces/${namespace}/serviceaccounts`, name: "default" };
    await until(client, accounts, (account) => account !== undefined, { what: "its default service account" });
    return new Room(access, client, namespace);
  }

  async create(name: string, spec: TaskRunSpec): Promise<TaskRun> {
    return await this.client.call("POST", taskRunsPath(this.namespace), manifest(name, spec));
  }

  async patch(name: string, spec: Partial<TaskRunSpec>): Promise<TaskRun> {
    return await this.client.call("PATCH", `${taskRunsPath(this.namespace)}/${name}`, { spec });
  }

  /** Waits until the TaskRun is as wanted. */
  async see(name: string, wanted: (taskRun: TaskRun) => boolean, wait: Wait): Promise<TaskRun> {
    const where = { path: taskRunsPath(this.namespace), name };
    const seen = await until<TaskRun>(this.client, where, (one) => one !== undefined && wanted(one), wait);
    if (seen === undefined) throw new Error(`${name} is not there`);
    return seen;
  }

  /** Waits for the end, whichever it is. */
  async over(name: string, limitMs?: number): Promise<TaskRun> {
    return await this.see(name, isOver, { what: "its end", ...(limitMs && { limitMs }) });
  }

  /** Waits until the main container of the TaskRun runs. */
  async running(name: string): Promise<TaskRun> {
    return await this.see(name, (one) => one.status.phase === "Running", { what: "phase Running" });
  }

  /** Waits until the main container of that attempt runs. */
  async attemptRuns(name: string, attempt: number): Promise<TaskRun> {
    const isIt = ({ status }: TaskRun): boolean => status.attempt === attempt && status.phase === "Running";
    return await this.see(name, isIt, { what: `attempt ${attempt} to run` });
  }

  /** Waits until the operator has looked at this version of the spec. */
  async lookedAt({ metadata: { name, generation } }: TaskRun): Promise<TaskRun> {
    const what = "the operator to have seen its spec";
    return await this.see(name, ({ status }) => status.observedGeneration === generation, { what });
  }

  async taskRun(name: string): Promise<TaskRun> {
    return await this.client.call("GET", `${taskRunsPath(this.namespace)}/${name}`);
  }

  async pods(taskRun?: string): Promise<readonly Pod[]> {
    const selector = taskRun === undefined ? "" : `?labelSelector=stint.dev/taskrun%3D${taskRun}`;
    return (await this.client.call<List<Pod>>("GET", `${podsPath(this.namespace)}${selector}`)).items;
  }

  /** Waits until the pods of the namespace, by name, are as wanted. */
  async seePods(wanted: (pods: ReadonlyMap<string, Pod>) => boolean, wait: Wait): Promise<ReadonlyMap<string, Pod>> {
    return await untilAll<Pod>(this.client, podsPath(this.namespace), wanted, wait);
  }
}
