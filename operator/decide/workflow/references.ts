/**
 * References in the texts of a workflow: $(params.x), $(item), $(item.key), $(index), $(tasks.t.results.r), $(tasks.t.status) and
 * $(run.field). Only a text that begins like one of them is ours; $(VAR) and $$(VAR) are Kubernetes' own. One $ more makes ours a
 * literal: $$(params.x) stands for the text $(params.x).
 */
import { MAX_DEPTH } from "../templateerror.ts";
import { didYouMean } from "./didyoumean.ts";
import { keyPath, shown } from "./words.ts";

/** What $(run.FIELD) can name. */
export const RUN_FIELDS = [
  "name",
  "namespace",
  "uid",
  "ds",
  "dsNodash",
  "ts",
  "dataIntervalStart",
  "dataIntervalEnd",
  "params",
  "status",
] as const;
export type RunField = (typeof RUN_FIELDS)[number];

export type Reference =
  | { readonly kind: "param"; readonly name: string }
  | { readonly kind: "item"; readonly key?: string }
  | { readonly kind: "index" }
  | { readonly kind: "result"; readonly task: string; readonly result: string }
  | { readonly kind: "status"; readonly task: string }
  | { readonly kind: "run"; readonly field: string };

export type ParsedText = { readonly pieces: readonly (string | Reference)[] } | { readonly problem: string };

/** How ours begin. */
const BEGINNING = /\$\((?:params\.|item[.)]|index\)|tasks\.|run\.)/g;
/** A task and a result have 63 characters each at most, an item's key may be longer. */
const REFERENCE_CHARS_MAX = 300;
/** As the schema has them (crds/workflows.yaml). */
export const PARAM_NAME: RegExp = /^[A-Za-z_](?:[-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?$/;
export const TASK_NAME: RegExp = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const ITEM_KEY = /^[^()$]+$/;
const LITERAL = "to mean the text itself, write one $ more in front of it";

/**
 * A text cut at its references; no two neighbouring pieces are texts, and none is empty. What begins like a reference and is
 * none is a problem, in words. Takes time in proportion to the text.
 */
export function parseText(text: string): ParsedText {
  if (!text.includes("$(")) return { pieces: text === "" ? [] : [text] };
  const pieces: (string | Reference)[] = [];
  let literal = "";
  let done = 0;
  const beginning = new RegExp(BEGINNING);
  for (let found = beginning.exec(text); found !== null; found = beginning.exec(text)) {
    const at = found.index;
    if (at > done && text[at - 1] === "$") {
      literal += text.slice(done, at - 1);
      done = at;
      continue;
    }
    const end = text.slice(at, at + REFERENCE_CHARS_MAX).indexOf(")");
    if (end < 0) return { problem: `${shown(text.slice(at, at + 40))} is a reference without its ")"; ${LITERAL}` };
    const reference = parseReference(text.slice(at + 2, at + end));
    if (typeof reference === "string") return { problem: reference };
    literal += text.slice(done, at);
    if (literal !== "") pieces.push(literal);
    pieces.push(reference);
    literal = "";
    done = at + end + 1;
    beginning.lastIndex = done;
  }
  literal += text.slice(done);
  if (literal !== "") pieces.push(literal);
  return { pieces };
}

/** The reference as it is written. */
export function textOf(reference: Reference): string {
  switch (reference.kind) {
    case "param":
      return `$(params.${reference.name})`;
    case "item":
      return reference.key === undefined ? "$(item)" : `$(item.${reference.key})`;
    case "index":
      return "$(index)";
    case "result":
      return `$(tasks.${reference.task}.results.${reference.result})`;
    case "status":
      return `$(tasks.${reference.task}.status)`;
    case "run":
      return `$(run.${reference.field})`;
  }
}

/** What stands between the parentheses; a text is what is wrong with it. */
function parseReference(body: string): Reference | string {
  if (body === "item" || body === "index") return { kind: body };
  const dot = body.indexOf(".");
  const [kind, rest] = [body.slice(0, dot), body.slice(dot + 1)];
  if (kind === "item") return itemKey(rest);
  if (kind === "params") return param(rest);
  return kind === "run" ? runField(rest) : taskFact(rest);
}

function param(name: string): Reference | string {
  if (PARAM_NAME.test(name)) return { kind: "param", name };
  const rule = "a param's name has up to 63 letters, digits, - and _, beginning with a letter or _";
  return `${shown(`$(params.${name})`)} names no param: ${rule}; ${LITERAL}`;
}

function itemKey(key: string): Reference | string {
  if (ITEM_KEY.test(key)) return { kind: "item", key };
  return `${shown(`$(item.${key})`)} names no field of the element, as $(item.key) does; ${LITERAL}`;
}

function runField(name: string): Reference | string {
  const field = RUN_FIELDS.find((one) => one === name);
  if (field !== undefined) return { kind: "run", field };
  const meant = didYouMean(name, RUN_FIELDS);
  return `${shown(`$(run.${name})`)} is unknown${meant === "" ? `; a run has ${RUN_FIELDS.join(", ")}` : meant}`;
}

function taskFact(body: string): Reference | string {
  const [task = "", what, result, ...more] = body.split(".");
  if (TASK_NAME.test(task)) {
    if (what === "status" && result === undefined) return { kind: "status", task };
    const named = what === "results" && result !== undefined && PARAM_NAME.test(result);
    if (named && more.length === 0) return { kind: "result", task, result };
  }
  const right = "a task gives $(tasks.NAME.status) and $(tasks.NAME.results.RESULT)";
  return `${shown(`$(tasks.${body})`)} is unknown: ${right}; ${LITERAL}`;
}

/** A reference, or what is wrong with a text that looks like one, with the path of the text. */
export interface References {
  readonly references: readonly { readonly path: string; readonly reference: Reference }[];
  readonly problems: readonly { readonly path: string; readonly problem: string }[];
}

/**
 * All references in all texts of a JSON value, in its order; the keys of objects are not looked at. Never overflows: what lies
 * deeper than 100 levels is a problem and is not looked into.
 */
export function referencesIn(value: unknown, path: string): References {
  const references: { path: string; reference: Reference }[] = [];
  const problems: { path: string; problem: string }[] = [];
  for (const text of textsIn(value, path)) {
    if (text.value === undefined) {
      problems.push({ path, problem: `is nested more than ${MAX_DEPTH} levels deep, which no pod is` });
      continue;
    }
    const parsed = parseText(text.value);
    if ("problem" in parsed) problems.push({ path: text.path, problem: parsed.problem });
    else {
      for (const piece of parsed.pieces) {
        if (typeof piece !== "string") references.push({ path: text.path, reference: piece });
      }
    }
  }
  return { references, problems };
}

/** Whether a value has texts that substitute would change, or refuse. False is certain. */
export function mayRefer(value: unknown): boolean {
  return textsIn(value, "").length > 0;
}

interface FoundText {
  readonly path: string;
  /** undefined, once: there is something too deep to be looked at. */
  readonly value: string | undefined;
}

/** A value within another one. Its path is put together only where it is asked for: most texts have no reference. */
interface Place {
  readonly value: unknown;
  readonly above?: Place;
  readonly key: string | number;
  readonly depth: number;
}

/** Texts that can hold a reference. */
function textsIn(root: unknown, path: string): readonly FoundText[] {
  const found: FoundText[] = [];
  let tooDeep = false;
  const todo: Place[] = [{ value: root, key: path, depth: 0 }];
  for (let place = todo.pop(); place !== undefined; place = todo.pop()) {
    const { value, depth } = place;
    if (typeof value === "string") {
      if (value.includes("$(")) found.push({ path: pathOf(place), value });
    } else if (depth >= MAX_DEPTH) tooDeep ||= isNested(value);
    else if (isNested(value)) pushChildren(todo, value, place);
  }
  return tooDeep ? [...found, { path, value: undefined }] : found;
}

function isNested(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The last first, as a stack wants them; only what can hold a reference. */
function pushChildren(todo: Place[], value: object, above: Place): void {
  const depth = above.depth + 1;
  const push = (child: unknown, key: string | number): void => {
    if (isNested(child) || typeof child === "string") todo.push({ value: child, above, key, depth });
  };
  if (Array.isArray(value)) {
    for (let index = value.length - 1; index >= 0; index -= 1) push(value[index], index);
    return;
  }
  const fields = Object.entries(value);
  for (let index = fields.length - 1; index >= 0; index -= 1) push(fields[index]?.[1], fields[index]?.[0] ?? "");
}

function pathOf(place: Place): string {
  if (place.above === undefined) return String(place.key);
  const above = pathOf(place.above);
  return typeof place.key === "number" ? `${above}[${place.key}]` : keyPath(above, place.key);
}
