import { describe, expect, it } from "vitest";
import { ENV, POD, env, linesOf, problemsOf, subworkflow, task, tasks } from "../../../testing/definitions.ts";
import type { Fields } from "../../../testing/definitions.ts";

describe("what the API server would refuse in a TaskRun", () => {
  const pod = (spec: Fields): Fields =>
    tasks({ name: "a", template: { spec: { containers: [{ name: "main" }], ...spec } } });
  const retry = (value: Fields): Fields => tasks(task("a", { retry: value }));
  const oom = (memory: Fields): Fields => retry({ rules: [{ reasons: ["OOMKilled"], action: "Retry", memory }] });

  it.each<[string, Fields, string, RegExp]>([
    [
      "a pod that restarts",
      pod({ restartPolicy: "OnFailure" }),
      "template.spec.restartPolicy",
      /Never or left out; how often/,
    ],
    [
      "a container that restarts",
      pod({ containers: [{ restartPolicy: "Always" }] }),
      "template.spec.containers[0].restartPolicy",
      /Never or left out/,
    ],
    [
      "an init container that restarts",
      pod({ initContainers: [{}, { restartPolicy: "OnFailure" }] }),
      "template.spec.initContainers[1].restartPolicy",
      /Always \(a sidecar\) or left out/,
    ],
    [
      "rules to restart",
      pod({ containers: [{ restartPolicyRules: [{}] }] }),
      "template.spec.containers[0].restartPolicyRules",
      /does not start again by itself/,
    ],
    ["containers that are no list", pod({ containers: {} }), "template.spec.containers", /must be a list/],
    ["a container that is a text", pod({ containers: ["main"] }), "template.spec.containers[0]", /must be an object/],
    [
      "1001 containers",
      pod({ containers: Array.from({ length: 1001 }, () => ({})) }),
      "template.spec.containers",
      /at most 1000/,
    ],
    [
      "labels that are a list",
      tasks(task("a", { template: { metadata: { labels: [] }, spec: {} } })),
      "template.metadata.labels",
      /object of texts/,
    ],
    [
      "a label that is a number",
      tasks(task("a", { template: { metadata: { labels: { "x.y/v": 1 } }, spec: {} } })),
      'template.metadata.labels["x.y/v"]',
      /in quotes/,
    ],
    [
      "a long label",
      tasks(task("a", { template: { metadata: { labels: { v: "v".repeat(64) } }, spec: {} } })),
      "template.metadata.labels.v",
      /at most 63/,
    ],
    [
      "startDeadlineSeconds above attemptDeadlineSeconds",
      tasks(task("a", { startDeadlineSeconds: 9, attemptDeadlineSeconds: 8 })),
      "startDeadlineSeconds",
      /at most attemptDeadlineSeconds \(8\), or it could never pass/,
    ],
    [
      "startDeadlineSeconds above activeDeadlineSeconds",
      tasks(task("a", { startDeadlineSeconds: 9, activeDeadlineSeconds: 8 })),
      "startDeadlineSeconds",
      /at most activeDeadlineSeconds/,
    ],
    [
      "attemptDeadlineSeconds above activeDeadlineSeconds",
      tasks(task("a", { attemptDeadlineSeconds: 9, activeDeadlineSeconds: 8 })),
      "attemptDeadlineSeconds",
      /at most activeDeadlineSeconds/,
    ],
    [
      "a deadline above one of taskDefaults",
      { taskDefaults: { activeDeadlineSeconds: 8 }, ...tasks(task("a", { attemptDeadlineSeconds: 9 })) },
      "attemptDeadlineSeconds",
      /at most activeDeadlineSeconds \(8, from taskDefaults\)/,
    ],
    [
      "a deadline below one of taskDefaults",
      { taskDefaults: { startDeadlineSeconds: 9 }, ...tasks(task("a", { attemptDeadlineSeconds: 8 })) },
      "attemptDeadlineSeconds",
      /at least startDeadlineSeconds \(9, from taskDefaults\)/,
    ],
    [
      "maxSeconds below initialSeconds",
      retry({ backoff: { initialSeconds: 20, maxSeconds: 10 } }),
      "retry.backoff.maxSeconds",
      /at least initialSeconds/,
    ],
    [
      "maxSeconds below initialSeconds of taskDefaults",
      { taskDefaults: { retry: { backoff: { initialSeconds: 20 } } }, ...retry({ backoff: { maxSeconds: 15 } }) },
      "retry.backoff.maxSeconds",
      /at least initialSeconds, which is 20/,
    ],
    [
      "initialSeconds above the default of maxSeconds",
      retry({ backoff: { initialSeconds: 301 } }),
      "retry.backoff.initialSeconds",
      /above 300 it needs a maxSeconds/,
    ],
    [
      "maxSeconds below the default of initialSeconds",
      retry({ backoff: { maxSeconds: 9 } }),
      "retry.backoff.maxSeconds",
      /below 10 it needs an initialSeconds/,
    ],
    ["a rule for nothing", retry({ rules: [{ action: "Fail" }] }), "retry.rules[0].reasons", /or exitCodes/],
    [
      "a rule for both",
      retry({ rules: [{ action: "Fail", reasons: ["Evicted"], exitCodes: { operator: "In", values: [1] } }] }),
      "retry.rules[0].reasons",
      /make two rules/,
    ],
    [
      "memory to fail with",
      retry({ rules: [{ action: "Fail", reasons: ["OOMKilled"], memory: { factor: "2" } }] }),
      "retry.rules[0].memory",
      /action must be Retry/,
    ],
    [
      "memory after something else",
      retry({ rules: [{ action: "Retry", reasons: ["Evicted"], memory: { factor: "2" } }] }),
      "retry.rules[0].memory",
      /after OOMKilled only/,
    ],
    ["a factor of 1", oom({ factor: "1" }), "retry.rules[0].memory.factor", /above 1 and at most 10/],
    ["a factor of 10.5", oom({ factor: "10.5" }), "retry.rules[0].memory.factor", /above 1 and at most 10/],
    ["an amount that is none", oom({ factor: "2", max: "much" }), "retry.rules[0].memory.max", /such as 512Mi/],
    ["an amount of bytes", oom({ factor: "2", max: "16" }), "retry.rules[0].memory.max", /at least 1M/],
    [
      "a template too deep",
      tasks(task("a", { template: { spec: JSON.parse(`${'{"a":'.repeat(100)}1${"}".repeat(100)}`) as Fields } })),
      "template",
      /more than 100 levels/,
    ],
  ])("%s", (_, spec, path, words) => {
    expect(problemsOf(spec)[0]).toEqual({
      path: `spec.tasks[a].${path}`,
      problem: expect.stringMatching(words) as string,
    });
  });

  it.each<[string, Fields, string]>([
    ["deadlines", { startDeadlineSeconds: 9, attemptDeadlineSeconds: 8 }, "startDeadlineSeconds"],
    ["retry", { retry: { backoff: { maxSeconds: 9 } } }, "retry.backoff.maxSeconds"],
    ["a template", { template: { spec: { restartPolicy: "Always" } } }, "template.spec.restartPolicy"],
    ["a PodTemplate's name", { podTemplateRef: { name: "A" } }, "podTemplateRef.name"],
    ["a reference", env("$(params.x)"), ENV],
    ["half a reference", env("$(params."), ENV],
  ])("is said once of taskDefaults, however many tasks there are: %s", (_, defaults, path) => {
    const spec = {
      taskDefaults: defaults,
      tasks: [task("a"), task("b"), task("c", { retry: { limit: 1 }, activeDeadlineSeconds: 100 })],
    };

    expect(problemsOf(spec).map((one) => one.path)).toEqual([`spec.taskDefaults.${path}`]);
  });

  it("$(item) in taskDefaults is wrong for the first task without forEach", () => {
    const spec = {
      taskDefaults: env("$(item)"),
      tasks: [{ name: "a", forEach: { items: [1] } }, { name: "b" }, { name: "c" }],
    };

    expect(linesOf(spec)).toEqual([
      `spec.taskDefaults.${ENV}: not right for task "b": $(item) stands for an element of forEach, and the task has none; add forEach`,
    ]);
  });

  it("$(run.status) in taskDefaults is for workflows whose tasks are all of finally or sub-workflows", () => {
    const spec = { taskDefaults: env("$(run.status)"), tasks: [subworkflow("a", "w")], finally: [{ name: "z" }] };

    expect(linesOf(spec)).toEqual([]);
    expect(linesOf({ ...spec, tasks: [{ name: "a" }] })).toEqual([
      `spec.taskDefaults.${ENV}: not right for task "a": run.status is known in finally only, once all tasks have ended`,
    ]);
  });

  it("a template that cannot be merged over that of taskDefaults is refused", () => {
    const spec = { taskDefaults: POD, tasks: [task("a", { template: { spec: { containers: [{ image: "x" }] } } })] };

    expect(linesOf(spec)).toEqual([
      expect.stringMatching(
        /^spec\.tasks\[a\]\.template: cannot be merged over taskDefaults\.template: each element of spec\.containers must be an object with its name/,
      ),
    ]);
  });
});
