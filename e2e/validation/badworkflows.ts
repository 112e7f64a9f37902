/** Workflows that the API server refuses: what is wrong, the spec, the field its answer must name, and words it must say. */
import type { Bad } from "./bad.ts";

const MAIN = { name: "main", image: "busybox:1.37" };
const WORK = { template: { spec: { containers: [MAIN] } } };

const spec = (change: object): object => ({ tasks: [{ name: "a", ...WORK }], ...change });
const task = (change: object): object => ({ tasks: [{ name: "a", ...WORK, ...change }] });
const named = (name: unknown): object => ({ tasks: [{ ...WORK, name }] });
const forEach = (change: object): object => task({ forEach: change });
const params = (...all: readonly object[]): object => spec({ params: all });
const atLast = (change: object): object => spec({ finally: [{ name: "z", ...WORK, ...change }] });
const many = (count: number, one: (index: number) => unknown): readonly unknown[] =>
  Array.from({ length: count }, (_, i) => one(i));

/** Refused before anything else is looked at, unless one turns that off: an unknown field. */
const UNKNOWN = "";

const TASKS: readonly Bad[] = [
  ["no spec at all", undefined, "spec", /Required value/],
  ["no tasks", {}, "spec.tasks", /Required value/],
  ["an empty list of tasks", { tasks: [] }, "spec.tasks", /at least 1 item/],
  ["tasks that are text", { tasks: "a, b" }, "spec.tasks", /must be of type array/],
  ["10,001 tasks", { tasks: many(10_001, (i) => ({ name: `t${i}` })) }, "spec.tasks", /at most 10000 items/],
  ["a task without a name", { tasks: [WORK] }, "spec.tasks[0].name", /Required value/],
  ["a task with an empty name", named(""), "spec.tasks[0].name", /at least 1 char/],
  ["a task in capitals", named("Load"), "spec.tasks[0].name", /must be lowercase letters, digits and -/],
  ["a task with an underscore", named("load_all"), "spec.tasks[0].name", /must be lowercase letters, digits and -/],
  ["a task that begins with a digit", named("1st"), "spec.tasks[0].name", /beginning with a letter/],
  ["a task that ends with a dash", named("load-"), "spec.tasks[0].name", /not ending with -/],
  ["a task with a name of 64 characters", named("a".repeat(64)), "spec.tasks[0].name", /may not be more than 63/],
  ["a template that is text", task({ template: "busybox" }), "spec.tasks[0].template", /must be of type object/],
  [
    "containers one level too high",
    task({ template: { containers: [MAIN] } }),
    UNKNOWN,
    /unknown field "spec\.tasks\[0\]\.template\.containers"/,
  ],
  ["a field of another system", task({ depends_on: ["b"] }), UNKNOWN, /unknown field "spec\.tasks\[0\]\.depends_on"/],
  [
    "a schedule, which this version does not have",
    spec({ schedule: { cron: "0 3 * * *" } }),
    UNKNOWN,
    /unknown field "spec\.schedule"/,
  ],
  [
    "a TTL, which tasks of a workflow do not have",
    task({ ttlSecondsAfterFinished: 60 }),
    UNKNOWN,
    /unknown field "spec\.tasks\[0\]\.ttlSecondsAfterFinished"/,
  ],
  [
    "a podTemplateRef without a name",
    task({ podTemplateRef: {} }),
    "spec.tasks[0].podTemplateRef.name",
    /Required value/,
  ],
  [
    "a podTemplateRef of 254 characters",
    task({ podTemplateRef: { name: "a".repeat(254) } }),
    "spec.tasks[0].podTemplateRef.name",
    /may not be more than 253/,
  ],
];

const ORDER: readonly Bad[] = [
  ["dependsOn that is text", task({ dependsOn: "b" }), "spec.tasks[0].dependsOn", /must be of type array/],
  [
    "a task that waits twice for another",
    task({ dependsOn: ["b", "b"] }),
    "spec.tasks[0].dependsOn[1]",
    /Duplicate value.*"b"/,
  ],
  ["a task that waits for an empty name", task({ dependsOn: [""] }), "spec.tasks[0].dependsOn[0]", /at least 1 char/],
  [
    "a task that waits for a name of 64 characters",
    task({ dependsOn: ["b".repeat(64)] }),
    "spec.tasks[0].dependsOn[0]",
    /may not be more than 63/,
  ],
  [
    "a task that waits for 10,001 others",
    task({ dependsOn: many(10_001, (i) => `t${i}`) }),
    "spec.tasks[0].dependsOn",
    /at most 10000 items/,
  ],
  [
    "a trigger rule in Airflow's spelling",
    task({ triggerRule: "all_done" }),
    "spec.tasks[0].triggerRule",
    /supported values: "AllSucceeded", "AllDone", "AllFailed"/,
  ],
  ["an empty when", task({ when: "" }), "spec.tasks[0].when", /at least 1 char/],
  ["a when of 4,097 characters", task({ when: "a".repeat(4097) }), "spec.tasks[0].when", /may not be more than 4096/],
  ["a when that is a boolean", task({ when: true }), "spec.tasks[0].when", /must be of type string/],
  ["maxParallelTasks 0", spec({ maxParallelTasks: 0 }), "spec.maxParallelTasks", /greater than or equal to 1/],
  [
    "maxParallelTasks 10,001",
    spec({ maxParallelTasks: 10_001 }),
    "spec.maxParallelTasks",
    /less than or equal to 10000/,
  ],
  ["another onFailure", spec({ onFailure: "Stop" }), "spec.onFailure", /supported values: "Continue", "FailFast"/],
  [
    "a deadline of nothing",
    spec({ activeDeadlineSeconds: 0 }),
    "spec.activeDeadlineSeconds",
    /greater than or equal to 1/,
  ],
  [
    "a deadline of more than a year",
    spec({ activeDeadlineSeconds: 31_536_001 }),
    "spec.activeDeadlineSeconds",
    /less than or equal to 31536000/,
  ],
  ["another run", spec({ run: "Always" }), "spec.run", /supported values: "OnApply", "Manual"/],
  ["suspend that is text", spec({ suspend: "true" }), "spec.suspend", /must be of type boolean/],
  [
    "history that is negative",
    spec({ history: { succeeded: -1 } }),
    "spec.history.succeeded",
    /greater than or equal to 0/,
  ],
  [
    "a history of 1,001 failures",
    spec({ history: { failed: 1001 } }),
    "spec.history.failed",
    /less than or equal to 1000/,
  ],
];

const LISTS: readonly Bad[] = [
  [
    "a matrix and a range",
    forEach({ matrix: { a: ["1"] }, range: { end: 2 } }),
    "spec.tasks[0].forEach.result",
    /exactly one of items, matrix, range and result/,
  ],
  [
    "a range and a result",
    forEach({ range: { end: 2 }, result: "$(tasks.b.results.r)" }),
    "spec.tasks[0].forEach.result",
    /exactly one of/,
  ],
  ["items that are text", forEach({ items: "a,b" }), "spec.tasks[0].forEach.items", /must be of type array/],
  ["10,001 items", forEach({ items: many(10_001, (i) => i) }), "spec.tasks[0].forEach.items", /at most 10000 items/],
  ["an empty matrix", forEach({ matrix: {} }), "spec.tasks[0].forEach.matrix", /at least 1 propert/],
  [
    "a matrix of nine keys",
    forEach({ matrix: Object.fromEntries(many(9, (i) => [`k${i}`, ["1"]]) as [string, string[]][]) }),
    "spec.tasks[0].forEach.matrix",
    /at most 8 items/,
  ],
  [
    "a matrix of numbers",
    forEach({ matrix: { go: [1.25] } }),
    "spec.tasks[0].forEach.matrix.go[0]",
    /must be of type string/,
  ],
  ["a matrix of text", forEach({ matrix: { go: "1.25" } }), "spec.tasks[0].forEach.matrix.go", /must be of type array/],
  [
    "1,001 values of a key",
    forEach({ matrix: { go: many(1001, (i) => `v${i}`) } }),
    "spec.tasks[0].forEach.matrix.go",
    /at most 1000 items/,
  ],
  [
    "a value of 4,097 characters",
    forEach({ matrix: { go: ["a".repeat(4097)] } }),
    "spec.tasks[0].forEach.matrix.go[0]",
    /may not be more than 4096/,
  ],
  ["a range without an end", forEach({ range: { start: 1 } }), "spec.tasks[0].forEach.range.end", /Required value/],
  [
    "a step of nothing",
    forEach({ range: { end: 2, step: 0 } }),
    "spec.tasks[0].forEach.range.step",
    /greater than or equal to 1/,
  ],
  [
    "a range that is too far",
    forEach({ range: { end: 1_000_000_001 } }),
    "spec.tasks[0].forEach.range.end",
    /less than or equal to/,
  ],
  [
    "a range from too far",
    forEach({ range: { start: -1_000_000_001, end: 1 } }),
    "spec.tasks[0].forEach.range.start",
    /greater than or equal to/,
  ],
  [
    "a result of 257 characters",
    forEach({ result: "a".repeat(257) }),
    "spec.tasks[0].forEach.result",
    /may not be more than 256/,
  ],
  [
    "maxParallel 0",
    forEach({ range: { end: 2 }, maxParallel: 0 }),
    "spec.tasks[0].forEach.maxParallel",
    /greater than or equal to 1/,
  ],
  [
    "maxParallel 10,001",
    forEach({ range: { end: 2 }, maxParallel: 10_001 }),
    "spec.tasks[0].forEach.maxParallel",
    /less than or equal to 10000/,
  ],
];

const VALUES: readonly Bad[] = [
  ["a param without a name", params({ default: "x" }), "spec.params[0].name", /Required value/],
  ["a param with an empty name", params({ name: "" }), "spec.params[0].name", /at least 1 char/],
  ["a param with a dot", params({ name: "a.b" }), "spec.params[0].name", /must be letters, digits, - and _/],
  ["a param that begins with a digit", params({ name: "1a" }), "spec.params[0].name", /beginning with a letter or _/],
  ["a param that ends with a dash", params({ name: "a-" }), "spec.params[0].name", /not ending with -/],
  [
    "a param with a name of 64 characters",
    params({ name: "a".repeat(64) }),
    "spec.params[0].name",
    /may not be more than 63/,
  ],
  ["two params of one name", params({ name: "a" }, { name: "a" }), "spec.params[1]", /Duplicate value.*"a"/],
  [
    "65 params",
    params(...(many(65, (i) => ({ name: `p${i}` })) as readonly object[])),
    "spec.params",
    /at most 64 items/,
  ],
  [
    "a description of 1,025 characters",
    params({ name: "a", description: "d".repeat(1025) }),
    "spec.params[0].description",
    /may not be more than 1024/,
  ],
  ["a default that is a number", params({ name: "a", default: 7 }), "spec.params[0].default", /must be of type string/],
  [
    "a default of 4,097 characters",
    params({ name: "a", default: "d".repeat(4097) }),
    "spec.params[0].default",
    /may not be more than 4096/,
  ],
  ["no values to choose from", params({ name: "a", enum: [] }), "spec.params[0].enum", /at least 1 item/],
  [
    "101 values to choose from",
    params({ name: "a", enum: many(101, (i) => `v${i}`) }),
    "spec.params[0].enum",
    /at most 100 items/,
  ],
  ["the same value twice", params({ name: "a", enum: ["x", "x"] }), "spec.params[0].enum[1]", /Duplicate value.*"x"/],
  [
    "a workflowRef without a name",
    task({ template: undefined, workflowRef: {} }),
    "spec.tasks[0].workflowRef.name",
    /Required value/,
  ],
  [
    "a workflowRef with an empty name",
    task({ template: undefined, workflowRef: { name: "" } }),
    "spec.tasks[0].workflowRef.name",
    /at least 1 char/,
  ],
  [
    "a workflowRef of 64 characters",
    task({ template: undefined, workflowRef: { name: "a".repeat(64) } }),
    "spec.tasks[0].workflowRef.name",
    /may not be more than 63/,
  ],
  [
    "a sub-workflow's param that is a number",
    task({ template: undefined, workflowRef: { name: "b", params: { n: 1 } } }),
    "spec.tasks[0].workflowRef.params.n",
    /must be of type string/,
  ],
  ["33 results", task({ results: many(33, (i) => ({ name: `r${i}` })) }), "spec.tasks[0].results", /at most 32 items/],
  [
    "two results of one name",
    task({ results: [{ name: "r" }, { name: "r" }] }),
    "spec.tasks[0].results[1]",
    /Duplicate value.*"r"/,
  ],
  ["a result with a dot", task({ results: [{ name: "a.b" }] }), "spec.tasks[0].results[0].name", /should match/],
];

const SETTINGS: readonly Bad[] = [
  ["a limit below 0", task({ retry: { limit: -1 } }), "spec.tasks[0].retry.limit", /greater than or equal to 0/],
  [
    "a limit above 100",
    spec({ taskDefaults: { retry: { limit: 101 } } }),
    "spec.taskDefaults.retry.limit",
    /less than or equal to 100/,
  ],
  [
    "a rule without an action",
    task({ retry: { rules: [{ reasons: ["Evicted"] }] } }),
    "spec.tasks[0].retry.rules[0].action",
    /Required value/,
  ],
  [
    "a deadline of a task of nothing",
    task({ activeDeadlineSeconds: 0 }),
    "spec.tasks[0].activeDeadlineSeconds",
    /greater than or equal to 1/,
  ],
  [
    "a deadline of an attempt of nothing",
    task({ attemptDeadlineSeconds: 0 }),
    "spec.tasks[0].attemptDeadlineSeconds",
    /greater than or equal to 1/,
  ],
  [
    "a deadline of a start of nothing",
    task({ startDeadlineSeconds: 0 }),
    "spec.tasks[0].startDeadlineSeconds",
    /greater than or equal to 1/,
  ],
  [
    "another onUnknownFate",
    task({ onUnknownFate: "Fail" }),
    "spec.tasks[0].onUnknownFate",
    /supported values: "Wait", "Retry"/,
  ],
  [
    "another podRetention",
    spec({ taskDefaults: { podRetention: "Keep" } }),
    "spec.taskDefaults.podRetention",
    /supported values: "Always", "OnFailure", "Never"/,
  ],
  [
    "results among the defaults",
    spec({ taskDefaults: { results: [{ name: "r" }] } }),
    UNKNOWN,
    /unknown field "spec\.taskDefaults\.results"/,
  ],
];

const FINALLY: readonly Bad[] = [
  [
    "101 tasks of finally",
    spec({ finally: many(101, (i) => ({ name: `z${i}`, ...WORK })) }),
    "spec.finally",
    /at most 100 items/,
  ],
  ["a task of finally without a name", spec({ finally: [WORK] }), "spec.finally[0].name", /Required value/],
  ["a task of finally in capitals", atLast({ name: "Z" }), "spec.finally[0].name", /must be lowercase letters/],
  [
    "a task of finally that depends on another",
    atLast({ dependsOn: ["a"] }),
    UNKNOWN,
    /unknown field "spec\.finally\[0\]\.dependsOn"/,
  ],
  [
    "a task of finally with a trigger rule",
    atLast({ triggerRule: "AllDone" }),
    UNKNOWN,
    /unknown field "spec\.finally\[0\]\.triggerRule"/,
  ],
  [
    "a matrix and a range in finally",
    atLast({ forEach: { matrix: { a: ["1"] }, range: { end: 2 } } }),
    "spec.finally[0].forEach.result",
    /exactly one of/,
  ],
];

export const BAD_WORKFLOWS: readonly Bad[] = [...TASKS, ...ORDER, ...LISTS, ...VALUES, ...SETTINGS, ...FINALLY];
