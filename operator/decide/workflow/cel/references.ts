/**
 * What an expression reads of its run. Each such place becomes a name of its own, so that the library never looks into a map of
 * names that users chose, and every reference is known before anything runs.
 */
import type { Expr } from "./library.ts";
import { ExpressionError, quoted, shortened } from "./problem.ts";
import { ACCUMULATOR } from "./make.ts";
import { partsOf } from "./tree.ts";

/** What an expression reads; decide/workflow/when.ts says more. */
export type Reference =
  | { readonly kind: "param"; readonly name: string }
  | { readonly kind: "status"; readonly task: string }
  | { readonly kind: "result"; readonly task: string; readonly result: string }
  | { readonly kind: "run"; readonly field: string };

/** Names no expression can write: the value of a reference, and whether it has one. */
export const valueName = (index: number): string => `@${index}`;
export const presenceName = (index: number): string => `@${index}?`;
export const isValueName = (name: string): boolean => /^@\d+$/.test(name);
export const isPresenceName = (name: string): boolean => /^@\d+\?$/.test(name);

/** Types as values, for type(x) == int. */
export const TYPE_NAMES: ReadonlySet<string> = new Set(
  "bool bytes double int list map null_type string type uint".split(" "),
);

const ROOTS: ReadonlySet<string> = new Set(["params", "tasks", "run"]);
const LOOKS_LIKE = "params.NAME, tasks.NAME.status, tasks.NAME.results.RESULT and run.FIELD can be read";

/** The text of each part of an expression may be read, or its presence asked for. */
interface Search {
  readonly found: Reference[];
  /** Index in `found` by the reference as text. */
  readonly known: Map<string, number>;
  readonly offsetOf: (id: bigint) => number | undefined;
}

/**
 * Puts names (valueName, presenceName) where references were, in the expression itself.
 * @returns every reference once; the index is that of its names
 * @throws ExpressionError for names that are unknown, incomplete or not known before the expression runs
 */
export function extractReferences(expr: Expr, offsetOf: (id: bigint) => number | undefined): readonly Reference[] {
  const search: Search = { found: [], known: new Map(), offsetOf };
  visit(expr, new Set(TYPE_NAMES), search);
  return search.found;
}

function visit(expr: Expr, names: ReadonlySet<string>, search: Search): void {
  const path = pathOf(expr);
  if (path === undefined) return visitParts(expr, names, search);
  const reference = referenceOf(path);
  const isField = expr.exprKind.case === "selectExpr" && expr.exprKind.value.testOnly;
  if (reference !== undefined) return rename(expr, reference, isField ? "presence" : "value", search);
  // Too long: part of it is a reference, and what is read of its text is told by the types.
  if (path.steps.length > 0 && !isIncomplete(path)) return visitParts(expr, names, search);
  throw new ExpressionError(incomplete(path), search.offsetOf(expr.id));
}

/** A chain of fields and indexes from params, tasks or run: tasks["a"].status. */
interface Path {
  readonly root: string;
  /** undefined: an index that is computed, or no text. */
  readonly steps: readonly (string | undefined)[];
}

function pathOf(expr: Expr): Path | undefined {
  const { exprKind } = expr;
  if (exprKind.case === "identExpr") {
    const { name } = exprKind.value;
    return ROOTS.has(name) ? { root: name, steps: [] } : undefined;
  }
  if (exprKind.case === "selectExpr") {
    const { operand, field } = exprKind.value;
    return extended(operand, field);
  }
  if (exprKind.case === "callExpr" && exprKind.value.function === "_[_]") {
    const [operand, index] = exprKind.value.args;
    return extended(operand, textOf(index));
  }
  return undefined;
}

function extended(operand: Expr | undefined, step: string | undefined): Path | undefined {
  const path = operand === undefined ? undefined : pathOf(operand);
  return path === undefined ? undefined : { root: path.root, steps: [...path.steps, step] };
}

function textOf(expr: Expr | undefined): string | undefined {
  if (expr?.exprKind.case !== "constExpr") return undefined;
  const { constantKind } = expr.exprKind.value;
  return constantKind.case === "stringValue" ? constantKind.value : undefined;
}

/** The reference that a path is from its first to its last step. */
function referenceOf({ root, steps }: Path): Reference | undefined {
  const [first, second, third, ...more] = steps;
  if (first === undefined || more.length > 0) return undefined;
  if (root !== "tasks") {
    if (steps.length > 1) return undefined;
    return root === "params" ? { kind: "param", name: first } : { kind: "run", field: first };
  }
  if (second === "status" && steps.length === 2) return { kind: "status", task: first };
  return second === "results" && third !== undefined ? { kind: "result", task: first, result: third } : undefined;
}

/** Whether no part of the path is a reference, so that what is read is unknown. */
function isIncomplete({ root, steps }: Path): boolean {
  return ![1, 2, 3].some((length) => referenceOf({ root, steps: steps.slice(0, length) }) !== undefined);
}

function incomplete({ root, steps }: Path): string {
  const [first, second] = steps;
  if (steps.includes(undefined)) {
    return `the index of ${root} is not a text in quotes: what an expression reads must be known before it runs`;
  }
  if (root !== "tasks" || first === undefined) return `${root} cannot be used as a whole: ${LOOKS_LIKE}`;
  const task = fieldPath("tasks", first);
  if (second === undefined)
    return `${task} cannot be used as a whole: it has ${task}.status and ${task}.results.RESULT`;
  if (second === "results") return `${task}.results cannot be used as a whole: name one, as in ${task}.results.RESULT`;
  return `${task} has no ${quoted(second)}: it has ${task}.status and ${task}.results.RESULT`;
}

/** As it is written: by a dot where the name allows it. */
function fieldPath(root: string, name: string): string {
  return /^[A-Za-z_]\w*$/.test(name)
    ? `${root}.${name}`
    : `${root}[${JSON.stringify(shortened(name, NAME_CHARS_MAX))}]`;
}

/** Names of tasks and results are shorter; what else an index holds is only quoted. */
const NAME_CHARS_MAX = 100;

/** The reference as an expression writes it. */
export function written(reference: Reference): string {
  switch (reference.kind) {
    case "param":
      return fieldPath("params", reference.name);
    case "status":
      return `${fieldPath("tasks", reference.task)}.status`;
    case "result":
      return fieldPath(`${fieldPath("tasks", reference.task)}.results`, reference.result);
    case "run":
      return fieldPath("run", reference.field);
  }
}

function rename(expr: Expr, reference: Reference, what: "value" | "presence", search: Search): void {
  const key = JSON.stringify(reference);
  const index = search.known.get(key) ?? search.found.push(reference) - 1;
  search.known.set(key, index);
  const name = what === "value" ? valueName(index) : presenceName(index);
  expr.exprKind = { case: "identExpr", value: { $typeName: "cel.expr.Expr.Ident", name } };
}

function visitParts(expr: Expr, names: ReadonlySet<string>, search: Search): void {
  const { exprKind } = expr;
  if (exprKind.case === "callExpr") return visitCall(expr, names, search);
  if (exprKind.case === "comprehensionExpr") return visitLoop(expr, names, search);
  if (exprKind.case === "identExpr" && !names.has(exprKind.value.name)) {
    throw new ExpressionError(unknownName(exprKind.value.name), search.offsetOf(expr.id));
  }
  visitAll(partsOf(expr), names, search);
}

function visitAll(parts: readonly (Expr | undefined)[], names: ReadonlySet<string>, search: Search): void {
  for (const part of parts) if (part !== undefined) visit(part, names, search);
}

function visitCall(expr: Expr, names: ReadonlySet<string>, search: Search): void {
  if (expr.exprKind.case !== "callExpr") return;
  const { function: name, target, args } = expr.exprKind.value;
  const [first, second] = args;
  if (name === "has" && target === undefined) {
    // has(tasks["a"].results["x-y"]): the library expands has() of fields only.
    const reference = first === undefined ? undefined : referenceOf(pathOf(first) ?? { root: "", steps: [] });
    if (reference !== undefined && args.length === 1) return rename(expr, reference, "presence", search);
    throw new ExpressionError("has() takes a field, as in has(tasks.NAME.results.RESULT)", search.offsetOf(expr.id));
  }
  const whole = name === "@in" && second !== undefined ? pathOf(second) : undefined;
  if (whole !== undefined && isIncomplete(whole)) {
    const field = textOf(first);
    const reference = referenceOf({ root: whole.root, steps: [...whole.steps, field] });
    if (field !== undefined && reference !== undefined) return rename(expr, reference, "presence", search);
  }
  visitAll([target, ...args], names, search);
}

function visitLoop(expr: Expr, names: ReadonlySet<string>, search: Search): void {
  if (expr.exprKind.case !== "comprehensionExpr") return;
  const { iterVar, iterRange, accuInit, loopCondition, loopStep, result } = expr.exprKind.value;
  if (ROOTS.has(iterVar) || TYPE_NAMES.has(iterVar)) {
    const words = `the name ${iterVar} is taken, choose another for the elements of the list`;
    throw new ExpressionError(words, search.offsetOf(expr.id));
  }
  visitAll([iterRange, accuInit], names, search);
  visitAll([loopCondition, loopStep, result], new Set([...names, iterVar, ACCUMULATOR]), search);
}

function unknownName(name: string): string {
  return `the name ${quoted(name)} is unknown; a text takes quotes, and ${LOOKS_LIKE}`;
}
