import { describe, expect, it } from "vitest";
import { taskRunJson } from "../testing/make.ts";
import { RUN, controlledBy } from "../testing/makeworkflow.ts";
import { aRunRoom } from "../testing/runpasses.ts";
import { refusal } from "../testing/scripted.ts";
import { aSpec, tasksOf } from "../testing/workflows/specs.ts";

const PAIR = aSpec(tasksOf("a", "b"));
const RUNNING = { phase: "Running", observedGeneration: 1 } as const;

describe("a run that is stopped", () => {
  const stopped = { spec: { cancel: true }, status: { states: "RR", stopped: "Cancelled" } } as const;

  it("tells a task again whose cancel met a conflict", async () => {
    let conflicts = 1;
    const room = aRunRoom(PAIR, stopped, ({ method, path }) =>
      method === "PATCH" && path.endsWith("sales-1-a") && conflicts-- > 0 ? refusal(409, "Conflict") : undefined,
    );
    room.knowsTask("a", { status: RUNNING });
    room.knowsTask("b", { status: RUNNING });
    const first = await room.pass();
    await room.pass();

    expect(first.failed).toMatchObject({ kind: "conflict" });
    expect(room.asked().filter((one) => one === "PATCH sales-1-a")).toHaveLength(2);
    expect(room.asked().filter((one) => one === "PATCH sales-1-b")).toHaveLength(1);
  });

  it("leaves a task alone that another one has replaced", async () => {
    const room = aRunRoom(PAIR, stopped, ({ method }) =>
      method === "PATCH" ? refusal(422, "Invalid", "metadata.uid: field is immutable") : undefined,
    );
    room.knowsTask("a", { status: RUNNING });
    const first = await room.pass();
    await room.pass();

    expect(first.failed).toBeUndefined();
    expect(room.asked().filter((one) => one.startsWith("PATCH"))).toHaveLength(1);
  });

  it("says where it stands although a task cannot be told", async () => {
    const room = aRunRoom(PAIR, stopped, ({ method }) => (method === "PATCH" ? refusal(403, "Forbidden") : undefined));
    room.knowsTask("a", { status: RUNNING });
    room.knowsTask("b", { status: { phase: "Succeeded", observedGeneration: 1 } });
    await room.pass();
    await room.advance(1000);
    const { failed } = await room.pass();

    expect(failed).toMatchObject({ kind: "forbidden" });
    expect(room.statuses().at(-1)).toMatchObject({ states: "RS", progress: "1/2" });
  });

  it("tells all tasks, though the first ones cannot be told", async () => {
    const names = Array.from({ length: 70 }, (_, index) => `t${index}`);
    const states = "R".repeat(70);
    const room = aRunRoom(
      aSpec(tasksOf(...names)),
      { ...stopped, status: { ...stopped.status, states } },
      (request) => {
        const isFirst = Number(/-t(\d+)$/.exec(request.path)?.[1]) < 64;
        return request.method === "PATCH" && isFirst ? refusal(403, "Forbidden") : undefined;
      },
    );
    for (const name of names) room.knowsTask(name, { status: RUNNING });
    await room.pass();
    await room.pass();

    expect(room.asked()).toContain("PATCH sales-1-t69");
  });
});

describe("a run whose tasks cannot be made", () => {
  it.each<readonly [string, object, boolean]>([
    ["takes one that it made in an earlier life", {}, true],
    ["leaves one with its uid that another group's run controls", { apiVersion: "x.example/v1" }, false],
    ["leaves one with its uid that another kind controls", { kind: "Workflow" }, false],
  ])("%s", async (_, forged, isTaken) => {
    const there = taskRunJson({
      name: "sales-1-a",
      resourceVersion: "501",
      labels: { "stint.dev/workflow": "sales", "stint.dev/workflowrun": RUN.name, "stint.dev/task": "a" },
      ownerReferences: [{ ...controlledBy("WorkflowRun", RUN), ...forged }],
    });
    const room = aRunRoom(aSpec(tasksOf("a")), {}, ({ method, path }) => {
      if (method === "POST" && path.endsWith("/taskruns")) return refusal(409, "AlreadyExists");
      return method === "GET" && path.endsWith("/taskruns/sales-1-a") ? { status: 200, body: there } : undefined;
    });
    await room.pass();

    expect(room.taskRuns.get(`${RUN.namespace}/sales-1-a`) !== undefined).toBe(isTaken);
  });

  it("says where it stands all the same", async () => {
    const room = aRunRoom(PAIR, {}, ({ method, path }) =>
      method === "POST" && path.endsWith("/taskruns") ? refusal(503, "ServiceUnavailable") : undefined,
    );
    room.knowsTask("a", { status: { phase: "Succeeded", observedGeneration: 1 } });
    await room.pass();
    await room.advance(1000);
    const { failed } = await room.pass();

    expect(failed).toMatchObject({ kind: "busy" });
    expect(room.statuses().at(-1)).toMatchObject({ states: "S.", progress: "1/2" });
  });

  it("is looked at again once it may ask again, also when that moment came while its status was written", async () => {
    const room = aRunRoom(PAIR, {}, async ({ method, path }) => {
      if (method === "PUT") await room.advance(5000);
      const isRefused = method === "POST" && path.endsWith("/taskruns");
      return isRefused ? refusal(403, "Forbidden", "exceeded quota: pods") : undefined;
    });
    await room.pass();
    await room.advance(1000);
    const { againMs } = await room.pass();

    expect(room.statuses().at(-1)?.conditions?.[0]?.reason).toBe("QuotaExceeded");
    expect(againMs).toBeGreaterThan(0);
  });

  it("is asked about with one task at a time while a quota has no room, and at once when a task of its own has ended", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `t${index}`);
    const room = aRunRoom(aSpec(tasksOf("first", ...names)), { status: { states: "R" } }, ({ method }) =>
      method === "POST" ? refusal(403, "Forbidden", "exceeded quota: pods") : undefined,
    );
    const posts = (): number => room.asked().filter((one) => one.startsWith("POST")).length;
    room.knowsTask("first", { status: RUNNING });
    await room.pass();
    const [all] = [posts()];
    await room.advance(60_000);
    await room.pass();
    const probed = posts() - all;
    room.ends("first");
    await room.pass();

    expect(all).toBe(20);
    expect(probed).toBe(1);
    expect(posts() - all - probed).toBe(1);
  });
});

describe("a run that cannot begin", () => {
  it("says what the API server says", async () => {
    const room = aRunRoom(PAIR, { status: { phase: "Pending" } }, ({ method, path }) =>
      method === "POST" && path.endsWith("/controllerrevisions")
        ? refusal(403, "Forbidden", "exceeded quota: count/controllerrevisions.apps")
        : undefined,
    );
    const { failed } = await room.pass();

    expect(failed).toMatchObject({ kind: "quota" });
    expect(room.statuses().at(-1)).toMatchObject({
      phase: "Pending",
      conditions: [
        { reason: "QuotaExceeded", message: expect.stringContaining("exceeded quota") as unknown },
        { type: "Reconciling", status: "True", reason: "QuotaExceeded" },
      ],
    });
  });
});
