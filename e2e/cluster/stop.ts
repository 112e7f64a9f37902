/**
 * Taking a cluster down, whatever state it is in: after a crash half-way up, or half-way down. Processes are ended by
 * the records they made of themselves; beyond those only what provably belongs to this cluster is touched.
 */
import { readdir, readFile, readlink, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { removeCgroup } from "./cgroups.ts";
import { removeBridge } from "./network.ts";
import { identityOf, isAlive, killProcess, recordedProcess, type ProcessIdentity } from "./process.ts";
import { runtimeSocket, volatileFolders } from "./realnode.ts";
import { LOCK_FILE, paths, STATE_FILE, type ClusterState, type RealNode } from "./state.ts";

const REMOVE_RETRIES = 10;
const REMOVE_RETRY_MS = 100;
/** Of two rounds the second finds nothing, unless something was just being started. */
const MAX_ROUNDS = 20;

/** Names `up` makes in the cluster's folder; anything else in it is somebody else's and stays. */
export function ownEntries(names: readonly string[]): string[] {
  const own =
    /^(cluster\.json(\.new)?|up\.lock(\.\d+(\.new)?)?|kubeconfig|audit(-.*)?\.log|logs|pids|pids\.old|pki|config|etcd|node-\d+)$/;
  return names.filter((name) => own.test(name));
}

/** Ends every process of the cluster and removes everything it made. The state file goes last. */
export async function stopCluster(state: ClusterState): Promise<void> {
  await killRecorded(state.dir);
  for (const node of state.realNodes) {
    await killRuntimes(node);
    await removeCgroup(node.cgroup);
  }
  await killHolders(state.dir);
  for (const node of state.realNodes) await removeBridge(join(state.bin, "busybox"), node);
}

/** Ends every process of one node at once, its containers included, as when its power fails. Its disk stays. */
export async function powerOff({ dir }: ClusterState, node: RealNode): Promise<void> {
  const records = ["kubelet", "containerd", "namespace"].map((part) => paths.record(dir, `${part}-${node.name}`));
  const [kubelet = "", containerd = "", holder = ""] = records;
  await Promise.all([killRecord(kubelet), killRecord(containerd)]);
  await killInside(holder);
  await killRuntimes(node);
  await removeCgroup(node.cgroup);
  await killRecord(holder);
  for (const record of records) await rm(record, { force: true });
  for (const folder of volatileFolders(node)) await rm(folder, { recursive: true, force: true });
}

/** Removes the cluster's files; returns the names of others that were found and left. */
export async function removeFiles(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch(() => []);
  const own = ownEntries(names);
  const last = [STATE_FILE, LOCK_FILE];
  for (const name of [...own.filter((entry) => !last.includes(entry)), ...last]) {
    const options = { recursive: true, force: true, maxRetries: REMOVE_RETRIES, retryDelay: REMOVE_RETRY_MS };
    await rm(join(dir, name), options);
  }
  const foreign = names.filter((name) => !own.includes(name));
  if (foreign.length === 0) await rmdir(dir).catch(() => undefined);
  return foreign;
}

/**
 * Kills what recorded itself, but the holders of the namespaces, which tell what else runs in them. A process that is
 * just being started records itself into a folder that is no longer there, and ends by that.
 */
async function killRecorded(dir: string): Promise<void> {
  await rename(join(dir, "pids"), join(dir, "pids.old")).catch(() => undefined);
  const records = await readdir(join(dir, "pids.old")).catch(() => []);
  const others = records.filter((name) => !isHolder(name));
  await Promise.all(others.map((name) => killRecord(join(dir, "pids.old", name))));
  for (const name of records.filter(isHolder)) await killInside(join(dir, "pids.old", name));
}

async function killHolders(dir: string): Promise<void> {
  const records = await readdir(join(dir, "pids.old")).catch(() => []);
  await Promise.all(records.filter(isHolder).map((name) => killRecord(join(dir, "pids.old", name))));
}

function isHolder(record: string): boolean {
  return record.startsWith("namespace-");
}

async function killRecord(path: string): Promise<void> {
  const identity = await recordedProcess(path);
  if (identity !== undefined) await killProcess(identity);
}

/** Kills everything else in the mount namespace of a holder that lives: the shims, and what they just start. */
async function killInside(record: string): Promise<void> {
  const holder = await recordedProcess(record);
  if (holder === undefined || !isAlive(holder)) return;
  const namespace = await namespaceOf(holder.pid);
  if (namespace === undefined || namespace === (await namespaceOf(process.pid))) return;
  await killAll(async (pid) => pid !== holder.pid && (await namespaceOf(pid)) === namespace);
}

/** Kills the shims of a node's runtime, also when the holder of their namespace is gone. */
async function killRuntimes(node: RealNode): Promise<void> {
  await killAll(async (pid) => {
    const words = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    return (words[0] ?? "").endsWith("containerd-shim-runc-v2") && words.includes(runtimeSocket(node));
  });
}

async function killAll(belongs: (pid: number) => Promise<boolean>): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const found: ProcessIdentity[] = [];
    for (const name of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
      const identity = identityOf(Number(name));
      if (identity !== undefined && (await belongs(identity.pid))) found.push(identity);
    }
    if (found.length === 0) return;
    await Promise.all(found.map(killProcess));
  }
}

async function namespaceOf(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/ns/mnt`).catch(() => undefined);
}
