/**
 * The clusters of demo, tests and benchmark: each in a folder with the id of its process in the name. One that was
 * killed could not take its cluster down; whoever comes next does.
 */
import { lstat, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { down, type Say } from "./cluster.ts";
import { messageOf } from "./failure.ts";
import { identityOf } from "./process.ts";

const NAMES = ["demo", "e2e", "bench", "nodes"] as const;

/** Who has a cluster for the time it runs. */
export type TemporaryName = (typeof NAMES)[number];

/** The folder for the cluster of this process. */
export function temporaryDir(name: TemporaryName): string {
  return join(tmpdir(), `stint-${name}-${process.pid}`);
}

/** Takes down the clusters of this user whose process is gone. */
export async function removeAbandoned(say: Say): Promise<void> {
  for (const { dir, pid } of await abandonedIn(tmpdir())) {
    say(`removing the cluster that process ${pid} left in ${dir}`);
    await down(dir, say).catch((error: unknown) => say(`that failed: ${messageOf(error)}`));
  }
}

/** Folders of clusters whose process is gone. Names in a place for all are no proof: only what is ours counts. */
export async function abandonedIn(place: string): Promise<readonly { readonly dir: string; readonly pid: number }[]> {
  const found = [];
  const pattern = new RegExp(`^stint-(?:${NAMES.join("|")})-(\\d+)$`);
  for (const entry of await readdir(place)) {
    const pid = Number(pattern.exec(entry)?.[1] ?? process.pid);
    const dir = join(place, entry);
    if (identityOf(pid) === undefined && (await isOwnFolder(dir))) found.push({ dir, pid });
  }
  return found;
}

async function isOwnFolder(dir: string): Promise<boolean> {
  const info = await lstat(dir).catch(() => undefined);
  return info !== undefined && info.isDirectory() && info.uid === process.getuid?.();
}
