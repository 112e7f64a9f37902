import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { START, taskRunJson } from "../testing/make.ts";
import { controlledBy, revisionJson, workflowJson, workflowRunJson } from "../testing/makeworkflow.ts";
import type { WorkflowRunWish } from "../testing/makeworkflow.ts";
import { loadSchema, problemsOf } from "../testing/sim/apiserver/schema.ts";
import { object } from "./decode.ts";
import type { Json } from "./decode.ts";
import { definitionOf } from "./definition.ts";
import { Annotation, Label } from "./names.ts";
import { decodeRevision } from "./revision.ts";
import { decodeTaskRun } from "./taskrun.ts";
import { decodeWorkflow } from "./workflow.ts";
import { decodeWorkflowRun } from "./workflowrun.ts";
import { decodeRunStatus } from "./workflowrunstatus.ts";

describe("a task of a workflow's run", () => {
  const of = (labels: Record<string, string>, annotations: Record<string, string> = {}) =>
    decodeTaskRun(taskRunJson({ labels, annotations }));
  const MINE = { [Label.Workflow]: "sales", [Label.WorkflowRun]: "sales-1", [Label.Task]: "load" };

  it("knows its place in the run", () => {
    const interval = { [Annotation.DataIntervalStart]: START, [Annotation.DataIntervalEnd]: "2030-01-02T00:00:00Z" };
    const record = of(
      { ...MINE, [Label.Index]: "0", [Label.Round]: "2" },
      { ...interval, [Annotation.SuspendedBy]: "a" },
    );

    expect(record).toMatchObject({
      step: { task: "load", index: 0, round: 2 },
      workflow: { run: "sales-1", workflow: "sales" },
      suspendedBy: "a",
      dataInterval: { start: START, end: "2030-01-02T00:00:00Z" },
    });
  });

  it("is in round 0 and no part of a mapped task without the labels that say otherwise", () => {
    expect(of(MINE)?.step).toStrictEqual({ task: "load", round: 0 });
  });

  it.each([
    ["no label", {}],
    ["no task", { [Label.WorkflowRun]: "sales-1" }],
    ["no run", { [Label.Task]: "load" }],
    ["an odd index", { ...MINE, [Label.Index]: "x" }],
    ["an odd round", { ...MINE, [Label.Round]: "-1" }],
  ])("has no place with %s", (_, labels) => {
    const record = of(labels, { [Annotation.SuspendedBy]: "a" });

    expect(record).not.toHaveProperty("step");
    expect(record).not.toHaveProperty("workflow");
    expect(record).not.toHaveProperty("suspendedBy");
  });
});

describe("a Workflow", () => {
  it("names each Workflow once that its tasks refer to, in their order", () => {
    const ref = (name: string, to: string) => ({ name, workflowRef: { name: to } });
    const spec = { tasks: [ref("a", "y"), ref("b", "x"), ref("c", "y")], finally: [ref("d", "z")] };

    expect(decodeWorkflow(workflowJson({ spec }))?.refs).toEqual(["y", "x", "z"]);
  });

  it("keeps ten runs of each kind unless it says otherwise", () => {
    const history = (given: object) => decodeWorkflow(workflowJson({ spec: { history: given } }))?.history;

    expect(history({})).toEqual({ succeeded: 10, failed: 10 });
    expect(history({ succeeded: 0 })).toEqual({ succeeded: 0, failed: 10 });
  });

  it("knows of its params whether a run must give them", () => {
    const params = [{ name: "region", default: "" }, { name: "day" }];

    expect(decodeWorkflow(workflowJson({ spec: { params } }))?.params).toEqual([
      { name: "region", hasDefault: true },
      { name: "day", hasDefault: false },
    ]);
  });
});

describe("a WorkflowRun", () => {
  const of = (wish: WorkflowRunWish) => decodeWorkflowRun(workflowRunJson(wish));
  const OVER: WorkflowRunWish = {
    status: {
      phase: "Failed",
      observedGeneration: 1,
      states: "FS",
      mapped: [{ task: "load", total: 1, failed: "0" }],
      firstFailures: [{ task: "load", reason: "ExitCode" }],
      retry: { id: "a" },
    },
  };

  it("knows its controller only if that is a Workflow or a run of our group", () => {
    const argo = { ...controlledBy("Workflow", { name: "sales", uid: "u" }), apiVersion: "argoproj.io/v1alpha1" };

    expect(of({})).toMatchObject({ ownerUid: "uid-sales", ownerKind: "Workflow", ownerName: "sales" });
    expect(of({ ownerReferences: [argo] })).toMatchObject({ foreignOwner: true });
    expect(of({ ownerReferences: [argo] })).not.toHaveProperty("ownerUid");
    expect(of({ ownerReferences: [controlledBy("TaskRun", { name: "sales", uid: "u" })] })).not.toHaveProperty(
      "ownerUid",
    );
    expect(of({ ownerReferences: [argo] })).not.toHaveProperty("ownerKind");
  });

  it("keeps nothing about single tasks once nothing is left to do", () => {
    expect(Object.keys(of(OVER)?.status ?? {}).toSorted()).toEqual(["observedGeneration", "phase", "retry"]);
  });

  it.each<[string, WorkflowRunWish]>([
    ["it is retried", { ...OVER, spec: { retry: { id: "b" } } }],
    ["its spec was changed", { ...OVER, generation: 2 }],
    ["it has not ended", { status: { ...OVER.status, phase: "Running" } }],
  ])("keeps all while %s", (_, wish) => {
    expect(of(wish)?.status).toMatchObject({ states: "FS", mapped: [{}], firstFailures: [{}] });
  });

  it("keeps nothing either once its retry was acted on", () => {
    expect(of({ ...OVER, spec: { retry: { id: "a" } } })?.status).not.toHaveProperty("states");
  });

  it("takes an empty text as the value of a param", () => {
    expect(of({ spec: { params: { region: "" } } })?.spec.params).toEqual({ region: "" });
  });

  it("has no states if one of them means nothing", () => {
    expect(decodeRunStatus({ states: "S.x" })).not.toHaveProperty("states");
  });

  it("has a status that the API server takes, whatever somebody wrote there", () => {
    const schema = loadSchema("workflowruns").properties?.["status"] ?? {};
    expect(Object.keys(schema.properties ?? {})).toContain("states");
    const [words, counts] = [fc.string({ maxLength: 2000 }), fc.oneof(fc.integer(), fc.double())];
    const failure = fc.record({ task: words, reason: words, message: words, index: counts, taskRun: words });
    const statuses = fc.record(
      {
        phase: words,
        tasks: fc.oneof(fc.dictionary(words, counts), fc.record({ total: counts, pending: counts })),
        states: fc.stringMatching(/^[.RSFUKC]*$/),
        mapped: fc.array(fc.record({ task: fc.constantFrom("a", "b", "c"), total: counts, failed: words })),
        firstFailures: fc.array(failure, { maxLength: 12 }),
        stopped: words,
        retry: fc.record({ id: words, round: counts, startTime: words, message: words }),
        progress: words,
        revision: words,
        duration: words,
      },
      { requiredKeys: [] },
    );

    fc.assert(
      fc.property(fc.oneof(statuses, fc.jsonValue()), (status) => {
        expect(problemsOf(schema, decodeRunStatus(object(status)))).toEqual([]);
      }),
    );
  });
});

describe("a ControllerRevision", () => {
  it.each([
    ["sales-12-bcdfgh", 12],
    ["sales-2026-12-bcdfgh", 12],
    ["sales", undefined],
    ["sales-x-bcdfgh", undefined],
  ])("says by its name %s which generation it holds", (name, want) => {
    expect(decodeRevision(revisionJson({ name }))?.generation).toBe(want);
  });
});

describe("a definition", () => {
  const spec = {
    params: [{ name: "region", enum: ["eu"] }],
    taskDefaults: { retry: { limit: 1 } },
    tasks: [
      { name: "a", results: [{ name: "files" }], template: { spec: { deep: { er: [1] } } } },
      { name: "b", dependsOn: ["a"], triggerRule: "AllDone", forEach: { items: [null, 1, { x: 2 }] } },
      { name: "c", when: "true", workflowRef: { name: "other", params: { x: "1" } } },
    ],
    finally: [{ name: "d", forEach: { range: { end: 3 } } }],
  };

  it("is read from a Workflow and from a revision of it", () => {
    expect(definitionOf({ ...workflowJson(), spec })).toEqual(spec);
    expect(definitionOf(revisionJson({ spec }))).toEqual(spec);
  });

  it("can be changed by nobody", () => {
    const definition = definitionOf({ spec: structuredClone(spec) });

    expect(Object.isFrozen(object(object(definition?.tasks[0]?.template)["spec"])["deep"])).toBe(true);
  });

  it.each<[string, Json]>([
    ["nothing", {}],
    ["tasks that are no list", { tasks: { a: 1 } }],
    ["a task that is no object", { tasks: [null] }],
    ["a task without a name", { tasks: [{}] }],
    ["a name that is no text", { tasks: [{ name: 7 }] }],
    ["a dependency that is no text", { tasks: [{ name: "a", dependsOn: [7] }] }],
    ["a rule nobody knows", { tasks: [{ name: "a", triggerRule: "Sometimes" }] }],
    ["a template that is a text", { tasks: [{ name: "a", template: "x" }] }],
    ["a range without an end", { tasks: [{ name: "a", forEach: { range: {} } }] }],
    ["a matrix of numbers", { tasks: [{ name: "a", forEach: { matrix: { x: [1] } } }] }],
    ["a param that is no object", { tasks: [], params: ["x"] }],
    ["a field that is null", { tasks: [], finally: null }],
    ["too many tasks", { tasks: Array.from({ length: 10_001 }, (_, index) => ({ name: `t${index}` })) }],
  ])("is not read from %s", (_, wrong) => {
    expect(definitionOf({ spec: wrong })).toBeUndefined();
    expect(definitionOf({ data: { spec: wrong } })).toBeUndefined();
  });

  it("is read or not, but never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.anything()), (value) => {
        expect(() => [value, { spec: value }, { spec: { tasks: value } }].map(definitionOf)).not.toThrow();
      }),
    );
  });

  it("nests as deep as it likes", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 200_000; level += 1) deep = [deep];

    expect(definitionOf({ spec: { tasks: [{ name: "a", template: { spec: { deep } } }] } })).toBeDefined();
  });
});
