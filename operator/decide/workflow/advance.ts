/**
 * How a run goes on: which tasks are decided (when, forEach), which are to be started, and when it is to be stopped. Works on
 * a RunState, which it brings forward; what it gives back is for the controller to carry out.
 */
import type { Json } from "../../api/decode.ts";
import { TaskReason } from "../../api/names.ts";
import type { WorkflowRunRecord } from "../../api/records.ts";
import type { WorkflowRunStatus } from "../../api/types.ts";
import { childRunManifest, taskRunManifest } from "./child.ts";
import { factsOf, listOf } from "./facts.ts";
import { TASKS_MAX } from "./model.ts";
import type { GraphNode, Slot } from "./model.ts";
import { isRun } from "./observation.ts";
import { conclude, failedSince, observe, open, takeReady, takeStart, tasksDone } from "./progress.ts";
import { childRetryId, nameOf, newestChild, nodeOf, slotKey } from "./runstate.ts";
import type { Children, RunState, Verdict } from "./runstate.ts";
import { substitute } from "./substitute.ts";
import { evaluateWhen, parseWhen } from "./when.ts";

/** What to do for one slot. It counts as started from now on. */
export type Start =
  | {
      readonly kind: "CreateTaskRun" | "CreateWorkflowRun";
      readonly slot: Slot;
      readonly name: string;
      readonly manifest: Json;
    }
  /** A sub-workflow's run that failed goes on itself, so that what succeeded in it stays. */
  | { readonly kind: "RetryWorkflowRun"; readonly slot: Slot; readonly child: WorkflowRunRecord; readonly id: string };

/** Decides about at most `max` tasks whose rule says run; true if there may be more. */
export function decideReady(state: RunState, children: Children, max: number): boolean {
  for (let decided = 0; decided < max; decided += 1) {
    const index = takeReady(state.progress);
    if (index === undefined) return false;
    decide(state, children, nodeOf(state.definition.graph, index));
  }
  return true;
}

/**
 * Before the run is stopped, or when it is read back stopped: mapped tasks whose first TaskRuns were made, but whose list was never
 * written down, get all their parts. Otherwise the parts that were not made would be forgotten, and the task taken for whole.
 */
export function openSeen(state: RunState, children: Children): void {
  const { progress, definition } = state;
  for (const index of progress.early.keys()) {
    const list = listOf(state, children, nodeOf(definition.graph, index));
    if (!("problem" in list)) open(progress, index, list.total);
  }
}

/** The next thing to start; undefined: nothing may start now. What cannot be started for its own fault fails here. */
export function nextStart(state: RunState, children: Children): Start | undefined {
  for (;;) {
    const slot = takeStart(state.progress);
    if (slot === undefined) return undefined;
    const start = startOf(state, children, slot);
    if (!("problem" in start)) return start;
    fail(state, slot, start.problem);
  }
}

/** Why the run is to be stopped, if it is. Once recorded it stays so until a retry. */
export function stopWish(state: RunState, run: WorkflowRunRecord, now: number): WorkflowRunStatus["stopped"] {
  const { progress, definition } = state;
  if (state.stopped !== undefined) return state.stopped;
  // Also while finally runs, which goes on: nobody can know whether a cancel came in time for the last task.
  if (run.spec.cancel === true) return "Cancelled";
  if (tasksDone(progress)) return undefined;
  if (now >= (deadlineOf(state, run) ?? Number.POSITIVE_INFINITY)) return "DeadlineExceeded";
  // What failed before a retry, and was not named by it, does not end the retry as well.
  const failed = state.round === 0 ? progress.counts.failed : failedSince(progress);
  return definition.graph.failFast && failed > 0 ? "FailFast" : undefined;
}

/** When activeDeadlineSeconds are over, milliseconds since 1970; undefined: never. */
export function deadlineOf(
  { definition }: Pick<RunState, "definition">,
  { status }: WorkflowRunRecord,
): number | undefined {
  const seconds = definition.spec.activeDeadlineSeconds;
  const start = Date.parse(status.retry?.startTime ?? status.startTime ?? "");
  return seconds === undefined || Number.isNaN(start) ? undefined : start + seconds * 1000;
}

/** Somebody else must decide what becomes of the slot: the API server refuses its child. */
export function fail(state: RunState, slot: Slot, verdict: Verdict): void {
  state.verdicts.set(slotKey(slot), verdict);
  observe(state.progress, slot, "Failed");
}

function decide(state: RunState, children: Children, node: GraphNode): void {
  const { progress } = state;
  const when = whenOf(state, children, node);
  if (typeof when !== "boolean") return failNode(state, node, when);
  if (!when) return conclude(progress, node.index, "Skipped");
  const list = node.list === "none" ? undefined : listOf(state, children, node);
  if (list !== undefined && "problem" in list) return failNode(state, node, list.problem);
  if (open(progress, node.index, list?.total ?? 1)) return undefined;
  const message =
    `With the ${list?.total ?? 1} parts of this task the run would have more than ${TASKS_MAX} tasks and parts. ` +
    "Make the list shorter, or put it into a sub-workflow (workflowRef).";
  return failNode(state, node, { reason: TaskReason.TooManyParts, message });
}

function failNode(state: RunState, node: GraphNode, verdict: Verdict): void {
  state.verdicts.set(slotKey({ node: node.index, part: 0 }), verdict);
  conclude(state.progress, node.index, "Failed");
}

function whenOf(state: RunState, children: Children, { index, spec }: GraphNode): boolean | Verdict {
  if (spec.when === undefined) return true;
  // Looked at once per run: reading it again costs less than keeping it for all tasks.
  const when = parseWhen(spec.when);
  const facts = factsOf(state, children, { node: index });
  const found =
    "problem" in when
      ? when
      : evaluateWhen(when, {
          ...facts,
          result: (task, name) => {
            const value = facts.result(task, name);
            return typeof value === "string" ? value : undefined;
          },
        });
  return "problem" in found ? { reason: TaskReason.InvalidWhen, message: found.problem } : found.value;
}

function startOf(state: RunState, children: Children, slot: Slot): Start | { readonly problem: Verdict } {
  const { definition, run, round } = state;
  const node = nodeOf(definition.graph, slot.node);
  const again = node.isWorkflow ? retriable(state, children, slot) : undefined;
  if (again !== undefined) return again;
  const list = node.list === "none" ? undefined : listOf(state, children, node);
  if (list !== undefined && "problem" in list) return list;
  const facts = factsOf(state, children, slot);
  const { createdAt } = run;
  const wish = {
    run,
    taskDefaults: definition.spec.taskDefaults,
    spec: node.spec,
    index: node.list === "none" ? undefined : slot.part,
    round,
    dataInterval: run.spec.dataInterval ?? { start: createdAt, end: createdAt },
    merged: definition.merged,
  };
  const make = node.isWorkflow ? childRunManifest : taskRunManifest;
  const made = make(wish, (value, path) => substitute(value, facts, path));
  if ("problem" in made) return made;
  const kind = node.isWorkflow ? "CreateWorkflowRun" : "CreateTaskRun";
  return { kind, slot, name: nameOf(state, slot, round), manifest: made.manifest };
}

function retriable(state: RunState, children: Children, slot: Slot): Start | undefined {
  const id = childRetryId(state);
  if (id === undefined || state.round === 0) return undefined;
  const child = newestChild(state, slot, children);
  if (child === undefined || !isRun(child) || child.deletion !== undefined) return undefined;
  const isOld = child.step?.round !== state.round && child.status.phase === "Failed";
  return isOld ? { kind: "RetryWorkflowRun", slot, child, id } : undefined;
}
