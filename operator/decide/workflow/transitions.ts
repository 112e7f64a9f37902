/**
 * The data of a run's progress and what changes it: a part gets another code, a node is opened, ends, and by its end others become
 * ready or end, too. Everything here keeps the counts right; when it happens is decided in progress.ts.
 */
import { addIndex, deleteIndex, emptySet } from "./indexset.ts";
import type { IndexSet } from "./indexset.ts";
import { TaskState } from "./model.ts";
import type { Counts, FinalState, Graph, Observed, Slot } from "./model.ts";
import { Code, codeAt, countCode, countParts, endOf, newParts, setCode } from "./parts.ts";
import type { Parts } from "./parts.ts";
import { verdictOf } from "./trigger.ts";

/** Mutable; read through the functions below. What is not graph or counts is for this folder only. */
export interface RunProgress {
  readonly graph: Graph;
  readonly counts: Counts;
  /** By node. */
  readonly stage: Uint8Array;
  /** By node: what its upstream came to. */
  readonly upSucceeded: Uint16Array;
  readonly upFailed: Uint16Array;
  readonly upSkipped: Uint16Array;
  /** By node: of those that are open, were open, or have parts that are kept for when they are opened. */
  readonly parts: (Parts | undefined)[];
  /** The codes of nodes that are not mapped. */
  readonly cells: Uint8Array;
  /** What was seen of parts of a mapped node before it was opened, by node and part. */
  readonly early: Map<number, Map<number, Observed>>;
  /** Nodes in order of becoming ready, those before readyHead taken already. */
  readonly ready: number[];
  readyHead: number;
  /** Nodes in order of being opened, and the places among them of those that may start a part. */
  readonly opened: number[];
  readonly startable: IndexSet;
  tasksLeft: number;
  finallyLeft: number;
  suspended: number;
  /** counts.failed when it was made, without a run's own ends since. */
  failedBefore: number;
  isStopped: boolean;
  isFinallyReady: boolean;
}

export const Stage = { Waiting: 0, Ready: 1, Open: 2, Done: 3 } as const;
/** By stage - Stage.Done. */
const FINAL_STATES: readonly FinalState[] = [
  TaskState.Succeeded,
  TaskState.Failed,
  TaskState.UpstreamFailed,
  TaskState.Skipped,
  TaskState.Cancelled,
];
const COUNTED_AS: Readonly<Record<FinalState, Exclude<keyof Counts, "total" | "retrying">>> = {
  Succeeded: "succeeded",
  Failed: "failed",
  UpstreamFailed: "upstreamFailed",
  Skipped: "skipped",
  Cancelled: "cancelled",
};

/** Every node waits, and no rule has been looked at: `begin` does that, once what is known already has been placed. */
export function blankProgress(graph: Graph): RunProgress {
  const size = graph.nodes.length;
  return {
    graph,
    counts: {
      total: size,
      pending: size,
      running: 0,
      retrying: 0,
      succeeded: 0,
      failed: 0,
      upstreamFailed: 0,
      skipped: 0,
      cancelled: 0,
    },
    stage: new Uint8Array(size),
    upSucceeded: new Uint16Array(size),
    upFailed: new Uint16Array(size),
    upSkipped: new Uint16Array(size),
    parts: Array.from(graph.nodes, () => undefined),
    cells: new Uint8Array(size),
    early: new Map(),
    ready: [],
    readyHead: 0,
    opened: [],
    startable: emptySet(size),
    tasksLeft: graph.taskCount,
    finallyLeft: size - graph.taskCount,
    suspended: 0,
    failedBefore: 0,
    isStopped: false,
    isFinallyReady: false,
  };
}

/** Rules are looked at for the first time, after `place` has put in what is known already. */
export function begin(progress: RunProgress): void {
  progress.failedBefore = progress.counts.failed;
  const woken: number[] = [];
  const done: number[] = [];
  for (const { index, isFinally } of progress.graph.nodes) {
    if (isDone(progress, index)) done.push(index);
    else if (!isFinally) judge(progress, index, woken, done);
  }
  cascade(progress, done, woken);
}

export function isDone({ stage }: RunProgress, node: number): boolean {
  return (stage[node] ?? Stage.Waiting) >= Stage.Done;
}

/** It is a node, has not been opened, and has not ended. */
export function isUnopened({ stage }: RunProgress, node: number): boolean {
  return stage[node] === Stage.Waiting || stage[node] === Stage.Ready;
}

/** The node ends by itself, and others may by their rules. */
export function settle(progress: RunProgress, node: number, state: FinalState): void {
  finish(progress, node, state);
  cascade(progress, [node], []);
}

/** The node ends; nobody is told yet. */
export function finish(progress: RunProgress, node: number, state: FinalState): void {
  const { graph, counts, stage } = progress;
  stage[node] = Stage.Done + FINAL_STATES.indexOf(state);
  if (progress.parts[node] === undefined) {
    counts.pending -= 1;
    counts[COUNTED_AS[state]] += 1;
  }
  if (node >= graph.taskCount) {
    progress.finallyLeft -= 1;
    return;
  }
  progress.tasksLeft -= 1;
}

/**
 * Tells those that wait for these nodes, which have ended, and goes on with those that end by it: no recursion, as chains are long.
 * `woken`: nodes found ready already.
 */
export function cascade(progress: RunProgress, ended: readonly number[], woken: readonly number[]): void {
  const done = [...ended];
  const ready = [...woken];
  for (const node of done) {
    for (const dependent of progress.graph.nodes[node]?.dependents ?? []) {
      tell(progress, dependent, finalStateOf(progress, node));
      judge(progress, dependent, ready, done);
    }
  }
  for (const node of ready.toSorted((a, b) => a - b)) progress.ready.push(node);
  if (progress.tasksLeft === 0 && !progress.isFinallyReady) wakeFinally(progress);
}

function tell({ upSucceeded, upFailed, upSkipped }: RunProgress, node: number, state: FinalState | undefined): void {
  switch (state) {
    case TaskState.Succeeded:
      upSucceeded[node] = (upSucceeded[node] ?? 0) + 1;
      return;
    case TaskState.Failed:
    case TaskState.UpstreamFailed:
    case TaskState.Cancelled:
      upFailed[node] = (upFailed[node] ?? 0) + 1;
      return;
    case TaskState.Skipped:
      upSkipped[node] = (upSkipped[node] ?? 0) + 1;
      return;
    case undefined:
  }
}

/** Looks at the rule of a task that waits. It is added to `ready`, or ends and is added to `done`. */
function judge(progress: RunProgress, index: number, ready: number[], done: number[]): void {
  const node = progress.graph.nodes[index];
  if (node === undefined || progress.stage[index] !== Stage.Waiting) return;
  const succeeded = progress.upSucceeded[index] ?? 0;
  const failed = progress.upFailed[index] ?? 0;
  const skipped = progress.upSkipped[index] ?? 0;
  const upstream = node.dependsOn.length;
  const verdict = verdictOf(node.rule, { upstream, done: succeeded + failed + skipped, succeeded, failed, skipped });
  if (verdict === "wait") return;
  if (verdict === "run") {
    progress.stage[index] = Stage.Ready;
    ready.push(index);
    return;
  }
  dropParts(progress, index);
  finish(progress, index, verdict);
  done.push(index);
}

function wakeFinally(progress: RunProgress): void {
  progress.isFinallyReady = true;
  for (let node = progress.graph.taskCount; node < progress.graph.nodes.length; node += 1) {
    if (progress.stage[node] !== Stage.Waiting) continue;
    progress.stage[node] = Stage.Ready;
    progress.ready.push(node);
  }
}

/** The node is open from now on. Parts that were kept stay if there are as many. */
export function openParts(progress: RunProgress, node: number, total: number): void {
  const kept = progress.parts[node];
  keepParts(progress, node, kept?.total === total ? kept : makeParts(progress, node, total));
  progress.stage[node] = Stage.Open;
  partsAt(progress, node).place = progress.opened.push(node) - 1;
  refresh(progress, node);
}

/** All unstarted, fit for this node. */
export function makeParts({ graph, cells }: RunProgress, node: number, total: number): Parts {
  return graph.nodes[node]?.list === "none" ? newParts(1, { cells, at: node }) : newParts(total);
}

/** The node counts by these parts from now on. */
export function keepParts(progress: RunProgress, node: number, parts: Parts): void {
  dropParts(progress, node);
  progress.counts.total -= 1;
  progress.counts.pending -= 1;
  progress.parts[node] = parts;
  countParts(progress.counts, parts, 1);
}

/** The node counts as one again, a pending one. */
export function dropParts(progress: RunProgress, node: number): void {
  const parts = progress.parts[node];
  if (parts === undefined) return;
  countParts(progress.counts, parts, -1);
  progress.counts.total += 1;
  progress.counts.pending += 1;
  progress.parts[node] = undefined;
}

/** Of a node that has them. @throws Error if it has none, which is our own mistake */
export function partsAt(progress: RunProgress, node: number): Parts {
  const parts = progress.parts[node];
  if (parts === undefined) throw new Error(`node ${node} has no parts`);
  return parts;
}

/** A part gets another code; the node does not end by it yet (endIfOver). */
export function change(progress: RunProgress, { node, part }: Slot, to: Code): void {
  const parts = partsAt(progress, node);
  const from = codeAt(parts, part);
  if (from === to) return;
  if (from === Code.Unstarted) parts.made += 1;
  if (to === Code.Unstarted) parts.made -= 1;
  if (from === Code.Suspended) progress.suspended -= 1;
  if (to === Code.Suspended) progress.suspended += 1;
  countCode(progress.counts, from, -1);
  countCode(progress.counts, to, 1);
  setCode(parts, part, to);
  refresh(progress, node);
}

/** Whether the node may start a part. After a stop no task has one that is unstarted. */
function refresh(progress: RunProgress, node: number): void {
  const { unstarted, active, place } = partsAt(progress, node);
  if (place < 0) return;
  const isFull = active >= (progress.graph.nodes[node]?.maxParallel ?? Infinity);
  if (unstarted > 0 && !isFull) addIndex(progress.startable, place);
  else deleteIndex(progress.startable, place);
}

/** An open node whose parts have all ended has ended. */
export function endIfOver(progress: RunProgress, node: number): void {
  if (progress.stage[node] !== Stage.Open) return;
  const end = endOf(partsAt(progress, node));
  if (end !== undefined) settle(progress, node, end);
}

/** undefined: it has not ended. */
export function finalStateOf({ stage }: RunProgress, node: number): FinalState | undefined {
  return FINAL_STATES[(stage[node] ?? Stage.Waiting) - Stage.Done];
}
