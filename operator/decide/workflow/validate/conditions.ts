/** `when` of tasks. */
import type { Entry } from "./definition.ts";
import type { Look } from "./look.ts";
import { useProblem } from "./uses.ts";

export function checkWhen(entry: Entry, look: Look): void {
  const { when } = entry.spec;
  if (when === undefined) return;
  const path = `${entry.path}.when`;
  const parsed = look.definition.whenOf(when);
  if ("problem" in parsed) {
    look.findings.report(path, parsed.problem);
    return;
  }
  for (const reference of parsed.references) {
    if (look.findings.isFull) return;
    const problem = useProblem(reference, entry, look);
    if (problem !== undefined) look.findings.report(path, problem);
  }
}
