/**
 * Processes that outlive us: started in a session of their own, recorded by id and start time, ended only when both
 * still match. Each writes its own record before it becomes the component, so that there is no moment at which it
 * runs unrecorded, whatever happens to us.
 */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 50;
/** After SIGKILL only a process stuck in the kernel stays; we wait this long for it and then say so. */
const KILL_PATIENCE_MS = 10_000;

/** A process id that cannot be mistaken for a later process with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot on Linux; the start date elsewhere. */
  readonly startedAt: string;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where standard output and error are appended. */
  readonly log: string;
  /** Where the process records itself. */
  readonly record: string;
  readonly cwd: string;
}

/** `read` takes the line without splitting it; the command name in it ends at the last ")". */
const RECORD_AND_RUN = `
if read -r stat < /proc/$$/stat 2>/dev/null; then set -- "$$" "$stat" "$@"; else set -- "$$" "$(LC_ALL=C ps -o lstart= -p $$)" "$@"; fi
printf '%s\\n%s\\n' "$1" "$2" > "$RECORD.new" && mv "$RECORD.new" "$RECORD" || exit 70
shift 2
unset RECORD stat
exec "$@"
`;

/** Starts a process of its own session. It has been recorded as soon as its command runs. */
export function launch(what: Launch): void {
  const log = openSync(what.log, "a");
  try {
    const child = spawn("/bin/sh", ["-c", RECORD_AND_RUN, "sh", what.command, ...what.args], {
      cwd: what.cwd,
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...what.env, RECORD: what.record },
    });
    // A missing shell shows as a process that never records itself; the caller's wait reports that.
    child.on("error", () => undefined);
    child.unref();
  } finally {
    closeSync(log);
  }
}

/** The process that recorded itself in a file, living or not. */
export async function recordedProcess(record: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(record, "utf8").catch(() => "");
  const [pid = "", line = ""] = text.split("\n");
  const startedAt = line.includes(")") ? startTicks(line) : line.trim();
  return /^\d+$/.test(pid) && startedAt !== undefined ? { pid: Number(pid), startedAt } : undefined;
}

/** Reads an identity written as JSON; anything else is undefined. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const value = JSON.parse(text) as Partial<ProcessIdentity>;
    const { pid, startedAt } = value;
    return typeof pid === "number" && typeof startedAt === "string" ? { pid, startedAt } : undefined;
  } catch {
    return undefined;
  }
}

/** The identity of a process id now; undefined when no process (or only a zombie) has it. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === "linux" ? linuxStart(pid) : otherStart(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

/** Whether exactly this process, not a later one with its number, still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startedAt === identity.startedAt;
}

/** Asks a process to end, and makes it end when it has not after `graceMs`. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  if (await signalAndWait(identity, "SIGTERM", graceMs)) return;
  if (await signalAndWait(identity, "SIGKILL", KILL_PATIENCE_MS)) return;
  throw new Error(`process ${identity.pid} does not end, even by SIGKILL`);
}

/** Kills a process at once, as a crash would, and waits until it is gone. */
export async function killProcess(identity: ProcessIdentity): Promise<void> {
  await endProcess(identity, 0);
}

/** The start time (field 22) in a line of /proc/PID/stat; undefined for a zombie. */
export function startTicks(stat: string): string | undefined {
  const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? undefined : rest[18];
}

async function signalAndWait(identity: ProcessIdentity, signal: NodeJS.Signals, patienceMs: number): Promise<boolean> {
  if (!isAlive(identity)) return true;
  if (patienceMs === 0) return false;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += POLL_MS) {
    if (!isAlive(identity)) return true;
    await sleep(POLL_MS);
  }
  return !isAlive(identity);
}

function linuxStart(pid: number): string | undefined {
  try {
    return startTicks(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

function otherStart(pid: number): string | undefined {
  try {
    const options = { encoding: "utf8", env: { ...process.env, LC_ALL: "C" }, stdio: "pipe" } as const;
    const text = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], options).trim();
    return text === "" ? undefined : text;
  } catch {
    return undefined;
  }
}
