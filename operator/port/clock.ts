import type { Clock } from "../api/port.ts";

/** setTimeout takes a signed 32-bit number of milliseconds (24.8 days); a longer delay would fire at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/** The clock of the machine. Pending timers keep the process alive: lifecycle.ts calls them off when it stops. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after: (delayMs, run) => (delayMs > 0 ? afterDelay(delayMs, run) : soon(run)),
  };
}

function soon(run: () => void): () => void {
  const handle = setImmediate(run);
  return () => clearImmediate(handle);
}

function afterDelay(delayMs: number, run: () => void): () => void {
  let handle: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    if (leftMs > MAX_TIMER_MS) handle = setTimeout(() => arm(leftMs - MAX_TIMER_MS), MAX_TIMER_MS);
    else handle = setTimeout(run, Math.ceil(leftMs));
  };
  arm(delayMs);
  return () => clearTimeout(handle);
}
