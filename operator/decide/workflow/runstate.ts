/**
 * One run under way, in memory. All of it follows from the definition, the recorded status and the run's children, so that a
 * restart loses nothing: restored() makes it anew.
 */
import { Chars } from "../../api/bounds.ts";
import { beginning } from "../../api/decode.ts";
import type { TaskRunRecord, WorkflowRunRecord } from "../../api/records.ts";
import type { WorkflowRunStatus, WorkflowSpec } from "../../api/types.ts";
import type { MergedSpecs } from "./child.ts";
import type { Parts } from "./foreach.ts";
import type { Graph, Slot } from "./model.ts";
import { childName } from "./names.ts";
import type { RunProgress } from "./progress.ts";

/** What a ControllerRevision holds, read and compiled once for all runs of it. */
export interface Definition {
  /** The Workflow's name. */
  readonly workflow: string;
  /** The ControllerRevision's name. */
  readonly revision: string;
  readonly generation: number;
  readonly spec: WorkflowSpec;
  readonly graph: Graph;
  /** Tasks with their taskDefaults, worked out when first needed. */
  readonly merged: MergedSpecs;
}

/** Why a task, or a part of one, failed of which no TaskRun tells. */
export interface Verdict {
  readonly reason: string;
  readonly message: string;
}

export interface RunState {
  readonly definition: Definition;
  /** The run as it was when this state was made; only what cannot change is read from it. */
  readonly run: WorkflowRunRecord;
  readonly params: ReadonlyMap<string, string>;
  /** How many retries there were, and the last one's id. */
  readonly round: number;
  readonly retryId: string | undefined;
  readonly progress: RunProgress;
  stopped: WorkflowRunStatus["stopped"];
  /** Sub-workflows' runs of earlier rounds that run again in this one: their round, by slotKey. */
  readonly resumed: Map<string, number>;
  /** By slotKey. */
  readonly verdicts: Map<string, Verdict>;
  /** The lists of mapped nodes, once needed. */
  readonly lists: Map<number, Parts | { readonly problem: Verdict }>;
  /** Results of mapped nodes that have ended, joined to a JSON array: many parts may ask for the same one. */
  readonly joined: Map<string, string>;
}

/** The run's children, by name. Those of other owners are not found. */
export interface Children {
  taskRun(name: string): TaskRunRecord | undefined;
  run(name: string): WorkflowRunRecord | undefined;
}

export function slotKey({ node, part }: Slot): string {
  return `${node}/${part}`;
}

/** The name of a slot's child in a round. */
export function nameOf({ definition, run }: Pick<RunState, "definition" | "run">, slot: Slot, round: number): string {
  const node = nodeOf(definition.graph, slot.node);
  return childName(run.name, node.name, node.list === "none" ? undefined : slot.part, round);
}

/**
 * The id of the retry that a sub-workflow's run is told of. Not the run's own: somebody may have retried the child itself by the
 * same word, today's date for instance, and an id that it knows already makes it do nothing.
 */
export function childRetryId({ round, retryId }: Pick<RunState, "round" | "retryId">): string | undefined {
  const suffix = `-r${round}`;
  return retryId === undefined ? undefined : `${beginning(retryId, Chars.RetryId - suffix.length)}${suffix}`;
}

/** More retries than anybody makes, few enough that a number somebody wrote into a status cannot hold us up. */
const ROUNDS_BACK_MAX = 200;

/** The newest child of a slot, of whichever round. */
export function newestChild(
  state: RunState,
  slot: Slot,
  children: Children,
): TaskRunRecord | WorkflowRunRecord | undefined {
  const { isWorkflow } = nodeOf(state.definition.graph, slot.node);
  for (let { round } = state; round >= Math.max(0, state.round - ROUNDS_BACK_MAX); round -= 1) {
    const name = nameOf(state, slot, round);
    const child = isWorkflow ? children.run(name) : children.taskRun(name);
    if (child !== undefined) return child;
  }
  return undefined;
}

/** @throws RangeError for a number that is no node's: a bug */
export function nodeOf(graph: Graph, index: number): Graph["nodes"][number] {
  const node = graph.nodes[index];
  if (node === undefined) throw new RangeError(`node ${index} of ${graph.nodes.length}`);
  return node;
}
