import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WorkflowRunRecord } from "../../api/records.ts";
import type { WorkflowRunStatus, WorkflowStatus } from "../../api/types.ts";
import { at, atMs } from "../../testing/make.ts";
import { aWorkflow, aWorkflowRun } from "../../testing/makeworkflow.ts";
import { loadSchema, problemsOf, pruned } from "../../testing/sim/apiserver/schema.ts";
import { runName } from "./names.ts";
import { workflowStatus } from "./workflowstatus.ts";
import type { WorkflowView } from "./workflowstatus.ts";

const VALID = { isValid: true } as const;

function aRun(name: string, createdAt: number, status: WorkflowRunStatus): WorkflowRunRecord {
  return aWorkflowRun({ name, uid: `uid-${name}`, creationTimestamp: at(createdAt), status });
}

const ended = (phase: "Succeeded" | "Failed", completedAt: number): WorkflowRunStatus => ({
  phase,
  completionTime: at(completedAt),
});

function statusOf(before: WorkflowStatus, wish: Partial<WorkflowView> = {}): WorkflowStatus {
  return workflowStatus({ workflow: aWorkflow({ status: before, generation: 3 }), runs: [], now: atMs(60), ...wish });
}

describe("whether a Workflow can be run", () => {
  it("is said by a condition that was made from this generation", () => {
    const invalid = { isValid: false, message: "spec.tasks[a].dependsOn[0]: no such task." } as const;

    expect(statusOf({}, { validity: VALID })).toMatchObject({
      observedGeneration: 3,
      conditions: [
        { type: "Valid", status: "True", reason: "Valid", observedGeneration: 3, lastTransitionTime: at(60) },
      ],
    });
    expect(statusOf({}, { validity: invalid }).conditions).toMatchObject([
      { type: "Valid", status: "False", reason: "InvalidWorkflow", message: invalid.message },
      { type: "Stalled", status: "True", reason: "InvalidWorkflow", message: invalid.message },
    ]);
  });

  it("stays as it was said while nobody has looked", () => {
    const before = { ...statusOf({}, { validity: VALID }), observedGeneration: 2 };

    expect(statusOf(before)).toMatchObject({ observedGeneration: 2, conditions: before.conditions });
    expect(statusOf({})).not.toHaveProperty("conditions");
  });

  it("has changed when the answer has, not when it is given again", () => {
    const before = statusOf({}, { validity: VALID });

    expect(statusOf(before, { validity: VALID, now: atMs(90) }).conditions?.[0]?.lastTransitionTime).toBe(at(60));
    expect(
      statusOf(before, { validity: { isValid: false, message: "no" }, now: atMs(90) }).conditions?.[0]
        ?.lastTransitionTime,
    ).toBe(at(90));
  });
});

describe("the runs of a Workflow", () => {
  it("that have not ended are counted", () => {
    const runs = [
      aRun("a", 1, { phase: "Pending" }),
      aRun("b", 2, { phase: "Suspended" }),
      aRun("c", 3, ended("Failed", 9)),
    ];

    expect(statusOf({}, { runs }).activeRuns).toBe(2);
    expect(statusOf({}).activeRuns).toBe(0);
  });

  // Of runs without a number of their definition, or of one definition: which definition comes first, see below.
  it("are told of by the newest and, of those of one definition, by the one that ended last", () => {
    const of = (status: WorkflowRunStatus): WorkflowRunStatus => ({ ...status, workflowGeneration: 2 });
    const runs = [
      aRun("b", 5, of(ended("Succeeded", 8))),
      aRun("c", 7, of({ phase: "Running" })),
      aRun("a", 1, of(ended("Failed", 9))),
    ];

    expect(statusOf({}, { runs })).toMatchObject({
      lastRun: { name: "c", phase: "Running", startTime: at(7) },
      lastCompletedRun: { name: "a", phase: "Failed", completionTime: at(9) },
    });
  });

  describe("of an older definition that end later", () => {
    const older = aRun("long", 1, { ...ended("Succeeded", 90), workflowGeneration: 1 });
    const newer = aRun("short", 5, { ...ended("Failed", 8), workflowGeneration: 2 });
    const told = { name: "short", phase: "Failed", workflowGeneration: 2 };

    it("do not hide that of the newer one, whichever was seen first", () => {
      const first = statusOf({}, { runs: [newer, aRun("long", 1, { phase: "Running", workflowGeneration: 1 })] });

      expect(first.lastCompletedRun).toMatchObject(told);
      expect(statusOf(first, { runs: [newer, older] }).lastCompletedRun).toMatchObject(told);
      expect(statusOf({}, { runs: [older, newer] }).lastCompletedRun).toMatchObject(told);
    });

    it("do not hide it either after it was deleted", () => {
      const before = statusOf({}, { runs: [newer] });

      expect(statusOf(before, { runs: [older] }).lastCompletedRun).toMatchObject(told);
      expect(statusOf(statusOf({}, { runs: [older] }), { runs: [newer] }).lastCompletedRun).toMatchObject(told);
    });

    it("are told of until a run of the newer one has ended, and while that runs again", () => {
      const again = aRun("short", 5, { phase: "Running", workflowGeneration: 2 });

      expect(statusOf(statusOf({}, { runs: [newer] }), { runs: [older, again] }).lastCompletedRun?.name).toBe("long");
    });
  });

  it("that never began say nothing of a definition, and are told of while no other has ended", () => {
    const odd = aRun("odd", 9, ended("Failed", 99));
    const good = aRun("good", 1, { ...ended("Succeeded", 9), workflowGeneration: 3 });

    expect(statusOf({}, { runs: [odd] }).lastCompletedRun).toEqual({ ...ended("Failed", 99), name: "odd" });
    expect(statusOf({}, { runs: [odd, good] }).lastCompletedRun?.name).toBe("good");
    expect(statusOf(statusOf({}, { runs: [odd] }), { runs: [good] }).lastCompletedRun?.name).toBe("good");
    expect(statusOf(statusOf({}, { runs: [good] }), { runs: [odd] }).lastCompletedRun?.name).toBe("good");
  });

  it("that OnApply started and that never began count for the generation they were started for", () => {
    const { name, uid } = aWorkflow({});
    const cancelled = aRun(runName(name, 3, uid), 9, { phase: "Cancelled", completionTime: at(9) });
    const earlier = aRun("earlier", 1, { ...ended("Succeeded", 99), workflowGeneration: 2 });

    expect(statusOf({}, { runs: [cancelled, earlier] }).lastCompletedRun).toMatchObject({
      name: cancelled.name,
      phase: "Cancelled",
      workflowGeneration: 3,
    });
  });

  it("are told of after they were deleted, while there is none after them", () => {
    const before = statusOf({}, { runs: [aRun("a", 1, ended("Failed", 9))] });

    expect(statusOf(before)).toMatchObject({ lastRun: before.lastRun, lastCompletedRun: before.lastCompletedRun });
    expect(statusOf(before, { runs: [aRun("b", 10, { phase: "Running" })] })).toMatchObject({
      lastRun: { name: "b" },
      lastCompletedRun: { name: "a" },
    });
    expect(statusOf(before, { runs: [aRun("0", 0, ended("Succeeded", 3))] })).toMatchObject({
      lastRun: { name: "a" },
      lastCompletedRun: { name: "a" },
    });
  });

  it("that have ended are told of with the reason, the words and the generation, so that nobody needs to look for the run", () => {
    const condition = { type: "Succeeded", status: "False", reason: "TaskFailed", message: "x".repeat(300) } as const;
    const conditions = [{ ...condition, lastTransitionTime: at(9) }];
    const { lastCompletedRun } = statusOf(
      {},
      {
        runs: [aRun("a", 1, { ...ended("Failed", 9), workflowGeneration: 2, conditions })],
      },
    );

    expect(lastCompletedRun).toEqual({
      name: "a",
      phase: "Failed",
      reason: "TaskFailed",
      message: `${"x".repeat(252)} ...`,
      workflowGeneration: 2,
      completionTime: at(9),
    });
  });

  it("that were deleted before their end are forgotten", () => {
    const before = statusOf({}, { runs: [aRun("a", 1, { phase: "Running" })] });

    expect(before.lastRun).toMatchObject({ name: "a", phase: "Running" });
    expect(statusOf(before)).not.toHaveProperty("lastRun");
  });

  it("that run again have not ended", () => {
    const before = statusOf({}, { runs: [aRun("a", 1, ended("Failed", 9))] });

    expect(statusOf(before, { runs: [aRun("a", 1, { phase: "Running" })] })).not.toHaveProperty("lastCompletedRun");
  });

  it("are started once for a generation, whatever becomes of the run", () => {
    expect(statusOf({}, { startedGeneration: 3 }).startedGeneration).toBe(3);
    expect(statusOf({ startedGeneration: 3 }).startedGeneration).toBe(3);
    expect(statusOf({ startedGeneration: 3 }, { startedGeneration: 2 }).startedGeneration).toBe(3);
    expect(statusOf({})).not.toHaveProperty("startedGeneration");
  });
});

describe("any status of a Workflow", () => {
  const phases = fc.constantFrom("Pending", "Running", "Succeeded", "Failed", "Cancelled", undefined);
  const maybe = fc.option(fc.nat(5), { nil: undefined });
  const runs = fc.array(fc.tuple(phases, fc.nat(5), maybe, maybe), { maxLength: 8 }).map((all) =>
    all.map(([phase, created, completed, workflowGeneration], index) =>
      aRun(`r${index}`, created, {
        ...(phase && { phase }),
        ...(workflowGeneration !== undefined && { workflowGeneration }),
        ...(completed !== undefined && { completionTime: at(completed) }),
      }),
    ),
  );
  const validity = fc.constantFrom(VALID, { isValid: false, message: "x".repeat(3000) } as const, undefined);

  it("is taken whole by the API server, and says nothing new once it is written", () => {
    const schema = loadSchema("workflows").properties?.["status"] ?? {};
    fc.assert(
      fc.property(runs, runs, validity, (earlier, later, verdict) => {
        const before = statusOf({}, { runs: earlier, validity: verdict });
        const status = statusOf(before, { runs: later, validity: verdict });
        const dropped: string[] = [];
        pruned(schema, JSON.parse(JSON.stringify(status)), "", dropped);

        expect(dropped).toEqual([]);
        expect(problemsOf(schema, JSON.parse(JSON.stringify(status)))).toEqual([]);
        expect(statusOf(status, { runs: later, validity: verdict, now: atMs(999) })).toEqual(status);
        expect(statusOf(before, { runs: later.toReversed(), validity: verdict })).toEqual(status);
      }),
    );
  });
});
