/** The one file that says what a cluster consists of: written before anything is started, removed last. */
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ClusterError } from "./failure.ts";

export const STATE_FILE = "cluster.json";

/** One process of the cluster and how to start it (again). */
export interface Component {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The component in whose mount namespace this one runs. */
  readonly inside?: string;
  readonly ready: Readiness;
}

/** How to see that a component is ready. */
export type Readiness =
  | { readonly kind: "https"; readonly port: number; readonly path: string; readonly as: "admin" | "etcd" }
  | { readonly kind: "http"; readonly port: number; readonly path: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "socket"; readonly path: string };

/** A node with a kubelet and a container runtime of its own. */
export interface RealNode {
  readonly name: string;
  readonly dir: string;
  readonly bridge: string;
  /** Its first three numbers, such as `10.217.30`: the pods' network is that /24. */
  readonly subnet: string;
  /** The cgroup below which all its containers are, such as `stint-3f9a1c-1`. */
  readonly cgroup: string;
}

export interface Ports {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly apiServer: number;
  readonly controllerManager: number;
  readonly scheduler: number;
  readonly kwok: number;
  /** For each real node: the kubelet's API and its health check. */
  readonly nodes: readonly { readonly kubelet: number; readonly health: number }[];
}

export interface ClusterState {
  /** Six hex digits that make names outside the folder (links, cgroups, networks) this cluster's. */
  readonly id: string;
  readonly dir: string;
  readonly phase: "starting" | "ready";
  /** Folder of kubectl and, for real nodes, of `busybox` and `ctr`. */
  readonly bin: string;
  readonly apiOnly: boolean;
  readonly ports: Ports;
  readonly realNodes: readonly RealNode[];
  readonly simulatedNodes: readonly string[];
  readonly components: readonly Component[];
}

/** The state of the cluster in a folder; undefined when there is none. */
export async function readState(dir: string): Promise<ClusterState | undefined> {
  const text = await readFile(join(dir, STATE_FILE), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as ClusterState;
  } catch {
    throw new ClusterError(`${join(dir, STATE_FILE)} is damaged; see what runs from there, and remove the folder`);
  }
}

export async function writeState(state: ClusterState): Promise<void> {
  const path = join(state.dir, STATE_FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

/** Makes the folder, and refuses one that holds somebody else's files: `down` will remove what is in it. */
export async function claimDir(dir: string, mayHold: readonly string[]): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o755 });
  const foreign = (await readdir(dir)).filter((name) => !mayHold.includes(name));
  if (foreign.length === 0) return;
  throw new ClusterError(`CLUSTER_DIR is ${dir}, which holds other files (${foreign[0]}); name an empty or new folder`);
}

/** Where each thing is inside a cluster's folder. */
export const paths = {
  lock: (dir: string): string => join(dir, "up.lock"),
  kubeconfig: (dir: string): string => join(dir, "kubeconfig"),
  audit: (dir: string): string => join(dir, "audit.log"),
  pki: (dir: string, name: string): string => join(dir, "pki", name),
  config: (dir: string, name: string): string => join(dir, "config", name),
  log: (dir: string, component: string): string => join(dir, "logs", `${component}.log`),
  record: (dir: string, component: string): string => join(dir, "pids", component),
  etcd: (dir: string): string => join(dir, "etcd"),
} as const;
