import { describe, expect, it } from "vitest";
import { object } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import { NAMESPACE_TEMPLATE, WORK_ANNOTATION } from "../api/names.ts";
import { POD_TEMPLATE_KEPT_CHARS } from "../api/records.ts";
import { workHash } from "../api/work.ts";
import { taskRunJson } from "../testing/make.ts";
import { aRoom, obliging } from "../testing/passes.ts";
import type { Passes } from "../testing/passes.ts";

const main = { name: "main", image: "busybox" };
const base = { spec: { restartPolicy: "Always", nodeSelector: { gpu: "a100" }, containers: [main] } };
const podTemplateRef = { name: "gpu" };
const long = { spec: { containers: [{ ...main, command: ["x".repeat(5000)] }] } };

/** Of a TaskRun without a template of its own. */
const bare = { podTemplateRef, template: undefined };

/** The pod that was made. */
function podMade({ seen }: Passes): Json {
  return object(seen.findLast(({ method }) => method === "POST")?.body);
}

describe("the templates of a pod", () => {
  it("are the namespace's, the one it names and its own, later ones winning, and cost no read", async () => {
    const room = aRoom();
    room.knowsTemplate(NAMESPACE_TEMPLATE, {
      spec: { priorityClassName: "low", nodeSelector: { zone: "b", gpu: "none" }, containers: [main] },
    });
    room.knowsTemplate("gpu", base);
    room.knows({ spec: { podTemplateRef, template: { spec: { containers: [{ name: "main", image: "python" }] } } } });
    await room.pass();

    expect(room.methods()).toEqual(["POST"]);
    expect(podMade(room)["spec"]).toMatchObject({
      priorityClassName: "low",
      nodeSelector: { zone: "b", gpu: "a100" },
      containers: [{ name: "main", image: "python" }],
      restartPolicy: "Never",
    });
  });

  it("may be just the one it names, and cost no read then either", async () => {
    const room = aRoom();
    room.knowsTemplate("gpu", base);
    room.knows({ spec: bare });
    await room.pass();

    expect(room.methods()).toEqual(["POST"]);
    expect(podMade(room)["spec"]).toMatchObject({ nodeSelector: { gpu: "a100" }, containers: [main] });
  });

  it.each([
    [
      "too long to be kept",
      { spec: { containers: [{ name: "x".repeat(POD_TEMPLATE_KEPT_CHARS) }] } },
      /more than 262144/,
    ],
    ["wrong", { spec: { $retainKeys: 7, containers: [main] } }, /retainKeys/],
  ])("end the TaskRun where one is %s, which is then named", async (_, template, wantWords) => {
    const room = aRoom();
    room.knowsTemplate("gpu", template);
    room.knows({ spec: bare });
    await room.pass();
    await room.pass();
    const [condition] = room.statusPut().conditions ?? [];

    expect(condition).toMatchObject({ reason: "InvalidTemplate" });
    expect(condition?.message).toMatch(/PodTemplate gpu/);
    expect(condition?.message).toMatch(wantWords);
  });
});

describe("the work that a pod says it runs", () => {
  it("is that of the TaskRun", async () => {
    const room = aRoom();
    room.knows();
    await room.pass();
    const annotations = object(object(podMade(room)["metadata"])["annotations"]);

    expect(annotations[WORK_ANNOTATION]).toBe(workHash(object(taskRunJson()["spec"])));
  });

  it("is known to the store: where the template had to be read and had changed, no pod is made before the store has it", async () => {
    const changed = taskRunJson({ spec: { template: { spec: { ...long.spec, hostname: "new" } } }, generation: 2 });
    const room = aRoom((request, index) =>
      request.method === "GET" ? { status: 200, body: changed } : obliging(request, index),
    );
    room.knows({ spec: { template: long } });

    await expect(room.pass()).rejects.toMatchObject({ kind: "conflict" });
    expect(room.methods()).toEqual(["GET"]);
  });

  it("is none while the TaskRun as it was read names a PodTemplate that is not there", async () => {
    const changed = taskRunJson({ spec: { template: long, podTemplateRef } });
    const room = aRoom((request, index) =>
      request.method === "GET" ? { status: 200, body: changed } : obliging(request, index),
    );
    room.knows({ spec: { template: long } });

    await expect(room.pass()).rejects.toMatchObject({ kind: "conflict" });
    expect(room.methods()).toEqual(["GET"]);
  });
});

describe("a PodTemplate that is not there", () => {
  it("is waited for without a call, and said after a second", async () => {
    const room = aRoom();
    room.knows({ spec: bare });
    const first = await room.pass();
    const early = room.methods();
    await room.advance(1001);
    await room.pass();

    expect([first, early]).toEqual([{ result: "done", againMs: 1000 }, []]);
    expect(room.methods()).toEqual(["PUT"]);
    expect(room.statusPut()).toMatchObject({
      phase: "Pending",
      conditions: [{ reason: "TemplateNotFound" }, { type: "Reconciling" }],
    });
  });
});
