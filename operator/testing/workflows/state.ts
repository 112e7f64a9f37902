/** A RunState as a test needs it: of run sales-1, unless it says otherwise. */
import type { WorkflowSpec } from "../../api/types.ts";
import { compileGraph } from "../../decide/workflow/graph.ts";
import { startProgress } from "../../decide/workflow/progress.ts";
import type { RunState } from "../../decide/workflow/runstate.ts";
import { aWorkflowRun } from "../makeworkflow.ts";

export function aState(spec: WorkflowSpec, wish: Partial<RunState> = {}): RunState {
  const graph = wish.progress?.graph ?? compileGraph(spec);
  return {
    definition: { workflow: "sales", revision: "r", generation: 1, spec, graph, merged: new Map() },
    run: aWorkflowRun({ name: "sales-1" }),
    params: new Map(),
    round: 0,
    retryId: undefined,
    progress: startProgress(graph),
    stopped: undefined,
    resumed: new Map(),
    verdicts: new Map(),
    lists: new Map(),
    joined: new Map(),
    ...wish,
  };
}
