/** What the actors of the simulated cluster share, before there are nodes. */
import type { ApiServer } from "./apiserver/server.ts";
import type { SimClock } from "./clock.ts";
import type { Pod } from "./objects.ts";
import type { Random } from "./random.ts";
import type { PodScript } from "./script.ts";
import type { Trace } from "./trace.ts";
import type { Truth } from "./truth.ts";

export interface Ground {
  readonly clock: SimClock;
  readonly server: ApiServer;
  readonly trace: Trace;
  readonly truth: Truth;
  readonly random: Random;
  /** What the programs in this pod do. */
  readonly scriptFor: (pod: Pod) => Required<PodScript>;
  /** How much slower than usual this cluster's actors are; 1 is usual. */
  readonly slowness: number;
}

/** A span drawn between two bounds, stretched by the cluster's slowness. */
export function span(site: Ground, random: Random, [minMs, maxMs]: readonly [number, number]): number {
  return random.int(minMs, Math.max(minMs, Math.round(maxMs * site.slowness)));
}
