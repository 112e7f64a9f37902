/** Small worlds of workflows with a known end. To extend: add an entry; every run test then takes it up. */
import type { Scripts } from "../script.ts";
import type { TaskDefinition, WorkflowSpec } from "./objects.ts";
import { ordinaryTemplate, type WorkflowPlan } from "./plan.ts";

const FOREVER = Number.POSITIVE_INFINITY;
const FAILS: Scripts = [{ runMs: 300, exitCode: 1 }];
const HANGS: Scripts = [{ runMs: FOREVER, stopMs: 500 }];

function after(name: string, ...dependsOn: readonly string[]): TaskDefinition {
  return { name, ...(dependsOn.length > 0 && { dependsOn }) };
}

/** A task that gets these values. */
function given(task: TaskDefinition, values: Readonly<Record<string, string>>): TaskDefinition {
  return { ...task, template: ordinaryTemplate("1", values) };
}

function only(spec: WorkflowSpec, rest: Partial<WorkflowPlan> = {}): readonly WorkflowPlan[] {
  return [{ name: "flow", spec, ...rest }];
}

const files = { results: [{ name: "files" }] };
const LISTING: Scripts = [{ runMs: 300, says: '{"files":["x","y","z"]}' }];

/** Lists three files, loads each, two at a time, and cleans up. */
const MAPPED: WorkflowSpec = {
  tasks: [
    { ...after("list"), ...files },
    given(
      { ...after("load", "list"), forEach: { result: "$(tasks.list.results.files)", maxParallel: 2 } },
      { FILE: "$(item)", AT: "$(index)" },
    ),
  ],
  finally: [given({ name: "tidy" }, { CAME_TO: "$(run.status)" })],
};

const SUB: WorkflowPlan = {
  name: "sub",
  spec: {
    run: "Manual",
    params: [{ name: "day" }],
    tasks: [given(after("one"), { DAY: "$(params.day)" }), after("two", "one")],
  },
};

const CALLS_SUB: WorkflowSpec = {
  tasks: [after("a"), { ...after("call", "a"), workflowRef: { name: "sub", params: { day: "$(run.name)" } } }],
  finally: [{ name: "tidy" }],
};

export const WORKFLOW_SCENARIOS: Readonly<Record<string, readonly WorkflowPlan[]>> = {
  workflowDiamond: only(
    { tasks: [after("a"), after("b", "a"), after("c", "a"), after("d", "b", "c")] },
    { wants: [{ phase: "Succeeded", states: "SSSS" }] },
  ),
  /** Part 1 fails at first; the retry runs that part alone, and finally once more. */
  workflowMappedRetried: only(MAPPED, {
    scripts: { list: LISTING, "load[1]@0": FAILS },
    acts: [{ when: { is: "ended" }, afterMs: 1000, deed: { kind: "retry", retry: { id: "again" } } }],
    wants: [{ phase: "Succeeded", states: "SSS" }],
  }),
  workflowMappedFails: only(MAPPED, {
    scripts: { list: LISTING, "load[1]": FAILS },
    wants: [{ phase: "Failed", states: "SFS", reason: "TaskFailed" }],
  }),
  workflowEmptyList: only(MAPPED, {
    scripts: { list: [{ runMs: 300, says: '{"files":[]}' }] },
    wants: [{ phase: "Succeeded", states: "SKS" }],
  }),
  workflowNoList: only(MAPPED, {
    scripts: { list: [{ runMs: 300, says: '{"files":"none"}' }] },
    wants: [{ phase: "Failed", states: "SFS" }],
  }),
  workflowFailure: only(
    { tasks: [after("a"), after("b", "a"), after("c")] },
    { scripts: { a: FAILS }, wants: [{ phase: "Failed", states: "FUS" }] },
  ),
  workflowHandledFailure: only(
    { tasks: [after("a"), { ...after("b", "a"), triggerRule: "OneFailed" }] },
    { scripts: { a: FAILS }, wants: [{ phase: "Succeeded", states: "FS" }] },
  ),
  workflowSkips: only(
    {
      params: [{ name: "region", default: "eu" }],
      tasks: [
        { ...after("a"), when: 'params.region == "us"' },
        after("b", "a"),
        { ...after("c", "a"), triggerRule: "NoneFailed" },
        { ...after("d", "a", "c"), triggerRule: "NoneFailedMinOneSuccess", when: 'tasks.a.status == "Skipped"' },
      ],
    },
    { wants: [{ phase: "Succeeded", states: "KKSS" }] },
  ),
  workflowFailFast: only(
    { onFailure: "FailFast", tasks: [after("a"), after("b"), after("c", "b")], finally: [{ name: "tidy" }] },
    { scripts: { a: FAILS, b: HANGS }, wants: [{ phase: "Failed", states: "FCCS" }] },
  ),
  workflowDeadline: only(
    { activeDeadlineSeconds: 6, tasks: [after("a"), after("b", "a")], finally: [{ name: "tidy" }] },
    { scripts: { a: HANGS }, wants: [{ phase: "Failed", states: "CCS", reason: "DeadlineExceeded" }] },
  ),
  workflowSuspended: only(
    { tasks: [after("a"), after("b", "a")] },
    {
      scripts: { a: [{ runMs: FOREVER, stopMs: 500 }, { runMs: 500 }] },
      acts: [
        { when: { is: "taskRuns", task: "a" }, afterMs: 2000, deed: { kind: "suspend" } },
        { when: { is: "suspended" }, afterMs: 3000, deed: { kind: "resume" } },
      ],
      wants: [{ phase: "Succeeded", states: "SS" }],
    },
  ),
  workflowCancelled: only(
    { tasks: [after("a"), after("b", "a")], finally: [{ name: "tidy" }] },
    {
      scripts: { a: HANGS },
      acts: [{ when: { is: "taskRuns", task: "a" }, afterMs: 2000, deed: { kind: "cancel" } }],
      wants: [{ phase: "Cancelled", states: "CCS" }],
    },
  ),
  subWorkflow: [{ name: "flow", spec: CALLS_SUB, wants: [{ phase: "Succeeded", states: "SSS" }] }, SUB],
  subWorkflowCancelled: [
    {
      name: "flow",
      spec: CALLS_SUB,
      acts: [{ when: { is: "taskMade", task: "call" }, afterMs: 4000, deed: { kind: "cancel" } }],
      wants: [{ phase: "Cancelled", states: "SCS" }],
    },
    { ...SUB, scripts: { one: HANGS } },
  ],
  subWorkflowRetried: [
    {
      name: "flow",
      spec: CALLS_SUB,
      acts: [{ when: { is: "ended" }, afterMs: 1000, deed: { kind: "retry", retry: { id: "again" } } }],
      wants: [{ phase: "Succeeded", states: "SSS" }],
    },
    { ...SUB, scripts: { "two@0": FAILS } },
  ],
  subWorkflowMissing: [
    { name: "flow", spec: CALLS_SUB, wants: [{ phase: "Succeeded" }] },
    { ...SUB, createAtMs: 15_000 },
  ],
  /** The run under way goes on by the old edition; the new one has a run of its own. */
  workflowEdited: only(
    { tasks: [after("a"), after("b", "a"), after("c", "b")] },
    {
      scripts: { a: [{ runMs: 4000 }] },
      acts: [{ when: { is: "taskRuns", task: "a" }, afterMs: 1000, deed: { kind: "edit", edition: "2" } }],
      wants: [{ phase: "Succeeded", states: "SSS" }],
    },
  ),
  workflowHistory: only(
    { history: { succeeded: 1 }, tasks: [after("a")] },
    {
      acts: ["2", "3", "4"].map((edition) => ({
        when: { is: "ended" as const },
        afterMs: Number(edition) * 5000,
        deed: { kind: "edit" as const, edition },
      })),
      wants: [{ phase: "Succeeded" }],
    },
  ),
  workflowBounded: only(
    {
      maxParallelTasks: 2,
      tasks: [
        { ...after("a"), forEach: { range: { end: 4 } } },
        after("b"),
        { ...after("c"), forEach: { items: ["x"] } },
      ],
    },
    { wants: [{ phase: "Succeeded", states: "SSS" }] },
  ),
  /** Where its end cannot be told from its never having been made, it is made again. */
  workflowTaskDeleted: only(
    { tasks: [after("a"), after("b", "a")] },
    {
      scripts: { a: [{ runMs: 20_000, stopMs: 500 }] },
      acts: [{ when: { is: "taskRuns", task: "a" }, afterMs: 2000, deed: { kind: "deleteTask", task: "a" } }],
      wants: [
        { phase: "Failed", states: "FU" },
        { phase: "Succeeded", states: "SS" },
      ],
    },
  ),
  workflowTaskCancelled: only(
    { tasks: [after("a"), after("b", "a")] },
    {
      scripts: { a: HANGS },
      acts: [{ when: { is: "taskRuns", task: "a" }, afterMs: 2000, deed: { kind: "cancelTask", task: "a" } }],
      wants: [{ phase: "Failed", states: "CU" }],
    },
  ),
  workflowDeleted: only(
    { tasks: [after("a"), after("b", "a")] },
    {
      scripts: { a: HANGS },
      acts: [
        { when: { is: "taskRuns", task: "a" }, afterMs: 2000, deed: { kind: "deleteWorkflow", mode: "Foreground" } },
      ],
      wants: "gone",
    },
  ),
  workflowRunDeleted: only(
    { tasks: [after("a"), after("b", "a")] },
    {
      scripts: { a: HANGS },
      acts: [{ when: { is: "taskRuns", task: "a" }, afterMs: 2000, deed: { kind: "deleteRun", mode: "Background" } }],
      wants: "gone",
    },
  ),
  workflowRetriedByName: only(
    { tasks: [after("a"), after("b", "a"), after("c", "b"), after("d")] },
    {
      scripts: { "b@1": FAILS },
      acts: [
        {
          when: { is: "ended" },
          afterMs: 1000,
          deed: { kind: "retry", retry: { id: "1", scope: "Tasks", tasks: ["b"] } },
        },
        {
          when: { is: "endedAgain" },
          afterMs: 1000,
          deed: { kind: "retry", retry: { id: "2", scope: "TasksAndDownstream", tasks: ["b"] } },
        },
      ],
      wants: [{ phase: "Succeeded", states: "SSSS" }],
    },
  ),
  workflowNothingToRetry: only(
    { tasks: [after("a")], finally: [{ name: "tidy" }] },
    {
      acts: [{ when: { is: "ended" }, afterMs: 1000, deed: { kind: "retry", retry: { id: "1" } } }],
      wants: [{ phase: "Succeeded", states: "SS" }],
    },
  ),
  /** Its retry comes before its end and finds nothing to do after it: the history must be looked at once more. */
  workflowNothingToRetryNorToKeep: only(
    { history: { succeeded: 0, failed: 0 }, tasks: [after("a")] },
    {
      scripts: { a: [{ runMs: 5000 }] },
      acts: [{ when: { is: "taskRuns", task: "a" }, deed: { kind: "retry", retry: { id: "1" } } }],
      wants: "gone",
    },
  ),
  workflowNotThere: only(
    { run: "Manual", params: [{ name: "p" }], tasks: [given(after("a"), { P: "$(params.p)" })] },
    {
      createAtMs: 12_000,
      runs: [{ name: "early", spec: { params: { p: "1" } } }],
      wants: [{ phase: "Succeeded", states: "S" }],
    },
  ),
  workflowWrongParams: only(
    { run: "Manual", params: [{ name: "p" }], tasks: [after("a")] },
    {
      runs: [{ name: "wrong", createAtMs: 500, spec: { params: { q: "1" } } }],
      wants: [{ phase: "Failed", reason: "InvalidParams" }],
    },
  ),
  workflowInvalid: only(
    { run: "Manual", tasks: [after("a", "b"), after("b", "a")] },
    { runs: [{ name: "wrong", createAtMs: 500 }], wants: [{ phase: "Failed", reason: "InvalidWorkflow" }] },
  ),
};
