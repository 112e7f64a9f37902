import { describe, expect, it } from "vitest";
import type { WorkflowSpec } from "../../api/types.ts";
import {
  aFinallyTask,
  aSpec,
  aTask,
  chainOf,
  diamondOf,
  layersOf,
  tasksOf,
  wideOf,
} from "../../testing/workflows/specs.ts";
import { compileGraph } from "./graph.ts";
import { STATE_LETTER } from "./model.ts";
import type { Observed, TaskSpec } from "./model.ts";
import {
  activeCount,
  allDone,
  conclude,
  failedSince,
  isActive,
  observe,
  open,
  partsOf,
  putBack,
  startProgress,
  stateOf,
  stop,
  suspendedCount,
  takeReady,
  takeStart,
  tasksDone,
} from "./progress.ts";
import type { RunProgress } from "./progress.ts";

const start = (spec: WorkflowSpec): RunProgress => startProgress(compileGraph(spec));
const mapped = (name: string, wish: Omit<Partial<TaskSpec>, "name"> = {}, maxParallel?: number): TaskSpec =>
  aTask(name, { forEach: { items: [], ...(maxParallel === undefined ? {} : { maxParallel }) }, ...wish });

/** By name; a part as "load/2". */
function see(progress: RunProgress, what: string, seen: Observed): void {
  const [name = "", part = "0"] = what.split("/");
  observe(progress, { node: progress.graph.byName.get(name) ?? -1, part: Number(part) }, seen);
}

function drainReady(progress: RunProgress): readonly string[] {
  const names: string[] = [];
  for (let node = takeReady(progress); node !== undefined; node = takeReady(progress))
    names.push(progress.graph.nodes[node]?.name ?? "");
  return names;
}

/** Opens all that is ready, with so many parts where it is mapped. */
function openReady(progress: RunProgress, parts = 1): readonly string[] {
  const names = drainReady(progress);
  for (const name of names) open(progress, progress.graph.byName.get(name) ?? -1, parts);
  return names;
}

function drainStarts(progress: RunProgress): readonly string[] {
  const names: string[] = [];
  for (let slot = takeStart(progress); slot !== undefined; slot = takeStart(progress)) {
    const node = progress.graph.nodes[slot.node];
    names.push(node?.list === "none" ? node.name : `${node?.name}/${slot.part}`);
  }
  return names;
}

const letters = (progress: RunProgress): string =>
  progress.graph.nodes.map(({ index }) => STATE_LETTER[stateOf(progress, index)]).join("");

const partLetters = (progress: RunProgress, name: string): string => {
  const parts = partsOf(progress, progress.graph.byName.get(name) ?? -1);
  return Array.from({ length: parts?.total ?? 0 }, (_, part) => STATE_LETTER[parts!.stateAt(part)]).join("");
};

describe("the tasks of a run", () => {
  it("start once what they depend on has succeeded, and then finally", () => {
    const progress = start(
      aSpec(tasksOf("list", "load: list", "check: list", "report: load check"), { finally: [aFinallyTask("clean")] }),
    );

    expect(openReady(progress)).toEqual(["list"]);
    expect(letters(progress)).toBe(".....");
    expect(drainStarts(progress)).toEqual(["list"]);
    expect(letters(progress)).toBe("R....");
    see(progress, "list", "Succeeded");
    expect(openReady(progress)).toEqual(["load", "check"]);
    expect(drainStarts(progress)).toEqual(["load", "check"]);
    see(progress, "check", "Succeeded");
    expect(openReady(progress)).toEqual([]);
    see(progress, "load", "Succeeded");
    openReady(progress);
    expect(drainStarts(progress)).toEqual(["report"]);
    see(progress, "report", "Active");
    see(progress, "report", "Succeeded");
    expect([tasksDone(progress), allDone(progress)]).toEqual([true, false]);
    expect(openReady(progress)).toEqual(["clean"]);
    expect(drainStarts(progress)).toEqual(["clean"]);
    see(progress, "clean", "Succeeded");
    expect([letters(progress), allDone(progress)]).toEqual(["SSSSS", true]);
    expect(progress.counts).toMatchObject({ total: 5, succeeded: 5, pending: 0, running: 0 });
  });

  it("pass a failure and a skip on to all that follow, however many", () => {
    const progress = start(aSpec(tasksOf("a", "b: a", "c: b", "d: c", "x", "y: x", "z: y d")));
    openReady(progress);
    drainStarts(progress);
    see(progress, "a", "Failed");

    expect([letters(progress), failedSince(progress)]).toEqual(["FUUUR..", 1]);
    see(progress, "x", "Succeeded");
    conclude(progress, progress.graph.byName.get("y") ?? -1, "Skipped");
    expect([letters(progress), allDone(progress)]).toEqual(["FUUUSKU", true]);
  });

  it("that are skipped end without a TaskRun", () => {
    const progress = start(aSpec(tasksOf("x", "y: x", "a", "z: y a")));
    const [x = -1] = [takeReady(progress)];
    conclude(progress, x, "Skipped");

    expect(letters(progress)).toBe("KK..");
    expect(openReady(progress)).toEqual(["a"]);
    drainStarts(progress);
    see(progress, "a", "Failed");
    expect(letters(progress)).toBe("KKFU");
    expect(progress.counts).toMatchObject({ total: 4, skipped: 2, failed: 1, upstreamFailed: 1 });
    expect(allDone(progress)).toBe(true);
  });
});

describe("a mapped task", () => {
  it("counts as one until its list is known, then by its parts, and ends with the last of them", () => {
    const progress = start(aSpec([mapped("load"), aTask("report", { dependsOn: ["load"] })]));
    expect(progress.counts).toMatchObject({ total: 2, pending: 2 });
    openReady(progress, 3);
    expect(progress.counts).toMatchObject({ total: 4, pending: 4 });
    expect(drainStarts(progress)).toEqual(["load/0", "load/1", "load/2"]);
    see(progress, "load/1", "Failed");
    see(progress, "load/0", "Succeeded");
    expect([letters(progress), partLetters(progress, "load"), failedSince(progress)]).toEqual(["R.", "SFR", 1]);
    see(progress, "load/2", "Cancelled");
    expect([letters(progress), partLetters(progress, "load"), failedSince(progress)]).toEqual(["FU", "SFC", 1]);
    expect(progress.counts).toMatchObject({ total: 4, succeeded: 1, failed: 1, cancelled: 1, upstreamFailed: 1 });
  });

  it("of an empty list is skipped", () => {
    const progress = start(aSpec([mapped("load"), aTask("report", { dependsOn: ["load"], triggerRule: "AllDone" })]));

    expect(open(progress, takeReady(progress) ?? -1, 0)).toBe(true);
    expect(letters(progress)).toBe("K.");
    expect(openReady(progress)).toEqual(["report"]);
  });

  it("that takes the run beyond 10,000 tasks and parts is not opened", () => {
    const progress = start(aSpec([mapped("a"), mapped("b"), aTask("c")]));
    const [a = -1, b = -1] = [takeReady(progress), takeReady(progress)];

    expect(open(progress, a, 9_999)).toBe(false);
    expect(letters(progress)).toBe("...");
    expect(open(progress, a, 9_000)).toBe(true);
    expect(open(progress, b, 1_000)).toBe(false);
    expect(progress.counts).toMatchObject({ total: 9_002, pending: 9_002 });
    expect(open(progress, b, 999)).toBe(true);
    expect(progress.counts.total).toBe(10_000);
  });
});

describe("limits", () => {
  it("hold back parts, in order of opening, without holding up other tasks", () => {
    const progress = start(aSpec([mapped("a", {}, 2), mapped("b"), aTask("c")], { maxParallelTasks: 4 }));
    openReady(progress, 3);

    expect(drainStarts(progress)).toEqual(["a/0", "a/1", "b/0", "b/1"]);
    expect(activeCount(progress)).toBe(4);
    see(progress, "b/0", "Succeeded");
    expect(drainStarts(progress)).toEqual(["b/2"]);
    see(progress, "a/1", "Failed");
    expect(drainStarts(progress)).toEqual(["a/2"]);
    see(progress, "b/1", "Succeeded");
    expect(drainStarts(progress)).toEqual(["c"]);
    expect(drainStarts(progress)).toEqual([]);
  });

  it("hold for what was put back, which goes first", () => {
    const progress = start(aSpec([mapped("a"), aTask("b")]));
    openReady(progress, 3);
    drainStarts(progress);
    putBack(progress, { node: 0, part: 1 });
    see(progress, "a/0", "Active");
    putBack(progress, { node: 0, part: 0 });
    putBack(progress, { node: 7, part: 0 });

    expect([partLetters(progress, "a"), activeCount(progress)]).toEqual(["R.R", 3]);
    expect([isActive(progress, { node: 0, part: 1 }), isActive(progress, { node: 0, part: 2 })]).toEqual([false, true]);
    expect(drainStarts(progress)).toEqual(["a/1"]);
  });

  it("a task whose only part was put back is Pending again", () => {
    const progress = start(aSpec([aTask("a")]));
    openReady(progress);
    drainStarts(progress);
    putBack(progress, { node: 0, part: 0 });

    expect([letters(progress), progress.counts.pending]).toEqual([".", 1]);
  });
});

describe("what is seen of a TaskRun", () => {
  it("counts once, and nothing changes an end", () => {
    const progress = start(aSpec(tasksOf("a", "b: a")));
    openReady(progress);
    drainStarts(progress);
    for (const seen of ["Retrying", "Retrying", "Suspended", "Suspended"] as const) see(progress, "a", seen);
    expect([progress.counts.running, progress.counts.retrying, suspendedCount(progress)]).toEqual([1, 0, 1]);
    see(progress, "a", "Retrying");
    expect([progress.counts.running, progress.counts.retrying, suspendedCount(progress)]).toEqual([1, 1, 0]);
    for (const seen of ["Succeeded", "Failed", "Active", "Succeeded"] as const) see(progress, "a", seen);

    expect(letters(progress)).toBe("S.");
    expect(progress.counts).toMatchObject({ running: 0, retrying: 0, succeeded: 1, failed: 0 });
  });

  it("opens a task that is not mapped, whatever it waits for", () => {
    const progress = start(aSpec(tasksOf("a", "b: a")));
    see(progress, "b", "Active");

    expect(letters(progress)).toBe(".R");
    openReady(progress);
    drainStarts(progress);
    see(progress, "a", "Failed");
    expect(letters(progress)).toBe("FR");
    see(progress, "b", "Succeeded");
    expect([letters(progress), allDone(progress)]).toEqual(["FS", true]);
  });

  it("of a mapped task that is not open yet counts once it is", () => {
    const progress = start(aSpec([mapped("a")]));
    see(progress, "a/1", "Active");
    see(progress, "a/1", "Succeeded");
    see(progress, "a/7", "Active");
    expect([letters(progress), activeCount(progress)]).toEqual([".", 0]);
    openReady(progress, 3);

    expect([letters(progress), partLetters(progress, "a")]).toEqual(["R", ".S."]);
    expect(drainStarts(progress)).toEqual(["a/0", "a/2"]);
  });

  it("of what is no task or no part of one is ignored", () => {
    const progress = start(aSpec([mapped("a"), aTask("b")]));
    openReady(progress, 2);
    for (const slot of [
      { node: 9, part: 0 },
      { node: 1, part: 1 },
      { node: 0, part: -1 },
      { node: 0, part: 0.5 },
    ])
      observe(progress, slot, "Failed");

    expect(progress.counts).toMatchObject({ total: 3, pending: 3 });
  });
});

describe("a stop", () => {
  it("cancels what has no TaskRun, waits for what has, and does not stop finally", () => {
    const progress = start(
      aSpec([mapped("a", {}, 1), aTask("b"), ...tasksOf("c: b", "d: a")], { finally: [aFinallyTask("clean")] }),
    );
    openReady(progress, 3);
    drainStarts(progress);
    stop(progress);

    expect([letters(progress), partLetters(progress, "a")]).toEqual(["RRCC.", "RCC"]);
    expect([openReady(progress), drainStarts(progress), tasksDone(progress)]).toEqual([[], [], false]);
    see(progress, "a/0", "Succeeded");
    see(progress, "b", "Succeeded");
    expect(letters(progress)).toBe("CSCC.");
    expect(openReady(progress)).toEqual(["clean"]);
    expect(drainStarts(progress)).toEqual(["clean"]);
  });

  it("cancels what is put back after it", () => {
    const progress = start(aSpec(tasksOf("a", "b: a"), { finally: [aFinallyTask("clean")] }));
    openReady(progress);
    drainStarts(progress);
    stop(progress);
    stop(progress);
    putBack(progress, { node: 0, part: 0 });

    expect(letters(progress)).toBe("CC.");
    expect(openReady(progress)).toEqual(["clean"]);
  });

  it("waits for TaskRuns of a mapped task whose list was not known yet", () => {
    const progress = start(aSpec([mapped("a"), aTask("b")]));
    see(progress, "a/2", "Active");
    see(progress, "a/0", "Succeeded");
    stop(progress);

    expect([letters(progress), partLetters(progress, "a"), activeCount(progress)]).toEqual(["RC", "SCR", 1]);
    see(progress, "a/2", "Cancelled");
    expect([letters(progress), allDone(progress)]).toEqual(["CC", true]);
  });
});

describe("a run of 10,000", () => {
  it.each([
    ["tasks side by side", wideOf(10_000), 1],
    ["tasks in a chain", chainOf(10_000), 1],
    ["tasks between two", diamondOf(9_998), 1],
    ["tasks in layers", layersOf(10_000, 50), 1],
    ["parts", aSpec([mapped("load")]), 10_000],
    ["parts, seven at a time", aSpec([mapped("load", {}, 7)]), 10_000],
  ])("%s comes to its end", (_, spec, parts) => {
    const progress = start(spec);
    let started = 0;
    while (!allDone(progress)) {
      openReady(progress, parts);
      const slot = takeStart(progress);
      if (slot === undefined) throw new Error("nothing is left to start");
      started += 1;
      observe(progress, slot, "Active");
      observe(progress, slot, "Succeeded");
    }

    expect([started, progress.counts.succeeded, progress.counts.total]).toEqual([10_000, 10_000, 10_000]);
  });

  it("tasks in a chain is passed through by one failure", () => {
    const progress = start(chainOf(10_000));
    see(progress, "t0", "Failed");

    expect(progress.counts).toMatchObject({ total: 10_000, failed: 1, upstreamFailed: 9_999 });
  });
});
