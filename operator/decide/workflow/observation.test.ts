import { describe, expect, it } from "vitest";
import type { TaskRunRecord, WorkflowRunRecord } from "../../api/records.ts";
import type { WorkflowRunSpec, WorkflowRunStatus } from "../../api/types.ts";
import { aTaskRun } from "../../testing/make.ts";
import { RUN, aWorkflowRun, controlledBy } from "../../testing/makeworkflow.ts";
import { aSpec, aTask } from "../../testing/workflows/specs.ts";
import { aState } from "../../testing/workflows/state.ts";
import { seenOf, take } from "./observation.ts";
import { stateOf } from "./progress.ts";
import type { RunState } from "./runstate.ts";
import { nodeOf, newestChild } from "./runstate.ts";

const SPEC = aSpec([aTask("load"), aTask("ship", { workflowRef: { name: "shipping" } })]);

function labels(task: string, round: number): Record<string, string> {
  return {
    "stint.dev/workflow": "sales",
    "stint.dev/workflowrun": RUN.name,
    "stint.dev/task": task,
    ...(round > 0 && { "stint.dev/round": String(round) }),
  };
}

function taskRun(name: string, phase: "Succeeded" | "Running", round = 0): TaskRunRecord {
  const ownerReferences = [controlledBy("WorkflowRun", RUN)];
  return aTaskRun({ name, labels: labels("load", round), ownerReferences, status: { phase, observedGeneration: 1 } });
}

function shipping(spec: Partial<WorkflowRunSpec>, status: WorkflowRunStatus, round = 0): WorkflowRunRecord {
  return aWorkflowRun({ name: "sales-1-ship", uid: "uid-ship", labels: labels("ship", round), spec, status });
}

function see(state: RunState, child: TaskRunRecord | WorkflowRunRecord): void {
  take(state, { name: child.name, step: child.step ?? { task: "", round: 0 } }, child);
}

const statesOf = (state: RunState): readonly string[] =>
  state.definition.graph.nodes.map(({ index }) => stateOf(state.progress, index));

describe("a run's child", () => {
  it("tells of the task whose name it has", () => {
    const state = aState(SPEC);
    see(state, taskRun("sales-1-load", "Succeeded"));

    expect(statesOf(state)).toEqual(["Succeeded", "Pending"]);
  });

  it("tells nothing under another name, and nothing by being deleted: labels can be written by anybody", () => {
    const state = aState(SPEC);
    see(state, taskRun("sales-1-load", "Running"));
    see(state, taskRun("forged", "Succeeded"));
    take(state, { name: "forged", step: { task: "load", round: 0 } }, undefined);

    expect(statesOf(state)).toEqual(["Running", "Pending"]);
  });

  it("has failed when it is deleted before its end", () => {
    const state = aState(SPEC);
    see(state, taskRun("sales-1-load", "Running"));
    take(state, { name: "sales-1-load", step: { task: "load", round: 0 } }, undefined);

    expect(statesOf(state)).toEqual(["Failed", "Pending"]);
    expect([...state.verdicts.values()]).toMatchObject([{ reason: "TaskRunDeleted" }]);
  });

  it("of an earlier round tells nothing, unless it is a run that was told to run again", () => {
    const state = aState(SPEC, { round: 1, retryId: "today" });
    see(state, taskRun("sales-1-load", "Succeeded"));
    see(state, shipping({ retry: { id: "today-r1" } }, { phase: "Running", retry: { id: "today-r1" } }));

    expect(statesOf(state)).toEqual(["Pending", "Running"]);
  });

  it("that was told to run again and is deleted then has failed", () => {
    const state = aState(SPEC, { round: 1, retryId: "today" });
    see(state, shipping({ retry: { id: "today-r1" } }, { phase: "Running", retry: { id: "today-r1" } }));
    take(state, { name: "sales-1-ship", step: { task: "ship", round: 0 } }, undefined);

    expect(statesOf(state)).toEqual(["Pending", "Failed"]);
  });

  it("that a person retried by the same word has not been told to run again", () => {
    const state = aState(SPEC, { round: 1, retryId: "today" });
    see(state, shipping({ retry: { id: "today" } }, { phase: "Failed", retry: { id: "today" } }));

    expect(statesOf(state)).toEqual(["Pending", "Pending"]);
  });
});

describe("a sub-workflow's run", () => {
  it.each([
    ["is under way while a retry waits to be acted on", { retry: { id: "b" } }, { phase: "Failed" }, "Active"],
    [
      "has ended if it is cancelled, and never acts on the retry",
      { retry: { id: "b" }, cancel: true },
      { phase: "Failed" },
      "Failed",
    ],
    [
      "has ended once it has acted on the retry",
      { retry: { id: "b" } },
      { phase: "Failed", retry: { id: "b" } },
      "Failed",
    ],
    ["is suspended although it still waits for its Workflow", { suspend: true }, { phase: "Pending" }, "Suspended"],
    ["is under way while it waits for its Workflow", {}, { phase: "Pending" }, "Active"],
  ] as const)("%s", (_, spec, status, want) => {
    expect(seenOf(shipping(spec, status))).toBe(want);
  });
});

it("a number of rounds that somebody wrote into the status holds nobody up", () => {
  const state = aState(SPEC, { round: 2_147_483_647 });
  let asked = 0;
  const count = (): undefined => void (asked += 1);
  const child = newestChild(state, { node: 0, part: 0 }, { taskRun: count, run: count });

  expect([child, nodeOf(state.definition.graph, 0).name]).toEqual([undefined, "load"]);
  expect(asked).toBeLessThan(1000);
});
