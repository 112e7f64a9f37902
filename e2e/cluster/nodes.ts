/** Nodes as the API server sees them: made, given their addresses, awaited. */
import { setTimeout as sleep } from "node:timers/promises";
import { call, callJson, type Answer } from "./apiclient.ts";
import { ClusterError, messageOf } from "./failure.ts";
import { simulatedNode } from "./simulated.ts";
import type { ClusterState, RealNode } from "./state.ts";

const POLL_MS = 100;
/** A node is ready five seconds after its kubelet started; a machine with other work takes a minute. */
const READY_PATIENCE_MS = 180_000;
const POLL_PER_NODE_MS = 1;
const PATIENCE_PER_NODE_MS = 100;
/** So many requests keep the API server of one machine busy. */
const MADE_AT_ONCE = 20;
const TOLD_EVERY = 1000;
/** Of an answer in an error. */
const SHOWN_CHARS = 500;
const UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized";
const NOT_READY = "node.kubernetes.io/not-ready";

type Say = (line: string) => void;

interface Rhythm {
  readonly patienceMs: number;
  readonly pollMs: number;
}

interface Taint {
  readonly key: string;
}

interface Node {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly spec: { readonly taints?: readonly Taint[] };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Creates the Node objects of the simulated nodes, and says how far it is where that takes a while. */
export async function createSimulatedNodes(state: ClusterState, say: Say): Promise<void> {
  const tainted = state.realNodes.length > 0;
  const { simulatedNodes: names } = state;
  for (let made = 0; made < names.length; made += MADE_AT_ONCE) {
    if (made > 0 && made % TOLD_EVERY === 0) say(`${made} of ${names.length} simulated nodes are made`);
    await Promise.all(
      names.slice(made, made + MADE_AT_ONCE).map((name) => {
        const create = toApi(state, "POST", "/api/v1/nodes", simulatedNode(name, tainted));
        // A lost answer is followed by 409: it is there.
        return waitUntil(`node ${name} to be created`, async () => isAnswered(await call(create), 201, 409));
      }),
    );
  }
}

/**
 * Does for a real node what a cloud's controller does: its address, and the taint off that says it has none. The
 * kubelet has registered it by then, or does so while we wait.
 */
export async function initializeRealNode(state: ClusterState, { name, address }: RealNode): Promise<void> {
  const path = `/api/v1/nodes/${name}`;
  const addresses = [
    { type: "InternalIP", address },
    { type: "Hostname", address: name },
  ];
  const change = toApi(state, "PATCH", `${path}/status`, { status: { addresses } });
  await waitUntil(`node ${name} to register`, async () => isAnswered(await call(change), 200));
  // Somebody else (the node lifecycle controller) may change the node between our reading and writing.
  await waitUntil(`the first taint of node ${name} to go`, async () => {
    const node = await callJson<Node>(toApi(state, "GET", path));
    const taints = (node.spec.taints ?? []).filter(({ key }) => key !== UNINITIALIZED);
    const body = { metadata: { resourceVersion: node.metadata.resourceVersion }, spec: { taints } };
    return isAnswered(await call(toApi(state, "PATCH", path, body)), 200);
  });
}

/** Waits until every node is ready for pods, and pods can be created. */
export async function waitForNodes(state: ClusterState): Promise<void> {
  const wanted = [...state.realNodes.map(({ name }) => name), ...state.simulatedNodes];
  // A list of thousands of nodes is megabytes: asked for all the time it would hold up what makes them ready.
  const rhythm = {
    patienceMs: READY_PATIENCE_MS + PATIENCE_PER_NODE_MS * wanted.length,
    pollMs: POLL_MS + POLL_PER_NODE_MS * wanted.length,
  };
  await waitUntil(
    `nodes ${wanted.slice(0, 3).join(", ")} to be ready`,
    async () => {
      const ready = new Set((await listNodes(state)).filter(isReady).map(({ metadata }) => metadata.name));
      return wanted.every((name) => ready.has(name));
    },
    rhythm,
  );
  if (state.apiOnly) return;
  const account = "/api/v1/namespaces/default/serviceaccounts/default";
  await waitUntil("the default service account", async () => isAnswered(await call(toApi(state, "GET", account)), 200));
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

/** Tells "yes"; anything else is the problem, and a reason to look again. */
function isAnswered({ status, text }: Answer, ...wanted: readonly number[]): boolean {
  if (wanted.includes(status)) return true;
  throw new Error(`the API server answered ${status}: ${text.slice(0, SHOWN_CHARS)}`);
}

/**
 * Asks until it holds. An API server that has just started refuses this and that for a while (429, 500), and closes
 * connections; what it said last is in the error.
 */
export async function waitUntil(
  what: string,
  holds: () => Promise<boolean>,
  { patienceMs = READY_PATIENCE_MS, pollMs = POLL_MS }: Partial<Rhythm> = {},
): Promise<void> {
  const startMs = performance.now();
  let problem = "";
  while (performance.now() - startMs < patienceMs) {
    try {
      if (await holds()) return;
      problem = "";
    } catch (error) {
      problem = `; the last problem: ${messageOf(error)}`;
    }
    await sleep(pollMs);
  }
  throw new ClusterError(`waited ${patienceMs / 1000} s for ${what}${problem}`);
}

function toApi(
  state: ClusterState,
  method: "GET" | "POST" | "PATCH",
  path: string,
  body?: unknown,
): Parameters<typeof call>[0] {
  return { dir: state.dir, as: "admin", port: state.ports.apiServer, method, path, body };
}
