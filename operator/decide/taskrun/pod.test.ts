import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { list, object } from "../../api/decode.ts";
import { WORK_ANNOTATION } from "../../api/names.ts";
import { TASK, aTaskRun } from "../../testing/make.ts";
import { TemplateError, buildPod } from "./pod.ts";

const POD = { name: "train-1-abc", attempt: 1 };
const ATTEMPT_1 = [{ name: "STINT_ATTEMPT", value: "1" }];
const SPEC = { containers: [{ name: "main", image: "busybox" }] };
const tried = (make: () => unknown): unknown => {
  try {
    return make();
  } catch (error) {
    return error;
  }
};
const build = (template: unknown) => buildPod(aTaskRun(), POD, template);

describe("the pod of an attempt", () => {
  it("is the template with name, labels, owner and what Stint insists on", () => {
    expect(build({ metadata: { labels: { app: "x" }, annotations: { note: "y" } }, spec: SPEC })).toEqual({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: "train-1-abc",
        namespace: TASK.namespace,
        annotations: { note: "y", [WORK_ANNOTATION]: aTaskRun().work },
        labels: {
          app: "x",
          "stint.dev/taskrun": "train",
          "stint.dev/attempt": "1",
          "app.kubernetes.io/managed-by": "stint",
        },
        ownerReferences: [
          {
            apiVersion: "stint.dev/v1alpha1",
            kind: "TaskRun",
            name: TASK.name,
            uid: TASK.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: {
        automountServiceAccountToken: false,
        restartPolicy: "Never",
        containers: [{ name: "main", image: "busybox", env: ATTEMPT_1 }],
      },
    });
  });

  it.each([
    [
      "its own name and namespace",
      { metadata: { name: "other", namespace: "kube-system", generateName: "x-" }, spec: SPEC },
    ],
    [
      "labels of Stint",
      { metadata: { labels: { "stint.dev/taskrun": "another", "stint.dev/attempt": "9" } }, spec: SPEC },
    ],
    [
      "another owner, uid or finalizer",
      { metadata: { ownerReferences: [{}], uid: "u", finalizers: ["f"] }, spec: SPEC },
    ],
    ["another kind", { apiVersion: "v2", kind: "Node", spec: SPEC }],
  ])("cannot be given %s by its template", (_, template) => {
    const wanted = build({ spec: SPEC });

    expect(build(template)).toEqual(wanted);
  });

  it("gets a service account token only if the template asks", () => {
    const pod = build({ spec: { ...SPEC, automountServiceAccountToken: true } });

    expect(object(pod["spec"])["automountServiceAccountToken"]).toBe(true);
  });

  it.each([
    ["nothing", undefined, /spec\.template\.spec is missing/],
    ["a text", "pod", /spec\.template\.spec is missing/],
    ["no spec", {}, /spec\.template\.spec is missing/],
    ["a list as spec", { spec: [] }, /spec\.template\.spec is missing/],
    ["no containers", { spec: {} }, /at least one container/],
    ["an empty list of containers", { spec: { containers: [] } }, /at least one container/],
    ["containers that are no list", { spec: { containers: { main: {} } } }, /at least one container/],
    [
      "restartPolicy OnFailure",
      { spec: { ...SPEC, restartPolicy: "OnFailure" } },
      /"Never", is "OnFailure"; use spec\.retry/,
    ],
    ["a restartPolicy that is no text", { spec: { ...SPEC, restartPolicy: 7 } }, /is a number/],
    [
      "a container that always restarts",
      { spec: { containers: [{ name: "a" }, { name: "b", restartPolicy: "Always" }] } },
      /containers\[1\]\.restartPolicy must be left out or "Never"/,
    ],
    [
      "a container with rules to restart",
      { spec: { containers: [{ name: "a", restartPolicy: "Never", restartPolicyRules: [{ action: "Restart" }] }] } },
      /containers\[0\]\.restartPolicyRules must be left out/,
    ],
    [
      "an init container that restarts on failure",
      { spec: { ...SPEC, initContainers: [{ name: "i", restartPolicy: "OnFailure" }] } },
      /initContainers\[0\]\.restartPolicy/,
    ],
    ["metadata that is no object", { metadata: "x", spec: SPEC }, /metadata must be an object/],
    ["labels that are a list", { metadata: { labels: ["a"] }, spec: SPEC }, /labels must be an object/],
  ])("is refused for %s, with the field in the message", (_, template, want) => {
    expect(() => build(template)).toThrow(TemplateError);
    expect(() => build(template)).toThrow(want);
  });

  it("may have native sidecars", () => {
    const initContainers = [{ name: "proxy", image: "proxy", restartPolicy: "Always" }];

    expect(object(build({ spec: { ...SPEC, initContainers } })["spec"])["initContainers"]).toMatchObject(
      initContainers,
    );
  });

  it("is refused for nesting no pod has, long before the stack ends", () => {
    const deep = JSON.parse(`${'{"a":'.repeat(4000)}1${"}".repeat(4000)}`) as unknown;

    expect(() => build({ spec: { ...SPEC, deep } })).toThrow(/nested more than 100 levels/);
    expect(() => build({ spec: SPEC, metadata: { labels: deep } })).toThrow(TemplateError);
  });

  it("never throws anything but TemplateError, and never loses owner, name or labels, whatever the template", () => {
    const templates = fc.oneof(
      fc.jsonValue(),
      fc.record({
        metadata: fc.jsonValue(),
        spec: fc.record({ containers: fc.array(fc.jsonValue()), x: fc.jsonValue() }),
      }),
    );
    fc.assert(
      fc.property(templates, (template) => {
        const pod = tried(() => build(template));
        const { name, ownerReferences, labels } = object(object(pod)["metadata"]);
        const got = pod instanceof Error ? pod.name : { name, owners: list(ownerReferences).length, labels };
        const want = {
          name: POD.name,
          owners: 1,
          labels: expect.objectContaining({ "stint.dev/attempt": "1" }) as unknown,
        };

        expect(got).toEqual(pod instanceof Error ? "TemplateError" : want);
        expect(pod instanceof Error ? "Never" : object(object(pod)["spec"])["restartPolicy"]).toBe("Never");
      }),
    );
  });

  it("takes __proto__ for a field like any other and pollutes nothing", () => {
    const template: unknown = JSON.parse(
      `{"metadata":{"labels":{"__proto__":{"polluted":"yes"}}},"spec":{"__proto__":{"polluted":true},"containers":[{}]}}`,
    );
    const pod = build(template);

    expect(JSON.stringify(pod["spec"])).toContain('"__proto__"');
    expect(object(pod["spec"])["polluted"]).toBeUndefined();
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});
