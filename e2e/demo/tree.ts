/**
 * A run of a Workflow as a tree: its tasks in order, below a mapped task its parts, below a sub-workflow its own tasks. What is
 * known of a task comes from the run's status, what is known of a part from its TaskRun.
 */
import type { Workflow, WorkflowRun } from "../support/flows.ts";
import { reasonOf, type TaskRun } from "../support/objects.ts";

/** What the cluster has of workflows in a namespace. */
export interface Seen {
  readonly workflows: readonly Workflow[];
  readonly runs: readonly WorkflowRun[];
  readonly taskRuns: readonly TaskRun[];
}

export interface TreeNode {
  readonly name: string;
  readonly state: string;
  /** Such as 3s; empty until the end. */
  readonly duration: string;
  /** Why, where that says more than the state; or how far it is. */
  readonly reason: string;
  readonly below: readonly TreeNode[];
}

/** As in status.states. */
const STATES: Readonly<Record<string, string>> = {
  ".": "Pending",
  R: "Running",
  S: "Succeeded",
  F: "Failed",
  U: "UpstreamFailed",
  K: "Skipped",
  C: "Cancelled",
};
const TITLES = ["TASK", "STATE", "DURATION", "REASON"] as const;
const GAP = "   ";

/** The tree of a run by the Workflow as it is now; one that was edited since may have other tasks. */
export function treeOf(run: WorkflowRun, seen: Seen): TreeNode {
  const { status, metadata, spec } = run;
  const definition = seen.workflows.find((one) => one.metadata.name === spec.workflowRef.name)?.spec;
  const tasks = definition?.tasks ?? [];
  const nodes = [...tasks, ...(definition?.finally ?? [])].map((task, place) => {
    const isFinally = place >= tasks.length;
    const state = STATES[status.states?.[place] ?? "."] ?? "?";
    const children = newest(childrenOf(run, task.name, seen));
    const name = isFinally ? `${task.name} (finally)` : task.name;
    return taskNode({ name, state, isMapped: task.forEach !== undefined }, children, seen);
  });
  const reason = conditionReason(run);
  return {
    name: metadata.name,
    state: status.phase ?? "Pending",
    duration: status.duration ?? "",
    reason: [status.progress, reason === status.phase ? undefined : reason].filter(Boolean).join(" "),
    below: nodes,
  };
}

/** Aligned lines with titles above. */
export function draw(tree: TreeNode): readonly string[] {
  const rows = [[...TITLES], ...rowsOf(tree, "", "")];
  const widths = TITLES.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

/** Each node of the tree with the names above it, such as `transform/0`, the root as its own name. */
export function flat(tree: TreeNode): ReadonlyMap<string, TreeNode> {
  const all = new Map<string, TreeNode>([[tree.name, tree]]);
  const add = (node: TreeNode, above: string): void => {
    all.set(above + node.name, node);
    for (const one of node.below) add(one, `${above}${node.name}/`);
  };
  for (const one of tree.below) add(one, "");
  return all;
}

/** A TaskRun, or the run of a sub-workflow, that stands for a task or a part of it. */
type Child = { readonly taskRun: TaskRun } | { readonly run: WorkflowRun };

function childrenOf(run: WorkflowRun, task: string, { runs, taskRuns }: Seen): readonly Child[] {
  const isIt = ({ metadata: { labels = {} } }: TaskRun | WorkflowRun): boolean =>
    labels["stint.dev/workflowrun"] === run.metadata.name && labels["stint.dev/task"] === task;
  return [...taskRuns.filter(isIt).map((taskRun) => ({ taskRun })), ...runs.filter(isIt).map((one) => ({ run: one }))];
}

/** Of each part the one of the last retry, in order. */
function newest(children: readonly Child[]): readonly Child[] {
  const byIndex = Map.groupBy(children, (child) => numberOf(child, "index"));
  return [...byIndex]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([, all]) => all.toSorted((a, b) => numberOf(b, "round") - numberOf(a, "round")).slice(0, 1));
}

function numberOf(child: Child, what: "index" | "round"): number {
  const { metadata } = "run" in child ? child.run : child.taskRun;
  return Number(metadata.labels?.[`stint.dev/${what}`] ?? 0);
}

function taskNode(
  { name, state, isMapped }: { readonly name: string; readonly state: string; readonly isMapped: boolean },
  children: readonly Child[],
  seen: Seen,
): TreeNode {
  const [only] = children;
  if (isMapped) {
    const parts = children.map((child) => childNode(String(numberOf(child, "index")), undefined, child, seen));
    const done = parts.filter((part) => part.state === "Succeeded").length;
    return { name, state, duration: "", reason: parts.length === 0 ? "" : `${done} of ${parts.length}`, below: parts };
  }
  return only === undefined ? { name, state, duration: "", reason: "", below: [] } : childNode(name, state, only, seen);
}

/** `state` as the run above has it: the last word once it is final. Until then the child knows better, by a second. */
function childNode(name: string, state: string | undefined, child: Child, seen: Seen): TreeNode {
  const final = state === "Pending" || state === "Running" ? undefined : state;
  if ("run" in child) {
    const tree = treeOf(child.run, seen);
    return { ...tree, name, state: final ?? tree.state };
  }
  const { status } = child.taskRun;
  const shown = final ?? status.phase ?? "Pending";
  const reason = reasonOf(child.taskRun) ?? "";
  return { name, state: shown, duration: status.duration ?? "", reason: reason === shown ? "" : reason, below: [] };
}

function conditionReason({ status }: WorkflowRun): string | undefined {
  return status.conditions?.find(({ type }) => type === "Succeeded")?.reason;
}

/** `lead` stands before the node itself, `indent` before what is below it. */
function rowsOf({ name, state, duration, reason, below }: TreeNode, lead: string, indent: string): string[][] {
  const rows = below.flatMap((node, place) => {
    const isLast = place === below.length - 1;
    return rowsOf(node, `${indent}${isLast ? "└─ " : "├─ "}`, `${indent}${isLast ? "   " : "│  "}`);
  });
  return [[`${lead}${name}`, state, duration, reason], ...rows];
}
