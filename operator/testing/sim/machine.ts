/**
 * The machine one process runs on, as far as the process can tell: its two clocks, and whether it gets to run at all.
 * A stopped process notices nothing while time goes on; a machine that sleeps counts no monotonic time either.
 */
import { EPOCH_MS, type SimClock } from "./clock.ts";

/** stopped: SIGSTOP, a starved processor, a frozen cgroup. asleep: the machine is suspended, and its monotonic clock with it. */
export type PauseKind = "stopped" | "asleep";

/** What of a machine's way to the server is broken: all of it, the way back, or only the connection that the Lease is renewed by. */
export type Cut = "all" | "replies" | "lease";

interface Held {
  readonly run: () => void;
  readonly isTimer: boolean;
}

export interface MachineOptions {
  readonly clock: SimClock;
  /** Monotonic milliseconds per true one. */
  readonly rate: number;
}

/** One machine; it outlives its processes. */
export class Machine {
  readonly #clock: SimClock;
  readonly #rate: number;
  #aheadMs = 0;
  #asleepMs = 0;
  #pause: { readonly kind: PauseKind; readonly sinceMs: number } | undefined;
  /** What came while nothing ran, in the order in which it came; and what must wait behind it. */
  #held: Held[] = [];
  aheadMsMax = 0;
  /** When it last ran again after a pause. */
  resumedAtMs: number = Number.NEGATIVE_INFINITY;

  constructor({ clock, rate }: MachineOptions) {
    this.#clock = clock;
    this.#rate = rate;
  }

  get paused(): boolean {
    return this.#pause !== undefined;
  }

  /** Milliseconds since 1970, as this machine has them. */
  get wallMs(): number {
    return EPOCH_MS + this.#clock.now + this.#aheadMs;
  }

  get monotonicMs(): number {
    const asleep = this.#pause?.kind === "asleep" ? this.#clock.now - this.#pause.sinceMs : 0;
    return (this.#clock.now - this.#asleepMs - asleep) * this.#rate;
  }

  /** How far its wall clock is from the true time. */
  set aheadMs(ms: number) {
    this.#aheadMs = ms;
    this.aheadMsMax = Math.max(this.aheadMsMax, ms);
  }

  /** A timer of a process: by the monotonic clock, and not while nothing runs. */
  after(delayMs: number, run: () => void): () => void {
    const dueMs = this.monotonicMs + delayMs;
    let off = false;
    let cancel = (): void => undefined;
    const arm = (leftMs: number): void => {
      cancel = this.#clock.wake(leftMs / this.#rate, fire);
    };
    const fire = (): void => {
      if (off) return;
      // Asleep in between: the rest of it is still to come.
      const leftMs = dueMs - this.monotonicMs;
      if (leftMs > 0.001 && !this.paused) arm(leftMs);
      else this.#deliver({ run: fireOrGo, isTimer: true });
    };
    const fireOrGo = (): void => {
      const leftMs = dueMs - this.monotonicMs;
      if (off) return;
      if (leftMs > 0.001) arm(leftMs);
      else run();
    };
    arm(delayMs);
    return () => {
      off = true;
      cancel();
    };
  }

  /** What the network brings after `delayMs` of true time; it waits while nothing runs. */
  arrive(delayMs: number, run: () => void): () => void {
    let off = false;
    const cancel = this.#clock.wake(delayMs, () =>
      this.#deliver({ run: () => (off ? undefined : run()), isTimer: false }),
    );
    return () => {
      off = true;
      cancel();
    };
  }

  pause(kind: PauseKind): void {
    this.#pause ??= { kind, sinceMs: this.#clock.now };
  }

  /** Runs again. What has come meanwhile is looked at one by one: timers first, or as it came. */
  resume(timersFirst: boolean): void {
    if (this.#pause === undefined) return;
    if (this.#pause.kind === "asleep") this.#asleepMs += this.#clock.now - this.#pause.sinceMs;
    this.#pause = undefined;
    this.resumedAtMs = this.#clock.now;
    if (timersFirst) this.#held = this.#held.toSorted((left, right) => Number(right.isTimer) - Number(left.isTimer));
    this.#drain();
  }

  /** The process is gone: nothing waits for it any more. */
  forget(): void {
    this.resume(false);
    this.#held = [];
  }

  #deliver(held: Held): void {
    // Behind whatever waits already: a connection keeps its order.
    if (this.paused || this.#held.length > 0) this.#held.push(held);
    else held.run();
  }

  #drain(): void {
    const [first] = this.#held;
    if (first === undefined || this.paused) return;
    this.#clock.wake(0, () => {
      if (this.paused || this.#held[0] !== first) return;
      this.#held.shift();
      first.run();
      this.#drain();
    });
  }
}
