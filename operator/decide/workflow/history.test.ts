import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeRevision } from "../../api/revision.ts";
import type { RevisionRecord, WorkflowRunRecord } from "../../api/records.ts";
import type { WorkflowRunStatus } from "../../api/types.ts";
import { at } from "../../testing/make.ts";
import { aWorkflow, aWorkflowRun, controlledBy, revisionJson } from "../../testing/makeworkflow.ts";
import type { WorkflowRunWish } from "../../testing/makeworkflow.ts";
import { expiredRuns, unusedRevisions } from "./history.ts";

type Phase = NonNullable<WorkflowRunStatus["phase"]>;

const named = (runs: readonly { readonly name: string }[]): readonly string[] => runs.map(({ name }) => name);
const keeping = (succeeded: number, failed: number) => aWorkflow({ spec: { history: { succeeded, failed } } });

function aRun(name: string, phase: Phase, endedAt?: number, wish: WorkflowRunWish = {}): WorkflowRunRecord {
  const time = endedAt === undefined ? {} : { completionTime: at(endedAt) };
  const status: WorkflowRunStatus = { phase, observedGeneration: 1, ...time, ...wish.status };
  return aWorkflowRun({ name, uid: `uid-${name}`, ...wish, status });
}

describe("the runs that a Workflow no longer keeps", () => {
  it("are those that ended first, of each outcome beyond its own number", () => {
    const runs = [
      aRun("c", "Succeeded", 3),
      aRun("a", "Succeeded", 1),
      aRun("b", "Succeeded", 2),
      aRun("x", "Failed", 1),
      aRun("y", "Cancelled", 2),
      aRun("z", "Failed", 0),
    ];

    expect(named(expiredRuns(keeping(1, 2), runs))).toEqual(["z", "a", "b"]);
    expect(named(expiredRuns(keeping(0, 0), runs))).toEqual(["z", "a", "x", "b", "y", "c"]);
    expect(expiredRuns(keeping(3, 3), runs)).toEqual([]);
  });

  it.each<[string, WorkflowRunRecord]>([
    ["has not ended", aRun("r", "Running")],
    ["waits", aRun("r", "Pending")],
    ["is suspended", aRun("r", "Suspended")],
    ["a GitOps tool tracks", aRun("r", "Failed", 1, { labels: { "argocd.argoproj.io/instance": "shop" } })],
    ["is about to run again", aRun("r", "Failed", 1, { spec: { retry: { id: "b" } }, status: { retry: { id: "a" } } })],
    ["is on its way out already", aRun("r", "Failed", 1, { deletionTimestamp: at(9) })],
    [
      "somebody else controls",
      aRun("r", "Failed", 1, { ownerReferences: [controlledBy("Workflow", { name: "sales", uid: "u" })] }),
    ],
    ["nobody controls", aRun("r", "Failed", 1, { ownerReferences: [] })],
  ])("are none that %s", (_, run) => {
    expect(expiredRuns(keeping(0, 0), [run])).toEqual([]);
  });

  it("are also those whose retry was acted on, or never will be", () => {
    const done = aRun("a", "Failed", 1, { spec: { retry: { id: "a" } }, status: { retry: { id: "a" } } });
    const never = aRun("b", "Cancelled", 2, { spec: { cancel: true, retry: { id: "b" } } });

    expect(named(expiredRuns(keeping(0, 0), [done, never]))).toEqual(["a", "b"]);
  });

  it("leave those that are tracked their places", () => {
    const tracked = { labels: { "argocd.argoproj.io/instance": "shop" } };
    const runs = [aRun("old", "Failed", 1), aRun("git", "Failed", 2, tracked), aRun("new", "Failed", 3)];

    expect(named(expiredRuns(keeping(0, 2), runs))).toEqual(["old"]);
  });

  it("are the same in whatever order they are looked at, and leave exactly as many as are kept", () => {
    const phases = fc.constantFrom<Phase>("Succeeded", "Failed", "Cancelled", "Running");
    const all = fc.array(fc.tuple(phases, fc.nat(3)), { maxLength: 30 });
    fc.assert(
      fc.property(all, fc.nat(5), fc.nat(5), (ends, succeeded, failed) => {
        const runs = ends.map(([phase, second], index) =>
          aRun(`r${index}`, phase, phase === "Running" ? undefined : second),
        );
        const workflow = keeping(succeeded, failed);
        const gone = new Set(named(expiredRuns(workflow, runs)));
        const left = runs.filter(({ name }) => !gone.has(name));
        const count = (...which: readonly Phase[]) =>
          left.filter(({ status }) => which.includes(status.phase ?? "Pending")).length;
        const had = (...which: readonly Phase[]) => ends.filter(([phase]) => which.includes(phase)).length;

        expect(new Set(named(expiredRuns(workflow, runs.toReversed())))).toEqual(gone);
        expect(count("Succeeded")).toBe(Math.min(succeeded, had("Succeeded")));
        expect(count("Failed", "Cancelled")).toBe(Math.min(failed, had("Failed", "Cancelled")));
        expect(count("Running")).toBe(had("Running"));
      }),
    );
  });
});

describe("the revisions that nothing needs", () => {
  const revision = (name: string, wish: Parameters<typeof revisionJson>[0] = {}): RevisionRecord => {
    const record = decodeRevision(revisionJson({ name, uid: `uid-${name}`, ...wish }));
    if (record === undefined) throw new Error("no revision");
    return record;
  };
  const [first, second, third] = ["sales-1-x", "sales-2-x", "sales-10-x"].map((name) => revision(name)) as [
    RevisionRecord,
    RevisionRecord,
    RevisionRecord,
  ];
  const uses = (name: string, phase: Phase = "Failed") =>
    aRun(`run-of-${name}`, phase, 1, { status: { phase, revision: name } });

  it("are those that no run names, but the newest generation's", () => {
    expect(named(unusedRevisions(aWorkflow(), [third, first, second], [uses("sales-1-x")]))).toEqual(["sales-2-x"]);
    expect(unusedRevisions(aWorkflow(), [third], [])).toEqual([]);
  });

  it("are none while a run has not written down what it works by", () => {
    expect(unusedRevisions(aWorkflow(), [first, second], [aRun("new", "Pending")])).toEqual([]);
    expect(named(unusedRevisions(aWorkflow(), [first, second], [aRun("never", "Failed", 1)]))).toEqual(["sales-1-x"]);
  });

  it("are none of somebody else's", () => {
    const foreign = revision("sales-1-y", {
      ownerReferences: [controlledBy("Workflow", { name: "sales", uid: "other" })],
    });

    expect(unusedRevisions(aWorkflow(), [foreign, second], [])).toEqual([]);
  });
});
