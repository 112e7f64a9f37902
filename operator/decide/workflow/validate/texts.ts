/** References in the texts of a task. */
import { referencesIn, textOf } from "../references.ts";
import type { Reference } from "../references.ts";
import type { Entry } from "./definition.ts";
import type { Look } from "./look.ts";
import { useProblem } from "./uses.ts";

/** Reports what only looks like a reference, and every reference to what is not there. */
export function checkTexts(value: unknown, path: string, entry: Entry, look: Look): void {
  const { references, problems } = referencesIn(value, path);
  for (const found of problems) look.findings.report(found.path, found.problem);
  for (const found of references) {
    if (look.findings.isFull) return;
    const problem = useProblem(found.reference, entry, look);
    if (problem !== undefined) look.findings.report(found.path, problem);
  }
}

/** The elements of a list are the same for all parts and known before any: params and the run alone may be in them. */
export function checkElementTexts(value: unknown, path: string, entry: Entry, look: Look): void {
  const { references, problems } = referencesIn(value, path);
  for (const found of problems) look.findings.report(found.path, found.problem);
  for (const found of references) {
    const problem = isGeneral(found.reference)
      ? useProblem(found.reference, entry, look)
      : `${textOf(found.reference)} cannot be used here; the elements of forEach can have $(params.NAME) and $(run.FIELD)`;
    if (problem !== undefined) look.findings.report(found.path, problem);
  }
}

function isGeneral({ kind }: Reference): boolean {
  return kind === "param" || kind === "run";
}
