/** The API server restarts, forgets, or falls silent: the operator goes on by itself. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, type TestContext } from "vitest";
import { compactEtcd, killComponent, restartComponent, startStopped } from "./cluster/cluster.ts";
import { podCreations } from "./support/audit.ts";
import { isOver, simulated, taskRunsPath, type List, type TaskRun } from "./support/objects.ts";
import type { Operator } from "./support/operator.ts";
import { serverOf, throughPort } from "./support/credentials.ts";
import { Proxy } from "./support/proxy.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";
import { poll, untilAll } from "./support/waiting.ts";

const SERVER = "kube-apiserver";
const TASK_RUNS = 30;

it("the API server restarts while TaskRuns run: every one ends, none runs twice", async (test) => {
  const { dir } = needs(test, "simulated nodes", "own cluster");
  const room = await Room.open(test);
  const operator = await operatorForTest(test).ready();
  await createMany(room, "before");
  await restartComponent(dir, SERVER);
  await createMany(room, "after");
  await allSucceed(room, 2 * TASK_RUNS);

  await expectOnePodEach(room);
  expect(operator.log.filter((line) => line.level === "error")).toEqual([]);
});

it("the API server crashes and stays away for a while: the operator waits for it", async (test) => {
  const { dir } = needs(test, "simulated nodes", "own cluster");
  const room = await Room.open(test);
  const operator = await operatorForTest(test).ready();
  await createMany(room, "before");
  await killComponent(dir, SERVER);
  try {
    await operator.logged("cannot watch, will try again");
    expect((await operator.get("/healthz")).status).toBe(200);
  } finally {
    await startStopped(dir, SERVER);
  }
  await allSucceed(room, TASK_RUNS);
  await expectOnePodEach(room);
});

it("the API server restarts and etcd has been compacted, so that the watch gets 410 Gone: the operator lists anew and goes on", async (test) => {
  const { dir } = needs(test, "simulated nodes", "own cluster");
  const room = await Room.open(test);
  const operator = await operatorForTest(test).ready();
  await createMany(room, "before");
  await compactEtcd(dir);
  await restartComponent(dir, SERVER);
  await createMany(room, "after");
  await allSucceed(room, 2 * TASK_RUNS);

  expect(await operator.metric("stint_watch_restarts_total", { cause: "gone" })).toBeGreaterThan(0);
  await expectOnePodEach(room);
});

/**
 * Over HTTP/2 only: it has pings. HTTP/1.1 relies on the kernel's probes, which the kernel of a proxy answers, however
 * silent the proxy is; a network that drops packets cannot be had here without changing the machine.
 */
it("a connection dies without a word: the operator notices and goes on", async (test) => {
  const { kubeconfig } = needs(test, "simulated nodes");
  const room = await Room.open(test);
  const { operator, proxy } = await operatorBehindProxy(test, kubeconfig);
  await createMany(room, "before");
  await allSucceed(room, TASK_RUNS);
  const restarts = await operator.metric("stint_watch_restarts_total");
  proxy.silence();
  await createMany(room, "after");
  await allSucceed(room, 2 * TASK_RUNS);

  expect(await operator.metric("stint_watch_restarts_total")).toBeGreaterThan(restarts);
});

it("an operator that starts without an API server waits for it", async (test) => {
  const { dir } = needs(test, "simulated nodes", "own cluster");
  const room = await Room.open(test);
  await killComponent(dir, SERVER);
  let operator: Operator;
  try {
    operator = operatorForTest(test);
    await operator.logged("the API server cannot be reached");
    expect((await operator.get("/readyz")).status).toBe(503);
  } finally {
    await startStopped(dir, SERVER);
  }
  await operator.ready();
  await createMany(room, "late");
  await allSucceed(room, TASK_RUNS);
});

async function operatorBehindProxy(
  test: TestContext,
  kubeconfig: string,
): Promise<{ readonly operator: Operator; readonly proxy: Proxy }> {
  const folder = await mkdtemp(join(tmpdir(), "stint-proxy-"));
  const proxy = await Proxy.start(await serverOf(kubeconfig));
  test.onTestFinished(async () => {
    proxy.close();
    await rm(folder, { recursive: true });
  });
  const copy = join(folder, "config");
  await throughPort(kubeconfig, proxy.port, copy);
  const operator = await operatorForTest(test, [], copy).ready();
  await poll(() => Promise.resolve(proxy.connections > 0 || undefined), { what: "connections through the proxy" });
  return { operator, proxy };
}

async function createMany(room: Room, name: string): Promise<void> {
  const plays = simulated({ "run-for": "2s" });
  const names = Array.from({ length: TASK_RUNS }, (_, index) => `${name}-${index}`);
  await Promise.all(names.map((one) => room.create(one, { template: plays })));
}

async function allSucceed(room: Room, count: number): Promise<void> {
  const over = (seen: ReadonlyMap<string, TaskRun>): boolean => seen.size === count && [...seen.values()].every(isOver);
  const seen = await untilAll<TaskRun>(room.client, taskRunsPath(room.namespace), over, {
    what: `${count} TaskRuns to end`,
  });
  const phases = new Set([...seen.values()].map(({ status }) => status.phase));
  expect(phases).toEqual(new Set(["Succeeded"]));
}

/** Finished pods stay with their TaskRun, so a second one would be seen, unless it was deleted: the audit log tells. */
async function expectOnePodEach(room: Room): Promise<void> {
  const taskRuns = await room.client.call<List<TaskRun>>("GET", taskRunsPath(room.namespace));
  const owners = (await room.pods()).map((pod) => pod.metadata.labels?.["stint.dev/taskrun"] ?? "");
  expect(owners.toSorted(byText)).toEqual(taskRuns.items.map((item) => item.metadata.name).toSorted(byText));
  const creations = await podCreations(room.access.dir ?? "", room.namespace);
  expect([...creations].filter(([, count]) => count !== 1)).toEqual([]);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}
