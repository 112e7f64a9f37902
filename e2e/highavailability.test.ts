/** Two replicas of the operator on two real nodes: a rolling update, a drain, and a node that loses its power under the leader. */
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, inject, it, type TestContext } from "vitest";
import { powerOffNode } from "./cluster/nodetrouble.ts";
import { podCreations } from "./support/audit.ts";
import { breakableForFile, type Breakable } from "./support/breakable.ts";
import { Deployed, isDeployment, OPERATOR_NAMESPACE, type OperatorPod } from "./support/deployed.ts";
import { Flows } from "./support/flows.ts";
import { podsPath, simulated, type Pod } from "./support/objects.ts";
import { loadOperatorImage } from "./support/operatorimage.ts";
import { leader, pauses, stretches } from "./support/stretches.ts";
import { needs, Room } from "./support/room.ts";
import { poll, untilAll } from "./support/waiting.ts";

const REPLICAS = 2;
/**
 * The promise is 2 s, on a machine that does nothing else; here the figure is printed. What is asserted is less than the lease time: that it
 * was released, and not waited for.
 */
const HANDOVER_LIMIT_MS = 10_000;
/** The lease time of 15 s, and as much again for a start and first lists on a busy machine. */
const TAKEOVER_LIMIT_MS = 30_000;
/** Often enough that a leader always has something to write. */
const LOAD_PAUSE_MS = 100;
const HOP_SECONDS = 1;
/** Under way longer than a rolling update takes. */
const HOPS = 20;
/** While nobody leads the chain stands still, so a few are enough. */
const FEW_HOPS = 8;

const cluster = breakableForFile(REPLICAS);
let operator: Deployed;

beforeAll(async () => {
  const shared = inject("cluster");
  if (shared.dir === undefined || !shared.realNodes) return;
  operator = new Deployed(cluster());
  await loadOperatorImage(cluster().dir);
  await operator.apply(await operator.manifests());
});

describe("two replicas", () => {
  it("are spread over the nodes, and so are those that replace them", async (test) => {
    const { room } = await opened(test);
    const all = await replicas();
    expect(new Set(all.map(({ spec }) => spec.nodeName))).toEqual(new Set(["node-1", "node-2"]));

    // A port of the host's keeps those apart in any case. Without it, only what the manifests say does.
    const found = (await operator.manifests()).find(isDeployment);
    const { nodeSelector, tolerations } = simulated({ "run-for": "forever" })["spec"] as Record<string, unknown>;
    await room.kubectl.run(["create", "serviceaccount", "stint"]);
    const pod = found?.spec.template;
    const spec = { ...pod?.spec, nodeSelector, tolerations };
    await room.kubectl.apply({
      ...found,
      metadata: { name: "spread" },
      spec: { ...found?.spec, template: { ...pod, spec } },
    });
    await areSpread(room);
    await room.kubectl.run(["rollout", "restart", "deployment/spread"]);
    await room.kubectl.run(["rollout", "status", "deployment/spread", "--timeout=60s"]);
    await areSpread(room);
  });

  it("hand over within 2 s in a rolling update under load: no task is lost, none is started twice", async (test) => {
    const { dir, room } = await opened(test);
    const load = new Load(room);
    const flows = new Flows(room);
    const { metadata } = await flows.begin("chain", { tasks: chain(HOPS) });
    await flows.see(metadata.name, ({ status }) => (status.states ?? "").includes("S"), {
      what: "its first task to end",
    });
    const beganMs = Date.now();
    await operator.apply(await operator.manifests());
    const names = await load.stop();

    for (const name of names) expect((await room.over(name)).status).toMatchObject({ phase: "Succeeded", attempt: 1 });
    expect((await flows.over(metadata.name)).status.phase).toBe("Succeeded");
    const created = await podCreations(dir, room.namespace);
    expect([...created].filter(([, count]) => count !== 1)).toEqual([]);
    expect(created.size).toBe(names.length + HOPS);
    const writers = await stretches(dir, beganMs);
    const pausesMs = pauses(writers);
    console.log(
      `a rolling update with ${names.length} tasks: nobody wrote for ${pausesMs.join(", ")} ms at its hand-overs`,
    );
    expect(pausesMs.length).toBeGreaterThan(0);
    expect(Math.max(...pausesMs)).toBeLessThan(HANDOVER_LIMIT_MS);
    // Who has handed over never writes again.
    const pods = writers.map(({ pod }) => pod);
    expect(pods).toEqual([...new Set(pods)]);
  });

  it("are not both given up to a drain: the second eviction is refused until the first is made good", async (test) => {
    const { room } = await opened(test);
    const [first, second] = await replicas();
    const evict = async (pod: OperatorPod | undefined): Promise<string> => {
      const name = pod?.metadata.name ?? "";
      const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: OPERATOR_NAMESPACE } };
      const path = `${podsPath(OPERATOR_NAMESPACE)}/${name}/eviction`;
      const reply = await room.client.send<{ message?: string }>("POST", path, body);
      return `${reply.status} ${reply.body.message ?? ""}`;
    };

    expect(await evict(first)).toMatch(/^201/);
    expect(await evict(second)).toMatch(/^429 .*disruption budget/);
    await operator.pods((pods) => !pods.has(first?.metadata.name ?? ""), { what: "the evicted replica to be gone" });
    await operator.available();
  });

  it("survive the node under the leader: the other takes over within the lease time, and running workflows go on", async (test) => {
    const { dir, room } = await opened(test);
    const flows = new Flows(room);
    const { metadata } = await flows.begin("chain", { tasks: chain(FEW_HOPS) });
    await flows.see(metadata.name, ({ status }) => (status.states ?? "").includes("S"), {
      what: "its first task to end",
    });
    const led = await leader(dir);
    const pod = (await replicas()).find((one) => one.metadata.name === led);
    const offMs = Date.now();
    await powerOffNode(dir, pod?.spec.nodeName ?? "");

    const taken = await poll(async () => (await stretches(dir, offMs)).find((stretch) => stretch.pod !== led), {
      what: "the other replica to write",
    });
    const tookMs = taken.firstMs - offMs;
    console.log(`a node without power: the other replica wrote ${(tookMs / 1000).toFixed(1)} s later`);
    expect(tookMs).toBeLessThan(TAKEOVER_LIMIT_MS);
    expect((await flows.over(metadata.name)).status.phase).toBe("Succeeded");
    const created = await podCreations(dir, room.namespace);
    expect([...created].filter(([, count]) => count !== 1)).toEqual([]);
    expect(created.size).toBe(FEW_HOPS);
    expect(await leader(dir)).toBe(taken.pod);
  });
});

/** Skips where there is no cluster to break; opens a namespace in it, where a failure shows what the replicas said. */
async function opened(test: TestContext): Promise<Breakable & { readonly room: Room }> {
  needs(test, "real nodes", "own cluster");
  test.onTestFailed(() => operator.show());
  return { ...cluster(), room: await Room.open(test, cluster()) };
}

async function replicas(): Promise<readonly OperatorPod[]> {
  return await operator.pods((all) => all.size === REPLICAS, { what: `${REPLICAS} replicas` });
}

async function areSpread(room: Room): Promise<void> {
  const spread = (pods: ReadonlyMap<string, Pod>): boolean => {
    const alive = [...pods.values()].filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return alive.length === REPLICAS && new Set(alive.map(({ spec }) => spec.nodeName)).size === REPLICAS;
  };
  await untilAll<Pod>(room.client, podsPath(room.namespace), spread, { what: "both pods on nodes of their own" });
}

/** A task after the other, each on a simulated node, so that a real node that fails takes none with it. */
function chain(hops: number): { name: string; template: ReturnType<typeof simulated>; dependsOn?: string[] }[] {
  return Array.from({ length: hops }, (_, index) => ({
    name: `hop-${index}`,
    template: simulated({ "run-for": `${HOP_SECONDS}s` }),
    ...(index > 0 && { dependsOn: [`hop-${index - 1}`] }),
  }));
}

/** Short tasks, one after the other, until it is stopped. */
class Load {
  readonly #room: Room;
  readonly #names: string[] = [];
  readonly #done: Promise<void>;
  #stopped = false;

  constructor(room: Room) {
    this.#room = room;
    this.#done = this.#run();
  }

  /** Ends it; the names of its tasks. */
  async stop(): Promise<readonly string[]> {
    this.#stopped = true;
    await this.#done;
    return this.#names;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const name = `load-${this.#names.length}`;
      await this.#room.create(name, { template: simulated({ "run-for": "300ms" }) });
      this.#names.push(name);
      await sleep(LOAD_PAUSE_MS);
    }
  }
}
