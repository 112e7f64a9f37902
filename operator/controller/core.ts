/** The operator's core: a pipeline for all namespaces, or one for each of a list; all share the limit on calls to the API server. */
import { Cluster } from "../act/cluster.ts";
import { Events } from "../act/events.ts";
import { NO_DEFAULTS } from "../api/defaults.ts";
import type { Defaults } from "../api/defaults.ts";
import type { Port } from "../api/port.ts";
import type { WatchState } from "../watch/reflector.ts";
import { watchClock } from "./clockjump.ts";
import { Nodes } from "./nodes.ts";
import { Pipeline } from "./pipeline.ts";
import { Tally } from "./tally.ts";

export type { WatchState } from "../watch/reflector.ts";

export interface CoreOptions {
  /** The namespaces to serve; empty: all of them. */
  readonly namespaces: readonly string[];
  /** What TaskRuns get that do not say it themselves. */
  readonly defaults?: Defaults;
  /** Whether events tell of attempts that ended; true unless it says false. */
  readonly events?: boolean;
  /** Whether another process may have worked here until now. */
  readonly takesOver?: boolean;
}

/** No request is under way for longer: the API server ends one after this time (its --request-timeout). */
export const REQUEST_LIFE_MS = 60_000;

export interface Core {
  /** True once every first list is complete, but for those that we can do without and have no right to. */
  ready(): boolean;
  watches(): readonly WatchState[];
  /** Stops watches and timers, starts nothing new; resolves when no call is under way. */
  stop(): Promise<void>;
}

export function startCore(port: Port, options: CoreOptions): Core {
  // Whoever works leads, also where nobody is elected.
  port.meter.set("leader", {}, 1);
  const cluster = new Cluster(port);
  const { defaults = NO_DEFAULTS } = options;
  const events = options.events === false ? undefined : new Events(port, cluster);
  const keepNamesUntilMs =
    options.takesOver === true ? port.clock.monotonic() + REQUEST_LIFE_MS : Number.NEGATIVE_INFINITY;
  const tally = new Tally(port);
  const scopes = options.namespaces.length === 0 ? [""] : [...new Set(options.namespaces)];
  const nodes = new Nodes(port, {
    onChange: (name) => pipelines.forEach((pipeline) => pipeline.nodeChanged(name)),
    onSettled: () => pipelines.forEach((pipeline) => pipeline.begin()),
  });
  const pipelines = scopes.map(
    (namespace) => new Pipeline({ port, cluster, nodes, defaults, events, keepNamesUntilMs, namespace, tally }),
  );
  const nodesWatched = nodes.run();
  const stopClock = watchClock(port, () => {
    port.log.warn("the clock of this machine was set; every TaskRun is looked at again");
    for (const pipeline of pipelines) pipeline.lookAtAll();
  });
  return {
    ready: () => pipelines.every((pipeline) => pipeline.settled),
    watches: () => [...pipelines.flatMap((pipeline) => pipeline.watches), nodes.watchState],
    stop: async () => {
      stopClock();
      nodes.stop();
      await Promise.all([nodesWatched, ...pipelines.map(async (pipeline) => await pipeline.stop())]);
      await events?.stop();
    },
  };
}
