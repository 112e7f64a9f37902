/** The local Kubernetes as e2e/cluster/README.md promises it: whole, closed, and gone without a trace. */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rmdir, stat } from "node:fs/promises";
import { request, type RequestOptions } from "node:https";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, type TestContext } from "vitest";
import { issue, newAuthority } from "./cluster/certificates.ts";
import { componentPid, down } from "./cluster/cluster.ts";
import { recordedProcess } from "./cluster/process.ts";
import { paths, readState, type ClusterState } from "./cluster/state.ts";
import { CHECKOUT, Command, environment } from "./localcluster/command.ts";
import { listeners, tracesOf } from "./localcluster/traces.ts";
import { Client } from "./support/client.ts";
import { Kubectl } from "./support/kubectl.ts";
import { isOver, manifest, shell, simulated, taskRunsPath, template, type TaskRun } from "./support/objects.ts";
import { Operator } from "./support/operator.ts";
import { needs } from "./support/room.ts";
import { until } from "./support/waiting.ts";

/** Moments of a start, which takes five seconds or more: before anything runs, among the first processes, among the last. */
const MOMENTS_MS = [randomInt(100, 1_000), randomInt(1_000, 2_500), randomInt(2_500, 5_000)];
/** etcd has two, every other part of the control plane one, a kubelet two, containerd one. */
const LISTENERS_MIN = 6;
const SETTINGS = ["vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops"];

it("started twice, it says so and changes nothing", async (test) => {
  const { dir } = needs(test, "own cluster");
  const before = await everything(dir);
  const { code, output } = await Command.run(["make", "up"], {
    CLUSTER_DIR: dir,
    REAL_NODES: "0",
    SIMULATED_NODES: "7",
  });

  expect(code).toBe(0);
  expect(output).toContain(`a cluster runs in ${dir} already; nothing was changed`);
  expect(output.trimEnd().split("\n").at(-1)).toBe(`export KUBECONFIG=${dir}/kubeconfig`);
  expect(await everything(dir)).toEqual(before);
});

it("listens on the loopback address only", async (test) => {
  const { dir } = needs(test, "own cluster");
  test.skip(process.platform !== "linux", "the kernel's tables of sockets are Linux'");
  const records = await readdir(join(dir, "pids"));
  const identities = await Promise.all(records.map((name) => recordedProcess(paths.record(dir, name))));
  const { count, open } = await listeners(identities.flatMap((identity) => identity?.pid ?? []));

  expect(open).toEqual([]);
  expect(count).toBeGreaterThanOrEqual(LISTENERS_MIN);
});

describe("certificates", () => {
  it("of the API server are believed by who knows its authority, and by nobody else", async (test) => {
    const { dir } = needs(test, "own cluster");
    const { ports } = await stateOf(dir);
    const ask = (ca: string): Promise<number> => statusOf({ port: ports.apiServer, path: "/version", ca });

    expect(await ask(await readFile(paths.pki(dir, "ca.crt"), "utf8"))).toBe(200);
    await expect(ask(newAuthority("stint-local", new Date()).certificate)).rejects.toThrow(/certificate/);
  });

  it("of a user count only when the cluster's own authority signed them", async (test) => {
    const { dir } = needs(test, "own cluster");
    const { ports } = await stateOf(dir);
    const ca = await readFile(paths.pki(dir, "ca.crt"), "utf8");
    const subject = { commonName: "stint-admin", organization: "system:masters" };
    const { certificate: cert, key } = issue(newAuthority("stint-local", new Date()), subject, new Date());

    expect(await statusOf({ port: ports.apiServer, path: "/api/v1/nodes", ca, cert, key })).toBe(401);
  });

  it("of the cluster open nothing at etcd, which has an authority of its own", async (test) => {
    const { dir } = needs(test, "own cluster");
    const { ports } = await stateOf(dir);
    const read = (name: string): Promise<string> => readFile(paths.pki(dir, name), "utf8");
    const health = { port: ports.etcd, path: "/health", ca: await read("etcd-ca.crt") };
    const as = async (name: string): Promise<number> =>
      await statusOf({ ...health, cert: await read(`${name}.crt`), key: await read(`${name}.key`) });

    expect(await as("etcd")).toBe(200);
    // It ends the connection, with a word on why or before that arrives.
    await expect(as("admin")).rejects.toThrow(/alert|hang up|ECONNRESET|EPIPE/);
  });

  it("and keys are for the eyes of their owner alone", async (test) => {
    const { dir } = needs(test, "own cluster");
    const config = (await readdir(join(dir, "config"))).filter((name) => name.endsWith(".kubeconfig"));
    const secrets = [
      paths.kubeconfig(dir),
      ...config.map((name) => paths.config(dir, name)),
      ...(await readdir(join(dir, "pki"))).map((name) => paths.pki(dir, name)),
    ];
    const modes = await Promise.all(secrets.map(async (path) => (await stat(path)).mode & 0o777));

    expect(modes.length).toBeGreaterThan(10);
    expect(new Set(modes)).toEqual(new Set([0o600]));
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
  });
});

it("make up, make run and make down do as the README says, beside a cluster that runs already", async (test) => {
  const { dir: other, realNodes } = needs(test, "own cluster");
  const before = { settings: await settings(), other: await everything(other) };
  const dir = await newFolder(test);
  const nodes = realNodes ? { REAL_NODES: "1" } : { REAL_NODES: "0", SIMULATED_NODES: "1" };
  const made = await Command.run(["make", "up"], { CLUSTER_DIR: dir, ...nodes });
  expect(made).toMatchObject({ code: 0 });
  const [, kubeconfig = ""] = /^export KUBECONFIG=(\S+)$/.exec(made.output.trimEnd().split("\n").at(-1) ?? "") ?? [];
  const { id, bin } = await stateOf(dir);

  const operator = makeRun(test, kubeconfig);
  await operator.ready();
  const client = new Client(kubeconfig);
  const pod = realNodes ? template(shell("busybox:1.37", "echo hello")) : simulated({ "run-for": "50ms" });
  await new Kubectl({ kubectl: join(bin, "kubectl"), kubeconfig }).apply(manifest("hello", pod && { template: pod }));
  const where = { path: taskRunsPath("default"), name: "hello" };
  const done = await until<TaskRun>(client, where, (one) => one !== undefined && isOver(one), { what: "its end" });
  expect(done?.status.phase).toBe("Succeeded");
  if (realNodes) await expectSettingsSetAside(dir);
  expect(await settings()).toEqual(before.settings);
  await operator.stop();

  expect((await tracesOf(dir, id)).map((trace) => trace.split(" ")[0])).toEqual(
    expect.arrayContaining(["process", "file", ...(realNodes ? ["link", "cgroup"] : [])]),
  );
  const removed = await Command.run(["make", "down"], { CLUSTER_DIR: dir });
  expect(removed).toMatchObject({ code: 0, output: `the cluster in ${dir} is stopped and removed\n` });
  await expect.poll(() => tracesOf(dir, id), { timeout: 10_000 }).toEqual([]);
  expect({ settings: await settings(), other: await everything(other) }).toEqual(before);
});

it("make run wants to be told which cluster", async () => {
  const { code, output } = await Command.run(["make", "run"], {});

  expect(code).not.toBe(0);
  expect(output).toContain("set KUBECONFIG first");
});

it.for(MOMENTS_MS)("killed %i ms after its start, it is removed without a trace", async (ms, test) => {
  const { realNodes } = needs(test, "own cluster");
  const dir = await newFolder(test);
  const nodes = { REAL_NODES: realNodes ? "1" : "0", SIMULATED_NODES: "1" };
  const start = new Command([process.execPath, "e2e/cluster/main.ts", "up"], { CLUSTER_DIR: dir, ...nodes });
  await sleep(ms);
  await start.kill("SIGKILL");
  // Before the state file is there, nothing outside of the folder was made.
  const id = (await readState(dir))?.id ?? "none";
  await down(dir);

  // What it started to help itself (an import of an image) ends by itself.
  await expect.poll(() => tracesOf(dir, id), { timeout: 10_000 }).toEqual([]);
});

/** The folder of a cluster that is taken down when the test ends, however it ends. */
async function newFolder(test: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "stint-local-"));
  test.onTestFinished(async () => {
    await down(dir);
    await rmdir(dir).catch(() => undefined);
  });
  return dir;
}

function makeRun(test: TestContext, kubeconfig: string): Operator {
  const child = spawn("make", ["run", "ARGS=--metrics-address=127.0.0.1:0 --log-format=json"], {
    cwd: CHECKOUT,
    env: environment({ KUBECONFIG: kubeconfig }),
    stdio: ["ignore", "ignore", "pipe"],
  });
  const operator = new Operator(child);
  test.onTestFinished(async () => {
    await operator.stop();
  });
  return operator;
}

async function stateOf(dir: string): Promise<ClusterState> {
  const state = await readState(dir);
  if (state === undefined) throw new Error(`there is no cluster in ${dir}`);
  return state;
}

/** What a second start must not change: the plan of the cluster, and its processes. */
async function everything(dir: string): Promise<Readonly<Record<string, string>>> {
  const records = (await readdir(join(dir, "pids"))).map((name) => join("pids", name));
  const files = ["cluster.json", "kubeconfig", ...records];
  const entries = files.map(async (name): Promise<[string, string]> => [name, await readFile(join(dir, name), "utf8")]);
  return Object.fromEntries(await Promise.all(entries));
}

/** The settings of the kernel that kubelets want otherwise. */
async function settings(root = ""): Promise<readonly string[]> {
  if (process.platform !== "linux") return [];
  return await Promise.all(SETTINGS.map(async (name) => (await readFile(`${root}/proc/sys/${name}`, "utf8")).trim()));
}

async function expectSettingsSetAside(dir: string): Promise<void> {
  const kubelet = await componentPid(dir, "kubelet-node-1");
  expect(await settings(`/proc/${kubelet}/root`)).toEqual(["1", "0", "10", "1"]);
}

async function statusOf(options: RequestOptions): Promise<number> {
  const sent = request({ host: "127.0.0.1", agent: false, ...options }).end();
  const [reply] = (await once(sent, "response")) as [IncomingMessage];
  reply.resume();
  return reply.statusCode ?? 0;
}
