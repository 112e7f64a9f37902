/** Which part of an ended run a retry runs again. */
import type { WorkflowRunSpec } from "../../api/types.ts";
import { didYouMean } from "./didyoumean.ts";
import { TaskState } from "./model.ts";
import type { FinalState, Graph, GraphNode } from "./model.ts";
import { Code, codeAt, setCode } from "./parts.ts";
import type { Parts } from "./parts.ts";
import { begin, blankProgress, finalStateOf, finish, keepParts, makeParts } from "./transitions.ts";
import type { RunProgress } from "./transitions.ts";

type Retry = NonNullable<WorkflowRunSpec["retry"]>;

export type Retried =
  | {
      /** The same object as before if nothing is reset. */
      readonly progress: RunProgress;
      /** How many tasks and parts run again; those of finally count once anything does. */
      readonly reset: number;
    }
  | { readonly problem: string };

/** More unknown names than these are only counted. */
const PROBLEMS_MAX = 3;

/**
 * A new progress in which what the retry names waits again and all else stands as it ended. All of finally waits again, with all its
 * parts, if anything does. With scope Failed a mapped node keeps its parts that succeeded for when it is opened, unless its
 * list comes from the result of a task and a task it depends on runs again.
 */
export function retryProgress(progress: RunProgress, retry: Retry): Retried {
  const { graph } = progress;
  const named = indexesOf(graph, retry.tasks ?? []);
  if ("problem" in named) return named;
  const scope = retry.scope ?? "Failed";
  const isReset = resetOf(progress, scope, named.indexes);
  if (!isReset.includes(1)) return { progress, reset: 0 };
  isReset.fill(1, graph.taskCount);
  const hasResetAncestor = downstreamOf(graph, marked(isReset));
  const next = blankProgress(graph);
  for (const node of graph.nodes) {
    const state = isReset[node.index] === 1 ? undefined : finalStateOf(progress, node.index);
    const parts = progress.parts[node.index];
    if (state !== undefined) keepNode(next, node, { state, parts });
    else if (parts !== undefined && scope === "Failed" && keepsParts(node, hasResetAncestor))
      keepParts(
        next,
        node.index,
        copyOf(next, node, parts, (code) => code === Code.Succeeded),
      );
  }
  const reset = marked(isReset).reduce((sum, index) => sum + againOf(progress, next, index), 0);
  begin(next);
  return { progress: next, reset };
}

function indexesOf(
  graph: Graph,
  names: readonly string[],
): { readonly indexes: readonly number[] } | { readonly problem: string } {
  const unknown = names.flatMap((name, place) => (graph.byName.has(name) ? [] : [{ name, place }]));
  if (unknown.length === 0) return { indexes: names.map((name) => graph.byName.get(name) ?? 0) };
  const words = unknown
    .slice(0, PROBLEMS_MAX)
    .map(
      ({ name, place }) =>
        `spec.retry.tasks[${place}]: this run has no task "${name}"${didYouMean(name, graph.byName.keys())}`,
    );
  const more = unknown.length > PROBLEMS_MAX ? ` (and ${unknown.length - PROBLEMS_MAX} more)` : "";
  return { problem: `${words.join("; ")}${more}` };
}

/** 1 for each node that runs again, without what is only reset because others are. */
function resetOf(progress: RunProgress, scope: NonNullable<Retry["scope"]>, named: readonly number[]): Uint8Array {
  const { graph } = progress;
  switch (scope) {
    case "Tasks":
      return withMarks(new Uint8Array(graph.nodes.length), named);
    case "TasksAndDownstream":
      return withMarks(downstreamOf(graph, named), named);
    case "Failed": {
      const states = graph.nodes.map(({ index }) => finalStateOf(progress, index));
      const failed = marked(states.map((state) => (hasFailed(state) ? 1 : 0)));
      const isReset = withMarks(downstreamOf(graph, failed), failed);
      return isReset.map((mark, index) => (states[index] === TaskState.Succeeded ? 0 : mark));
    }
  }
}

/** What has not ended, which nothing in an ended run should, is run again like what failed. */
function hasFailed(state: FinalState | undefined): boolean {
  return state !== TaskState.Succeeded && state !== TaskState.Skipped;
}

/** 1 for each node that depends on one of these, directly or through others. */
function downstreamOf(graph: Graph, nodes: readonly number[]): Uint8Array {
  const marks = new Uint8Array(graph.nodes.length);
  const queue = [...nodes];
  for (const node of queue) {
    for (const dependent of graph.nodes[node]?.dependents ?? []) {
      if (marks[dependent] === 1) continue;
      marks[dependent] = 1;
      queue.push(dependent);
    }
  }
  return marks;
}

function withMarks(marks: Uint8Array, indexes: readonly number[]): Uint8Array {
  for (const index of indexes) marks[index] = 1;
  return marks;
}

function marked(marks: Uint8Array | readonly number[]): readonly number[] {
  return [...marks.entries()].flatMap(([index, mark]) => (mark === 1 ? [index] : []));
}

function keepsParts({ index, isFinally, list }: GraphNode, hasResetAncestor: Uint8Array): boolean {
  return !isFinally && (list === "static" || (list === "result" && hasResetAncestor[index] !== 1));
}

function keepNode(
  next: RunProgress,
  node: GraphNode,
  { state, parts }: { readonly state: FinalState; readonly parts: Parts | undefined },
): void {
  if (parts !== undefined && node.list !== "none")
    keepParts(
      next,
      node.index,
      copyOf(next, node, parts, () => true),
    );
  finish(next, node.index, state);
}

/** The codes `isKept` lets through, all else unstarted. */
function copyOf(next: RunProgress, node: GraphNode, parts: Parts, isKept: (code: number) => boolean): Parts {
  const copy = makeParts(next, node.index, parts.total);
  for (const code of [Code.Succeeded, Code.Failed, Code.Cancelled])
    for (let part = 0; part < parts.total; part += 1)
      if (codeAt(parts, part) === code && isKept(code)) setCode(copy, part, code);
  return copy;
}

function againOf(progress: RunProgress, next: RunProgress, index: number): number {
  return next.parts[index]?.unstarted ?? progress.parts[index]?.total ?? 1;
}
