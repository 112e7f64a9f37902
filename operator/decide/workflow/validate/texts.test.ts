import { describe, expect, it } from "vitest";
import { ENV, env, linesOf, subworkflow, task, tasks } from "../../../testing/definitions.ts";
import type { Fields } from "../../../testing/definitions.ts";

const A = task("a", { results: [{ name: "files" }] });

describe("references: what is wrong is said with its path and the way out", () => {
  it.each<[string, Fields, readonly string[]]>([
    [
      "an unknown param",
      { params: [{ name: "region", default: "eu" }], tasks: [task("a", env("$(params.regoin)"))] },
      [`spec.tasks[a].${ENV}: there is no param "regoin"; did you mean "region"?`],
    ],
    [
      "a param where none is declared",
      tasks(task("a", env("$(params.x)"))),
      [`spec.tasks[a].${ENV}: there is no param "x"; the Workflow has no params`],
    ],
    [
      "a reference that is none",
      tasks(task("a", env("$(run.dsnodash)"))),
      [`spec.tasks[a].${ENV}: $(run.dsnodash) is unknown; did you mean "dsNodash"?`],
    ],
    [
      "the status of an unknown task",
      tasks(A, task("b", env("$(tasks.c.status)"))),
      [`spec.tasks[b].${ENV}: there is no task "c"`],
    ],
    [
      "a result nobody declares",
      tasks(A, task("b", { dependsOn: ["a"], ...env("$(tasks.a.results.fils)") })),
      [`spec.tasks[b].${ENV}: task "a" declares no result "fils"; did you mean "files"?`],
    ],
    [
      "a result of a task that declares none",
      tasks(task("a"), task("b", { dependsOn: ["a"], ...env("$(tasks.a.results.r)") })),
      [`spec.tasks[b].${ENV}: task "a" declares no result "r"; add it to its results`],
    ],
    [
      "a result of a sub-workflow",
      tasks(subworkflow("a", "w"), task("b", { dependsOn: ["a"], ...env("$(tasks.a.results.r)") })),
      [`spec.tasks[b].${ENV}: task "a" runs a Workflow, and those hand over no results`],
    ],
    [
      "a task that is not upstream",
      tasks(A, task("b", env("$(tasks.a.results.files)"))),
      [`spec.tasks[b].${ENV}: task "a" need not have ended when this one starts; add "a" to dependsOn`],
    ],
    [
      "a task that is downstream",
      tasks(task("a", env("$(tasks.c.status)")), task("b", { dependsOn: ["a"] }), task("c", { dependsOn: ["b"] })),
      [`spec.tasks[a].${ENV}: task "c" runs after this one, so nothing of it is known yet`],
    ],
    [
      "its own status",
      tasks(task("a", env("$(tasks.a.status)"))),
      [`spec.tasks[a].${ENV}: a task cannot use what it comes to itself; name a task of dependsOn`],
    ],
    [
      "a task of finally",
      { tasks: [task("a", env("$(tasks.z.status)"))], finally: [task("z")] },
      [`spec.tasks[a].${ENV}: "z" is a task of finally, which runs once all others have ended`],
    ],
    [
      "another task of finally in finally",
      { tasks: [A], finally: [task("y"), task("z", env("$(tasks.y.status)"))] },
      [`spec.finally[z].${ENV}: "y" is a task of finally as this one is, and those run side by side`],
    ],
    [
      "run.status in a task",
      tasks(task("a", env("$(run.status)"))),
      [`spec.tasks[a].${ENV}: run.status is known in finally only, once all tasks have ended`],
    ],
    [
      "$(item) without forEach",
      tasks(task("a", env("$(item)"))),
      [`spec.tasks[a].${ENV}: $(item) stands for an element of forEach, and the task has none; add forEach`],
    ],
    [
      "$(item.k) without forEach",
      tasks(task("a", env("$(item.k)"))),
      [`spec.tasks[a].${ENV}: $(item.k) stands for an element of forEach, and the task has none; add forEach`],
    ],
    [
      "$(index) without forEach",
      tasks(task("a", env("$(index)"))),
      [`spec.tasks[a].${ENV}: $(index) stands for an element of forEach, and the task has none; add forEach`],
    ],
    [
      "a key that no matrix has",
      tasks(task("a", { forEach: { matrix: { arch: ["x"] } }, ...env("$(item.arhc)") })),
      [`spec.tasks[a].${ENV}: forEach.matrix has no "arhc"; did you mean "arch"?`],
    ],
    [
      "a key that the matrix inherits",
      tasks(task("a", { forEach: { matrix: { a: ["x"] } }, ...env("$(item.constructor)") })),
      [`spec.tasks[a].${ENV}: forEach.matrix has no "constructor"`],
    ],
    [
      "a key that not all items have",
      tasks(task("a", { forEach: { items: [{ file: 1 }, { fil: 1 }] }, ...env("$(item.file)") })),
      [`spec.tasks[a].${ENV}: forEach.items[1] has no field "file"; did you mean "fil"?`],
    ],
    [
      "a key of texts",
      tasks(task("a", { forEach: { items: ["x"] }, ...env("$(item.length)") })),
      [`spec.tasks[a].${ENV}: forEach.items[0] is no object, so it has no field "length"; write $(item)`],
    ],
    [
      "a key of numbers",
      tasks(task("a", { forEach: { range: { end: 3 } }, ...env("$(item.k)") })),
      [`spec.tasks[a].${ENV}: the elements of forEach.range are numbers without fields; write $(item)`],
    ],
  ])("%s", (_, spec, want) => {
    expect(linesOf(spec)).toEqual(want);
  });
});
