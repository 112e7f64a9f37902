import { describe, expect, it } from "vitest";
import type { Letter, TaskDefinition, WorkflowSpec } from "./objects.ts";
import { type Circumstances, paramsOf, type PartFact, Reading } from "./reading.ts";

type Ends = Readonly<Record<string, PartFact | Letter>>;

/** `ends` by "task" or "task[part]". */
function read(spec: WorkflowSpec, ends: Ends = {}, more: Partial<Circumstances> = {}): Reading {
  const part = (task: string, index: number): PartFact => {
    const end = ends[`${task}[${index}]`] ?? ends[task] ?? ".";
    return typeof end === "string" ? { letter: end } : end;
  };
  return new Reading(spec, {
    params: {},
    part,
    known: () => undefined,
    stopped: undefined,
    run: { name: "r" },
    ...more,
  });
}

function letters(reading: Reading): string {
  return [...reading.spec.tasks, ...(reading.spec.finally ?? [])].map(({ name }) => reading.letter(name)).join("");
}

const abc = (rule: string, more: Partial<TaskDefinition> = {}): WorkflowSpec => ({
  tasks: [{ name: "a" }, { name: "b" }, { name: "c", dependsOn: ["a", "b"], triggerRule: rule, ...more }],
});

describe("a trigger rule", () => {
  /** Upstream as it ended (or not yet), what follows for the third. */
  it.each([
    ["AllSucceeded", "SS run, S. wait, SF U, FK U, SK K, F. wait, SC U"],
    ["AllDone", "SF run, S. wait, KU run, CC run"],
    ["AllFailed", "FF run, FU run, CF run, FS K, F. wait, KF K"],
    ["OneSucceeded", "S. run, FS run, FF U, KK K, KF U, .. wait"],
    ["OneFailed", "F. run, SU run, SS K, KK K, .. wait"],
    ["NoneFailed", "SS run, SK run, KK run, SF U, F. wait"],
    ["NoneFailedMinOneSuccess", "SK run, KK K, SF U, SS run"],
    ["NoneSkipped", "SF run, SK K, K. wait"],
    ["Always", ".. run, FF run"],
  ])("%s: %s", (rule, table) => {
    for (const line of table.split(", ")) {
      const [ends = "", want] = line.split(" ");
      const known = (task: string): Letter | undefined => ({ a: ends[0], b: ends[1] })[task] as Letter | undefined;
      expect(`${ends} ${read(abc(rule), {}, { known }).verdict("c")}`).toBe(`${ends} ${want}`);
    }
  });
});

describe("a task", () => {
  it("is what its TaskRun came to", () => {
    expect(letters(read(abc("AllDone"), { a: "S", b: "F", c: "R" }))).toBe("SFR");
  });

  it("is skipped where `when` does not hold, and fails where it has no value", () => {
    const when = (text: string): Reading => read(abc("AllDone", { when: text }), { a: "S", b: "F" });
    expect(when('tasks.b.status == "Failed"').verdict("c")).toBe("run");
    expect(when('tasks.b.status != "Failed"').verdict("c")).toBe("K");
    expect(when('tasks.b.results.rows == "1"').verdict("c")).toBe("F");
  });

  it("that is mapped is done when all parts are, and fails if one did", () => {
    const spec: WorkflowSpec = { tasks: [{ name: "m", forEach: { range: { end: 3 } } }] };
    expect(letters(read(spec))).toBe(".");
    expect(letters(read(spec, { "m[0]": "S" }))).toBe("R");
    expect(letters(read(spec, { m: "S", "m[1]": "C" }))).toBe("C");
    expect(letters(read(spec, { m: "S", "m[1]": "C", "m[2]": "F" }))).toBe("F");
  });

  it("maps over another one's result, and is skipped if there is nothing in it", () => {
    const spec: WorkflowSpec = {
      tasks: [{ name: "a" }, { name: "m", dependsOn: ["a"], forEach: { result: "$(tasks.a.results.files)" } }],
    };
    const after = (files: string): Reading => read(spec, { a: { letter: "S", results: { files } } });
    expect(after('["x","y"]').elements("m")).toEqual(["x", "y"]);
    expect(["[]", "no list"].map((files) => letters(after(files)))).toEqual(["SK", "SF"]);
  });

  it("fails without a TaskRun where an input is missing", () => {
    const template = { env: "$(tasks.a.results.rows)" };
    const spec = abc("AllDone", { template });
    expect(letters(read(spec, { a: "F", b: "S" }))).toBe("FSF");
    expect(letters(read(spec, { a: { letter: "S", results: { rows: "1" } }, b: "S" }))).toBe("SS.");
  });

  it("that was deleted after its end may count as a failure", () => {
    const spec: WorkflowSpec = { tasks: [{ name: "a" }] };
    expect(read(spec, { a: { letter: "S", unclear: true } }).expected("a")).toEqual(["S", "F"]);
  });
});

describe("texts", () => {
  it("get the values they refer to, once", () => {
    const spec: WorkflowSpec = {
      tasks: [{ name: "a" }, { name: "m", dependsOn: ["a"], forEach: { items: [{ k: "v" }, "$(index)"] } }],
    };
    const reading = read(spec, { a: { letter: "S", results: { r: "$(index)" } } }, { params: { p: "1" } });
    const text = (index: number, given: string): string | undefined => reading.text("m", index, given);
    expect(text(0, "$(params.p)$(item.k)$(index)$(tasks.a.status)")).toBe("1v0Succeeded");
    expect(text(0, "$(tasks.a.results.r) $$(params.p) $(HOME) $$(HOME)")).toBe("$(index) $(params.p) $(HOME) $$(HOME)");
    expect([text(0, "$(item)"), text(1, "$(item)"), text(1, "$(item.k)")]).toEqual([
      '{"k":"v"}',
      "$(index)",
      undefined,
    ]);
  });

  it("combine a matrix with the last key changing fastest", () => {
    const spec: WorkflowSpec = { tasks: [{ name: "m", forEach: { matrix: { b: ["1", "2"], a: ["x", "y"] } } }] };
    expect([0, 1, 2, 3].map((i) => read(spec).text("m", i, "$(item.a)$(item.b)"))).toEqual(["x1", "x2", "y1", "y2"]);
  });

  it("of a mapped task's results are a list with null for what is not there", () => {
    const spec: WorkflowSpec = {
      tasks: [
        { name: "m", forEach: { range: { end: 2 } } },
        { name: "z", dependsOn: ["m"], triggerRule: "AllDone" },
      ],
    };
    const reading = read(spec, { "m[0]": { letter: "S", results: { r: "1" } }, "m[1]": "F" });
    expect(reading.text("z", 0, "$(tasks.m.results.r)")).toBe('["1",null]');
  });
});

describe("a run", () => {
  const handled: WorkflowSpec = { tasks: [{ name: "a" }, { name: "b", dependsOn: ["a"], triggerRule: "OneFailed" }] };

  it("succeeds with a failure that another task has dealt with", () => {
    expect(read(handled, { a: "F", b: "S" }).outcome()).toBe("Succeeded");
    expect(read(handled, { a: "F", b: "F" }).outcome()).toBe("Failed");
    expect(read(abc("AllSucceeded"), { a: "S", b: "F" }).outcome()).toBe("Failed");
  });

  it("begins finally when every task has ended, and tells it what they came to", () => {
    const spec: WorkflowSpec = { ...abc("AllSucceeded"), finally: [{ name: "z", when: 'run.status == "Failed"' }] };
    expect(read(spec, { a: "S", b: "R" }).verdict("z")).toBe("wait");
    expect(read(spec, { a: "S", b: "F" }).verdict("z")).toBe("run");
    expect(read(spec, { a: "S", b: "S", c: "S" }).verdict("z")).toBe("K");
  });

  it("that was stopped has cancelled what had not begun", () => {
    const spec: WorkflowSpec = { ...abc("AllSucceeded"), finally: [{ name: "z" }] };
    const reading = read(spec, { a: "S", b: "C", z: "S" }, { stopped: "Cancelled" });
    expect([letters(reading), reading.outcome()]).toEqual(["SCCS", "Cancelled"]);
    // Its dependencies had ended: it may have been told before the stop.
    expect(reading.expected("c")).toEqual(["C", "U"]);
  });

  it.each([
    [{}, undefined],
    [{ must: "x" }, { must: "x", may: "1" }],
    [{ must: "x", may: "3" }, undefined],
    [{ must: "x", other: "1" }, undefined],
  ])("given %j has the params %j", (given, want) => {
    const definitions = [{ name: "must" }, { name: "may", default: "1", enum: ["1", "2"] }];
    expect(paramsOf(definitions, given as Readonly<Record<string, string>>)).toEqual(want);
  });
});
