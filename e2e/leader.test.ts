/** Two replicas: one works, and whatever becomes of it, the other goes on; never do both write. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, inject, it, type TestContext } from "vitest";
import { podCreations } from "./support/audit.ts";
import { serverOf, throughPort } from "./support/credentials.ts";
import { Flows } from "./support/flows.ts";
import { PodLedger } from "./support/ledger.ts";
import { isOver, simulated, taskRunsPath, type TaskRun } from "./support/objects.ts";
import { Proxy } from "./support/proxy.ts";
import { arrivalMs, LEASE_SECONDS, Replica } from "./support/replicas.ts";
import { needs, Room } from "./support/room.ts";
import { poll, untilAll } from "./support/waiting.ts";

const TASK_RUNS = 40;
/** Between two TaskRuns: under load means that there is work at every moment. */
const PACE_MS = 50;
/** The promise is two seconds; a machine that runs everything at once gets more. */
const HAND_OVER_LIMIT_MS = 5_000;
/** What a busy machine may add to the lease time. */
const LATE_MS = 8_000;

it("of two replicas one works; when it ends under load the other takes over at once, and workflows go on", async (test) => {
  const { room, ledger } = await roomWithLedger(test);
  const [first, second] = await Replica.pair(test, room);
  const standing = (await second.operator.get("/readyz")).text;
  const flows = new Flows(room);
  const run = await flows.begin("chain", { tasks: chainOf(5) });
  const creating = createAll(room);
  await sleep((TASK_RUNS * PACE_MS) / 2);
  const metrics = [await first.operator.metric("stint_leader"), await second.operator.metric("stint_leader")];
  const signalMs = Date.now();
  const code = await first.operator.stop();
  const because = await second.leads();
  await creating;
  await allSucceed(room, TASK_RUNS + 5);
  const over = await flows.over(run.metadata.name);

  expect([standing, metrics, code, because]).toEqual([`standing by: ${first.identity} leads\n`, [1, 0], 0, "released"]);
  expect(over.status.phase).toBe("Succeeded");
  const [before, after] = [await first.writes(), await second.writes()];
  const handOverMs = arrivalMs(after.work[0]) - signalMs;
  console.log(`hand-over: ${handOverMs} ms from SIGTERM to the first write of the other`);
  expect(handOverMs).toBeLessThan(HAND_OVER_LIMIT_MS);
  // Standing by it wrote nothing at all, and there was no moment in which both wrote.
  expect(arrivalMs(after.lease[0])).toBeGreaterThan(signalMs);
  expect(arrivalMs(after.work[0])).toBeGreaterThan(arrivalMs(before.work.at(-1)));
  await expectOnePodPerAttempt(room, ledger);
});

it("the leader is killed: the other works within the lease time", async (test) => {
  const { room, ledger } = await roomWithLedger(test);
  const [first, second] = await Replica.pair(test, room);
  const creating = createAll(room);
  await sleep((TASK_RUNS * PACE_MS) / 2);
  const killedMs = Date.now();
  await first.operator.kill();
  expect(await second.leads()).toBe("expired");
  await creating;
  await allSucceed(room, TASK_RUNS);

  const { work } = await second.writes();
  const takeOverMs = arrivalMs(work[0]) - killedMs;
  console.log(`take-over: ${takeOverMs} ms from SIGKILL to the first write, with a lease of ${LEASE_SECONDS} s`);
  expect(takeOverMs).toBeLessThan(LEASE_SECONDS * 1000 + LATE_MS);
  await expectOnePodPerAttempt(room, ledger);
});

it("the leader stands still for longer than the lease: when it goes on it writes nothing more, and ends", async (test) => {
  const { room, ledger } = await roomWithLedger(test);
  const [first, second] = await Replica.pair(test, room);
  await room.create("early", { template: simulated({ "run-for": "10s" }) });
  await room.running("early");
  first.operator.suspend();
  try {
    // Its watches bring it news, on which it will want to act as soon as it goes on.
    await createAll(room);
    expect(await second.leads()).toBe("expired");
    await allSucceed(room, TASK_RUNS + 1);
  } finally {
    first.operator.resume();
  }
  const { code, why } = await first.lost();

  expect(code).toBe(1);
  expect(why).toMatch(/^the last renewal was sent .* this process stood still/);
  const [before, after] = [await first.writes(), await second.writes()];
  const last = Math.max(...[...before.lease, ...before.work].map(arrivalMs));
  expect(last).toBeLessThan(arrivalMs(after.lease[0]));
  await expectOnePodPerAttempt(room, ledger);
});

it("the lease is taken away by hand: the leader ends at once, and the other waits for whoever has it; it is deleted: likewise", async (test) => {
  const { room } = await roomWithLedger(test);
  const [first, second] = await Replica.pair(test, room);
  const spec = { holderIdentity: "somebody", leaseDurationSeconds: 3 };
  await room.client.call("PATCH", leasePath(room), { spec });
  const lost = await first.lost();
  expect(lost).toEqual({ code: 1, why: "somebody holds the Lease now" });
  expect(await second.leads()).toBe("expired");
  await room.create("late", { template: simulated({ "run-for": "100ms" }) });
  expect((await room.over("late")).status.phase).toBe("Succeeded");
  const { spec: found } = await room.client.call<{ spec: object }>("GET", leasePath(room));
  await room.client.call("DELETE", leasePath(room));
  const deleted = await second.lost();

  expect(deleted).toEqual({ code: 1, why: "the Lease was deleted" });
  expect(found).toMatchObject({ holderIdentity: second.identity, leaseTransitions: 1 });
});

it("a connection of the leader dies, and it goes on; the API server is out of its reach, and it ends: the other goes on", async (test) => {
  const { room, ledger } = await roomWithLedger(test);
  const { proxy, kubeconfig } = await proxied(test);
  const [first, second] = await Replica.pair(test, room, kubeconfig);
  proxy.silence();
  const silentAt = await renewedMs(room);
  const renewed = async (): Promise<true | undefined> => ((await renewedMs(room)) > silentAt + 1000 ? true : undefined);
  await poll(renewed, { what: "a renewal over another connection" });
  expect(first.operator.log.filter(({ level }) => level === "error")).toEqual([]);
  proxy.close();
  const { code, why } = await first.lost();
  expect(await second.leads()).toBe("expired");
  await createAll(room);
  await allSucceed(room, TASK_RUNS);

  expect(code).toBe(1);
  expect(why).toMatch(/^the last renewal was sent .* are allowed: .*ECONNREFUSED/);
  await expectOnePodPerAttempt(room, ledger);
});

interface Watched {
  readonly room: Room;
  readonly ledger: PodLedger;
}

async function roomWithLedger(test: TestContext): Promise<Watched> {
  needs(test, "simulated nodes", "own cluster");
  const room = await Room.open(test);
  const ledger = await PodLedger.start(room.client, room.namespace);
  test.onTestFinished(() => ledger.stop());
  return { room, ledger };
}

/** A way to the API server that can be cut. */
async function proxied(test: TestContext): Promise<{ proxy: Proxy; kubeconfig: string }> {
  const folder = await mkdtemp(join(tmpdir(), "stint-proxy-"));
  const own = inject("operatorKubeconfig");
  const proxy = await Proxy.start(await serverOf(own));
  test.onTestFinished(async () => {
    proxy.close();
    await rm(folder, { recursive: true });
  });
  const kubeconfig = join(folder, "config");
  await throughPort(own, proxy.port, kubeconfig);
  return { proxy, kubeconfig };
}

function leasePath({ namespace }: Room): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/stint`;
}

async function renewedMs(room: Room): Promise<number> {
  const { spec } = await room.client.call<{ spec: { renewTime: string } }>("GET", leasePath(room));
  return Date.parse(spec.renewTime);
}

/** Tasks of a second each, one after the other. */
function chainOf(length: number): { name: string; dependsOn?: string[]; template: ReturnType<typeof simulated> }[] {
  const template = simulated({ "run-for": "1s" });
  return Array.from({ length }, (_, index) => {
    return { name: `t${index}`, template, ...(index > 0 && { dependsOn: [`t${index - 1}`] }) };
  });
}

async function createAll(room: Room): Promise<void> {
  for (let index = 0; index < TASK_RUNS; index += 1) {
    await room.create(`task-${index}`, { template: simulated({ "run-for": `${(index % 10) * 200}ms` }) });
    await sleep(PACE_MS);
  }
}

async function allSucceed(room: Room, count: number): Promise<void> {
  const over = (seen: ReadonlyMap<string, TaskRun>): boolean => seen.size === count && [...seen.values()].every(isOver);
  const seen = await untilAll<TaskRun>(room.client, taskRunsPath(room.namespace), over, {
    what: `${count} TaskRuns to end`,
  });
  expect(new Set([...seen.values()].map(({ status }) => status.phase))).toEqual(new Set(["Succeeded"]));
}

async function expectOnePodPerAttempt(room: Room, ledger: PodLedger): Promise<void> {
  expect(ledger.violations()).toEqual([]);
  const creations = await podCreations(room.access.dir ?? "", room.namespace);
  expect([...creations].filter(([, count]) => count !== 1)).toEqual([]);
}
