/** What people do to workflows, and when. */
import type { RunRetry } from "./objects.ts";

/** What must be true of a run before an act happens. A task is named where it is about one. */
export type RunMoment =
  | { readonly is: "created" | "started" | "suspended" | "stopped" | "ended" | "endedAgain" | "deleting" }
  /** A TaskRun (or run) of this task has been made, runs, or has ended. */
  | { readonly is: "taskMade" | "taskRuns" | "taskEnded"; readonly task: string };

export type WorkflowDeed =
  | { readonly kind: "cancel" | "suspend" | "resume" }
  | { readonly kind: "retry"; readonly retry: RunRetry }
  | { readonly kind: "deleteRun"; readonly mode: "Background" | "Foreground" | "Orphan" }
  | { readonly kind: "deleteWorkflow"; readonly mode: "Background" | "Foreground" | "Orphan" }
  | { readonly kind: "cancelTask" | "deleteTask"; readonly task: string }
  /** Another edition of every template: a new generation. */
  | { readonly kind: "edit"; readonly edition: string }
  | { readonly kind: "suspendWorkflow" | "resumeWorkflow" };

export interface WorkflowAct {
  readonly when: RunMoment;
  readonly afterMs?: number;
  readonly deed: WorkflowDeed;
}
