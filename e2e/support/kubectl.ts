/** kubectl as a user runs it, within a bounded time, with its own words in the error. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { join } from "node:path";
import type { Access } from "./access.ts";

/** Longer than any single command takes on a busy machine; a command that waits is told its own time. */
const COMMAND_LIMIT_MS = 60_000;

export interface CommandOptions {
  /** Given to kubectl's standard input; an object as JSON, for `-f -`. */
  readonly input?: unknown;
  readonly limitMs?: number;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Reach = Pick<Access, "kubectl" | "kubeconfig" | "dir">;

export class Kubectl {
  readonly #access: Reach;
  /** Commands speak of this namespace unless they name another. */
  readonly namespace: string;

  constructor(access: Reach, namespace = "default") {
    this.#access = access;
    this.namespace = namespace;
  }

  /** Runs a command that must succeed and returns what it printed. */
  async run(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(args, options);
    if (code === 0) return stdout;
    throw new Error(`kubectl ${args.join(" ")} failed (${code ?? "killed: took too long"}):\n${stderr || stdout}`);
  }

  /** Runs a command that must fail and returns what it said. */
  async refused(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(args, options);
    if (code !== 0 && code !== null) return stderr;
    throw new Error(`kubectl ${args.join(" ")} should have been refused, but printed:\n${stdout || stderr}`);
  }

  async attempt(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const { input, limitMs = COMMAND_LIMIT_MS } = options;
    const child = this.#spawn(args, limitMs);
    child.stdin.on("error", () => undefined);
    child.stdin.end(typeof input === "string" || input === undefined ? input : JSON.stringify(input));
    const [stdout, stderr] = [gather(child.stdout), gather(child.stderr)];
    return await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout: stdout(), stderr: stderr() }));
    });
  }

  /** Runs a command that prints until it is ended, such as `get --watch`; what it has printed so far can be asked. */
  follow(args: readonly string[], limitMs: number): { readonly printed: () => string; readonly end: () => void } {
    const child = this.#spawn(args, limitMs);
    // One that cannot be started prints nothing, and whoever waits for its words says so.
    child.on("error", () => undefined);
    child.stdin.end();
    child.stderr.resume();
    return { printed: gather(child.stdout), end: () => child.kill("SIGKILL") };
  }

  #spawn(args: readonly string[], limitMs: number): ChildProcessWithoutNullStreams {
    const { kubeconfig, dir } = this.#access;
    // What it keeps of a cluster of ours goes with that cluster.
    const cache = dir === undefined ? {} : { KUBECACHEDIR: join(dir, "config", "kubectl-cache") };
    return spawn(this.#access.kubectl, ["--namespace", this.namespace, ...args], {
      env: { ...process.env, ...cache, KUBECONFIG: kubeconfig },
      stdio: "pipe",
      timeout: limitMs,
      killSignal: "SIGKILL",
    });
  }

  async apply(object: unknown): Promise<void> {
    await this.run(["apply", "-f", "-"], { input: object });
  }

  /** The cells of `kubectl get`, by column title, one row per object. */
  async table(args: readonly string[]): Promise<readonly Readonly<Record<string, string>>[]> {
    return parseTable(await this.run(["get", ...args]));
  }
}

/** kubectl aligns columns: a cell reaches from its title to the next one, and empty cells are told by their place. */
export function parseTable(text: string): readonly Readonly<Record<string, string>>[] {
  const [head = "", ...rows] = text.trimEnd().split("\n");
  const columns = [...head.matchAll(/\S+(?: \S+)*/g)].map(({ 0: title, index }) => ({ title, index }));
  return rows.map((row) => {
    const cells = columns.map(({ title, index }, place) => [title, row.slice(index, columns[place + 1]?.index).trim()]);
    return Object.fromEntries(cells) as Record<string, string>;
  });
}

function gather(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
