import { describe, expect, it } from "vitest";
import type { WorkflowRunSpec, WorkflowRunStatus, WorkflowSpec } from "../../api/types.ts";
import { recordOf } from "../../testing/workflows/record.ts";
import { aFinallyTask, aSpec, aTask, tasksOf } from "../../testing/workflows/specs.ts";
import { compileGraph } from "./graph.ts";
import { failedSince, observe, open, takeReady, takeStart } from "./progress.ts";
import type { RunProgress } from "./progress.ts";
import { restore } from "./restore.ts";
import { retryProgress } from "./retry.ts";

type Retry = NonNullable<WorkflowRunSpec["retry"]>;
type Status = Pick<WorkflowRunStatus, "states" | "mapped" | "stopped">;

function retried(spec: WorkflowSpec, status: Status, retry: Omit<Retry, "id"> = {}): Result {
  const result = retryProgress(restore(compileGraph(spec), status).progress, { id: "again", ...retry });
  if ("problem" in result) throw new Error(result.problem);
  return { ...result, states: recordOf(result.progress).states };
}

interface Result {
  readonly progress: RunProgress;
  readonly reset: number;
  readonly states: string;
}

const chain = aSpec(tasksOf("a", "b: a", "c: b", "x", "y: x"), { finally: [aFinallyTask("clean")] });

describe("a retry", () => {
  it.each<readonly [string, Omit<Retry, "id">, string, number]>([
    // a fails, so b and c never ran; x and y succeeded.
    ["FUUSSS", {}, "...SS.", 4],
    ["SFUSSS", { scope: "Failed" }, "S..SS.", 3],
    ["SCUSKF", { scope: "Failed" }, "S..SK.", 3],
    // A descendant that succeeded stays, one that was skipped does not.
    ["FSKSSS", { scope: "Failed" }, ".S.SS.", 3],
    ["SSSSSF", { scope: "Failed" }, "SSSSS.", 1],
    ["SSSSSS", { scope: "Tasks", tasks: ["b"] }, "S.SSS.", 2],
    ["SSSSSS", { scope: "TasksAndDownstream", tasks: ["b", "y"] }, "S..S..", 4],
    ["SSSSSS", { scope: "Tasks", tasks: ["clean"] }, "SSSSS.", 1],
  ])("of %s by %j", (states, retry, want, reset) => {
    expect(retried(chain, { states }, retry)).toMatchObject({ states: want, reset });
  });

  it.each<readonly [string, Omit<Retry, "id">]>([
    ["SSSSSS", {}],
    ["SSSKKS", { scope: "Failed" }],
    ["FFFFFF", { scope: "Tasks" }],
    ["FFFFFF", { scope: "TasksAndDownstream", tasks: [] }],
  ])("of %s by %j finds nothing to run", (states, retry) => {
    const { progress } = restore(compileGraph(chain), { states });

    expect(retryProgress(progress, { id: "again", ...retry })).toEqual({ progress, reset: 0 });
  });

  it("says which tasks it does not know", () => {
    const { progress } = restore(compileGraph(chain), { states: "SSSSSS" });

    expect(retryProgress(progress, { id: "again", scope: "Tasks", tasks: ["a", "clena"] })).toEqual({
      problem: `spec.retry.tasks[1]: this run has no task "clena"; did you mean "clean"?`,
    });
    const many = retryProgress(progress, { id: "again", scope: "Tasks", tasks: ["q", "r", "s", "t", "u"] });
    expect(many).toMatchObject({ problem: expect.stringMatching(/tasks\[2\].*\(and 2 more\)$/) });
  });

  it("starts what is reset as its rules say, over what stays", () => {
    const { progress } = retried(chain, { states: "SFUSSS" });

    expect(takeReady(progress)).toBe(1);
    expect(takeReady(progress)).toBeUndefined();
    expect(retried(chain, { states: "FSUSSS" }, { scope: "Tasks", tasks: ["c"] })).toMatchObject({ states: "FS.SS." });
    expect(retried(chain, { states: "FUSSSS" }, { scope: "Tasks", tasks: ["c"] })).toMatchObject({ states: "FUUSS." });
  });

  it("of a run that was stopped is not stopped", () => {
    const { progress } = retried(chain, { states: "CCCCCC", stopped: "Cancelled" });

    expect([takeReady(progress), takeReady(progress)]).toEqual([0, 3]);
    open(progress, 0, 1);
    expect(takeStart(progress)).toEqual({ node: 0, part: 0 });
  });
});

describe("failures", () => {
  it("count since the retry, so that FailFast does not stop it for what failed before", () => {
    const { progress } = retried(chain, { states: "FUUFUS" }, { scope: "Tasks", tasks: ["x"] });
    open(progress, takeReady(progress) ?? -1, 1);

    expect([progress.counts.failed, failedSince(progress)]).toEqual([1, 0]);
    observe(progress, { node: 3, part: 0 }, "Failed");
    expect([progress.counts.failed, failedSince(progress)]).toEqual([2, 1]);
  });
});

describe("of a mapped task a retry", () => {
  const list = aTask("list");
  const byItems = aTask("load", { dependsOn: ["list"], forEach: { items: [] } });
  const byResult = aTask("load", { dependsOn: ["list"], forEach: { result: "$(tasks.list.results.files)" } });
  const parts = [{ task: "load", total: 5, succeeded: "0,3", failed: "1-2", cancelled: "4" }];
  const kept = (spec: WorkflowSpec, states: string, retry: Omit<Retry, "id"> = {}): readonly [string, number] => {
    const { progress, reset } = retried(spec, { states, mapped: parts }, retry);
    const { mapped } = recordOf(progress);
    return [mapped.map(({ total, succeeded }) => `${succeeded} of ${total}`).join(), reset];
  };

  it("runs only the parts that did not succeed", () => {
    expect(kept(aSpec([list, byItems]), "SF")).toEqual(["0,3 of 5", 3]);
    expect(kept(aSpec([list, byResult]), "SF")).toEqual(["0,3 of 5", 3]);
  });

  it("runs all parts where its list may be another one", () => {
    expect(kept(aSpec([list, byItems]), "FF")).toEqual(["0,3 of 5", 4]);
    expect(kept(aSpec([list, byResult]), "FF")).toEqual(["", 6]);
  });

  it("runs all parts where the task is named", () => {
    expect(kept(aSpec([list, byItems]), "SF", { scope: "Tasks", tasks: ["load"] })).toEqual(["", 5]);
  });

  it("runs all parts of one under finally", () => {
    const spec = aSpec([list], { finally: [aFinallyTask("load", { forEach: { items: [] } })] });

    expect(kept(spec, "SF")).toEqual(["", 5]);
  });

  it("starts those parts, with the others kept through a restart and a stop", () => {
    const { progress } = retried(aSpec([list, byItems]), { states: "SF", mapped: parts });
    const again = restore(progress.graph, recordOf(progress)).progress;
    const stopped = restore(progress.graph, { ...recordOf(progress), stopped: "Cancelled" }).progress;
    open(again, 1, 5);

    expect([takeStart(again), takeStart(again)].map((slot) => slot?.part)).toEqual([1, 2]);
    expect(recordOf(stopped)).toMatchObject({ states: "SC", mapped: [{ succeeded: "0,3", cancelled: "1-2,4" }] });
  });

  it("leaves parts alone where the task stays as it is", () => {
    const spec = aSpec([list, byItems, aTask("other")]);
    const { progress } = retried(spec, { states: "SSF", mapped: [{ task: "load", total: 2, succeeded: "0-1" }] });

    expect(recordOf(progress)).toMatchObject({ states: "SS.", mapped: [{ total: 2, succeeded: "0-1" }] });
    expect(progress.counts).toMatchObject({ total: 4, succeeded: 3, pending: 1 });
  });
});
