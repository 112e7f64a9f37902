import { describe, expect, it } from "vitest";
import { linesOf, subworkflow, task, tasks } from "../../../testing/definitions.ts";
import type { Fields } from "../../../testing/definitions.ts";

const A = task("a", { results: [{ name: "files" }] });

describe("names and dependsOn: what is wrong is said with its path and the way out", () => {
  it.each<[string, Fields, readonly string[]]>([
    [
      "an unknown task in dependsOn",
      tasks(task("extract"), task("load", { dependsOn: ["extrct"] })),
      ['spec.tasks[load].dependsOn[0]: there is no task "extrct"; did you mean "extract"?'],
    ],
    [
      "an unknown task that is like none",
      tasks(task("load", { dependsOn: ["zzz"] })),
      ['spec.tasks[load].dependsOn[0]: there is no task "zzz"'],
    ],
    [
      "a name of Object's",
      tasks(task("load", { dependsOn: ["constructor", "__proto__"] })),
      [
        'spec.tasks[load].dependsOn[0]: there is no task "constructor"',
        'spec.tasks[load].dependsOn[1]: there is no task "__proto__"',
      ],
    ],
    [
      "a task that waits for itself",
      tasks(task("a", { dependsOn: ["a"] })),
      ["spec.tasks[a].dependsOn[0]: a task cannot wait for itself; take it out"],
    ],
    [
      "the same name twice",
      tasks(A, task("b", { dependsOn: ["a", "a"] })),
      ['spec.tasks[b].dependsOn[1]: "a" is there twice; take one out'],
    ],
    [
      "a task of finally in dependsOn",
      { tasks: [task("a", { dependsOn: ["z"] })], finally: [task("z")] },
      ['spec.tasks[a].dependsOn[0]: "z" is a task of finally, which runs once all others have ended; take it out'],
    ],
    [
      "a cycle",
      tasks(task("x"), task("a", { dependsOn: ["b"] }), task("b", { dependsOn: ["a", "x"] })),
      ["spec.tasks[a].dependsOn: a -> b -> a is a cycle, in which each waits for the next; take one out"],
    ],
    [
      "a cycle beside a task that waits for itself",
      tasks(task("s", { dependsOn: ["s"] }), task("a", { dependsOn: ["b"] }), task("b", { dependsOn: ["a"] })),
      [
        "spec.tasks[s].dependsOn[0]: a task cannot wait for itself; take it out",
        "spec.tasks[a].dependsOn: a -> b -> a is a cycle, in which each waits for the next; take one out",
      ],
    ],
    [
      "a name twice",
      tasks(task("a"), task("a")),
      ['spec.tasks[a]: another task has the name "a", too; rename one of them'],
    ],
    [
      "a name in tasks and finally",
      { tasks: [task("a")], finally: [task("a")] },
      ['spec.finally[a]: a task of spec.tasks has the name "a", too; rename one of them'],
    ],
    [
      "the name of a task inside a sub-workflow, perhaps",
      tasks(subworkflow("ship", "shipping"), task("ship-pack")),
      [
        'spec.tasks[ship-pack]: the name "ship-pack" may be the one that a task inside the sub-workflow of task "ship" gets; rename one of them',
      ],
    ],
    [
      "the name of a part",
      tasks(task("load-0"), task("load", { forEach: { items: [1] } })),
      ['spec.tasks[load-0]: the name "load-0" is the one that part 0 of task "load" gets; rename one of them'],
    ],
    [
      "the name of a part of a list that is not known",
      tasks(A, task("load-9999"), task("load", { dependsOn: ["a"], forEach: { result: "$(tasks.a.results.files)" } })),
      ['spec.tasks[load-9999]: the name "load-9999" is the one that part 9999 of task "load" gets; rename one of them'],
    ],
    [
      "the name of a retry",
      tasks(task("x"), task("x-r1")),
      ['spec.tasks[x-r1]: the name "x-r1" is the one that task "x" gets when it is retried; rename one of them'],
    ],
    [
      "the name of a part's retry",
      { tasks: [task("x", { forEach: { items: [1] } })], finally: [task("x-0-r12")] },
      [
        'spec.finally[x-0-r12]: the name "x-0-r12" is the one that part 0 of task "x" gets when it is retried; rename one of them',
      ],
    ],
    [
      "the name of a sub-workflow's retry",
      tasks(subworkflow("x", "w"), subworkflow("x-r1", "w")),
      ['spec.tasks[x-r1]: the name "x-r1" is the one that task "x" gets when it is retried; rename one of them'],
    ],
  ])("%s", (_, spec, want) => {
    expect(linesOf(spec)).toEqual(want);
  });
});
