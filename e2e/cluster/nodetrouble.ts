/** What happens to nodes: they hang, lose their power, come back, and leave the cluster. */
import { addCgroup } from "./cgroups.ts";
import { ClusterError } from "./failure.ts";
import { initializeRealNode } from "./nodes.ts";
import { recordedProcess } from "./process.ts";
import { componentOf, noteInLog, runs, startComponent } from "./run.ts";
import { paths, readState, type ClusterState, type RealNode } from "./state.ts";
import { powerOff } from "./stop.ts";

/** In the order in which they need each other. */
const PARTS = ["namespace", "containerd", "kubelet"] as const;

/**
 * The kubelet of a node falls silent, and hears nothing more; its containers go on. To the API server it is a node
 * behind a network that broke.
 */
export async function silenceNode(dir: string, name: string): Promise<void> {
  await signalKubelet(dir, name, "SIGSTOP");
}

/** Ends {@link silenceNode}: the kubelet hears all it has missed. */
export async function unsilenceNode(dir: string, name: string): Promise<void> {
  await signalKubelet(dir, name, "SIGCONT");
}

/**
 * Every process of a node ends at once: kubelet, containerd and all containers. What is on its disk stays, what a
 * machine has in memory (mounts, the runtime's state, cgroups) is lost.
 */
export async function powerOffNode(dir: string, name: string): Promise<void> {
  const { state, node } = await nodeOf(dir, name);
  await powerOff(state, node);
}

/** Boots a node whose power is off; returns when its kubelet runs. Its Node object has a new boot id then. */
export async function powerOnNode(dir: string, name: string): Promise<void> {
  const { state, node } = await nodeOf(dir, name);
  await addCgroup(node.cgroup);
  for (const part of PARTS) {
    const component = `${part}-${name}`;
    if (await runs(dir, component)) continue;
    await noteInLog(dir, component, "the node boots");
    await startComponent(state, componentOf(state, component));
  }
}

/** Power off and on again. */
export async function rebootNode(dir: string, name: string): Promise<void> {
  await powerOffNode(dir, name);
  await powerOnNode(dir, name);
}

/** Makes a node ready for pods whose kubelet has registered it anew, after somebody deleted the Node object. */
export async function readmitNode(dir: string, name: string): Promise<void> {
  const { state, node } = await nodeOf(dir, name);
  await initializeRealNode(state, node);
}

async function signalKubelet(dir: string, name: string, signal: "SIGSTOP" | "SIGCONT"): Promise<void> {
  await nodeOf(dir, name);
  const component = `kubelet-${name}`;
  const identity = await recordedProcess(paths.record(dir, component));
  if (identity === undefined || !(await runs(dir, component))) throw new ClusterError(`${component} does not run`);
  process.kill(identity.pid, signal);
}

async function nodeOf(dir: string, name: string): Promise<{ state: ClusterState; node: RealNode }> {
  const state = await readState(dir);
  if (state === undefined) throw new ClusterError(`there is no cluster in ${dir}`);
  const node = state.realNodes.find((one) => one.name === name);
  if (node !== undefined) return { state, node };
  const names = state.realNodes.map((one) => one.name).join(", ");
  throw new ClusterError(`there is no real node "${name}"; this cluster has: ${names || "none"}`);
}
