/** Says in the log what is in the way: once, and again after a while if it still is. */
import type { Port } from "../api/port.ts";

/** Enough to be seen in a log that has just been opened. */
const INTERVAL_MS = 30_000;

export class Complaints {
  readonly #port: Port;
  readonly #lease: string;
  /** By problem; there are a few. */
  readonly #said = new Map<string, { readonly cause: string; readonly atMs: number }>();

  constructor(port: Port, lease: string) {
    this.#port = port;
    this.#lease = lease;
  }

  say(problem: string, cause: string): void {
    const atMs = this.#port.clock.monotonic();
    const before = this.#said.get(problem);
    if (before?.cause === cause && atMs - before.atMs < INTERVAL_MS) return;
    this.#said.set(problem, { cause, atMs });
    this.#port.log.warn(problem, { lease: this.#lease, cause });
  }
}
