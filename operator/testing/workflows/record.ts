/** What a status says of a progress, made of its public questions alone. */
import type { WorkflowRunStatus } from "../../api/types.ts";
import { formatIntervals } from "../../decide/workflow/intervals.ts";
import { STATE_LETTER } from "../../decide/workflow/model.ts";
import type { PartState } from "../../decide/workflow/model.ts";
import { partsOf, stateOf } from "../../decide/workflow/progress.ts";
import type { RunProgress } from "../../decide/workflow/progress.ts";

type MappedEntry = NonNullable<WorkflowRunStatus["mapped"]>[number];

export function recordOf(progress: RunProgress): { readonly states: string; readonly mapped: MappedEntry[] } {
  const { nodes } = progress.graph;
  return {
    states: nodes.map(({ index }) => STATE_LETTER[stateOf(progress, index)]).join(""),
    mapped: nodes.flatMap(({ index, name, list }): MappedEntry[] => {
      const parts = list === "none" ? undefined : partsOf(progress, index);
      if (parts === undefined) return [];
      const { total, stateAt } = parts;
      const text = (state: PartState): string => formatIntervals(total, (part) => stateAt(part) === state);
      const [running, succeeded, failed, cancelled] = [
        text("Running"),
        text("Succeeded"),
        text("Failed"),
        text("Cancelled"),
      ];
      return [{ task: name, total, running, succeeded, failed, cancelled }];
    }),
  };
}
