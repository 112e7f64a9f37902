/** Names of tasks: each once, and none that the operator will make for another one (decide/workflow/names.ts). */
import { staticTotal } from "../foreach.ts";
import { TASKS_MAX } from "../model.ts";
import type { Definition, Entry } from "./definition.ts";
import type { Look } from "./look.ts";

export function checkName(entry: Entry, { definition, findings }: Look): void {
  const { name } = entry.spec;
  const first = definition.byName.get(name);
  if (first !== entry) {
    const where = first?.isFinally === false && entry.isFinally ? "a task of spec.tasks" : "another task";
    findings.report(entry.path, `${where} has the name "${name}", too; rename one of them`);
    return;
  }
  const problem = collision(entry, definition) ?? insideCollision(entry, definition);
  if (problem !== undefined) findings.report(entry.path, problem);
}

const INDEX = /^(?<base>.+)-(?<index>0|[1-9][0-9]{0,4})$/;
const ROUND = /^(?<base>.+)-r[1-9][0-9]{0,8}$/;

/**
 * A task is `<run>-<task>[-<index>][-r<round>]`. So only the name of a task that is not mapped can be that of a part, or of a retry, of
 * another one: what is mapped always has one more number.
 */
function collision(entry: Entry, definition: Definition): string | undefined {
  const { name, forEach } = entry.spec;
  if (forEach !== undefined) return undefined;
  const retried = ROUND.exec(name)?.groups?.["base"];
  const other = likeOne(retried, entry, definition);
  if (other !== undefined && other.spec.forEach === undefined)
    return `the name "${name}" is the one that task "${retried}" gets when it is retried; rename one of them`;
  const { base, index } = INDEX.exec(retried ?? name)?.groups ?? {};
  const mapped = likeOne(base, entry, definition);
  if (!hasPart(mapped, Number(index))) return undefined;
  const when = retried === undefined ? "" : " when it is retried";
  return `the name "${name}" is the one that part ${index} of task "${base}" gets${when}; rename one of them`;
}

/** A task b of a sub-workflow that is task a makes `<run>-a-b`, as a task a-b would. What a sub-workflow's tasks are called nobody knows here. */
function insideCollision({ spec: { name } }: Entry, { byName }: Definition): string | undefined {
  for (let dash = name.indexOf("-"); dash > 0; dash = name.indexOf("-", dash + 1)) {
    const base = name.slice(0, dash);
    if (byName.get(base)?.spec.workflowRef === undefined) continue;
    return `the name "${name}" may be the one that a task inside the sub-workflow of task "${base}" gets; rename one of them`;
  }
  return undefined;
}

/** The entry of that name, if it makes the same kind of object: a TaskRun and a WorkflowRun can have one name. */
function likeOne(name: string | undefined, entry: Entry, { byName }: Definition): Entry | undefined {
  const found = name === undefined ? undefined : byName.get(name);
  return (found?.spec.workflowRef === undefined) === (entry.spec.workflowRef === undefined) ? found : undefined;
}

function hasPart(entry: Entry | undefined, index: number): boolean {
  const forEach = entry?.spec.forEach;
  return forEach !== undefined && index < (staticTotal(forEach) ?? TASKS_MAX);
}
