/**
 * Every metric of our own: its name, what it says, its labels and all they may say. What a label is given beside that shows as
 * "other": a status can be written by others, too, and no word of theirs becomes a time series. docs/monitoring.md lists the same.
 */
import { FailureClass, Phase, Reason, RunReason } from "../api/names.ts";
import type { CounterLabels, GaugeLabels, HistogramLabels } from "../api/port.ts";

/** All a label may say; "namespaces": one value for each entry of --namespaces, "" without any. */
export type LabelValues = ReadonlySet<string> | "namespaces";

/** What a label shows instead of a word that is not on its list. */
export const OTHER = "other";

export interface Described<L> {
  readonly name: string;
  readonly help: string;
  readonly labels: { readonly [K in keyof L]: LabelValues };
}

export interface DescribedHistogram<L> extends Described<L> {
  readonly buckets: readonly number[];
}

type Catalogue<T> = { readonly [N in keyof T]: Described<T[N]> };

/** A call to a healthy API server takes 2 to 20 ms; a reconcile without a call well under 1 ms. */
const CALL_BUCKETS_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const LOCAL_BUCKETS_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 30];
/** A key waits for microseconds when idle and for minutes when the API server is the wall. */
const WAIT_BUCKETS_SECONDS = [0.0001, 0.001, 0.005, 0.01, 0.03, 0.1, 0.5, 1, 5, 15, 60, 300];
/** Between two times of the API, which are whole seconds: under a second shows as 0. An image of some gigabytes takes minutes. */
const DELAY_BUCKETS_SECONDS = [0, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600];
/** From a script to a training run of a day. */
const DURATION_BUCKETS_SECONDS = [1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400];

/** The answers an API server, or a proxy before it, gives. */
const HTTP_CODES = "200 201 202 400 401 403 404 405 406 409 410 413 415 422 429 500 502 503 504".split(" ");
/** What the API server says of a watch that it refuses. */
const HTTP_CAUSES = HTTP_CODES.map((code) => `http${code}`);

const kinds = new Set(["TaskRun", "Workflow", "WorkflowRun"]);
const ended = new Set<string>([Phase.Succeeded, Phase.Failed, Phase.Cancelled]);
const phases = new Set<string>(Object.values(Phase));
const reasons = new Set<string>(Object.values(Reason));
const runReasons = new Set<string>(Object.values(RunReason));
const classes = new Set<string>(["none", ...Object.values(FailureClass)]);
const verbs = new Set(["get", "list", "watch", "create", "update", "patch", "delete"]);
const watched = ["taskruns", "pods", "podtemplates", "nodes", "workflows", "workflowruns", "controllerrevisions"];
const resources = new Set([...watched, "events", "leases"]);

export const COUNTERS: Catalogue<CounterLabels> = {
  reconciles: {
    name: "stint_reconciles_total",
    help: "Passes over one object. result: done, waiting for our own writes to be seen, or failed and to be tried again.",
    labels: { kind: kinds, result: new Set(["done", "waiting", "failed"]) },
  },
  apiRequests: {
    name: "stint_api_requests_total",
    help: 'Calls to the API server. code "none": no reply came.',
    labels: { verb: verbs, resource: resources, code: new Set(["none", ...HTTP_CODES]) },
  },
  watchRestarts: {
    name: "stint_watch_restarts_total",
    help: "Watches begun after another one ended. cause ended: by the server, as usual; gone: it was too far behind.",
    labels: {
      resource: new Set(watched),
      cause: new Set(["ended", "gone", "damaged", "silent", "connection", "error", ...HTTP_CAUSES]),
    },
  },
  attempts: {
    name: "stint_attempts_total",
    help: "Attempts that ended, by reason. class: whose failure it was; none: of nobody.",
    labels: { reason: reasons, class: classes },
  },
  taskRunsEnded: {
    name: "stint_taskruns_ended_total",
    help: "TaskRuns that ended, by final phase and reason.",
    labels: { phase: ended, reason: reasons },
  },
  workflowRunsEnded: {
    name: "stint_workflowruns_ended_total",
    help: "WorkflowRuns that ended, by final phase and reason; once more for each retry of one.",
    labels: { phase: ended, reason: runReasons },
  },
  events: {
    name: "stint_events_total",
    help: "Events about TaskRuns. result: written; dropped, for the API server was busy or too many waited (full); refused; failed.",
    labels: { result: new Set(["written", "busy", "full", "refused", "failed"]) },
  },
  unreadable: {
    name: "stint_unreadable_objects_total",
    help: "Objects that could not be read.",
    labels: { resource: new Set(watched) },
  },
};

type Zeros = { readonly [N in keyof CounterLabels]?: readonly CounterLabels[N][] };

/** Shown from the beginning: of a series that begins with its first failure nobody sees the rise. */
export const ZEROS: Zeros = {
  reconciles: [...kinds].flatMap((kind) =>
    (["done", "waiting", "failed"] as const).map((result) => ({ kind, result })),
  ),
  taskRunsEnded: [
    { phase: Phase.Succeeded, reason: Reason.Succeeded },
    { phase: Phase.Failed, reason: Reason.ExitCode },
    { phase: Phase.Failed, reason: Reason.RetriesExhausted },
    { phase: Phase.Cancelled, reason: Reason.Cancelled },
  ],
  workflowRunsEnded: [
    { phase: Phase.Succeeded, reason: RunReason.Succeeded },
    { phase: Phase.Failed, reason: RunReason.TaskFailed },
    { phase: Phase.Failed, reason: RunReason.DeadlineExceeded },
    { phase: Phase.Cancelled, reason: RunReason.Cancelled },
  ],
  watchRestarts: watched.map((resource) => ({ resource, cause: "ended" })),
  unreadable: watched.map((resource) => ({ resource })),
};

export const HISTOGRAMS: { readonly [N in keyof HistogramLabels]: DescribedHistogram<HistogramLabels[N]> } = {
  queueWait: {
    name: "stint_workqueue_wait_seconds",
    help: "Time a key waited before a worker took it.",
    labels: { kind: kinds },
    buckets: WAIT_BUCKETS_SECONDS,
  },
  reconcile: {
    name: "stint_reconcile_duration_seconds",
    help: "Time of one pass over one object, its calls included.",
    labels: { kind: kinds },
    buckets: LOCAL_BUCKETS_SECONDS,
  },
  apiRequest: {
    name: "stint_api_request_duration_seconds",
    help: "Time from sending a call to its whole reply; of a watch: to the start of its reply.",
    labels: { verb: verbs, resource: resources },
    buckets: CALL_BUCKETS_SECONDS,
  },
  podDelay: {
    name: "stint_taskrun_pod_delay_seconds",
    help: "Time from the creation of a TaskRun to that of its first pod, by the API server's clock, in whole seconds.",
    labels: {},
    buckets: DELAY_BUCKETS_SECONDS,
  },
  startDelay: {
    name: "stint_taskrun_start_delay_seconds",
    help: "Time from the creation of a pod to the start of its main container: scheduling, volumes, images. In whole seconds.",
    labels: {},
    buckets: DELAY_BUCKETS_SECONDS,
  },
  taskRunDuration: {
    name: "stint_taskrun_duration_seconds",
    help: "Time from the first pod of a TaskRun to its end, retries and pauses included, by final phase.",
    labels: { phase: ended },
    buckets: DURATION_BUCKETS_SECONDS,
  },
  workflowRunDuration: {
    name: "stint_workflowrun_duration_seconds",
    help: "Time from the start of a WorkflowRun to its end, by final phase.",
    labels: { phase: ended },
    buckets: DURATION_BUCKETS_SECONDS,
  },
};

export const GAUGES: Catalogue<GaugeLabels> = {
  queueDepth: {
    name: "stint_workqueue_depth",
    help: 'Keys that wait for a worker. namespace "": all namespaces.',
    labels: { kind: kinds, namespace: "namespaces" },
  },
  taskRuns: { name: "stint_taskruns", help: "TaskRuns by phase.", labels: { phase: phases } },
  taskRunsUnfinished: {
    name: "stint_taskruns_unfinished",
    help: "TaskRuns that have not ended, by what they do or wait for, if not left to others by managedBy. reason none: nothing was written yet.",
    labels: { reason: new Set(["none", ...reasons]) },
  },
  workflowRuns: { name: "stint_workflowruns", help: "WorkflowRuns by phase.", labels: { phase: phases } },
  inFlightLimit: {
    name: "stint_in_flight_limit",
    help: "Calls to the API server that may be under way at once.",
    labels: {},
  },
  leader: {
    name: "stint_leader",
    help: "Whether this replica works (1) or stands by (0).",
    labels: {},
  },
};

/** What is asked for at each scrape, or never changes. */
export const SCRAPED = {
  build: {
    name: "stint_build_info",
    help: "Always 1; the labels say what runs.",
    /** One value each: this process's. */
    labels: ["version", "commit", "node"],
  },
  watchAge: {
    name: "stint_watch_age_seconds",
    help: "Time since a watch last showed life: an event, a bookmark or any answer, a refusal too.",
    labels: ["resource", "namespace"],
  },
} as const;

/** The resources of stint_watch_age_seconds. */
export const WATCHED: readonly string[] = watched;

/** The labels as given, each word that is not on its list replaced. */
export function bounded(
  labels: Readonly<Record<string, string>>,
  allowed: Readonly<Record<string, LabelValues>>,
): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const name in labels) {
    const [value = "", values] = [labels[name], allowed[name]];
    shown[name] = values === undefined || values === "namespaces" || values.has(value) ? value : OTHER;
  }
  return shown;
}
