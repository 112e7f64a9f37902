/** What the user may say about a cluster, by environment variables; every problem is reported at once. */
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** Two kubelets already fill a small machine; beyond eight the first start takes minutes. */
export const MAX_REAL_NODES = 8;
/** One API server and one scheduler on one machine carry no more. */
export const MAX_SIMULATED_NODES = 5000;
/** A socket's path ends at 107 bytes, and the longest below the folder of a cluster takes 43 of them. */
export const MAX_DIR_BYTES = 64;
/** Four renewals of a lease fit into it; on a busy machine one may come a second late. */
export const MIN_NODE_LOSS_SECONDS = 4;
export const MAX_NODE_LOSS_SECONDS = 600;

/** What a cluster consists of and where it lives. */
export interface ClusterOptions {
  /** Absolute path of the folder that holds everything the cluster writes. */
  readonly dir: string;
  /** Nodes with a kubelet and a container runtime. Needs Linux and root. */
  readonly realNodes: number;
  /** Nodes whose pods only pretend to run. */
  readonly simulatedNodes: number;
  /** After how many seconds of silence a node counts as lost; Kubernetes' own 50 unless given. */
  readonly nodeLossSeconds?: number;
}

export interface Host {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
}

export interface Parsed {
  readonly options: ClusterOptions;
  /** What was changed from what was asked, and why. */
  readonly notes: readonly string[];
  /** Each names the variable and what it may be. */
  readonly problems: readonly string[];
}

/** The machine and user this process has. */
export function thisHost(): Host {
  return { platform: process.platform, isRoot: process.getuid?.() === 0 };
}

/** Reads the options from the environment, as far as this machine can do them. */
export function parseOptions(env: NodeJS.ProcessEnv, host: Host): Parsed {
  const problems: string[] = [];
  const whole = (name: string, min: number, max: number): number | undefined => {
    const text = env[name];
    if (!text) return undefined;
    if (/^\d{1,6}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
    problems.push(`${name} is "${text}"; it must be a whole number from ${min} to ${max}`);
    return undefined;
  };
  const realNodes = whole("REAL_NODES", 0, MAX_REAL_NODES) ?? 1;
  const simulatedNodes = whole("SIMULATED_NODES", 0, MAX_SIMULATED_NODES) ?? 0;
  const nodeLossSeconds = whole("NODE_LOSS_SECONDS", MIN_NODE_LOSS_SECONDS, MAX_NODE_LOSS_SECONDS);
  const dir = clusterDir(env);
  const wanted = { dir, realNodes, simulatedNodes, ...(nodeLossSeconds !== undefined && { nodeLossSeconds }) };
  const fitted = fitToHost(wanted, host);
  if (fitted.options.realNodes > 0 && Buffer.byteLength(dir) > MAX_DIR_BYTES) {
    problems.push(`CLUSTER_DIR is ${dir}; it may have at most ${MAX_DIR_BYTES} bytes, for the sockets of real nodes`);
  }
  if (/[^\w./@+-]/.test(dir)) problems.push(`CLUSTER_DIR is ${dir}; only letters, digits and . _ / @ + - may be in it`);
  return { ...fitted, problems };
}

/** What to type to take the cluster of a folder down; without the variable it would be the default one. */
export function downCommand(dir: string): string {
  return dir === clusterDir({ ...process.env, CLUSTER_DIR: "" }) ? "make down" : `CLUSTER_DIR=${dir} make down`;
}

/** The cluster's folder: CLUSTER_DIR, else one place per user. */
export function clusterDir(env: NodeJS.ProcessEnv): string {
  const given = env["CLUSTER_DIR"];
  if (given) return isAbsolute(given) ? resolve(given) : resolve(process.cwd(), given);
  return join(env["XDG_STATE_HOME"] || join(homedir(), ".local", "state"), "stint", "cluster");
}

/** Real nodes need root on Linux; elsewhere simulated ones take their place. */
export function fitToHost(wanted: ClusterOptions, host: Host): Omit<Parsed, "problems"> {
  if (wanted.realNodes === 0 || (host.platform === "linux" && host.isRoot)) return { options: wanted, notes: [] };
  const why = host.platform === "linux" ? "this user is not root" : `this is ${host.platform}, not Linux`;
  const simulatedNodes = Math.max(1, wanted.simulatedNodes);
  const note =
    `no real node: containers need root on Linux, and ${why}. ` +
    `Starting ${simulatedNodes} simulated node(s) instead: pods pretend to run, nothing in them is executed.`;
  return { options: { ...wanted, realNodes: 0, simulatedNodes }, notes: [note] };
}
