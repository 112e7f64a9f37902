/** Running other programs: to their end, within a time, with an error that shows what they said. */
import { spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { ClusterError } from "./failure.ts";

/** No single command of ours, not even a cold compile on a slow machine, should take longer. */
const LONGEST_MS = 3_600_000;
/** The end of a failing command's output that its error shows. */
const SHOWN_LINES = 25;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}

/** Runs a program and returns what it printed; its error carries the end of its output. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, output } = await collect(command, args, options);
  if (code === 0) return stdout;
  const shown = output.trimEnd().split("\n").slice(-SHOWN_LINES).join("\n");
  throw new ClusterError(`${[command, ...args].join(" ")} failed (${code}):\n${shown}`);
}

/** Runs a program and tells whether it succeeded. */
export async function succeeds(command: string, args: readonly string[], options: RunOptions = {}): Promise<boolean> {
  return run(command, args, options).then(
    () => true,
    () => false,
  );
}

/** Where a program is found in the PATH or in one of the folders given; undefined when nowhere. */
export async function which(name: string, folders: readonly string[] = []): Promise<string | undefined> {
  for (const folder of [...(process.env["PATH"] ?? "").split(delimiter), ...folders]) {
    const path = join(folder, name);
    if (folder !== "" && (await isExecutable(path))) return path;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

interface Collected {
  readonly code: number | string;
  readonly stdout: string;
  readonly output: string;
}

async function collect(command: string, args: readonly string[], options: RunOptions): Promise<Collected> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.timeoutMs ?? LONGEST_MS,
    });
    const stdout: Buffer[] = [];
    const both: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => {
      stdout.push(chunk);
      both.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => both.push(chunk));
    const end = (code: number | string): void => {
      resolve({ code, stdout: Buffer.concat(stdout).toString(), output: Buffer.concat(both).toString() });
    };
    child.on("error", (error) => {
      both.push(Buffer.from(error.message));
      end("not started");
    });
    child.on("close", (code, signal) => end(code ?? signal ?? "no code"));
  });
}
