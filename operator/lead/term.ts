/** The time for which we lead: begins with each renewal that succeeded, and ends by the clock unless another follows. */
import type { Clock } from "../api/port.ts";
import { isOver, whyOver } from "./claim.ts";
import type { Moment, Spans } from "./claim.ts";
import type { Lease } from "./lease.ts";

export interface TermParts {
  readonly clock: Clock;
  readonly spans: Spans;
  /** Called when the time is over, by a timer; whoever asks may find out earlier. */
  readonly onDeadline: () => void;
}

export class Term {
  readonly #parts: TermParts;
  /** Before the renewal that succeeded last was sent. */
  #sent: Moment;
  #lease: Lease;
  #cancel: () => void = () => undefined;

  constructor(parts: TermParts, sent: Moment, lease: Lease) {
    this.#parts = parts;
    this.#sent = sent;
    this.#lease = lease;
    this.#arm();
  }

  /** As it stands on the server, as far as we know. */
  get lease(): Lease {
    return this.#lease;
  }

  renewed(sent: Moment, lease: Lease): void {
    this.#sent = sent;
    this.#lease = lease;
    this.#arm();
  }

  /** Others have written to the Lease, and we still hold it: the time goes on from the last renewal that we know of. */
  rewritten(lease: Lease): void {
    this.#lease = lease;
  }

  isOver(): boolean {
    return isOver(this.#sent, momentOf(this.#parts.clock), this.#parts.spans);
  }

  /** Why it is over. `trouble`: what was in the way of a renewal. */
  why(trouble: string | undefined): string {
    const { clock, spans } = this.#parts;
    return whyOver(this.#sent, momentOf(clock), { spans, trouble });
  }

  /** Nothing tells of its end any more. */
  end(): void {
    this.#cancel();
  }

  #arm(): void {
    this.#cancel();
    const { clock, spans, onDeadline } = this.#parts;
    const leftMs = this.#sent.monotonicMs + spans.heldMs - clock.monotonic();
    this.#cancel = clock.after(Math.max(1, leftMs), () => {
      // A timer may fire a little early.
      if (this.isOver()) onDeadline();
      else this.#arm();
    });
  }
}

/** Now, by both clocks. */
export function momentOf(clock: Clock): Moment {
  return { monotonicMs: clock.monotonic(), wallMs: clock.now() };
}
