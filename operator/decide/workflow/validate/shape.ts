/**
 * The types and bounds of a definition, as the schema has them (crds/workflows.yaml leads). The API server has checked a Workflow by
 * it; what comes from elsewhere, or was stored under an older schema, is checked here, so that all other rules can trust its types.
 */
import { TRIGGER_RULES } from "../../../api/names.ts";
import { isObject } from "../../../api/decode.ts";
import { TASKS_MAX } from "../model.ts";
import { PARAM_NAME, TASK_NAME } from "../references.ts";
import { hasMoreCharsThan, keyPath, quoted, shown } from "../words.ts";
import type { Findings } from "./findings.ts";

type Shape = (value: unknown, path: string, findings: Findings) => void;

const DAY_SECONDS = 86_400;
const YEAR_SECONDS = 31_536_000;
const BILLION = 1_000_000_000;

const anything: Shape = () => {};

const flag: Shape = (value, path, findings) => {
  if (typeof value !== "boolean") findings.report(path, `must be true or false, is ${kindOf(value)}`);
};

const anyObject: Shape = (value, path, findings) => {
  if (!isObject(value)) findings.report(path, `must be an object, is ${kindOf(value)}`);
};

const whole =
  (min: number, max: number): Shape =>
  (value, path, findings) => {
    if (!Number.isSafeInteger(value)) findings.report(path, `must be a whole number, is ${kindOf(value)}`);
    else if (Number(value) < min || Number(value) > max)
      findings.report(path, `must be a whole number from ${min} to ${max}, is ${Number(value)}`);
  };

interface TextBounds {
  readonly min?: number;
  readonly max: number;
  readonly pattern?: { readonly form: RegExp; readonly words: string };
}

const text =
  ({ min = 0, max, pattern }: TextBounds): Shape =>
  (value, path, findings) => {
    if (typeof value !== "string") findings.report(path, `must be a text, is ${kindOf(value)}; put it in quotes`);
    else if (value.length < min) findings.report(path, "must not be empty");
    else if (hasMoreCharsThan(max, value)) findings.report(path, `must have at most ${max} characters`);
    else if (pattern?.form.test(value) === false)
      findings.report(path, `must be ${pattern.words}, is ${quoted(value)}`);
  };

const oneOf =
  (...words: readonly string[]): Shape =>
  (value, path, findings) => {
    if (words.some((word) => word === value)) return;
    const found = typeof value === "string" ? quoted(value) : kindOf(value);
    const meant = typeof value === "string" ? findings.suggest(value, words) : "";
    findings.report(path, `must be one of ${words.join(", ")}, is ${found}${meant}`);
  };

const list =
  (item: Shape, { min = 0, max }: { readonly min?: number; readonly max: number }): Shape =>
  (value, path, findings) => {
    if (!Array.isArray(value)) return findings.report(path, `must be a list, is ${kindOf(value)}`);
    if (value.length < min) return findings.report(path, "must not be empty");
    if (value.length > max) return findings.report(path, `must have at most ${max} elements, has ${value.length}`);
    for (const [index, one] of (value as readonly unknown[]).entries()) {
      if (findings.isFull) return;
      item(one, elementPath(path, one, index), findings);
    }
  };

const map =
  (item: Shape, { min = 0, max }: { readonly min?: number; readonly max: number }): Shape =>
  (value, path, findings) => {
    if (!isObject(value)) return findings.report(path, `must be an object, is ${kindOf(value)}`);
    const entries = Object.entries(value);
    if (entries.length < min) return findings.report(path, "must not be empty");
    if (entries.length > max) return findings.report(path, `must have at most ${max} fields, has ${entries.length}`);
    for (const [key, one] of entries) item(one, keyPath(path, key), findings);
  };

/** Fields that are not named are nobody's business: the API server refuses or drops them. */
function fields(shapes: Readonly<Record<string, Shape>>, ...required: readonly string[]): Shape {
  const all = Object.entries(shapes).map(([name, shape]) => ({ name, shape, isRequired: required.includes(name) }));
  return (value, path, findings) => {
    if (!isObject(value)) return findings.report(path, `must be an object, is ${kindOf(value)}`);
    for (const { name, shape, isRequired } of all) {
      const found = Object.hasOwn(value, name) ? value[name] : undefined;
      if (found !== undefined) shape(found, `${path}.${name}`, findings);
      else if (isRequired) findings.report(`${path}.${name}`, "must be given");
    }
  };
}

const WORD_FORM = "letters, digits, - and _, beginning with a letter or _ and not ending with -";
const word: Shape = text({ min: 1, max: 63, pattern: { form: PARAM_NAME, words: WORD_FORM } });
const TASK_FORM = "lowercase letters, digits and -, beginning with a letter and not ending with -";
const taskName: Shape = text({ min: 1, max: 63, pattern: { form: TASK_NAME, words: TASK_FORM } });
const value: Shape = text({ max: 4096 });

const param: Shape = fields(
  { name: word, description: text({ max: 1024 }), default: value, enum: list(value, { min: 1, max: 100 }) },
  "name",
);

const retryRule: Shape = fields(
  {
    exitCodes: fields(
      { operator: oneOf("In", "NotIn"), values: list(whole(1, 255), { min: 1, max: 32 }) },
      "operator",
      "values",
    ),
    reasons: list(
      oneOf(
        "ExitCode",
        "OOMKilled",
        "Evicted",
        "Preempted",
        "NodeShutdown",
        "NodeLost",
        "NodeRefused",
        "PodFailed",
        "PodDeleted",
        "UnknownFate",
        "ContainerCreateFailed",
        "StartDeadlineExceeded",
        "AttemptDeadlineExceeded",
        "MissingResult",
        "InvalidResult",
      ),
      { min: 1, max: 16 },
    ),
    action: oneOf("Fail", "Retry"),
    memory: fields({ factor: text({ max: 8 }), max: text({ max: 32 }) }, "factor"),
  },
  "action",
);

/** What a task says for its TaskRun, and taskDefaults for all. */
const WORK: Readonly<Record<string, Shape>> = {
  template: fields({ metadata: anyObject, spec: anyObject }),
  podTemplateRef: fields({ name: text({ max: 253 }) }, "name"),
  retry: fields({
    limit: whole(0, 100),
    infrastructureLimit: whole(0, 100),
    backoff: fields({
      initialSeconds: whole(0, DAY_SECONDS),
      factor: whole(1, 10),
      maxSeconds: whole(0, DAY_SECONDS),
    }),
    rules: list(retryRule, { max: 16 }),
    avoidNode: oneOf("Never", "Prefer", "Require"),
  }),
  activeDeadlineSeconds: whole(1, YEAR_SECONDS),
  attemptDeadlineSeconds: whole(1, YEAR_SECONDS),
  startDeadlineSeconds: whole(1, YEAR_SECONDS),
  onUnknownFate: oneOf("Wait", "Retry"),
  podRetention: oneOf("Always", "OnFailure", "Never"),
};

const forEach: Shape = fields({
  items: list(anything, { max: TASKS_MAX }),
  matrix: map(list(value, { max: 1000 }), { min: 1, max: 8 }),
  range: fields({ start: whole(-BILLION, BILLION), end: whole(-BILLION, BILLION), step: whole(1, BILLION) }, "end"),
  result: text({ max: 256 }),
  maxParallel: whole(1, TASKS_MAX),
});

const FINALLY: Readonly<Record<string, Shape>> = {
  when: text({ min: 1, max: 4096 }),
  forEach,
  workflowRef: fields({ name: text({ min: 1, max: 63 }), params: map(value, { max: 64 }) }, "name"),
  ...WORK,
  results: list(fields({ name: word }, "name"), { max: 32 }),
};

const TASK: Readonly<Record<string, Shape>> = {
  name: taskName,
  dependsOn: list(text({ min: 1, max: 63 }), { max: TASKS_MAX }),
  triggerRule: oneOf(...TRIGGER_RULES),
  ...FINALLY,
};

const spec: Shape = fields(
  {
    params: list(param, { max: 64 }),
    taskDefaults: fields(WORK),
    maxParallelTasks: whole(1, TASKS_MAX),
    tasks: list(fields(TASK, "name"), { min: 1, max: TASKS_MAX }),
    finally: list(fields({ name: taskName, ...FINALLY }, "name"), { max: 100 }),
    onFailure: oneOf("Continue", "FailFast"),
    activeDeadlineSeconds: whole(1, YEAR_SECONDS),
    run: oneOf("OnApply", "Manual"),
    suspend: flag,
    history: fields({ succeeded: whole(0, 1000), failed: whole(0, 1000) }),
  },
  "tasks",
);

/** Reports every field that has not the type, or not the bounds, of the schema. Without any the value is a WorkflowSpec. */
export function checkShape(value_: unknown, findings: Findings): void {
  spec(value_, "spec", findings);
}

/** Lists of objects with names show the names. */
function elementPath(path: string, element: unknown, index: number): string {
  const name = isObject(element) ? element["name"] : undefined;
  return typeof name === "string" && name !== "" ? `${path}[${shown(name)}]` : `${path}[${index}]`;
}

function kindOf(found: unknown): string {
  if (found === undefined) return "missing";
  if (found === null) return "null";
  if (typeof found === "number") return `the number ${found}`;
  if (typeof found === "string") return "a text";
  if (typeof found === "boolean") return String(found);
  return Array.isArray(found) ? "a list" : "an object";
}
