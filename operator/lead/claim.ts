/**
 * Who may lead, decided on values: what the Lease said, when it was last seen to change by our own monotonic clock, and
 * what time it is now. Nobody's wall clock is compared with anybody else's.
 */
import type { Candidate, Lease } from "./lease.ts";

/** Of the lease time: as client-go's 15, 10 and 2 seconds. */
const RENEW_DEADLINE_SHARE = 2 / 3;
const RETRY_SHARE = 2 / 15;
/** A slow answer is better than none, and a second try must have its time before the deadline. */
const CALL_SHARE = 1 / 3;

/** The spans that follow from the lease time. */
export interface Spans {
  /**
   * How long after a renewal was sent we may write. The rest of the lease time, a third, is for what was sent at the last
   * moment to arrive in, and for clocks that do not run at the same speed.
   */
  readonly heldMs: number;
  /** From one renewal, or try of one, to the next. */
  readonly retryMs: number;
  /** A call about the Lease may take so long. */
  readonly callMs: number;
}

export function spansOf({ leaseDurationMs }: Pick<Candidate, "leaseDurationMs">): Spans {
  return {
    heldMs: leaseDurationMs * RENEW_DEADLINE_SHARE,
    retryMs: leaseDurationMs * RETRY_SHARE,
    callMs: leaseDurationMs * CALL_SHARE,
  };
}

/** What a candidate has seen of the Lease. */
export interface Sight {
  /** undefined: there is none. */
  readonly lease: Lease | undefined;
  /** Until then, by our monotonic clock, its last holder may believe that it leads. */
  readonly takenUntilMs: number;
}

/** Nothing was ever seen. */
export const NOTHING_SEEN: Sight = { lease: undefined, takenUntilMs: Number.NEGATIVE_INFINITY };

/**
 * After another look. A Lease that says the same as before was not renewed: its time goes on. One that was deleted frees
 * nothing: its holder may not know of it yet.
 */
export function seen(before: Sight, lease: Lease | undefined, nowMs: number): Sight {
  if (lease === undefined) return { lease, takenUntilMs: before.takenUntilMs };
  if (lease.holder === "") return { lease, takenUntilMs: Number.NEGATIVE_INFINITY };
  const same = before.lease?.mark === lease.mark;
  return { lease, takenUntilMs: same ? before.takenUntilMs : nowMs + lease.durationMs };
}

/** What somebody who does not lead does next. */
export type Step =
  | { readonly kind: "wait"; readonly untilMs: number }
  /** why: new, released, expired; ours: our own earlier write, whose answer was lost. */
  | { readonly kind: "take"; readonly why: "new" | "released" | "expired" | "ours" };

export function nextStep({ lease, takenUntilMs }: Sight, identity: string, nowMs: number): Step {
  if (lease?.holder === identity) return { kind: "take", why: "ours" };
  if (nowMs < takenUntilMs) return { kind: "wait", untilMs: takenUntilMs };
  if (lease === undefined) return { kind: "take", why: "new" };
  return { kind: "take", why: lease.holder === "" ? "released" : "expired" };
}

/** A moment by both clocks. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/**
 * Whether we lead no longer, `sent` being the moment before our last successful renewal left. The wall clock is asked too,
 * because the monotonic one stands still while a machine sleeps; where it was set forward, we lead no longer either.
 */
export function isOver(sent: Moment, now: Moment, { heldMs }: Spans): boolean {
  return now.monotonicMs - sent.monotonicMs >= heldMs || now.wallMs - sent.wallMs >= heldMs;
}

/** The last renewal that succeeded is too old: whose fault is it? `trouble`: what has failed since. */
export function whyOver(
  sent: Moment,
  now: Moment,
  { spans, trouble }: { readonly spans: Spans; readonly trouble: string | undefined },
): string {
  const pastMs = now.monotonicMs - sent.monotonicMs;
  if (pastMs < spans.heldMs) {
    const aheadMs = now.wallMs - sent.wallMs - pastMs;
    return `the machine's clock was set forward by ${seconds(aheadMs)}, or the machine has slept`;
  }
  const past = `the last renewal was sent ${seconds(pastMs)} ago, and ${seconds(spans.heldMs)} are allowed`;
  if (trouble !== undefined) return `${past}: ${trouble}`;
  return `${past}: no answer came, or this process stood still (stopped, no CPU time, a full disk, a sleeping machine)`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
