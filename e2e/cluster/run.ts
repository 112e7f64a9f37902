/** Starting, watching and ending the components of a cluster. */
import { open, rm, stat, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { call } from "./apiclient.ts";
import { ClusterError } from "./failure.ts";
import { endProcess, isAlive, killProcess, launch, recordedProcess } from "./process.ts";
import { paths, type ClusterState, type Component, type Readiness } from "./state.ts";

const POLL_MS = 100;
/** A component is ready in one or two seconds; on a machine with other work we saw half a minute. */
const READY_PATIENCE_MS = 180_000;
/** A process that has not recorded itself by now was never started: a shell starts in milliseconds, under load in seconds. */
const RECORD_PATIENCE_MS = 60_000;
/** An API server with open watches, and etcd below it, wait for their clients far longer than a test wants to. */
const END_GRACE_MS = 5_000;
const PROBE_TIMEOUT_MS = 3_000;
const TAIL_LINES = 20;
const TAIL_BYTES = 16_384;

/** Starts a component and waits until it is ready. Its error shows the end of its log. */
export async function startComponent(state: ClusterState, component: Component): Promise<void> {
  const { dir } = state;
  const record = paths.record(dir, component.name);
  if (component.ready.kind === "file") await rm(component.ready.path, { force: true });
  await rm(record, { force: true });
  const log = paths.log(dir, component.name);
  const entered = component.inside === undefined ? [] : await enter(state, component.inside);
  const [command = "", ...args] = [...entered, component.command, ...component.args];
  launch({ command, args, env: { PATH: process.env["PATH"] ?? "", ...component.env }, log, record, cwd: dir });
  await waitReady(state, component);
}

/** Ends a component: asks first, unless it is to end as by a crash. */
export async function stopComponent(dir: string, name: string, how: "asked" | "killed" = "asked"): Promise<void> {
  const identity = await recordedProcess(paths.record(dir, name));
  if (identity !== undefined) await (how === "killed" ? killProcess(identity) : endProcess(identity, END_GRACE_MS));
  await rm(paths.record(dir, name), { force: true });
}

/** Whether a component's process runs. */
export async function runs(dir: string, name: string): Promise<boolean> {
  const identity = await recordedProcess(paths.record(dir, name));
  return identity !== undefined && isAlive(identity);
}

/** The component of that name; the error lists the names there are. */
export function componentOf(state: ClusterState, name: string): Component {
  const found = state.components.find((component) => component.name === name);
  if (found !== undefined) return found;
  const names = state.components.map((component) => component.name).join(", ");
  throw new ClusterError(`there is no component "${name}"; this cluster has: ${names}`);
}

/** Appends a line of ours to a component's log, so that restarts can be told apart. */
export async function noteInLog(dir: string, name: string, text: string): Promise<void> {
  await writeFile(paths.log(dir, name), `--- ${text}\n`, { flag: "a" });
}

async function waitReady(state: ClusterState, component: Component): Promise<void> {
  const record = paths.record(state.dir, component.name);
  const startMs = performance.now();
  const passedMs = (): number => performance.now() - startMs;
  let problem = "not started";
  while (passedMs() < READY_PATIENCE_MS) {
    const identity = await recordedProcess(record);
    if (identity === undefined ? passedMs() > RECORD_PATIENCE_MS : !isAlive(identity)) {
      throw await failure(state.dir, component, "ended while starting");
    }
    if (identity !== undefined) problem = await problemOf(state.dir, component.ready);
    if (problem === "") return;
    await sleep(POLL_MS);
  }
  throw await failure(state.dir, component, `not ready after ${READY_PATIENCE_MS / 1000} s: ${problem}`);
}

async function failure(dir: string, component: Component, what: string): Promise<ClusterError> {
  const log = paths.log(dir, component.name);
  const lines = (await tailOf(log)).split("\n").slice(-TAIL_LINES).join("\n");
  return new ClusterError(`${component.name}: ${what}. The end of ${log}:\n${lines}`);
}

async function tailOf(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(TAIL_BYTES),
      0,
      TAIL_BYTES,
      Math.max(0, size - TAIL_BYTES),
    );
    return buffer.toString("utf8", 0, bytesRead).trimEnd();
  } finally {
    await file.close();
  }
}

/** The words that run a command in the mount namespace of another component. */
async function enter(state: ClusterState, name: string): Promise<string[]> {
  const identity = await recordedProcess(paths.record(state.dir, name));
  if (identity === undefined || !isAlive(identity)) throw new ClusterError(`${name} does not run; start it first`);
  return ["nsenter", `--mount=/proc/${identity.pid}/ns/mnt`];
}

/** What is missing for readiness; empty when ready. */
async function problemOf(dir: string, ready: Readiness): Promise<string> {
  try {
    return await probe(dir, ready);
  } catch (error) {
    return String(error);
  }
}

async function probe(dir: string, ready: Readiness): Promise<string> {
  switch (ready.kind) {
    case "https": {
      const answer = await call({ dir, as: ready.as, port: ready.port, method: "GET", path: ready.path });
      return answer.status === 200 ? "" : `${answer.status}`;
    }
    case "http": {
      const { port, path } = ready;
      const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
      const sent = request({ host: "127.0.0.1", port, path, agent: false, signal }).end();
      const [reply] = (await once(sent, "response")) as [{ statusCode?: number; resume: () => void }];
      reply.resume();
      return reply.statusCode === 200 ? "" : `${reply.statusCode}`;
    }
    case "file":
      await stat(ready.path);
      return "";
    case "socket": {
      const socket = connect(ready.path);
      await once(socket, "connect", { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
      socket.destroy();
      return "";
    }
    default:
      return ready satisfies never;
  }
}
