import { describe, expect, it } from "vitest";
import { Annotation } from "../../api/names.ts";
import { aTaskRun } from "../../testing/make.ts";
import { aWorkflowRun } from "../../testing/makeworkflow.ts";
import { patchFor } from "./wishes.ts";

const suspendedBy = (run: string): { annotations: Record<string, string>; labels: Record<string, string> } => ({
  annotations: { [Annotation.SuspendedBy]: run },
  labels: { "stint.dev/task": "load", "stint.dev/workflowrun": run },
});

describe("what a run wants of a child", () => {
  it("is nothing once the child has ended or is being deleted, whatever the run wants", () => {
    const ended = aTaskRun({ status: { phase: "Failed" } });
    const deleted = aTaskRun({ deletionTimestamp: "2030-01-01T00:00:00Z", finalizers: ["example.com/x"] });
    const wanted = (["run", "suspend", "stop"] as const).flatMap((mode) => [
      patchFor(ended, mode, "sales-1"),
      patchFor(deleted, mode, "sales-1"),
    ]);

    expect(wanted.filter((patch) => patch !== undefined)).toEqual([]);
  });

  it("is told to a run that is about to run again, though it still shows its old end", () => {
    const child = aWorkflowRun({ spec: { retry: { id: "b" } }, status: { phase: "Failed" } });

    expect(patchFor(child, "stop", "sales-1")).toMatchObject({ spec: { cancel: true } });
    expect(patchFor(child, "suspend", "sales-1")).toMatchObject({ spec: { suspend: true } });
  });

  it("is its end when the run is stopped, also of one that is suspended, and only once", () => {
    expect(patchFor(aTaskRun({ spec: { suspend: true } }), "stop", "sales-1")).toEqual({
      spec: { cancel: true, suspend: false },
    });
    expect(patchFor(aTaskRun({ spec: { cancel: true } }), "stop", "sales-1")).toBeUndefined();
  });

  it("is a pause that remembers whose it is, and none for one that a person suspended", () => {
    expect(patchFor(aWorkflowRun(), "suspend", "sales-1")).toEqual({
      metadata: { annotations: { "stint.dev/suspended-by": "sales-1" } },
      spec: { suspend: true },
    });
    expect(patchFor(aWorkflowRun({ spec: { suspend: true } }), "suspend", "sales-1")).toBeUndefined();
  });

  it("is to go on for what the run itself suspended, and for nothing else", () => {
    const own = aTaskRun({ spec: { suspend: true }, ...suspendedBy("sales-1") });
    const others = aTaskRun({ spec: { suspend: true }, ...suspendedBy("another") });

    expect(patchFor(own, "run", "sales-1")).toEqual({
      metadata: { annotations: { "stint.dev/suspended-by": null } },
      spec: { suspend: false },
    });
    expect([
      patchFor(others, "run", "sales-1"),
      patchFor(aTaskRun({ spec: { suspend: true } }), "run", "sales-1"),
    ]).toEqual([undefined, undefined]);
  });
});
