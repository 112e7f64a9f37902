import { describe, expect, it } from "vitest";
import { TASKRUNS } from "../api/paths.ts";
import { ConnectionError } from "../api/port.ts";
import { aStatus, aTaskRun } from "../testing/make.ts";
import { aWorld, refusal } from "../testing/scripted.ts";
import type { Script, World } from "../testing/scripted.ts";
import { Cluster } from "./cluster.ts";

const aVersion = { metadata: { resourceVersion: "7", uid: "u" } };

function aCluster(script: Script = { request: () => ({ status: 200, body: aVersion }) }): World & { cluster: Cluster } {
  const world = aWorld(script);
  return { ...world, cluster: new Cluster(world.port) };
}

describe("the calls we make", () => {
  it("put a status with the version that was read, and nothing a user owns", async () => {
    const { cluster, seen } = aCluster();
    const taskRun = aTaskRun({
      namespace: "ns",
      name: "train",
      uid: "u",
      resourceVersion: "41",
      spec: { cancel: true },
    });
    const written = await cluster.putStatus(TASKRUNS, taskRun, { status: aStatus({}), priority: "low" });

    expect(written).toEqual(aVersion);
    expect(seen[0]).toMatchObject({
      method: "PUT",
      path: "/apis/stint.dev/v1alpha1/namespaces/ns/taskruns/train/status",
      timeoutMs: 30_000,
    });
    expect(seen[0]?.body).toEqual({
      apiVersion: "stint.dev/v1alpha1",
      kind: "TaskRun",
      metadata: { namespace: "ns", name: "train", uid: "u", resourceVersion: "41" },
      status: aStatus({}),
    });
  });

  it("create a pod so that a misspelt field is an error", async () => {
    const { cluster, seen } = aCluster();
    await cluster.createPod("ns", { kind: "Pod" });

    expect(seen[0]).toMatchObject({
      method: "POST",
      path: "/api/v1/namespaces/ns/pods",
      query: { fieldValidation: "Strict" },
      body: { kind: "Pod" },
    });
  });

  it("delete a pod gracefully, by uid and by the version that was seen", async () => {
    const { cluster, seen } = aCluster();
    await cluster.deletePod("ns", "p", { uid: "u", resourceVersion: "5" });

    expect(seen[0]).toMatchObject({ method: "DELETE", path: "/api/v1/namespaces/ns/pods/p" });
    expect(seen[0]?.body).toEqual({
      apiVersion: "v1",
      kind: "DeleteOptions",
      preconditions: { uid: "u", resourceVersion: "5" },
    });
  });

  it("read one pod and one TaskRun by name", async () => {
    const { cluster, seen } = aCluster();
    await cluster.getPod("ns", "p");
    await cluster.get(TASKRUNS, { namespace: "ns", name: "t" });

    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /api/v1/namespaces/ns/pods/p",
      "GET /apis/stint.dev/v1alpha1/namespaces/ns/taskruns/t",
    ]);
  });

  it("let no name lead to another path", async () => {
    const { cluster, seen } = aCluster();
    await cluster.getPod("a/b", "../../nodes?x#y");

    expect(seen[0]?.path).toBe("/api/v1/namespaces/a%2Fb/pods/..%2F..%2Fnodes%3Fx%23y");
  });

  it("throw refusals with their kind, and count them", async () => {
    const { cluster, counted } = aCluster({ request: () => refusal(409, "Conflict") });

    await expect(cluster.putStatus(TASKRUNS, aTaskRun(), { status: {}, priority: "high" })).rejects.toMatchObject({
      kind: "conflict",
      code: 409,
    });
    expect(counted.get("apiRequests update taskruns 409")).toBe(1);
  });

  it.each([
    ["a broken connection", new ConnectionError("reset")],
    ["a fault of our own", new TypeError("x is not a function")],
  ])("are lost after %s: whether the server acted is unknown, and no user's task ends for it", async (_, error) => {
    const { cluster, counted } = aCluster({ request: async () => await Promise.reject(error) });

    await expect(cluster.createPod("ns", {})).rejects.toMatchObject({ kind: "lost", code: 0 });
    expect(counted.get("apiRequests create pods none")).toBe(1);
  });

  it.each([
    ["no body", undefined],
    ["a text", "welcome"],
    ["no version", { metadata: { uid: "u" } }],
  ])("are lost when the answer is a 2xx with %s: nobody can say what was done", async (_, body) => {
    const { cluster } = aCluster({ request: () => ({ status: 201, body }) });

    await expect(cluster.createPod("ns", {})).rejects.toMatchObject({ kind: "lost" });
    await expect(cluster.getPod("ns", "p")).rejects.toMatchObject({ kind: "lost" });
    await expect(cluster.putStatus(TASKRUNS, aTaskRun(), { status: {}, priority: "high" })).rejects.toMatchObject({
      kind: "lost",
    });
    await expect(cluster.deletePod("ns", "p", { uid: "u", resourceVersion: "1" })).resolves.toBe(body);
  });

  it("give their place back however they end", async () => {
    const { cluster } = aCluster({
      request: (_, index) => (index % 2 === 0 ? refusal(404, "NotFound") : { status: 200, body: aVersion }),
    });
    const all = Array.from({ length: 200 }, async () => await cluster.getPod("ns", "p").catch(() => "gone"));

    await expect(Promise.all(all)).resolves.toHaveLength(200);
    expect(cluster.busy("ns")).toBe(false);
  });
});
