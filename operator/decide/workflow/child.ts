/** What a run makes for one slot: the TaskRun of a task, or the WorkflowRun of a sub-workflow. */
import { isObject, object } from "../../api/decode.ts";
import type { Json } from "../../api/decode.ts";
import { API_VERSION, Annotation, Label, MANAGED_BY, TaskReason } from "../../api/names.ts";
import type { WorkflowRunRecord } from "../../api/records.ts";
import type { WorkflowSpec } from "../../api/types.ts";
import { labelValue } from "../childname.ts";
import { controllerReference } from "../ownerreference.ts";
import { mergeTemplates } from "../template.ts";
import { MAX_DEPTH, TemplateError, shallow } from "../templateerror.ts";
import type { FinallySpec, TaskSpec } from "./model.ts";
import { childName } from "./names.ts";

export interface ChildWish {
  readonly run: WorkflowRunRecord;
  /** Of the definition. */
  readonly taskDefaults: WorkflowSpec["taskDefaults"];
  readonly spec: TaskSpec | FinallySpec;
  /** Of a part of a mapped task. */
  readonly index?: number | undefined;
  /** How many retries of the run there were. */
  readonly round: number;
  /** RFC 3339; both ends are the run's creation where it has none. */
  readonly dataInterval: { readonly start: string; readonly end: string };
  /** Of this definition; empty at first. */
  readonly merged: MergedSpecs;
}

/** What the tasks of a definition come to with its taskDefaults: made once for all the parts of a task. */
export type MergedSpecs = Map<TaskSpec | FinallySpec, MergedSpec>;
export type MergedSpec = { readonly spec: Json } | Refused;

export interface Refused {
  readonly problem: { readonly reason: TaskReason; readonly message: string };
}

/** A copy of the value with $(...) replaced in its texts; `path` is what it is called in messages. */
export type Substitute = (value: unknown, path: string) => { readonly value: unknown } | Refused;

export type Child = { readonly manifest: Json } | Refused;

/** The schema's bound on a value of spec.params, in code points. */
const PARAM_CHARS = 4096;

/** What a task takes from taskDefaults where it does not say it itself; an object field by field, a list as a whole. */
export const SHARED_FIELDS = [
  "podTemplateRef",
  "retry",
  "activeDeadlineSeconds",
  "attemptDeadlineSeconds",
  "startDeadlineSeconds",
  "onUnknownFate",
  "podRetention",
] as const;

export function taskRunManifest(wish: ChildWish, substitute: Substitute): Child {
  const merged = mergedSpec(wish);
  if ("problem" in merged) return merged;
  const made = substituted(merged.spec, substitute);
  if ("problem" in made) return made;
  const annotations = {
    [Annotation.DataIntervalStart]: wish.dataInterval.start,
    [Annotation.DataIntervalEnd]: wish.dataInterval.end,
  };
  return {
    manifest: {
      apiVersion: API_VERSION,
      kind: "TaskRun",
      metadata: { ...metadataOf(wish), annotations },
      // A run works by one definition; what is to run again is made again.
      spec: { ...made.spec, rerun: "Never" },
    },
  };
}

/** `spec.workflowRef` of the task must be given. */
export function childRunManifest(wish: ChildWish, substitute: Substitute): Child {
  const { run, spec, dataInterval } = wish;
  const params = substitute(spec.workflowRef?.params ?? {}, "workflowRef.params");
  if ("problem" in params) return params;
  const long = Object.entries(object(params.value)).find(([, value]) => isTooLong(value));
  if (long !== undefined) {
    const message = `workflowRef.params.${long[0]}: the value has more than ${PARAM_CHARS} characters, too many for a param`;
    return { problem: { reason: TaskReason.InputTooLarge, message } };
  }
  return {
    manifest: {
      apiVersion: API_VERSION,
      kind: "WorkflowRun",
      metadata: { ...metadataOf(wish), annotations: { [Annotation.Depth]: String(run.depth + 1) } },
      spec: {
        workflowRef: { name: spec.workflowRef?.name },
        ...(spec.workflowRef?.params && { params: params.value }),
        // The same span of data, also where the run's is the moment of its creation.
        dataInterval: { ...dataInterval },
      },
    },
  };
}

function metadataOf({ run, spec, index, round }: ChildWish): Json {
  return {
    name: childName(run.name, spec.name, index, round),
    namespace: run.namespace,
    labels: {
      [Label.Workflow]: labelValue(run.spec.workflowRef.name),
      [Label.WorkflowRun]: labelValue(run.name),
      [Label.Task]: spec.name,
      ...(index !== undefined && { [Label.Index]: String(index) }),
      ...(round > 0 && { [Label.Round]: String(round) }),
      [Label.ManagedBy]: MANAGED_BY,
    },
    ownerReferences: [controllerReference("WorkflowRun", run)],
  };
}

function substituted(spec: Json, substitute: Substitute): MergedSpec {
  const { template, podTemplateRef } = spec;
  const made: Record<string, unknown> = { ...spec };
  if (podTemplateRef !== undefined) {
    const ref = substitute(podTemplateRef, "podTemplateRef");
    if ("problem" in ref) return ref;
    made["podTemplateRef"] = ref.value;
  }
  if (template === undefined) return { spec: made };
  const pod = substitute(template, "template");
  if ("problem" in pod) return pod;
  made["template"] = pod.value;
  return { spec: made };
}

/** The spec of a TaskRun, before $(...) is replaced. */
function mergedSpec({ spec, index, taskDefaults, merged }: ChildWish): MergedSpec {
  const known = merged.get(spec);
  if (known !== undefined) return known;
  const made = merge(object(taskDefaults), spec);
  // Merged once for all the parts of a task; what has no parts is merged once anyway, and need not be kept.
  if (index !== undefined) merged.set(spec, made);
  return made;
}

function merge(defaults: Json, task: TaskSpec | FinallySpec): MergedSpec {
  try {
    const own: Json = { ...task };
    const template = mergedTemplate(defaults["template"], own["template"]);
    const fields = SHARED_FIELDS.map((field) => [field, mergedField(defaults[field], own[field])] as const);
    const { results } = task;
    return {
      spec: Object.fromEntries(
        [...fields, ["results", results], ["template", template]].filter(([, value]) => value !== undefined),
      ),
    };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return { problem: { reason: TaskReason.InvalidTemplate, message: error.message } };
  }
}

/** One alone stays as it is, with directives for the templates below it. @throws TemplateError */
function mergedTemplate(below: unknown, own: unknown): unknown {
  if (isObject(below) && isObject(own)) return mergedOver(below, own);
  const only = own ?? below;
  // A JSON writer might not survive it.
  if (!shallow(only)) throw new TemplateError(`template: nested more than ${MAX_DEPTH} levels deep, which no pod is`);
  return only;
}

/** @throws TemplateError */
function mergedOver(below: Json, own: Json): Json {
  try {
    return mergeTemplates(below, own);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new TemplateError(`template, merged over taskDefaults.template: ${error.message}`);
  }
}

function mergedField(below: unknown, own: unknown): unknown {
  if (!isObject(below) || !isObject(own)) return own ?? below;
  const keys = new Set([...Object.keys(below), ...Object.keys(own)]);
  return Object.fromEntries([...keys].map((key) => [key, mergedField(below[key], own[key])]));
}

function isTooLong(value: unknown): boolean {
  return typeof value === "string" && value.length > PARAM_CHARS && Array.from(value).length > PARAM_CHARS;
}
