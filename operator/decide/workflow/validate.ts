/**
 * Whether a definition can be run, and everything that is wrong with it. What the API server's schema says is checked first; only
 * where that holds the other rules are looked at, one small file each under validate/.
 */
import type { WorkflowSpec } from "../../api/types.ts";
import { joinWhole } from "./message.ts";
import { checkWhen } from "./validate/conditions.ts";
import { indexDefinition } from "./validate/definition.ts";
import { checkDependsOn } from "./validate/dependencies.ts";
import { Findings, PROBLEMS_MAX } from "./validate/findings.ts";
import type { WorkflowProblem } from "./validate/findings.ts";
import { checkForEach, checkTotal } from "./validate/lists.ts";
import type { KnownWorkflows, Look } from "./validate/look.ts";
import { checkName } from "./validate/names.ts";
import { checkParams, checkResults } from "./validate/params.ts";
import { checkShape } from "./validate/shape.ts";
import { checkWorkflowRef, circlesOf } from "./validate/subworkflows.ts";
import { checkDefaults, checkWork } from "./validate/work.ts";

export type { WorkflowProblem } from "./validate/findings.ts";
export type { KnownWorkflows } from "./validate/look.ts";

/** Of every entry of tasks and finally, in the order of its fields. */
const RULES = [checkName, checkDependsOn, checkWhen, checkForEach, checkWorkflowRef, checkWork, checkResults] as const;

/**
 * All that is wrong, in the order of the spec, at most 100 problems; none: it can be run. The spec may be any JSON, whatever its
 * type says. Takes time in proportion to the definition, and where tasks use what they do not depend on directly, also to its
 * dependencies times the number of its tasks / 32.
 */
export function workflowProblems(
  workflow: { readonly name: string; readonly spec: WorkflowSpec },
  known: KnownWorkflows,
): readonly WorkflowProblem[] {
  const findings = new Findings();
  checkShape(workflow.spec, findings);
  if (findings.problems.length > 0) return findings.problems;
  const look = lookAt(workflow, known, findings);
  checkParams(look);
  checkDefaults(look);
  for (const entry of look.definition.entries) {
    if (findings.isFull) break;
    for (const rule of RULES) rule(entry, look);
  }
  checkTotal(look);
  return findings.problems;
}

/** For the message of the condition Valid, at most 1,024 bytes: whole problems as they fit, then "(and n more)". */
export function problemsMessage(problems: readonly WorkflowProblem[]): string {
  return joinWhole(
    problems.map(({ path, problem }) => `${path}: ${problem}`),
    problems.length < PROBLEMS_MAX,
  );
}

/** Both are about a second: 10,000 tasks with 1 KB of defaults, or 100 references in them. */
const MERGED_CHARS_MAX = 10_000_000;
const LOOKUPS_MAX = 1_000_000;

function lookAt(
  { name, spec }: { readonly name: string; readonly spec: WorkflowSpec },
  known: KnownWorkflows,
  findings: Findings,
): Look {
  const definition = indexDefinition(name, spec);
  const refs = definition.entries.flatMap((entry) => entry.spec.workflowRef?.name ?? []);
  const reported = new Set<string>();
  return {
    definition,
    findings,
    known,
    circles: circlesOf(name, [...new Set(refs)], known),
    budget: { mergedChars: MERGED_CHARS_MAX, lookups: LOOKUPS_MAX },
    keyProblems: new Map(),
    reportOnce: (key, { path, problem }) => {
      if (reported.has(key)) return;
      reported.add(key);
      findings.report(path, problem);
    },
  };
}
