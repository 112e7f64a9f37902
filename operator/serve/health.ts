import type { Reply } from "./listener.ts";
import type { WatchAge } from "./metrics.ts";

/** What the endpoints ask the operator. */
export interface Vitals {
  /** Why we are not ready to work, or nothing. */
  notReady(): string | undefined;
  /** What a replica that is ready does instead of working, if it does. */
  standing?(): string | undefined;
  /** Why the process should be started anew, or nothing. */
  stuck?(): string | undefined;
  watches(): readonly WatchAge[];
  scrape(): Promise<string>;
  readonly contentType: string;
}

/**
 * A watch shows life at least every ten minutes, when the server ends it and a new one begins; bookmarks come once a
 * minute. One that is older has lost its way, and a restart is the cure. Refusals are life: no restart grants a right. The
 * watch of the Lease is not judged by this: see LEASES.
 */
export const STALE_WATCH_LIMIT_MS = 900_000;

/**
 * Without its watch the Lease is read again and again; whether that goes on, `stuck` says. Who leads and can reach the Lease
 * in neither way ends by itself, and who stands by is to outlast any outage: no restart would bring it an answer.
 */
const LEASES = "leases";

/** The answer of /healthz and /readyz; undefined for any other path. That it comes at all shows that the event loop is alive. */
export function healthAnswer(path: string, vitals: Vitals): Reply | undefined {
  switch (path) {
    case "/healthz":
      return verdict(vitals.stuck?.() ?? notHealthy(vitals.watches()));
    case "/readyz":
      return verdict(vitals.notReady(), vitals.standing?.());
    default:
      return undefined;
  }
}

/** Why the operator should be restarted, or nothing. */
export function notHealthy(watches: readonly WatchAge[]): string | undefined {
  const stale = watches.filter(({ resource, ageMs }) => resource !== LEASES && ageMs > STALE_WATCH_LIMIT_MS);
  if (stale.length === 0) return undefined;
  const names = stale.map(({ resource, namespace, ageMs }) => {
    return `watch of ${resource}${namespace === "" ? "" : ` in ${namespace}`} silent for ${Math.round(ageMs / 1000)} s`;
  });
  return names.join("; ");
}

function verdict(problem: string | undefined, good = "ok"): Reply {
  return problem === undefined ? { status: 200, text: `${good}\n` } : { status: 503, text: `${problem}\n` };
}
