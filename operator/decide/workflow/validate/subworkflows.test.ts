import { describe, expect, it } from "vitest";
import { linesOf, problemsOf, subworkflow, tasks } from "../../../testing/definitions.ts";
import type { KnownWorkflows } from "./look.ts";

describe("sub-workflows", () => {
  const known = (
    refs: Readonly<Record<string, readonly string[]>>,
    params?: KnownWorkflows["paramsOf"],
  ): KnownWorkflows => ({
    refsOf: (name) => new Map(Object.entries(refs)).get(name),
    ...(params === undefined ? {} : { paramsOf: params }),
  });

  it("cannot be the workflow itself", () => {
    expect(linesOf(tasks(subworkflow("a", "sales")))).toEqual([
      "spec.tasks[a].workflowRef.name: sales -> sales is a circle of Workflows, each of which runs the next one; take one out",
    ]);
  });

  it("cannot come back to the workflow through others; the shortest way is shown", () => {
    const others = known({
      shipping: ["packing", "billing"],
      packing: ["boxes"],
      boxes: ["sales"],
      billing: ["sales"],
      other: [],
    });

    expect(linesOf(tasks(subworkflow("ok", "other"), subworkflow("ship", "shipping")), others)).toEqual([
      "spec.tasks[ship].workflowRef.name: sales -> shipping -> billing -> sales is a circle of Workflows, each of which runs the next one; take one out",
    ]);
  });

  it("can be known by several ways", () => {
    expect(linesOf(tasks(subworkflow("a", "x"), subworkflow("b", "y")), known({ x: ["z"], y: ["z"], z: [] }))).toEqual(
      [],
    );
  });

  it("can be 8 levels deep, not 9", () => {
    const level = (count: number): KnownWorkflows =>
      known(
        Object.fromEntries(
          Array.from({ length: count }, (_, index) => [`w${index + 1}`, index + 1 < count ? [`w${index + 2}`] : []]),
        ),
      );

    expect(linesOf(tasks(subworkflow("a", "w1")), level(8))).toEqual([]);
    expect(linesOf(tasks(subworkflow("a", "w1")), level(9))).toEqual([
      "spec.tasks[a].workflowRef.name: sales -> w1 -> w2 -> w3 -> w4 -> w5 -> w6 -> w7 -> w8 -> w9 is too deep: " +
        "sub-workflows can be in one another up to 8 levels",
    ]);
  });

  it("that run in a circle among themselves are too deep", () => {
    expect(linesOf(tasks(subworkflow("a", "x")), known({ x: ["y"], y: ["x"] }))).toEqual([
      expect.stringContaining("is too deep"),
    ]);
  });

  it("get only params they declare, and all that have no default", () => {
    const params = [
      { name: "day", hasDefault: false },
      { name: "region", hasDefault: true },
      { name: "__proto__", hasDefault: true },
    ];
    const spec = tasks(
      subworkflow("a", "w"),
      { name: "b", workflowRef: { name: "w", params: { day: "1", regoin: "$(run.ds)" } } },
      { name: "c", workflowRef: { name: "w", params: { day: "$(params.x)" } } },
    );

    expect(
      linesOf(
        spec,
        known({ w: [] }, () => params),
      ),
    ).toEqual([
      'spec.tasks[a].workflowRef.params: must have "day", for which Workflow "w" has no default',
      'spec.tasks[b].workflowRef.params.regoin: Workflow "w" has no param "regoin"; did you mean "region"?',
      'spec.tasks[c].workflowRef.params.day: there is no param "x"; the Workflow has no params',
    ]);
  });

  it("have no pod of their own", () => {
    const fields = {
      template: {},
      podTemplateRef: { name: "g" },
      retry: {},
      activeDeadlineSeconds: 1,
      attemptDeadlineSeconds: 1,
      startDeadlineSeconds: 1,
      onUnknownFate: "Wait",
      podRetention: "Always",
      results: [],
    };

    expect(linesOf(tasks(subworkflow("a", "w", fields)))).toEqual(
      Object.keys(fields).map(
        (field) =>
          `spec.tasks[a].${field}: is for a task with a pod of its own, and this one has workflowRef; take one of them out`,
      ),
    );
  });

  it("are named, not referred to", () => {
    expect(problemsOf(tasks(subworkflow("a", "$(params.x)")))[0]).toMatchObject({
      path: "spec.tasks[a].workflowRef.name",
    });
  });
});
