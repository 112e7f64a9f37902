import { describe, expect, it } from "vitest";
import { atMs, at, aStatus } from "../testing/make.ts";
import { conditionsAfter, shownReason, succeededCondition } from "./conditions.ts";

const now = { generation: 3, now: atMs(90) };
const before = aStatus({ phase: "Running", reason: "Running" }).conditions ?? [];

describe("the condition Succeeded", () => {
  it.each([
    ["Pending", "Unknown"],
    ["Running", "Unknown"],
    ["Succeeded", "True"],
    ["Failed", "False"],
    ["Cancelled", "False"],
  ] as const)("of phase %s is %s", (phase, want) => {
    const { status, observedGeneration } = succeededCondition({ phase, reason: "Running", message: "" }, [], now);

    expect([status, observedGeneration]).toEqual([want, 3]);
  });

  it("keeps its transition time while the status stays", () => {
    const next = succeededCondition({ phase: "Pending", reason: "BackingOff", message: "again" }, before, now);

    expect(next).toMatchObject({ reason: "BackingOff", lastTransitionTime: at(0) });
  });

  it("moves it when the status changes", () => {
    const next = succeededCondition({ phase: "Failed", reason: "ExitCode", message: "" }, before, now);

    expect(next.lastTransitionTime).toBe(at(90));
  });

  it("is not mixed up with another condition in front of it", () => {
    const other = { type: "Other", status: "Unknown", reason: "Odd", message: "", lastTransitionTime: at(1) } as const;
    const next = succeededCondition({ phase: "Running", reason: "Running", message: "" }, [other, ...before], now);

    expect(next.lastTransitionTime).toBe(at(0));
    expect(shownReason({ conditions: [other, ...before] })).toBe("Running");
    expect(shownReason({})).toBeUndefined();
  });
});

describe("the condition by which tools that know no kind of ours go", () => {
  it.each([
    ["Pending", "Reconciling"],
    ["Running", "Reconciling"],
    ["Suspended", "Reconciling"],
    ["Succeeded", undefined],
    ["Failed", "Stalled"],
    ["Cancelled", "Stalled"],
  ] as const)("of phase %s is %s, True, in the words of Succeeded", (phase, want) => {
    const [succeeded, ...others] = conditionsAfter({ phase, reason: "Pending", message: "No room." }, [], now);

    expect(succeeded).toMatchObject({ type: "Succeeded", reason: "Pending", message: "No room." });
    expect(others.map(({ lastTransitionTime: _time, ...other }) => other)).toEqual(
      want === undefined
        ? []
        : [{ type: want, status: "True", reason: "Pending", message: "No room.", observedGeneration: 3 }],
    );
  });

  it("keeps its transition time while it stays, also under another reason", () => {
    const waiting = conditionsAfter({ phase: "Pending", reason: "BackingOff", message: "" }, before, now);

    expect(waiting.map(({ type, lastTransitionTime }) => [type, lastTransitionTime])).toEqual([
      ["Succeeded", at(0)],
      ["Reconciling", at(0)],
    ]);
  });
});
