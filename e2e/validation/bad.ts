/** TaskRuns that the API server refuses: what is wrong, the spec, the field its answer must name, and words it must say. */

export type Bad = readonly [it: string, spec: unknown, field: string, words: RegExp];

const MAIN = { name: "main", image: "busybox:1.37" };
const TEMPLATE = { spec: { containers: [MAIN] } };
const IN = { operator: "In", values: [2] };

const spec = (change: object): object => ({ template: TEMPLATE, ...change });
const retry = (change: object): object => spec({ retry: change });
const backoff = (change: object): object => retry({ backoff: change });
const rules = (...all: readonly unknown[]): object => retry({ rules: all });
const oom = (memory: unknown): object => rules({ reasons: ["OOMKilled"], action: "Retry", memory });
const pod = (change: object): object => ({ template: { spec: { containers: [MAIN], ...change } } });
const results = (...names: readonly unknown[]): object => spec({ results: names.map((name) => ({ name })) });

/** Only an unknown field is no "Invalid": it is refused before anything else is looked at, unless one turns that off. */
const UNKNOWN = "";

const WORK: readonly Bad[] = [
  ["neither template nor podTemplateRef", {}, "spec.template", /give the pod here, or name a PodTemplate/],
  ["no spec at all", undefined, "spec", /Required value/],
  ["a template that is text", { template: "busybox" }, "spec.template", /must be of type object/],
  ["a template that is a list", { template: [] }, "spec.template", /must be of type object/],
  ["an empty template", { template: {} }, "spec.template.spec", /without podTemplateRef the pod's spec must be given/],
  ["a template with labels only", { template: { metadata: { labels: {} } } }, "spec.template.spec", /as in a Job/],
  ["a pod's spec that is null", { template: { spec: null } }, "spec.template.spec", /as in a Job/],
  ["a pod's spec that is text", { template: { spec: "busybox" } }, "spec.template.spec", /must be of type object/],
  ["containers that are no list", pod({ containers: {} }), "spec.template.spec.containers", /must be of type array/],
  [
    "a container that is text",
    pod({ containers: ["a"] }),
    "spec.template.spec.containers[0]",
    /must be of type object/,
  ],
  [
    "1001 containers",
    pod({ containers: Array.from({ length: 1001 }, () => MAIN) }),
    "spec.template.spec.containers",
    /at most 1000/,
  ],
  ["init containers that are no list", pod({ initContainers: {} }), "spec.template.spec.initContainers", /array/],
  [
    "labels that are a list",
    { template: { ...TEMPLATE, metadata: { labels: ["a"] } } },
    "spec.template.metadata.labels",
    /object/,
  ],
  [
    "a label that is a number",
    { template: { ...TEMPLATE, metadata: { labels: { v: 1 } } } },
    "spec.template.metadata.labels.v",
    /must be of type string/,
  ],
  [
    "a label that is too long",
    { template: { ...TEMPLATE, metadata: { labels: { v: "v".repeat(64) } } } },
    "spec.template.metadata.labels.v",
    /may not be more than 63/,
  ],
  [
    "an annotation that is a boolean",
    { template: { ...TEMPLATE, metadata: { annotations: { a: true } } } },
    "spec.template.metadata.annotations.a",
    /must be of type string/,
  ],
  [
    "metadata that is text",
    { template: { ...TEMPLATE, metadata: "x" } },
    "spec.template.metadata",
    /must be of type object/,
  ],
  [
    "restartPolicy Always",
    pod({ restartPolicy: "Always" }),
    "spec.template.spec.restartPolicy",
    /must be Never or left out; .*spec\.retry/,
  ],
  ["restartPolicy OnFailure", pod({ restartPolicy: "OnFailure" }), "spec.template.spec.restartPolicy", /must be Never/],
  [
    "a restartPolicy that is a number",
    pod({ restartPolicy: 7 }),
    "spec.template.spec.restartPolicy",
    /must be of type string/,
  ],
  [
    "a container that restarts",
    pod({ containers: [MAIN, { ...MAIN, name: "b", restartPolicy: "Always" }] }),
    "spec.template.spec.containers[1].restartPolicy",
    /must be Never or left out/,
  ],
  [
    "a container with rules for restarts",
    pod({ containers: [{ ...MAIN, restartPolicyRules: [{ action: "Restart" }] }] }),
    "spec.template.spec.containers[0].restartPolicyRules",
    /does not start again by itself/,
  ],
  [
    "an init container that restarts on failure",
    pod({ initContainers: [{ ...MAIN, restartPolicy: "OnFailure" }] }),
    "spec.template.spec.initContainers[0].restartPolicy",
    /must be Always \(a sidecar\) or left out/,
  ],
  [
    "an init container with rules for restarts",
    pod({ initContainers: [{ ...MAIN, restartPolicyRules: [{ action: "Restart" }] }] }),
    "spec.template.spec.initContainers[0].restartPolicyRules",
    /does not start again/,
  ],
  ["a podTemplateRef without a name", { podTemplateRef: {} }, "spec.podTemplateRef.name", /Required value/],
  ["a podTemplateRef that is text", { podTemplateRef: "gpu" }, "spec.podTemplateRef", /must be of type object/],
  [
    "a podTemplateRef with an empty name",
    { podTemplateRef: { name: "" } },
    "spec.podTemplateRef.name",
    /must be the name of a PodTemplate/,
  ],
  [
    "a podTemplateRef in capitals",
    { podTemplateRef: { name: "GPU" } },
    "spec.podTemplateRef.name",
    /lowercase letters, digits, - and \./,
  ],
  [
    "a podTemplateRef with two dots in a row",
    { podTemplateRef: { name: "a..b" } },
    "spec.podTemplateRef.name",
    /beside each dot/,
  ],
  [
    "a podTemplateRef that ends with a dash",
    { podTemplateRef: { name: "a-" } },
    "spec.podTemplateRef.name",
    /at both ends/,
  ],
  [
    "a podTemplateRef of another namespace",
    { podTemplateRef: { name: "other/gpu" } },
    "spec.podTemplateRef.name",
    /must be the name of a PodTemplate/,
  ],
  [
    "a podTemplateRef of 254 characters",
    { podTemplateRef: { name: "a".repeat(254) } },
    "spec.podTemplateRef.name",
    /253/,
  ],
  ["a result without a name", spec({ results: [{}] }), "spec.results[0].name", /Required value/],
  ["a result that is text", spec({ results: ["rows"] }), "spec.results[0]", /must be of type object/],
  ["results that are a map", spec({ results: {} }), "spec.results", /must be of type array/],
  ["the same result twice", results("rows", "rows"), "spec.results[1]", /Duplicate value.*rows/],
  ["33 results", results(...Array.from({ length: 33 }, (_, i) => `r${i}`)), "spec.results", /at most 32 items/],
  ["a result with an empty name", results(""), "spec.results[0].name", /beginning with a letter or _/],
  ["a result that begins with a digit", results("1st"), "spec.results[0].name", /beginning with a letter or _/],
  ["a result with a dot", results("a.b"), "spec.results[0].name", /must be letters, digits, - and _/],
  ["a result that ends with a dash", results("a-"), "spec.results[0].name", /not ending with -/],
  ["a result with a name of 64 characters", results("a".repeat(64)), "spec.results[0].name", /63/],
];

const RETRY: readonly Bad[] = [
  ["retry that is a number", spec({ retry: 3 }), "spec.retry", /must be of type object/],
  ["retry.limit -1", retry({ limit: -1 }), "spec.retry.limit", /greater than or equal to 0/],
  ["retry.limit 101", retry({ limit: 101 }), "spec.retry.limit", /less than or equal to 100/],
  ["retry.limit as text", retry({ limit: "2" }), "spec.retry.limit", /must be of type integer/],
  ["half a retry", retry({ limit: 1.5 }), "spec.retry.limit", /must be of type integer/],
  ["infrastructureLimit -1", retry({ infrastructureLimit: -1 }), "spec.retry.infrastructureLimit", /or equal to 0/],
  ["infrastructureLimit 101", retry({ infrastructureLimit: 101 }), "spec.retry.infrastructureLimit", /or equal to 100/],
  ["avoidNode that is a boolean", retry({ avoidNode: true }), "spec.retry.avoidNode", /must be of type string/],
  [
    "an unknown avoidNode",
    retry({ avoidNode: "Always" }),
    "spec.retry.avoidNode",
    /supported values: "Never", "Prefer", "Require"/,
  ],
  ["backoff that is a number", retry({ backoff: 10 }), "spec.retry.backoff", /must be of type object/],
  ["initialSeconds -1", backoff({ initialSeconds: -1 }), "spec.retry.backoff.initialSeconds", /or equal to 0/],
  [
    "initialSeconds of more than a day",
    backoff({ initialSeconds: 86_401 }),
    "spec.retry.backoff.initialSeconds",
    /86400/,
  ],
  ["initialSeconds with a unit", backoff({ initialSeconds: "10s" }), "spec.retry.backoff.initialSeconds", /integer/],
  ["factor 0", backoff({ factor: 0 }), "spec.retry.backoff.factor", /greater than or equal to 1/],
  ["factor 11", backoff({ factor: 11 }), "spec.retry.backoff.factor", /less than or equal to 10/],
  ["a factor with decimals", backoff({ factor: 1.5 }), "spec.retry.backoff.factor", /must be of type integer/],
  ["maxSeconds -1", backoff({ initialSeconds: 0, maxSeconds: -1 }), "spec.retry.backoff.maxSeconds", /or equal to 0/],
  ["maxSeconds of more than a day", backoff({ maxSeconds: 86_401 }), "spec.retry.backoff.maxSeconds", /86400/],
  [
    "maxSeconds below initialSeconds",
    backoff({ initialSeconds: 20, maxSeconds: 10 }),
    "spec.retry.backoff.maxSeconds",
    /must be at least initialSeconds/,
  ],
  [
    "initialSeconds above the usual maxSeconds",
    backoff({ initialSeconds: 301 }),
    "spec.retry.backoff.initialSeconds",
    /needs a maxSeconds beside it/,
  ],
  [
    "maxSeconds below the usual initialSeconds",
    backoff({ maxSeconds: 9 }),
    "spec.retry.backoff.maxSeconds",
    /needs an initialSeconds beside it/,
  ],
  ["rules that are no list", retry({ rules: {} }), "spec.retry.rules", /must be of type array/],
  [
    "17 rules",
    rules(...Array.from({ length: 17 }, () => ({ exitCodes: IN, action: "Fail" }))),
    "spec.retry.rules",
    /at most 16 items/,
  ],
  ["a rule without an action", rules({ exitCodes: IN }), "spec.retry.rules[0].action", /Required value/],
  [
    "an unknown action",
    rules({ exitCodes: IN, action: "Ignore" }),
    "spec.retry.rules[0].action",
    /supported values: "Fail", "Retry"/,
  ],
  ["a rule for nothing", rules({ action: "Fail" }), "spec.retry.rules[0].reasons", /needs reasons or exitCodes/],
  [
    "a rule for exit codes and reasons",
    rules({ exitCodes: IN, reasons: ["Evicted"], action: "Fail" }),
    "spec.retry.rules[0].reasons",
    /not both; make two rules/,
  ],
  [
    "a second rule that is wrong",
    rules({ exitCodes: IN, action: "Fail" }, { action: "Retry" }),
    "spec.retry.rules[1].reasons",
    /needs reasons or exitCodes/,
  ],
  [
    "exit codes without an operator",
    rules({ exitCodes: { values: [1] }, action: "Fail" }),
    "spec.retry.rules[0].exitCodes.operator",
    /Required value/,
  ],
  [
    "an unknown operator",
    rules({ exitCodes: { operator: "Equals", values: [1] }, action: "Fail" }),
    "spec.retry.rules[0].exitCodes.operator",
    /supported values: "In", "NotIn"/,
  ],
  [
    "exit codes without values",
    rules({ exitCodes: { operator: "In" }, action: "Fail" }),
    "spec.retry.rules[0].exitCodes.values",
    /Required value/,
  ],
  [
    "exit codes with no value",
    rules({ exitCodes: { operator: "In", values: [] }, action: "Fail" }),
    "spec.retry.rules[0].exitCodes.values",
    /at least 1/,
  ],
  [
    "exit code 0",
    rules({ exitCodes: { operator: "In", values: [0] }, action: "Fail" }),
    "spec.retry.rules[0].exitCodes.values[0]",
    /greater than or equal to 1/,
  ],
  [
    "exit code 256",
    rules({ exitCodes: { operator: "In", values: [1, 256] }, action: "Fail" }),
    "spec.retry.rules[0].exitCodes.values[1]",
    /less than or equal to 255/,
  ],
  [
    "an exit code as text",
    rules({ exitCodes: { operator: "In", values: ["2"] }, action: "Fail" }),
    "spec.retry.rules[0].exitCodes.values[0]",
    /must be of type integer/,
  ],
  [
    "the same exit code twice",
    rules({ exitCodes: { operator: "In", values: [2, 2] }, action: "Fail" }),
    "spec.retry.rules[0].exitCodes.values[1]",
    /Duplicate value: 2/,
  ],
  [
    "33 exit codes",
    rules({ exitCodes: { operator: "NotIn", values: Array.from({ length: 33 }, (_, i) => i + 1) }, action: "Fail" }),
    "spec.retry.rules[0].exitCodes.values",
    /at most 32 items/,
  ],
  ["no reason", rules({ reasons: [], action: "Fail" }), "spec.retry.rules[0].reasons", /at least 1/],
  [
    "an unknown reason",
    rules({ reasons: ["OutOfMemory"], action: "Fail" }),
    "spec.retry.rules[0].reasons[0]",
    /supported values: "ExitCode", "OOMKilled"/,
  ],
  [
    "the same reason twice",
    rules({ reasons: ["Evicted", "Evicted"], action: "Fail" }),
    "spec.retry.rules[0].reasons[1]",
    /Duplicate value: "Evicted"/,
  ],
  [
    "memory with action Fail",
    rules({ reasons: ["OOMKilled"], action: "Fail", memory: { factor: "2" } }),
    "spec.retry.rules[0].memory",
    /action must be Retry/,
  ],
  [
    "memory without OOMKilled",
    rules({ reasons: ["Evicted"], action: "Retry", memory: { factor: "2" } }),
    "spec.retry.rules[0].memory",
    /OOMKilled only/,
  ],
  [
    "memory for an exit code",
    rules({ exitCodes: IN, action: "Retry", memory: { factor: "2" } }),
    "spec.retry.rules[0].memory",
    /OOMKilled only/,
  ],
  ["memory without a factor", oom({ max: "1Gi" }), "spec.retry.rules[0].memory.factor", /Required value/],
  [
    "a memory factor that is a number",
    oom({ factor: 1.5 }),
    "spec.retry.rules[0].memory.factor",
    /must be of type string/,
  ],
  ["a memory factor of 1", oom({ factor: "1" }), "spec.retry.rules[0].memory.factor", /above 1 and at most 10/],
  ["a memory factor of 1.0", oom({ factor: "1.0" }), "spec.retry.rules[0].memory.factor", /above 1/],
  ["a memory factor below 1", oom({ factor: "0.5" }), "spec.retry.rules[0].memory.factor", /above 1/],
  ["a memory factor above 10", oom({ factor: "10.5" }), "spec.retry.rules[0].memory.factor", /at most 10/],
  [
    "a memory factor with a sign",
    oom({ factor: "x2" }),
    "spec.retry.rules[0].memory.factor",
    /must be a decimal number/,
  ],
  [
    "a memory factor with 4 decimals",
    oom({ factor: "1.2345" }),
    "spec.retry.rules[0].memory.factor",
    /at most 3 decimals/,
  ],
  [
    "a memory maximum in words",
    oom({ factor: "2", max: "16 GB" }),
    "spec.retry.rules[0].memory.max",
    /such as 512Mi or 16Gi/,
  ],
  [
    "a memory maximum that is a number",
    oom({ factor: "2", max: 16 }),
    "spec.retry.rules[0].memory.max",
    /must be of type string/,
  ],
  [
    "a memory maximum without its unit",
    oom({ factor: "2", max: "16" }),
    "spec.retry.rules[0].memory.max",
    /at least 1M; without a unit/,
  ],
  ["a memory maximum of 0", oom({ factor: "2", max: "0" }), "spec.retry.rules[0].memory.max", /at least 1M/],
  ["a negative memory maximum", oom({ factor: "2", max: "-1Gi" }), "spec.retry.rules[0].memory.max", /such as 512Mi/],
];

const REST: readonly Bad[] = [
  ["activeDeadlineSeconds 0", spec({ activeDeadlineSeconds: 0 }), "spec.activeDeadlineSeconds", /or equal to 1/],
  [
    "activeDeadlineSeconds of more than a year",
    spec({ activeDeadlineSeconds: 31_536_001 }),
    "spec.activeDeadlineSeconds",
    /31536000/,
  ],
  [
    "a deadline with a unit",
    spec({ activeDeadlineSeconds: "2h" }),
    "spec.activeDeadlineSeconds",
    /must be of type integer/,
  ],
  ["attemptDeadlineSeconds 0", spec({ attemptDeadlineSeconds: 0 }), "spec.attemptDeadlineSeconds", /or equal to 1/],
  ["startDeadlineSeconds -5", spec({ startDeadlineSeconds: -5 }), "spec.startDeadlineSeconds", /or equal to 1/],
  [
    "a start deadline above that of the attempt",
    spec({ startDeadlineSeconds: 61, attemptDeadlineSeconds: 60 }),
    "spec.startDeadlineSeconds",
    /at most attemptDeadlineSeconds/,
  ],
  [
    "a start deadline above that of the TaskRun",
    spec({ startDeadlineSeconds: 61, activeDeadlineSeconds: 60 }),
    "spec.startDeadlineSeconds",
    /at most activeDeadlineSeconds/,
  ],
  [
    "an attempt's deadline above that of the TaskRun",
    spec({ attemptDeadlineSeconds: 61, activeDeadlineSeconds: 60 }),
    "spec.attemptDeadlineSeconds",
    /at most activeDeadlineSeconds/,
  ],
  [
    "an unknown onUnknownFate",
    spec({ onUnknownFate: "Fail" }),
    "spec.onUnknownFate",
    /supported values: "Wait", "Retry"/,
  ],
  ["an unknown rerun", spec({ rerun: "Always" }), "spec.rerun", /supported values: "OnSpecChange", "Never"/],
  ["suspend as text", spec({ suspend: "true" }), "spec.suspend", /must be of type boolean/],
  ["cancel as text", spec({ cancel: "yes" }), "spec.cancel", /must be of type boolean/],
  [
    "an unknown podRetention",
    spec({ podRetention: "onFailure" }),
    "spec.podRetention",
    /supported values: "Always", "OnFailure", "Never"/,
  ],
  ["a TTL of -1", spec({ ttlSecondsAfterFinished: -1 }), "spec.ttlSecondsAfterFinished", /greater than or equal to 0/],
  [
    "a TTL of more than ten years",
    spec({ ttlSecondsAfterFinished: 315_360_001 }),
    "spec.ttlSecondsAfterFinished",
    /315360000/,
  ],
  [
    "a TTL with a unit",
    spec({ ttlSecondsAfterFinished: "1d" }),
    "spec.ttlSecondsAfterFinished",
    /must be of type integer/,
  ],
  ["an unknown ttlAction", spec({ ttlAction: "Keep" }), "spec.ttlAction", /supported values: "Delete", "Compact"/],
  ["managedBy without a domain", spec({ managedBy: "kueue" }), "spec.managedBy", /such as example\.com\/name/],
  ["an empty managedBy", spec({ managedBy: "" }), "spec.managedBy", /must be a domain, a slash and a name/],
  ["managedBy with two slashes", spec({ managedBy: "a.com/b/c" }), "spec.managedBy", /such as example\.com\/name/],
  [
    "managedBy with a domain in capitals",
    spec({ managedBy: "A.com/b" }),
    "spec.managedBy",
    /such as example\.com\/name/,
  ],
  ["managedBy of 64 characters", spec({ managedBy: `a.com/${"b".repeat(58)}` }), "spec.managedBy", /63/],
];

const MISSPELT: readonly Bad[] = [
  ["a field that does not exist", spec({ retries: 3 }), UNKNOWN, /unknown field "spec\.retries"/],
  ["a misspelt field of retry", retry({ limits: 3 }), UNKNOWN, /unknown field "spec\.retry\.limits"/],
  ["a misspelt field of backoff", backoff({ seconds: 3 }), UNKNOWN, /unknown field "spec\.retry\.backoff\.seconds"/],
  [
    "a misspelt field of a rule",
    rules({ reason: "OOMKilled", reasons: ["OOMKilled"], action: "Fail" }),
    UNKNOWN,
    /unknown field "spec\.retry\.rules\[0\]\.reason"/,
  ],
  [
    "a namespace in podTemplateRef",
    { podTemplateRef: { name: "a", namespace: "b" } },
    UNKNOWN,
    /unknown field "spec\.podTemplateRef\.namespace"/,
  ],
  [
    "a field of a pod in the place of the template's",
    { template: { ...TEMPLATE, containers: [MAIN] } },
    UNKNOWN,
    /unknown field "spec\.template\.containers"/,
  ],
  ["the backoffLimit of a Job", spec({ backoffLimit: 3 }), UNKNOWN, /unknown field "spec\.backoffLimit"/],
  [
    "a value in results",
    spec({ results: [{ name: "rows", value: "1" }] }),
    UNKNOWN,
    /unknown field "spec\.results\[0\]\.value"/,
  ],
];

export const BAD: readonly Bad[] = [...WORK, ...RETRY, ...REST, ...MISSPELT];
