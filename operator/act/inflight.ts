/**
 * How many calls may be under way at once. Grows while answers stay quick, halves when the server says it is overloaded
 * (429, 503, 504), and respects Retry-After. Creates and outcomes go before progress.
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

/**
 * Who waits together: calls of one kind ("create pods") in one namespace. No lane takes more than half of the places that
 * the others leave, and all lanes of one kind together leave a quarter free: calls that hang (a webhook that does not
 * answer, in one namespace or in all) never hold up another namespace, or the outcomes of their own. Progress takes a
 * smaller part, and goes last.
 */
export interface Lane {
  readonly namespace: string;
  readonly kind: string;
  readonly priority: Priority;
}

export type Priority = "high" | "low";

/** A lane gets this part of the places that other lanes leave, and at least one. */
const PARTS: Readonly<Record<Priority, number>> = { high: 1 / 2, low: 1 / 8 };
/** All lanes of a kind get this part of the limit, and at least one place. */
const KIND_PART = 3 / 4;

interface Traffic extends Lane {
  underWay: number;
  readonly waiting: (() => void)[];
}

export class InFlight {
  readonly #port: Port;
  /** Lanes in use, in the order of their turns. */
  readonly #lanes = new Map<string, Traffic>();
  #limit = LIMIT_FIRST;
  #underWay = 0;
  #waiting = 0;
  readonly #underWayByKind = new Tally();
  readonly #waitingByNamespace = new Tally();
  #bestMs = Number.POSITIVE_INFINITY;
  #halvedAt = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #cancelWake: (() => void) | undefined;

  constructor(port: Port) {
    this.#port = port;
    port.meter.set("inFlightLimit", {}, this.limit);
  }

  /** Calls of this namespace wait for a place, or all calls do: what could wait longer should. */
  busy(namespace: string): boolean {
    return this.#waitingByNamespace.of(namespace) > 0 || this.#pausedUntil > this.#port.clock.monotonic();
  }

  /** Nothing waits, and half of the places are free. */
  get idle(): boolean {
    const paused = this.#pausedUntil > this.#port.clock.monotonic();
    return !paused && this.#waiting === 0 && this.#underWay <= this.limit / 2;
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** Waits for a place; call done() exactly once afterwards. */
  async enter(lane: Lane): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const name = nameOf(lane);
    const traffic = this.#lanes.get(name) ?? { ...lane, underWay: 0, waiting: [] };
    this.#lanes.set(name, traffic);
    traffic.waiting.push(() => resolve(undefined));
    this.#waiting += 1;
    this.#waitingByNamespace.add(lane.namespace, 1);
    this.#admit();
    await promise;
  }

  /** A call of that lane ended after `tookMs`, well or with an error. */
  done(lane: Lane, tookMs: number, error: ApiError | undefined): void {
    const name = nameOf(lane);
    const traffic = this.#lanes.get(name);
    this.#underWay -= 1;
    this.#underWayByKind.add(lane.kind, -1);
    if (traffic !== undefined) {
      traffic.underWay -= 1;
      if (traffic.underWay === 0 && traffic.waiting.length === 0) this.#lanes.delete(name);
    }
    if (error?.overloaded === true) this.#overloaded(error.retryAfterMs);
    else if (error?.kind !== "busy" && error?.kind !== "lost") this.#answered(tookMs);
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
    while (this.#waiting > 0 && this.#underWay < this.limit) {
      const name = this.#nextLane("high") ?? this.#nextLane("low");
      if (name === undefined) return;
      this.#letIn(name);
    }
  }

  /** The lane whose turn it is: somebody waits in it, and it has not had its part yet. */
  #nextLane(priority: Priority): string | undefined {
    for (const [name, lane] of this.#lanes) {
      if (lane.priority !== priority || lane.waiting.length === 0) continue;
      const left = this.limit - (this.#underWay - lane.underWay);
      const hasPart = lane.underWay >= atLeastOne(left * PARTS[priority]);
      const kindHasPart = this.#underWayByKind.of(lane.kind) >= atLeastOne(this.limit * KIND_PART);
      if (!hasPart && !kindHasPart) return name;
    }
    return undefined;
  }

  #letIn(name: string): void {
    const lane = this.#lanes.get(name);
    const next = lane?.waiting.shift();
    if (lane === undefined || next === undefined) return;
    this.#lanes.delete(name);
    this.#lanes.set(name, lane);
    lane.underWay += 1;
    this.#underWay += 1;
    this.#waiting -= 1;
    this.#underWayByKind.add(lane.kind, 1);
    this.#waitingByNamespace.add(lane.namespace, -1);
    next();
  }
}

function nameOf({ namespace, kind, priority }: Lane): string {
  return `${namespace} ${kind} ${priority}`;
}

function atLeastOne(places: number): number {
  return Math.max(1, Math.floor(places));
}

/** Counts by name; what is at zero is forgotten. */
class Tally {
  readonly #counts = new Map<string, number>();

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  add(name: string, by: number): void {
    const count = this.of(name) + by;
    if (count === 0) this.#counts.delete(name);
    else this.#counts.set(name, count);
  }
}
