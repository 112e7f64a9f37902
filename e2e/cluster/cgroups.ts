/** The cgroups of real nodes, in whatever hierarchies the machine has (version 1, 2, or both side by side). */
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const ROOT = "/sys/fs/cgroup";
const POLL_MS = 50;
/** A killed process leaves its cgroup in milliseconds; under load we saw up to a second. */
const MAX_POLLS = 200;

/** Values a new cpuset of version 1 lacks, and without which no process can enter it. */
const CPUSET_FILES = ["cpuset.cpus", "cpuset.mems"];

/** Makes the cgroup below which a kubelet puts its pods, in every hierarchy. */
export async function addCgroup(name: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    const folder = join(hierarchy, name);
    await mkdir(folder, { recursive: true });
    for (const file of CPUSET_FILES) {
      const [ours, above] = await Promise.all([valueOf(folder, file), valueOf(hierarchy, file)]);
      if (ours === "" && above) await writeFile(join(folder, file), above);
    }
  }
}

/** Kills whatever still runs in a node's cgroups, which is its containers, and removes them. */
export async function removeCgroup(name: string): Promise<void> {
  for (let poll = 0; poll < MAX_POLLS; poll += 1) {
    const tops = await foldersOf(name);
    if (tops.length === 0) return;
    for (const top of tops) await killAndRemove(top);
    if (poll > 0) await sleep(POLL_MS);
  }
  const left = await foldersOf(name);
  if (left.length > 0) throw new Error(`cgroup ${left[0]} cannot be removed: processes in it do not end`);
}

async function killAndRemove(top: string): Promise<void> {
  for (const folder of await foldersDeepestFirst(top)) {
    for (const pid of await pidsOf(folder)) kill(pid);
    await rmdir(folder).catch(() => undefined);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself between our reading and now.
  }
}

async function foldersOf(name: string): Promise<string[]> {
  const found: string[] = [];
  for (const hierarchy of await hierarchies()) {
    if ((await subfolders(hierarchy)).includes(join(hierarchy, name))) found.push(join(hierarchy, name));
  }
  return found;
}

/** The tops of the mounted hierarchies: with version 2 alone it is the root itself. */
async function hierarchies(): Promise<string[]> {
  if ((await valueOf(ROOT, "cgroup.controllers")) !== undefined) return [ROOT];
  const found: string[] = [];
  for (const folder of await subfolders(ROOT)) {
    if ((await valueOf(folder, "cgroup.procs")) !== undefined) found.push(folder);
  }
  return found;
}

/** A file's content; undefined when there is no such file. */
async function valueOf(folder: string, file: string): Promise<string | undefined> {
  return readFile(join(folder, file), "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

async function foldersDeepestFirst(top: string): Promise<string[]> {
  const below = await Promise.all((await subfolders(top)).map(foldersDeepestFirst));
  return [...below.flat(), top];
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}

async function pidsOf(folder: string): Promise<number[]> {
  const text = await readFile(join(folder, "cgroup.procs"), "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "" && line !== "0")
    .map(Number);
}
