import { expect, it } from "vitest";
import type { OwnWrites } from "./audited.ts";
import type { Hop } from "./hops.ts";
import { workflowReport, type Round } from "./workflowreport.ts";

const writes: OwnWrites = {
  taskRunCreates: 100,
  podCreates: 100,
  taskRunStatus: 100,
  workflowRunStatus: 5,
  other: 2,
  refused: 0,
  words: { "update workflows/status: 200": 2 },
};

function aRound(seconds: number, hops: readonly Hop[] = []): Round {
  return {
    title: "chain 100",
    size: 100,
    bare: { seconds: 10, serverCpuMs: 14, hops: hops.map((hop) => ({ ...hop, own: 2 })) },
    operator: {
      seconds,
      validSeconds: 0.25,
      serverCpuMs: 15,
      ownCpuMs: 2,
      peakMemoryMb: 120,
      writes,
      changedNothing: 0,
      statusBytes: 900,
      hops,
    },
  };
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").map((line) => line.replaceAll(/ {2,}/g, " | "));
}

it("shows medians with their spread, and the writes of each kind per task", () => {
  const lines = linesOf(workflowReport([aRound(11), aRound(12), aRound(16)], []));
  expect(lines).toContain("Workflows whose pods end at once; median of 3 rounds (smallest - largest)");
  expect(lines).toContain("makespan s | 12.0 (11.0 - 16.0)");
  expect(lines).toContain("times R | 1.20 (1.10 - 1.60)");
  expect(lines).toContain("tasks/s | 8.3 (6.3 - 9.1)");
  expect(lines).toContain("WorkflowRun status | 0.050 (0.050 - 0.050)");
  expect(lines).toContain("chain 100, other and refused, all rounds: 6 update workflows/status: 200");
});

it("shows the hops of a chain, and says what they are", () => {
  const hop = (own: number): Hop => ({ whole: own + 20, server: 20, own, toStatus: own - 2, toTaskRun: 1, toPod: 1 });
  const report = workflowReport([aRound(11, [hop(5), hop(6)]), aRound(11, [hop(9)])], []);
  const lines = linesOf(report);
  expect(lines).toContain("chain 100: ms per hop, 3 hops of all rounds");
  expect(lines).toContain("own share | 6.0 | 9.0 | 9.0 | 9.0 | 2.0 | 2.0 | 2.0 | 2.0");
  expect(lines).toContain(" | pod ended -> TaskRun status sent | 4.0 | 7.0 | 7.0 | 7.0 | 4.0 | 7.0 | 7.0 | 7.0");
  expect(report).toContain("from its audit log");
});

it("leaves out what was not measured", () => {
  const report = workflowReport([aRound(11)], []);
  expect(report).not.toContain("hop");
  expect(report).not.toContain("killed");
  expect(report).toContain("one round");
});

it("tells what a restarted operator did", () => {
  const killed = {
    startToReadyMs: 700,
    startToFirstWriteMs: 690,
    readyToFirstWriteMs: -10,
    backlog: 40,
    caughtUpMs: 900,
    unanswered: 1,
    duplicates: 0,
    repeatedCreates: 1,
    overAtKill: 500,
    changedNothing: 0,
    seconds: 30,
  };
  const lines = linesOf(workflowReport([], [{ title: "wide 1,000", killed }]));
  expect(lines).toContain("ready to first write ms | -10");
  expect(lines).toContain("all recorded after ms | 900");
  expect(lines).toContain("duplicates | 0");
});
