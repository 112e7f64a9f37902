import { describe, expect, it } from "vitest";
import { linesOf, task, tasks } from "../../../testing/definitions.ts";
import type { Fields } from "../../../testing/definitions.ts";

const A = task("a", { results: [{ name: "files" }] });

describe("forEach: what is wrong is said with its path and the way out", () => {
  it.each<[string, Fields, readonly string[]]>([
    [
      "forEach without a list",
      tasks(task("a", { forEach: { maxParallel: 3 } })),
      ["spec.tasks[a].forEach: must have exactly one of items, matrix, range and result"],
    ],
    [
      "forEach with two",
      tasks(task("a", { forEach: { items: [], range: { end: 1 } } })),
      ["spec.tasks[a].forEach: must have exactly one of items, matrix, range and result, has items and range"],
    ],
    [
      "forEach.result that is no reference",
      tasks(task("a", { forEach: { result: "x" } })),
      [
        "spec.tasks[a].forEach.result: must be one reference to a result and nothing else, such as $(tasks.list.results.files)",
      ],
    ],
    [
      "forEach.result with text around",
      tasks(A, task("b", { dependsOn: ["a"], forEach: { result: "$(tasks.a.results.files)," } })),
      [
        "spec.tasks[b].forEach.result: must be one reference to a result and nothing else, such as $(tasks.list.results.files)",
      ],
    ],
    [
      "forEach.result that is half a reference",
      tasks(task("a", { forEach: { result: "$(tasks.a.results.r" } })),
      [
        'spec.tasks[a].forEach.result: $(tasks.a.results.r is a reference without its ")"; to mean the text itself, write one $ more in front of it',
      ],
    ],
    [
      "forEach.result of a task that is not upstream",
      tasks(A, task("b", { forEach: { result: "$(tasks.a.results.files)" } })),
      ['spec.tasks[b].forEach.result: task "a" need not have ended when this one starts; add "a" to dependsOn'],
    ],
    [
      "a result within items",
      tasks(A, task("b", { dependsOn: ["a"], forEach: { items: ["x", { k: "$(tasks.a.results.files)" }] } })),
      [
        "spec.tasks[b].forEach.items[1].k: $(tasks.a.results.files) cannot be used here; the elements of forEach can have $(params.NAME) and $(run.FIELD)",
      ],
    ],
    [
      "an unknown param within a matrix",
      tasks(task("b", { forEach: { matrix: { m: ["$(params.x)"] } } })),
      ['spec.tasks[b].forEach.matrix.m[0]: there is no param "x"; the Workflow has no params'],
    ],
    [
      "$(index) within items",
      tasks(task("b", { forEach: { items: ["$(index)"] } })),
      [
        "spec.tasks[b].forEach.items[0]: $(index) cannot be used here; the elements of forEach can have $(params.NAME) and $(run.FIELD)",
      ],
    ],
    [
      "a range that is too long",
      tasks(task("a", { forEach: { range: { end: 10_001 } } })),
      [
        "spec.tasks[a].forEach: comes to 10001 parts; a run has at most 10000 tasks and parts, so let each part do more",
      ],
    ],
    [
      "too many parts together",
      {
        tasks: [task("a", { forEach: { range: { end: 6000 } } }), task("b", { forEach: { range: { end: 4000 } } })],
        finally: [task("c")],
      },
      ["spec.tasks: come to 10001 tasks and parts, those of finally included; a run has at most 10000"],
    ],
    [
      "too many together with a task whose list is empty, which counts as one",
      tasks(task("a", { forEach: { range: { end: 9999 } } }), task("b", { forEach: { items: [] } }), task("c")),
      ["spec.tasks: come to 10001 tasks and parts; a run has at most 10000"],
    ],
  ])("%s", (_, spec, want) => {
    expect(linesOf(spec)).toEqual(want);
  });
});
