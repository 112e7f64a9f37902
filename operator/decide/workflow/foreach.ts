/** The parts of a mapped task: how many there are, and the element of each, made when it is asked for. */
import { TaskReason } from "../../api/names.ts";
import { shallow, MAX_DEPTH } from "../templateerror.ts";
import { TASKS_MAX } from "./model.ts";
import type { TaskSpec } from "./model.ts";
import { mayRefer, parseText, textOf } from "./references.ts";
import type { Reference } from "./references.ts";
import { substitute } from "./substitute.ts";
import type { Facts } from "./substitute.ts";
import { shown } from "./words.ts";

export type ForEach = NonNullable<TaskSpec["forEach"]>;
type Range = NonNullable<ForEach["range"]>;

export interface Parts {
  readonly total: number;
  /** Of part 0 to total - 1; undefined for others. */
  itemAt(part: number): unknown;
}

export interface PartsProblem {
  readonly reason: "InvalidForEach" | "MissingInput" | "InputTooLarge" | "TooManyParts";
  readonly message: string;
}
export type Expansion = Parts | { readonly problem: PartsProblem };

/** The parts of a list that is given in the definition, or by the result of another task. Never throws. */
export function expand(forEach: ForEach, facts: Facts): Expansion {
  const kinds = listsOf(forEach);
  if (kinds.length !== 1) return invalid(`forEach needs exactly one of items, matrix, range and result`);
  const { items, matrix, range, result } = forEach;
  if (Array.isArray(items)) return partsOfItems(items, facts);
  if (matrix !== undefined) return partsOfMatrix(matrix, facts);
  if (range !== undefined) return partsOfRange(range);
  return partsOfResult(result, facts);
}

/** How many parts a list in the definition has; undefined for a result, or for what is no list. */
export function staticTotal(forEach: ForEach): number | undefined {
  if (listsOf(forEach).length !== 1) return undefined;
  const { items, matrix, range } = forEach;
  if (Array.isArray(items)) return items.length;
  if (matrix !== undefined) return combinations(Object.values(matrix));
  return range === undefined ? undefined : rangeTotal(range);
}

/** Which of the lists are given. */
export function listsOf(forEach: ForEach): readonly ("items" | "matrix" | "range" | "result")[] {
  return (["items", "matrix", "range", "result"] as const).filter((kind) => forEach[kind] !== undefined);
}

/** The reference to a result that is all there is in forEach.result; undefined for any other text. */
export function resultReference(text: unknown): (Reference & { readonly kind: "result" }) | undefined {
  if (typeof text !== "string") return undefined;
  const parsed = parseText(text);
  const only = "pieces" in parsed && parsed.pieces.length === 1 ? parsed.pieces[0] : undefined;
  return typeof only === "object" && only.kind === "result" ? only : undefined;
}

function partsOfItems(items: readonly unknown[], facts: Facts): Expansion {
  if (items.length > TASKS_MAX) return tooMany(items.length);
  const variable = new Set<number>();
  for (const [index, item] of items.entries()) {
    if (!mayRefer(item)) continue;
    variable.add(index);
    // A param can make an element too large; the elements are not kept, for together they may be.
    const made = substitute(item, facts, `forEach.items[${index}]`);
    if ("problem" in made) return made;
  }
  return {
    total: items.length,
    itemAt: (part) => {
      const made = variable.has(part) ? substitute(items[part], facts) : { value: items[part] };
      return "value" in made ? made.value : undefined;
    },
  };
}

function partsOfMatrix(matrix: NonNullable<ForEach["matrix"]>, facts: Facts): Expansion {
  const lists: { readonly key: string; readonly values: readonly unknown[] }[] = [];
  // By UTF-16 units, which is the same everywhere.
  for (const key of Object.keys(matrix).toSorted((a, b) => (a < b ? -1 : 1))) {
    const made = substitute(matrix[key], facts, `forEach.matrix.${shown(key)}`);
    if ("problem" in made) return made;
    if (!Array.isArray(made.value)) return invalid(`forEach.matrix.${shown(key)} is no list`);
    lists.push({ key, values: made.value as readonly unknown[] });
  }
  const total = combinations(lists.map(({ values }) => values));
  if (total > TASKS_MAX) return tooMany(total);
  return { total, itemAt: (part) => (isPart(part, total) ? combination(lists, part) : undefined) };
}

function combinations(lists: readonly (readonly unknown[])[]): number {
  return lists.length === 0 ? 0 : lists.reduce((product, values) => product * values.length, 1);
}

/** Counts as digits do: the last key is the lowest digit. */
function combination(
  lists: readonly { readonly key: string; readonly values: readonly unknown[] }[],
  part: number,
): Readonly<Record<string, unknown>> {
  const fields: [string, unknown][] = [];
  let rest = part;
  for (const { key, values } of lists.toReversed()) {
    fields.push([key, values[rest % values.length]]);
    rest = Math.floor(rest / values.length);
  }
  return Object.fromEntries(fields.toReversed());
}

function partsOfRange(range: Range): Expansion {
  const { start = 0, end, step = 1 } = range;
  const whole = [start, end, step].every(Number.isSafeInteger);
  if (!whole || step < 1)
    return invalid("forEach.range needs whole numbers for start and end, and a step of at least 1");
  const total = rangeTotal(range);
  if (total > TASKS_MAX) return tooMany(total);
  return { total, itemAt: (part) => (isPart(part, total) ? start + part * step : undefined) };
}

function rangeTotal({ start = 0, end, step = 1 }: Range): number {
  return Math.max(0, Math.ceil((end - start) / step));
}

function partsOfResult(text: unknown, facts: Facts): Expansion {
  const reference = resultReference(text);
  if (reference === undefined)
    return invalid("forEach.result must be one reference, such as $(tasks.list.results.files)");
  const value = facts.result(reference.task, reference.result);
  const name = textOf(reference);
  if (typeof value !== "string")
    return {
      problem: { reason: TaskReason.MissingInput, message: `forEach.result: there is no ${name}: ${value.missing}` },
    };
  const list = jsonIn(value);
  if (!Array.isArray(list))
    return invalid(`${name} must be a JSON array, such as ["a", "b"], is ${value === "" ? "empty" : shown(value)}`);
  if (list.length > TASKS_MAX) return tooMany(list.length);
  if (!shallow(list)) return invalid(`${name} is nested more than ${MAX_DEPTH} levels deep`);
  const items: readonly unknown[] = list;
  return { total: items.length, itemAt: (part) => items[part] };
}

function jsonIn(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function isPart(part: number, total: number): boolean {
  return Number.isInteger(part) && part >= 0 && part < total;
}

function invalid(message: string): { readonly problem: PartsProblem } {
  return { problem: { reason: TaskReason.InvalidForEach, message } };
}

function tooMany(total: number): { readonly problem: PartsProblem } {
  const message = `forEach comes to ${total} parts; a run has at most ${TASKS_MAX} tasks and parts. Let each part do more`;
  return { problem: { reason: TaskReason.TooManyParts, message } };
}
