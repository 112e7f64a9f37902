import { describe, expect, it } from "vitest";
import { linesOf, task, tasks } from "../../../testing/definitions.ts";
import type { Fields } from "../../../testing/definitions.ts";

describe("pods, params and results: what is wrong is said with its path and the way out", () => {
  it.each<[string, Fields, readonly string[]]>([
    [
      "nothing to run",
      tasks({ name: "a" }),
      [
        "spec.tasks[a]: has nothing to run; give the pod under template, or name a PodTemplate under podTemplateRef or a Workflow under workflowRef",
      ],
    ],
    [
      "a template without its spec",
      tasks({ name: "a", template: { metadata: {} } }),
      [
        "spec.tasks[a].template.spec: without podTemplateRef the pod's spec must be given, with its containers, as in a Job",
      ],
    ],
    [
      "a template without spec from taskDefaults",
      { taskDefaults: { template: {} }, tasks: [{ name: "a" }] },
      [
        "spec.taskDefaults.template.spec: without podTemplateRef the pod's spec must be given, with its containers, as in a Job",
      ],
    ],
    [
      "a default that is not allowed",
      { params: [{ name: "region", default: "mars", enum: ["eu", "us"] }], tasks: [task("a")] },
      ['spec.params[region].default: param "region" is "mars", must be one of "eu", "us"'],
    ],
    [
      "a param twice",
      { run: "Manual", params: [{ name: "x" }, { name: "x" }], tasks: [task("a")] },
      ["spec.params[x]: is there twice; take one out"],
    ],
    [
      "a param that nobody gives",
      { params: [{ name: "x" }], tasks: [task("a")] },
      [
        "spec.params[x]: has no default, so that OnApply could start no run; give it a default, or say run: Manual in the spec (for a sub-workflow, too)",
      ],
    ],
    [
      "a result twice",
      tasks(task("a", { results: [{ name: "r" }, { name: "r" }] })),
      ["spec.tasks[a].results[r]: is there twice; take one out"],
    ],
    [
      "a PodTemplate's name that is none",
      tasks({ name: "a", podTemplateRef: { name: "GPU" } }),
      [
        expect.stringMatching(
          /^spec\.tasks\[a\]\.podTemplateRef\.name: must be the name of an object.*is "GPU"$/,
        ) as string,
      ],
    ],
    [
      "a PodTemplate's name that is a literal",
      tasks({ name: "a", podTemplateRef: { name: "$$(params.x)" } }),
      [expect.stringContaining("must be the name of an object") as string],
    ],
    [
      "a PodTemplate by an unknown param",
      tasks({ name: "a", podTemplateRef: { name: "$(params.x)" } }),
      ['spec.tasks[a].podTemplateRef.name: there is no param "x"; the Workflow has no params'],
    ],
  ])("%s", (_, spec, want) => {
    expect(linesOf(spec)).toEqual(want);
  });
});
