/** Builders for definitions of workflows, and what is wrong with one. */
import type { WorkflowSpec } from "../api/types.ts";
import { workflowProblems } from "../decide/workflow/validate.ts";
import type { KnownWorkflows, WorkflowProblem } from "../decide/workflow/validate.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** A pod that the API server takes. */
export const POD = { template: { spec: { containers: [{ name: "main", image: "busybox" }] } } } as const;

/** A pod with a text that may have references; the text is at ENV. */
export function env(value: string): Fields {
  return { template: { spec: { containers: [{ name: "main", image: "busybox", env: [{ name: "A", value }] }] } } };
}
export const ENV = "template.spec.containers[0].env[0].value";

export function task(name: string, fields: Fields = {}): Fields {
  return { name, ...POD, ...fields };
}

/** A task that runs another Workflow. */
export function subworkflow(name: string, workflow: string, fields: Fields = {}): Fields {
  return { name, workflowRef: { name: workflow }, ...fields };
}

export function tasks(...all: readonly Fields[]): Fields {
  return { tasks: all };
}

/** There are no other Workflows. */
export const ALONE: KnownWorkflows = { refsOf: () => undefined };

/** Of a Workflow called sales. */
export function problemsOf(spec: Fields, known: KnownWorkflows = ALONE): readonly WorkflowProblem[] {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- tests put in what is none, too
  return workflowProblems({ name: "sales", spec: JSON.parse(JSON.stringify(spec)) as WorkflowSpec }, known);
}

/** `path: problem` */
export function linesOf(spec: Fields, known?: KnownWorkflows): readonly string[] {
  return problemsOf(spec, known).map(({ path, problem }) => `${path}: ${problem}`);
}
