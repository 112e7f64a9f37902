/** The one file that says what a cluster consists of: written before anything is started, removed last. */
import { chmod, lstat, mkdir, open, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ClusterError, messageOf } from "./failure.ts";

export const STATE_FILE = "cluster.json";
export const LOCK_FILE = "up.lock";

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
  /** A loopback address of its own, such as `127.0.0.2`: pods on the host's network may then listen on the same port on each node. */
  readonly address: string;
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
  readonly nodeLossSeconds?: number;
  readonly ports: Ports;
  readonly realNodes: readonly RealNode[];
  readonly simulatedNodes: readonly string[];
  readonly components: readonly Component[];
}

/** The state of the cluster in a folder; undefined when there is none. */
export async function readState(dir: string): Promise<ClusterState | undefined> {
  await refuseForeign(dir);
  const file = await open(join(dir, STATE_FILE)).catch(unlessMissing);
  if (file === undefined) return undefined;
  let state: ClusterState | undefined;
  try {
    if ((await file.stat()).uid === process.getuid?.()) state = parseState(await file.readFile("utf8"));
  } finally {
    await file.close();
  }
  if (state !== undefined) return state;
  throw new ClusterError(
    `${join(dir, STATE_FILE)} is not a state file of ours; see what it is and name another folder`,
  );
}

/** Only we write this file, in one piece: that it is ours is all there is to check. */
function parseState(text: string): ClusterState | undefined {
  try {
    const state = JSON.parse(text) as Partial<ClusterState> | null;
    return state?.id !== undefined && Array.isArray(state.components) ? (state as ClusterState) : undefined;
  } catch {
    return undefined;
  }
}

export async function writeState(state: ClusterState): Promise<void> {
  const path = join(state.dir, STATE_FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

/**
 * What stands in a cluster's folder is executed, and keys are written into it: one that belongs to somebody else, or a
 * link that somebody may turn elsewhere, is refused. In /tmp anybody can make a folder under any name.
 */
export async function refuseForeign(dir: string): Promise<void> {
  const found = await lstat(dir).catch(unlessMissing);
  if (found === undefined) return;
  if (!found.isDirectory()) throw new ClusterError(`${dir} is no folder (a link is not followed); name another`);
  if (found.uid === process.getuid?.()) return;
  throw new ClusterError(`${dir} belongs to another user (id ${found.uid}); name another folder, or be that user`);
}

/**
 * Makes the folder, and refuses one that holds anything but a cluster: `down` will remove what is in it. Before the
 * state file is written there may only be the lock, of another `up` at the same time. Nobody else may look into it.
 */
export async function claimDir(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  });
  await refuseForeign(dir);
  const names = await readdir(dir);
  if (names.includes(STATE_FILE)) return;
  const foreign = names.find((name) => !name.startsWith(LOCK_FILE) && name !== `${STATE_FILE}.new`);
  if (foreign === undefined) return await chmod(dir, 0o700);
  throw new ClusterError(`CLUSTER_DIR is ${dir}, which holds other files (${foreign}); name an empty or new folder`);
}

function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw new ClusterError(messageOf(error));
}

/** Where each thing is inside a cluster's folder. */
export const paths = {
  lock: (dir: string): string => join(dir, LOCK_FILE),
  kubeconfig: (dir: string): string => join(dir, "kubeconfig"),
  audit: (dir: string): string => join(dir, "audit.log"),
  pki: (dir: string, name: string): string => join(dir, "pki", name),
  config: (dir: string, name: string): string => join(dir, "config", name),
  log: (dir: string, component: string): string => join(dir, "logs", `${component}.log`),
  record: (dir: string, component: string): string => join(dir, "pids", component),
  etcd: (dir: string): string => join(dir, "etcd"),
} as const;
