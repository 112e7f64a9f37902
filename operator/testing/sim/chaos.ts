/** What goes wrong by itself, not with a request: every second, by chance, at the rates of the run. */
import type { WatchHub } from "./apiserver/watch.ts";
import type { ApiServer } from "./apiserver/server.ts";
import type { SimClock } from "./clock.ts";
import type { FaultClass } from "./faults.ts";
import type { Fleet } from "./fleet.ts";
import type { Random } from "./random.ts";
import type { Replica } from "./replica.ts";
import type { Trace } from "./trace.ts";

export interface Chaos {
  readonly clock: SimClock;
  readonly server: ApiServer;
  readonly hub: WatchHub;
  readonly fleet: Fleet;
  readonly trace: Trace;
  /** False once the faults have ended. */
  readonly goesOn: () => boolean;
  /** Whether a class of faults strikes now; more often by the factor. */
  readonly strikes: (name: FaultClass, random: Random, factor: number) => boolean;
  /** Whether machines sleep. */
  readonly sleeps: boolean;
  readonly refuseNewFor: (ms: number) => void;
}

type Span = readonly [number, number];

const EVERY_MS = 1000;
const QUOTA_MS = [2000, 30_000] as const;
/** Shorter and longer than what a lease allows, and just about it. */
const PAUSES_MS: readonly [Span, ...Span[]] = [
  [500, 4000],
  [8000, 11_000],
  [13_000, 18_000],
  [16_000, 45_000],
];
const CUTS = ["all", "all", "replies", "lease"] as const;
const SET_BY_MS = [1500, 9000, 20_000, 3_600_000] as const;
const WRONG_MS = [3000, 60_000] as const;

export function planChaos(chaos: Chaos, random: Random): void {
  chaos.clock.wake(EVERY_MS, () => {
    if (!chaos.goesOn()) return;
    strike(chaos, random);
    if (chaos.fleet.replicas.length > 1) strikeReplicas(chaos, random.fork(`replicas-${chaos.clock.now}`));
    planChaos(chaos, random);
  });
}

function strike({ clock: _clock, fleet, strikes, ...chaos }: Chaos, random: Random): void {
  for (const replica of fleet.replicas) {
    const { link } = replica;
    if (link !== undefined && strikes("killAtTime", random, 1)) fleet.kill(link, "at some time");
    if (strikes("gracefulStop", random, 0.5)) fleet.stop(replica, () => fleet.planRestart(replica));
  }
  if (strikes("gone", random, 1)) {
    const { server, hub, trace } = chaos;
    trace.note("world", "compacts");
    server.store.compact(server.store.version - random.int(0, 5));
    if (random.chance(0.5)) hub.expireAll();
  }
  if (strikes("quota", random, 1)) chaos.refuseNewFor(random.int(...QUOTA_MS));
}

/** What is worth its while only where another one takes over. */
function strikeReplicas({ fleet, strikes, sleeps }: Chaos, random: Random): void {
  const struck = (): Replica | undefined => {
    const leader = fleet.replicas.find(({ link }) => link !== undefined && link === fleet.leader);
    return leader !== undefined && random.chance(0.7)
      ? leader
      : fleet.replicas[random.int(0, fleet.replicas.length - 1)];
  };
  const pauses = strikes("pause", random, 1);
  const [replica, other, third] = [struck(), struck(), struck()];
  if (pauses && replica !== undefined) {
    fleet.pause(replica, sleeps && random.chance(0.3) ? "asleep" : "stopped", random.int(...random.pick(PAUSES_MS)));
  }
  if (strikes("cutOff", random, 1) && other !== undefined)
    fleet.cut(other, random.pick(CUTS), random.int(1000, 40_000));
  if (strikes("wrongClock", random, 1) && third !== undefined) {
    const byMs = random.pick(SET_BY_MS) * (random.chance(0.5) ? 1 : -1);
    fleet.setClock(third, byMs, random.int(...WRONG_MS));
  }
}
