import { expect, test } from "vitest";
import type { AuditEntry } from "../cluster/cluster.ts";
import { pauses, stretchesOf } from "./stretches.ts";

function write(pod: string, received: number, answered: number): AuditEntry {
  const time = (ms: number): string => new Date(ms).toISOString();
  return {
    auditID: "",
    verb: "update",
    user: { username: "stint", extra: { "authentication.kubernetes.io/pod-name": [pod] } },
    requestReceivedTimestamp: time(received),
    stageTimestamp: time(answered),
  };
}

test("writes are put together by who made them, in the order in which they came in", () => {
  const log = [write("a", 20, 30), write("a", 10, 35), write("b", 50, 51), write("b", 60, 61), write("a", 70, 71)];

  const found = stretchesOf(log);
  expect(found).toEqual([
    { pod: "a", writes: 2, firstMs: 10, lastMs: 35 },
    { pod: "b", writes: 2, firstMs: 50, lastMs: 61 },
    { pod: "a", writes: 1, firstMs: 70, lastMs: 71 },
  ]);
  expect(pauses(found)).toEqual([15, 9]);
  expect(pauses([])).toEqual([]);
});
