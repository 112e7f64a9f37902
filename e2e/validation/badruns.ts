/** WorkflowRuns that the API server refuses. */
import type { Bad } from "./bad.ts";

const spec = (change: object): object => ({ workflowRef: { name: "sales" }, ...change });
const retry = (change: object): object => spec({ retry: { id: "1", ...change } });
const interval = (start: unknown, end: unknown): object => spec({ dataInterval: { start, end } });
const many = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `t${i}`);

const UNKNOWN = "";
const TASKS = /must be given with scope Tasks or TasksAndDownstream, and left out with scope Failed/;

export const BAD_RUNS: readonly Bad[] = [
  ["no spec at all", undefined, "spec", /Required value/],
  ["no Workflow", {}, "spec.workflowRef", /Required value/],
  ["a Workflow that is text", { workflowRef: "sales" }, "spec.workflowRef", /must be of type object/],
  ["a Workflow without a name", { workflowRef: {} }, "spec.workflowRef.name", /Required value/],
  ["a Workflow with an empty name", { workflowRef: { name: "" } }, "spec.workflowRef.name", /at least 1 char/],
  [
    "a Workflow with a name of 64 characters",
    { workflowRef: { name: "a".repeat(64) } },
    "spec.workflowRef.name",
    /more than 63/,
  ],
  ["tasks of its own", spec({ tasks: [{ name: "a" }] }), UNKNOWN, /unknown field "spec\.tasks"/],
  ["a param that is a number", spec({ params: { n: 7 } }), "spec.params.n", /must be of type string/],
  ["a param that is a list", spec({ params: { n: ["a"] } }), "spec.params.n", /must be of type string/],
  [
    "a param of 4,097 characters",
    spec({ params: { n: "v".repeat(4097) } }),
    "spec.params.n",
    /may not be more than 4096/,
  ],
  [
    "65 params",
    spec({ params: Object.fromEntries(many(65).map((name) => [name, "v"])) }),
    "spec.params",
    /at most 64 items/,
  ],
  [
    "a data interval without an end",
    spec({ dataInterval: { start: "2026-11-21T00:00:00Z" } }),
    "spec.dataInterval.end",
    /Required value/,
  ],
  [
    "a data interval without a start",
    spec({ dataInterval: { end: "2026-11-21T00:00:00Z" } }),
    "spec.dataInterval.start",
    /Required value/,
  ],
  ["a day in place of a time", interval("2026-11-21", "2026-11-22T00:00:00Z"), "spec.dataInterval.start", /date-time/],
  [
    "a data interval that ends before it starts",
    interval("2026-11-22T00:00:00Z", "2026-11-21T00:00:00Z"),
    "spec.dataInterval.end",
    /must not be before start/,
  ],
  ["suspend that is text", spec({ suspend: "no" }), "spec.suspend", /must be of type boolean/],
  ["cancel that is text", spec({ cancel: "no" }), "spec.cancel", /must be of type boolean/],
  ["a retry without an id", spec({ retry: {} }), "spec.retry.id", /Required value/],
  ["a retry with an empty id", retry({ id: "" }), "spec.retry.id", /at least 1 char/],
  ["a retry with an id of 64 characters", retry({ id: "i".repeat(64) }), "spec.retry.id", /may not be more than 63/],
  ["a retry with an id that is a number", retry({ id: 1 }), "spec.retry.id", /must be of type string/],
  [
    "a retry of another scope",
    retry({ scope: "All" }),
    "spec.retry.scope",
    /supported values: "Failed", "Tasks", "TasksAndDownstream"/,
  ],
  ["a retry of tasks without any", retry({ scope: "Tasks" }), "spec.retry.tasks", TASKS],
  ["a retry of tasks with an empty list", retry({ scope: "TasksAndDownstream", tasks: [] }), "spec.retry.tasks", TASKS],
  ["a retry of what failed that names tasks", retry({ tasks: ["a"] }), "spec.retry.tasks", TASKS],
  [
    "a retry of what failed that names tasks, in so many words",
    retry({ scope: "Failed", tasks: ["a"] }),
    "spec.retry.tasks",
    TASKS,
  ],
  ["a retry of 1,001 tasks", retry({ scope: "Tasks", tasks: many(1001) }), "spec.retry.tasks", /at most 1000 items/],
  [
    "a retry that names a task twice",
    retry({ scope: "Tasks", tasks: ["a", "a"] }),
    "spec.retry.tasks[1]",
    /Duplicate value.*"a"/,
  ],
  [
    "a retry of a task with an empty name",
    retry({ scope: "Tasks", tasks: [""] }),
    "spec.retry.tasks[0]",
    /at least 1 char/,
  ],
  [
    "a retry of a task with a name of 64 characters",
    retry({ scope: "Tasks", tasks: ["a".repeat(64)] }),
    "spec.retry.tasks[0]",
    /may not be more than 63/,
  ],
];
