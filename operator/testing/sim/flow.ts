/** What a watch sends, on its way through a network that is late, cuts and falls silent. */
import { ConnectionError, SILENCE_LIMIT_MS } from "../../api/port.ts";
import type { WatchSink } from "./apiserver/watch.ts";
import type { Channel } from "./channel.ts";
import type { LineFault } from "./faults.ts";

/** The port reports a dead stream after this long at the latest; sometimes it is faster. */
const SILENCE_MS = [2000, SILENCE_LIMIT_MS] as const;

export interface FlowEnds {
  readonly channel: Channel;
  /** Closes the watch at the server. */
  readonly close: () => void;
  readonly nowMs: () => number;
  readonly after: (delayMs: number, run: () => void) => void;
  readonly fault: () => LineFault;
}

/** One watch's lines on the wire: in order, late, in pieces, until the connection breaks or falls silent. */
export class Flow implements WatchSink {
  readonly #ends: FlowEnds;
  #freeAtMs = 0;
  #stopped = false;
  /** Called with each line's object when it has reached the operator; undefined for a bookmark. */
  onDelivered: (object: unknown) => void = () => undefined;

  constructor(ends: FlowEnds) {
    this.#ends = ends;
  }

  line(text: string, object?: unknown): void {
    if (this.#stopped) return;
    const { delayMs, after, pieces } = this.#ends.fault();
    if (after === "silent") {
      this.fallSilent(text);
      return;
    }
    const cut = after !== "go on";
    const whole = `${text}\n`;
    const sent = after === "cut within" ? whole.slice(0, Math.floor(whole.length / 2)) : whole;
    this.#later(delayMs, () => {
      const read = split(sent, pieces).every((piece) => this.#ends.channel.push(piece));
      if (read && after !== "cut within") this.onDelivered(object);
      if (cut) this.#ends.channel.break(new ConnectionError("connection reset"));
    });
    if (cut) {
      this.stop();
      this.#ends.close();
    }
  }

  end(): void {
    if (!this.#stopped) this.#later(1, () => this.#ends.channel.end());
    this.stop();
  }

  /** No line after this one goes out. */
  stop(): void {
    this.#stopped = true;
  }

  /** Nothing comes any more, and after a while somebody notices. */
  fallSilent(text: string): void {
    if (this.#stopped) return;
    this.stop();
    this.#ends.close();
    const inMs = SILENCE_MS[0] + (text.length % 7) * Math.floor((SILENCE_MS[1] - SILENCE_MS[0]) / 6);
    this.#later(inMs, () => this.#ends.channel.break(new ConnectionError("silent for too long")));
  }

  #later(delayMs: number, run: () => void): void {
    // Behind everything sent before: a connection keeps its order.
    this.#freeAtMs = Math.max(this.#freeAtMs, this.#ends.nowMs() + delayMs);
    const order = this.#freeAtMs++;
    this.#ends.after(order - this.#ends.nowMs(), run);
  }
}

/** Cuts anywhere, also inside a surrogate pair. */
function split(text: string, pieces: number): string[] {
  const size = Math.ceil(text.length / pieces);
  return Array.from({ length: pieces }, (_, i) => text.slice(i * size, (i + 1) * size)).filter((piece) => piece !== "");
}
