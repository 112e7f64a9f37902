/** What happened, as a rolling hash (to compare runs) and, if wanted, as text (to read them). */
import { hashText } from "./random.ts";

/** Lines kept for the report of a violation: enough to see the last decisions, short enough to read. */
const LAST_LINES_MAX = 60;

const ACTOR_WIDTH = 12;
const TIME_WIDTH = 11;

export interface TraceOptions {
  readonly now: () => number;
  /** Called with every line; for printing. */
  readonly print?: ((line: string) => void) | undefined;
}

/** The trace of one run. */
export class Trace {
  #high = 1;
  #low = 2;
  #last: string[] = [];
  readonly #options: TraceOptions;

  constructor(options: TraceOptions) {
    this.#options = options;
  }

  /** Notes a step of `actor`. `hidden` goes into the hash but not into the text. */
  note(actor: string, text: string, hidden = ""): void {
    const line = `${formatTime(this.#options.now())}  ${actor.padEnd(ACTOR_WIDTH)} ${text}`;
    this.#hash(line, hidden);
    this.#last.push(line);
    if (this.#last.length > 2 * LAST_LINES_MAX) this.#last = this.#last.slice(-LAST_LINES_MAX);
    this.#options.print?.(line);
  }

  /** Notes what happens all the time: in the hash, and in no text. */
  noteQuietly(actor: string, text: string, hidden = ""): void {
    this.#hash(`${formatTime(this.#options.now())}  ${actor.padEnd(ACTOR_WIDTH)} ${text}`, hidden);
  }

  #hash(line: string, hidden: string): void {
    this.#low = hashText(line, this.#low);
    this.#high = hashText(hidden, this.#high ^ this.#low);
  }

  /** 16 hexadecimal digits over every step so far. */
  get hash(): string {
    return (this.#high >>> 0).toString(16).padStart(8, "0") + (this.#low >>> 0).toString(16).padStart(8, "0");
  }

  get lastLines(): readonly string[] {
    return this.#last.slice(-LAST_LINES_MAX);
  }
}

function formatTime(ms: number): string {
  return `${(ms / 1000).toFixed(3)}s`.padStart(TIME_WIDTH);
}
