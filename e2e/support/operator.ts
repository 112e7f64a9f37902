/** The operator as a process of its own, as a user starts it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { poll } from "./waiting.ts";

/** The bundle: what the image holds and `make run` starts. */
const PROGRAM = join(import.meta.dirname, "../../dist/operator.cjs");
/** A start takes about a second; on a busy machine, or with a cluster that is just starting, much longer. */
const START_LIMIT_MS = 60_000;
/** It promises to end within 5 s; a busy machine gets more before it is killed. */
const STOP_LIMIT_MS = 15_000;
const SCRAPE_LIMIT_MS = 10_000;
/** The end of the log that an error shows. */
const TAIL_LINES = 40;
/** A test that runs for minutes logs some thousand lines; more is a bug of the test. */
const LOG_LINES_MAX = 50_000;

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export class Operator {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #exit: Promise<number | string>;
  #ended = false;
  #killed = false;

  /** `child` logs to its stderr, which must be a pipe. */
  constructor(child: ChildProcess & { readonly stderr: Readable }) {
    this.#child = child;
    const lines = createInterface({ input: child.stderr });
    lines.on("line", (line) => {
      if (this.#lines.length < LOG_LINES_MAX) this.#lines.push(line);
    });
    // A process may be gone before the last it wrote has been read; whoever waits for its end wants its last words too.
    this.#exit = Promise.all([once(child, "exit"), once(lines, "close")]).then(([[code, signal]]) => {
      this.#ended = true;
      return (code as number | null) ?? (signal as string);
    });
  }

  /** Starts it; `ready` tells when it works. Flags as the user gives them. */
  static start(kubeconfig: string, flags: readonly string[] = [], program: string = PROGRAM): Operator {
    const own = ["--metrics-address=127.0.0.1:0", "--log-format=json"];
    if (!existsSync(program)) throw new Error("the operator is not bundled: make dist/operator.cjs");
    const child = spawn(process.execPath, [program, `--kubeconfig=${kubeconfig}`, ...own, ...flags], {
      // Variables meant for another operator of the user must not change this one.
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("STINT_"))),
      stdio: ["ignore", "ignore", "pipe"],
    });
    return new Operator(child);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get wasKilled(): boolean {
    return this.#killed;
  }

  get log(): readonly LogLine[] {
    return this.#lines.map((line) => {
      try {
        return JSON.parse(line) as LogLine;
      } catch {
        return { level: "raw", message: line };
      }
    });
  }

  tail(): string {
    return this.#lines.slice(-TAIL_LINES).join("\n");
  }

  /** Waits until /readyz says yes. */
  async ready(): Promise<this> {
    await this.#polled("the operator to be ready", async () => {
      return (await this.get("/readyz")).status === 200 ? true : undefined;
    });
    return this;
  }

  /** Waits for a line of the log. */
  async logged(message: string): Promise<LogLine> {
    const find = (): LogLine | undefined => this.log.find((line) => line.message.includes(message));
    return await this.#polled(`the operator to log "${message}"`, () => Promise.resolve(find()));
  }

  async get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const said = this.log.find((line) => line.message === "stint starts");
    const address = path === "/metrics" ? said?.["metrics"] : (said?.["health"] ?? said?.["metrics"]);
    if (typeof address !== "string") throw new Error("the operator has not said where it listens");
    const reply = await fetch(`${address}${path}`, { signal: AbortSignal.timeout(SCRAPE_LIMIT_MS) });
    return { status: reply.status, text: await reply.text() };
  }

  /** The sum of a metric over all label sets that hold the given labels. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const { text } = await this.get("/metrics");
    return sumOf(text, name, labels);
  }

  /** Waits for its own end; returns the exit code. */
  async ended(): Promise<number | string> {
    return await Promise.race([this.#exit, sleep(START_LIMIT_MS, "it did not end")]);
  }

  /** Asks it to end; returns the exit code, or the signal that had to end it. */
  async stop(signal: "SIGTERM" | "SIGINT" = "SIGTERM"): Promise<number | string> {
    this.#child.kill(signal);
    const late = setTimeout(() => this.#child.kill("SIGKILL"), STOP_LIMIT_MS);
    const code = await this.#exit;
    clearTimeout(late);
    return code;
  }

  /** It stands still, as on a machine that swaps; its connections stay open. */
  suspend(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  /** As a crash: no last word. */
  async kill(): Promise<void> {
    this.#killed = true;
    this.#child.kill("SIGKILL");
    await this.#exit;
  }

  async #polled<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    // Once it has ended we look once more, at its last words, and wait no longer.
    const lookWhileAlive = async (): Promise<{ readonly found?: T } | undefined> => {
      const last = this.#ended;
      const found = await look().catch((error: unknown) => {
        if (!last) throw error;
        return undefined;
      });
      if (found !== undefined) return { found };
      return last ? {} : undefined;
    };
    try {
      const { found } = await poll(lookWhileAlive, { what, limitMs: START_LIMIT_MS });
      if (found === undefined) throw new Error(`waited for ${what}, but it has ended`);
      return found;
    } catch (error) {
      throw new Error(`${String(error)}; the end of its log:\n${this.tail()}`, { cause: error });
    }
  }
}

/** Reads Prometheus' text format as far as our own metrics use it. */
export function sumOf(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    const [, found, inner = "", value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (found !== name) continue;
    const has = Object.entries(labels).every(([key, wanted]) => inner.includes(`${key}="${wanted}"`));
    if (has) sum += Number(value);
  }
  return sum;
}
