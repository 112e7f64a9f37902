/** References in the texts of a value are replaced, once: what was put in is never looked at again. */
import { isObject } from "../../api/decode.ts";
import { TaskReason } from "../../api/names.ts";
import { shallow } from "../templateerror.ts";
import { parseText, textOf } from "./references.ts";
import type { Reference } from "./references.ts";
import { isLongerThan, keyPath, quoted } from "./words.ts";

/** What references stand for in one place of one run. undefined is not there. */
export interface Facts {
  param(name: string): string | undefined;
  /** The element of this part of a mapped task. */
  item(): unknown;
  index(): number | undefined;
  /** missing: a sentence that says why there is none. */
  result(task: string, result: string): string | { readonly missing: string };
  status(task: string): string | undefined;
  run(field: string): string | undefined;
}

export interface InputProblem {
  readonly reason: typeof TaskReason.MissingInput | typeof TaskReason.InputTooLarge;
  readonly message: string;
}

/**
 * Where Kubernetes looks at a text once more, for $(VAR) and for $$ (api/core/v1, Container and EnvVar): there every $ of a value
 * is doubled, or a value could read another variable of its container.
 */
const LOOKED_AT_AGAIN =
  /^template\.spec\.(?:initContainers|containers)\[\d+\]\.(?:(?:command|args)\[\d+\]|env\[\d+\]\.value|volumeMounts\[\d+\]\.subPathExpr)$/;

/** An argument or variable of a program has 128 KiB at most, its name included (Linux, MAX_ARG_STRLEN). */
export const VALUE_BYTES_MAX: number = 128 * 1024;
/** etcd takes objects of 1.5 MiB; half of that in UTF-16 units, so that values of many bytes per unit fit beside the template. */
const TOTAL_CHARS_MAX = 768 * 1024;

/**
 * A copy of a JSON value with every reference in its texts replaced; keys and what is no text stay as they are. The copy shares
 * nothing with the input that it changes. `path` is what the value is called in messages.
 */
export function substitute(
  value: unknown,
  facts: Facts,
  path: string = "",
): { readonly value: unknown } | { readonly problem: InputProblem } {
  const root = { value };
  const todo: Place[] = [{ holder: root, key: "value", path }];
  let chars = 0;
  for (let place = todo.pop(); place !== undefined; place = todo.pop()) {
    const found: unknown = Reflect.get(place.holder, place.key);
    if (typeof found === "string" && found.includes("$(")) {
      const text = substituteText(found, facts, place.path);
      if (typeof text !== "string") return { problem: text };
      chars += text.length;
      if (chars > TOTAL_CHARS_MAX) return { problem: tooLargeInAll(place.path) };
      Reflect.set(place.holder, place.key, text);
    } else if (typeof found === "object" && found !== null) {
      // A spread copies an own field called __proto__ like any other, and setting it then changes that field only.
      const copy = Array.isArray(found) ? [...(found as readonly unknown[])] : { ...found };
      Reflect.set(place.holder, place.key, copy);
      todo.push(...placesIn(copy, place.path));
    }
  }
  return root;
}

/** Where a value stands. */
interface Place {
  readonly holder: object;
  readonly key: string;
  readonly path: string;
}

/** The last first, as a stack wants them. */
function placesIn(holder: object, path: string): readonly Place[] {
  const inList = Array.isArray(holder);
  const keys = Object.keys(holder).toReversed();
  return keys.map((key) => ({ holder, key, path: inList ? `${path}[${key}]` : keyPath(path, key) }));
}

function substituteText(text: string, facts: Facts, path: string): string | InputProblem {
  const parsed = parseText(text);
  if ("problem" in parsed) return { reason: TaskReason.MissingInput, message: `${path}: ${parsed.problem}` };
  const isLookedAtAgain = LOOKED_AT_AGAIN.test(path);
  let out = "";
  let last: Reference | undefined;
  for (const piece of parsed.pieces) {
    const value = typeof piece === "string" ? piece : valueOf(piece, facts);
    if (typeof value !== "string") return { reason: TaskReason.MissingInput, message: `${path}: ${value.missing}` };
    if (typeof piece !== "string") last = piece;
    out += typeof piece !== "string" && isLookedAtAgain ? value.replaceAll("$", () => "$$") : value;
    if (last !== undefined && isLongerThan(VALUE_BYTES_MAX, out)) return tooLarge(path, last);
  }
  return out;
}

function tooLarge(path: string, reference: Reference): InputProblem {
  const limit = `${VALUE_BYTES_MAX / 1024} KiB, the most a program can be given in one text`;
  const way = "keep large data in a file or a bucket and hand over its name";
  return {
    reason: TaskReason.InputTooLarge,
    message: `${path}: with ${textOf(reference)} the text is longer than ${limit}; ${way}`,
  };
}

function tooLargeInAll(path: string): InputProblem {
  const message = `${path}: with this text the references come to more than the API server keeps in one object; hand over less`;
  return { reason: TaskReason.InputTooLarge, message };
}

function valueOf(reference: Reference, facts: Facts): string | { readonly missing: string } {
  switch (reference.kind) {
    case "param":
      return facts.param(reference.name) ?? absent(reference, "the run has no such param");
    case "item":
      return itemValue(reference.key, facts);
    case "index":
      return facts.index()?.toString() ?? absent(reference, "the task has no forEach");
    case "result": {
      const result = facts.result(reference.task, reference.result);
      return typeof result === "string" ? result : absent(reference, result.missing);
    }
    case "status":
      return facts.status(reference.task) ?? absent(reference, "the run has no such task");
    case "run":
      return facts.run(reference.field) ?? absent(reference, "the run has no such value");
  }
}

function absent(reference: Reference, why: string): { readonly missing: string } {
  return { missing: `there is no ${textOf(reference)}: ${why}` };
}

function itemValue(key: string | undefined, facts: Facts): string | { readonly missing: string } {
  const reference: Reference = key === undefined ? { kind: "item" } : { kind: "item", key };
  const item = facts.item();
  if (item === undefined) return absent(reference, "the task has no forEach");
  if (key === undefined) return asText(item) ?? absent(reference, "the element is nested too deep");
  const which = `element ${facts.index() ?? ""}`.trimEnd();
  if (!isObject(item)) return absent(reference, `${which} of forEach is no object`);
  if (!Object.hasOwn(item, key)) return absent(reference, `${which} of forEach has no field ${quoted(key)}`);
  return asText(item[key]) ?? absent(reference, "the field is nested too deep");
}

/** A text as it is, everything else as JSON; undefined for what a JSON writer might not survive. */
function asText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return shallow(value) ? JSON.stringify(value) : undefined;
}
