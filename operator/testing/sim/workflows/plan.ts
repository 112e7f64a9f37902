/** What a simulated world contains of workflows: values only. */
import { type Pod, type TaskRun } from "../objects.ts";
import type { PodScript, Scripts } from "../script.ts";
import type { WorkflowAct } from "./acts.ts";
import type { RunSpec, TaskDefinition, WorkflowSpec } from "./objects.ts";

/** How the runs of a Workflow may end: phases and letters in the order of status.states. Fields left out are not compared. */
export interface RunEnd {
  readonly phase: string;
  readonly states?: string;
  readonly reason?: string;
}

export interface RunPlan {
  readonly name: string;
  readonly createAtMs?: number;
  readonly spec?: Partial<RunSpec>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface WorkflowPlan {
  readonly name: string;
  readonly namespace?: string;
  readonly createAtMs?: number;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Tasks without a template get an ordinary one. */
  readonly spec: WorkflowSpec;
  /**
   * What the programs of its tasks do, by task, part and round of a retry: "load[2]@1", "load@1", "load[2]" or "load"; the most
   * exact one counts. A task without a script is ordinary.
   */
  readonly scripts?: Readonly<Record<string, Scripts>>;
  /** Runs that a person makes, besides those of OnApply. */
  readonly runs?: readonly RunPlan[];
  /** Done to the first run that somebody looks at, or to the Workflow. */
  readonly acts?: readonly WorkflowAct[];
  /** The accepted ends of every run; left out: the simulator's own reading alone decides. "gone": none may exist. */
  readonly wants?: readonly RunEnd[] | "gone";
}

export function keyOfWorkflow({ namespace = "default", name }: WorkflowPlan): string {
  return `${namespace}/${name}`;
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: unknown;
}

/** Another edition is another definition: the text is in every template. */
export function workflowManifest(plan: WorkflowPlan, edition = "1"): Manifest {
  const { name, namespace = "default", spec } = plan;
  const complete = (task: TaskDefinition): TaskDefinition =>
    task.workflowRef === undefined ? { ...task, template: task.template ?? ordinaryTemplate("1") } : task;
  const whole = {
    ...spec,
    tasks: spec.tasks.map(complete),
    ...(spec.finally && { finally: spec.finally.map(complete) }),
  };
  const metadata = { ...plan.metadata, name, namespace };
  const object = { apiVersion: "stint.dev/v1alpha1", kind: "Workflow", metadata, spec: whole };
  return JSON.parse(JSON.stringify(object).replaceAll("/edition-1:", `/edition-${edition}:`)) as Manifest;
}

export function runManifest(workflow: WorkflowPlan, plan: RunPlan): Manifest {
  const { namespace = "default" } = workflow;
  const spec = { workflowRef: { name: workflow.name }, ...plan.spec };
  const metadata = { ...plan.metadata, name: plan.name, namespace };
  return { apiVersion: "stint.dev/v1alpha1", kind: "WorkflowRun", metadata, spec };
}

/** `values` become environment variables. */
export function ordinaryTemplate(edition: string, values: Readonly<Record<string, string>> = {}): unknown {
  const env = Object.entries(values).map(([name, value]) => ({ name, value }));
  const main = { name: "main", image: `registry.example/edition-${edition}:1`, command: ["/task"] };
  return { spec: { containers: [env.length === 0 ? main : { ...main, env }] } };
}

/** The labels that say which part of which task of which workflow a TaskRun is. */
export interface Place {
  readonly workflow: string;
  readonly task: string;
  readonly index: number | undefined;
  readonly round: number;
}

export function placeOf(taskRun: TaskRun | Pod | undefined): Place | undefined {
  const { labels = {} } = taskRun?.metadata ?? {};
  const workflow = labels["stint.dev/workflow"];
  const task = labels["stint.dev/task"];
  if (workflow === undefined || task === undefined) return undefined;
  const index = labels["stint.dev/index"];
  return {
    workflow,
    task,
    index: index === undefined ? undefined : Number(index),
    round: Number(labels["stint.dev/round"] ?? 0),
  };
}

const USUAL: Scripts = [{ runMs: 500 } satisfies PodScript];

export function scriptsAt({ scripts = {} }: WorkflowPlan, { task, index, round }: Place): Scripts {
  const part = index === undefined ? [] : [`${task}[${index}]@${round}`];
  const ordinary = index === undefined ? [] : [`${task}[${index}]`];
  const found = [...part, `${task}@${round}`, ...ordinary, task].find((name) => scripts[name] !== undefined);
  return scripts[found ?? ""] ?? USUAL;
}
