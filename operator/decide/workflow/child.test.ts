import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { list, object } from "../../api/decode.ts";
import type { Json } from "../../api/decode.ts";
import { decodeTaskRun } from "../../api/taskrun.ts";
import type { WorkflowSpec } from "../../api/types.ts";
import { decodeWorkflowRun } from "../../api/workflowrun.ts";
import { START } from "../../testing/make.ts";
import { RUN, aWorkflowRun } from "../../testing/makeworkflow.ts";
import { loadSchema, problemsOf, pruned } from "../../testing/sim/apiserver/schema.ts";
import { childRunManifest, taskRunManifest } from "./child.ts";
import type { Child, ChildWish, MergedSpecs, Substitute } from "./child.ts";
import type { TaskSpec } from "./model.ts";
import { substitute } from "./substitute.ts";
import type { Facts } from "./substitute.ts";

const asIs: Substitute = (value) => ({ value });
/** Every text, so that what it is used on can be seen. */
const marked: Substitute = (value, path) => ({
  value: JSON.parse(JSON.stringify(value), (_, one: unknown) =>
    typeof one === "string" ? `${one}@${path}` : one,
  ) as unknown,
});
const refused: Substitute = (_, path) => ({ problem: { reason: "MissingInput", message: `${path}: no` } });

const POD = { spec: { containers: [{ name: "main", image: "python" }] } };
const RUNS = { dataInterval: { start: START, end: "2030-01-02T00:00:00Z" }, round: 0, run: aWorkflowRun() };

function wish(spec: Omit<TaskSpec, "name">, more: Partial<ChildWish> = {}): ChildWish {
  return { ...RUNS, taskDefaults: undefined, spec: { name: "load", ...spec }, merged: new Map(), ...more };
}

function made(child: Child): Json {
  if ("problem" in child) throw new Error(child.problem.message);
  return child.manifest;
}

const specOf = (spec: Omit<TaskSpec, "name">, taskDefaults?: WorkflowSpec["taskDefaults"]): Json =>
  object(made(taskRunManifest(wish(spec, { taskDefaults }), asIs))["spec"]);

/** As an API server sends it back. */
const stored = (manifest: Json): Json => ({
  ...manifest,
  metadata: { ...object(manifest["metadata"]), uid: "uid-child", resourceVersion: "1", generation: 1 },
});

describe("the TaskRun of a task", () => {
  it("is named after run and task, belongs to the run and says so", () => {
    expect(made(taskRunManifest(wish({ template: POD }), asIs))).toEqual({
      apiVersion: "stint.dev/v1alpha1",
      kind: "TaskRun",
      metadata: {
        name: "sales-1-load",
        namespace: "default",
        labels: {
          "stint.dev/workflow": "sales",
          "stint.dev/workflowrun": "sales-1",
          "stint.dev/task": "load",
          "app.kubernetes.io/managed-by": "stint",
        },
        annotations: {
          "stint.dev/data-interval-start": START,
          "stint.dev/data-interval-end": "2030-01-02T00:00:00Z",
        },
        ownerReferences: [
          {
            apiVersion: "stint.dev/v1alpha1",
            kind: "WorkflowRun",
            name: RUN.name,
            uid: RUN.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: { template: POD, rerun: "Never" },
    });
  });

  it("is read back with the place it was made for", () => {
    const manifest = made(taskRunManifest(wish({ template: POD }, { index: 0, round: 2 }), asIs));

    expect(decodeTaskRun(stored(manifest))).toMatchObject({
      name: "sales-1-load-0-r2",
      ownerUid: RUN.uid,
      step: { task: "load", index: 0, round: 2 },
      workflow: { run: "sales-1", workflow: "sales" },
      dataInterval: RUNS.dataInterval,
    });
  });

  it("has nothing of the task that is the workflow's business, and all that is the TaskRun's", () => {
    const own = {
      podTemplateRef: { name: "gpu" },
      retry: { limit: 2 },
      activeDeadlineSeconds: 9,
      attemptDeadlineSeconds: 8,
      startDeadlineSeconds: 7,
      onUnknownFate: "Retry",
      podRetention: "Never",
      results: [{ name: "files" }],
    } as const satisfies Partial<TaskSpec>;
    const flow = { dependsOn: ["a"], triggerRule: "AllDone", when: "true", forEach: { range: { end: 2 } } } as const;

    expect(specOf({ ...own, results: [...own.results], ...flow, dependsOn: [...flow.dependsOn] })).toEqual({
      ...own,
      rerun: "Never",
    });
  });

  it("takes from taskDefaults what the task does not say: objects field by field, lists as a whole", () => {
    const rule = (code: number) => ({
      exitCodes: { operator: "In" as const, values: [code] },
      action: "Fail" as const,
    });
    const defaults: WorkflowSpec["taskDefaults"] = {
      podTemplateRef: { name: "python" },
      retry: { limit: 2, backoff: { initialSeconds: 1, factor: 3 }, rules: [rule(1), rule(2)] },
      podRetention: "OnFailure",
      activeDeadlineSeconds: 60,
    };
    const own = { retry: { limit: 0, backoff: { factor: 1 }, rules: [rule(3)] }, activeDeadlineSeconds: 5 };

    expect(specOf(own, defaults)).toEqual({
      podTemplateRef: { name: "python" },
      retry: { limit: 0, backoff: { initialSeconds: 1, factor: 1 }, rules: [rule(3)] },
      podRetention: "OnFailure",
      activeDeadlineSeconds: 5,
      rerun: "Never",
    });
  });

  it("has a template merged over that of taskDefaults, containers by name", () => {
    const template = { spec: { containers: [{ name: "main", env: [{ name: "A", value: "1" }] }] } };

    expect(specOf({ template }, { template: POD })["template"]).toEqual({
      spec: { containers: [{ name: "main", image: "python", env: [{ name: "A", value: "1" }] }] },
    });
  });

  it("has the one template as it is where there is one, directives for what lies below it included", () => {
    const template = { spec: { containers: [{ name: "proxy", $patch: "delete" }] } };

    expect(specOf({ template })["template"]).toEqual(template);
    expect(specOf({}, { template })["template"]).toEqual(template);
  });

  it("is refused where the templates cannot be merged, with the place", () => {
    const wrong = { spec: { containers: [{ name: "main", $patch: "merge" }] } };
    const child = taskRunManifest(wish({ template: wrong }, { taskDefaults: { template: POD } }), asIs);

    expect(child).toMatchObject({ problem: { reason: "InvalidTemplate" } });
    expect("problem" in child ? child.problem.message : "").toMatch(
      /^template, merged over .*spec\.containers.*\$patch must be/,
    );
  });

  it.each(["template", "taskDefaults"])("is refused for a template in %s that nests as no pod does", (where) => {
    let deep: unknown = 1;
    for (let level = 0; level < 200_000; level += 1) deep = [deep];
    const template = { spec: { deep } };
    const own = where === "template" ? { template } : {};
    const child = taskRunManifest(wish(own, where === "template" ? {} : { taskDefaults: { template } }), asIs);

    expect(child).toMatchObject({
      problem: {
        reason: "InvalidTemplate",
        message: expect.stringMatching(/^template: nested more than 100/) as unknown,
      },
    });
  });

  it("has the values of its part where its template refers to them", () => {
    const containers = [{ name: "main", image: "python:$(params.version)", env: [{ name: "FILE", value: "$(item)" }] }];
    const facts: Facts = {
      param: (name) => (name === "version" ? "3.13" : undefined),
      item: () => "a.csv",
      index: () => 7,
      result: () => ({ missing: "no" }),
      status: () => undefined,
      run: () => undefined,
    };
    const child = (value: string): Child =>
      taskRunManifest(
        wish({ template: { spec: { containers, hostname: value } } }, { index: 7, taskDefaults: { template: POD } }),
        (template, path) => substitute(template, facts, path),
      );

    expect(object(made(child("part-$(index)"))["spec"])["template"]).toEqual({
      spec: {
        hostname: "part-7",
        containers: [{ name: "main", image: "python:3.13", env: [{ name: "FILE", value: "a.csv" }] }],
      },
    });
    expect(child("$(tasks.a.results.b)")).toMatchObject({
      problem: {
        reason: "MissingInput",
        message: expect.stringMatching(/^template\.spec\.hostname: there is no/) as unknown,
      },
    });
  });

  it("has $(...) replaced in its template and in the name of the base, and nowhere else", () => {
    const own = {
      podTemplateRef: { name: "gpu" },
      template: POD,
      results: [{ name: "files" }],
      podRetention: "Never",
    } as const;
    const { spec } = made(taskRunManifest(wish({ ...own, results: [...own.results] }), marked));

    expect(spec).toEqual({
      podTemplateRef: { name: "gpu@podTemplateRef" },
      template: { spec: { containers: [{ name: "main@template", image: "python@template" }] } },
      results: [{ name: "files" }],
      podRetention: "Never",
      rerun: "Never",
    });
  });

  it("is refused where something to put in is missing", () => {
    const want = (path: string) => ({ problem: { reason: "MissingInput", message: `${path}: no` } });

    expect(taskRunManifest(wish({ template: POD }), refused)).toEqual(want("template"));
    expect(taskRunManifest(wish({ podTemplateRef: { name: "x" } }), refused)).toEqual(want("podTemplateRef"));
  });

  it("shares with its siblings what merging came to, for which the templates are merged once", () => {
    const merged: MergedSpecs = new Map();
    const spec = { template: { spec: { hostname: "h" } } };
    const first = wish(spec, { merged, taskDefaults: { template: POD }, index: 0 });
    taskRunManifest(first, asIs);
    const kept = merged.get(first.spec);
    // Other defaults would come to something else, were they merged again.
    const second = taskRunManifest({ ...first, index: 1, taskDefaults: undefined }, asIs);

    expect(merged.size).toBe(1);
    expect(merged.get(first.spec)).toBe(kept);
    expect(object(made(second)["spec"])["template"]).toEqual({ spec: { hostname: "h", ...POD.spec } });
  });

  it("changes neither the definition nor what its siblings are made of", () => {
    const spec = { template: structuredClone(POD) };
    const one = wish(spec, { taskDefaults: { template: { spec: { hostname: "h" } } } });
    const want = structuredClone(one.spec);
    const [a, b] = [made(taskRunManifest(one, asIs)), made(taskRunManifest(one, marked))];

    expect(one.spec).toEqual(want);
    expect(a).not.toEqual(b);
    expect(made(taskRunManifest(one, asIs))).toEqual(a);
  });
});

describe("the run of a sub-workflow", () => {
  const to = (params?: Record<string, string>): Omit<TaskSpec, "name"> => ({
    workflowRef: { name: "shipping", ...(params && { params }) },
    when: "true",
  });

  it("is named and labelled as a TaskRun would be, one level deeper, about the same span of time", () => {
    const run = aWorkflowRun({ annotations: { "stint.dev/depth": "2" } });
    const manifest = made(childRunManifest(wish(to({ day: "1" }), { run, index: 3 }), marked));

    expect(manifest).toMatchObject({
      kind: "WorkflowRun",
      metadata: { name: "sales-1-load-3", ownerReferences: [{ kind: "WorkflowRun", uid: RUN.uid, controller: true }] },
      spec: {
        workflowRef: { name: "shipping" },
        params: { day: "1@workflowRef.params" },
        dataInterval: RUNS.dataInterval,
      },
    });
    expect(decodeWorkflowRun(stored(manifest))).toMatchObject({
      depth: 3,
      ownerKind: "WorkflowRun",
      ownerName: "sales-1",
      step: { task: "load", index: 3, round: 0 },
    });
  });

  it("has no params if the task gives none, and none of taskDefaults", () => {
    const manifest = made(childRunManifest(wish(to(), { taskDefaults: { retry: { limit: 1 }, template: POD } }), asIs));

    expect(Object.keys(object(manifest["spec"]))).toEqual(["workflowRef", "dataInterval"]);
  });

  it("is refused where something to put in is missing", () => {
    expect(childRunManifest(wish(to({ day: "1" })), refused)).toMatchObject({ problem: { reason: "MissingInput" } });
  });

  it.each([
    ["4,096 characters", "x".repeat(4096), true],
    ["4,096 characters outside the Basic Multilingual Plane", "\u{1F600}".repeat(4096), true],
    ["more", "x".repeat(4097), false],
  ])("takes %s as a value", (_, value, isTaken) => {
    const child = childRunManifest(wish(to({ day: value })), asIs);

    expect("problem" in child ? child.problem.message : "").toMatch(
      isTaken ? /^$/ : /^workflowRef\.params\.day: the value has more than 4096 characters/,
    );
  });
});

describe("whatever task is made", () => {
  const name = fc.stringMatching(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
  const seconds = fc.integer({ min: 1, max: 100 });
  const fields = fc.record(
    {
      template: fc.record({ spec: fc.dictionary(fc.string(), fc.jsonValue()) }),
      podTemplateRef: fc.record({ name }),
      retry: fc.record({ limit: fc.nat(100), backoff: fc.record({ factor: fc.integer({ min: 1, max: 10 }) }) }),
      activeDeadlineSeconds: seconds,
      onUnknownFate: fc.constantFrom("Wait" as const, "Retry" as const),
    },
    { requiredKeys: [] },
  );
  const slots = fc.record({ index: fc.option(fc.nat(9999), { nil: undefined }), round: fc.nat(99) });

  it("the API server knows all fields of it and takes all values", () => {
    const [taskRuns, runs] = [loadSchema("taskruns"), loadSchema("workflowruns")];
    fc.assert(
      fc.property(fc.tuple(name, name), fc.tuple(fields, fields), slots, ([run, task], [own, taskDefaults], slot) => {
        const about = { run: aWorkflowRun({ name: run }), taskDefaults, ...slot };
        const spec: TaskSpec = { name: task, ...own, workflowRef: { name: "other", params: { a: "$(item)" } } };
        const both = [
          taskRunManifest(wish(spec, { ...about, spec }), asIs),
          childRunManifest(wish(spec, { ...about, spec }), asIs),
        ];
        const children = both.flatMap((child, kind) =>
          "problem" in child ? [] : [{ manifest: child.manifest, schema: kind === 0 ? taskRuns : runs }],
        );

        expect(list(children).length).toBeGreaterThan(0);
        for (const { manifest, schema } of children) {
          const dropped: string[] = [];
          pruned(schema, JSON.parse(JSON.stringify(manifest)), "", dropped);

          expect(dropped).toEqual([]);
          expect(problemsOf(schema, JSON.parse(JSON.stringify(manifest)))).toEqual([]);
        }
      }),
    );
  });
});
