import { describe, expect, it } from "vitest";
import { aStatus, aTaskRun } from "../testing/make.ts";
import type { TaskRunWish } from "../testing/make.ts";
import { aRoom } from "../testing/passes.ts";
import { refusal } from "../testing/scripted.ts";

describe("the end of a TaskRun's time", () => {
  const finished: TaskRunWish = {
    spec: { ttlSecondsAfterFinished: 0 },
    status: aStatus({ phase: "Succeeded", reason: "Succeeded", rest: { completionTime: "2029-12-31T23:59:00Z" } }),
  };

  it("deletes it once, and waits until the store shows that", async () => {
    const { pass, knows, methods, seen, taskRuns } = aRoom(() => ({ status: 200, body: { kind: "Status" } }));
    knows(finished);
    await pass();
    await pass();
    taskRuns.remove(aTaskRun({ ...finished, resourceVersion: "700" }));
    await pass();

    expect(methods()).toEqual(["DELETE"]);
    expect(seen[0]).toMatchObject({
      path: "/apis/stint.dev/v1alpha1/namespaces/default/taskruns/train",
      body: { preconditions: { uid: "uid-train", resourceVersion: "100" }, propagationPolicy: "Background" },
    });
  });

  it("that the server refuses is asked for again, and no word of it reaches the status", async () => {
    const { pass, knows, methods } = aRoom(() => refusal(403, "Forbidden", "no right to delete"));
    knows(finished);
    await expect(pass()).rejects.toThrow("no right to delete");
    await expect(pass()).rejects.toThrow("no right to delete");

    expect(methods()).toEqual(["DELETE", "DELETE"]);
  });

  it("after a conflict, decides anew about what it has become", async () => {
    const { pass, knows, methods } = aRoom(() => refusal(409, "Conflict"));
    knows(finished);
    await pass();
    knows({ ...finished, spec: {}, resourceVersion: "700" });
    await pass();

    expect(methods()).toEqual(["DELETE"]);
  });

  it("compacts soon after, not after a minute as other words for the same would", async () => {
    const { pass, knows, methods, advance, statusPut } = aRoom();
    knows({ ...finished, spec: { ttlSecondsAfterFinished: 0, ttlAction: "Compact" } });
    await pass();
    await advance(1000);
    await pass();

    expect(methods()).toEqual(["PUT"]);
    expect(statusPut()).toMatchObject({ phase: "Succeeded", compacted: true });
    expect(statusPut().podName).toBeUndefined();
  });
});

describe("a pod that is not to be kept and cannot be deleted", () => {
  it("does not keep the next attempt from its time", async () => {
    const { pass, knows, knowsPod } = aRoom(() => refusal(403, "Forbidden", "keep it"));
    knows({ spec: { retry: { limit: 1 }, podRetention: "Never" }, status: aStatus({ reason: "BackingOff" }) });
    knowsPod("ended", { exitCode: 1 });
    const { failed, againMs } = await pass();

    expect(failed?.message).toBe("keep it");
    expect(againMs).toBeLessThan(70_010);
  });
});
