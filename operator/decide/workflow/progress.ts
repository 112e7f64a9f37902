/**
 * How far a run has come in its graph, kept up with every change, so that no event costs a walk over all nodes. A node waits until
 * its trigger rule has a verdict; where that is "run" it is ready, and the caller opens it (its list is known) or concludes
 * it (when says no). An open node's parts are started one by one and observed until all have ended; then the node is done, and so
 * may be others by their rules. Which parts run is bounded by maxParallelTasks, maxParallel and a stop.
 */
import { firstIndex } from "./indexset.ts";
import { TASKS_MAX, TaskState } from "./model.ts";
import type { FinalState, Graph, Observed, PartState, Slot } from "./model.ts";
import { CODE_OF, Code, codeAt, endOf, firstUnstarted, hasPart, isUnderWay, partStateAt } from "./parts.ts";
import {
  Stage,
  begin,
  blankProgress,
  cascade,
  change,
  dropParts,
  endIfOver,
  finalStateOf,
  finish,
  isDone,
  isUnopened,
  openParts,
  partsAt,
  settle,
} from "./transitions.ts";
import type { RunProgress } from "./transitions.ts";

export type { RunProgress } from "./transitions.ts";

/** Nodes whose rule already says run are ready. */
export function startProgress(graph: Graph): RunProgress {
  const progress = blankProgress(graph);
  begin(progress);
  return progress;
}

/**
 * The next node whose rule says run, to be opened or concluded; undefined: none now. In order of becoming ready, by index where
 * several did at once. Each is handed out once.
 */
export function takeReady(progress: RunProgress): number | undefined {
  while (progress.readyHead < progress.ready.length) {
    const node = progress.ready[progress.readyHead];
    progress.readyHead += 1;
    if (node !== undefined && progress.stage[node] === Stage.Ready) return node;
  }
  return undefined;
}

/**
 * The node's list is known: it has so many parts, 1 if it is not mapped. None ends it as Skipped. Parts that are kept stay if there
 * are as many as before, else all begin anew. Without effect on a node that is open or done.
 * @returns false, and nothing has changed, if the run would have more than TASKS_MAX tasks and parts
 */
export function open(progress: RunProgress, node: number, total: number): boolean {
  if (!isUnopened(progress, node)) return true;
  if (total <= 0) {
    conclude(progress, node, TaskState.Skipped);
    return true;
  }
  const parts = progress.graph.nodes[node]?.list === "none" ? 1 : total;
  if (progress.counts.total - (progress.parts[node]?.total ?? 1) + parts > TASKS_MAX) return false;
  openParts(progress, node, parts);
  endIfOver(progress, node);
  const early = progress.early.get(node);
  progress.early.delete(node);
  for (const [part, seen] of early ?? []) observe(progress, { node, part }, seen);
  return true;
}

/** The node ends without a TaskRun (when says no, its list is none, ...). Without effect on a node that is open or done. */
export function conclude(progress: RunProgress, node: number, state: FinalState): void {
  if (!isUnopened(progress, node)) return;
  dropParts(progress, node);
  settle(progress, node, state);
}

/**
 * The next part to start, if maxParallelTasks, its node's maxParallel and a stop allow one; it counts as Running from now on. Nodes
 * in order of being opened, parts by index; a node at its maxParallel does not hold up others.
 */
export function takeStart(progress: RunProgress): Slot | undefined {
  const { graph, counts, startable, opened } = progress;
  if (graph.maxParallel !== undefined && counts.running >= graph.maxParallel) return undefined;
  const node = opened[firstIndex(startable) ?? -1];
  if (node === undefined) return undefined;
  const part = firstUnstarted(partsAt(progress, node));
  if (part === undefined) return undefined;
  change(progress, { node, part }, Code.Starting);
  return { node, part };
}

/** What takeStart gave could not be started now, and nothing was seen of it: a later takeStart hands it out again. */
export function putBack(progress: RunProgress, slot: Slot): void {
  const parts = progress.parts[slot.node];
  if (parts === undefined || !hasPart(parts, slot.part) || codeAt(parts, slot.part) !== Code.Starting) return;
  const isOver = progress.isStopped && slot.node < progress.graph.taskCount;
  change(progress, slot, isOver ? Code.Cancelled : Code.Unstarted);
  endIfOver(progress, slot.node);
}

/**
 * What is seen of its TaskRun, any number of times; a part that has finished never changes again. Also of parts that takeStart did
 * not hand out, as after a restart: a node that is not mapped is opened by it, what is seen of a mapped one counts once it is opened.
 */
export function observe(progress: RunProgress, slot: Slot, seen: Observed): void {
  const { node, part } = slot;
  if (isUnopened(progress, node)) {
    if (progress.graph.nodes[node]?.list !== "none") return observeEarly(progress, slot, seen);
    if (part !== 0) return;
    openParts(progress, node, 1);
  }
  const parts = progress.parts[node];
  if (parts === undefined || !hasPart(parts, part) || codeAt(parts, part) >= Code.Succeeded) return;
  change(progress, slot, CODE_OF[seen]);
  endIfOver(progress, node);
}

function observeEarly({ early }: RunProgress, { node, part }: Slot, seen: Observed): void {
  if (!Number.isInteger(part) || part < 0 || part >= TASKS_MAX) return;
  const known = early.get(node) ?? new Map<number, Observed>();
  early.set(node, known.set(part, seen));
}

/**
 * Nothing further of the tasks starts: what has no TaskRun becomes Cancelled. What runs is observed until it has ended; then finally
 * becomes ready as usual and is not stopped.
 */
export function stop(progress: RunProgress): void {
  if (progress.isStopped) return;
  cascade(progress, stopTasks(progress), []);
}

/** As `stop`, without looking at the rules of what waits for the tasks that end by it. @returns those tasks */
export function stopTasks(progress: RunProgress): number[] {
  progress.isStopped = true;
  const ended: number[] = [];
  for (let node = 0; node < progress.graph.taskCount; node += 1) {
    if (isDone(progress, node)) continue;
    const end = stopTask(progress, node);
    if (end === undefined) continue;
    finish(progress, node, end);
    ended.push(node);
  }
  return ended;
}

/** What has no TaskRun is Cancelled; what the node came to by that, if anything. */
function stopTask(progress: RunProgress, node: number): FinalState | undefined {
  const early = progress.early.get(node);
  if (early !== undefined && isUnopened(progress, node)) {
    // Its TaskRuns are there although its list was never written down. There are at least as many parts.
    openParts(progress, node, Math.max(progress.parts[node]?.total ?? 1, ...[...early.keys()].map((part) => part + 1)));
    progress.early.delete(node);
    for (const [part, seen] of early) change(progress, { node, part }, CODE_OF[seen]);
  }
  const parts = progress.parts[node];
  if (parts === undefined) return TaskState.Cancelled;
  for (let part = firstUnstarted(parts); part !== undefined; part = firstUnstarted(parts))
    change(progress, { node, part }, Code.Cancelled);
  return endOf(parts);
}

export function stateOf(progress: RunProgress, node: number): TaskState {
  if (progress.stage[node] !== Stage.Open) return finalStateOf(progress, node) ?? TaskState.Pending;
  return partsAt(progress, node).made > 0 ? TaskState.Running : TaskState.Pending;
}

/** Of a node that has been opened, or has parts kept for when it is; undefined of others, and of those that ended without being opened. */
export function partsOf(
  progress: RunProgress,
  node: number,
): { readonly total: number; readonly stateAt: (part: number) => PartState } | undefined {
  const parts = progress.parts[node];
  return parts === undefined ? undefined : { total: parts.total, stateAt: (part) => partStateAt(parts, part) };
}

/** Started and not finished. */
export function isActive(progress: RunProgress, slot: Slot): boolean {
  const parts = progress.parts[slot.node];
  return parts !== undefined && hasPart(parts, slot.part) && isUnderWay(codeAt(parts, slot.part));
}

/** All but finally. */
export function tasksDone(progress: RunProgress): boolean {
  return progress.tasksLeft === 0;
}

export function allDone(progress: RunProgress): boolean {
  return progress.tasksLeft === 0 && progress.finallyLeft === 0;
}

/** TaskRuns and sub-workflow runs under way. */
export function activeCount(progress: RunProgress): number {
  return progress.counts.running;
}

/** Those of them last seen Suspended. */
export function suspendedCount(progress: RunProgress): number {
  return progress.suspended;
}

/**
 * Tasks and parts that failed since this progress was made, be it new, restored or retried: what a retry left as Failed is none of them,
 * so that onFailure FailFast does not end at once what a retry was asked for.
 */
export function failedSince(progress: RunProgress): number {
  return progress.counts.failed - progress.failedBefore;
}
