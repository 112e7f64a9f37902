import { describe, expect, it } from "vitest";
import { linesOf, problemsOf, subworkflow, task, tasks } from "../../../testing/definitions.ts";
import type { Fields } from "../../../testing/definitions.ts";

const A = task("a", { results: [{ name: "files" }] });
const when = (expression: string, fields: Fields = {}): Fields =>
  task("b", { when: expression, dependsOn: ["a"], ...fields });

describe("when", () => {
  it.each<[string, Fields]>([
    [
      "params and the run",
      { params: [{ name: "x", default: "1" }], tasks: [A, when('params.x == "1" && run.ds < "2030-01-01"')] },
    ],
    [
      "results and statuses of tasks upstream",
      tasks(A, when('tasks.a.status == "Succeeded" || size(tasks["a"].results.files) > 2')),
    ],
    ["whether there is a result", tasks(A, when("has(tasks.a.results.files)"))],
    [
      "every task and the outcome in finally",
      { tasks: [A], finally: [task("z", { when: 'run.status == "Failed" && tasks.a.status != "Skipped"' })] },
    ],
    [
      "a task of a sub-workflow, too",
      tasks(A, subworkflow("b", "w", { when: 'tasks.a.status == "Failed"', dependsOn: ["a"] })),
    ],
  ])("may use %s", (_, spec) => {
    expect(linesOf(spec)).toEqual([]);
  });

  it.each<[string, Fields, string | RegExp]>([
    [
      "an unknown param",
      { params: [{ name: "region", default: "1" }], tasks: [A, when('params.regoin == "eu"')] },
      'there is no param "regoin"; did you mean "region"?',
    ],
    ["an unknown task", tasks(A, when('tasks.c.status == "Failed"')), 'there is no task "c"'],
    [
      "a task that is not upstream",
      tasks(A, when('tasks.a.status == "Failed"', { dependsOn: [] })),
      'task "a" need not have ended when this one starts; add "a" to dependsOn',
    ],
    [
      "a result nobody declares",
      tasks(A, when('tasks.a.results.fils == ""')),
      'task "a" declares no result "fils"; did you mean "files"?',
    ],
    [
      "its own status",
      tasks(A, when('tasks.b.status == ""')),
      "a task cannot use what it comes to itself; name a task of dependsOn",
    ],
    [
      "the outcome of the run",
      tasks(A, when('run.status == "Failed"')),
      "run.status is known in finally only, once all tasks have ended",
    ],
    ["no boolean", { params: [{ name: "x", default: "1" }], tasks: [A, when("params.x")] }, /./],
    ["half an expression", tasks(A, when("tasks.a.status ==")), /./],
    [
      "an unknown field of the run",
      tasks(A, when('run.nothing == ""')),
      /^a run has no "nothing"; it has name, namespace/,
    ],
  ])("may not use %s", (_, spec, want) => {
    const problem = typeof want === "string" ? want : (expect.stringMatching(want) as string);

    expect(problemsOf(spec)).toEqual([{ path: "spec.tasks[b].when", problem }]);
  });
});
