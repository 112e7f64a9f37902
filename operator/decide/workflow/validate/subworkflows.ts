/** Tasks that run another Workflow. */
import { SHARED_FIELDS } from "../child.ts";
import { quoted, chain, keyPath } from "../words.ts";
import type { Entry } from "./definition.ts";
import type { Circles, KnownWorkflows, Look } from "./look.ts";
import { objectNameProblem } from "./taskrun.ts";
import { checkTexts } from "./texts.ts";

/** What only a task with a pod of its own can have. */
const POD_FIELDS = ["template", ...SHARED_FIELDS, "results"] as const;

export function checkWorkflowRef(entry: Entry, look: Look): void {
  const { spec, path } = entry;
  const ref = spec.workflowRef;
  if (ref === undefined) return;
  const { findings, definition } = look;
  const at = `${path}.workflowRef`;
  const problem = objectNameProblem(ref.name) ?? look.circles.problemOf(ref.name);
  if (problem !== undefined) findings.report(`${at}.name`, problem);
  checkTexts(ref.params, `${at}.params`, entry, look);
  if (ref.name !== definition.name) checkParams(entry, ref, look);
  for (const field of POD_FIELDS) {
    if (spec[field] === undefined) continue;
    findings.report(
      `${path}.${field}`,
      "is for a task with a pod of its own, and this one has workflowRef; take one of them out",
    );
  }
}

function checkParams(
  { path }: Entry,
  { name, params = {} }: { readonly name: string; readonly params?: Readonly<Record<string, string>> },
  { known, findings }: Look,
): void {
  const declared = known.paramsOf?.(name);
  if (declared === undefined) return;
  const names = declared.map((param) => param.name);
  for (const given of Object.keys(params)) {
    if (names.includes(given)) continue;
    const problem = `Workflow ${quoted(name)} has no param ${quoted(given)}${findings.suggest(given, names)}`;
    findings.report(keyPath(`${path}.workflowRef.params`, given), problem);
  }
  for (const param of declared) {
    if (param.hasDefault || Object.hasOwn(params, param.name)) continue;
    const problem = `must have ${quoted(param.name)}, for which Workflow ${quoted(name)} has no default`;
    findings.report(`${path}.workflowRef.params`, problem);
  }
}

/** Sub-workflows in sub-workflows: a person's run is on level 0, and its deepest ones on this; see Annotation.Depth. */
export const LEVELS_MAX = 8;
/** Of the namespace's Workflows together: what is beyond is found when it runs. */
const REFERENCES_MAX = 100_000;

export function circlesOf(self: string, refs: readonly string[], known: KnownWorkflows): Circles {
  const edges = reachable(self, refs, known);
  const next = wayBack(self, edges);
  const deepest = deepWay(self, edges);
  return {
    problemOf: (workflow) => {
      const circle = workflow === self ? [self, self] : wayFrom(workflow, self, next);
      if (circle !== undefined)
        return `${chain(circle)} is a circle of Workflows, each of which runs the next one; take one out`;
      if (deepest?.[1] !== workflow) return undefined;
      return `${chain(deepest)} is too deep: sub-workflows can be in one another up to ${LEVELS_MAX} levels`;
    },
  };
}

/** Every Workflow that can be come to, with those it refers to. */
function reachable(
  self: string,
  refs: readonly string[],
  known: KnownWorkflows,
): ReadonlyMap<string, readonly string[]> {
  const edges = new Map([[self, refs]]);
  let looked = refs.length;
  const queue = [...refs];
  for (const name of queue) {
    if (edges.has(name)) continue;
    const theirs = looked < REFERENCES_MAX ? (known.refsOf(name) ?? []) : [];
    edges.set(name, theirs);
    looked += theirs.length;
    for (const other of theirs) if (!edges.has(other)) queue.push(other);
  }
  return edges;
}

/** For each Workflow from which there is a way to `self`: the next one on a shortest way. */
function wayBack(self: string, edges: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, string> {
  const users = new Map<string, string[]>();
  for (const [name, refs] of edges) {
    for (const ref of refs) {
      const those = users.get(ref);
      if (those === undefined) users.set(ref, [name]);
      else those.push(name);
    }
  }
  const next = new Map<string, string>();
  const queue = [self];
  for (const name of queue) {
    for (const user of users.get(name) ?? []) {
      if (next.has(user) || user === self) continue;
      next.set(user, name);
      queue.push(user);
    }
  }
  return next;
}

/** sales, shipping, sales */
function wayFrom(workflow: string, self: string, next: ReadonlyMap<string, string>): readonly string[] | undefined {
  const way = [self, workflow];
  for (let at = next.get(workflow); at !== undefined; at = next.get(at)) {
    way.push(at);
    if (at === self) return way;
  }
  return undefined;
}

/** The names of a way one level too deep, `self` first; undefined: there is none. */
function deepWay(self: string, edges: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const levels: ReadonlyMap<string, string>[] = [new Map([[self, ""]])];
  for (let level = 1; level <= LEVELS_MAX + 1; level += 1) {
    const here = new Map<string, string>();
    for (const name of levels[level - 1]?.keys() ?? []) for (const ref of edges.get(name) ?? []) here.set(ref, name);
    if (here.size === 0) return undefined;
    levels.push(here);
  }
  const way: string[] = [];
  let at = levels.at(-1)?.keys().next().value ?? "";
  for (const level of levels.toReversed()) {
    way.push(at);
    at = level.get(at) ?? "";
  }
  return way.toReversed();
}
