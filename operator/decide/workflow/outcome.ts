/** What a run, or its tasks alone, came to. */
import type { WorkflowRunStatus } from "../../api/types.ts";
import { TaskState } from "./model.ts";
import type { GraphNode, TriggerRule } from "./model.ts";
import { stateOf } from "./progress.ts";
import type { RunProgress } from "./progress.ts";

export type RunEnd = "Succeeded" | "Failed" | "Cancelled";

export interface Outcome {
  readonly phase: RunEnd;
  /** Nodes that failed and were not handled, in the order of the spec, the first CAUSES_MAX. */
  readonly causes: readonly number[];
}

/** As many as status.firstFailures shows. */
export const CAUSES_MAX = 10;

/** A task with one of these rules that succeeded has dealt with the failure of what it depends on. */
const HANDLING: ReadonlySet<TriggerRule> = new Set<TriggerRule>(["AllFailed", "OneFailed", "OneSucceeded"]);

type Stopped = WorkflowRunStatus["stopped"];

/** Of a run whose nodes have all ended. O(nodes + edges), once per run. */
export function outcomeOf(progress: RunProgress, stopped: Stopped): Outcome {
  return judged(progress, progress.graph.nodes, stopped);
}

/** What $(run.status) says to finally: of the tasks alone, once all have ended. */
export function tasksOutcome(progress: RunProgress, stopped: Stopped): RunEnd {
  return judged(progress, progress.graph.nodes.slice(0, progress.graph.taskCount), stopped).phase;
}

function judged(progress: RunProgress, nodes: readonly GraphNode[], stopped: Stopped): Outcome {
  const causes: number[] = [];
  for (const node of nodes) {
    if (causes.length === CAUSES_MAX) break;
    if (decides(progress, node, stopped)) causes.push(node.index);
  }
  return { phase: phaseOf(stopped, causes.length > 0), causes };
}

function phaseOf(stopped: Stopped, hasFailed: boolean): RunEnd {
  if (stopped === "Cancelled") return "Cancelled";
  return stopped !== undefined || hasFailed ? "Failed" : "Succeeded";
}

/** What was cancelled by the stop of the run is no cause of it; what somebody cancelled alone is a failure like others. */
function decides(progress: RunProgress, node: GraphNode, stopped: Stopped): boolean {
  const state = stateOf(progress, node.index);
  const hasFailed = state === TaskState.Failed || (state === TaskState.Cancelled && stopped === undefined);
  return hasFailed && !isHandled(progress, node);
}

function isHandled(progress: RunProgress, { dependents }: GraphNode): boolean {
  return dependents.some((index) => {
    const rule = progress.graph.nodes[index]?.rule;
    return rule !== undefined && HANDLING.has(rule) && stateOf(progress, index) === TaskState.Succeeded;
  });
}
