/** Says in the log what is in the way: once, and again after a while if it still is. */
import type { LogFields, Port } from "./port.ts";

/** Enough to be seen in a log that has just been opened. */
export const COMPLAINT_INTERVAL_MS = 30_000;

export class Complaints {
  readonly #port: Pick<Port, "clock" | "log">;
  /** By problem; there are a few. */
  readonly #said = new Map<string, { readonly cause: string; readonly atMs: number }>();

  constructor(port: Pick<Port, "clock" | "log">) {
    this.#port = port;
  }

  /** Another cause is said at once. */
  say(problem: string, cause: string, more: LogFields = {}): void {
    const atMs = this.#port.clock.monotonic();
    const before = this.#said.get(problem);
    if (before?.cause === cause && atMs - before.atMs < COMPLAINT_INTERVAL_MS) return;
    this.#said.set(problem, { cause, atMs });
    this.#port.log.warn(problem, { ...more, cause });
  }
}
