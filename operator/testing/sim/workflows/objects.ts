/** Workflows and their runs, as far as the simulated world reads them. */
import type { Condition, Stored } from "../objects.ts";

export interface ForEach {
  readonly items?: readonly unknown[];
  readonly matrix?: Readonly<Record<string, readonly string[]>>;
  readonly range?: { readonly start?: number; readonly end: number; readonly step?: number };
  readonly result?: string;
  readonly maxParallel?: number;
}

export interface TaskDefinition {
  readonly name: string;
  readonly dependsOn?: readonly string[];
  readonly triggerRule?: string;
  readonly when?: string;
  readonly forEach?: ForEach;
  readonly workflowRef?: { readonly name: string; readonly params?: Readonly<Record<string, string>> };
  readonly template?: unknown;
  readonly retry?: unknown;
  readonly results?: readonly { readonly name: string }[];
}

export interface ParamDefinition {
  readonly name: string;
  readonly default?: string;
  readonly enum?: readonly string[];
}

export interface WorkflowSpec {
  readonly params?: readonly ParamDefinition[];
  readonly maxParallelTasks?: number;
  readonly tasks: readonly TaskDefinition[];
  readonly finally?: readonly TaskDefinition[];
  readonly onFailure?: "Continue" | "FailFast";
  readonly activeDeadlineSeconds?: number;
  readonly run?: "OnApply" | "Manual";
  readonly suspend?: boolean;
  readonly history?: { readonly succeeded?: number; readonly failed?: number };
}

export interface WorkflowStatus {
  readonly observedGeneration?: number;
  readonly startedGeneration?: number;
  readonly activeRuns?: number;
  readonly conditions?: readonly Condition[];
}

export interface RunRetry {
  readonly id: string;
  readonly scope?: "Failed" | "Tasks" | "TasksAndDownstream";
  readonly tasks?: readonly string[];
}

export interface RunSpec {
  readonly workflowRef: { readonly name: string };
  readonly params?: Readonly<Record<string, string>>;
  readonly suspend?: boolean;
  readonly cancel?: boolean;
  readonly retry?: RunRetry;
}

export interface MappedStatus {
  readonly task: string;
  readonly total: number;
  readonly running?: string;
  readonly succeeded?: string;
  readonly failed?: string;
  readonly cancelled?: string;
}

export interface RunStatus {
  readonly phase?: string;
  readonly observedGeneration?: number;
  readonly workflowGeneration?: number;
  readonly revision?: string;
  readonly startTime?: string;
  readonly completionTime?: string;
  readonly progress?: string;
  readonly tasks?: Readonly<Record<string, number>>;
  readonly states?: string;
  readonly mapped?: readonly MappedStatus[];
  readonly stopped?: "Cancelled" | "DeadlineExceeded" | "FailFast";
  readonly retry?: {
    readonly id: string;
    readonly round?: number;
    readonly startTime?: string;
    readonly message?: string;
  };
  readonly conditions?: readonly Condition[];
}

export type Workflow = Stored<WorkflowSpec, WorkflowStatus>;
export type WorkflowRun = Stored<RunSpec, RunStatus>;

/** As in status.states. */
export type Letter = "." | "R" | "S" | "F" | "U" | "K" | "C";

export function isFinal(letter: Letter | undefined): boolean {
  return letter !== undefined && letter !== "." && letter !== "R";
}

const LETTER_OF_PHASE: Readonly<Record<string, Letter>> = { Succeeded: "S", Failed: "F", Cancelled: "C" };

/** How a TaskRun or a sub-workflow's run counts for its task; "R" while it has not ended. */
export function letterOfPhase(phase: string | undefined): Letter {
  return LETTER_OF_PHASE[phase ?? ""] ?? "R";
}

/** The state as expressions and $(tasks.t.status) spell it. */
export const WORD_OF_LETTER: Readonly<Record<Letter, string>> = {
  ".": "Pending",
  R: "Running",
  S: "Succeeded",
  F: "Failed",
  U: "UpstreamFailed",
  K: "Skipped",
  C: "Cancelled",
};

/** All tasks in the order of status.states. */
export function nodesOf({ tasks, finally: last = [] }: WorkflowSpec): readonly TaskDefinition[] {
  return [...tasks, ...last];
}
