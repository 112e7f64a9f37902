import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { list, object } from "../../api/decode.ts";
import type { Json } from "../../api/decode.ts";
import { Annotation, Label } from "../../api/names.ts";
import { START, aTaskRun } from "../../testing/make.ts";
import { buildPod } from "./pod.ts";

const POD = { name: "train-1-abc", attempt: 3 };
const PART = aTaskRun({
  labels: {
    [Label.Workflow]: "sales",
    [Label.WorkflowRun]: "sales-1",
    [Label.Task]: "load",
    [Label.Index]: "7",
    [Label.Round]: "2",
  },
  annotations: { [Annotation.DataIntervalStart]: START, [Annotation.DataIntervalEnd]: "2030-01-02T00:00:00Z" },
});
const TASK_OF_RUN = aTaskRun({ labels: { [Label.WorkflowRun]: "sales-1", [Label.Task]: "load" } });

const podOf = (taskRun: typeof PART, container: unknown, more: object = {}) =>
  buildPod(taskRun, POD, { spec: { containers: [container], ...more } });
const envIn = (pod: Json, containers = "containers"): unknown => {
  const [first] = list(object(pod["spec"])[containers]);
  return object(first)["env"];
};
const MAIN = { name: "main", image: "busybox" };

describe("a pod of a workflow's task", () => {
  it("has the labels of its TaskRun", () => {
    expect(object(podOf(PART, MAIN)["metadata"])["labels"]).toMatchObject({
      "stint.dev/workflow": "sales",
      "stint.dev/workflowrun": "sales-1",
      "stint.dev/task": "load",
      "stint.dev/index": "7",
      "stint.dev/round": "2",
    });
  });

  it("has no label that its TaskRun has not, and none before the first retry that counts it", () => {
    const labels = object(object(podOf(TASK_OF_RUN, MAIN)["metadata"])["labels"]);

    expect(Object.keys(labels).toSorted()).toEqual([
      "app.kubernetes.io/managed-by",
      "stint.dev/attempt",
      "stint.dev/task",
      "stint.dev/taskrun",
      "stint.dev/workflowrun",
    ]);
  });

  it("tells all its containers what they are part of", () => {
    const want = [
      { name: "STINT_WORKFLOW", value: "sales" },
      { name: "STINT_RUN", value: "sales-1" },
      { name: "STINT_TASK", value: "load" },
      { name: "STINT_INDEX", value: "7" },
      { name: "STINT_DATA_INTERVAL_START", value: START },
      { name: "STINT_DATA_INTERVAL_END", value: "2030-01-02T00:00:00Z" },
      { name: "STINT_ATTEMPT", value: "3" },
    ];
    const pod = podOf(PART, MAIN, { initContainers: [{ name: "setup", image: "busybox" }] });

    expect(envIn(pod)).toEqual(want);
    expect(envIn(pod, "initContainers")).toEqual(want);
  });

  it("tells a task that is not mapped of no index", () => {
    expect(envIn(podOf(TASK_OF_RUN, MAIN))).toEqual([
      { name: "STINT_RUN", value: "sales-1" },
      { name: "STINT_TASK", value: "load" },
      { name: "STINT_ATTEMPT", value: "3" },
    ]);
  });

  it("sets no variable that the container sets itself, and leaves its own the last word", () => {
    const own = [
      { name: "STINT_TASK", value: "mine" },
      { name: "PART", value: "p$(STINT_INDEX)" },
    ];
    const env = list(envIn(podOf(PART, { ...MAIN, env: own })));

    expect(env.map((one) => object(one)["name"]).filter((name) => name === "STINT_TASK")).toHaveLength(1);
    expect(env.slice(-2)).toEqual(own);
  });
});

describe("a pod of any TaskRun", () => {
  it.each([
    ["nothing", {}, [{ name: "STINT_ATTEMPT", value: "3" }]],
    ["null", { env: null }, [{ name: "STINT_ATTEMPT", value: "3" }]],
    ["no list", { env: { A: "1" } }, { A: "1" }],
    ["elements that are no variables", { env: [7, null] }, [{ name: "STINT_ATTEMPT", value: "3" }, 7, null]],
  ])("keeps %s in the place of a list of variables as far as it can", (_, wrong, want) => {
    expect(envIn(podOf(aTaskRun(), { ...MAIN, ...wrong }))).toEqual(want);
  });

  it.each([[7], [null], ["main"]])("leaves %j in the place of a container for the API server", (container) => {
    expect(object(podOf(aTaskRun(), container)["spec"])["containers"]).toEqual([container]);
  });

  it("has no label of a run", () => {
    expect(JSON.stringify(podOf(aTaskRun(), MAIN))).not.toContain("stint.dev/workflow");
  });

  it("keeps of its containers all but the variables", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 1 }), (containers) => {
        const spec = object(buildPod(PART, POD, { spec: { containers } })["spec"]);
        const withoutEnv = (all: unknown): unknown =>
          list(all).map((one) => (one !== null && typeof one === "object" ? { ...one, env: 0 } : one));

        // In lists, which are no containers, the test's own spread would put a field.
        const comparable = containers.filter(
          (one) => !Array.isArray(one) && !JSON.stringify(one).includes("restartPolicy"),
        );
        const got = list(spec["containers"]).filter((one) => !Array.isArray(one));

        expect(withoutEnv(got)).toEqual(withoutEnv(comparable));
      }),
    );
  });
});
