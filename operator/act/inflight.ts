/**
 * How many calls may be under way at once. Grows while answers stay quick, halves when the server says it is overloaded
 * (429, 503) or answers get slow, and respects Retry-After. Creates and outcomes go before progress.
 */
import type { Port } from "../api/port.ts";
import type { ApiError } from "./errors.ts";

/** The start: enough to fill one connection, little enough for a small server. */
const LIMIT_FIRST = 32;
const LIMIT_MIN = 2;
/** Past this the server only queues: it lets about 600 calls in at once for everybody (its max-*-inflight defaults). */
const LIMIT_MAX = 200;
/** One halving serves all calls that were under way when the server became busy. */
const HALVE_EVERY_MS = 1000;
/** Answers this many times slower than the best seen mean that calls queue in the server. */
const SLOW_FACTOR = 4;
/** The best latency is let go slowly (1 % an answer), so that a server that became slower for good is learned. */
const BEST_DECAY = 1.01;
/** Below this an answer is quick, whatever the best one was. */
const QUICK_MS = 50;
/** Added to Retry-After by chance: the server tells every client the same second. */
const RETRY_JITTER_MS = 1000;

export type Priority = "high" | "low";

export class InFlight {
  readonly #port: Port;
  readonly #queues: { readonly high: (() => void)[]; readonly low: (() => void)[] } = { high: [], low: [] };
  #limit = LIMIT_FIRST;
  #underWay = 0;
  #bestMs = Number.POSITIVE_INFINITY;
  #halvedAt = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #cancelWake: (() => void) | undefined;

  constructor(port: Port) {
    this.#port = port;
    port.meter.set("inFlightLimit", {}, this.limit);
  }

  /** Calls wait for a place: what could wait longer should. */
  get busy(): boolean {
    return this.#underWay >= this.#limit || this.#pausedUntil > this.#port.clock.monotonic();
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** Waits for a place; call done() exactly once afterwards. */
  async enter(priority: Priority): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#queues[priority].push(() => resolve(undefined));
    this.#admit();
    await promise;
  }

  /** A call ended after `tookMs`, well or with an error. */
  done(tookMs: number, error: ApiError | undefined): void {
    this.#underWay -= 1;
    if (error?.kind === "busy") this.#overloaded(error.retryAfterMs);
    else if (error?.kind !== "lost") this.#answered(tookMs);
    this.#port.meter.set("inFlightLimit", {}, this.limit);
    this.#admit();
  }

  #answered(tookMs: number): void {
    this.#bestMs = Math.min(this.#bestMs * BEST_DECAY, Math.max(tookMs, 1));
    const slow = tookMs > QUICK_MS && tookMs > this.#bestMs * SLOW_FACTOR;
    // Additive growth: one more after a whole round of quick answers. Slow ones hold it where it is.
    if (!slow) this.#limit = Math.min(this.#limit + 1 / this.#limit, LIMIT_MAX);
  }

  #overloaded(retryAfterMs: number): void {
    const now = this.#port.clock.monotonic();
    if (now - this.#halvedAt >= HALVE_EVERY_MS) {
      this.#halvedAt = now;
      this.#limit = Math.max(LIMIT_MIN, this.#limit / 2);
    }
    if (retryAfterMs === 0) return;
    const until = now + retryAfterMs + this.#port.random() * RETRY_JITTER_MS;
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
  }

  #admit(): void {
    const wait = this.#pausedUntil - this.#port.clock.monotonic();
    if (wait > 0) {
      this.#cancelWake ??= this.#port.clock.after(wait, () => {
        this.#cancelWake = undefined;
        this.#admit();
      });
      return;
    }
    while (this.#underWay < this.limit) {
      const next = this.#queues.high.shift() ?? this.#queues.low.shift();
      if (next === undefined) return;
      this.#underWay += 1;
      next();
    }
  }
}
