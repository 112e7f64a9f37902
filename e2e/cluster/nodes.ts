/** Nodes as the API server sees them: made, given their addresses, awaited. */
import { setTimeout as sleep } from "node:timers/promises";
import { call, callJson } from "./apiclient.ts";
import { ClusterError } from "./failure.ts";
import { simulatedNode } from "./simulated.ts";
import type { ClusterState } from "./state.ts";

const POLL_MS = 100;
/** A node is ready five seconds after its kubelet started; a machine with other work takes a minute. */
const READY_PATIENCE_MS = 180_000;
/** Somebody else (the node lifecycle controller) may change a node between our reading and writing. */
const MAX_CONFLICTS = 20;
const UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized";
const NOT_READY = "node.kubernetes.io/not-ready";

interface Taint {
  readonly key: string;
}

interface Node {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly spec: { readonly taints?: readonly Taint[] };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Creates the Node objects of the simulated nodes. */
export async function createSimulatedNodes(state: ClusterState): Promise<void> {
  const tainted = state.realNodes.length > 0;
  for (const name of state.simulatedNodes) {
    await callJson(toApi(state, "POST", "/api/v1/nodes", simulatedNode(name, tainted)));
  }
}

/**
 * Does for a real node what a cloud's controller does: its address, and the taint off that says it has none. The
 * kubelet has registered it by then, or does so while we wait.
 */
export async function initializeRealNode(state: ClusterState, name: string): Promise<void> {
  const path = `/api/v1/nodes/${name}`;
  await waitUntil(`node ${name} to register`, async () => (await call(toApi(state, "GET", path))).status === 200);
  const addresses = [
    { type: "InternalIP", address: "127.0.0.1" },
    { type: "Hostname", address: name },
  ];
  await callJson(toApi(state, "PATCH", `${path}/status`, { status: { addresses } }));
  for (let conflict = 0; conflict < MAX_CONFLICTS; conflict += 1) {
    const node = await callJson<Node>(toApi(state, "GET", path));
    const taints = (node.spec.taints ?? []).filter(({ key }) => key !== UNINITIALIZED);
    const change = { metadata: { resourceVersion: node.metadata.resourceVersion }, spec: { taints } };
    const { status, text } = await call(toApi(state, "PATCH", path, change));
    if (status === 200) return;
    if (status !== 409) throw new ClusterError(`node ${name} cannot be changed (${status}): ${text}`);
  }
  throw new ClusterError(`node ${name} was changed by others ${MAX_CONFLICTS} times in a row`);
}

/** Waits until every node is ready for pods, and pods can be created. */
export async function waitForNodes(state: ClusterState): Promise<void> {
  const wanted = [...state.realNodes.map(({ name }) => name), ...state.simulatedNodes];
  await waitUntil(`nodes ${wanted.slice(0, 3).join(", ")} to be ready`, async () => {
    const ready = new Set((await listNodes(state)).filter(isReady).map(({ metadata }) => metadata.name));
    return wanted.every((name) => ready.has(name));
  });
  if (state.apiOnly) return;
  const account = "/api/v1/namespaces/default/serviceaccounts/default";
  await waitUntil("the default service account", async () => (await call(toApi(state, "GET", account))).status === 200);
}

/** Every node's name and whether it is ready. */
export async function nodeReadiness(state: ClusterState): Promise<ReadonlyMap<string, boolean>> {
  return new Map((await listNodes(state)).map((node) => [node.metadata.name, isReady(node)]));
}

async function listNodes(state: ClusterState): Promise<readonly Node[]> {
  return (await callJson<{ items: readonly Node[] }>(toApi(state, "GET", "/api/v1/nodes"))).items;
}

function isReady(node: Node): boolean {
  const ready = node.status.conditions?.find(({ type }) => type === "Ready")?.status === "True";
  return ready && !(node.spec.taints ?? []).some(({ key }) => key === NOT_READY || key === UNINITIALIZED);
}

async function waitUntil(what: string, holds: () => Promise<boolean>): Promise<void> {
  const startMs = performance.now();
  while (performance.now() - startMs < READY_PATIENCE_MS) {
    if (await holds()) return;
    await sleep(POLL_MS);
  }
  throw new ClusterError(`waited ${READY_PATIENCE_MS / 1000} s for ${what}`);
}

function toApi(
  state: ClusterState,
  method: "GET" | "POST" | "PATCH",
  path: string,
  body?: unknown,
): Parameters<typeof call>[0] {
  return { dir: state.dir, as: "admin", port: state.ports.apiServer, method, path, body };
}
