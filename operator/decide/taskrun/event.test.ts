/** Which event a change of the status is worth, and what it says. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TaskRunStatus } from "../../api/types.ts";
import { NODE, aPod, aStatus, aTaskRun, at, atMs } from "../../testing/make.ts";
import { eventOf } from "./event.ts";
import { planTaskRun } from "./plan.ts";

const RUNNING = aStatus({ phase: "Running", reason: "Running", attempts: [] });
type Wish = Parameters<typeof aStatus>[0];

function event(before: TaskRunStatus, after: Wish): ReturnType<typeof eventOf> {
  return eventOf(aTaskRun({ status: before }), aStatus(after));
}

const failed = { nodeName: NODE, reason: "OOMKilled", message: "Container main used too much memory." };

describe("the event of an attempt", () => {
  it("that failed says when and where it started, how it ended, and what follows", () => {
    const got = event(RUNNING, { attempts: [failed], rest: { nextAttemptTime: at(130) } });

    expect(got).toMatchObject({ type: "Warning", reason: "AttemptFailed" });
    expect(got?.note).toBe(
      `Attempt 1 started 00:00:00 on ${NODE}, failed after 1m: OOMKilled: Container main used too much memory. ` +
        "The next one starts at 00:02:10.",
    );
  });

  it("writes the day where it is another one", () => {
    const got = event(RUNNING, { attempts: [failed], rest: { nextAttemptTime: at(90_000) } });

    expect(got?.note).toMatch(/starts at 2030-01-02T01:00:00Z\.$/);
  });

  it("that was the last says so in the words of the condition", () => {
    const got = event(RUNNING, {
      phase: "Failed",
      reason: "RetriesExhausted",
      message: "All 2 attempts failed.",
      attempts: [{}, {}],
    });

    expect(got).toMatchObject({ type: "Warning", reason: "Failed" });
    expect(got?.note).toBe("Attempt 2 started 00:00:00, failed after 1m: All 2 attempts failed.");
  });

  it.each([
    ["soon in the first attempt is no news", [{ reason: "Succeeded", completionTime: at(10) }], undefined],
    [
      "in the first attempt after a while",
      [{ reason: "Succeeded", completionTime: at(201) }],
      "attempt 1, started 00:00:00, after 3m21s.",
    ],
    [
      "in a later attempt, however soon",
      [{}, { reason: "Succeeded", completionTime: at(2) }],
      "attempt 2, started 00:00:00, after 2s.",
    ],
    [
      "soon in the first attempt of changed work is no news either",
      [{ workHash: "a" }, { workHash: "b", reason: "Succeeded", completionTime: at(2) }],
      undefined,
    ],
  ])("that succeeds %s", (_, attempts, want) => {
    const got = event(RUNNING, { phase: "Succeeded", reason: "Succeeded", attempts });

    expect(got?.note).toBe(want && `Succeeded in ${want}`);
    expect(got?.type).toBe(want && "Normal");
  });

  it.each([
    ["Cancelled", "Cancelled", { phase: "Cancelled", reason: "Cancelled" }],
    ["Suspended", "Suspended", { phase: "Suspended", reason: "Suspended" }],
    ["Superseded", "Superseded", { reason: "Pending", attempts: [{ reason: "Superseded" }] }],
  ] as const)("that somebody ended is no warning: %s", (_, reason, after) => {
    expect(event(RUNNING, after)).toMatchObject({ type: "Normal", reason });
  });

  it("waits until its other containers have stopped, and is then told once", () => {
    const stopping = aStatus({ phase: "Running", reason: "Stopping", attempts: [{}] });

    expect(event(RUNNING, { phase: "Running", reason: "Stopping", attempts: [{}] })).toBeUndefined();
    expect(event(stopping, { phase: "Failed", reason: "ExitCode", attempts: [{}] })).toMatchObject({
      reason: "Failed",
    });
  });

  it("that nobody told of before a crash is told of while the next one is being stopped", () => {
    const stopping = aStatus({ phase: "Running", reason: "Stopping", attempts: [{}] });
    const next = event(stopping, { phase: "Running", reason: "Stopping", attempts: [{}, {}] });

    expect(next?.name).toBe(event(RUNNING, { attempts: [{}] })?.name);
  });

  it("is not told again by later changes, nor while a next one is being stopped", () => {
    const paused = aStatus({ attempts: [{}] });

    expect(
      event(paused, { phase: "Running", reason: "Running", attempts: [{}], rest: { attempt: 2 } }),
    ).toBeUndefined();
    expect(
      event(paused, { phase: "Running", reason: "Stopping", attempts: [{}], rest: { attempt: 2 } }),
    ).toBeUndefined();
    const failedNow = aStatus({ phase: "Failed", attempts: [{}] });
    expect(event(failedNow, { phase: "Failed", attempts: [{}], rest: { observedGeneration: 2 } })).toBeUndefined();
  });
});

describe("the event of an end without an attempt", () => {
  it("tells why, and leaves the name of the next attempt's event free", () => {
    const refused = {
      phase: "Failed",
      reason: "InvalidTemplate",
      message: "The pod template is invalid.",
      attempts: [],
    } as const;
    const got = event(aStatus({ attempts: [], reason: "Pending" }), refused);
    const later = event(RUNNING, { attempts: [{}] });

    expect(got).toMatchObject({
      type: "Warning",
      reason: "Failed",
      note: "InvalidTemplate: The pod template is invalid.",
    });
    expect(got?.name).not.toBe(later?.name);
  });

  it("tells of a cancel between attempts", () => {
    const got = event(aStatus({ attempts: [{}] }), {
      phase: "Cancelled",
      reason: "Cancelled",
      message: "Cancelled.",
      attempts: [{}],
    });

    expect(got).toMatchObject({ type: "Normal", reason: "Cancelled" });
  });
});

describe("every event", () => {
  it("fits what the API server takes, whatever a pod said", () => {
    const words = fc.oneof(
      fc.string({ unit: "binary", maxLength: 3000, size: "max" }),
      fc.constant("\u{1F980}".repeat(2000)),
    );
    fc.assert(
      fc.property(words, fc.integer({ min: 0, max: 1 }), (endMessage, limit) => {
        const taskRun = aTaskRun({ spec: { retry: { limit } } });
        const pods = [aPod("ended", { exitCode: 1, endMessage, reason: endMessage })];
        const got = eventOf(taskRun, planTaskRun({ taskRun, pods, now: atMs(61) }).status);

        expect(Buffer.byteLength(got?.note ?? "")).toBeLessThanOrEqual(1024);
        expect(got?.note).toMatch(/^Attempt 1 started/);
        expect(got?.note.endsWith("The next one starts at 00:01:08.")).toBe(limit === 1);
        expect(got?.name).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
      }),
    );
  });
});
