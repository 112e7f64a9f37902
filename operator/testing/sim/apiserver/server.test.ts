import { describe, expect, it } from "vitest";
import { aPod, aTaskRun, Client, PODS, TASKRUNS } from "./client.ts";
import { unknownRules } from "./rules.ts";
import { loadSchema } from "./schema.ts";

describe("creation", () => {
  it("fills in metadata and the CRD's defaults, and ignores the status sent", () => {
    const client = new Client();
    const { status, body } = client.send("POST", TASKRUNS, { ...aTaskRun("a"), status: { phase: "Succeeded" } });
    expect(status).toBe(201);
    expect(body.metadata.generation).toBe(1);
    expect(body.status).toEqual({ phase: "Pending", observedGeneration: 0 });
    expect(body.spec).toMatchObject({ suspend: false, cancel: false, rerun: "OnSpecChange", onUnknownFate: "Wait" });
  });

  it("drops fields the CRD does not have, but none of the template", () => {
    const client = new Client();
    const template = { spec: { containers: [{ name: "main", image: "i" }], anything: { goes: 1 } } };
    const { body } = client.send("POST", TASKRUNS, aTaskRun("a", { template, surplus: 1 }));
    expect(body.spec).not.toHaveProperty("surplus");
    expect(body.spec["template"]).toEqual(template);
  });

  it.each([
    ["a negative limit", { retry: { limit: -1 } }],
    ["a wrong type", { activeDeadlineSeconds: "soon" }],
    ["the CEL rule over backoff", { retry: { backoff: { initialSeconds: 10, maxSeconds: 5 } } }],
  ])("refuses %s with 422", (_case, spec) => {
    const { status, body } = new Client().send("POST", TASKRUNS, aTaskRun("a", spec));
    expect([status, body.reason, body.code]).toEqual([422, "Invalid", 422]);
  });

  it("knows every rule of the CRDs, and tells one it does not know", () => {
    const strange = { rule: "self.size() > 1", message: "must be more" };
    expect(["taskruns", "workflows", "workflowruns"].flatMap((plural) => unknownRules(loadSchema(plural)))).toEqual([]);
    expect(unknownRules({ properties: { a: { items: { "x-kubernetes-validations": [strange] } } } })).toEqual([
      strange.rule,
    ]);
  });

  it("answers AlreadyExists, also while the old object is being deleted", () => {
    const client = new Client();
    client.send("POST", PODS, aPod("a"));
    expect(client.send("POST", PODS, aPod("a")).body.message).toBe('pods "a" already exists');
    client.bind("a");
    client.send("DELETE", `${PODS}/a`);
    const { status, body } = client.send("POST", PODS, aPod("a"));
    expect([status, body.reason]).toEqual([409, "AlreadyExists"]);
    expect(body.message).toBe('object is being deleted: pods "a" already exists');
  });

  it.each([
    ["no containers", { containers: [] }, 422],
    ["a list that is none", { containers: "x" }, 400],
    ["an impossible name", { containers: [{ name: "No Name", image: "i" }] }, 422],
    ["an unknown restartPolicy", { containers: [{ name: "a", image: "i" }], restartPolicy: "Maybe" }, 422],
  ])("refuses a pod with %s", (_case, spec, wantCode) => {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec };
    expect(new Client().send("POST", PODS, pod).status).toBe(wantCode);
  });

  it("refuses unknown fields of a pod only if asked to be strict", () => {
    const client = new Client();
    const spec = { containers: [{ name: "main", image: "i" }], surprise: 1 };
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec };
    expect(client.send("POST", `${PODS}?fieldValidation=Strict`, pod).status).toBe(400);
    expect(client.send("POST", PODS, pod).status).toBe(201);
  });
});

describe("update", () => {
  it("lets only the newest resourceVersion write, and bumps generation for the spec alone", () => {
    const client = new Client();
    const { body: made } = client.send("POST", TASKRUNS, aTaskRun("a"));
    const cancelled = { ...made, spec: { ...made.spec, cancel: true } };
    const { body: second } = client.send("PUT", `${TASKRUNS}/a`, cancelled);
    expect(second.metadata.generation).toBe(2);
    const { status, body } = client.send("PUT", `${TASKRUNS}/a`, cancelled);
    expect([status, body.reason]).toEqual([409, "Conflict"]);
    const third = client.send("PUT", `${TASKRUNS}/a/status`, { ...second, status: { phase: "Running" } });
    expect([third.status, third.body.metadata.generation]).toEqual([200, 2]);
  });

  it("keeps spec and status apart", () => {
    const client = new Client();
    const { body: made } = client.send("POST", TASKRUNS, aTaskRun("a"));
    const both = { ...made, spec: { ...made.spec, cancel: true }, status: { phase: "Running" } };
    const { body } = client.send("PUT", `${TASKRUNS}/a/status`, both);
    expect([body.spec["cancel"], body.status]).toEqual([false, { phase: "Running" }]);
    const { body: after } = client.send("PUT", `${TASKRUNS}/a`, { ...both, metadata: body.metadata, status: {} });
    expect([after.spec["cancel"], after.status]).toEqual([true, { phase: "Running" }]);
  });

  it("keeps the resourceVersion if nothing changes, except at the first update, which stores the default status", () => {
    const client = new Client();
    const { body: made } = client.send("POST", TASKRUNS, aTaskRun("a"));
    const { body: first } = client.send("PUT", `${TASKRUNS}/a/status`, made);
    expect(first.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
    const { body: second } = client.send("PUT", `${TASKRUNS}/a/status`, first);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it("refuses a custom resource without resourceVersion, and one with another uid", () => {
    const client = new Client();
    const { body: made } = client.send("POST", TASKRUNS, aTaskRun("a"));
    const { resourceVersion: _version, ...unversioned } = made.metadata;
    expect(client.send("PUT", `${TASKRUNS}/a/status`, { ...made, metadata: unversioned }).status).toBe(422);
    const stranger = { ...made, metadata: { ...made.metadata, uid: "other" } };
    expect(client.send("PUT", `${TASKRUNS}/a/status`, stranger).status).toBe(409);
  });

  it("lets nobody take a cancel back", () => {
    const client = new Client();
    const { body: made } = client.send("POST", TASKRUNS, aTaskRun("a", { cancel: true }));
    expect(client.send("PUT", `${TASKRUNS}/a`, { ...made, spec: { ...made.spec, cancel: false } }).status).toBe(422);
  });
});

describe("deletion", () => {
  it("removes a pod without a node at once and gives one on a node its grace", () => {
    const client = new Client();
    client.send("POST", PODS, aPod("free"));
    client.send("POST", PODS, aPod("bound"));
    client.bind("bound");
    client.send("DELETE", `${PODS}/free`);
    expect(client.send("GET", `${PODS}/free`).status).toBe(404);
    const { body } = client.send("DELETE", `${PODS}/bound`, { gracePeriodSeconds: 12 });
    expect(body.metadata.deletionTimestamp).toBe("2030-01-01T00:00:12Z");
    expect(body.metadata.deletionGracePeriodSeconds).toBe(12);
  });

  it("lets grace become shorter but not longer, and keeps the time of the first request", () => {
    const client = new Client();
    client.send("POST", PODS, aPod("a"));
    client.bind("a");
    client.send("DELETE", `${PODS}/a`);
    client.nowMs += 5000;
    expect(
      client.send("DELETE", `${PODS}/a`, { gracePeriodSeconds: 60 }).body.metadata.deletionGracePeriodSeconds,
    ).toBe(30);
    const { body } = client.send("DELETE", `${PODS}/a`, { gracePeriodSeconds: 10 });
    expect(body.metadata.deletionTimestamp).toBe("2030-01-01T00:00:10Z");
    client.send("DELETE", `${PODS}/a`, { gracePeriodSeconds: 0 });
    expect(client.send("GET", `${PODS}/a`).status).toBe(404);
  });

  it("honours uid and resourceVersion preconditions", () => {
    const client = new Client();
    const { body: pod } = client.send("POST", PODS, aPod("a"));
    expect(client.send("DELETE", `${PODS}/a`, { preconditions: { uid: "other" } }).status).toBe(409);
    const old = { uid: pod.metadata.uid, resourceVersion: "1" };
    expect(client.send("DELETE", `${PODS}/a`, { preconditions: old }).status).toBe(409);
    expect(client.send("DELETE", `${PODS}/a`, { preconditions: { uid: pod.metadata.uid } }).status).toBe(200);
  });

  it.each([
    ["Foreground", "foregroundDeletion"],
    ["Orphan", "orphan"],
  ])("keeps an object deleted with %s until its finalizer goes", (propagationPolicy, wantFinalizer) => {
    const client = new Client();
    client.send("POST", TASKRUNS, aTaskRun("a"));
    const { body } = client.send("DELETE", `${TASKRUNS}/a`, { propagationPolicy });
    expect(body.metadata.finalizers).toEqual([wantFinalizer]);
    expect(body.metadata.generation).toBe(2);
    client.send("PUT", `${TASKRUNS}/a`, { ...body, metadata: { ...body.metadata, finalizers: [] } });
    expect(client.send("GET", `${TASKRUNS}/a`).status).toBe(404);
  });
});

describe("lists", () => {
  it("gives pages of one state, whatever is written meanwhile", () => {
    const client = new Client();
    for (const name of ["a", "b", "c"]) client.send("POST", PODS, aPod(name));
    const { body: first } = client.send("GET", `${PODS}?limit=2`);
    client.send("POST", PODS, aPod("d"));
    client.send("DELETE", `${PODS}/c`);
    const { body: second } = client.send("GET", `${PODS}?limit=2&continue=${first.metadata.continue}`);
    expect([...first.items, ...second.items].map(({ metadata }) => metadata.name)).toEqual(["a", "b", "c"]);
    expect(first.metadata.remainingItemCount).toBe(1);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it("answers 410 to a continue token that has expired", () => {
    const client = new Client();
    for (const name of ["a", "b"]) client.send("POST", PODS, aPod(name));
    const { body: first } = client.send("GET", `${PODS}?limit=1`);
    client.send("POST", PODS, aPod("c"));
    client.server.store.compact(client.server.store.version);
    const { status, body } = client.send("GET", `${PODS}?limit=1&continue=${first.metadata.continue}`);
    expect([status, body.reason]).toEqual([410, "Expired"]);
  });

  it("selects by label", () => {
    const client = new Client();
    client.send("POST", PODS, aPod("a", { labels: { "stint.dev/taskrun": "x" } }));
    client.send("POST", PODS, aPod("b"));
    const { body } = client.send("GET", `${PODS}?labelSelector=stint.dev/taskrun`);
    expect(body.items.map(({ metadata }) => metadata.name)).toEqual(["a"]);
  });

  it("refuses a version from the future", () => {
    expect(new Client().send("GET", `${PODS}?resourceVersion=999999`).status).toBe(504);
  });
});

describe("what is not served", () => {
  it.each([
    ["GET", "/api/v1/namespaces/default/secrets", 404],
    ["GET", "/api/v1/namespaces/default/taskruns", 404],
    ["PUT", "/api/v1/namespaces/default/pods", 405],
    ["POST", "/api/v1/namespaces/default/pods/a", 405],
    ["DELETE", "/api/v1/namespaces/default/pods/a/status", 405],
  ] as const)("%s %s gets %i", (method, path, wantCode) => {
    expect(new Client().send(method, path, {}).status).toBe(wantCode);
  });
});
