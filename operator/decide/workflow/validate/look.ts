/** What every rule is given. */
import type { WorkflowParam } from "../../../api/records.ts";
import type { References } from "../references.ts";
import type { Definition } from "./definition.ts";
import type { Findings } from "./findings.ts";

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

export interface Look {
  readonly definition: Definition;
  readonly findings: Findings;
  readonly known: KnownWorkflows;
  readonly circles: Circles;
  /** For a problem that many tasks have in common; only the first of a path counts. */
  reportOnce(path: string, problem: string): void;
  /** Of taskDefaults: references that are right for some tasks only. */
  local?: References["references"];
}
