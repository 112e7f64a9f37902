/** Changes of stored Workflows and WorkflowRuns, allowed and refused. */
import type { Update } from "./updates.ts";

const DAY = { start: "2026-11-21T00:00:00Z", end: "2026-11-22T00:00:00Z" };
const ANY = /(?:)/;

const TASK = { name: "a", podTemplateRef: { name: "any" } };

export const WORKFLOW_UPDATES: readonly Update[] = [
  {
    it: "allowed: other tasks, another order, other settings",
    before: { tasks: [TASK, { ...TASK, name: "b" }] },
    patch: {
      tasks: [
        { ...TASK, name: "c" },
        { ...TASK, dependsOn: ["c"] },
      ],
      run: "Manual",
      onFailure: "FailFast",
    },
    words: ANY,
  },
  { it: "allowed: suspend", before: { tasks: [TASK] }, patch: { suspend: true }, words: ANY },
  {
    it: "refused: no task left",
    before: { tasks: [TASK] },
    patch: { tasks: null },
    field: "spec.tasks",
    words: /Required/,
  },
];

const spec = (change: object): object => ({ workflowRef: { name: "sales" }, ...change });
const fixed = (field: string): Pick<Update, "field" | "words"> => {
  return { field: `spec.${field}`, words: /cannot be changed later; create another WorkflowRun/ };
};

export const RUN_UPDATES: readonly Update[] = [
  {
    it: "refused: another Workflow",
    before: spec({}),
    patch: { workflowRef: { name: "other" } },
    ...fixed("workflowRef"),
  },
  { it: "refused: params given later", before: spec({}), patch: { params: { a: "1" } }, ...fixed("params") },
  {
    it: "refused: another param",
    before: spec({ params: { a: "1" } }),
    patch: { params: { a: "2" } },
    ...fixed("params"),
  },
  {
    it: "refused: params taken away",
    before: spec({ params: { a: "1" } }),
    patch: { params: null },
    ...fixed("params"),
  },
  {
    it: "refused: a data interval given later",
    before: spec({}),
    patch: { dataInterval: DAY },
    ...fixed("dataInterval"),
  },
  {
    it: "refused: another data interval",
    before: spec({ dataInterval: DAY }),
    patch: { dataInterval: { end: "2026-11-23T00:00:00Z" } },
    ...fixed("dataInterval"),
  },
  {
    it: "refused: a data interval taken away",
    before: spec({ dataInterval: DAY }),
    patch: { dataInterval: null },
    ...fixed("dataInterval"),
  },
  {
    it: "refused: a scope of a retry that needs tasks",
    before: spec({ retry: { id: "1" } }),
    patch: { retry: { scope: "Tasks" } },
    field: "spec.retry.tasks",
    words: /must be given with scope Tasks/,
  },
  { it: "allowed: empty params taken away", before: spec({ params: {} }), patch: { params: null }, words: ANY },
  { it: "allowed: suspend and resume", before: spec({ suspend: true }), patch: { suspend: false }, words: ANY },
  { it: "allowed: cancel", before: spec({}), patch: { cancel: true }, words: ANY },
  { it: "allowed: cancel taken back", before: spec({ cancel: true }), patch: { cancel: null }, words: ANY },
  { it: "allowed: a retry", before: spec({}), patch: { retry: { id: "1" } }, words: ANY },
  { it: "allowed: another retry", before: spec({ retry: { id: "1" } }), patch: { retry: { id: "2" } }, words: ANY },
  { it: "allowed: a retry taken away", before: spec({ retry: { id: "1" } }), patch: { retry: null }, words: ANY },
];
