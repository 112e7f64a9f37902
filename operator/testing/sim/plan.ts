/** What a simulated world contains: values only, so that a plan can be printed, varied and run again. */
import type { Act, Manifest } from "./users.ts";
import type { BasePlan } from "./templates.ts";
import type { PodScript, Scripts } from "./script.ts";

/** How a TaskRun may end. Fields left out are not compared. */
export interface End {
  readonly phase: string;
  readonly reason?: string;
  readonly exitCode?: number;
  readonly attempts?: number;
  readonly memory?: string;
  readonly results?: Readonly<Record<string, string>>;
}

export interface TaskRunPlan {
  readonly name: string;
  readonly namespace?: string;
  readonly createAtMs?: number;
  /** spec without a template gets an ordinary one. */
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly scripts?: Scripts;
  readonly acts?: readonly Act[];
  /** It builds on a PodTemplate, and has no template of its own. */
  readonly base?: BasePlan;
  /** Someone else's pod takes the name just before the operator does. */
  readonly stranger?: boolean;
  /** Pod Security refuses its pods. */
  readonly forbidden?: boolean;
  /** The accepted ends; left out: derived from the scripts (see ends.ts). "gone": it must not exist. */
  readonly wants?: readonly End[] | "gone";
}

const ORDINARY_SCRIPTS: Scripts = [{}];

export function scriptsOf(plan: TaskRunPlan): Scripts {
  return plan.scripts ?? ORDINARY_SCRIPTS;
}

export function keyOfPlan({ namespace = "default", name }: TaskRunPlan): string {
  return `${namespace}/${name}`;
}

/** The object a user would apply. */
export function manifestOf(plan: TaskRunPlan): Manifest {
  const { name, namespace = "default" } = plan;
  const own = plan.base === undefined ? { template: templateFor(scriptsOf(plan)) } : { podTemplateRef: { name } };
  const object = {
    apiVersion: "stint.dev/v1alpha1",
    kind: "TaskRun",
    metadata: { ...plan.metadata, name, namespace },
    spec: { ...own, ...plan.spec },
  };
  // As text and back: `__proto__` becomes an ordinary key, as it does on the wire.
  return JSON.parse(JSON.stringify(object)) as typeof object;
}

function templateFor(scripts: Scripts): unknown {
  const main = { name: "main", image: "registry.example/task:1", command: ["/task"] };
  const hasSidecar = scripts.some((script: PodScript) => script.sidecarMs !== undefined);
  const sidecar = { name: "sidecar", image: "registry.example/sidecar:1" };
  return { spec: { containers: hasSidecar ? [sidecar, main] : [main] } };
}
