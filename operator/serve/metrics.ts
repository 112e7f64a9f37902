import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { CounterLabels, GaugeLabels, HistogramLabels, Meter } from "../api/port.ts";

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

/** A call to a healthy API server takes 2 to 20 ms; a reconcile without a call well under 1 ms. */
const CALL_BUCKETS_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const LOCAL_BUCKETS_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5];
/** A key waits for microseconds when idle and for minutes when the API server is the wall. */
const WAIT_BUCKETS_SECONDS = [0.0001, 0.001, 0.005, 0.01, 0.03, 0.1, 0.5, 1, 5, 15, 60, 300];

/** Stalls that matter last longer than this; a sample every 10 ms, the default, is most of what an idle operator does. */
const LOOP_SAMPLE_MS = 50;

/** Our metrics, in a registry of their own. */
export function makeMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_SAMPLE_MS });
  describeBuild(registry, options.build);
  describeWatches(registry, options.watches);
  const counters = countersIn(registry);
  const histograms = histogramsIn(registry);
  const gauges = gaugesIn(registry);
  return {
    contentType: registry.contentType,
    scrape: () => registry.metrics(),
    meter: {
      count: (name, labels) => counters[name].inc({ ...labels }),
      observe: (name, labels, seconds) => histograms[name].observe({ ...labels }, seconds),
      set: (name, labels, value) => gauges[name].set({ ...labels }, value),
    },
  };
}

function countersIn(registry: Registry): Record<keyof CounterLabels, Counter> {
  const counter = (name: string, help: string, labelNames: string[]): Counter =>
    new Counter({ name, help, labelNames, registers: [registry] });
  return {
    reconciles: counter(
      "stint_reconciles_total",
      "Passes over one object. result: done, waiting for our own writes to be seen, or failed and to be tried again.",
      ["kind", "result"],
    ),
    apiRequests: counter("stint_api_requests_total", 'Calls to the API server. code "none": no reply came.', [
      "verb",
      "resource",
      "code",
    ]),
    watchRestarts: counter("stint_watch_restarts_total", "Watches begun after another one ended.", [
      "resource",
      "cause",
    ]),
    attempts: counter("stint_attempts_total", "Attempts that ended, by reason.", ["reason"]),
    events: counter(
      "stint_events_total",
      "Events about TaskRuns. result: written; dropped, for the API server was busy or too many waited (full); refused; failed.",
      ["result"],
    ),
    unreadable: counter("stint_unreadable_objects_total", "Objects that could not be read.", ["resource"]),
  };
}

function histogramsIn(registry: Registry): Record<keyof HistogramLabels, Histogram> {
  const histogram = (name: string, help: string, buckets: number[], labelNames: string[]): Histogram =>
    new Histogram({ name, help, buckets, labelNames, registers: [registry] });
  return {
    queueWait: histogram(
      "stint_workqueue_wait_seconds",
      "Time a key waited before a worker took it.",
      WAIT_BUCKETS_SECONDS,
      ["kind"],
    ),
    reconcile: histogram(
      "stint_reconcile_duration_seconds",
      "Time of one pass over one object, its calls included.",
      [...LOCAL_BUCKETS_SECONDS, 30],
      ["kind"],
    ),
    apiRequest: histogram(
      "stint_api_request_duration_seconds",
      "Time from sending a call to its whole reply; of a watch: to the start of its reply.",
      CALL_BUCKETS_SECONDS,
      ["verb", "resource"],
    ),
  };
}

function gaugesIn(registry: Registry): Record<keyof GaugeLabels, Gauge> {
  const gauge = (name: string, help: string, labelNames: string[]): Gauge =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  return {
    queueDepth: gauge("stint_workqueue_depth", 'Keys that wait for a worker. namespace "": all namespaces.', [
      "kind",
      "namespace",
    ]),
    taskRuns: gauge("stint_taskruns", "TaskRuns by phase.", ["phase"]),
    workflowRuns: gauge("stint_workflowruns", "WorkflowRuns by phase.", ["phase"]),
    inFlightLimit: gauge("stint_in_flight_limit", "Calls to the API server that may be under way at once.", []),
    leader: gauge("stint_leader", "1: this replica works; 0: it stands by.", []),
  };
}

function describeBuild(registry: Registry, { version, commit, node }: BuildLabels): void {
  const build = new Gauge({
    name: "stint_build_info",
    help: "Always 1; the labels say what runs.",
    labelNames: ["version", "commit", "node"],
    registers: [registry],
  });
  build.set({ version, commit, node }, 1);
}

function describeWatches(registry: Registry, watches: () => readonly WatchAge[]): void {
  const age = new Gauge({
    name: "stint_watch_age_seconds",
    help: "Time since a watch last showed life: an event, a bookmark or any answer, a refusal too.",
    labelNames: ["resource", "namespace"],
    registers: [registry],
    collect: () => {
      age.reset();
      for (const { resource, namespace, ageMs } of watches()) age.set({ resource, namespace }, ageMs / 1000);
    },
  });
}
