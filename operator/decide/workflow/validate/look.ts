/** What every rule is given. */
import type { WorkflowParam } from "../../../api/records.ts";
import type { ForEach } from "../foreach.ts";
import type { References } from "../references.ts";
import type { Definition } from "./definition.ts";
import type { Findings, WorkflowProblem } from "./findings.ts";

/** The other Workflows of the namespace. */
export interface KnownWorkflows {
  /** The Workflows that one refers to by workflowRef; undefined: there is none of that name. */
  refsOf(name: string): readonly string[] | undefined;
  /** The params it declares; undefined: not known. */
  paramsOf?(name: string): readonly WorkflowParam[] | undefined;
}

/** Ways from a Workflow through others, found once for all its tasks. */
export interface Circles {
  /** Why the task that runs this Workflow cannot come to an end; undefined: it can, for all that is known. */
  problemOf(workflow: string): string | undefined;
}

/**
 * What is left for looking at taskDefaults once for each task, which a hostile definition could make as much work as its size squared.
 * What is not looked at is found when the task starts.
 */
export interface Budget {
  /** Characters of taskDefaults.template to be merged with templates of tasks. */
  mergedChars: number;
  /** References of taskDefaults to be looked up for tasks. */
  lookups: number;
}

export interface Look {
  readonly definition: Definition;
  readonly findings: Findings;
  readonly known: KnownWorkflows;
  readonly circles: Circles;
  readonly budget: Budget;
  /** For a problem that many tasks have in common: only the first of a key counts. */
  reportOnce(key: string, found: WorkflowProblem): void;
  /** What is wrong with $(item.KEY) of a list: looked for once, for lists and references can be many. */
  readonly keyProblems: Map<ForEach, Map<string, string | undefined>>;
  /** Of taskDefaults, once they were looked at. */
  defaults?: DefaultsRead;
}

export interface DefaultsRead {
  /** References that are right for some tasks and wrong for others. */
  readonly local: References["references"];
  /** Of the template as JSON. */
  readonly chars: number;
}
