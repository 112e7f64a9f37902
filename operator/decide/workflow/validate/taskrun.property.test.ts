/** The rules about TaskRuns, held against the schema and the rules of crds/taskruns.yaml, as the simulated API server has them. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { object } from "../../../api/decode.ts";
import type { WorkflowSpec } from "../../../api/types.ts";
import { problemsOf } from "../../../testing/definitions.ts";
import type { Fields } from "../../../testing/definitions.ts";
import { START } from "../../../testing/make.ts";
import { aWorkflowRun } from "../../../testing/makeworkflow.ts";
import { ruleProblems } from "../../../testing/sim/apiserver/rules.ts";
import { defaulted, loadSchema, problemsOf as schemaProblems } from "../../../testing/sim/apiserver/schema.ts";
import { taskRunManifest } from "../child.ts";
import type { TaskSpec } from "../model.ts";

const TASKRUN = loadSchema("taskruns");
const RUN = { run: aWorkflowRun(), round: 0, dataInterval: { start: START, end: START } };

/** Whether the API server takes the TaskRun of the task. */
function isTaken(task: Fields, taskDefaults: Fields | undefined): boolean {
  // oxlint-disable typescript/consistent-type-assertions -- they have the shape of the schema
  const spec = task as unknown as TaskSpec;
  const defaults = taskDefaults as WorkflowSpec["taskDefaults"];
  // oxlint-enable typescript/consistent-type-assertions
  const made = taskRunManifest({ ...RUN, spec, taskDefaults: defaults, merged: new Map() }, (value) => ({ value }));
  if ("problem" in made) return false;
  const stored = defaulted(TASKRUN, made.manifest);
  return schemaProblems(TASKRUN, stored).length === 0 && ruleProblems(TASKRUN, stored, undefined).length === 0;
}

const restart = fc.constantFrom("Never", "Always", "OnFailure", null);
const container = fc.oneof(
  { arbitrary: fc.record({ name: fc.constantFrom("main", "b") }), weight: 4 },
  { arbitrary: fc.record({ name: fc.constant("c"), restartPolicy: restart }), weight: 1 },
  { arbitrary: fc.record({ name: fc.constant("d"), restartPolicyRules: fc.constantFrom([], [{}]) }), weight: 1 },
  { arbitrary: fc.constantFrom("text", 1, []), weight: 1 },
);
const containers = fc.oneof(fc.array(container, { maxLength: 2 }), fc.constantFrom(null, {}, "x"));
const texts = fc.oneof(
  fc.dictionary(fc.constantFrom("a", "b/c"), fc.constantFrom("v", "v".repeat(63), "v".repeat(64), null, 1), {
    noNullPrototype: true,
  }),
  fc.constantFrom(null, [], "x"),
);
const template = fc.record(
  {
    metadata: fc.record({ labels: texts, annotations: texts }, { requiredKeys: [] }),
    spec: fc.record({ restartPolicy: restart, containers, initContainers: containers }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);
const seconds = fc.constantFrom(1, 2, 3);
const pause = fc.constantFrom(0, 5, 9, 10, 11, 299, 300, 301, 400);
const factor = fc.constantFrom("1", "1.0", "1.5", "1.001", "2", "9.999", "9.9999", "10", "10.1", "11", "0.5", "x", "");
const amount = fc.constantFrom(
  "16Gi",
  "1M",
  "1000000",
  "999999",
  "999k",
  "1",
  "1.5G",
  "0.5Mi",
  "16GiB",
  "-1Gi",
  "",
  "1e9",
  "4P",
);
const rule = fc.record(
  {
    action: fc.constantFrom("Retry", "Fail"),
    reasons: fc.constantFrom(["OOMKilled"], ["Evicted"], ["Evicted", "OOMKilled"]),
    exitCodes: fc.constant({ operator: "In", values: [1] }),
    memory: fc.record({ factor, max: amount }, { requiredKeys: ["factor"] }),
  },
  { requiredKeys: ["action"] },
);
const work = fc.record(
  {
    template,
    podTemplateRef: fc.constantFrom("gpu", "a.b-c", "A", "", "a.", "-a", "a..b").map((name) => ({ name })),
    retry: fc.record(
      {
        backoff: fc.record({ initialSeconds: pause, maxSeconds: pause, factor: seconds }, { requiredKeys: [] }),
        rules: fc.array(rule, { maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
    startDeadlineSeconds: seconds,
    attemptDeadlineSeconds: seconds,
    activeDeadlineSeconds: seconds,
  },
  { requiredKeys: [] },
);
/** One or two fields at a time: together hardly any would be right. */
const little: fc.Arbitrary<Fields> = work.chain((all) =>
  fc.subarray(Object.keys(all), { maxLength: Math.min(2, Object.keys(all).length) }).map((keys) => {
    // As JSON, without the odd prototypes that fast-check is fond of.
    return object(JSON.parse(JSON.stringify(Object.fromEntries(keys.map((key) => [key, object(all)[key]])))));
  }),
);

const GIVEN = { template: { spec: {} } };

describe("a task without taskDefaults", () => {
  it("has problems exactly where the API server refuses its TaskRun", () => {
    fc.assert(
      fc.property(little, fc.boolean(), (fields, isGiven) => {
        const task = { name: "a", ...(isGiven ? GIVEN : {}), ...fields };
        const found = problemsOf({ tasks: [task] });

        expect([found, found.length === 0]).toEqual([found, isTaken(task, undefined)]);
      }),
      { numRuns: 2000 },
    );
  });

  it("is right and wrong often enough for that to mean something", () => {
    const right = fc
      .sample(little, { numRuns: 1000, seed: 1 })
      .filter((fields) => isTaken({ name: "a", ...GIVEN, ...fields }, undefined));

    expect(Math.min(right.length, 1000 - right.length)).toBeGreaterThan(200);
  });
});

describe("a task with taskDefaults", () => {
  it("has no problems only where the API server takes its TaskRun", () => {
    fc.assert(
      fc.property(little, little, (taskDefaults, fields) => {
        const task = { name: "a", ...fields };
        const found = problemsOf({ taskDefaults, tasks: [task] });

        expect(found.length > 0 || isTaken(task, taskDefaults)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("has problems of its own only where the API server refuses its TaskRun", () => {
    fc.assert(
      fc.property(little, little, (taskDefaults, fields) => {
        const task = { name: "a", ...fields };
        const found = problemsOf({ taskDefaults, tasks: [task] });
        const own = found.filter(({ path }) => !path.startsWith("spec.taskDefaults") && !path.includes(".template."));

        expect(own.length > 0 && isTaken(task, taskDefaults)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
