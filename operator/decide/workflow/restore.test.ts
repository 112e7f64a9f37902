import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WorkflowRunStatus, WorkflowSpec } from "../../api/types.ts";
import { anySpec } from "../../testing/workflows/anyspec.ts";
import { recordOf } from "../../testing/workflows/record.ts";
import { aFinallyTask, aSpec, aTask, tasksOf } from "../../testing/workflows/specs.ts";
import { compileGraph } from "./graph.ts";
import { isActive, observe, open, takeReady, takeStart } from "./progress.ts";
import { restore } from "./restore.ts";
import type { Restored } from "./restore.ts";

type Status = Pick<WorkflowRunStatus, "states" | "mapped" | "stopped">;

const from = (spec: WorkflowSpec, status: Status): Restored => restore(compileGraph(spec), status);
const mapped = aTask("load", { forEach: { items: [] } });

/** Its record again, in short: the letters, then the parts of the mapped tasks. */
function readBack({ progress }: Restored): string {
  const { states, mapped: entries } = recordOf(progress);
  const words = entries.map(
    ({ task, total, running, succeeded, failed, cancelled }) =>
      `${task} ${total} R:${running} S:${succeeded} F:${failed} C:${cancelled}`,
  );
  return [states, ...words].join("; ");
}

function drain<T>(take: () => T | undefined): readonly T[] {
  const all: T[] = [];
  for (let one = take(); one !== undefined; one = take()) all.push(one);
  return all;
}

describe("a run after a restart", () => {
  it("has the ends that were recorded, whatever the rules would make of them", () => {
    const restored = from(aSpec(tasksOf("a", "b: a", "c: b", "d: c")), { states: "FS.." });

    expect(readBack(restored)).toBe("FS..");
    expect(drain(() => takeReady(restored.progress))).toEqual([2]);
  });

  it("passes on what the record did not say yet", () => {
    expect(readBack(from(aSpec(tasksOf("a", "b: a", "c: b")), { states: "F.." }))).toBe("FUU");
    expect(readBack(from(aSpec(tasksOf("c: b", "b: a", "a")), { states: "..K" }))).toBe("KKK");
  });

  it("has running what was recorded as running, and says so", () => {
    const restored = from(aSpec([aTask("a"), mapped, aTask("b")]), {
      states: "RR.",
      mapped: [{ task: "load", total: 6, running: "1,3-4", succeeded: "0", failed: "2" }],
    });

    expect(restored.recordedRunning).toEqual([
      { node: 0, part: 0 },
      { node: 1, part: 1 },
      { node: 1, part: 3 },
      { node: 1, part: 4 },
    ]);
    expect(restored.recordedRunning.every((slot) => isActive(restored.progress, slot))).toBe(true);
    expect(restored.progress.counts).toMatchObject({ total: 8, running: 4, succeeded: 1, failed: 1, pending: 2 });
    expect(drain(() => takeReady(restored.progress))).toEqual([2]);
    expect(drain(() => takeStart(restored.progress))).toEqual([{ node: 1, part: 5 }]);
  });

  it("keeps the ended parts of what waits for when it is opened with as many parts", () => {
    const status = { states: ".", mapped: [{ task: "load", total: 4, succeeded: "0,2", running: "1" }] };
    const same = from(aSpec([mapped]), status);
    const other = from(aSpec([mapped]), status);

    expect(same.recordedRunning).toEqual([]);
    expect(readBack(same)).toBe(".; load 4 R: S:0,2 F: C:");
    expect(same.progress.counts).toMatchObject({ total: 4, pending: 2, succeeded: 2 });
    expect([open(same.progress, 0, 4), open(other.progress, 0, 3)]).toEqual([true, true]);
    expect(drain(() => takeStart(same.progress)).map(({ part }) => part)).toEqual([1, 3]);
    expect(readBack(other)).toBe(".; load 3 R: S: F: C:");
    expect(other.progress.counts).toMatchObject({ total: 3, pending: 3, succeeded: 0 });
  });

  it("that was stopped starts nothing, and waits for what runs before finally", () => {
    const restored = from(aSpec([...tasksOf("a", "b: a", "c"), mapped], { finally: [aFinallyTask("clean")] }), {
      states: "R..R.",
      mapped: [{ task: "load", total: 3, running: "0" }],
      stopped: "Cancelled",
    });

    expect(readBack(restored)).toBe("RCCR.; load 3 R:0 S: F: C:1-2");
    expect([takeReady(restored.progress), takeStart(restored.progress)]).toEqual([undefined, undefined]);
    for (const slot of restored.recordedRunning) observe(restored.progress, slot, "Cancelled");
    expect(readBack(restored)).toBe("CCCC.; load 3 R: S: F: C:0-2");
    expect(takeReady(restored.progress)).toBe(4);
  });

  it("that had all its tasks ended goes on with finally", () => {
    const restored = from(aSpec(tasksOf("a"), { finally: [aFinallyTask("x"), aFinallyTask("y")] }), { states: "SR." });

    expect(restored.recordedRunning).toEqual([{ node: 1, part: 0 }]);
    expect(drain(() => takeReady(restored.progress))).toEqual([2]);
  });
});

describe("a record that makes no sense", () => {
  it.each<readonly [string, Status, string]>([
    ["without anything", {}, ".."],
    ["that is too short", { states: "S" }, "S."],
    ["that is too long", { states: "SSSSSS" }, "SS"],
    ["of unknown letters", { states: "x\u{1F600}" }, ".."],
    ["of a running mapped task without parts", { states: ".R" }, ".."],
    [
      "of one of which nothing started",
      { states: ".R", mapped: [{ task: "load", total: 2 }] },
      "..; load 2 R: S: F: C:",
    ],
    ["of more parts than a run may have", { states: ".R", mapped: [{ task: "load", total: 1e9 }] }, ".."],
    ["of no parts", { states: ".R", mapped: [{ task: "load", total: 0 }] }, ".."],
    ["of half a part", { states: ".R", mapped: [{ task: "load", total: 1.5, succeeded: "0" }] }, ".."],
    ["of parts of a task that is not mapped", { states: "S.", mapped: [{ task: "a", total: 2, failed: "0" }] }, "S."],
    ["of a task that is not there", { states: "S.", mapped: [{ task: "x", total: 2 }] }, "S."],
    [
      "that says a thing twice",
      {
        states: ".R",
        mapped: [
          { task: "load", total: 2, succeeded: "0", failed: "0-1" },
          { task: "load", total: 9 },
        ],
      },
      ".F; load 2 R: S:0 F:1 C:",
    ],
    [
      "of a task that ended although parts had not",
      { states: ".F", mapped: [{ task: "load", total: 3, succeeded: "0", running: "1" }] },
      ".F; load 3 R: S:0 F:1-2 C:",
    ],
    ["of parts of a task that never ran", { states: ".U", mapped: [{ task: "load", total: 3, succeeded: "0" }] }, ".U"],
  ])("%s is survived", (_, status, want) => {
    expect(readBack(from(aSpec([aTask("a"), mapped]), status))).toBe(want);
  });

  it("of whatever kind is survived, with counts that add up", () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^\d{0,2}(-\d{0,2})?(,\d{1,2}){0,2}$/));
    const entries = fc.array(
      fc.record({
        task: fc.constantFrom("t0", "t1", "t2", "f0", "x"),
        total: fc.oneof(fc.integer({ min: -1, max: 5 }), fc.constantFrom(9_999, 1e12, NaN)),
        running: text,
        succeeded: text,
        failed: text,
        cancelled: text,
      }),
      { maxLength: 4 },
    );
    const states = fc.oneof(fc.string(), fc.stringMatching(/^[.RSFUKCx]{0,16}$/));
    const stopped = fc.constantFrom(undefined, undefined, "Cancelled" as const);
    fc.assert(
      fc.property(anySpec, states, entries, stopped, (spec, letters, parts, why) => {
        const status = { states: letters, mapped: parts, ...(why === undefined ? {} : { stopped: why }) };
        const { progress, recordedRunning } = from(spec, status);
        const { total, pending, running, succeeded, failed, upstreamFailed, skipped, cancelled } = progress.counts;

        expect(pending + running + succeeded + failed + upstreamFailed + skipped + cancelled).toBe(total);
        expect(total).toBeLessThanOrEqual(10_000 + progress.graph.nodes.length);
        expect(recordedRunning.length).toBe(running);
        expect(recordedRunning.every((slot) => isActive(progress, slot))).toBe(true);
        const again = from(spec, { ...recordOf(progress), ...(why === undefined ? {} : { stopped: why }) });
        expect(recordOf(again.progress)).toEqual(recordOf(progress));
        expect(again.progress.counts).toEqual(progress.counts);
      }),
      { numRuns: 3000 },
    );
  });
});
