import { expect, it } from "vitest";
import type { AuditEntry } from "../e2e/cluster/cluster.ts";
import { changedNothing, ownWritesOf, taskRunOf, timeOf, writeOf, type Author, type Write } from "./audited.ts";
import { hopsOf } from "./hops.ts";
import { restartFactsOf } from "./restart.ts";

type Short = readonly [by: Author, what: string, name: string, received: number, answered: number, code?: number];

function writesOf(...shorts: readonly Short[]): readonly Write[] {
  return shorts.map(([by, what, name, received, answered, code = 200]) => ({
    by,
    what,
    name,
    received,
    answered,
    code,
  }));
}

const entry: AuditEntry = {
  auditID: "a",
  verb: "update",
  user: { username: "stint" },
  userAgent: "stint/0.1.0 (linux/amd64)",
  objectRef: { resource: "taskruns", subresource: "status", namespace: "bench", name: "run-task-1" },
  responseStatus: { code: 200 },
  requestReceivedTimestamp: "2030-01-01T00:00:00.451499Z",
  stageTimestamp: "2030-01-01T00:00:01.000001Z",
};

it("reads an entry of the audit log to the microsecond", () => {
  const start = Date.parse("2030-01-01T00:00:00Z");
  const write = writeOf(entry);
  expect(write).toMatchObject({ by: "operator", what: "update taskruns/status", name: "run-task-1", code: 200 });
  expect(write.received - start).toBeCloseTo(451.499, 3);
  expect(write.answered - start).toBeCloseTo(1000.001, 3);
  expect(timeOf("2030-01-01T00:00:00Z")).toBe(start);
});

it("takes nobody else for the operator", () => {
  expect(writeOf({ ...entry, userAgent: "stint-bench" }).by).toBe("bench");
  expect(writeOf({ ...entry, userAgent: "kwok/v0.8.0" }).by).toBe("others");
});

it("knows whose pod it is by the pod's name", () => {
  expect(taskRunOf("run-task-1-1-bcdfgh")).toBe("run-task-1");
  expect(taskRunOf("run-part-17-12-bcdfgh")).toBe("run-part-17");
  expect(taskRunOf("somebody-elses-pod")).toBeUndefined();
});

it("counts the operator's writes by kind, and tells what the others were", () => {
  const writes = writesOf(
    ["operator", "create taskruns", "run-a", 0, 1, 201],
    ["operator", "create pods", "run-a-1-bcdfgh", 1, 2, 201],
    ["others", "patch pods/status", "run-a-1-bcdfgh", 2, 3],
    ["operator", "update taskruns/status", "run-a", 3, 4],
    ["operator", "update taskruns/status", "run-a", 4, 5, 409],
    ["operator", "update workflowruns/status", "run", 5, 6],
    ["operator", "update workflows/status", "flow", 6, 7],
    ["operator", "update workflows/status", "flow", 7, 8],
  );
  expect(ownWritesOf(writes)).toEqual({
    taskRunCreates: 1,
    podCreates: 1,
    taskRunStatus: 1,
    workflowRunStatus: 1,
    other: 2,
    refused: 1,
    words: { "update taskruns/status: 409": 1, "update workflows/status: 200": 2 },
  });
});

it("finds updates that changed nothing, whatever other objects went through", () => {
  const writes = writesOf(
    ["operator", "update taskruns/status", "run-a", 0, 1],
    ["operator", "update taskruns/status", "run-a", 1, 2],
    ["operator", "update taskruns/status", "run-b", 2, 3, 409],
    ["operator", "patch workflowruns", "run", 3, 4],
  );
  const changes = new Map([
    ["taskruns/run-a", 1],
    ["taskruns/run-b", 1],
    ["workflowruns/run", 1],
  ]);
  expect(changedNothing(writes, { changes, sameAgain: 0 })).toBe(1);
  expect(changedNothing(writes, { changes: changes.set("taskruns/run-a", 2), sameAgain: 0 })).toBe(0);
  expect(changedNothing(writes, { changes, sameAgain: 2 })).toBe(2);
});

const chain = ["run-a", "run-b"];
const hop: readonly Short[] = [
  ["operator", "create taskruns", "run-a", 0, 4, 201],
  ["operator", "create pods", "run-a-1-bcdfgh", 5, 9, 201],
  ["others", "create pods/binding", "run-a-1-bcdfgh", 10, 12, 201],
  ["others", "patch pods/status", "run-a-1-bcdfgh", 13, 20],
  ["others", "patch pods/status", "run-a-1-bcdfgh", 90, 100],
  ["operator", "update taskruns/status", "run-a", 103, 113],
  ["operator", "create taskruns", "run-b", 118, 138, 201],
  ["operator", "create pods", "run-b-1-bcdfgh", 145, 175, 201],
];

it("gives each its part of a hop: the operator, and the server's work on its calls", () => {
  expect(hopsOf(writesOf(...hop), chain)).toEqual([
    { whole: 45, server: 30, own: 15, toStatus: 3, toTaskRun: 5, toPod: 7 },
  ]);
});

it("measures the bare loader by the same calls", () => {
  const bare = hop.map(([by, ...rest]): Short => [by === "operator" ? "bench" : by, ...rest]);
  expect(hopsOf(writesOf(...bare), chain, "bench")[0]).toMatchObject({ own: 15, server: 30 });
  expect(hopsOf(writesOf(...bare), chain)).toEqual([]);
});

it("takes what the operator did not wait for as no time of its own", () => {
  // It saw the end before kwok had its answer, and the new TaskRun before it had its own.
  const eager = hop.map((one): Short => {
    if (one[1] === "update taskruns/status") return ["operator", one[1], one[2], 99, 113];
    return one[2] === "run-b-1-bcdfgh" ? ["operator", one[1], one[2], 130, 160, 201] : one;
  });
  expect(hopsOf(writesOf(...eager), chain)).toEqual([
    { whole: 30, server: 25, own: 5, toStatus: 0, toTaskRun: 5, toPod: 0 },
  ]);
});

it("counts refused calls as the operator's own time, and leaves out what never came to its end", () => {
  const refused: Short = ["operator", "create taskruns", "run-b", 114, 116, 429];
  expect(hopsOf(writesOf(...hop.slice(0, 6), refused, ...hop.slice(6)), chain)[0]?.own).toBe(15);
  expect(hopsOf(writesOf(...hop.slice(0, -1)), chain)).toEqual([]);
});

it("finds what a restarted operator did first, what had waited for it, and what it made twice", () => {
  const writes = writesOf(
    ["operator", "create taskruns", "run-a", 0, 4, 201],
    ["operator", "create pods", "run-a-1-bcdfgh", 5, 9, 201],
    ["operator", "create taskruns", "run-b", 5, 9, 201],
    ["operator", "create pods", "run-b-1-bcdfgh", 5, 9, 201],
    ["others", "patch pods/status", "run-a-1-bcdfgh", 10, 20],
    ["others", "patch pods/status", "run-b-1-bcdfgh", 10, 20],
    ["operator", "update taskruns/status", "run-b", 30, 40],
    ["operator", "update taskruns/status", "run-a", 1_500, 1_530],
    ["operator", "create pods", "run-b-2-bcdfgh", 1_540, 1_550, 201],
    ["operator", "create taskruns", "run-b", 1_560, 1_570, 409],
  );
  expect(restartFactsOf(writes, { startedAt: 1_000, spokeAt: 1_300, readyAt: 1_400 })).toEqual({
    startToReadyMs: 400,
    startToFirstWriteMs: 500,
    readyToFirstWriteMs: 100,
    backlog: 1,
    caughtUpMs: 530,
    unanswered: 0,
    duplicates: 1,
    repeatedCreates: 1,
  });
});

it("does not take a call of the killed operator for the new one's, and counts what was never answered apart", () => {
  const writes = writesOf(
    ["others", "patch pods/status", "run-a-1-bcdfgh", 10, 20],
    ["operator", "create taskruns", "run-b", 1_050, 1_060, 201],
    ["operator", "create taskruns", "run-c", 1_450, 1_460, 201],
  );
  expect(restartFactsOf(writes, { startedAt: 1_000, spokeAt: 1_300, readyAt: 1_400 })).toMatchObject({
    startToFirstWriteMs: 450,
    backlog: 0,
    caughtUpMs: 0,
    unanswered: 1,
  });
});
