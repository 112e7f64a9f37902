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
 * Keys worked on at once. Each is only a promise that waits for the API server; the calls themselves are limited elsewhere
 * (act/inflight.ts), so this bound serves memory alone. No namespace takes more than half of the places the others leave:
 * where calls hang, its keys wait for them, and not everybody's.
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
  /** Keys that wait, and since when, by namespace; namespaces in the order of their turns. */
  readonly #waiting = new Map<string, Map<string, number>>();
  #waitingCount = 0;
  readonly #working = new Set<string>();
  readonly #workingIn = new Map<string, number>();
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
    else this.#wait(key);
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
    return this.#waitingCount;
  }

  /** Starts nothing new; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTurn?.();
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#waiting.clear();
    this.#waitingCount = 0;
    if (this.#working.size > 0) await this.#idle.promise;
  }

  #schedule(): void {
    if (this.#stopped || this.#cancelTurn !== undefined || this.#waitingCount === 0) return;
    if (this.#working.size >= WORKING_MAX) return;
    this.#cancelTurn = this.#port.clock.after(0, () => {
      this.#cancelTurn = undefined;
      this.#turn();
    });
  }

  #turn(): void {
    const { kind } = this.#options;
    for (let started = 0; started < TURN_KEYS_MAX && this.#working.size < WORKING_MAX; started += 1) {
      const next = this.#next();
      // All that wait are of namespaces that have their part; the end of a key of theirs brings the next turn.
      if (next === undefined) return this.#tellDepth();
      this.#working.add(next.key);
      this.#port.meter.observe("queueWait", { kind }, (this.#port.clock.monotonic() - next.since) / 1000);
      void this.#work(next.key);
    }
    this.#tellDepth();
    this.#schedule();
  }

  #wait(key: string): void {
    const namespace = namespaceOf(key);
    const keys = this.#waiting.get(namespace) ?? new Map<string, number>();
    if (keys.has(key)) return;
    keys.set(key, this.#port.clock.monotonic());
    this.#waiting.set(namespace, keys);
    this.#waitingCount += 1;
    this.#tellDepth();
  }

  /** The first key of the namespace whose turn it is and that has places left. */
  #next(): { readonly key: string; readonly since: number } | undefined {
    for (const [namespace, keys] of this.#waiting) {
      const own = this.#workingIn.get(namespace) ?? 0;
      const left = WORKING_MAX - (this.#working.size - own);
      const [first] = keys;
      if (first === undefined || own >= Math.max(1, Math.floor(left / 2))) continue;
      const [key, since] = first;
      keys.delete(key);
      this.#waiting.delete(namespace);
      if (keys.size > 0) this.#waiting.set(namespace, keys);
      this.#waitingCount -= 1;
      this.#workingIn.set(namespace, own + 1);
      return { key, since };
    }
    return undefined;
  }

  #tellDepth(): void {
    const { kind, namespace } = this.#options;
    this.#port.meter.set("queueDepth", { kind, namespace }, this.#waitingCount);
  }

  async #work(key: string): Promise<void> {
    await this.#options.work(key);
    this.#working.delete(key);
    const namespace = namespaceOf(key);
    const left = (this.#workingIn.get(namespace) ?? 1) - 1;
    if (left === 0) this.#workingIn.delete(namespace);
    else this.#workingIn.set(namespace, left);
    if (this.#again.delete(key)) this.add(key);
    this.#schedule();
    if (this.#stopped && this.#working.size === 0) this.#idle.resolve(undefined);
  }
}

function namespaceOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf("/")));
}
