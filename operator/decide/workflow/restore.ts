/** The progress of a run from its recorded status, as after a restart of the operator. */
import type { WorkflowRunStatus } from "../../api/types.ts";
import { parseIntervals } from "./intervals.ts";
import { STATE_LETTER, TASKS_MAX, TaskState } from "./model.ts";
import type { FinalState, Graph, GraphNode, Slot } from "./model.ts";
import { Code, codeAt, endOf, setCode } from "./parts.ts";
import type { Parts } from "./parts.ts";
import { stopTasks } from "./progress.ts";
import { begin, blankProgress, finish, keepParts, makeParts, openParts } from "./transitions.ts";
import type { RunProgress } from "./transitions.ts";

type Recorded = Pick<WorkflowRunStatus, "states" | "mapped" | "stopped">;
type MappedEntry = NonNullable<WorkflowRunStatus["mapped"]>[number];

export interface Restored {
  readonly progress: RunProgress;
  /** Parts that were recorded as running, and are so in `progress`: one whose TaskRun is no longer there was deleted. */
  readonly recordedRunning: readonly Slot[];
}

const STATE_OF: ReadonlyMap<string, TaskState> = new Map(
  Object.values(TaskState).map((state) => [STATE_LETTER[state], state]),
);
/** What a part of an ended node is taken for if the record does not say it. */
const CODE_OF_END = { Succeeded: Code.Succeeded, Failed: Code.Failed, Cancelled: Code.Cancelled } as const;

/**
 * Recorded ends stand, whatever rules would make of them. A mapped node that runs is open with the parts recorded; one that is
 * Pending keeps its ended parts for when it is opened. Whatever else is in the status, it never throws: a letter that is none is
 * Pending, a running mapped node without an entry that says what started likewise, and what takes the run beyond TASKS_MAX is no entry.
 */
export function restore(graph: Graph, status: Recorded): Restored {
  const progress = blankProgress(graph);
  const entries = new Map((status.mapped ?? []).toReversed().map((entry) => [entry.task, entry]));
  const recordedRunning: Slot[] = [];
  for (const node of graph.nodes) {
    const entry = node.list === "none" ? undefined : entries.get(node.name);
    const parts = entry === undefined ? undefined : readParts(progress, node, entry);
    const state = STATE_OF.get(status.states?.[node.index] ?? "") ?? TaskState.Pending;
    recordedRunning.push(...place(progress, node, { state, parts }));
  }
  if (status.stopped !== undefined) stopTasks(progress);
  begin(progress);
  return { progress, recordedRunning };
}

/** undefined: not to be believed. */
function readParts(progress: RunProgress, node: GraphNode, entry: MappedEntry): Parts | undefined {
  const { total } = entry;
  if (!Number.isInteger(total) || total < 1 || progress.counts.total - 1 + total > TASKS_MAX) return undefined;
  const parts = makeParts(progress, node.index, total);
  const mark = (text: string | undefined, code: Code): void => {
    for (const part of parseIntervals(text ?? "", total))
      if (codeAt(parts, part) === Code.Unstarted) setCode(parts, part, code);
  };
  mark(entry.succeeded, Code.Succeeded);
  mark(entry.failed, Code.Failed);
  mark(entry.cancelled, Code.Cancelled);
  mark(entry.running, Code.Active);
  return parts;
}

interface Record {
  readonly state: TaskState;
  readonly parts: Parts | undefined;
}

/** @returns what was recorded as running */
function place(progress: RunProgress, node: GraphNode, { state, parts }: Record): readonly Slot[] {
  switch (state) {
    case TaskState.Pending:
      return parts === undefined ? [] : placeKept(progress, node, parts);
    case TaskState.Running:
      return placeRunning(progress, node, parts);
    case TaskState.Skipped:
    case TaskState.UpstreamFailed:
      finish(progress, node.index, state);
      return [];
    case TaskState.Succeeded:
    case TaskState.Failed:
    case TaskState.Cancelled:
      placeEnded(progress, node, { state, parts });
      return [];
  }
}

/** It had not started in this round: what is known of its parts is from an earlier one, and ended. */
function placeKept(progress: RunProgress, node: GraphNode, parts: Parts): readonly Slot[] {
  for (const part of partsWith(parts, Code.Active)) setCode(parts, part, Code.Unstarted);
  keepParts(progress, node.index, parts);
  return [];
}

function placeRunning(progress: RunProgress, node: GraphNode, recorded: Parts | undefined): readonly Slot[] {
  const { index, list } = node;
  if (recorded === undefined && list !== "none") return [];
  const parts = recorded ?? makeParts(progress, index, 1);
  if (recorded === undefined) setCode(parts, 0, Code.Active);
  parts.made = parts.total - parts.unstarted;
  if (parts.made === 0) return placeKept(progress, node, parts);
  keepParts(progress, index, parts);
  openParts(progress, index, parts.total);
  const end = endOf(parts);
  if (end !== undefined) finish(progress, index, end);
  return partsWith(parts, Code.Active).map((part) => ({ node: index, part }));
}

function placeEnded(progress: RunProgress, { index }: GraphNode, { state, parts }: EndedRecord): void {
  if (parts !== undefined) {
    for (const code of [Code.Unstarted, Code.Active])
      for (const part of partsWith(parts, code)) setCode(parts, part, CODE_OF_END[state]);
    keepParts(progress, index, parts);
  }
  finish(progress, index, state);
}

interface EndedRecord extends Record {
  readonly state: Exclude<FinalState, "Skipped" | "UpstreamFailed">;
}

function partsWith(parts: Parts, code: Code): readonly number[] {
  return Array.from({ length: parts.total }, (_, part) => part).filter((part) => codeAt(parts, part) === code);
}
