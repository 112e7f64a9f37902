/** The bodies of requests: valid ones, and ones that are wrong in one way each. */

type Json = Readonly<Record<string, unknown>>;

/** Names no scheduler, so that no pod of the suite is ever placed by anybody but the suite. */
export const NO_SCHEDULER = "nobody";
export const FINALIZER = "stint.dev/differential";

const CONTAINER = { name: "main", image: "differential" };
const TEMPLATE = { spec: { containers: [CONTAINER] } };

const POD = { restartPolicy: "Never", schedulerName: NO_SCHEDULER, automountServiceAccountToken: false };
const podOf = (spec: Json): Json => ({ ...POD, containers: [CONTAINER], ...spec });

/** Specs of TaskRuns. */
export const TASKRUN_SPECS: Readonly<Record<string, unknown>> = {
  plain: { template: TEMPLATE },
  full: {
    template: TEMPLATE,
    retry: { limit: 3, backoff: { initialSeconds: 1, factor: 3, maxSeconds: 9 } },
    activeDeadlineSeconds: 60,
  },
  cancelled: { template: TEMPLATE, cancel: true },
  nullRetry: { template: TEMPLATE, retry: null },
  nullLimit: { template: TEMPLATE, retry: { limit: null } },
  unknownField: { template: TEMPLATE, surplus: 1, retry: { limits: 1 } },
  oddTemplate: {
    template: {
      metadata: { labels: { gone: null }, annotations: null, more: null },
      spec: { containers: null, restartPolicy: null, anything: [{ goes: null }] },
    },
  },
  misplacedContainers: { template: { ...TEMPLATE, containers: [CONTAINER] } },
  textContainers: { template: { spec: { containers: "none" } } },
  numberLabel: { template: { ...TEMPLATE, metadata: { labels: { version: 1 } } } },
  restartingContainer: { template: { spec: { containers: [{ ...CONTAINER, restartPolicy: "Always" }] } } },
  restartingPod: { template: { spec: { containers: [CONTAINER], restartPolicy: "Always" } } },
  sharedTemplate: { podTemplateRef: { name: "shared" } },
  oddSharedTemplate: { podTemplateRef: { name: "Shared" } },
  emptyTemplate: { template: {} },
  noTemplate: {},
  noSpec: undefined,
  textTemplate: { template: "busybox" },
  negativeLimit: { template: TEMPLATE, retry: { limit: -1 } },
  hugeLimit: { template: TEMPLATE, retry: { limit: 101 } },
  textLimit: { template: TEMPLATE, retry: { limit: "2" } },
  halfLimit: { template: TEMPLATE, retry: { limit: 1.5 } },
  wholeFloatLimit: { template: TEMPLATE, retry: { limit: 2.0 } },
  zeroFactor: { template: TEMPLATE, retry: { backoff: { factor: 0 } } },
  crossedBackoff: { template: TEMPLATE, retry: { backoff: { initialSeconds: 20, maxSeconds: 10 } } },
  zeroDeadline: { template: TEMPLATE, activeDeadlineSeconds: 0 },
  hugeDeadline: { template: TEMPLATE, activeDeadlineSeconds: 4_294_967_296 },
  crossedDeadlines: { template: TEMPLATE, attemptDeadlineSeconds: 61, activeDeadlineSeconds: 60 },
  textCancel: { template: TEMPLATE, cancel: "yes" },
  manyRules: {
    template: TEMPLATE,
    retry: {
      rules: [
        { exitCodes: { operator: "In", values: [2] }, action: "Fail" },
        { reasons: ["OOMKilled"], action: "Retry", memory: { factor: "1.5", max: "1Gi" } },
      ],
    },
  },
  emptyRule: { template: TEMPLATE, retry: { rules: [{ action: "Fail" }] } },
  sameExitCodes: {
    template: TEMPLATE,
    retry: { rules: [{ exitCodes: { operator: "In", values: [2, 2] }, action: "Fail" }] },
  },
  lavishRule: {
    template: TEMPLATE,
    retry: { rules: [{ reasons: ["Evicted"], action: "Retry", memory: { factor: "1" } }] },
  },
  sameResults: { template: TEMPLATE, results: [{ name: "rows" }, { name: "rows" }] },
  managedByOther: { template: TEMPLATE, managedBy: "example.com/other" },
  managedByNobody: { template: TEMPLATE, managedBy: "nobody" },
  manyWrongs: { retry: { limit: -1, backoff: { factor: 11 } }, cancel: 1 },
};

/** Specs of pods. */
export const POD_SPECS: Readonly<Record<string, unknown>> = {
  plain: podOf({}),
  patient: podOf({ terminationGracePeriodSeconds: 120 }),
  impatient: podOf({ terminationGracePeriodSeconds: 0 }),
  placed: podOf({ nodeName: "differential" }),
  twoContainers: podOf({ containers: [CONTAINER, { name: "helper", image: "differential" }] }),
  unknownField: podOf({ surprise: 1 }),
  unknownContainerField: podOf({ containers: [{ ...CONTAINER, surprise: 1 }] }),
  noContainers: podOf({ containers: [] }),
  missingContainers: podOf({ containers: undefined }),
  noSpec: undefined,
  textContainers: podOf({ containers: "x" }),
  badName: podOf({ containers: [{ ...CONTAINER, name: "No Name" }] }),
  sameNames: podOf({ containers: [CONTAINER, CONTAINER] }),
  noImage: podOf({ containers: [{ name: "main" }] }),
  oddRestart: podOf({ restartPolicy: "Maybe" }),
  typedRestart: podOf({ restartPolicy: { never: true } }),
  textGrace: podOf({ terminationGracePeriodSeconds: "soon" }),
  manyWrongs: podOf({ containers: [{ name: "UP" }], restartPolicy: "Maybe" }),
};

const STAMP = "2030-01-01T00:00:00Z";

function conditionOf(status: string, reason: string): Json {
  return { type: "Succeeded", status, reason, message: "", observedGeneration: 1, lastTransitionTime: STAMP };
}

function endedAttempt(number: number): Json {
  return {
    number,
    podName: "p",
    podUID: "u",
    reason: "ExitCode",
    exitCode: 1,
    startTime: STAMP,
    completionTime: STAMP,
  };
}

/** Statuses of TaskRuns. `same` and `absent` are made from what was last seen. */
export const TASKRUN_STATUSES: Readonly<Record<string, unknown>> = {
  running: {
    phase: "Running",
    observedGeneration: 1,
    attempt: 1,
    podName: "p",
    startTime: STAMP,
    conditions: [conditionOf("Unknown", "Running")],
  },
  failed: {
    phase: "Failed",
    attempt: 2,
    attempts: [endedAttempt(1), endedAttempt(2)],
    conditions: [conditionOf("False", "ExitCode")],
  },
  empty: {},
  nullPhase: { phase: null, attempt: 1 },
  unknownField: { phase: "Pending", surprise: { deep: 1 } },
  unknownPhase: { phase: "Sleeping" },
  twiceTheSameAttempt: { phase: "Running", attempts: [endedAttempt(1), endedAttempt(1)] },
  attemptWithoutReason: { phase: "Running", attempts: [{ number: 1 }] },
  attemptZero: { phase: "Running", attempts: [endedAttempt(0)] },
  tooManyAttempts: { phase: "Running", attempts: Array.from({ length: 11 }, (_, i) => endedAttempt(i + 1)) },
  oddTime: { phase: "Running", startTime: "yesterday" },
  longMessage: { phase: "Failed", attempts: [{ ...endedAttempt(1), message: "m".repeat(1025) }] },
  wideMessage: { phase: "Failed", attempts: [{ ...endedAttempt(1), message: "é".repeat(1024) }] },
  oddReason: { phase: "Failed", conditions: [conditionOf("False", "not a word")] },
  oddConditionStatus: { phase: "Failed", conditions: [conditionOf("Maybe", "ExitCode")] },
  textAttempt: { phase: "Running", attempt: "one" },
  listStatus: [],
};

/** Phases a kubelet reports; the rest of a pod's status is left as it was seen. */
export const POD_PHASES: readonly [string, ...string[]] = ["Running", "Succeeded", "Failed"];

export type Change = (seen: Json) => Json;

const specChange =
  (change: Json): Change =>
  (seen) => ({ ...seen, spec: { ...(seen["spec"] as Json), ...change } });
const metadataChange =
  (change: Json): Change =>
  (seen) => ({ ...seen, metadata: { ...(seen["metadata"] as Json), ...change } });

/** Changes of metadata, which both kinds know. */
export const METADATA_CHANGES: Readonly<Record<string, Change>> = {
  nothing: (seen) => seen,
  labelX: metadataChange({ labels: { app: "x" } }),
  labelY: metadataChange({ labels: { app: "y" } }),
  noLabels: metadataChange({ labels: {} }),
  oddLabel: metadataChange({ labels: { app: "not a value" } }),
  annotate: metadataChange({ annotations: { note: "1" } }),
  addFinalizer: metadataChange({ finalizers: [FINALIZER] }),
  addOtherFinalizer: metadataChange({ finalizers: [FINALIZER, "stint.dev/other"] }),
  dropFinalizers: metadataChange({ finalizers: [] }),
  otherStatus: (seen) => ({ ...seen, status: { phase: "Failed" } }),
};

/** Changes of a TaskRun's spec. */
export const SPEC_CHANGES: Readonly<Record<string, Change>> = {
  cancel: specChange({ cancel: true }),
  uncancel: specChange({ cancel: false }),
  moreRetries: specChange({ retry: { limit: 5 } }),
  defaultRetries: specChange({ retry: undefined }),
  negativeLimit: specChange({ retry: { limit: -1 } }),
  noTemplate: specChange({ template: undefined }),
  otherTemplate: specChange({ template: { spec: { containers: [{ name: "other", image: "other" }] } } }),
  sameTemplateOtherOrder: specChange({ template: { spec: { containers: [{ image: "differential", name: "main" }] } } }),
  unknownField: specChange({ surplus: 1 }),
  noSpec: (seen) => ({ ...seen, spec: undefined }),
};
