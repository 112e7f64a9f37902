import { describe, expect, it } from "vitest";
import { Client } from "./client.ts";

const BASE = "/apis/stint.dev/v1alpha1/namespaces/default";
const WORKFLOWS = `${BASE}/workflows`;
const RUNS = `${BASE}/workflowruns`;
const DAY = { start: "2030-01-01T00:00:00Z", end: "2030-01-02T00:00:00Z" };

function aWorkflow(spec: object = {}, name = "w"): object {
  const tasks = [{ name: "a", template: { spec: { containers: [{ name: "main", image: "i", anything: [1] }] } } }];
  return { apiVersion: "stint.dev/v1alpha1", kind: "Workflow", metadata: { name }, spec: { tasks, ...spec } };
}

function aRun(spec: object = {}, name = "r"): object {
  const workflowRef = { name: "w" };
  return { apiVersion: "stint.dev/v1alpha1", kind: "WorkflowRun", metadata: { name }, spec: { workflowRef, ...spec } };
}

describe("a Workflow", () => {
  it("is stored with its templates and items as they are, and shown with a status that says nobody has looked at it", () => {
    const items = ["a", 1, { key: [true] }];
    const tasks = [{ name: "a", forEach: { items }, podTemplateRef: { name: "p" } }];
    const { status, body } = new Client().send("POST", WORKFLOWS, aWorkflow({ tasks }));
    expect([status, body.spec["tasks"], body.status]).toEqual([201, tasks, { observedGeneration: 0 }]);
  });

  it("keeps its resourceVersion where a status changes nothing", () => {
    const client = new Client();
    const { body } = client.send("POST", WORKFLOWS, aWorkflow());
    // What was shown by default is stored by the first write.
    const { body: stored } = client.send("PUT", `${WORKFLOWS}/w/status`, body);
    const { body: same } = client.send("PUT", `${WORKFLOWS}/w/status`, stored);
    expect(same.metadata.resourceVersion).toBe(stored.metadata.resourceVersion);
    const { body: other } = client.send("PUT", `${WORKFLOWS}/w/status`, { ...same, status: { activeRuns: 1 } });
    expect([other.status, other.metadata.generation]).toEqual([{ activeRuns: 1 }, 1]);
  });

  it.each([
    ["no tasks", { tasks: [] }, "w"],
    ["a task of an impossible name", { tasks: [{ name: "A" }] }, "w"],
    ["two lists to be mapped", { tasks: [{ name: "a", forEach: { range: { end: 1 }, matrix: { k: ["v"] } } }] }, "w"],
    ["a matrix of nothing", { tasks: [{ name: "a", forEach: { matrix: {} } }] }, "w"],
    ["a name that no label can hold", {}, "w".repeat(64)],
  ])("is refused with %s", (_case, spec, name) => {
    expect(new Client().send("POST", WORKFLOWS, aWorkflow(spec, name)).status).toBe(422);
  });
});

describe("a WorkflowRun", () => {
  it("is Pending before anybody has looked", () => {
    const { status, body } = new Client().send("POST", RUNS, aRun());
    expect([status, body.status]).toEqual([201, { phase: "Pending", observedGeneration: 0 }]);
  });

  it.each([
    ["workflowRef", { workflowRef: { name: "other" } }],
    ["params", { params: { a: "b" } }],
    ["dataInterval", { dataInterval: { ...DAY, end: "2030-01-03T00:00:00Z" } }],
  ])("keeps its %s for ever", (_field, spec) => {
    const client = new Client();
    client.send("POST", RUNS, aRun({ dataInterval: DAY }));
    expect(client.send("PATCH", `${RUNS}/r`, { spec }).status).toBe(422);
    expect(client.send("PATCH", `${RUNS}/r`, { spec: { cancel: true, params: {} } }).status).toBe(200);
  });

  it.each([
    ["an interval that ends before it starts", { dataInterval: { start: DAY.end, end: DAY.start } }],
    ["a retry of tasks without their names", { retry: { id: "1", scope: "Tasks" } }],
    ["a retry of what failed with names of tasks", { retry: { id: "1", tasks: ["a"] } }],
  ])("is refused with %s", (_case, spec) => {
    expect(new Client().send("POST", RUNS, aRun(spec)).status).toBe(422);
  });

  it("takes a retry of named tasks", () => {
    const retry = { id: "1", scope: "TasksAndDownstream", tasks: ["a"] };
    expect(new Client().send("POST", RUNS, aRun({ retry })).body.spec["retry"]).toEqual(retry);
  });
});
