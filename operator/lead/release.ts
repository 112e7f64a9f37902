/** Gives the lease back, so that the next one need not wait: tried again while there is time, and believed when it is seen. */
import type { Port } from "../api/port.ts";
import { Alarm } from "./alarm.ts";
import { released } from "./lease.ts";
import type { Candidate, Lease } from "./lease.ts";
import type { Answer, LeaseCalls } from "./leasecalls.ts";

export interface Release {
  readonly port: Port;
  readonly calls: LeaseCalls;
  readonly us: Candidate;
  /** As we know it; undefined: a write of ours that would have taken it got no answer, so it may be ours. */
  readonly lease: Lease | undefined;
  /** No try begins after that, by the monotonic clock; the first one always does. */
  readonly untilMs: number;
  /** Whether the lease can still be ours. Nothing is written when it cannot. */
  readonly mayWrite: () => boolean;
}

/** From the wish to stop on. The process leaves half a second later, whatever is under way. */
export const RELEASE_LIMIT_MS = 4_000;
/** One call of a release: a server that is busy gets a second try before the process leaves. */
export const RELEASE_CALL_MS = 1_500;
/** Between two tries: a connection that was reset is there again, a server that restarts may be. */
const PAUSE_MS = 400;

/** What a look at the Lease says about its release. */
type Found = { readonly last: Lease | undefined } | { readonly over: Over; readonly holder?: string };
type Over = "released" | "notOurs" | "deleted";

/** Resolves when the lease is free, is not ours, or there is no more time. */
export async function giveBack(release: Release): Promise<void> {
  const { port, calls, us, untilMs, mayWrite } = release;
  const where = { lease: `${us.namespace}/${us.name}` };
  const wait = new Alarm(port.clock);
  let last = release.lease;
  let cause = "its time was over";
  do {
    if (last !== undefined) {
      if (!mayWrite()) break;
      const answer = await calls.update(released(us, last, port.clock.now()));
      if (answer.kind === "lease") return port.log.info("the lease is released", where);
      cause = causeOf(answer);
    }
    const answer = await calls.get();
    const found = judged(release, answer, last);
    if ("over" in found) return tell(release, found.over, found.holder);
    // Changed since, and still ours: no reason to wait. Otherwise the server, or the way to it, is given a moment.
    if (found.last === undefined || found.last.mark === last?.mark) await wait.pause(PAUSE_MS);
    last = found.last;
    if (answer.kind !== "lease") cause = causeOf(answer);
  } while (port.clock.monotonic() < untilMs);
  port.log.warn("the lease could not be released: the next one waits for its end", { ...where, cause });
}

function judged({ us, lease }: Release, answer: Answer, last: Lease | undefined): Found {
  if (answer.kind === "absent") return { over: lease === undefined ? "notOurs" : "deleted" };
  if (answer.kind !== "lease") return { last };
  if (answer.lease.holder === us.identity) return { last: answer.lease };
  // A write of ours whose answer was lost has released it; by now another may have taken it.
  return { over: last === undefined ? "notOurs" : "released", holder: answer.lease.holder || "nobody" };
}

function tell({ port: { log }, us }: Release, over: Over, holder: string | undefined): void {
  const lease = `${us.namespace}/${us.name}`;
  if (over === "released") log.info("the lease is released", { lease, holder });
  else if (over === "deleted")
    log.warn("the Lease was deleted: the next one waits for the rest of its time", { lease });
}

function causeOf(answer: Answer): string {
  return "cause" in answer ? answer.cause : "others write the Lease";
}
