/** Specs of Workflows and WorkflowRuns that the API server stores as they are. What is wrong with their meaning is no matter here. */
import type { Good } from "./good.ts";

const MAIN = { name: "main", image: "busybox:1.37" };
const WORK = { template: { spec: { containers: [MAIN] } } };

const spec = (change: Good[1]): Good[1] => ({ tasks: [{ name: "a", ...WORK }], ...change });
const task = (change: object): Good[1] => ({ tasks: [{ name: "a", ...WORK, ...change }] });
const forEach = (change: object): Good[1] => task({ forEach: change });

export const GOOD_WORKFLOWS: readonly Good[] = [
  ["one task and nothing else", spec({})],
  ["10,000 tasks", { taskDefaults: WORK, tasks: Array.from({ length: 10_000 }, (_, i) => ({ name: `t${i}` })) }],
  ["the longest name of a task", { tasks: [{ name: "a".repeat(63), ...WORK }] }],
  [
    "a task with all settings of a TaskRun",
    task({
      podTemplateRef: { name: "python" },
      retry: {
        limit: 2,
        infrastructureLimit: 5,
        backoff: { initialSeconds: 1, factor: 3, maxSeconds: 9 },
        rules: [{ reasons: ["OOMKilled"], action: "Retry", memory: { factor: "1.5", max: "2Gi" } }],
        avoidNode: "Prefer",
      },
      activeDeadlineSeconds: 7200,
      attemptDeadlineSeconds: 3600,
      startDeadlineSeconds: 600,
      onUnknownFate: "Retry",
      podRetention: "OnFailure",
      results: [{ name: "rows" }],
    }),
  ],
  [
    "the defaults of tasks",
    spec({ taskDefaults: { ...WORK, retry: { limit: 1 }, podTemplateRef: { name: "python" }, podRetention: "Never" } }),
  ],
  [
    "fields of a pod that no schema here names, nulls and directives",
    task({
      template: {
        metadata: { labels: { a: null } },
        spec: { containers: [{ $patch: "replace" }, MAIN], future: { deep: [null, 1.5] } },
      },
    }),
  ],
  [
    "an order of tasks, and rules for it",
    {
      tasks: [
        { name: "a", ...WORK },
        { name: "b", ...WORK, dependsOn: ["a"], triggerRule: "OneFailed" },
        {
          name: "c",
          ...WORK,
          dependsOn: ["a", "b"],
          triggerRule: "NoneFailedMinOneSuccess",
          when: 'params.region == "eu"',
        },
      ],
    },
  ],
  [
    "elements of all sorts",
    forEach({ items: ["text", 1, 1.5, true, null, ["a"], { key: "value", deep: { n: 1 } }], maxParallel: 2 }),
  ],
  ["no elements", forEach({ items: [] })],
  ["a matrix", forEach({ matrix: { arch: ["amd64", "arm64"], go: ["1.25", "1.26"] } })],
  ["a range", forEach({ range: { start: -5, end: 100, step: 5 } })],
  ["a range to nowhere", forEach({ range: { start: 5, end: 5 } })],
  ["a result", forEach({ result: "$(tasks.list.results.files)" })],
  [
    "params",
    spec({
      params: [
        { name: "region", description: "where", default: "eu", enum: ["eu", "us"] },
        { name: "_day-1" },
        { name: "empty", default: "" },
      ],
    }),
  ],
  ["a sub-workflow", { tasks: [{ name: "ship", workflowRef: { name: "shipping", params: { day: "$(run.ds)" } } }] }],
  [
    "finally",
    spec({
      finally: [
        { name: "clean", ...WORK, when: 'run.status != "Succeeded"', forEach: { range: { end: 3 } } },
        { name: "tell", workflowRef: { name: "mail" } },
      ],
    }),
  ],
  [
    "all settings of the whole",
    spec({
      maxParallelTasks: 50,
      onFailure: "FailFast",
      activeDeadlineSeconds: 31_536_000,
      run: "Manual",
      suspend: true,
      history: { succeeded: 0, failed: 1000 },
    }),
  ],
];

const run = (change: Good[1]): Good[1] => ({ workflowRef: { name: "sales" }, ...change });

export const GOOD_RUNS: readonly Good[] = [
  ["a Workflow and nothing else", run({})],
  ["params", run({ params: { region: "us", empty: "", long: "v".repeat(4096) } })],
  ["a data interval", run({ dataInterval: { start: "2026-11-21T00:00:00Z", end: "2026-11-22T00:00:00Z" } })],
  [
    "a data interval of a moment",
    run({ dataInterval: { start: "2026-11-21T00:00:00Z", end: "2026-11-21T00:00:00Z" } }),
  ],
  ["one that is suspended from the start", run({ suspend: true })],
  ["one that is cancelled from the start", run({ cancel: true })],
  ["a retry of what failed", run({ retry: { id: "2026-11-21a" } })],
  ["a retry of what failed, in so many words", run({ retry: { id: "1", scope: "Failed" } })],
  ["a retry of tasks", run({ retry: { id: "1", scope: "Tasks", tasks: ["load", "report"] } })],
  [
    "a retry of tasks and what depends on them",
    run({ retry: { id: "1", scope: "TasksAndDownstream", tasks: ["load"] } }),
  ],
];
