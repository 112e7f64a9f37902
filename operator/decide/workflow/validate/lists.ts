/** forEach of mapped tasks, and how many tasks and parts there are in all. */
import { listsOf, resultReference, staticTotal } from "../foreach.ts";
import { TASKS_MAX } from "../model.ts";
import { parseText } from "../references.ts";
import type { Entry } from "./definition.ts";
import type { Look } from "./look.ts";
import { checkElementTexts } from "./texts.ts";
import { useProblem } from "./uses.ts";

const LISTS = "items, matrix, range and result";

export function checkForEach(entry: Entry, look: Look): void {
  const { forEach } = entry.spec;
  if (forEach === undefined) return;
  const path = `${entry.path}.forEach`;
  const lists = listsOf(forEach);
  if (lists.length !== 1) {
    const found = lists.length === 0 ? "" : `, has ${lists.join(" and ")}`;
    look.findings.report(path, `must have exactly one of ${LISTS}${found}`);
    return;
  }
  checkElementTexts(forEach.items, `${path}.items`, entry, look);
  checkElementTexts(forEach.matrix, `${path}.matrix`, entry, look);
  if (forEach.result !== undefined) checkResult(forEach.result, `${path}.result`, entry, look);
  const total = staticTotal(forEach) ?? 0;
  if (total > TASKS_MAX) {
    const most = `a run has at most ${TASKS_MAX} tasks and parts`;
    look.findings.report(path, `comes to ${total} parts; ${most}, so let each part do more`);
  }
}

function checkResult(text: string, path: string, entry: Entry, look: Look): void {
  const parsed = parseText(text);
  const reference = resultReference(text);
  if ("problem" in parsed) look.findings.report(path, parsed.problem);
  else if (reference === undefined)
    look.findings.report(
      path,
      "must be one reference to a result and nothing else, such as $(tasks.list.results.files)",
    );
  else {
    const problem = useProblem(reference, entry, look);
    if (problem !== undefined) look.findings.report(path, problem);
  }
}

/** Lists that other tasks give count as one until they are known. */
export function checkTotal({ definition, findings }: Look): void {
  let total = 0;
  for (const { spec } of definition.entries) {
    const parts = spec.forEach === undefined ? 1 : Math.max(1, staticTotal(spec.forEach) ?? 1);
    // Said there already.
    if (parts > TASKS_MAX) return;
    total += parts;
  }
  if (total <= TASKS_MAX) return;
  const where = definition.spec.finally === undefined ? "" : ", those of finally included";
  findings.report("spec.tasks", `come to ${total} tasks and parts${where}; a run has at most ${TASKS_MAX}`);
}
