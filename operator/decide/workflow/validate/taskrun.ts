/**
 * What the API server would refuse in the TaskRun of a task, so that it is said when the Workflow is applied and not when the task
 * starts. crds/taskruns.yaml leads: each rule here is one of its x-kubernetes-validations, or a type that crds/workflows.yaml
 * leaves open. Paths begin below the task.
 */
import { isObject, list } from "../../../api/decode.ts";
import type { Json } from "../../../api/decode.ts";
import { bytesOf } from "../../taskrun/quantity.ts";
import { MAX_DEPTH, shallow } from "../../templateerror.ts";
import type { TaskSpec } from "../model.ts";
import { hasMoreCharsThan, keyPath, quoted } from "../words.ts";
import type { WorkflowProblem } from "./findings.ts";

export type Retry = NonNullable<TaskSpec["retry"]>;
type Backoff = NonNullable<Retry["backoff"]>;
type RetryRule = NonNullable<Retry["rules"]>[number];

const RETRY_INSTEAD = "how often a task is tried again is said under retry";
const CONTAINERS_MAX = 1000;
const METADATA_MAX = 1024;

/** Of a template alone, whatever it is merged with. */
export function templateProblems(template: Json, path: string): readonly WorkflowProblem[] {
  if (!shallow(template)) return [{ path, problem: `is nested more than ${MAX_DEPTH} levels deep, which no pod is` }];
  const spec = template["spec"];
  const metadata = template["metadata"];
  return [
    ...(isObject(metadata) ? metadataProblems(metadata, `${path}.metadata`) : []),
    ...(isObject(spec) ? podProblems(spec, `${path}.spec`) : []),
  ];
}

/** null takes away what a template below gives. */
function isLeftOut(value: unknown): boolean {
  return value === undefined || value === null;
}

const LABEL_CHARS_MAX = 63;
const ANNOTATION_CHARS_MAX = 262_144;

function metadataProblems(metadata: Json, path: string): readonly WorkflowProblem[] {
  return [
    ...textsProblems(metadata["labels"], `${path}.labels`, LABEL_CHARS_MAX),
    ...textsProblems(metadata["annotations"], `${path}.annotations`, ANNOTATION_CHARS_MAX),
  ];
}

function textsProblems(value: unknown, path: string, charsMax: number): readonly WorkflowProblem[] {
  if (isLeftOut(value)) return [];
  if (!isObject(value)) return [{ path, problem: "must be an object of texts" }];
  const entries = Object.entries(value);
  if (entries.length > METADATA_MAX) return [{ path, problem: `must have at most ${METADATA_MAX} fields` }];
  return entries.flatMap(([key, one]) => {
    if (isLeftOut(one)) return [];
    if (typeof one !== "string") return [{ path: keyPath(path, key), problem: "must be a text; put it in quotes" }];
    // What a reference stands for may be shorter.
    if (!hasMoreCharsThan(charsMax, one) || one.includes("$(")) return [];
    return [{ path: keyPath(path, key), problem: `must have at most ${charsMax} characters` }];
  });
}

function podProblems(spec: Json, path: string): readonly WorkflowProblem[] {
  return [
    ...restartProblem(spec["restartPolicy"], ["Never"], `${path}.restartPolicy`),
    ...containersProblems(spec["containers"], ["Never"], `${path}.containers`),
    ...containersProblems(spec["initContainers"], ["Always", "Never"], `${path}.initContainers`),
  ];
}

function containersProblems(value: unknown, policies: readonly string[], path: string): readonly WorkflowProblem[] {
  if (isLeftOut(value)) return [];
  if (!Array.isArray(value)) return [{ path, problem: "must be a list of containers" }];
  if (value.length > CONTAINERS_MAX) return [{ path, problem: `must have at most ${CONTAINERS_MAX} containers` }];
  return list(value).flatMap((container, index) => {
    const at = `${path}[${index}]`;
    if (!isObject(container)) return [{ path: at, problem: "must be an object, a container" }];
    return [
      ...restartProblem(container["restartPolicy"], policies, `${at}.restartPolicy`),
      ...restartRulesProblem(container["restartPolicyRules"], `${at}.restartPolicyRules`),
    ];
  });
}

function restartProblem(value: unknown, policies: readonly string[], path: string): readonly WorkflowProblem[] {
  if (isLeftOut(value) || policies.some((policy) => policy === value)) return [];
  const right = policies.includes("Always") ? "Always (a sidecar) or left out" : "Never or left out";
  return [{ path, problem: `must be ${right}; ${RETRY_INSTEAD}` }];
}

function restartRulesProblem(value: unknown, path: string): readonly WorkflowProblem[] {
  if (isLeftOut(value)) return [];
  if (Array.isArray(value) && value.length === 0) return [];
  return [
    { path, problem: `must be left out; a container of a task does not start again by itself; ${RETRY_INSTEAD}` },
  ];
}

/** A PodTemplate's name (DNS-1123 subdomain). */
const OBJECT_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** A name without references. */
export function objectNameProblem(name: string): string | undefined {
  if (OBJECT_NAME.test(name)) return undefined;
  const form = "lowercase letters, digits, - and ., with a letter or digit at both ends and beside each dot";
  return `must be the name of an object, which is ${form}, is ${quoted(name)}`;
}

/** Of retry as a whole, after merging. */
export function retryProblems(retry: Retry, path: string): readonly WorkflowProblem[] {
  const backoff = retry.backoff === undefined ? [] : backoffProblems(retry.backoff, `${path}.backoff`);
  const rules = (retry.rules ?? []).flatMap((rule, index) => ruleProblems(rule, `${path}.rules[${index}]`));
  return [...backoff, ...rules];
}

/** What counts where nothing is said, here or in the operator's configuration. */
const INITIAL_DEFAULT = 10;
const MAX_DEFAULT = 300;

function backoffProblems({ initialSeconds, maxSeconds }: Backoff, path: string): readonly WorkflowProblem[] {
  if (initialSeconds !== undefined && maxSeconds !== undefined) {
    if (maxSeconds >= initialSeconds) return [];
    return [{ path: `${path}.maxSeconds`, problem: `must be at least initialSeconds, which is ${initialSeconds}` }];
  }
  if (initialSeconds !== undefined && initialSeconds > MAX_DEFAULT) {
    const why = `because that is ${MAX_DEFAULT} unless given`;
    const problem = `above ${MAX_DEFAULT} it needs a maxSeconds beside it that is at least as long, ${why}`;
    return [{ path: `${path}.initialSeconds`, problem }];
  }
  if (maxSeconds !== undefined && maxSeconds < INITIAL_DEFAULT) {
    const why = `because that is ${INITIAL_DEFAULT} unless given`;
    const problem = `below ${INITIAL_DEFAULT} it needs an initialSeconds beside it that is at most as long, ${why}`;
    return [{ path: `${path}.maxSeconds`, problem }];
  }
  return [];
}

const MEMORY_FACTOR = /^(1[.]([1-9][0-9]{0,2}|0[1-9][0-9]?|00[1-9])|[2-9]([.][0-9]{1,3})?|10)$/;
const MEMORY_AMOUNT = /^[0-9]+([.][0-9]+)?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$/;
const MEMORY_LEAST_BYTES = 1_000_000;

function ruleProblems(rule: RetryRule, path: string): readonly WorkflowProblem[] {
  const { exitCodes, reasons, memory, action } = rule;
  const found: WorkflowProblem[] = [];
  const report = (field: string, problem: string): void => void found.push({ path: `${path}.${field}`, problem });
  if (exitCodes === undefined && reasons === undefined)
    report("reasons", "must be given, or exitCodes, to say which failures the rule is for");
  if (exitCodes !== undefined && reasons !== undefined)
    report("reasons", "cannot stand beside exitCodes; make two rules of it");
  if (memory === undefined) return found;
  if (action !== "Retry") report("memory", "is for the attempts that follow, so the rule's action must be Retry");
  if (reasons?.includes("OOMKilled") !== true)
    report("memory", "grows after OOMKilled only, so that must be among the rule's reasons");
  if (!MEMORY_FACTOR.test(memory.factor))
    report("memory.factor", "must be a decimal number above 1 and at most 10, with at most 3 decimals, such as 1.5");
  const { max } = memory;
  if (max !== undefined && !MEMORY_AMOUNT.test(max))
    report("memory.max", "must be an amount of memory with its unit, such as 512Mi or 16Gi");
  else if (max !== undefined && (bytesOf(max) ?? 0) < MEMORY_LEAST_BYTES)
    report("memory.max", "must be at least 1M; without a unit (Mi, Gi) it is a number of bytes");
  return found;
}

export interface Deadlines {
  readonly startDeadlineSeconds?: number;
  readonly attemptDeadlineSeconds?: number;
  readonly activeDeadlineSeconds?: number;
}

/** Each of a pair, the first at most the second. */
const DEADLINE_ORDER = [
  ["startDeadlineSeconds", "attemptDeadlineSeconds"],
  ["startDeadlineSeconds", "activeDeadlineSeconds"],
  ["attemptDeadlineSeconds", "activeDeadlineSeconds"],
] as const;

/**
 * Of deadlines as they are merged: `own` before `defaults`. Only pairs that `own` has a part in, and at the field it has; the others
 * are the defaults' own.
 */
export function deadlineProblems(own: Deadlines, defaults: Deadlines, path: string): readonly WorkflowProblem[] {
  return DEADLINE_ORDER.flatMap(([less, more]) => {
    const [least, most] = [own[less] ?? defaults[less], own[more] ?? defaults[more]];
    if (least === undefined || most === undefined || least <= most) return [];
    if (own[less] !== undefined) {
      const origin = own[more] === undefined ? ", from taskDefaults" : "";
      const problem = `must be at most ${more} (${most}${origin}), or it could never pass`;
      return [{ path: `${path}.${less}`, problem }];
    }
    if (own[more] === undefined) return [];
    const problem = `must be at least ${less} (${least}, from taskDefaults), or that could never pass`;
    return [{ path: `${path}.${more}`, problem }];
  });
}
