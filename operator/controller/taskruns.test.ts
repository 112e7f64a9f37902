import { describe, expect, it } from "vitest";
import { object } from "../api/decode.ts";
import { ConnectionError } from "../api/port.ts";
import type { ApiResponse } from "../api/port.ts";
import { aPod, aTaskRun, podJson, taskRunJson } from "../testing/make.ts";
import { aRoom, obliging } from "../testing/passes.ts";
import type { Answer } from "../testing/passes.ts";
import { refusal } from "../testing/scripted.ts";

describe("one pass", () => {
  it("over nothing does nothing", async () => {
    const { pass, seen } = aRoom();

    await expect(pass()).resolves.toEqual({ result: "done" });
    expect(seen).toEqual([]);
  });

  it("makes the first pod, from the template, owned and numbered, and writes no status yet", async () => {
    const { pass, knows, seen, methods } = aRoom();
    knows();
    const { result } = await pass();

    expect(result).toBe("done");
    expect(methods()).toEqual(["POST"]);
    expect(object(seen[0]?.body)["metadata"]).toMatchObject({
      labels: { "stint.dev/attempt": "1" },
      ownerReferences: [{ uid: "uid-train", controller: true }],
    });
  });

  it("costs a short task two writes: its pod and its end", async () => {
    const { pass, knows, pods, methods, seen, advance } = aRoom();
    knows();
    await pass();
    pods.upsert(aPod("waitsForNode", { resourceVersion: "1000" }));
    await pass();
    await advance(300);
    pods.upsert(aPod("running", { resourceVersion: "1001" }));
    await pass();
    await advance(300);
    pods.upsert(aPod("ended", { resourceVersion: "1002" }));
    await pass();

    expect(methods()).toEqual(["POST", "PUT"]);
    expect(seen[1]?.body).toMatchObject({ status: { phase: "Succeeded", exitCode: 0 } });
  });

  it("reads the TaskRun again for a template too large to keep", async () => {
    const template = { spec: { containers: [{ name: "main", env: "x".repeat(5000) }] } };
    const { pass, knows, methods, seen } = aRoom((request, index) =>
      request.method === "GET"
        ? { status: 200, body: { ...taskRunJson({ spec: { template } }) } }
        : obliging(request, index),
    );
    knows({ spec: { template } });
    await pass();

    expect(methods()).toEqual(["GET", "POST"]);
    expect(object(seen[1]?.body)["spec"]).toMatchObject(template.spec);
  });
});

describe("a template too large to keep", () => {
  const template = { spec: { containers: [{ name: "main", env: "x".repeat(5000) }] } };

  it.each([
    ["of another TaskRun of the same name", { uid: "uid-train-2" }],
    ["of a TaskRun that is being deleted", { deletionTimestamp: "2030-01-01T00:00:10Z" }],
  ])("%s makes no pod", async (_, wish) => {
    const { pass, knows, methods } = aRoom(() => ({ status: 200, body: taskRunJson({ spec: { template }, ...wish }) }));
    knows({ spec: { template } });

    await expect(pass()).rejects.toMatchObject({ kind: "gone" });
    expect(methods()).toEqual(["GET"]);
  });
});

describe("own writes are awaited", () => {
  it("no decision is made before the store shows the pod we made", async () => {
    const { pass, knows, pods, methods } = aRoom();
    knows();
    await pass();
    const waiting = await pass();
    const before = methods().length;
    pods.bookmark("999");
    const stillWaiting = await pass();
    pods.upsert(aPod("waitsForNode", { resourceVersion: "1000" }));
    const after = await pass();

    expect([waiting.result, before, stillWaiting.result, after.result]).toEqual(["waiting", 1, "waiting", "done"]);
    expect(methods()).toEqual(["POST"]);
  });

  it("no decision is made before the store shows the status we wrote", async () => {
    const { pass, knows, knowsPod } = aRoom();
    knows();
    knowsPod("ended");
    await pass();

    await expect(pass()).resolves.toMatchObject({ result: "waiting" });
  });

  it("a write that does not show for 20 s has its watch started anew", async () => {
    const { pass, knows, renewed, advance } = aRoom();
    knows();
    await pass();
    const first = await pass();
    await advance(first.againMs ?? 0);
    await pass();

    expect(first.againMs).toBe(20_000);
    expect(renewed).toEqual(["pods"]);
  });

  it("a pod we made and that is gone before any event told of it is not made again", async () => {
    const { pass, knows, pods, methods, seen } = aRoom();
    knows();
    await pass();
    pods.replace([], "2000");
    await pass();

    expect(methods()).toEqual(["POST", "PUT"]);
    expect(seen[1]?.body).toMatchObject({
      status: { attempt: 1, conditions: [{ reason: "UnknownFate" }, { type: "Reconciling" }] },
    });
  });

  it("a create whose reply shows no pod is looked up like one whose reply was lost", async () => {
    const { pass, knows, methods } = aRoom((request, index) =>
      index === 0 ? { status: 201, body: undefined } : obliging(request, index),
    );
    knows();
    await expect(pass()).rejects.toMatchObject({ kind: "lost" });
    await pass();

    expect(methods()).toEqual(["POST", "GET"]);
    await expect(pass()).resolves.toMatchObject({ result: "waiting" });
  });

  it("what was remembered of a TaskRun goes with it", async () => {
    const { pass, knows, taskRuns, runs, methods } = aRoom();
    knows();
    await pass();
    taskRuns.remove(aTaskRun({ resourceVersion: "700" }));
    runs.drop("uid-train");
    knows({ uid: "uid-train-2", resourceVersion: "800" });
    await pass();

    expect(methods()).toEqual(["POST", "POST"]);
  });
});

describe("a create whose reply was lost", () => {
  const lostOnce =
    (found: ApiResponse): Answer =>
    (request, index) => {
      if (index === 0) throw new ConnectionError("reset");
      return request.method === "GET" ? found : obliging(request, index);
    };

  /** The pod is not there now; the server stands at version 901. */
  const notMade: Answer = (request, index) => {
    if (request.query?.["limit"] === "1")
      return { status: 200, body: { metadata: { resourceVersion: "901" }, items: [] } };
    return lostOnce(refusal(404, "NotFound"))(request, index);
  };

  it("is looked up before anything else, and not repeated if it was done", async () => {
    const { pass, knows, methods } = aRoom(
      lostOnce({ status: 200, body: podJson("waitsForNode", { resourceVersion: "900" }) }),
    );
    knows();
    await expect(pass()).rejects.toThrow("reset");
    await pass();

    expect(methods()).toEqual(["POST", "GET"]);
    await expect(pass()).resolves.toMatchObject({ result: "waiting" });
  });

  it("is repeated if it was not done, once the watch has come as far as the server was", async () => {
    const { pass, knows, pods, methods, renewed } = aRoom(notMade);
    knows();
    await expect(pass()).rejects.toThrow("reset");
    const looked = await pass();
    const waiting = await pass();
    const early = methods();
    pods.bookmark("901");
    await pass();

    expect([looked.result, waiting.result, renewed]).toEqual(["waiting", "waiting", ["pods"]]);
    expect(early).toEqual(["POST", "GET", "GET"]);
    expect(methods()).toEqual(["POST", "GET", "GET", "POST"]);
  });

  it("that was done, and whose pod ended and was removed while the watch was silent, is not repeated", async () => {
    const { pass, knows, pods, methods, statusPut } = aRoom(notMade);
    knows();
    await expect(pass()).rejects.toThrow("reset");
    await pass();
    pods.upsert(aPod("ended", { resourceVersion: "890" }));
    pods.remove(aPod("ended", { resourceVersion: "895" }));
    pods.bookmark("901");
    await pass();

    expect(methods()).toEqual(["POST", "GET", "GET", "PUT"]);
    expect(statusPut()).toMatchObject({ phase: "Succeeded" });
  });

  it("that failed on a living connection is repeated at once if it was not done", async () => {
    const { pass, knows, methods, renewed } = aRoom((request, index) =>
      index === 0 ? refusal(500, "InternalError", "etcdserver: request timed out") : notMade(request, index),
    );
    knows();
    await expect(pass()).rejects.toMatchObject({ kind: "busy" });
    await pass();

    expect(methods()).toEqual(["POST", "GET", "POST"]);
    expect(renewed).toEqual([]);
  });

  it("is looked up though a cancel came meanwhile: no end before it is known whether a pod is there", async () => {
    const { pass, knows, methods } = aRoom(
      lostOnce({ status: 200, body: podJson("waitsForNode", { resourceVersion: "900" }) }),
    );
    knows();
    await expect(pass()).rejects.toThrow("reset");
    knows({ resourceVersion: "600", spec: { cancel: true } });
    await pass();

    expect(methods()).toEqual(["POST", "GET"]);
  });
});

describe("a webhook that is down", () => {
  const down = refusal(500, "InternalError", 'failed calling webhook "guard.example": no endpoints available');

  it("is told in the status from the third failure on, and asked again after growing pauses", async () => {
    const { pass, knows, seen, statusPut, advance } = aRoom((request, index) =>
      request.method === "POST" ? down : obliging(request, index),
    );
    knows();
    await expect(pass()).rejects.toMatchObject({ kind: "busy" });
    await expect(pass()).rejects.toMatchObject({ kind: "busy" });
    const third = await pass();
    await pass();
    await advance(1000);
    await pass();

    expect(third).toEqual({ result: "done", againMs: 0 });
    expect(seen.map(({ method }) => method)).toEqual(["POST", "POST", "POST", "PUT"]);
    expect(statusPut().conditions).toMatchObject([
      { reason: "CreateFailed", message: expect.stringContaining("no endpoints available") as unknown },
      { type: "Reconciling", status: "True", reason: "CreateFailed" },
    ]);
  });

  it("that denies a pod's deletion does not keep the status from saying so", async () => {
    const denied = refusal(403, "Forbidden", 'admission webhook "guard.example" denied the request: keep it');
    const { pass, knows, knowsPod, statusPut, advance } = aRoom((request, index) =>
      request.method === "DELETE" ? denied : obliging(request, index),
    );
    const status = { phase: "Running", attempt: 1, podName: "pod", podUID: "uid-pod-1" } as const;
    knows({ generation: 2, spec: { cancel: true }, status });
    knowsPod("running");
    for (let time = 0; time < 3; time += 1) {
      await expect(pass()).resolves.toMatchObject({ failed: { kind: "forbidden" } });
      await advance(1000);
    }

    expect(statusPut()).toMatchObject({
      observedGeneration: 2,
      conditions: [
        { reason: "Stopping", message: expect.stringContaining("keep it") as unknown },
        { type: "Reconciling" },
      ],
    });
  });
});

describe("refusals", () => {
  const quota = refusal(403, "Forbidden", "exceeded quota: small");

  it("are asked again after growing pauses, up to a minute and its chance", async () => {
    const { pass, knows, seen, advance, taskRuns } = aRoom((request, index) =>
      request.method === "POST" ? quota : obliging(request, index),
    );
    knows();
    for (let second = 0; second < 600; second += 1) {
      taskRuns.bookmark("5000");
      await pass();
      await advance(1000);
    }
    const creates = seen.filter(({ method }) => method === "POST").map(({ at }) => at);
    const pauses = creates.slice(1).map((time, index) => time - (creates[index] ?? 0));

    expect(pauses.slice(0, 4)).toEqual([2000, 3000, 6000, 12_000]);
    expect(Math.max(...pauses)).toBe(60_000);
  });

  it("are shown after a moment", async () => {
    const { pass, knows, seen, advance } = aRoom((request, index) =>
      request.method === "POST" ? quota : obliging(request, index),
    );
    knows();
    await pass();
    await pass();
    await advance(1000);
    await pass();

    expect(seen.at(-1)).toMatchObject({
      method: "PUT",
      body: { status: { conditions: [{ reason: "QuotaExceeded" }, { type: "Reconciling" }] } },
    });
  });

  it("for good end the TaskRun at once, with the server's words", async () => {
    const { pass, knows, seen, methods } = aRoom((request, index) =>
      request.method === "POST"
        ? refusal(422, "Invalid", "spec.containers[0].image: Required")
        : obliging(request, index),
    );
    knows();
    const first = await pass();
    await pass();

    expect(first).toEqual({ result: "done", againMs: 0 });
    expect(methods()).toEqual(["POST", "PUT"]);
    expect(seen[1]?.body).toMatchObject({
      status: {
        phase: "Failed",
        conditions: [
          { reason: "InvalidTemplate", message: expect.stringContaining("image: Required") as unknown },
          { type: "Stalled", status: "True", reason: "InvalidTemplate" },
        ],
      },
    });
  });

  it("of our own check end it without asking the server for a pod", async () => {
    const { pass, knows, methods } = aRoom();
    knows({ spec: { template: { spec: { containers: [{}], restartPolicy: "Always" } } } });
    await pass();
    await pass();

    expect(methods()).toEqual(["PUT"]);
  });

  it("that say only that the server could not be asked are failures of the pass", async () => {
    const { pass, knows } = aRoom(() => refusal(429, "TooManyRequests"));
    knows();

    await expect(pass()).rejects.toMatchObject({ kind: "busy" });
  });
});

describe("the status", () => {
  it("of progress is written after a second, of an end at once", async () => {
    const { pass, knows, knowsPod, methods, advance } = aRoom();
    knows();
    knowsPod("running");
    const { againMs } = await pass();
    const early = methods().length;
    await advance(againMs ?? 0);
    await pass();

    expect([againMs, early]).toEqual([1000, 0]);
    expect(methods()).toEqual(["PUT"]);
  });

  it("is not written twice, and not at all when it is as it should be", async () => {
    const { pass, knows, knowsPod, statusPut, advance, methods } = aRoom();
    knows();
    knowsPod("running");
    await pass();
    await advance(1000);
    await pass();
    knows({ resourceVersion: "1001", status: statusPut() });
    await pass();
    await advance(60_000);
    const idle = await pass();

    expect(methods()).toEqual(["PUT"]);
    expect(idle).toEqual({ result: "done" });
  });

  it("wakes for a deadline, and not before", async () => {
    const spec = { activeDeadlineSeconds: 90 };
    const { pass, knows, knowsPod, statusPut, advance } = aRoom();
    knows({ spec });
    knowsPod("running");
    await pass();
    await advance(1000);
    await pass();
    knows({ spec, resourceVersion: "1001", status: statusPut() });
    const { againMs } = await pass();

    expect(againMs).toBe(89_005);
  });

  it("after a conflict waits for the newer copy instead of asking again", async () => {
    const { pass, knows, knowsPod, methods } = aRoom((request, index) =>
      index === 0 ? refusal(409, "Conflict") : obliging(request, index),
    );
    knows();
    knowsPod("ended");
    const conflicted = await pass();
    const waiting = await pass();
    knows({ resourceVersion: "600" });
    await pass();

    expect([conflicted.result, waiting.result]).toEqual(["waiting", "waiting"]);
    expect(methods()).toEqual(["PUT", "PUT"]);
  });

  it("after a conflict whose newer copy never comes starts the watch anew, then asks again", async () => {
    const { pass, knows, knowsPod, methods, renewed, advance } = aRoom(() => refusal(409, "Conflict"));
    knows();
    knowsPod("ended");
    await pass();
    await advance(5000);
    await pass();
    await advance(5000);
    await pass();

    expect(renewed).toEqual(["taskruns"]);
    expect(methods()).toEqual(["PUT", "PUT"]);
  });

  it("of a TaskRun that is gone is a failure of the pass that the next one does not see", async () => {
    const { pass, knows, knowsPod, taskRuns } = aRoom(() => refusal(404, "NotFound"));
    knows();
    knowsPod("ended");
    await expect(pass()).rejects.toMatchObject({ kind: "gone" });
    taskRuns.remove(aTaskRun({ resourceVersion: "600" }));

    await expect(pass()).resolves.toEqual({ result: "done" });
  });
});
