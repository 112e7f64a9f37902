/** A lock file that only one living process holds. It is broken when its holder no longer lives. */
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "./failure.ts";
import { identityOf, isAlive, parseIdentity, type ProcessIdentity } from "./process.ts";

const POLL_MS = 500;

export interface LockOptions {
  /** How long to wait for another holder; 0 gives up at once. */
  readonly patienceMs: number;
  /** Told once when another process holds the lock. */
  readonly onWait: (holder: ProcessIdentity) => void;
}

/** Takes the lock and returns its release. */
export async function takeLock(path: string, options: LockOptions): Promise<() => Promise<void>> {
  const own = JSON.stringify(identityOf(process.pid));
  const attempts = 1 + Math.ceil(options.patienceMs / POLL_MS);
  let told = false;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (attempt > 0) await sleep(POLL_MS);
    if (await tryTake(path, own)) return () => rm(path, { force: true });
    const holder = await lockHolder(path);
    if (holder === undefined) {
      await breakLock(path);
      if (await tryTake(path, own)) return () => rm(path, { force: true });
    } else if (!told) {
      told = true;
      options.onWait(holder);
    }
  }
  const holder = await lockHolder(path);
  throw new ClusterError(`process ${holder?.pid ?? "?"} holds ${path}; wait for it or end it`);
}

/** The living process that holds the lock, if any. */
export async function lockHolder(path: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  const holder = parseIdentity(text);
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

/**
 * Removes a lock that nobody living holds. It is moved away first and looked at again: another process may have broken
 * it before us and taken it, and then it gets its lock back.
 */
async function breakLock(path: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if ((await lockHolder(aside)) !== undefined) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

/** The file is written first and linked then, so that nobody finds a lock without its holder in it. */
async function tryTake(path: string, content: string): Promise<boolean> {
  const written = `${path}.${process.pid}.new`;
  await writeFile(written, content);
  try {
    await link(written, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(written, { force: true });
  }
}
