import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Phase } from "../../api/names.ts";
import type { WorkflowRunStatus } from "../../api/types.ts";
import { at } from "../../testing/make.ts";
import { aWorkflowRun } from "../../testing/makeworkflow.ts";
import { runEventOf } from "./runevent.ts";

function aStatus(phase: Phase, reason: string, message: string, rest: WorkflowRunStatus = {}): WorkflowRunStatus {
  const condition = { type: "Succeeded", status: "Unknown", reason, message, lastTransitionTime: at(0) } as const;
  return { phase, conditions: [condition], ...rest };
}

const event = (before: Phase, after: WorkflowRunStatus) =>
  runEventOf(aWorkflowRun({ status: { phase: before } }), after);

describe("the event of a run", () => {
  it.each([
    [
      "success",
      aStatus("Succeeded", "Succeeded", "All 3 tasks succeeded.", { duration: "3m21s" }),
      "Normal",
      "All 3 tasks succeeded. It took 3m21s.",
    ],
    [
      "failure",
      aStatus("Failed", "TaskFailed", "Task load failed", { duration: "5s" }),
      "Warning",
      "TaskFailed: Task load failed. It took 5s.",
    ],
    [
      "cancellation",
      aStatus("Cancelled", "Cancelled", "Cancelled by spec.cancel."),
      "Normal",
      "Cancelled by spec.cancel.",
    ],
    ["end without a word", { phase: "Failed" } as const, "Warning", "Failed."],
  ] as const)("tells of its %s", (_, after, type, note) => {
    expect(event("Running", after)).toMatchObject({ kind: "WorkflowRun", type, reason: after.phase, note });
  });

  it.each(["Pending", "Running", "Suspended"] as const)("does not come while it goes on, as %s", (phase) => {
    expect(event("Running", aStatus(phase, phase, "x"))).toBeUndefined();
    expect(event("Failed", aStatus(phase, phase, "x"))).toBeUndefined();
  });

  it("comes once for an end, under the same name whoever tells it", () => {
    const end = aStatus("Failed", "TaskFailed", "no");

    expect(event("Failed", end)).toBeUndefined();
    expect(event("Pending", end)?.name).toBe(event("Running", end)?.name);
    expect(event("Running", end)?.name).toMatch(/^sales-1-0-[a-z0-9]{6}$/);
  });

  it("has another name at the end of a retry", () => {
    const again = aStatus("Failed", "TaskFailed", "no", { retry: { id: "a", round: 1 } });

    expect(event("Running", again)?.name).toMatch(/^sales-1-1-/);
  });

  it("has a note that the API server takes, whatever the message is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.nat(2000), (words, times) => {
        const { note = "" } =
          event("Running", aStatus("Failed", "TaskFailed", words.repeat(times % 20), { duration: "3h2m" })) ?? {};

        expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
        expect(note).toMatch(/ It took 3h2m\.$/);
      }),
    );
  });
});
