/**
 * The words of a running workflow: its graph, compiled once per definition, and how far a run has come in it. A node is one
 * entry of spec.tasks or spec.finally; a mapped node has parts.
 */
import type { WorkflowSpec } from "../../api/types.ts";

export type TaskSpec = WorkflowSpec["tasks"][number];
export type FinallySpec = NonNullable<WorkflowSpec["finally"]>[number];
export type TriggerRule = NonNullable<TaskSpec["triggerRule"]>;
export type RetryScope = "Failed" | "Tasks" | "TasksAndDownstream";

/** All tasks of a run, parts of mapped ones counted one by one. */
export const TASKS_MAX = 10_000;

/** Sub-workflows within sub-workflows: a nesting deeper than this is taken for one that never ends. */
export const DEPTH_MAX = 8;

export const TaskState = {
  /** No TaskRun has been made for it. */
  Pending: "Pending",
  /** Its TaskRun, or that of one of its parts, was made, and it has not ended. */
  Running: "Running",
  Succeeded: "Succeeded",
  Failed: "Failed",
  /** Never ran: what it depends on failed. */
  UpstreamFailed: "UpstreamFailed",
  Skipped: "Skipped",
  /** Stopped, or never started because the run was stopped. */
  Cancelled: "Cancelled",
} as const;
export type TaskState = (typeof TaskState)[keyof typeof TaskState];

export type FinalState = Exclude<TaskState, "Pending" | "Running">;

/** What a part of a node can be: it has its own TaskRun or none. */
export type PartState = Exclude<TaskState, "UpstreamFailed" | "Skipped">;

/** As in status.states. */
export const STATE_LETTER: Readonly<Record<TaskState, string>> = {
  Pending: ".",
  Running: "R",
  Succeeded: "S",
  Failed: "F",
  UpstreamFailed: "U",
  Skipped: "K",
  Cancelled: "C",
};

export interface GraphNode {
  /** Its place in Graph.nodes and in status.states. */
  readonly index: number;
  readonly name: string;
  readonly isFinally: boolean;
  /** Nodes it waits for, and nodes that wait for it; empty for those of finally. */
  readonly dependsOn: readonly number[];
  readonly dependents: readonly number[];
  readonly rule: TriggerRule;
  /** "result": the list is known only once another task has ended. */
  readonly list: "none" | "static" | "result";
  /** Of a mapped node. */
  readonly maxParallel?: number;
  readonly isWorkflow: boolean;
  readonly spec: TaskSpec | FinallySpec;
}

/** A definition that was found valid. Frozen, shared by all runs of a revision. */
export interface Graph {
  /** spec.tasks in order, then spec.finally. */
  readonly nodes: readonly GraphNode[];
  readonly taskCount: number;
  readonly byName: ReadonlyMap<string, number>;
  readonly maxParallel?: number;
  readonly failFast: boolean;
}

/** status.tasks: mutable, kept up with every change. */
export interface Counts {
  total: number;
  pending: number;
  running: number;
  /** Of the running ones. */
  retrying: number;
  succeeded: number;
  failed: number;
  upstreamFailed: number;
  skipped: number;
  cancelled: number;
}

/** What is seen of a part's TaskRun or sub-workflow run. */
export type Observed = "Active" | "Retrying" | "Suspended" | "Succeeded" | "Failed" | "Cancelled";

/** One thing to be started: a task, or a part of a mapped one. */
export interface Slot {
  readonly node: number;
  /** 0 of a task that is not mapped. */
  readonly part: number;
}
