/** Whether what a reference names is there, and known by the time the task starts. */
import { isObject } from "../../../api/decode.ts";
import { listsOf } from "../foreach.ts";
import type { ForEach } from "../foreach.ts";
import { unknownParam } from "../params.ts";
import { RUN_FIELDS, textOf } from "../references.ts";
import type { Reference } from "../references.ts";
import { quoted } from "../words.ts";
import type { Definition, Entry } from "./definition.ts";
import type { Findings } from "./findings.ts";
import type { Look } from "./look.ts";

/** What is wrong with a reference of a task; undefined: nothing. */
export function useProblem(reference: Reference, entry: Entry, look: Look): string | undefined {
  const { definition, findings } = look;
  switch (reference.kind) {
    case "param":
      return paramProblem(reference.name, definition);
    case "item":
      return entry.spec.forEach === undefined
        ? outside(reference)
        : elementProblem(reference.key, entry.spec.forEach, look);
    case "index":
      return entry.spec.forEach === undefined ? outside(reference) : undefined;
    case "status":
      return taskProblem(reference.task, entry, definition, findings);
    case "result":
      return taskProblem(reference.task, entry, definition, findings) ?? resultProblem(reference, definition, findings);
    case "run":
      return runProblem(reference.field, entry, findings);
  }
}

/** In a text an unknown field is found when it is read, in `when` here. */
function runProblem(field: string, { isFinally }: Entry, findings: Findings): string | undefined {
  if (field === "status" && !isFinally) return "run.status is known in finally only, once all tasks have ended";
  if (RUN_FIELDS.some((known) => known === field)) return undefined;
  const meant = findings.suggest(field, RUN_FIELDS);
  return `a run has no ${quoted(field)}${meant === "" ? `; it has ${RUN_FIELDS.join(", ")}` : meant}`;
}

export function paramProblem(name: string, definition: Definition): string | undefined {
  return definition.params.has(name) ? undefined : unknownParam(name, [...definition.params]);
}

/** What is wrong with using the status or the results of a task. */
function taskProblem(
  other: string,
  { spec: { name }, isFinally }: Entry,
  definition: Definition,
  findings: Findings,
): string | undefined {
  const found = definition.byName.get(other);
  if (found === undefined) return `there is no task ${quoted(other)}${findings.suggest(other, taskNames(definition))}`;
  if (other === name) return `a task cannot use what it comes to itself; name a task of dependsOn`;
  if (found.isFinally)
    return isFinally
      ? `${quoted(other)} is a task of finally as this one is, and those run side by side`
      : `${quoted(other)} is a task of finally, which runs once all others have ended`;
  if (isFinally || definition.isUpstream(name, other)) return undefined;
  if (definition.isUpstream(other, name))
    return `task ${quoted(other)} runs after this one, so nothing of it is known yet`;
  return `task ${quoted(other)} need not have ended when this one starts; add ${quoted(other)} to dependsOn`;
}

function resultProblem(
  { task, result }: { readonly task: string; readonly result: string },
  { byName }: Definition,
  findings: Findings,
): string | undefined {
  const spec = byName.get(task)?.spec;
  if (spec?.workflowRef !== undefined) return `task ${quoted(task)} runs a Workflow, and those hand over no results`;
  const declared = (spec?.results ?? []).map(({ name }) => name);
  if (declared.includes(result)) return undefined;
  const meant = findings.suggest(result, declared);
  return `task ${quoted(task)} declares no result ${quoted(result)}${meant === "" ? "; add it to its results" : meant}`;
}

/** Names of spec.tasks. */
export function taskNames({ spec }: Definition): readonly string[] {
  return spec.tasks.map(({ name }) => name);
}

function outside(reference: Reference): string {
  return `${textOf(reference)} stands for an element of forEach, and the task has none; add forEach`;
}

function elementProblem(key: string | undefined, forEach: ForEach, look: Look): string | undefined {
  if (key === undefined || listsOf(forEach).length !== 1) return undefined;
  const known = look.keyProblems.get(forEach) ?? new Map<string, string | undefined>();
  if (!known.has(key)) known.set(key, keyProblem(key, forEach, look.findings));
  look.keyProblems.set(forEach, known);
  return known.get(key);
}

function keyProblem(key: string, forEach: ForEach, findings: Findings): string | undefined {
  const { items, matrix, range } = forEach;
  const name = quoted(key);
  if (matrix !== undefined) {
    if (Object.hasOwn(matrix, key)) return undefined;
    return `forEach.matrix has no ${name}${findings.suggest(key, Object.keys(matrix))}`;
  }
  if (range !== undefined) return `the elements of forEach.range are numbers without fields; write $(item)`;
  const index = items?.findIndex((item) => !isObject(item) || !Object.hasOwn(item, key)) ?? -1;
  if (index < 0) return undefined;
  const item = items?.[index];
  if (!isObject(item)) return `forEach.items[${index}] is no object, so it has no field ${name}; write $(item)`;
  return `forEach.items[${index}] has no field ${name}${findings.suggest(key, Object.keys(item))}`;
}
