import { assert, jsonValue, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { aTaskRun, Client, PODS, TASKRUNS } from "./client.ts";
import { mergePatch } from "./mergepatch.ts";

function made(spec: object = {}) {
  const client = new Client();
  const { body } = client.send("POST", TASKRUNS, aTaskRun("a", spec));
  return { client, metadata: body.metadata, patch: (sent: unknown) => client.send("PATCH", `${TASKRUNS}/a`, sent) };
}

describe("a merge patch", () => {
  /** The examples of RFC 7386, appendix A. */
  it.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("of %j with %j is %j", (target, patch, want) => {
    expect(mergePatch(target, patch)).toEqual(want);
  });

  it("laid over twice is the same as once", () => {
    assert(
      property(jsonValue(), jsonValue(), (target, patch) => {
        const once = mergePatch(target, patch);
        expect(mergePatch(once, patch)).toEqual(once);
      }),
    );
  });
});

describe("PATCH", () => {
  it("changes what it names, counts a generation for the spec alone, and leaves the status", () => {
    const { patch } = made();
    const { status, body } = patch({ spec: { cancel: true }, status: { phase: "Failed" } });
    expect([status, body.spec["cancel"], body.metadata.generation]).toEqual([200, true, 2]);
    expect(body.status).toEqual({ phase: "Pending", observedGeneration: 0 });
    expect(body.spec).toHaveProperty("template");
    const { body: noted } = patch({ metadata: { annotations: { "example.com/a": "b" } } });
    expect(noted.metadata.generation).toBe(2);
  });

  it("without effect keeps the resourceVersion", () => {
    const { patch } = made();
    const { body: first } = patch({ spec: { suspend: true } });
    const { status, body: second } = patch({ spec: { suspend: true }, metadata: { labels: {} } });
    expect([status, second.metadata.resourceVersion]).toEqual([200, first.metadata.resourceVersion]);
  });

  it("takes away what it sets to null, and fills in the default", () => {
    const { patch } = made({ suspend: true, activeDeadlineSeconds: 5 });
    const { body } = patch({ spec: { suspend: null, activeDeadlineSeconds: null } });
    expect(body.spec["suspend"]).toBe(false);
    expect(body.spec).not.toHaveProperty("activeDeadlineSeconds");
  });

  it("of another version is a conflict", () => {
    const { patch, metadata } = made();
    const { resourceVersion } = metadata;
    expect(patch({ metadata: { resourceVersion }, spec: { suspend: true } }).status).toBe(200);
    const { status, body } = patch({ metadata: { resourceVersion }, spec: { suspend: false } });
    expect([status, body.reason]).toEqual([409, "Conflict"]);
  });

  it("of another uid is invalid, as nobody may change a uid; of another version, too, it is a conflict first", () => {
    const { patch, metadata } = made();
    const { status, body } = patch({ metadata: { uid: "other" } });
    expect([status, body.message]).toEqual([
      422,
      'TaskRun.stint.dev "a" is invalid: metadata.uid: Invalid value: "other": field is immutable',
    ]);
    expect(patch({ metadata: { uid: "other", resourceVersion: "1" } }).status).toBe(409);
    expect(patch({ metadata: { uid: metadata.uid }, spec: { suspend: true } }).status).toBe(200);
  });

  it.each([
    ["breaks a rule about changes", { spec: { cancel: false } }, 422],
    ["breaks the schema", { spec: { activeDeadlineSeconds: "soon" } }, 422],
    ["takes the version away", { metadata: { resourceVersion: null } }, 422],
    ["renames", { metadata: { name: "b" } }, 400],
    ["is no object", ["a"], 400],
  ])("that %s is refused", (_case, sent, wantCode) => {
    expect(made({ cancel: true }).patch(sent).status).toBe(wantCode);
  });

  it("of the status changes the status alone", () => {
    const { client } = made();
    const { body } = client.send("PATCH", `${TASKRUNS}/a/status`, { spec: { cancel: true }, status: { attempt: 1 } });
    expect([body.spec["cancel"], body.status]).toEqual([
      false,
      { phase: "Pending", observedGeneration: 0, attempt: 1 },
    ]);
  });

  it.each([
    [`${TASKRUNS}/b`, 404],
    [TASKRUNS, 405],
    [`${PODS}/a`, 404],
  ])("of %s gets %i", (path, wantCode) => {
    expect(new Client().send("PATCH", path, {}).status).toBe(wantCode);
  });
});
