/** The local Kubernetes as a library: what `main.ts` offers to people, for tests. */
import { readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { call, callJson } from "./apiclient.ts";
import { build, type Toolbox } from "./build.ts";
import { ClusterError } from "./failure.ts";
import { lockHolder, takeLock } from "./lock.ts";
import { nodeReadiness } from "./nodes.ts";
import { downCommand, parseOptions, thisHost, type ClusterOptions } from "./options.ts";
import { recordedProcess } from "./process.ts";
import { componentOf, noteInLog, runs, startComponent, stopComponent } from "./run.ts";
import { importImage, planCluster, startCluster } from "./start.ts";
import { claimDir, paths, readState, refuseForeign, type ClusterState } from "./state.ts";
import { ownEntries, removeFiles, stopCluster } from "./stop.ts";

export { auditBytes, auditEntries, type AuditEntry } from "./audit.ts";
export { SIMULATED_KEY, SIMULATED_VALUE } from "./simulated.ts";
export { BUSYBOX_IMAGE } from "./versions.ts";
export type { ClusterOptions } from "./options.ts";

/** A cluster that runs. */
export interface ClusterHandle {
  readonly dir: string;
  /** Path of the kubeconfig of an administrator. */
  readonly kubeconfig: string;
  /** `https://127.0.0.1:<port>` */
  readonly server: string;
  /** Path of a kubectl of the cluster's version. */
  readonly kubectl: string;
  readonly realNodes: readonly string[];
  readonly simulatedNodes: readonly string[];
  /** False when the cluster was running already. */
  readonly fresh: boolean;
}

/** Where progress goes, line by line. */
export type Say = (line: string) => void;

/**
 * Builds what is missing, starts the cluster in `options.dir` and waits until pods can run in it. Options left out
 * come from the environment (`CLUSTER_DIR`, `REAL_NODES`, `SIMULATED_NODES`, `NODE_LOSS_SECONDS`). A cluster that runs there already is
 * left as it is. What a failed start leaves behind is removed by {@link down}.
 */
export async function up(options: Partial<ClusterOptions> = {}, say: Say = () => undefined): Promise<ClusterHandle> {
  const wanted = resolveOptions(options, say);
  const { dir } = wanted;
  await claimDir(dir);
  const release = await takeLock(paths.lock(dir), { patienceMs: 0, onWait: () => undefined });
  try {
    const running = await readState(dir);
    if (running !== undefined) return await existing(running, say);
    const tools = await build({ realNodes: wanted.realNodes > 0, say });
    const fitted = tools.apiOnly ? { ...wanted, realNodes: 0, simulatedNodes: 0 } : wanted;
    if (tools.apiOnly) {
      say("KUBEBUILDER_ASSETS holds an API server only: no controllers, no scheduler and no nodes. Pods stay Pending.");
    }
    return await start(fitted, tools, say);
  } finally {
    await release();
  }
}

/**
 * Stops the cluster in `dir` and removes all it made: processes, containers, mounts, links, cgroups and files.
 * Returns false when there was none. Safe to call twice and after a crash.
 */
export async function down(dir: string, say: Say = () => undefined): Promise<boolean> {
  await refuseForeign(dir);
  const names = await readdir(dir).catch(() => []);
  if (ownEntries(names).length === 0) {
    // An `up` that was killed at its very beginning leaves an empty folder.
    if (names.length === 0) await rmdir(dir).catch(() => undefined);
    return false;
  }
  const release = await takeLock(paths.lock(dir), { patienceMs: 0, onWait: () => undefined });
  try {
    const state = await readState(dir);
    // Without a state file the folder may be anybody's: then this says so, and nothing is removed.
    if (state === undefined) await claimDir(dir);
    if (state !== undefined) await stopCluster(state);
    const foreign = await removeFiles(dir);
    if (foreign.length > 0) say(`left in ${dir}, for they are not the cluster's: ${foreign.join(", ")}`);
    return state !== undefined;
  } finally {
    await release();
  }
}

/** Ends a component by SIGTERM and starts it again, on the same port and with the same data; waits until ready. */
export async function restartComponent(dir: string, name: string): Promise<void> {
  const { state, component } = await found(dir, name);
  await stopComponent(dir, name);
  await noteInLog(dir, name, "restarted");
  await startComponent(state, component);
}

/** Ends a component as a crash would, by SIGKILL; {@link startStopped} brings it back. */
export async function killComponent(dir: string, name: string): Promise<void> {
  await found(dir, name);
  await stopComponent(dir, name, "killed");
}

/** Starts a component that {@link killComponent} ended, and waits until ready. */
export async function startStopped(dir: string, name: string): Promise<void> {
  const { state, component } = await found(dir, name);
  if (!(await runs(dir, name))) await startComponent(state, component);
}

/**
 * Makes etcd forget every revision before the current one, and returns that revision. The API server still answers
 * old watches from its own memory: only after {@link restartComponent} of `kube-apiserver` does a watch from an older
 * resourceVersion get `410 Gone`.
 */
export async function compactEtcd(dir: string): Promise<number> {
  const { ports } = await stateOf(dir);
  const post = <T>(path: string, body: unknown): Promise<T> =>
    callJson<T>({ dir, as: "etcd", port: ports.etcd, method: "POST", path, body });
  const { header } = await post<{ header: { revision: string } }>("/v3/maintenance/status", {});
  const { revision } = header;
  await post("/v3/kv/compaction", { revision, physical: true });
  return Number(revision);
}

/** Makes an image archive (see `image/archive.ts`) known to every real node, so that pods can use it. */
export async function loadImage(dir: string, archive: string): Promise<void> {
  const state = await stateOf(dir);
  await Promise.all(state.realNodes.map((node) => importImage(state, node, archive)));
}

/** The process id of a component that runs. */
export async function componentPid(dir: string, name: string): Promise<number> {
  await found(dir, name);
  const identity = await recordedProcess(paths.record(dir, name));
  if (identity === undefined) throw new ClusterError(`${name} does not run`);
  return identity.pid;
}

/** What the API server counts of itself, in Prometheus' text format. */
export async function apiServerMetrics(dir: string): Promise<string> {
  const { ports } = await stateOf(dir);
  const { status: code, text } = await call({
    dir,
    as: "admin",
    port: ports.apiServer,
    method: "GET",
    path: "/metrics",
  });
  if (code !== 200) throw new ClusterError(`the API server answered ${code} when asked for its metrics`);
  return text;
}

/** What a cluster's status shows. */
export interface ClusterStatus {
  readonly phase: "none" | "starting" | "ready" | "broken";
  readonly components: ReadonlyMap<string, boolean>;
  readonly nodes: ReadonlyMap<string, boolean>;
}

/** Which components run and which nodes are ready. */
export async function status(dir: string): Promise<ClusterStatus> {
  const state = await readState(dir);
  if (state === undefined) return { phase: "none", components: new Map(), nodes: new Map() };
  const components = await componentsOf(state);
  const nodes = await nodeReadiness(state).catch(() => new Map<string, boolean>());
  const phase = [...components.values()].every(Boolean) ? state.phase : await phaseOfBroken(state);
  return { phase, components, nodes };
}

/** The handle of the cluster that runs in `dir`. */
export async function attach(dir: string): Promise<ClusterHandle> {
  return handleOf(await stateOf(dir), false);
}

async function start(options: ClusterOptions, tools: Toolbox, say: Say): Promise<ClusterHandle> {
  const planned = await planCluster(options, tools);
  try {
    await startCluster(planned, tools, say);
  } catch (error) {
    say(
      `the start failed; what runs already stays in ${options.dir} for a look; to remove it: ${downCommand(options.dir)}`,
    );
    throw error;
  }
  return handleOf(planned, true);
}

async function existing(state: ClusterState, say: Say): Promise<ClusterHandle> {
  const stopped = [...(await componentsOf(state))].filter(([, alive]) => !alive).map(([name]) => name);
  if (state.phase === "ready" && stopped.length === 0) {
    say(`a cluster runs in ${state.dir} already; nothing was changed`);
    return handleOf(state, false);
  }
  const why = state.phase === "ready" ? `${stopped.join(", ")} not running` : "its start was interrupted";
  throw new ClusterError(
    `there is a cluster in ${state.dir} that is not whole (${why}); take it down first: ${downCommand(state.dir)}`,
  );
}

async function componentsOf(state: ClusterState): Promise<Map<string, boolean>> {
  const entries = state.components.map(async ({ name }): Promise<[string, boolean]> => [
    name,
    await runs(state.dir, name),
  ]);
  return new Map(await Promise.all(entries));
}

async function phaseOfBroken(state: ClusterState): Promise<"starting" | "broken"> {
  return (await lockHolder(paths.lock(state.dir))) === undefined ? "broken" : "starting";
}

async function stateOf(dir: string): Promise<ClusterState> {
  const state = await readState(dir);
  if (state === undefined) throw new ClusterError(`there is no cluster in ${dir}`);
  return state;
}

async function found(
  dir: string,
  name: string,
): Promise<{ state: ClusterState; component: ReturnType<typeof componentOf> }> {
  const state = await stateOf(dir);
  return { state, component: componentOf(state, name) };
}

function resolveOptions(given: Partial<ClusterOptions>, say: Say): ClusterOptions {
  const env = {
    ...process.env,
    ...(given.dir === undefined ? {} : { CLUSTER_DIR: given.dir }),
    ...(given.realNodes === undefined ? {} : { REAL_NODES: String(given.realNodes) }),
    ...(given.simulatedNodes === undefined ? {} : { SIMULATED_NODES: String(given.simulatedNodes) }),
    ...(given.nodeLossSeconds === undefined ? {} : { NODE_LOSS_SECONDS: String(given.nodeLossSeconds) }),
  };
  const parsed = parseOptions(env, thisHost());
  if (parsed.problems.length > 0) throw new ClusterError(parsed.problems.join("\n"));
  parsed.notes.forEach(say);
  return parsed.options;
}

function handleOf(state: ClusterState, fresh: boolean): ClusterHandle {
  return {
    dir: state.dir,
    kubeconfig: paths.kubeconfig(state.dir),
    server: `https://127.0.0.1:${state.ports.apiServer}`,
    kubectl: join(state.bin, "kubectl"),
    realNodes: state.realNodes.map(({ name }) => name),
    simulatedNodes: state.simulatedNodes,
    fresh,
  };
}
