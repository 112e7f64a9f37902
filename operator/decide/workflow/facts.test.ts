import { describe, expect, it } from "vitest";
import type { WorkflowSpec } from "../../api/types.ts";
import { aTaskRun } from "../../testing/make.ts";
import { aWorkflowRun } from "../../testing/makeworkflow.ts";
import { aState } from "../../testing/workflows/state.ts";
import { factsOf } from "./facts.ts";
import { compileGraph } from "./graph.ts";
import { restore } from "./restore.ts";
import { retryProgress } from "./retry.ts";
import type { Children, RunState } from "./runstate.ts";

const spec: WorkflowSpec = {
  tasks: [
    { name: "extract", results: [{ name: "rows" }] },
    { name: "parts", results: [{ name: "rows" }], forEach: { range: { end: 3 } } },
    { name: "load", dependsOn: ["extract", "parts"] },
  ],
};
const graph = compileGraph(spec);
const run = aWorkflowRun({ name: "sales-1" });

/** A run that was read back from its status. */
function readBack(states: string, failed = ""): RunState {
  const succeeded = failed === "" ? "0-2" : "0,2";
  const mapped = [{ task: "parts", total: 3, succeeded, ...(failed !== "" && { failed }) }];
  const { progress } = restore(graph, { states, mapped });
  return aState(spec, { run, progress });
}

const children: Children = {
  taskRun: (name) =>
    name === "sales-1-extract" || name.startsWith("sales-1-parts-")
      ? aTaskRun({ name, status: { phase: "Succeeded", results: { rows: `of ${name}` } } })
      : undefined,
  run: () => undefined,
};

describe("a result", () => {
  it("of a task that ended before the operator was started is still there", () => {
    const facts = factsOf(readBack("SS."), children, { node: 2 });

    expect(facts.result("extract", "rows")).toBe("of sales-1-extract");
    expect(facts.result("parts", "rows")).toBe('["of sales-1-parts-0","of sales-1-parts-1","of sales-1-parts-2"]');
  });

  it("of a task that a retry keeps is that of the round it ran in", () => {
    const before = readBack("SSF");
    const retried = retryProgress(before.progress, { id: "1" });
    if ("problem" in retried) throw new Error(retried.problem);
    const facts = factsOf({ ...before, progress: retried.progress, round: 1 }, children, { node: 2 });

    expect(facts.result("extract", "rows")).toBe("of sales-1-extract");
    expect(facts.result("parts", "rows")).toContain("of sales-1-parts-2");
  });

  it("of a part that failed is null among the others", () => {
    const facts = factsOf(readBack("SF.", "1"), children, { node: 2 });

    expect(facts.result("parts", "rows")).toBe('["of sales-1-parts-0",null,"of sales-1-parts-2"]');
  });

  it("that is not there is missing, and why", () => {
    const facts = factsOf(readBack("F.."), children, { node: 2 });

    expect(facts.result("extract", "rows")).toEqual({ missing: 'task "extract" did not succeed (Failed)' });
    expect(factsOf(readBack("S.."), children, { node: 2 }).result("extract", "cols")).toEqual({
      missing: 'TaskRun sales-1-extract has no result "cols"',
    });
  });
});
