import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Meter } from "../api/port.ts";
import { COUNTERS, GAUGES, HISTOGRAMS, SCRAPED, ZEROS, bounded } from "./catalogue.ts";
import type { Described } from "./catalogue.ts";

/** How long one watch has shown no life. */
export interface WatchAge {
  readonly resource: string;
  readonly namespace: string;
  readonly ageMs: number;
}

/** What runs: the labels of stint_build_info. */
export interface BuildLabels {
  readonly version: string;
  readonly commit: string;
  readonly node: string;
}

export interface MetricsOptions {
  readonly build: BuildLabels;
  /** Asked at each scrape. */
  readonly watches: () => readonly WatchAge[];
}

export interface Metrics {
  readonly meter: Meter;
  /** All metrics in the text format of Prometheus. */
  scrape(): Promise<string>;
  readonly contentType: string;
}

/** Stalls that matter last longer than this; a sample every 10 ms, the default, is most of what an idle operator does. */
const LOOP_SAMPLE_MS = 50;

interface Own {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
}

/** Of the process's metrics: what says nothing of an operator, breaks Prometheus' rules for names, or is said elsewhere. */
const LEFT_OUT = /^nodejs_(active_|heap_space_|version_info$|eventloop_lag_(seconds|stddev_seconds|min_seconds)$)/;

/** Our metrics, in a registry of their own. */
export function makeMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_SAMPLE_MS });
  for (const { name } of registry.getMetricsAsArray()) if (LEFT_OUT.test(name)) registry.removeSingleMetric(name);
  describeBuild(registry, options.build);
  describeWatches(registry, options.watches);
  const own = ({ name, help, labels }: Described<object>): Own => ({
    name,
    help,
    labelNames: Object.keys(labels),
    registers: [registry],
  });
  const counters = eachOf(COUNTERS, (one) => new Counter(own(one)));
  const histograms = eachOf(HISTOGRAMS, (one) => new Histogram({ ...own(one), buckets: [...one.buckets] }));
  const gauges = eachOf(GAUGES, (one) => new Gauge(own(one)));
  for (const [name, zeros] of Object.entries(ZEROS))
    for (const labels of zeros) counters[name as keyof typeof ZEROS].inc({ ...labels }, 0);
  return {
    contentType: registry.contentType,
    scrape: () => registry.metrics(),
    meter: {
      count: (name, labels) => counters[name].inc(bounded({ ...labels }, COUNTERS[name].labels)),
      observe: (name, labels, seconds) =>
        histograms[name].observe(bounded({ ...labels }, HISTOGRAMS[name].labels), seconds),
      set: (name, labels, value) => gauges[name].set(bounded({ ...labels }, GAUGES[name].labels), value),
    },
  };
}

function eachOf<N extends string, D extends Described<object>, M>(
  all: Readonly<Record<N, D>>,
  make: (described: D) => M,
): Record<N, M> {
  const made = Object.entries<D>(all).map(([name, described]): [string, M] => [name, make(described)]);
  return Object.fromEntries(made) as Record<N, M>;
}

function describeBuild(registry: Registry, { version, commit, node }: BuildLabels): void {
  const { name, help, labels } = SCRAPED.build;
  const build = new Gauge({ name, help, labelNames: [...labels], registers: [registry] });
  build.set({ version, commit, node }, 1);
}

function describeWatches(registry: Registry, watches: () => readonly WatchAge[]): void {
  const { name, help, labels } = SCRAPED.watchAge;
  const age = new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect: () => {
      age.reset();
      for (const { resource, namespace, ageMs } of watches()) age.set({ resource, namespace }, ageMs / 1000);
    },
  });
}
