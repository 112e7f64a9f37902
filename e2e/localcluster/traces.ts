/** What a cluster has on the machine: seen from outside, not by the cluster's own records. */
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

const CGROUPS = "/sys/fs/cgroup";
const LINKS = "/sys/class/net";
/** State of a listening socket in /proc/net/tcp. */
const LISTENS = "0A";
/** 127.0.0.1 and its siblings, the same as ::ffff:127.0.0.1, and ::1, as the kernel writes them. */
const LOOPBACK = /^([0-9A-F]{6}7F|0000000000000000FFFF0000[0-9A-F]{6}7F|00000000000000000000000001000000):/;

/** Everything of the cluster in `dir`, whose names outside of it hold `id`, in words. Nothing, when it is gone. */
export async function tracesOf(dir: string, id: string): Promise<readonly string[]> {
  return [
    ...(await processesOf(dir, id)).map((pid) => `process ${pid}`),
    ...(await mountsOf(dir, id)).map((line) => `mount ${line}`),
    ...(await readdir(LINKS)).filter((name) => name.startsWith(`st${id}`)).map((name) => `link ${name}`),
    ...(await cgroupsOf(id)).map((path) => `cgroup ${path}`),
    ...(await readdir(dir).catch(() => [])).map((name) => `file ${name}`),
  ];
}

/** Which of the processes, or of their children, listens at which address other machines can reach; and how many listen at all. */
export async function listeners(pids: readonly number[]): Promise<{ readonly count: number; readonly open: string[] }> {
  const open: string[] = [];
  let count = 0;
  const sockets = new Map<string, string>();
  for (const pid of await withChildren(pids)) {
    for (const inode of await socketsOf(pid)) sockets.set(inode, (await textOf(pid, "cmdline")).split("\0")[0] ?? "");
  }
  for (const table of ["tcp", "tcp6"]) {
    const lines = (await readFile(join("/proc/net", table), "utf8")).split("\n").slice(1);
    for (const line of lines) {
      const [, address = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      const command = sockets.get(inode);
      if (state !== LISTENS || command === undefined) continue;
      count += 1;
      if (!LOOPBACK.test(address)) open.push(`${command} at ${address}`);
    }
  }
  return { count, open };
}

/** Processes that were told of the folder, are in it, or are in a cgroup of the cluster. */
async function processesOf(dir: string, id: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const pid of await allPids()) {
    const told = `${await textOf(pid, "cmdline")}\0${await textOf(pid, "environ")}`;
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    const cgroup = await textOf(pid, "cgroup");
    if (told.includes(dir) || cwd.startsWith(dir) || cgroup.includes(`/stint-${id}-`)) found.push(pid);
  }
  return found;
}

async function mountsOf(dir: string, id: string): Promise<readonly string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return lines.filter((line) => line.includes(dir) || line.includes(`stint-${id}-`));
}

async function cgroupsOf(id: string): Promise<readonly string[]> {
  const tops = await readdir(CGROUPS).catch(() => []);
  const places = [CGROUPS, ...tops.map((name) => join(CGROUPS, name))];
  const found = await Promise.all(
    places.map(async (place) => (await readdir(place).catch(() => [])).map((name) => join(place, name))),
  );
  return found.flat().filter((path) => path.includes(`/stint-${id}-`));
}

async function withChildren(pids: readonly number[]): Promise<ReadonlySet<number>> {
  const parents = new Map<number, number>();
  for (const pid of await allPids()) {
    const stat = await textOf(pid, "stat");
    parents.set(pid, Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const family = new Set(pids);
  for (let size = 0; size < family.size;) {
    size = family.size;
    for (const [pid, parent] of parents) if (family.has(parent)) family.add(pid);
  }
  return family;
}

async function socketsOf(pid: number): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(join(folder, name)).catch(() => "")));
  return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
}

async function allPids(): Promise<readonly number[]> {
  return (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
}

/** A process may end while we look at it, or be another user's. */
async function textOf(pid: number, file: string): Promise<string> {
  return await readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
}
