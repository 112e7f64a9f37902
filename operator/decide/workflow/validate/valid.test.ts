import { describe, expect, it } from "vitest";
import { POD, env, linesOf, subworkflow, task, tasks } from "../../../testing/definitions.ts";
import type { Fields } from "../../../testing/definitions.ts";

describe("a definition that can be run", () => {
  it.each<[string, Fields]>([
    ["one task", tasks(task("a"))],
    ["podTemplateRef instead of a template", tasks({ name: "a", podTemplateRef: { name: "gpu.large" } })],
    ["podTemplateRef and a template without spec", tasks({ name: "a", podTemplateRef: { name: "g" }, template: {} })],
    [
      "podTemplateRef by a reference",
      { run: "Manual", params: [{ name: "x" }], tasks: [task("a", { podTemplateRef: { name: "$(params.x)" } })] },
    ],
    [
      "the pod from taskDefaults",
      { taskDefaults: POD, tasks: [{ name: "a" }, { name: "b", template: { metadata: {} } }] },
    ],
    ["a PodTemplate from taskDefaults", { taskDefaults: { podTemplateRef: { name: "g" } }, tasks: [{ name: "a" }] }],
    ["a Workflow nobody knows yet", tasks(subworkflow("a", "later"))],
    [
      "a diamond",
      tasks(
        task("a"),
        task("b", { dependsOn: ["a"] }),
        task("c", { dependsOn: ["a"] }),
        task("d", { dependsOn: ["b", "c"] }),
      ),
    ],
    ["dependencies named before they come", tasks(task("a", { dependsOn: ["b"] }), task("b"))],
    [
      "references to params, the run, and tasks upstream",
      {
        params: [{ name: "x", default: "1" }],
        tasks: [
          task("a", { results: [{ name: "r" }] }),
          task("b", { dependsOn: ["a"] }),
          task("c", { dependsOn: ["b"], ...env("$(params.x) $(run.ds) $(tasks.a.results.r) $(tasks.b.status)") }),
        ],
      },
    ],
    ["Kubernetes' own variables, and literals", tasks(task("a", env("$(HOME) $$(VAR) $$(params.no) $$(tasks.)")))],
    [
      "items",
      tasks(task("a", { forEach: { items: [{ k: 1 }, { k: "$(run.ds)" }] }, ...env("$(item.k) $(item) $(index)") })),
    ],
    [
      "a matrix",
      tasks(task("a", { forEach: { matrix: { os: ["l"], arch: ["x"] } }, ...env("$(item.os)$(item.arch)") })),
    ],
    ["a range", tasks(task("a", { forEach: { range: { end: 10 } }, ...env("$(item)") }))],
    [
      "a result as a list",
      tasks(
        task("a", { results: [{ name: "r" }] }),
        task("b", { dependsOn: ["a"], forEach: { result: "$(tasks.a.results.r)" }, ...env("$(item.any)") }),
      ),
    ],
    [
      "finally that looks at every task and at the outcome",
      {
        tasks: [task("a", { results: [{ name: "r" }] }), task("b")],
        finally: [task("c", env("$(tasks.a.results.r) $(tasks.b.status) $(run.status)"))],
      },
    ],
    [
      "names that only look computed",
      tasks(
        task("a-0"),
        task("a"),
        task("b-r1", { forEach: { items: [] } }),
        task("b"),
        task("c-3"),
        task("c", { forEach: { range: { end: 3 } } }),
        subworkflow("d-0", "w"),
        task("d", { forEach: { items: [1] } }),
        task("e-01"),
        task("e", { forEach: { items: [1, 2] } }),
      ),
    ],
    [
      "a sidecar, and nulls that take away",
      tasks({
        name: "a",
        template: {
          metadata: { labels: { a: null } },
          spec: { restartPolicy: null, containers: null, initContainers: [{ name: "s", restartPolicy: "Always" }] },
        },
      }),
    ],
    [
      "a label that is long only until its reference is replaced",
      tasks(
        task("a", {
          template: { metadata: { labels: { v: `$(run.name)${"-$(index)".repeat(8)}` } }, spec: {} },
          forEach: { items: [1] },
        }),
      ),
    ],
    [
      "deadlines that are equal",
      tasks(task("a", { startDeadlineSeconds: 5, attemptDeadlineSeconds: 5, activeDeadlineSeconds: 5 })),
    ],
    [
      "retry",
      tasks(
        task("a", {
          retry: {
            limit: 2,
            backoff: { initialSeconds: 400, maxSeconds: 400 },
            rules: [{ reasons: ["OOMKilled"], action: "Retry", memory: { factor: "1.5", max: "16Gi" } }],
          },
        }),
      ),
    ],
    [
      "a backoff that is right together with taskDefaults",
      {
        taskDefaults: { retry: { backoff: { initialSeconds: 5 } } },
        tasks: [task("a", { retry: { backoff: { maxSeconds: 5 } } })],
      },
    ],
    [
      "$(item) in taskDefaults where every task has forEach",
      { taskDefaults: env("$(item)"), tasks: [{ name: "a", forEach: { items: [1] } }, subworkflow("b", "w")] },
    ],
    [
      "a reference in taskDefaults that a task replaces",
      { taskDefaults: env("$(item)"), tasks: [{ name: "a", ...env("none") }] },
    ],
    [
      "the status of a sub-workflow in taskDefaults, which all others wait for",
      {
        taskDefaults: env("$(tasks.first.status)"),
        tasks: [subworkflow("first", "w"), { name: "a", dependsOn: ["first"] }],
      },
    ],
    [
      "10,000 tasks",
      {
        taskDefaults: POD,
        tasks: Array.from({ length: 10_000 }, (_, index) => ({
          name: `t${index}`,
          ...(index > 0 ? { dependsOn: [`t${index - 1}`] } : {}),
        })),
      },
    ],
    [
      "params with odd names",
      {
        params: [
          { name: "__proto__", default: "" },
          { name: "constructor", default: "" },
        ],
        tasks: [task("a", env("$(params.__proto__) $(params.constructor)"))],
      },
    ],
    [
      "tasks with odd names",
      tasks(
        task("constructor", { results: [{ name: "toString" }] }),
        task("a", { dependsOn: ["constructor"], ...env("$(tasks.constructor.results.toString)") }),
      ),
    ],
  ])("%s", (_, spec) => {
    expect(linesOf(spec)).toEqual([]);
  });
});

/** Each would take minutes if every task were held against all that taskDefaults say. */
describe("a definition as large as the API server takes is looked at in bounded work", () => {
  const count = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);
  const first = count(3000).map((index) =>
    subworkflow(`s${index}`, "other", index > 0 ? { dependsOn: [`s${index - 1}`] } : {}),
  );
  const containers = (one: (index: number) => Fields, length: number): Fields => ({
    template: { spec: { containers: count(length).map((index) => ({ name: `c${index}`, ...one(index) })) } },
  });
  const statuses = { env: count(3000).map((index) => ({ name: `E${index}`, value: `$(tasks.s${index}.status)` })) };

  it.each<[string, Fields]>([
    [
      "many references in taskDefaults",
      {
        taskDefaults: containers(() => statuses, 1),
        tasks: [...first, ...count(5000).map((index) => ({ name: `t${index}`, dependsOn: ["s2999"] }))],
      },
    ],
    [
      "a large template in taskDefaults, and a small one in every task",
      {
        taskDefaults: containers(() => ({ image: "x".repeat(500) }), 900),
        tasks: count(10_000).map((index) => task(`t${index}`)),
      },
    ],
    [
      "many references to a field of many elements",
      tasks(
        task("a", {
          forEach: { items: count(10_000).map((k) => ({ k })) },
          ...containers(() => ({ args: count(100).map(() => "$(item.k)") }), 900),
        }),
      ),
    ],
  ])("%s", (_, spec) => {
    expect(linesOf(spec)).toEqual([]);
  });
});
