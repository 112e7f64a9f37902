import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { START, aStatus, podJson, taskRunJson } from "../testing/make.ts";
import { RUN, controlledBy, revisionJson, workflowJson, workflowRunJson } from "../testing/makeworkflow.ts";
import type { WorkflowRunWish } from "../testing/makeworkflow.ts";
import { loadSchema, problemsOf } from "../testing/sim/apiserver/schema.ts";
import { compact, decodeStatusReply, list, object, resourceVersionOf, text, timeMs, whole } from "./decode.ts";
import type { Json } from "./decode.ts";
import { Annotation, Label } from "./names.ts";
import { decodePod } from "./pod.ts";
import { TEMPLATE_KEPT_CHARS } from "./records.ts";
import { decodeRevision } from "./revision.ts";
import { decodeTaskRun } from "./taskrun.ts";
import { decodeStatus } from "./taskrunstatus.ts";
import { atLeast } from "./versions.ts";
import { decodeWorkflow } from "./workflow.ts";
import { decodeWorkflowRun } from "./workflowrun.ts";

describe("single values", () => {
  it.each([
    ["an object is one", object({ a: 1 }), { a: 1 }],
    ["a list is no object", object([1]), {}],
    ["null is no object", object(null), {}],
    ["a list is one", list([1]), [1]],
    ["an object is no list", list({ length: 3 }), []],
    ["an empty text is none", text(""), undefined],
    ["a number is no text", text(5), undefined],
    ["a whole number is one", whole(-5), -5],
    ["a fraction is no whole number", whole(1.5), undefined],
    ["a number in quotes is none", whole("5"), undefined],
    ["a number past the safe ones is none", whole(2 ** 53), undefined],
    ["a time is one", timeMs("2030-01-01T00:00:00Z"), 1_893_456_000_000],
    ["a word is no time", timeMs("soon"), undefined],
    ["a number is no time", timeMs(5), undefined],
    ["no version is none", resourceVersionOf({ metadata: {} }), undefined],
    ["an absent field and an undefined one are the same", compact({ a: undefined, b: 1 }), { b: 1 }],
  ])("%s", (_, got, want) => {
    expect(got).toStrictEqual(want);
  });
});

describe("a Status object", () => {
  it("is read with code, reason, message, causes and the wish to wait", () => {
    const body = {
      code: 403,
      reason: "Forbidden",
      message: "no",
      details: { retryAfterSeconds: 5, causes: [{ reason: "X" }, 7] },
    };

    expect(decodeStatusReply(body, 500)).toEqual({
      code: 403,
      reason: "Forbidden",
      message: "no",
      causes: ["X", ""],
      retryAfterSeconds: 5,
    });
  });

  it.each([undefined, null, "busy", [], { code: "x", message: 5, details: "y" }])(
    "is made up from the HTTP status for %j",
    (body) => {
      expect(decodeStatusReply(body, 503)).toEqual({
        code: 503,
        reason: "",
        message: "the API server answered 503",
        causes: [],
      });
    },
  );
});

describe("versions", () => {
  const digits = fc.bigInt({ min: 0n, max: 10n ** 40n });

  it("are compared as whole numbers of any length", () => {
    fc.assert(
      fc.property(digits, digits, (a, b) => {
        expect(atLeast(String(a), String(b))).toBe(a >= b);
      }),
    );
  });

  it.each([
    ["", "5"],
    ["5", ""],
    ["x", "5"],
    ["05", "6"],
    ["-1", "6"],
    ["1.5", "6"],
  ])("that are no whole numbers are trusted: %j against %j", (a, b) => {
    expect(atLeast(a, b)).toBe(true);
  });
});

/** A valid object in which any part may be replaced by anything. */
function damaged(json: unknown): fc.Arbitrary<unknown> {
  const places = placesOf(json);
  return fc.tuple(fc.constantFrom(...places), fc.jsonValue()).map(([place, value]) => replaced(json, place, value));
}

function placesOf(json: unknown): readonly (readonly string[])[] {
  if (typeof json !== "object" || json === null) return [[]];
  return [[], ...Object.entries(json).flatMap(([key, value]) => placesOf(value).map((rest) => [key, ...rest]))];
}

function replaced(json: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const copy: Record<string, unknown> = { ...object(json) };
  if (Array.isArray(json))
    return json.map((item, index) => (String(index) === key ? replaced(item, rest, value) : (item as unknown)));
  copy[key] = replaced(object(json)[key], rest, value);
  return copy;
}

function frozenThroughout(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(frozenThroughout);
}

const FULL_RUN: WorkflowRunWish = {
  annotations: { [Annotation.Depth]: "2", [Annotation.SuspendedBy]: "parent" },
  labels: { [Label.Task]: "ship", [Label.Round]: "3" },
  spec: {
    params: { region: "eu" },
    dataInterval: { start: START, end: START },
    retry: { id: "a", scope: "Tasks", tasks: ["load"] },
  },
  status: {
    phase: "Failed",
    tasks: { total: 2 },
    states: "SFK",
    mapped: [{ task: "load", total: 2, succeeded: "0", failed: "1" }],
    firstFailures: [{ task: "load", index: 1, reason: "ExitCode", message: "no rows" }],
    retry: { id: "b", round: 1, startTime: START },
    conditions: aStatus({}).conditions ?? [],
  },
};

const decoders = [
  {
    kind: "TaskRun",
    decode: decodeTaskRun,
    json: taskRunJson({ spec: { cancel: true, retry: { limit: 1 } }, status: aStatus({}) }),
  },
  { kind: "Pod", decode: decodePod, json: podJson("sidecarLeft", { exitCode: 1, deletedAt: 5, disrupted: "X" }) },
  {
    kind: "task of a workflow's run",
    decode: decodeTaskRun,
    json: taskRunJson({
      labels: { [Label.Workflow]: "sales", [Label.WorkflowRun]: "sales-1", [Label.Task]: "load", [Label.Index]: "7" },
      annotations: {
        [Annotation.SuspendedBy]: "sales-1",
        [Annotation.DataIntervalStart]: START,
        [Annotation.DataIntervalEnd]: START,
      },
    }),
  },
  {
    kind: "Workflow",
    decode: decodeWorkflow,
    json: workflowJson({
      spec: {
        tasks: [{ name: "ship", workflowRef: { name: "shipping" } }],
        params: [{ name: "region", default: "eu" }],
        history: { succeeded: 3 },
      },
      status: { lastRun: { name: "a" }, lastCompletedRun: { name: "a" }, conditions: aStatus({}).conditions ?? [] },
    }),
  },
  { kind: "WorkflowRun", decode: decodeWorkflowRun, json: workflowRunJson(FULL_RUN) },
  { kind: "ControllerRevision", decode: decodeRevision, json: revisionJson({ spec: workflowJson()["spec"] }) },
];

describe.each(decoders)("decoding a $kind", ({ decode, json }) => {
  it("reads a valid one", () => {
    expect(decode(json)).toMatchObject({ namespace: "default", uid: expect.any(String) as unknown });
  });

  it("never throws, whatever it gets", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.anything()), (value) => {
        expect(() => decode(value)).not.toThrow();
      }),
    );
  });

  it("gives values nobody can change", () => {
    expect(frozenThroughout(decode(json))).toBe(true);
  });

  it("never throws for a valid one with any part replaced, and gives a record without undefined fields or nothing", () => {
    fc.assert(
      fc.property(damaged(json), (value) => {
        const record = decode(value);

        expect(Object.values(record ?? {})).not.toContain(undefined);
      }),
      { numRuns: 500 },
    );
  });

  it.each(["name", "namespace", "uid", "resourceVersion"])("gives nothing without %s", (field) => {
    expect(decode(replaced(json, ["metadata", field], undefined))).toBeUndefined();
    expect(decode(replaced(json, ["metadata", field], 7))).toBeUndefined();
  });

  it("shares nothing with what it read and lets __proto__ pollute nothing", () => {
    const hostile = JSON.stringify(json).replaceAll("{", '{"__proto__":{"polluted":true,"uid":"x"},');
    const record = decode(JSON.parse(hostile));

    expect((record as unknown as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect({ ...record, template: "", work: "" }).toEqual({ ...decode(json), template: "", work: "" });
  });

  it("takes an object nested deeper than the stack", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 200_000; level += 1) deep = [deep];
    const value = { ...json, spec: { ...object(json["spec"]), template: { deep } }, status: deep };

    expect(() => decode(value)).not.toThrow();
  });
});

describe("a TaskRun", () => {
  const templateOf = (template: unknown): string | undefined =>
    decodeTaskRun({ ...taskRunJson(), spec: { template } })?.template;

  it("keeps its template while that is small", () => {
    expect(templateOf({ spec: {} })).toBe('{"spec":{}}');
    expect(templateOf({ a: "x".repeat(TEMPLATE_KEPT_CHARS) })).toBeUndefined();
  });

  it("keeps no template after its end", () => {
    expect(decodeTaskRun(taskRunJson({ status: { phase: "Failed" } }))?.template).toBeUndefined();
  });

  it("is of a run only if a WorkflowRun of our group controls it, whatever uid another kind claims", () => {
    const run = controlledBy("WorkflowRun", RUN);
    const of = (...ownerReferences: readonly Json[]) => {
      const { ownerUid, foreignOwner } = decodeTaskRun(taskRunJson({ ownerReferences })) ?? {};
      return { ownerUid, foreignOwner };
    };

    expect(of({ ...run, controller: false, uid: "uid-x" }, run)).toEqual({ ownerUid: RUN.uid });
    expect(of({ ...run, controller: false })).toEqual({});
    for (const forged of [
      { apiVersion: "x.example/v1" },
      { apiVersion: "stint.development/v1" },
      { kind: "Workflow" },
    ]) {
      expect(of({ ...run, ...forged })).toEqual({ foreignOwner: true });
    }
  });

  it("keeps of its labels and annotations only whether a GitOps tool tracks it", () => {
    const labels = { "argocd.argoproj.io/instance": "shop".repeat(10), team: "a" };
    const record = decodeTaskRun(taskRunJson({ labels, annotations: { note: "x".repeat(1000) } }));

    expect(record?.tracked).toBe(true);
    expect(JSON.stringify(record)).not.toMatch(/shop|team|xxx/);
    expect(decodeTaskRun(taskRunJson({ labels: { team: "a" } }))).not.toHaveProperty("tracked");
  });

  it("has no spec beyond what was written", () => {
    expect(decodeTaskRun({ ...taskRunJson(), spec: undefined })?.spec).toEqual({ retry: { backoff: {} } });
  });

  it("reads a phase it does not know as Pending", () => {
    expect(decodeTaskRun({ ...taskRunJson(), status: { phase: "Dreaming" } })?.status.phase).toBe("Pending");
  });

  it.each([true, "true", 1])("is cancelled by true alone, not by %j unless it is that", (cancel) => {
    expect(decodeTaskRun({ ...taskRunJson(), spec: { cancel } })?.spec.cancel).toBe(cancel === true ? true : undefined);
  });
});

describe("a Pod", () => {
  const from = (wish: object) => decodePod({ ...podJson("running"), ...wish });
  const containers = (...names: readonly string[]) => ({ containers: names.map((name) => ({ name })) });
  const terminated = (name: string, exitCode = 0) => ({ name, state: { terminated: { exitCode } } });

  it.each([
    ["the one named main", ["proxy", "main"], "main"],
    ["else the first", ["first", "second"], "first"],
  ])("has as main container %s", (_, names, want) => {
    expect(from({ spec: containers(...names) })?.main.name).toBe(want);
  });

  it("knows its owner only if a TaskRun of our group controls it", () => {
    const owner = { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", name: "train", uid: "u", controller: true };
    const of = (...refs: readonly object[]) =>
      decodePod({
        ...podJson("running"),
        metadata: { ...object(podJson("running")["metadata"]), ownerReferences: refs },
      })?.ownerUid;

    expect(of(owner)).toBe("u");
    expect(of({ ...owner, controller: false })).toBeUndefined();
    expect(of({ ...owner, apiVersion: "stint.development/v1" })).toBeUndefined();
    expect(of({ ...owner, kind: "Job" }, { ...owner, controller: undefined })).toBeUndefined();
    expect(of({ ...owner, kind: "Job" }, owner)).toBeUndefined();
  });

  it.each(["0", "-1", "1.5", "1e3", "01", "", "9999999", " 1", "__proto__"])(
    "has no attempt from the label %j",
    (attempt) => {
      expect(decodePod(podJson("running", { attempt, name: "p" }))?.attempt).toBeUndefined();
    },
  );

  it.each([
    ["every container has ended", [terminated("a"), terminated("b")], [], true],
    ["one still runs", [terminated("a"), { name: "b", state: { running: {} } }], [], false],
    ["one is not spoken of", [terminated("a")], [], false],
    [
      "an init container that restarts still runs",
      [terminated("a"), terminated("b")],
      [{ name: "i", state: { running: {} } }],
      false,
    ],
    ["an init container never got its turn", [terminated("a"), terminated("b")], [{ name: "i", state: {} }], true],
  ])("is over or not: %s", (_, containerStatuses, initContainerStatuses, want) => {
    const pod = from({ spec: containers("a", "b"), status: { containerStatuses, initContainerStatuses } });

    expect(pod?.allTerminated).toBe(want);
  });

  it("without containers is never over", () => {
    expect(from({ spec: {}, status: {} })?.allTerminated).toBe(false);
  });

  it("was asked to go a grace period before its deletionTimestamp", () => {
    expect(decodePod(podJson("running", { deletedAt: 50 }))?.deletionAskedMs).toBe(Date.parse("2030-01-01T00:00:50Z"));
  });

  it("keeps messages of 1,024 characters at most, main's last words whole while a kubelet could have written them", () => {
    const huge = { exitCode: 1, endMessage: "x".repeat(1e7), message: "y".repeat(1e7), reason: "z".repeat(1e7) };
    const pod = decodePod(podJson("ended", huge));

    expect(pod?.main.message).toBe("x".repeat(4096));
    expect(pod?.message).toBe("y".repeat(1024));
    expect(JSON.stringify(pod).length).toBeLessThan(6000);
  });

  it.each([
    ["4,096 bytes where there are few containers", 3, 4096],
    ["an equal share of 12 KiB where there are many", 12, 1024],
    ["next to nothing where there are a thousand", 1000, 12],
  ])("knows that the kubelet keeps %s", (_, count, want) => {
    const names = Array.from({ length: count }, (_none, index) => `c${index}`);
    const said = (bytes: number) => [
      { name: "c0", state: { terminated: { exitCode: 0, message: "x".repeat(bytes) } } },
    ];
    const cutAt = (bytes: number) =>
      from({ spec: containers(...names), status: { containerStatuses: said(bytes) } })?.wordsCutAt;

    expect([cutAt(want), cutAt(want - 1)]).toEqual([want, undefined]);
  });

  it("of thousands of containers that all say much is as small as any", () => {
    const names = Array.from({ length: 5000 }, (_, index) => `c${index}`);
    const state = { waiting: { reason: "r".repeat(1000), message: "m".repeat(10_000) } };
    const containerStatuses = names.map((name) => ({ name, state }));
    const pod = from({
      spec: containers(...names),
      status: { containerStatuses, initContainerStatuses: containerStatuses },
    });

    expect(JSON.stringify(pod).length).toBeLessThan(4000);
  });
});

describe("a status", () => {
  const schema = loadSchema("taskruns").properties?.["status"] ?? {};
  const huge = fc.constantFrom(
    "x".repeat(1e5),
    "\u{1F980}".repeat(5000),
    "\u202e\u0000\u001b[31m",
    "\ud83d",
    "2030-13-45",
  );
  const odd = fc.oneof(huge, fc.constantFrom(-1, 0, 2 ** 31, 2 ** 53, 1e300, 0.5), fc.jsonValue());
  const full = aStatus({
    attempts: Array.from({ length: 10 }, () => ({ log: { tail: "last" } })),
    rest: { results: { rows: "1" }, log: { tail: "last" }, memory: "1Gi", exitCode: 1, workHash: "0123456789abcdef" },
  });
  const hostile = fc.array(fc.tuple(fc.constantFrom(...placesOf(full)), odd), { minLength: 1, maxLength: 5 });

  it("that the operator wrote is read as it is", () => {
    expect(decodeStatus(object(full))).toEqual(full);
  });

  it("of anybody fits the schema once it is read: what it holds can become part of the next one", () => {
    fc.assert(
      fc.property(hostile, (changes) => {
        const json = changes.reduce<unknown>((status, [place, value]) => replaced(status, place, value), full);
        const status = decodeStatus(object(json));

        expect(problemsOf(schema, status)).toEqual([]);
        expect(Buffer.byteLength(JSON.stringify(status))).toBeLessThan(256 * 1024);
      }),
      { numRuns: 300 },
    );
  });

  it("with too many entries keeps the newest attempts, each number once", () => {
    const attempts = Array.from({ length: 5000 }, (_, index) => ({ number: (index % 50) + 1, reason: "ExitCode" }));
    const results = Object.fromEntries(attempts.map((_, index) => [`r${index}`, "x".repeat(10_000)]));
    const status = decodeStatus({ phase: "Pending", attempts, results, conditions: attempts });

    expect(status.attempts?.map(({ number }) => number)).toEqual([41, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
    expect(problemsOf(schema, status)).toEqual([]);
  });
});
