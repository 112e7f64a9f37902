/**
 * The definition of a workflow, from a Workflow or from the ControllerRevision that keeps it for a run. The API server has
 * checked the one by its schema; the data of the other are free. So the shape of all that is read is looked at here.
 */
import { isObject, object } from "./decode.ts";
import { TRIGGER_RULES } from "./names.ts";
import type { WorkflowSpec } from "./types.ts";

/** As the schema says (crds/workflows.yaml). */
const TASKS_MAX = 10_000;
const FINALLY_MAX = 100;

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isName: Check = (value) => typeof value === "string" && value !== "";
const isWhole: Check = (value) => Number.isSafeInteger(value);
const isFlag: Check = (value) => typeof value === "boolean";
const isAny: Check = (value) => value !== undefined;

const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.some((word) => word === value);

const listOf =
  (check: Check, max: number = TASKS_MAX): Check =>
  (value) =>
    Array.isArray(value) && value.length <= max && value.every(check);

const mapOf =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).every(check);

/** Fields with a "!" must be there. Those not named may hold anything: they are only passed on to the API server. */
function shape(fields: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(fields).map(([name, check]) => {
    const isNeeded = name.endsWith("!");
    return { field: isNeeded ? name.slice(0, -1) : name, isNeeded, check };
  });
  return (value) =>
    isObject(value) &&
    checks.every(({ field, isNeeded, check }) => {
      const found = Object.hasOwn(value, field) ? value[field] : undefined;
      return found === undefined ? !isNeeded : check(found);
    });
}

const isParam = shape({ "name!": isName, description: isText, default: isText, enum: listOf(isText) });
const isTemplate = shape({ metadata: isObject, spec: isObject });
const isForEach = shape({
  items: listOf(isAny),
  matrix: mapOf(listOf(isText)),
  range: shape({ start: isWhole, "end!": isWhole, step: isWhole }),
  result: isText,
  maxParallel: isWhole,
});

/** What a task and the defaults of tasks have in common. */
const POD_FIELDS: Readonly<Record<string, Check>> = {
  template: isTemplate,
  podTemplateRef: shape({ "name!": isName }),
  retry: isObject,
};

const FINALLY_FIELDS: Readonly<Record<string, Check>> = {
  ...POD_FIELDS,
  "name!": isName,
  when: isText,
  forEach: isForEach,
  workflowRef: shape({ "name!": isName, params: mapOf(isText) }),
  results: listOf(shape({ "name!": isName })),
};

const isFinally = shape(FINALLY_FIELDS);
const isTask = shape({
  ...FINALLY_FIELDS,
  dependsOn: listOf(isName),
  triggerRule: oneOf(...TRIGGER_RULES),
});

const isDefinition = shape({
  "tasks!": listOf(isTask),
  finally: listOf(isFinally, FINALLY_MAX),
  params: listOf(isParam),
  taskDefaults: shape(POD_FIELDS),
  maxParallelTasks: isWhole,
  onFailure: oneOf("Continue", "FailFast"),
  activeDeadlineSeconds: isWhole,
  run: oneOf("OnApply", "Manual"),
  suspend: isFlag,
  history: shape({ succeeded: isWhole, failed: isWhole }),
});

/**
 * The spec of a Workflow, frozen with all that is in it, from the whole object: a Workflow's spec, or data.spec of a
 * ControllerRevision. undefined: it is none that can be worked by.
 */
export function definitionOf(value: unknown): WorkflowSpec | undefined {
  const raw = object(value);
  const spec = isObject(raw["data"]) ? raw["data"]["spec"] : raw["spec"];
  if (!isDefinition(spec)) return undefined;
  freezeAll(spec);
  // oxlint-disable-next-line typescript/consistent-type-assertions -- all that is read of it has just been looked at
  return spec as WorkflowSpec;
}

/** Without recursion: templates may nest deeper than the stack. */
function freezeAll(value: unknown): void {
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== "object" || next === null) continue;
    Object.freeze(next);
    for (const part of Object.values(next)) left.push(part);
  }
}
