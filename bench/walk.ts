/** R for a workflow: a bare loader that walks the same graph with the same writes of TaskRuns and pods, and looks after nothing else. */
import { auditBytes } from "../e2e/cluster/cluster.ts";
import { manifest, simulated, taskRunsPath, type TaskRun } from "../e2e/support/objects.ts";
import { writesIn } from "./audited.ts";
import { BarePods } from "./barepods.ts";
import { allOver, inNamespace, serverCost, versionOf, type Bed } from "./bed.ts";
import { CREATES_AT_ONCE } from "./burst.ts";
import { nodesOf, type Case, type Node } from "./graph.ts";
import { hopsOf, type Hop } from "./hops.ts";

export interface BareFigures {
  /** From the first create to the last terminal status seen. */
  readonly seconds: number;
  /** CPU of kube-apiserver per task. */
  readonly serverCpuMs: number;
  /** Of a chain; empty for other shapes. */
  readonly hops: readonly Hop[];
}

export async function bareWalk(bed: Bed, which: Case): Promise<BareFigures> {
  return await inNamespace(bed.client, async (namespace) => {
    const path = taskRunsPath(namespace);
    const version = versionOf(await bed.client.call("GET", path));
    const auditStart = await auditBytes(bed.dir);
    const before = await serverCost(bed);
    const started = performance.now();
    await walked(bed, namespace, nodesOf(which), version);
    const seconds = (performance.now() - started) / 1000;
    const after = await serverCost(bed);
    const writes = which.shape === "chain" ? await writesIn(bed.dir, namespace, auditStart) : [];
    const names = nodesOf(which).map(({ name }) => name);
    const hops = hopsOf(writes, names, "bench");
    return { seconds, serverCpuMs: ((after.cpu - before.cpu) * 1000) / which.size, hops };
  });
}

async function walked(bed: Bed, namespace: string, nodes: readonly Node[], version: string): Promise<void> {
  const path = taskRunsPath(namespace);
  const template = simulated({ "run-for": "0s" });
  const failure = new AbortController();
  const steps = new Steps(nodes);
  let underWay = 0;
  const create = async (name: string): Promise<void> => {
    try {
      await pods.run((await bed.client.call("POST", path, manifest(name, { template }))) as TaskRun);
      underWay -= 1;
      startMore();
    } catch (error) {
      failure.abort(error);
    }
  };
  const startMore = (): void => {
    for (let name = room(); name !== undefined; name = room()) {
      underWay += 1;
      void create(name);
    }
  };
  const room = (): string | undefined => (underWay < CREATES_AT_ONCE ? steps.next() : undefined);
  const pods = await BarePods.start(bed, namespace, (name) => {
    steps.done(name);
    startMore();
  });
  try {
    startMore();
    const signal = AbortSignal.any([bed.signal, pods.failure, failure.signal]);
    await allOver({ ...bed, signal }, path, version, nodes.length);
  } finally {
    pods.stop();
  }
}

/** Which nodes may start: those whose upstream is done, in the order in which they came to it. */
export class Steps {
  readonly #missing: Map<string, number>;
  readonly #downstream = new Map<string, string[]>();
  readonly #ready: string[];
  #next = 0;

  constructor(nodes: readonly Node[]) {
    this.#missing = new Map(nodes.map(({ name, dependsOn }) => [name, dependsOn.length]));
    this.#ready = nodes.filter(({ dependsOn }) => dependsOn.length === 0).map(({ name }) => name);
    for (const { name, dependsOn } of nodes) {
      for (const upstream of dependsOn) {
        const others = this.#downstream.get(upstream);
        if (others === undefined) this.#downstream.set(upstream, [name]);
        else others.push(name);
      }
    }
  }

  /** One that may start and was not given out; undefined: none just now. */
  next(): string | undefined {
    const name = this.#ready[this.#next];
    if (name !== undefined) this.#next += 1;
    return name;
  }

  done(name: string): void {
    for (const one of this.#downstream.get(name) ?? []) {
      const missing = (this.#missing.get(one) ?? 0) - 1;
      this.#missing.set(one, missing);
      if (missing === 0) this.#ready.push(one);
    }
  }
}
