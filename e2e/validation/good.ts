/** Specs of TaskRuns that the API server takes and stores as they are, but for the defaults it adds. */

export type Good = readonly [it: string, spec: Readonly<Record<string, unknown>>];

/** What every stored spec has that did not say otherwise. */
export const ADDED: Readonly<Record<string, unknown>> = {
  cancel: false,
  onUnknownFate: "Wait",
  rerun: "OnSpecChange",
  suspend: false,
};

const MAIN = { name: "main", image: "busybox:1.37" };
const TEMPLATE = { spec: { containers: [MAIN] } };

const spec = (change: Good[1]): Good[1] => ({ template: TEMPLATE, ...change });
const retry = (change: object): Good[1] => spec({ retry: change });
const backoff = (change: object): Good[1] => retry({ backoff: change });
const rules = (...all: readonly object[]): Good[1] => retry({ rules: all });
const oom = (memory: object): Good[1] => rules({ reasons: ["OOMKilled"], action: "Retry", memory });
const pod = (change: object): Good[1] => ({ template: { spec: { containers: [MAIN], ...change } } });

export const GOOD: readonly Good[] = [
  ["a template and nothing else", { template: TEMPLATE }],
  ["a PodTemplate and nothing else", { podTemplateRef: { name: "gpu" } }],
  ["a PodTemplate with dots and digits", { podTemplateRef: { name: "team-1.gpu.v2" } }],
  ["a PodTemplate with the longest name", { podTemplateRef: { name: "a".repeat(253) } }],
  ["labels over a PodTemplate", { podTemplateRef: { name: "gpu" }, template: { metadata: { labels: { app: "x" } } } }],
  ["an empty template over a PodTemplate", { podTemplateRef: { name: "gpu" }, template: {} }],
  ["a pod whose containers come from stint-default", { template: { spec: { nodeSelector: { disk: "ssd" } } } }],
  [
    "fields of a pod that no schema here names",
    pod({ volumes: [{ name: "v", emptyDir: {} }], from: { the: ["future", 1, true, null] } }),
  ],
  [
    "fields of containers that no schema here names",
    pod({ containers: [{ ...MAIN, env: [{ name: "A", value: "b" }], future: { deep: [null] } }] }),
  ],
  ["directives and nulls of a strategic merge", pod({ $patch: "replace", nodeSelector: null, tolerations: null })],
  [
    "a list that takes the place of the template's below",
    pod({ containers: [{ $patch: "replace" }, MAIN], initContainers: null }),
  ],
  [
    "labels with null, and what a program adds to metadata",
    {
      template: { ...TEMPLATE, metadata: { creationTimestamp: null, labels: { a: null, b: "c" }, annotations: null } },
    },
  ],
  [
    "restartPolicy Never, for pod and containers",
    pod({ restartPolicy: "Never", containers: [{ ...MAIN, restartPolicy: "Never" }] }),
  ],
  ["a native sidecar", pod({ initContainers: [{ ...MAIN, name: "proxy", restartPolicy: "Always" }] })],
  ["1000 containers", pod({ containers: Array.from({ length: 1000 }, (_, i) => ({ ...MAIN, name: `c${i}` })) })],
  ["no retry, in so many words", retry({ limit: 0, infrastructureLimit: 0 })],
  ["the largest limits", retry({ limit: 100, infrastructureLimit: 100 })],
  ["an empty retry", retry({})],
  ["the whole backoff", backoff({ initialSeconds: 1, factor: 3, maxSeconds: 9 })],
  ["no pause at all", backoff({ initialSeconds: 0, maxSeconds: 0 })],
  ["pauses that stay the same", backoff({ initialSeconds: 60, factor: 1, maxSeconds: 60 })],
  ["pauses of a day", backoff({ initialSeconds: 86_400, maxSeconds: 86_400 })],
  ["the usual maxSeconds left out", backoff({ initialSeconds: 300 })],
  ["the usual initialSeconds left out", backoff({ maxSeconds: 10 })],
  ["avoidNode", retry({ limit: 1, avoidNode: "Require" })],
  ["a rule for exit codes", rules({ exitCodes: { operator: "In", values: [1, 2, 255] }, action: "Fail" })],
  ["a rule for all other exit codes", rules({ exitCodes: { operator: "NotIn", values: [75] }, action: "Fail" })],
  [
    "two budgets and rules for both",
    retry({
      limit: 2,
      infrastructureLimit: 5,
      rules: [
        { exitCodes: { operator: "In", values: [2, 64] }, action: "Fail" },
        { reasons: ["Evicted", "Preempted"], action: "Fail" },
      ],
    }),
  ],
  ["more memory, and no bound", oom({ factor: "1.5" })],
  ["more memory, up to a bound", oom({ factor: "2", max: "16Gi" })],
  ["the smallest and the largest factor", rules(growth("1.001"), growth("10"), growth("9.999"), growth("1.5"))],
  [
    "bounds in all units",
    rules(...["1Mi", "1.5Gi", "1M", "2G", "1T", "1Ti", "1048576"].map((max) => growth("2", max))),
  ],
  [
    "memory for an OOM kill among others",
    rules({ reasons: ["OOMKilled", "ExitCode"], action: "Retry", memory: { factor: "2" } }),
  ],
  ["the most rules", rules(...Array.from({ length: 16 }, () => ({ reasons: ["ExitCode"], action: "Retry" })))],
  ["a deadline of a second", spec({ activeDeadlineSeconds: 1 })],
  ["all deadlines", spec({ startDeadlineSeconds: 600, attemptDeadlineSeconds: 3600, activeDeadlineSeconds: 7200 })],
  [
    "deadlines that are the same",
    spec({ startDeadlineSeconds: 60, attemptDeadlineSeconds: 60, activeDeadlineSeconds: 60 }),
  ],
  ["a deadline of a year", spec({ activeDeadlineSeconds: 31_536_000 })],
  ["results", spec({ results: [{ name: "rows" }, { name: "_file-name_2" }, { name: "R" }] })],
  ["the most results", spec({ results: Array.from({ length: 32 }, (_, i) => ({ name: `r${i}` })) })],
  ["onUnknownFate Retry", spec({ onUnknownFate: "Retry" })],
  ["rerun Never", spec({ rerun: "Never" })],
  ["one that is suspended from the start", spec({ suspend: true })],
  ["one that is cancelled from the start", spec({ cancel: true })],
  ["one that is suspended and cancelled", spec({ suspend: true, cancel: true })],
  ["a TTL of nothing", spec({ ttlSecondsAfterFinished: 0, ttlAction: "Delete" })],
  ["a TTL of ten years", spec({ ttlSecondsAfterFinished: 315_360_000 })],
  ["what to do after the TTL of the operator's configuration", spec({ ttlAction: "Compact" })],
  ["pods that go at once", spec({ podRetention: "Never" })],
  ["the name of this operator", spec({ managedBy: "stint.dev/operator" })],
  ["the name of another controller", spec({ managedBy: "kueue.x-k8s.io/multikueue" })],
];

function growth(factor: string, max?: string): object {
  return { reasons: ["OOMKilled"], action: "Retry", memory: { factor, ...(max !== undefined && { max }) } };
}
