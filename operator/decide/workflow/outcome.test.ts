import { describe, expect, it } from "vitest";
import { aFinallyTask, aSpec, aTask, tasksOf } from "../../testing/workflows/specs.ts";
import { compileGraph } from "./graph.ts";
import type { TriggerRule } from "./model.ts";
import { outcomeOf, tasksOutcome } from "./outcome.ts";
import { restore } from "./restore.ts";

/** extract, then load by this rule, which ended as the letters say. */
function ofTwo(rule: TriggerRule, states: string): string {
  const spec = aSpec([aTask("extract"), aTask("load", { dependsOn: ["extract"], triggerRule: rule })]);
  const { phase, causes } = outcomeOf(restore(compileGraph(spec), { states }).progress, undefined);
  return [phase, ...causes].join(" ");
}

describe("the outcome of a run", () => {
  it.each([
    ["AllSucceeded", "SS", "Succeeded"],
    ["AllSucceeded", "SK", "Succeeded"],
    ["AllSucceeded", "FU", "Failed 0"],
    ["AllSucceeded", "CU", "Failed 0"],
    ["AllSucceeded", "SF", "Failed 1"],
    ["AllDone", "FS", "Failed 0"],
    ["Always", "FS", "Failed 0"],
    ["OneFailed", "FS", "Succeeded"],
    ["AllFailed", "FS", "Succeeded"],
    ["AllFailed", "CS", "Succeeded"],
    ["OneSucceeded", "FS", "Succeeded"],
    ["OneFailed", "FF", "Failed 0 1"],
    ["OneFailed", "FC", "Failed 0 1"],
    ["OneFailed", "FK", "Failed 0"],
    ["AllSucceeded", "KU", "Succeeded"],
  ] as const)("with %s and states %s: %s", (rule, states, want) => {
    expect(ofTwo(rule, states)).toBe(want);
  });

  it("is not saved by what handled another failure, or only indirectly", () => {
    const spec = aSpec([
      ...tasksOf("a", "b", "c: a"),
      aTask("rescue", { dependsOn: ["a"], triggerRule: "OneFailed" }),
      aTask("late", { dependsOn: ["c"], triggerRule: "OneFailed" }),
    ]);
    const graph = compileGraph(spec);

    expect(outcomeOf(restore(graph, { states: "FFUSS" }).progress, undefined).causes).toEqual([1]);
    expect(outcomeOf(restore(graph, { states: "FSUFS" }).progress, undefined).causes).toEqual([0, 3]);
  });

  it("is decided by finally, too, but not what finally is told of the tasks", () => {
    const spec = aSpec([aTask("a")], { finally: [aFinallyTask("clean")] });
    const { progress } = restore(compileGraph(spec), { states: "SF" });

    expect(outcomeOf(progress, undefined)).toEqual({ phase: "Failed", causes: [1] });
    expect(tasksOutcome(progress, undefined)).toBe("Succeeded");
  });

  it("of a run that was stopped is that of the stop; what the stop cancelled is no cause", () => {
    const { progress } = restore(compileGraph(aSpec(tasksOf("a", "b", "c"))), { states: "SCF" });

    expect(outcomeOf(progress, "Cancelled")).toEqual({ phase: "Cancelled", causes: [2] });
    expect(outcomeOf(progress, "DeadlineExceeded")).toEqual({ phase: "Failed", causes: [2] });
    expect(outcomeOf(progress, "FailFast")).toEqual({ phase: "Failed", causes: [2] });
    expect(outcomeOf(progress, undefined)).toEqual({ phase: "Failed", causes: [1, 2] });
    expect([tasksOutcome(progress, "Cancelled"), tasksOutcome(progress, "FailFast")]).toEqual(["Cancelled", "Failed"]);
  });

  it("of a run whose tasks all succeeded before it was stopped is that of the stop all the same", () => {
    const { progress } = restore(compileGraph(aSpec(tasksOf("a"))), { states: "S" });

    expect(outcomeOf(progress, "DeadlineExceeded")).toEqual({ phase: "Failed", causes: [] });
  });

  it("names ten causes at most, the first", () => {
    const names = Array.from({ length: 30 }, (_, index) => `t${index}`);
    const { progress } = restore(compileGraph(aSpec(tasksOf(...names))), { states: `S${"F".repeat(29)}` });

    expect(outcomeOf(progress, undefined).causes).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});
