/** Commands as a user types them in the checkout, with nothing of this test run in their environment. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

export const CHECKOUT: string = join(import.meta.dirname, "../..");

/** A start of a cluster takes seconds; on a busy machine a minute or two. */
const LIMIT_MS = 170_000;
/** What a user may have said to this run, and make to its own children. */
const LEFT_OUT = /^(MAKE|MFLAGS|CLUSTER|REAL_NODES|SIMULATED_NODES|KUBE|STINT_|ARGS|IMAGE)/;

export type Variables = Readonly<Record<string, string>>;

/** The environment of a fresh terminal in which the variables were set. */
export function environment(variables: Variables): NodeJS.ProcessEnv {
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !LEFT_OUT.test(name))), ...variables };
}

export interface Finished {
  /** The exit code, or the signal that ended it. */
  readonly code: number | string;
  /** What it wrote to standard output and error. */
  readonly output: string;
}

export class Command {
  readonly #child: ChildProcess;
  readonly #end: Promise<number | string>;
  readonly #closed: Promise<unknown>;
  #output = "";

  constructor(words: readonly string[], variables: Variables) {
    const [command = "", ...args] = words;
    const options = { cwd: CHECKOUT, env: environment(variables), timeout: LIMIT_MS } as const;
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
    }
    this.#child = child;
    this.#closed = once(child, "close");
    // What a killed command had started may hold its output open.
    this.#end = once(child, "exit").then(([code, signal]) => (code as number | null) ?? (signal as string));
  }

  /** Runs it to its end. */
  static async run(words: readonly string[], variables: Variables): Promise<Finished> {
    return await new Command(words, variables).finished();
  }

  /** Waits for its end, and for all it had to say. */
  async finished(): Promise<Finished> {
    await this.#closed;
    return { code: await this.#end, output: this.#output };
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal);
    await this.#end;
  }
}
