/** dependsOn: every name is that of another task, once, and no task waits for itself in the end. */
import { chain, quoted } from "../words.ts";
import type { Entry } from "./definition.ts";
import type { Look } from "./look.ts";
import { taskNames } from "./uses.ts";

export function checkDependsOn(entry: Entry, look: Look): void {
  const { spec, path } = entry;
  const { definition, findings } = look;
  const seen = new Set<string>();
  for (const [index, name] of (spec.dependsOn ?? []).entries()) {
    if (findings.isFull) return;
    const problem = seen.has(name) ? `${quoted(name)} is there twice; take one out` : nameProblem(name, entry, look);
    seen.add(name);
    if (problem !== undefined) findings.report(`${path}.dependsOn[${index}]`, problem);
  }
  const isFirst = definition.cycle?.[0] === spec.name && definition.byName.get(spec.name) === entry;
  if (definition.cycle === undefined || !isFirst) return;
  findings.report(
    `${path}.dependsOn`,
    `${chain(definition.cycle)} is a cycle, in which each waits for the next; take one out`,
  );
}

function nameProblem(name: string, entry: Entry, { definition, findings }: Look): string | undefined {
  if (name === entry.spec.name) return "a task cannot wait for itself; take it out";
  const found = definition.byName.get(name);
  if (found === undefined) return `there is no task ${quoted(name)}${findings.suggest(name, taskNames(definition))}`;
  if (!found.isFinally) return undefined;
  return `${quoted(name)} is a task of finally, which runs once all others have ended; take it out`;
}
