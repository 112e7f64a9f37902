/** What expressions and $(...) of a task may read: params, the element, other tasks' states and results, the run itself. */
import type { TaskRunRecord } from "../../api/records.ts";
import { expand } from "./foreach.ts";
import type { Parts } from "./foreach.ts";
import { runField } from "./inputs.ts";
import { TaskState } from "./model.ts";
import type { GraphNode, Slot } from "./model.ts";
import { tasksOutcome } from "./outcome.ts";
import { partsOf, stateOf } from "./progress.ts";
import { isRun } from "./observation.ts";
import { newestChild, nodeOf } from "./runstate.ts";
import type { Children, RunState, Verdict } from "./runstate.ts";
import type { Facts } from "./substitute.ts";

/** For a part of a node; without a part (`when`, forEach) there is no item and no index. */
export function factsOf(state: RunState, children: Children, { node, part }: Partial<Slot> & { node: number }): Facts {
  const { definition, params, run, progress } = state;
  const one = nodeOf(definition.graph, node);
  const list = part === undefined || one.list === "none" ? undefined : listOf(state, children, one);
  return {
    param: (name) => params.get(name),
    item: () => (list === undefined || "problem" in list || part === undefined ? undefined : list.itemAt(part)),
    index: () => (one.list === "none" ? undefined : part),
    result: (task, result) => resultOf(state, children, { task, result }),
    status: (task) => {
      const other = definition.graph.byName.get(task);
      return other === undefined ? undefined : stateOf(progress, other);
    },
    run: (field) => {
      const { namespace, name, uid, createdAt } = run;
      const { dataInterval } = run.spec;
      const status = one.isFinally ? tasksOutcome(progress, state.stopped) : undefined;
      return runField(field, {
        namespace,
        name,
        uid,
        createdAt,
        params,
        ...(dataInterval && { dataInterval }),
        ...(status !== undefined && { status }),
      });
    },
  };
}

/** A mapped node's elements, found once. */
export function listOf(state: RunState, children: Children, node: GraphNode): Parts | { readonly problem: Verdict } {
  const known = state.lists.get(node.index);
  if (known !== undefined) return known;
  const found = expand(node.spec.forEach ?? {}, factsOf(state, children, { node: node.index }));
  state.lists.set(node.index, found);
  return found;
}

function resultOf(
  state: RunState,
  children: Children,
  { task, result }: { readonly task: string; readonly result: string },
): string | { readonly missing: string } {
  const { graph } = state.definition;
  const index = graph.byName.get(task);
  if (index === undefined) return { missing: `there is no task "${task}"` };
  const known = state.joined.get(`${index}/${result}`);
  if (known !== undefined) return known;
  // Of a task that is not mapped there are no parts once it was kept by a retry, or read back after a restart.
  if (nodeOf(graph, index).list === "none") return oneResult(state, children, { index, task, result });
  // With the rules Always and OneSucceeded a task may ask while the parts run; what is joined then would stay so.
  const now = stateOf(state.progress, index);
  if (now === TaskState.Pending || now === TaskState.Running)
    return { missing: `task "${task}" has not ended (${now})` };
  const parts = partsOf(state.progress, index);
  if (parts === undefined) return { missing: `task "${task}" did not run (${stateOf(state.progress, index)})` };
  const values = Array.from({ length: parts.total }, (_, part) =>
    parts.stateAt(part) === TaskState.Succeeded ? valueOf(state, children, { node: index, part }, result) : null,
  );
  const joined = JSON.stringify(values.map((value) => value ?? null));
  state.joined.set(`${index}/${result}`, joined);
  return joined;
}

function oneResult(
  state: RunState,
  children: Children,
  { index, task, result }: { readonly index: number; readonly task: string; readonly result: string },
): string | { readonly missing: string } {
  const ended = stateOf(state.progress, index);
  if (ended !== TaskState.Succeeded) return { missing: `task "${task}" did not succeed (${ended})` };
  const child = newestChild(state, { node: index, part: 0 }, children);
  if (child === undefined) return { missing: `the TaskRun of task "${task}" was deleted, and its results with it` };
  const value = valueOf(state, children, { node: index, part: 0 }, result);
  return value ?? { missing: `TaskRun ${child.name} has no result "${result}"` };
}

function valueOf(state: RunState, children: Children, slot: Slot, result: string): string | undefined {
  const child = newestChild(state, slot, children);
  return child === undefined || isRun(child) ? undefined : resultsOf(child)[result];
}

function resultsOf({ status }: TaskRunRecord): Readonly<Record<string, string | undefined>> {
  const results = status.results ?? {};
  return Object.assign(Object.create(null) as Record<string, string>, results);
}
