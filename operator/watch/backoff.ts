/** Growing pauses for a server that does not answer: client-go's figures, so that a fleet treats it the same way. */
import type { Port } from "../api/port.ts";

/** The first pause; client-go: 800 ms. */
const FIRST_MS = 800;
/** The longest pause before jitter; client-go: 30 s, about 0.02-0.03 calls a second against a dead server. */
const LONGEST_MS = 30_000;
/** After this long without a failure the pauses start small again; client-go: 2 minutes. */
const RESET_AFTER_MS = 120_000;

export class Backoff {
  readonly #port: Port;
  #next = FIRST_MS;
  #lastFailure = Number.NEGATIVE_INFINITY;

  constructor(port: Port) {
    this.#port = port;
  }

  /** What was asked for works again: the pauses start small. */
  reset(): void {
    this.#next = FIRST_MS;
  }

  /** The pause after one more failure: doubled each time, plus up to as much again by chance. */
  pauseMs(): number {
    const now = this.#port.clock.monotonic();
    if (now - this.#lastFailure > RESET_AFTER_MS) this.#next = FIRST_MS;
    const pause = this.#next * (1 + this.#port.random());
    this.#lastFailure = now + pause;
    this.#next = Math.min(this.#next * 2, LONGEST_MS);
    return pause;
  }
}
