/**
 * Which keys to look at, and when. A key is waiting, or being worked on, or neither; added while it is worked on, it is
 * worked on once more afterwards, so no change is missed and no key is ever worked on twice at once.
 */
import type { Port } from "../api/port.ts";

export interface WorkQueueOptions {
  /** The kind of object, for metrics. */
  readonly kind: string;
  /** Whose keys it holds, for metrics; "" for all namespaces. */
  readonly namespace: string;
  /** Works on one key. Must not reject. */
  readonly work: (key: string) => Promise<void>;
}

/**
 * Keys worked on at once. Each is only a promise that waits for the API server; the calls themselves are limited
 * elsewhere (act/inflight.ts), so this bound serves memory alone.
 */
const WORKING_MAX = 1000;
/** Keys started in one turn of the event loop, so that a burst never keeps watches and probes waiting. */
const TURN_KEYS_MAX = 50;
/** client-go starts at 5 ms; a key that failed once mostly lost a race and is right at once. */
const RETRY_FIRST_MS = 5;
/** A key that keeps failing is looked at this often; client-go allows 1,000 s, too long for a user who waits. */
const RETRY_LONGEST_MS = 60_000;

export class WorkQueue {
  readonly #port: Port;
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Map<string, number>();
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>();
  readonly #failures = new Map<string, number>();
  #cancelTurn: (() => void) | undefined;
  #stopped = false;
  readonly #idle: PromiseWithResolvers<undefined> = Promise.withResolvers<undefined>();

  constructor(port: Port, options: WorkQueueOptions) {
    this.#port = port;
    this.#options = options;
  }

  /** Now, or right after the pass that is under way. */
  add(key: string): void {
    if (this.#stopped) return;
    if (this.#working.has(key)) this.#again.add(key);
    else if (!this.#waiting.has(key)) {
      this.#waiting.set(key, this.#port.clock.monotonic());
      this.#tellDepth();
    }
    this.#schedule();
  }

  /** Later; of several delays for one key the earliest counts, and an earlier add() does not undo it. */
  addAfter(key: string, delayMs: number): void {
    if (this.#stopped) return;
    const dueMs = this.#port.clock.monotonic() + delayMs;
    const planned = this.#delayed.get(key);
    if (planned !== undefined && planned.dueMs <= dueMs) return;
    planned?.cancel();
    const cancel = this.#port.clock.after(Math.max(0, delayMs), () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { dueMs, cancel });
  }

  /** What a pass asks for replaces what the last pass asked for: an end that was planned for must not be waited for. */
  planned(key: string, delayMs: number | undefined): void {
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
    if (delayMs !== undefined) this.addAfter(key, delayMs);
  }

  /** After a failure: later each time, until forget(). The server's own wish is respected. */
  retry(key: string, atLeastMs: number): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const pause = Math.min(RETRY_FIRST_MS * 2 ** Math.min(failures, 30), RETRY_LONGEST_MS);
    this.addAfter(key, Math.max(pause * (1 + this.#port.random()), atLeastMs));
  }

  /** The key did well: its next failure is its first. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  get depth(): number {
    return this.#waiting.size;
  }

  /** Starts nothing new; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTurn?.();
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#waiting.clear();
    if (this.#working.size > 0) await this.#idle.promise;
  }

  #schedule(): void {
    if (this.#stopped || this.#cancelTurn !== undefined || this.#waiting.size === 0) return;
    if (this.#working.size >= WORKING_MAX) return;
    this.#cancelTurn = this.#port.clock.after(0, () => {
      this.#cancelTurn = undefined;
      this.#turn();
    });
  }

  #turn(): void {
    const { kind } = this.#options;
    let started = 0;
    for (const [key, since] of this.#waiting) {
      if (started >= TURN_KEYS_MAX || this.#working.size >= WORKING_MAX) break;
      started += 1;
      this.#waiting.delete(key);
      this.#working.add(key);
      this.#port.meter.observe("queueWait", { kind }, (this.#port.clock.monotonic() - since) / 1000);
      void this.#work(key);
    }
    this.#tellDepth();
    this.#schedule();
  }

  #tellDepth(): void {
    const { kind, namespace } = this.#options;
    this.#port.meter.set("queueDepth", { kind, namespace }, this.#waiting.size);
  }

  async #work(key: string): Promise<void> {
    await this.#options.work(key);
    this.#working.delete(key);
    if (this.#again.delete(key)) this.add(key);
    this.#schedule();
    if (this.#stopped && this.#working.size === 0) this.#idle.resolve(undefined);
  }
}
