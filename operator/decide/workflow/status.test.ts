import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeRunStatus } from "../../api/workflowrunstatus.ts";
import type { WorkflowRunStatus, WorkflowSpec } from "../../api/types.ts";
import { START, at, atMs } from "../../testing/make.ts";
import { aWorkflowRun } from "../../testing/makeworkflow.ts";
import { loadSchema, problemsOf, pruned } from "../../testing/sim/apiserver/schema.ts";
import { aFinallyTask, aSpec, aTask } from "../../testing/workflows/specs.ts";
import { compileGraph } from "./graph.ts";
import { TaskState } from "./model.ts";
import type { Observed, TaskSpec } from "./model.ts";
import { conclude, observe, open, partsOf, startProgress, stateOf, takeReady } from "./progress.ts";
import type { RunProgress } from "./progress.ts";
import { restore } from "./restore.ts";
import { runStatus } from "./status.ts";
import type { FailureWords, RunView } from "./status.ts";

const KIB = 1024;
const RUNNING = { phase: "Running", reason: "Running", message: "2 tasks run." } as const;
const FAILED = { phase: "Failed", reason: "TaskFailed", message: "Task load failed." } as const;

const mappedTask = (name: string): TaskSpec => aTask(name, { forEach: { items: [] } });

function view(wish: Partial<RunView> = {}): RunView {
  return { run: aWorkflowRun(), verdict: RUNNING, now: atMs(60), failureOf: () => undefined, ...wish };
}

/** Nodes in order: how a task ended or stands, or the parts of a mapped one. */
type Fate = Observed | "UpstreamFailed" | "Skipped" | "Waiting" | readonly (Observed | "Waiting")[];

function progressOf(fates: readonly Fate[], name: (index: number) => string = (index) => `t${index}`): RunProgress {
  const tasks = fates.map((fate, index) => (typeof fate === "string" ? aTask(name(index)) : mappedTask(name(index))));
  const progress = startProgress(compileGraph(aSpec(tasks)));
  for (let node = takeReady(progress); node !== undefined; node = takeReady(progress))
    play(progress, node, fates[node] ?? "Waiting");
  return progress;
}

function play(progress: RunProgress, node: number, fate: Fate): void {
  if (fate === "Waiting") return;
  if (fate === "UpstreamFailed" || fate === "Skipped") return conclude(progress, node, fate);
  const parts = typeof fate === "string" ? [fate] : fate;
  open(progress, node, parts.length);
  for (const [part, seen] of parts.entries()) if (seen !== "Waiting") observe(progress, { node, part }, seen);
}

describe("the status of a run", () => {
  it("counts tasks and parts and says where each stands", () => {
    const fates: readonly Fate[] = [
      "Succeeded",
      "Failed",
      "UpstreamFailed",
      "Skipped",
      "Cancelled",
      "Active",
      "Waiting",
      ["Succeeded", "Succeeded", "Failed", "Retrying", "Cancelled", "Succeeded", "Waiting"],
    ];
    const got = runStatus(view({ progress: progressOf(fates) }));

    expect(got).toMatchObject({
      phase: "Running",
      progress: "10/14",
      tasks: {
        total: 14,
        pending: 2,
        running: 2,
        retrying: 1,
        succeeded: 4,
        failed: 2,
        upstreamFailed: 1,
        skipped: 1,
        cancelled: 2,
      },
      states: "SFUKCR.R",
      mapped: [{ task: "t7", total: 7, running: "3", succeeded: "0-1,5", failed: "2", cancelled: "4" }],
    });
  });

  it("counts a mapped task as one until its list is known, and names only those whose list is", () => {
    const got = runStatus(view({ progress: progressOf(["Waiting", ["Waiting"]]) }));
    const unknown = startProgress(compileGraph(aSpec([mappedTask("m")])));

    expect(got.mapped).toEqual([{ task: "t1", total: 1 }]);
    expect(runStatus(view({ progress: unknown }))).toMatchObject({ progress: "0/1", states: "." });
    expect(runStatus(view({ progress: unknown }))).not.toHaveProperty("mapped");
  });

  it("has the letters of finally after those of the tasks", () => {
    const progress = startProgress(compileGraph(aSpec([aTask("a")], { finally: [aFinallyTask("z")] })));
    play(progress, 0, "Succeeded");

    expect(runStatus(view({ progress })).states).toBe("S.");
  });

  it("keeps counts, states and failures while it is not known how far the run has come", () => {
    const status: WorkflowRunStatus = {
      phase: "Running",
      progress: "1/2",
      tasks: { total: 2 },
      states: "F.",
      mapped: [{ task: "m", total: 1 }],
      firstFailures: [{ task: "a", reason: "ExitCode" }],
    };
    const { progress, tasks, states, mapped, firstFailures } = status;

    expect(runStatus(view({ run: aWorkflowRun({ status }) }))).toMatchObject({
      progress,
      tasks,
      states,
      mapped,
      firstFailures,
    });
  });

  it("never loses what it works by, and has a stop only as long as it is stopped", () => {
    const status: WorkflowRunStatus = {
      phase: "Running",
      revision: "sales-1-x",
      workflowGeneration: 1,
      startTime: START,
      retry: { id: "a", round: 1 },
      stopped: "FailFast",
    };
    const run = aWorkflowRun({ status, generation: 4 });
    const got = runStatus(view({ run }));

    expect(got).toMatchObject({
      revision: "sales-1-x",
      workflowGeneration: 1,
      startTime: START,
      retry: { id: "a", round: 1 },
    });
    expect(got.observedGeneration).toBe(4);
    expect(got).not.toHaveProperty("stopped");
    expect(runStatus(view({ run, stopped: "Cancelled", retry: { id: "b", round: 2 } }))).toMatchObject({
      stopped: "Cancelled",
      retry: { id: "b", round: 2 },
    });
  });
});

describe("the end of a run", () => {
  it("has a time and says how long it took", () => {
    const run = aWorkflowRun({ status: { phase: "Running", startTime: at(10) } });
    const got = runStatus(view({ run, verdict: FAILED, completedAt: atMs(100) + 999 }));

    expect(got).toMatchObject({ phase: "Failed", completionTime: at(100), duration: "1m30s" });
    expect(got.conditions).toEqual([
      {
        type: "Succeeded",
        status: "False",
        reason: "TaskFailed",
        message: "Task load failed.",
        observedGeneration: 1,
        lastTransitionTime: at(60),
      },
      {
        type: "Stalled",
        status: "True",
        reason: "TaskFailed",
        message: "Task load failed.",
        observedGeneration: 1,
        lastTransitionTime: at(60),
      },
    ]);
  });

  it("keeps its time when the status is written once more", () => {
    const run = aWorkflowRun({ status: { phase: "Failed", startTime: at(0), completionTime: at(30) } });

    expect(runStatus(view({ run, verdict: FAILED }))).toMatchObject({ completionTime: at(30), duration: "30s" });
  });

  it("is taken back by a retry", () => {
    const run = aWorkflowRun({
      status: { phase: "Failed", startTime: at(0), completionTime: at(30), duration: "30s" },
    });
    const got = runStatus(view({ run }));

    expect(got).not.toHaveProperty("completionTime");
    expect(got).not.toHaveProperty("duration");
  });

  it("without a start, as of a run that never began, takes no time", () => {
    const got = runStatus(
      view({ verdict: { phase: "Failed", reason: "InvalidParams", message: "" }, completedAt: atMs(5) }),
    );

    expect(got.completionTime).toBe(at(5));
    expect(got).not.toHaveProperty("duration");
  });
});

describe("the first failures", () => {
  const because = (reason: string, message?: string): FailureWords => ({ reason, message, taskRun: "x" });

  it("are tasks and parts in the order of the definition, ten at most", () => {
    const progress = progressOf([
      "Failed",
      "Succeeded",
      ["Succeeded", ...Array.from({ length: 12 }, () => "Failed" as const)],
      "Failed",
    ]);
    const asked: string[] = [];
    const failureOf: RunView["failureOf"] = ({ node, part }) => {
      asked.push(`${node}/${part}`);
      return because("ExitCode", `${node}/${part}`);
    };
    const { firstFailures = [] } = runStatus(view({ progress, failureOf }));

    expect(firstFailures[0]).toEqual({ task: "t0", taskRun: "x", reason: "ExitCode", message: "0/0" });
    expect(firstFailures.slice(1).map(({ task, index }) => [task, index])).toEqual(
      Array.from({ length: 9 }, (_, index) => ["t2", index + 1]),
    );
    expect(asked).toHaveLength(10);
  });

  it("are told by the message as well, the first of them, with the part", () => {
    const progress = progressOf(["Succeeded", ["Succeeded", "Failed", "Failed"]]);
    const failureOf = (): FailureWords => because("ExitCode", "the disk is full");
    const verdict = { phase: "Failed", reason: "TaskFailed", message: "All have ended." } as const;
    const { conditions } = runStatus(view({ progress, failureOf, verdict }));

    expect(conditions?.[0]?.message).toBe("All have ended. First failure: t1[1]: ExitCode: the disk is full.");
    expect(runStatus(view({ progress: progressOf(["Succeeded"]), verdict })).conditions?.[0]?.message).toBe(
      "All have ended.",
    );
  });

  it("count a mapped task that failed as a whole once", () => {
    const progress = startProgress(compileGraph(aSpec([mappedTask("m")])));
    conclude(progress, 0, TaskState.Failed);

    expect(runStatus(view({ progress, failureOf: () => ({ reason: "InvalidForEach" }) })).firstFailures).toEqual([
      { task: "m", reason: "InvalidForEach" },
    ]);
  });

  it("keep their recorded words where nobody knows better, each its own", () => {
    const recorded = [
      { task: "t0", reason: "OOMKilled", message: "too large", taskRun: "r" },
      { task: "t1", index: 1, reason: "ExitCode" },
    ];
    const run = aWorkflowRun({ status: { phase: "Running", firstFailures: recorded } });
    const progress = progressOf(["Failed", ["Failed", "Failed"]]);

    expect(runStatus(view({ run, progress })).firstFailures).toEqual([
      recorded[0],
      { task: "t1", index: 0, reason: "Unknown" },
      recorded[1],
    ]);
    expect(runStatus(view({ run, progress, failureOf: () => because("Evicted") })).firstFailures?.[0]).toEqual({
      task: "t0",
      taskRun: "x",
      reason: "Evicted",
    });
  });

  it("have messages of one line and bounded length, whatever was said", () => {
    const progress = progressOf(["Failed"]);
    const pieces = fc.constantFrom("a", "word ", "\\", '"', "\n", "\u00E9", "\u20AC", "\u{1F600}", "\uD83D", "\u0000");
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(pieces, { maxLength: 800 }).map((all) => all.join("")),
          fc.constant('\\\u{1F600}"'.repeat(999)),
        ),
        (message) => {
          const [failure] =
            runStatus(view({ progress, failureOf: () => because("ExitCode", message) })).firstFailures ?? [];
          const said = failure?.message ?? "";

          expect(said).not.toMatch(/\n/);
          expect(said.isWellFormed()).toBe(true);
          expect(Buffer.byteLength(JSON.stringify(said))).toBeLessThanOrEqual(512);
        },
      ),
    );
  });

  it("have as much of a long message as there is room for", () => {
    const failureOf = (): FailureWords => because("ExitCode", "word ".repeat(300));
    const [failure] = runStatus(view({ progress: progressOf(["Failed"]), failureOf })).firstFailures ?? [];

    expect(failure?.message).toMatch(/^(word )+.* \.\.\.$/);
    expect(failure?.message?.length).toBeGreaterThan(480);
  });
});

describe("any status of a run", () => {
  const seen = fc.constantFrom<Observed>("Active", "Retrying", "Suspended", "Succeeded", "Failed", "Cancelled");
  const part = fc.oneof(seen, fc.constant("Waiting" as const));
  const fate: fc.Arbitrary<Fate> = fc.oneof(
    part,
    fc.constantFrom<Fate>("UpstreamFailed", "Skipped"),
    fc.array(part, { minLength: 1, maxLength: 30 }),
  );
  const fates = fc.array(fate, { minLength: 1, maxLength: 20 });
  const verdicts = fc.record({
    phase: fc.constantFrom("Pending", "Running", "Suspended", "Succeeded", "Failed", "Cancelled"),
    reason: fc.constantFrom("Running", "TaskFailed", "WorkflowNotFound"),
    message: fc.string({ maxLength: 2000 }),
  });

  it("is taken whole by the API server, and read back as it is", () => {
    const schema = loadSchema("workflowruns").properties?.["status"] ?? {};
    const words = fc.record({
      reason: fc.constantFrom("ExitCode", ""),
      message: fc.string(),
      taskRun: fc.constantFrom("a", undefined),
    });
    fc.assert(
      fc.property(fates, verdicts, words, (all, verdict, failure) => {
        const status = runStatus(
          view({ progress: progressOf(all), verdict, failureOf: () => failure, startTime: START }),
        );
        const dropped: string[] = [];
        pruned(schema, JSON.parse(JSON.stringify(status)), "", dropped);

        expect(dropped).toEqual([]);
        expect(problemsOf(schema, JSON.parse(JSON.stringify(status)))).toEqual([]);
        expect(decodeRunStatus(JSON.parse(JSON.stringify(status)))).toEqual(status);
      }),
    );
  });

  it("is the same when it is made again from itself", () => {
    fc.assert(
      fc.property(fates, verdicts, (all, verdict) => {
        const made = view({ progress: progressOf(all), verdict, startTime: START });
        const status = runStatus(made);
        // As it was stored, not as the store keeps that of an ended run.
        const run = { ...made.run, status };

        expect(runStatus({ ...made, run, now: atMs(3600) })).toEqual(status);
        expect(runStatus({ ...made, run, now: atMs(3600), progress: undefined })).toEqual(status);
      }),
    );
  });

  it("restores how far the run had come", () => {
    fc.assert(
      fc.property(fates, (all) => {
        const before = progressOf(all);
        const { progress } = restore(before.graph, runStatus(view({ progress: before })));

        for (const { index, list } of before.graph.nodes) {
          expect(stateOf(progress, index)).toBe(stateOf(before, index));
          const [got, want] = [partsOf(progress, index), partsOf(before, index)];
          if (list === "none" || want === undefined) continue;
          expect(got?.total).toBe(want.total);
          for (let one = 0; one < want.total; one += 1) expect(got?.stateAt(one)).toBe(want.stateAt(one));
        }
        expect({ ...progress.counts, retrying: 0 }).toEqual({ ...before.counts, retrying: 0 });
      }),
    );
  });
});

describe("the size of a status with 10,000 tasks", () => {
  const ENDS: readonly Observed[] = ["Active", "Succeeded", "Failed", "Cancelled"];
  const alternating = (total: number): readonly Observed[] =>
    Array.from({ length: total }, (_, index) => ENDS[index % 4] ?? "Active");
  const longName = (index: number): string => `t${index}-${"x".repeat(63)}`.slice(0, 63);
  const worstWords = (): FailureWords => ({
    reason: "R".repeat(64),
    message: '"'.repeat(1024),
    taskRun: "r".repeat(63),
  });
  const bytes = (progress: RunProgress): number => {
    const run = aWorkflowRun({ name: "r".repeat(63) });
    const worst = { reason: "AttemptDeadlineExceeded", message: "\u20AC".repeat(1024) };
    const status = runStatus({
      ...view({ run, progress, startTime: START, stopped: "DeadlineExceeded", completedAt: atMs(1e6) }),
      verdict: { phase: "Failed", reason: "DeadlineExceeded", message: worst.message },
      revision: "r".repeat(63),
      retry: { id: "i".repeat(63), round: 999, startTime: START, message: worst.message },
      failureOf: worstWords,
    });
    return Buffer.byteLength(JSON.stringify(status));
  };

  it("stays below 64 KiB in the worst order of the parts of one task, and for tasks that are not mapped", () => {
    const single = alternating(10_000).map((one): Fate => one);

    expect(bytes(progressOf([alternating(10_000)], longName))).toBeLessThan(64 * KIB);
    expect(bytes(progressOf(single, longName))).toBeLessThan(64 * KIB);
  });

  it("stays below 64 KiB also with a hundred mapped tasks of a hundred parts", () => {
    const fates = Array.from({ length: 100 }, (): Fate => alternating(100));

    expect(bytes(progressOf(fates, longName))).toBeLessThan(64 * KIB);
  });

  it("stays below 256 KiB with 10,000 mapped tasks; what a restart needs most is in it", () => {
    const fates = Array.from({ length: 10_000 }, (_, index): Fate => (index % 100 === 99 ? ["Active"] : ["Succeeded"]));
    const progress = progressOf(fates, longName);
    const { mapped = [] } = runStatus(view({ progress }));

    expect(bytes(progress)).toBeLessThan(256 * KIB);
    expect(mapped.filter(({ running }) => running !== undefined)).toHaveLength(100);
    expect(mapped.length).toBeGreaterThan(1000);
    expect(restore(progress.graph, runStatus(view({ progress }))).recordedRunning).toHaveLength(100);
  });
});

describe("a definition of any shape", () => {
  it("has as many letters as tasks", () => {
    const spec: WorkflowSpec = aSpec([aTask("a"), mappedTask("b"), aTask("c", { dependsOn: ["a", "b"] })], {
      finally: [aFinallyTask("z")],
    });

    expect(runStatus(view({ progress: startProgress(compileGraph(spec)) })).states).toBe("....");
  });
});
