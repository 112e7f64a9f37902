/** Bringing a cluster up: decide everything, write it down, write the files, start in order, wait. */
import { randomBytes } from "node:crypto";
import { copyFile, mkdir, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { dump } from "js-yaml";
import type { Toolbox } from "./build.ts";
import { addCgroup } from "./cgroups.ts";
import { AUDIT_POLICY, controlPlane } from "./controlplane.ts";
import { writeCredentials } from "./credentials.ts";
import { addBridge } from "./network.ts";
import { ClusterError, messageOf } from "./failure.ts";
import { createSimulatedNodes, initializeRealNode, waitForNodes } from "./nodes.ts";
import type { ClusterOptions } from "./options.ts";
import { freePorts, freeSubnets } from "./ports.ts";
import { nodeComponents, nodeFiles, runtimeSocket, type NodePlace } from "./realnode.ts";
import { componentOf, startComponent } from "./run.ts";
import { run } from "./shell.ts";
import { kwok, kwokConfig } from "./simulated.ts";
import { BUSYBOX_IMAGE, SAMPLE_IMAGE } from "./versions.ts";
import { paths, writeState, type ClusterState, type Ports, type RealNode } from "./state.ts";

/** File system number of overlayfs: it cannot carry another overlay's upper layer. */
const OVERLAY_MAGIC = 0x794c7630;
const FIXED_PORTS = 6;
const PORTS_PER_NODE = 2;
/** Images imported into a fresh node. */
const IMAGES = ["pause.tar", "busybox.tar"];
const IMPORT_TIMEOUT_MS = 300_000;

/** Decides names, ports and processes of a new cluster. Nothing is started or written yet. */
export async function planCluster(options: ClusterOptions, tools: Toolbox): Promise<ClusterState> {
  const { dir } = options;
  const id = randomBytes(3).toString("hex");
  const ports = await choosePorts(options.realNodes);
  const realNodes = freeSubnets(options.realNodes).map((subnet, index): RealNode => {
    const number = index + 1;
    const name = `node-${number}`;
    const address = `127.0.0.${number}`;
    return {
      name,
      dir: join(dir, name),
      address,
      bridge: `st${id}n${number}`,
      subnet,
      cgroup: `stint-${id}-${number}`,
    };
  });
  const simulatedNodes = Array.from({ length: options.simulatedNodes }, (_, index) => `simulated-${index + 1}`);
  const lossOption = options.nodeLossSeconds !== undefined && { nodeLossSeconds: options.nodeLossSeconds };
  const place = await nodePlace({ id, dir, ports, ...lossOption }, tools);
  const plane = { dir, bin: tools.bin, ports, apiOnly: tools.apiOnly, ...lossOption };
  return {
    id,
    dir,
    ports,
    realNodes,
    simulatedNodes,
    phase: "starting",
    bin: tools.bin,
    apiOnly: tools.apiOnly,
    ...lossOption,
    components: [
      ...controlPlane(plane),
      ...(simulatedNodes.length > 0 ? [kwok(plane)] : []),
      ...realNodes.flatMap((node, index) => nodeComponents(place, node, index)),
    ],
  };
}

/** Writes the files of a planned cluster and starts it; returns when pods can run. */
export async function startCluster(planned: ClusterState, tools: Toolbox, say: Say): Promise<void> {
  await writeState(planned);
  await writeFiles(planned, tools);
  const start: Start = async (name) => {
    const beganMs = performance.now();
    await startComponent(planned, componentOf(planned, name));
    say(`${name} is ready (${((performance.now() - beganMs) / 1000).toFixed(1)} s)`);
  };
  // A node's runtime needs no API server: both start at the same time.
  const runtimes = Promise.all(planned.realNodes.map((node) => startRuntime(planned, node, tools, start)));
  const plane = startPlane(planned, start, say);
  await settleAll([runtimes, plane]);
  await settleAll(
    planned.realNodes.map(async (node) => {
      await start(`kubelet-${node.name}`);
      await initializeRealNode(planned, node);
    }),
  );
  await waitForNodes(planned);
  await writeState({ ...planned, phase: "ready" });
}

type Say = (line: string) => void;
type Start = (name: string) => Promise<void>;

async function startPlane(state: ClusterState, start: Start, say: Say): Promise<void> {
  await start("etcd");
  await start("kube-apiserver");
  if (state.apiOnly) return;
  const rest = [start("kube-controller-manager"), start("kube-scheduler")];
  if (state.simulatedNodes.length > 0) rest.push(createSimulatedNodes(state, say).then(() => start("kwok")));
  await settleAll(rest);
}

async function startRuntime(state: ClusterState, node: RealNode, tools: Toolbox, start: Start): Promise<void> {
  try {
    await addCgroup(node.cgroup);
    await addBridge(join(tools.bin, "busybox"), node);
    await start(`namespace-${node.name}`);
  } catch (error) {
    // Root in a container has the name of root without all it may do.
    throw new ClusterError(`${messageOf(error)}\nreal nodes need cgroups, links and mounts; without: REAL_NODES=0`);
  }
  await start(`containerd-${node.name}`);
  for (const image of IMAGES) await importImage(state, node, join(tools.dir, "images", image));
  await tagImage(state, node, { from: BUSYBOX_IMAGE, to: SAMPLE_IMAGE });
}

/** Gives an image of one node a second name. */
async function tagImage(state: ClusterState, node: RealNode, names: { from: string; to: string }): Promise<void> {
  const args = [
    "--address",
    runtimeSocket(node),
    "--namespace",
    "k8s.io",
    "images",
    "tag",
    "--force",
    names.from,
    names.to,
  ];
  await run(join(state.bin, "ctr"), args, { timeoutMs: IMPORT_TIMEOUT_MS });
}

/** Makes an image archive known to one node. */
export async function importImage(state: ClusterState, node: RealNode, archive: string): Promise<void> {
  const args = ["--address", runtimeSocket(node), "--namespace", "k8s.io", "images", "import", archive];
  await run(join(state.bin, "ctr"), args, { timeoutMs: IMPORT_TIMEOUT_MS });
}

/** Waits for all, then fails with the first error: nothing is still being started when the error is shown. */
async function settleAll(promises: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(promises)).find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function writeFiles(state: ClusterState, tools: Toolbox): Promise<void> {
  const { dir } = state;
  for (const folder of ["logs", "pids", "config"]) await mkdir(join(dir, folder), { recursive: true });
  await mkdir(paths.etcd(dir), { recursive: true, mode: 0o700 });
  await writeCredentials(state, new Date());
  await writeFile(paths.config(dir, "audit-policy.yaml"), dump(AUDIT_POLICY, { noRefs: true }));
  if (state.simulatedNodes.length > 0) await writeFile(paths.config(dir, "kwok.yaml"), await kwokConfig());
  const place = await nodePlace(state, tools);
  for (const [index, node] of state.realNodes.entries()) {
    for (const [path, content] of nodeFiles(place, node, index)) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
    // The system's own may be a link into a folder that a node does not see.
    const resolvConf = join(node.dir, "resolv.conf");
    await copyFile("/etc/resolv.conf", resolvConf).catch(() => writeFile(resolvConf, ""));
  }
}

async function nodePlace(cluster: Omit<NodePlace, "build" | "snapshotter">, tools: Toolbox): Promise<NodePlace> {
  const { id, dir, ports, nodeLossSeconds } = cluster;
  await mkdir(dir, { recursive: true });
  const snapshotter = (await statfs(dir)).type === OVERLAY_MAGIC ? "native" : "overlayfs";
  const lossOption = nodeLossSeconds !== undefined && { nodeLossSeconds };
  return { id, dir, ports, build: tools.dir, snapshotter, ...lossOption };
}

async function choosePorts(realNodes: number): Promise<Ports> {
  const ports = await freePorts(FIXED_PORTS + PORTS_PER_NODE * realNodes);
  const next = (): number => ports.pop() ?? 0;
  return {
    etcd: next(),
    etcdPeer: next(),
    apiServer: next(),
    controllerManager: next(),
    scheduler: next(),
    kwok: next(),
    nodes: Array.from({ length: realNodes }, () => ({ kubelet: next(), health: next() })),
  };
}
