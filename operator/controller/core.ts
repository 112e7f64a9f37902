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

export type { WatchState } from "../watch/reflector.ts";

export interface CoreOptions {
  /** The namespaces to serve; empty: all of them. */
  readonly namespaces: readonly string[];
  /** What TaskRuns get that do not say it themselves. */
  readonly defaults?: Defaults;
  /** Whether events tell of attempts that ended; true unless it says false. */
  readonly events?: boolean;
}

export interface Core {
  /** True once every first list is complete, but for those that we can do without and have no right to. */
  ready(): boolean;
  watches(): readonly WatchState[];
  /** Stops watches and timers, starts nothing new; resolves when no call is under way. */
  stop(): Promise<void>;
}

export function startCore(port: Port, options: CoreOptions): Core {
  const cluster = new Cluster(port);
  const { defaults = NO_DEFAULTS } = options;
  const events = options.events === false ? undefined : new Events(port, cluster);
  const phases = { taskRuns: new PhaseCounts(port, "taskRuns"), workflowRuns: new PhaseCounts(port, "workflowRuns") };
  const onPhase: OnPhase = (from, to) => phases.taskRuns.move(from, to);
  const onRunPhase: OnPhase = (from, to) => phases.workflowRuns.move(from, to);
  const scopes = options.namespaces.length === 0 ? [""] : [...new Set(options.namespaces)];
  const nodes = new Nodes(port, {
    onChange: (name) => pipelines.forEach((pipeline) => pipeline.nodeChanged(name)),
    onSettled: () => pipelines.forEach((pipeline) => pipeline.begin()),
  });
  const pipelines = scopes.map(
    (namespace) => new Pipeline({ port, cluster, nodes, defaults, events, namespace, onPhase, onRunPhase }),
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

type OnPhase = (from: string | undefined, to: string | undefined) => void;

/** Objects of a kind by phase, counted as they change: nothing is ever walked over to count it. */
class PhaseCounts {
  readonly #port: Port;
  readonly #gauge: "taskRuns" | "workflowRuns";
  readonly #counts = new Map<string, number>();

  constructor(port: Port, gauge: "taskRuns" | "workflowRuns") {
    this.#port = port;
    this.#gauge = gauge;
  }

  move(from: string | undefined, to: string | undefined): void {
    if (from === to) return;
    this.#add(from, -1);
    this.#add(to, 1);
  }

  #add(phase: string | undefined, by: number): void {
    if (phase === undefined) return;
    const count = (this.#counts.get(phase) ?? 0) + by;
    this.#counts.set(phase, count);
    this.#port.meter.set(this.#gauge, { phase }, count);
  }
}
