import { describe, expect, it } from "vitest";
import type { Workflow, WorkflowRun } from "../support/flows.ts";
import type { TaskRun } from "../support/objects.ts";
import { draw, flat, treeOf, type Seen } from "./tree.ts";

const condition = (reason: string): object => ({ conditions: [{ type: "Succeeded", status: "Unknown", reason }] });

function flow(name: string, tasks: readonly object[], last: readonly object[] = []): Workflow {
  return { metadata: { name }, spec: { tasks, finally: last } } as unknown as Workflow;
}

function aRun(name: string, of: string, status: object, marks: object = {}): WorkflowRun {
  return { metadata: { name, labels: marks }, spec: { workflowRef: { name: of } }, status } as unknown as WorkflowRun;
}

function labels(run: string, task: string, more: object = {}): object {
  return { "stint.dev/workflowrun": run, "stint.dev/task": task, ...more };
}

function aTask(run: string, task: string, status: object, more: object = {}): TaskRun {
  return { metadata: { name: `${run}-${task}`, labels: labels(run, task, more) }, status } as unknown as TaskRun;
}

const ended = { phase: "Succeeded", duration: "1s", ...condition("Succeeded") };

describe("the tree of a run", () => {
  const orders = flow(
    "orders",
    [{ name: "extract" }, { name: "transform", forEach: {} }, { name: "load" }, { name: "receipts", workflowRef: {} }],
    [{ name: "clean-up" }],
  );
  const receipts = flow("receipts", [{ name: "send" }]);
  const run = aRun("orders-1", "orders", {
    phase: "Running",
    progress: "3/7",
    states: "SFR..",
    ...condition("Running"),
  });
  const part = (index: number, status: object): TaskRun =>
    aTask("orders-1", "transform", status, { "stint.dev/index": String(index) });
  const failed = { phase: "Failed", duration: "2s", ...condition("OOMKilled") };
  // Names sort 10 before 9; the tree does not.
  const taskRuns = [
    part(10, ended),
    part(9, failed),
    aTask("orders-1", "extract", ended),
    aTask("orders-1", "load", { phase: "Running", ...condition("Running") }),
  ];
  const seen: Seen = { workflows: [orders, receipts], runs: [run], taskRuns };

  it("has tasks in order, parts below their task, and columns that are aligned", () => {
    expect(draw(treeOf(run, seen))).toEqual([
      "TASK                    STATE       DURATION   REASON",
      "orders-1                Running                3/7",
      "├─ extract              Succeeded   1s",
      "├─ transform            Failed                 1 of 2",
      "│  ├─ 9                 Failed      2s         OOMKilled",
      "│  └─ 10                Succeeded   1s",
      "├─ load                 Running",
      "├─ receipts             Pending",
      "└─ clean-up (finally)   Pending",
    ]);
  });

  it("has the tasks of a sub-workflow below their task", () => {
    const sub = aRun(
      "orders-1-receipts",
      "receipts",
      { phase: "Failed", progress: "1/1", states: "F", duration: "3s", ...condition("TaskFailed") },
      labels("orders-1", "receipts"),
    );
    const send = aTask("orders-1-receipts", "send", { phase: "Failed", duration: "2s", ...condition("ExitCode") });
    const all = { ...seen, runs: [{ ...run, status: { ...run.status, states: "SSSFS" } }, sub], taskRuns: [send] };

    expect(draw(treeOf(all.runs[0] ?? run, all)).slice(5, 7)).toEqual([
      "├─ receipts             Failed      3s         1/1 TaskFailed",
      "│  └─ send              Failed      2s         ExitCode",
    ]);
  });

  it("shows of a task that ran again the last retry", () => {
    const again = aTask("orders-1", "extract", { ...ended, duration: "9s" }, { "stint.dev/round": "1" });
    const first = aTask("orders-1", "extract", failed);

    for (const both of [
      [again, first],
      [first, again],
    ]) {
      expect(flat(treeOf(run, { ...seen, taskRuns: both })).get("extract")).toMatchObject({
        duration: "9s",
        reason: "",
      });
    }
  });

  it("leaves out what belongs to another run", () => {
    const other = aTask("orders-2", "extract", { ...ended, duration: "7s" });

    expect(flat(treeOf(run, { ...seen, taskRuns: [other] })).get("extract")?.duration).toBe("");
  });

  it("is known by paths", () => {
    expect([...flat(treeOf(run, seen)).keys()]).toEqual([
      "orders-1",
      "extract",
      "transform",
      "transform/9",
      "transform/10",
      "load",
      "receipts",
      "clean-up (finally)",
    ]);
  });

  it("of a run that has just been created has its tasks pending", () => {
    const fresh = aRun("orders-1", "orders", { phase: "Pending" });

    expect(draw(treeOf(fresh, { ...seen, taskRuns: [] }))[2]).toBe("├─ extract              Pending");
  });

  it("takes a TaskRun's word where the run's status is a moment behind, and the run's once that is final", () => {
    const state = (states: string, status: object): unknown => {
      const behind = aRun("orders-1", "orders", { phase: "Running", states });
      return flat(treeOf(behind, { ...seen, taskRuns: [aTask("orders-1", "extract", status)] })).get("extract");
    };

    expect(state("....", ended)).toMatchObject({ state: "Succeeded", reason: "" });
    expect(state("F...", { phase: "Running", ...condition("Running") })).toMatchObject({
      state: "Failed",
      reason: "Running",
    });
  });
});
