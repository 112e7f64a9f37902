import { describe, expect, it } from "vitest";
import { aWorkflowRun } from "../../testing/makeworkflow.ts";
import { aSpec, tasksOf } from "../../testing/workflows/specs.ts";
import { aState } from "../../testing/workflows/state.ts";
import { stopWish } from "./advance.ts";
import { compileGraph } from "./graph.ts";
import { observe, open, takeReady } from "./progress.ts";
import type { RunProgress } from "./progress.ts";
import { restore } from "./restore.ts";
import { retryProgress } from "./retry.ts";

const spec = aSpec(tasksOf("a", "b", "c"), { onFailure: "FailFast" });
const graph = compileGraph(spec);
const run = aWorkflowRun({ name: "sales-1" });

function wishOf(progress: RunProgress, round: number): string | undefined {
  return stopWish(aState(spec, { run, round, progress }), run, 0);
}

describe("onFailure FailFast", () => {
  it("stops a run for a failure, also for one that was recorded before a restart", () => {
    expect(wishOf(restore(graph, { states: "S.." }).progress, 0)).toBeUndefined();
    expect(wishOf(restore(graph, { states: "SF." }).progress, 0)).toBe("FailFast");
  });

  it("does not stop a retry for what failed before it", () => {
    const before = restore(graph, { states: "FCS" }).progress;
    const retried = retryProgress(before, { id: "again", scope: "Tasks", tasks: ["b"] });
    if ("problem" in retried) throw new Error(retried.problem);
    const { progress } = retried;
    open(progress, takeReady(progress) ?? -1, 1);

    expect(wishOf(progress, 1)).toBeUndefined();
    expect(wishOf(restore(graph, { states: "FRS" }).progress, 1)).toBeUndefined();
    observe(progress, { node: 1, part: 0 }, "Active");
    expect(wishOf(progress, 1)).toBeUndefined();
  });

  it("stops a retry for what fails in it", () => {
    const { progress } = restore(graph, { states: "FR." });
    observe(progress, { node: 1, part: 0 }, "Failed");

    expect(wishOf(progress, 1)).toBe("FailFast");
  });
});
