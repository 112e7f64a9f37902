/** A definition as the rules look at it: its entries by name, and who runs before whom. */
import type { WorkflowSpec } from "../../../api/types.ts";
import { ancestorsOf, compileGraph, findCycle } from "../graph.ts";
import type { TaskSpec } from "../model.ts";
import { parseWhen } from "../when.ts";

/** An entry of spec.tasks or spec.finally. Those of finally have neither dependsOn nor triggerRule. */
export interface Entry {
  readonly spec: TaskSpec;
  /** `spec.tasks[load]` */
  readonly path: string;
  readonly isFinally: boolean;
}

export interface Definition {
  readonly name: string;
  readonly spec: WorkflowSpec;
  /** Of spec.tasks, then of spec.finally. */
  readonly entries: readonly Entry[];
  /** Where several have a name, the first. */
  readonly byName: ReadonlyMap<string, Entry>;
  readonly params: ReadonlySet<string>;
  /** "a", "b", "a" */
  readonly cycle: readonly string[] | undefined;
  /** Whether a task runs before another one, by dependsOn. Nobody can say on a cycle: then true. */
  readonly isUpstream: (task: string, other: string) => boolean;
  /** parseWhen; the same expression is read once. */
  readonly whenOf: (source: string) => ReturnType<typeof parseWhen>;
}

/** Only for a spec whose shape was found right. */
export function indexDefinition(name: string, spec: WorkflowSpec): Definition {
  const tasks = spec.tasks.map((task): Entry => ({ spec: task, path: `spec.tasks[${task.name}]`, isFinally: false }));
  const last = (spec.finally ?? []).map((task): Entry => ({
    spec: task,
    path: `spec.finally[${task.name}]`,
    isFinally: true,
  }));
  const entries = [...tasks, ...last];
  const byName = new Map(entries.toReversed().map((entry) => [entry.spec.name, entry]));
  const sensible = withoutLoops(spec);
  const cycle = findCycle(sensible);
  return {
    name,
    spec,
    entries,
    byName,
    params: new Set((spec.params ?? []).map((param) => param.name)),
    cycle,
    isUpstream: cycle === undefined ? upstreamTest(sensible) : () => true,
    whenOf: once(parseWhen),
  };
}

/** A task that waits for itself is a problem of its own, and hides no cycle of several. */
function withoutLoops(spec: WorkflowSpec): WorkflowSpec {
  if (!spec.tasks.some(({ name, dependsOn }) => dependsOn?.includes(name))) return spec;
  const tasks = spec.tasks.map((task) => {
    return { ...task, dependsOn: (task.dependsOn ?? []).filter((name) => name !== task.name) };
  });
  return { ...spec, tasks };
}

/** Shorter lists are searched sooner than all ancestors are known. */
const SEARCHED_MAX = 32;

function upstreamTest(spec: WorkflowSpec): Definition["isUpstream"] {
  const dependsOn = new Map(spec.tasks.map((task) => [task.name, task.dependsOn ?? []]));
  const lookup = once(() => {
    const graph = compileGraph(spec);
    return { graph, isAncestor: ancestorsOf(graph) };
  });
  return (task, other) => {
    const direct = dependsOn.get(task) ?? [];
    if (direct.length <= SEARCHED_MAX && direct.includes(other)) return true;
    const { graph, isAncestor } = lookup("");
    return isAncestor(graph.byName.get(task) ?? -1, graph.byName.get(other) ?? -1);
  };
}

function once<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return (key) => {
    const before = made.get(key);
    if (before !== undefined) return before;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}
