/** Virtual time: a heap of events and the loop that runs them one by one. */
import type { Random } from "./random.ts";

/** Steps queued per turn of the real event loop: node drains microtasks between them, without a poll for real I/O each time. */
const STEPS_PER_TURN = 64;

/** Where virtual time begins: the wall clock of every run, milliseconds since 1970. */
export const EPOCH_MS: number = Date.UTC(2030, 0, 1);

interface Entry {
  readonly time: number;
  /** Seeded, so that the order of simultaneous events is part of what a seed decides. */
  readonly tie: number;
  readonly sequence: number;
  readonly run: () => void;
  /** True if the event reaches promises (the operator's): microtasks must be drained after it. */
  readonly wakes: boolean;
  off: boolean;
}

export interface RunLimits {
  /** Ends the loop when true; asked after every step. */
  readonly done: () => boolean;
  /** Virtual time at which the loop ends in any case. */
  readonly untilMs: number;
  /** A run that needs more steps than this is a livelock. */
  readonly stepsMax: number;
}

/** The simulator's clock. `now` is in virtual milliseconds since the start of the run. */
export class SimClock {
  #now = 0;
  #sequence = 0;
  #steps = 0;
  readonly #heap: Entry[] = [];
  readonly #ties: Random;

  constructor(ties: Random) {
    this.#ties = ties;
  }

  get now(): number {
    return this.#now;
  }

  get wallMs(): number {
    return EPOCH_MS + this.#now;
  }

  get steps(): number {
    return this.#steps;
  }

  /** An event inside the simulated world. */
  after(delayMs: number, run: () => void): () => void {
    return this.#add(delayMs, run, false);
  }

  /** An event that resolves a promise or calls a callback of the operator. */
  wake(delayMs: number, run: () => void): () => void {
    return this.#add(delayMs, run, true);
  }

  /** Runs events until `limits` say stop. Microtasks are drained after each event that can start any. */
  run(limits: RunLimits): Promise<"done" | "time" | "steps" | "empty"> {
    return new Promise((resolve, reject) => {
      let ended = false;
      const step = (): void => {
        if (ended) return;
        try {
          const end = this.#step(limits);
          if (end === undefined) return;
          ended = true;
          resolve(end);
        } catch (error) {
          ended = true;
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      const turn = (): void => {
        step();
        if (ended) return;
        for (let i = 1; i < STEPS_PER_TURN; i++) setImmediate(step);
        setImmediate(turn);
      };
      setImmediate(turn);
    });
  }

  /** Runs events up to and including the next one that wakes the operator. */
  #step(limits: RunLimits): "done" | "time" | "steps" | "empty" | undefined {
    for (;;) {
      if (limits.done()) return "done";
      if (this.#steps >= limits.stepsMax) return "steps";
      const entry = this.#pop();
      if (entry === undefined) return "empty";
      if (entry.time > limits.untilMs) {
        push(this.#heap, entry);
        this.#now = limits.untilMs;
        return "time";
      }
      this.#now = entry.time;
      this.#steps++;
      entry.run();
      if (entry.wakes) return undefined;
    }
  }

  #add(delayMs: number, run: () => void, wakes: boolean): () => void {
    const time = this.#now + Math.max(0, Math.ceil(delayMs));
    const entry: Entry = { time, tie: this.#ties.next(), sequence: this.#sequence++, run, wakes, off: false };
    push(this.#heap, entry);
    return () => {
      entry.off = true;
    };
  }

  #pop(): Entry | undefined {
    let entry = pop(this.#heap);
    while (entry?.off === true) entry = pop(this.#heap);
    return entry;
  }
}

/** Microtasks drain fully before the promise's immediate runs. For waiting outside the loop. */
export function drain(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function before(left: Entry, right: Entry): boolean {
  if (left.time !== right.time) return left.time < right.time;
  if (left.tie !== right.tie) return left.tie < right.tie;
  return left.sequence < right.sequence;
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parentAt = (at - 1) >> 1;
    const parent = heap[parentAt];
    if (parent === undefined || !before(entry, parent)) break;
    heap[at] = parent;
    at = parentAt;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): Entry | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (top === undefined || last === undefined || heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let childAt = 2 * at + 1;
    let child = heap[childAt];
    if (child === undefined) break;
    const right = heap[childAt + 1];
    if (right !== undefined && before(right, child)) {
      child = right;
      childAt++;
    }
    if (!before(child, last)) break;
    heap[at] = child;
    at = childAt;
  }
  heap[at] = last;
  return top;
}
