/** The section `defaults` of the configuration file: what TaskRuns get that do not say it themselves. */
import { isObject } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import { NO_DEFAULTS } from "../api/defaults.ts";
import type { Defaults } from "../api/defaults.ts";
import { mergeTemplates } from "../decide/template.ts";
import { MAX_DEPTH, TemplateError, shallow } from "../decide/templateerror.ts";
import { suggest } from "./suggest.ts";

/** The value if it is right. What is wrong goes to `problems`, with its path and what would be right. */
type Reader<T> = (value: unknown, path: string, problems: string[]) => T | undefined;
type Retry = NonNullable<Defaults["retry"]>;
type Backoff = NonNullable<Retry["backoff"]>;

/** The schema's bounds and choices (crds/taskruns.yaml); the test compares them. */
const backoff = fields<Backoff>({
  initialSeconds: whole(0, 86_400),
  factor: whole(1, 10),
  maxSeconds: whole(0, 86_400),
});
const retry = fields<Retry>({ limit: whole(0, 100), infrastructureLimit: whole(0, 100), backoff: orderly(backoff) });
const defaults = fields<Defaults>({
  podTemplate,
  retry,
  activeDeadlineSeconds: whole(1, 31_536_000),
  attemptDeadlineSeconds: whole(1, 31_536_000),
  startDeadlineSeconds: whole(1, 31_536_000),
  podRetention: oneOf("Always", "OnFailure", "Never"),
  ttlSecondsAfterFinished: whole(0, 315_360_000),
});

/** What applies where the file is silent, as the schema says. */
const INITIAL_SECONDS = 10;
const MAX_SECONDS = 300;

/** Frozen, whatever is in it; `where` begins each problem's path. Nothing at all is a section without defaults. */
export function readDefaults(section: unknown, where: string, problems: string[]): Defaults {
  if (section === undefined || section === null) return NO_DEFAULTS;
  return deepFreeze(defaults(section, where, problems) ?? NO_DEFAULTS);
}

function fields<T extends object>(readers: { readonly [K in keyof T]-?: Reader<NonNullable<T[K]>> }): Reader<T> {
  const known: ReadonlyMap<string, Reader<unknown>> = new Map(Object.entries<Reader<unknown>>(readers));
  return (value, path, problems) => {
    if (!isObject(value)) {
      problems.push(`${path}: must hold keys and values: ${[...known.keys()].join(", ")}`);
      return undefined;
    }
    const read = Object.entries(value).flatMap(([key, item]): [string, unknown][] => {
      const reader = known.get(key);
      if (reader === undefined)
        problems.push(`${path}.${key}: there is no such key${suggest(key, [...known.keys()], "")}`);
      // A key without a value is as if it were not there.
      if (reader === undefined || item === null) return [];
      const got = reader(item, `${path}.${key}`, problems);
      return got === undefined ? [] : [[key, got]];
    });
    // oxlint-disable-next-line typescript/consistent-type-assertions -- each value came from the reader of its key
    return Object.fromEntries(read) as T;
  };
}

function whole(min: number, max: number): Reader<number> {
  return (value, path, problems) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    problems.push(`${path}: must be a whole number from ${min} to ${max}, is ${shown(value)}`);
    return undefined;
  };
}

function oneOf<T extends string>(...choices: readonly T[]): Reader<T> {
  return (value, path, problems) => {
    const choice = choices.find((one) => one === value);
    if (choice === undefined) problems.push(`${path}: choose one of ${choices.join(", ")}, is ${shown(value)}`);
    return choice;
  };
}

/** The longest pause is no shorter than the first; the file may say one of the two only. */
function orderly(reader: Reader<Backoff>): Reader<Backoff> {
  return (value, path, problems) => {
    const got = reader(value, path, problems);
    const { initialSeconds = INITIAL_SECONDS, maxSeconds = MAX_SECONDS } = got ?? {};
    if (maxSeconds >= initialSeconds) return got;
    const unlessGiven = `unless given they are ${INITIAL_SECONDS} and ${MAX_SECONDS}`;
    const found = `which is ${initialSeconds} here, is ${maxSeconds}; ${unlessGiven}`;
    problems.push(`${path}.maxSeconds: must be at least initialSeconds, ${found}`);
    return undefined;
  };
}

/** What the pod template lacks to be merged is found here, and not in every TaskRun. */
function podTemplate(value: unknown, path: string, problems: string[]): Json | undefined {
  if (!isObject(value)) {
    problems.push(`${path}: must be an object with metadata and spec, as the template of a Job`);
    return undefined;
  }
  if (!shallow(value)) {
    problems.push(`${path}: is nested more than ${MAX_DEPTH} levels deep, which no pod is`);
    return undefined;
  }
  const before = problems.length;
  for (const key of Object.keys(value)) {
    if (key === "metadata" || key === "spec") continue;
    problems.push(`${path}.${key}: there is no such key${suggest(key, ["metadata", "spec"], "")}`);
  }
  for (const key of ["metadata", "spec"]) {
    const part = value[key];
    if (part !== undefined && part !== null && !isObject(part))
      problems.push(`${path}.${key}: must hold keys and values`);
  }
  checkPlain(value, path, problems);
  if (problems.length === before) checkMerge(value, path, problems);
  return problems.length > before ? undefined : value;
}

/** YAML knows dates and numbers that JSON does not. */
function checkPlain(value: unknown, path: string, problems: string[]): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkPlain(item, `${path}[${index}]`, problems);
  } else if (isObject(value) && Object.getPrototypeOf(value) === Object.prototype) {
    for (const [key, item] of Object.entries(value)) checkPlain(item, `${path}.${key}`, problems);
  } else if (value !== null && !["string", "boolean"].includes(typeof value) && !Number.isFinite(value)) {
    problems.push(`${path}: must be text, a number, true or false; quote it if it is text`);
  }
}

/** Merged over itself it meets everything that it will meet when a TaskRun has the same lists. */
function checkMerge(template: Json, path: string, problems: string[]): void {
  try {
    const merged = mergeTemplates({}, template);
    mergeTemplates(merged, merged);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    problems.push(`${path}: ${error.message}`);
  }
}

function shown(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (Array.isArray(value)) return "a list";
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "an object";
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}
