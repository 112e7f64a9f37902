/** A lock file that only one living process holds. It is broken when its holder no longer lives. */
import { readFile, rm, writeFile } from "node:fs/promises";
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
      // Nobody living holds it: break it, and compete for it like everybody else.
      await rm(path, { force: true });
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

async function tryTake(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
