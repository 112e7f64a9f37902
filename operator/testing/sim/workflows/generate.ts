/** The workflows of a seed: small definitions with all that a definition may say, what their programs do, and what people do to them. */
import type { Random } from "../random.ts";
import type { PodScript, Scripts } from "../script.ts";
import type { RunMoment, WorkflowAct, WorkflowDeed } from "./acts.ts";
import type { ForEach, RunRetry, TaskDefinition, WorkflowSpec } from "./objects.ts";
import { ordinaryTemplate, type RunPlan, type WorkflowPlan } from "./plan.ts";

const FOREVER = Number.POSITIVE_INFINITY;
const TASKS_MAX = 8;

/** These wait for everything that a task depends on, so that what it may look at has ended. */
const WAITING = [
  "AllSucceeded",
  "AllSucceeded",
  "AllDone",
  "NoneFailed",
  "NoneFailedMinOneSuccess",
  "NoneSkipped",
  "AllFailed",
] as const;
const HASTY = ["OneSucceeded", "OneFailed", "Always"] as const;

/** What nobody can run comes to an end with a word. */
const INVALID = ["InvalidWorkflow", "InvalidParams"].map((reason) => ({ phase: "Failed", reason }));

interface Setting {
  readonly chaosMs: number;
  /** How probable it is that people touch a workflow. */
  readonly users: number;
}

/** None, one, or one with a second one that may be its sub-workflow. */
export function drawWorkflows(random: Random, setting: Setting): readonly WorkflowPlan[] {
  if (random.chance(0.35)) return [];
  const sub = random.chance(0.4) ? drawSub(random.fork("sub"), setting) : undefined;
  const main = drawWorkflow(random.fork("main"), setting, sub);
  return sub === undefined ? [main] : [main, sub];
}

function drawSub(random: Random, setting: Setting): WorkflowPlan {
  const tasks: TaskDefinition[] = [
    { name: "one", template: ordinaryTemplate("1", { DAY: "$(params.day)" }) },
    { name: "two", dependsOn: ["one"] },
  ];
  const last = random.chance(0.4) ? { finally: [{ name: "end" }] } : {};
  const scripts = { one: drawScripts(random.fork("one"), false), two: drawScripts(random.fork("two"), false) };
  // Sometimes it comes late: its run waits.
  const createAtMs = random.chance(0.3) ? random.int(0, setting.chaosMs) : 0;
  return {
    name: "sub",
    createAtMs,
    spec: { run: "Manual", params: [{ name: "day", default: "x" }], tasks, ...last },
    scripts,
  };
}

function drawWorkflow(random: Random, setting: Setting, sub: WorkflowPlan | undefined): WorkflowPlan {
  const count = random.int(1, TASKS_MAX);
  const scripts: Record<string, Scripts> = {};
  const tasks: TaskDefinition[] = [];
  const hasDeadline = random.chance(0.2);
  for (let i = 0; i < count; i++) {
    const own = random.fork(`task-${i}`);
    tasks.push(drawTask(own, { name: `t${i}`, earlier: tasks, scripts, sub, mayHang: hasDeadline }));
  }
  const last = random.fork("finally").chance(0.4) ? { finally: drawFinally(random.fork("finally"), tasks) } : {};
  const acts = random.fork("acts").chance(setting.users) ? drawActs(random.fork("acts"), tasks) : [];
  const createAtMs = random.int(0, setting.chaosMs / 2);
  const isManual = random.chance(0.25);
  const spec: WorkflowSpec = {
    params: [{ name: "region", default: "eu", enum: ["eu", "us"] }],
    ...drawBounds(random.fork("bounds")),
    ...(hasDeadline && { activeDeadlineSeconds: random.pick([5, 20, 60]) }),
    ...(random.chance(0.2) && { onFailure: "FailFast" as const }),
    ...(isManual && { run: "Manual" as const }),
    tasks,
    ...last,
  };
  const runs = drawRuns(random.fork("runs"), { createAtMs, isManual });
  return {
    name: "flow",
    createAtMs,
    ...(random.fork("poison").chance(0.06) && acts.length === 0
      ? { spec: poisoned(random.fork("poison"), spec), wants: INVALID }
      : { spec }),
    scripts,
    ...(runs.length > 0 && { runs }),
    ...(acts.length > 0 && { acts }),
  };
}

function drawBounds(random: Random): Partial<WorkflowSpec> {
  return {
    ...(random.chance(0.3) && { maxParallelTasks: random.int(1, 3) }),
    ...(random.chance(0.2) && { history: { succeeded: random.int(0, 2), failed: random.int(0, 2) } }),
  };
}

interface TaskGround {
  readonly name: string;
  readonly earlier: readonly TaskDefinition[];
  readonly scripts: Record<string, Scripts>;
  readonly sub: WorkflowPlan | undefined;
  readonly mayHang: boolean;
}

function drawTask(random: Random, { name, earlier, scripts, sub, mayHang }: TaskGround): TaskDefinition {
  const dependsOn = random
    .shuffled(earlier)
    .slice(0, random.pick([0, 1, 1, 2, 3]))
    .map((task) => task.name);
  const isHasty = dependsOn.length > 1 && random.chance(0.25);
  const rule = random.chance(0.5) ? {} : { triggerRule: isHasty ? random.pick(HASTY) : random.pick(WAITING) };
  const upstream = isHasty ? [] : earlier.filter((task) => dependsOn.includes(task.name));
  const base: TaskDefinition = {
    name,
    ...(dependsOn.length > 0 && { dependsOn, ...rule }),
    ...drawWhen(random.fork("when"), upstream),
    ...drawForEach(random.fork("forEach"), upstream),
  };
  if (sub !== undefined && random.chance(0.25))
    return { ...base, workflowRef: { name: "sub", params: { day: "$(run.name)" } } };
  scripts[name] = drawScripts(random.fork("script"), mayHang);
  if (base.forEach !== undefined && random.chance(0.5)) scripts[`${name}[1]`] = drawScripts(random.fork("part"), false);
  if (random.chance(0.6)) scripts[`${name}@1`] = [{ runMs: 300 }];
  const results =
    base.forEach === undefined && random.chance(0.4) ? drawResults(random.fork("results"), scripts, name) : {};
  return {
    ...base,
    ...drawRetry(random.fork("retry")),
    ...results,
    template: drawTemplate(random.fork("template"), base, upstream),
  };
}

function drawTemplate(random: Random, task: TaskDefinition, upstream: readonly TaskDefinition[]): unknown {
  const source = upstream.find(({ results, forEach }) => results !== undefined && forEach === undefined);
  const input = source !== undefined && random.chance(0.6) ? { ROWS: `rows $(tasks.${source.name}.results.rows)` } : {};
  const item = task.forEach === undefined ? {} : { ITEM: "$(item)", AT: "$(index)" };
  return ordinaryTemplate("1", { REGION: "$(params.region)", LITERAL: "$$(params.region) $(HOME)", ...input, ...item });
}

/** It hands over rows (a number) and files (a list), or nothing of it. */
function drawResults(random: Random, scripts: Record<string, Scripts>, name: string): Pick<TaskDefinition, "results"> {
  const files = random.pick(['["x","y"]', "[]", '["only"]', '[1,{"k":2},"x","y"]']);
  const says = JSON.stringify({ rows: String(random.int(0, 9)), files });
  for (const place of [name, `${name}@1`]) {
    const known = scripts[place];
    if (known === undefined) continue;
    const [first, ...rest] = known;
    scripts[place] = [{ ...first, says }, ...rest.map((script) => ({ ...script, says }))];
  }
  return { results: [{ name: "rows" }, { name: "files" }] };
}

function drawWhen(random: Random, upstream: readonly TaskDefinition[]): Pick<TaskDefinition, "when"> {
  if (random.chance(0.75)) return {};
  const [first] = upstream;
  if (first === undefined || random.chance(0.3)) return { when: `params.region ${random.pick(["==", "!="])} "eu"` };
  if (first.results !== undefined && random.chance(0.4)) return { when: `tasks.${first.name}.results.rows != "3"` };
  return {
    when: `tasks.${first.name}.status ${random.pick(["==", "!="])} "${random.pick(["Succeeded", "Failed", "Skipped"])}"`,
  };
}

function drawForEach(random: Random, upstream: readonly TaskDefinition[]): Pick<TaskDefinition, "forEach"> {
  if (random.chance(0.7)) return {};
  const bound = random.chance(0.4) ? { maxParallel: random.int(1, 2) } : {};
  const source = upstream.find(({ results, forEach }) => results !== undefined && forEach === undefined);
  if (source !== undefined && random.chance(0.6)) {
    return { forEach: { result: `$(tasks.${source.name}.results.files)`, ...bound } };
  }
  const list = random.pick<ForEach>([
    { range: { end: random.int(0, 4) } },
    { items: ["a", 1, { k: "v" }] },
    { items: [] },
    { matrix: { a: ["x", "y"], b: ["1", "2"] } },
  ]);
  return { forEach: { ...list, ...bound } };
}

function drawFinally(random: Random, tasks: readonly TaskDefinition[]): readonly TaskDefinition[] {
  const first = tasks[0]?.name ?? "";
  const values = { CAME_TO: "$(run.status)", FIRST: `$(tasks.${first}.status)` };
  const end = { name: "end", template: ordinaryTemplate("1", values) };
  if (random.chance(0.5)) return [end];
  return [end, { name: "alarm", when: 'run.status == "Failed"' }];
}

function drawRetry(random: Random): Pick<TaskDefinition, "retry"> {
  if (random.chance(0.7)) return {};
  return {
    retry: { limit: random.int(1, 2), backoff: { initialSeconds: random.pick([0, 1, 5]), factor: 1, maxSeconds: 60 } },
  };
}

/** Only where the run has a deadline may a program hang: all others must come to an end by themselves. */
function drawScripts(random: Random, mayHang: boolean): Scripts {
  if (mayHang && random.chance(0.2)) return [{ runMs: FOREVER, stopMs: random.pick([0, 500, 5000]) }];
  const script = (): PodScript => {
    const base = { runMs: random.pick([0, 200, 1000, 4000, 10_000]), stopMs: random.pick([0, 500, 5000]) };
    if (random.chance(0.06)) return { ...base, oom: true };
    if (random.chance(0.06)) return { ...base, pullFailsMs: 6000 };
    return { ...base, exitCode: random.chance(0.3) ? 1 : 0 };
  };
  return [script(), script()];
}

function drawRuns(
  random: Random,
  { createAtMs, isManual }: { createAtMs: number; isManual: boolean },
): readonly RunPlan[] {
  const count = isManual ? random.int(1, 2) : random.chance(0.2) ? 1 : 0;
  return Array.from({ length: count }, (_, i) => {
    const params = random.chance(0.4) ? { params: { region: random.pick(["us", "eu", "mars"]) } } : {};
    // Sometimes before its Workflow.
    const atMs = Math.max(0, createAtMs + random.pick([-3000, 500, 5000]));
    return { name: `run-${i}`, createAtMs: atMs, spec: { ...params, ...(random.chance(0.05) && { suspend: true }) } };
  });
}

/** Definitions that the schema lets through and nobody can run. */
function poisoned(random: Random, spec: WorkflowSpec): WorkflowSpec {
  const [first = { name: "t0" }, ...rest] = spec.tasks;
  const wrong = random.pick<TaskDefinition>([
    { ...first, dependsOn: [first.name] },
    { ...first, dependsOn: ["nobody"] },
    { ...first, when: "params.region ==" },
    { ...first, when: 'params.nothing == "x"' },
    { ...first, template: ordinaryTemplate("1", { X: "$(params.nothing)" }) },
    { ...first, template: ordinaryTemplate("1", { X: "$(tasks.nobody.results.rows)" }) },
    { ...first, forEach: { result: "no reference" } },
    { ...first, template: { spec: { containers: [{ name: "main", image: "i" }], restartPolicy: "Always" } } },
    { ...first, workflowRef: { name: "flow" }, template: undefined },
  ]);
  return { ...spec, tasks: [wrong, ...rest] };
}

function drawActs(random: Random, tasks: readonly TaskDefinition[]): readonly WorkflowAct[] {
  const names = tasks.map(({ name }) => name);
  const task = random.pick([names[0] ?? "t0", ...names]);
  const moment = (): RunMoment =>
    random.pick<RunMoment>([
      { is: "created" },
      { is: "started" },
      { is: "suspended" },
      { is: "ended" },
      { is: "endedAgain" },
      { is: "taskMade", task },
      { is: "taskRuns", task },
      { is: "taskEnded", task },
    ]);
  const retry = (): RunRetry => {
    const id = `retry-${random.int(1, 3)}`;
    if (random.chance(0.6)) return { id };
    return { id, scope: random.pick(["Tasks", "TasksAndDownstream"]), tasks: [random.pick([task, task, "nobody"])] };
  };
  const deed = (): WorkflowDeed =>
    random.pick<WorkflowDeed>([
      { kind: "cancel" },
      { kind: "suspend" },
      { kind: "resume" },
      { kind: "retry", retry: retry() },
      { kind: "retry", retry: retry() },
      { kind: "edit", edition: "2" },
      { kind: "edit", edition: "3" },
      { kind: "cancelTask", task },
      { kind: "deleteTask", task },
      { kind: "deleteRun", mode: random.pick(["Background", "Foreground", "Orphan"]) },
      { kind: "deleteWorkflow", mode: random.pick(["Background", "Foreground", "Orphan"]) },
      { kind: "suspendWorkflow" },
      { kind: "resumeWorkflow" },
    ]);
  const drawn = Array.from({ length: random.int(1, 3) }, () => ({
    when: moment(),
    afterMs: random.pick([0, 10, 200, 1500, 6000]),
    deed: deed(),
  }));
  // A retry is worth most after an end.
  const usual: WorkflowAct = {
    when: { is: "ended" },
    afterMs: random.pick([0, 500, 5000]),
    deed: { kind: "retry", retry: { id: "usual" } },
  };
  return random.chance(0.5) ? [...drawn, usual] : drawn;
}
