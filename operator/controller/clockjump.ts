/**
 * Notices that the wall clock was set. Plans name moments of the wall clock, timers count spans: after a jump (a clock put
 * right, a machine that slept) every planned look comes at the wrong moment, and nothing else would tell.
 */
import type { Port } from "../api/port.ts";

/** How late a jump may be noticed. A look compares two numbers. */
const LOOK_MS = 15_000;
/** Clocks that are merely adjusted drift by much less between two looks; API times have whole seconds. */
const JUMP_MS = 1_000;

/** Calls `jumped` after each jump, until the result is called. */
export function watchClock({ clock }: Port, jumped: () => void): () => void {
  let ahead = clock.now() - clock.monotonic();
  let cancel = clock.after(LOOK_MS, look);

  function look(): void {
    const before = ahead;
    ahead = clock.now() - clock.monotonic();
    cancel = clock.after(LOOK_MS, look);
    if (Math.abs(ahead - before) > JUMP_MS) jumped();
  }

  return () => cancel();
}
