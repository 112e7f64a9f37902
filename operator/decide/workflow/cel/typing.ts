/**
 * The types of an expression, told before it runs: all that is read is text, so that most mistakes show at once. The library has no
 * check of types, and by its rules "5" == 5 is merely false.
 */
import { FUNCTIONS, regexProblem } from "./library.ts";
import type { CelFunc, CelType, Expr } from "./library.ts";
import { DYN, NUMBERS, comparable, described, isOpen, join, typeFrom } from "./type.ts";
import type { Scalar, Type } from "./type.ts";
import { ExpressionError, quoted } from "./problem.ts";
import { ACCUMULATOR } from "./make.ts";
import { TYPE_NAMES, isPresenceName, isValueName } from "./references.ts";
import { keyOf, loopOf } from "./tree.ts";
import type { Loop } from "./tree.ts";

interface Scope {
  readonly variables: ReadonlyMap<string, Type>;
  readonly offsetOf: (id: bigint) => number | undefined;
}

const BOOL: Type = { kind: "bool" };
const NEVER: Type = { kind: "never" };
const STRING: Type = { kind: "string" };

/** The type of an expression after extractReferences. @throws ExpressionError where types do not fit */
export function typeOf(expr: Expr, offsetOf: (id: bigint) => number | undefined): Type {
  return infer(expr, { variables: new Map(), offsetOf });
}

function infer(expr: Expr, scope: Scope): Type {
  const { exprKind } = expr;
  switch (exprKind.case) {
    case "constExpr":
      return typeOfConstant(expr, scope);
    case "identExpr":
      return typeOfName(exprKind.value.name, scope);
    case "selectExpr":
      return typeOfField(expr, scope);
    case "callExpr":
      return typeOfCall(expr, scope);
    case "listExpr":
      return { kind: "list", element: joinAll(exprKind.value.elements, scope) };
    case "structExpr": {
      const { entries } = exprKind.value;
      const key = joinAll(
        entries.map(({ keyKind }) => keyOf(keyKind)).filter((part) => part !== undefined),
        scope,
      );
      const value = joinAll(
        entries.map((entry) => entry.value).filter((part) => part !== undefined),
        scope,
      );
      return { kind: "map", key, value };
    }
    case "comprehensionExpr":
      return typeOfLoop(expr, scope);
    case undefined:
      return fail("there is nothing here", expr, scope);
  }
}

function fail(words: string, { id }: Expr, { offsetOf }: Scope): never {
  throw new ExpressionError(words, offsetOf(id));
}

type Constant = Extract<Expr["exprKind"], { case: "constExpr" }>["value"];
const CONSTANTS: Readonly<Record<NonNullable<Constant["constantKind"]["case"]>, Scalar>> = {
  boolValue: "bool",
  bytesValue: "bytes",
  doubleValue: "double",
  durationValue: "duration",
  int64Value: "int",
  nullValue: "null_type",
  stringValue: "string",
  timestampValue: "timestamp",
  uint64Value: "uint",
};

function typeOfConstant(expr: Expr, scope: Scope): Type {
  const constant = expr.exprKind.case === "constExpr" ? expr.exprKind.value.constantKind : undefined;
  if (constant?.case === undefined) return fail("there is nothing here", expr, scope);
  const { case: name, value } = constant;
  const kind = CONSTANTS[name];
  const [least, most] = kind === "uint" ? [0n, 2n ** 64n - 1n] : [-(2n ** 63n), 2n ** 63n - 1n];
  const fits = typeof value === "bigint" ? value >= least && value <= most : true;
  if (!fits || (name === "doubleValue" && !Number.isFinite(value)))
    fail(`the number is out of the range of ${kind}`, expr, scope);
  return { kind };
}

function typeOfName(name: string, { variables }: Scope): Type {
  if (isValueName(name)) return STRING;
  if (isPresenceName(name)) return BOOL;
  // Names of types are types as values; all others extractReferences has refused.
  return variables.get(name) ?? (TYPE_NAMES.has(name) ? { kind: "type" } : DYN);
}

/** x.field, and has(x.field). */
function typeOfField(expr: Expr, scope: Scope): Type {
  const select = expr.exprKind.case === "selectExpr" ? expr.exprKind.value : undefined;
  if (select?.operand === undefined) return fail("there is nothing before the dot", expr, scope);
  const type = infer(select.operand, scope);
  if (type.kind === "map" && comparable(type.key, STRING)) return select.testOnly ? BOOL : type.value;
  if (type.kind === "dyn" || type.kind === "never") return select.testOnly ? BOOL : DYN;
  return fail(`${described(type)} has no field ${quoted(select.field)}`, expr, scope);
}

function typeOfLoop(expr: Expr, scope: Scope): Type {
  const loop = loopOf(expr);
  if (loop === undefined) return fail("this loop is not understood", expr, scope);
  const range = infer(loop.range, scope);
  const variable = elementOf(range, loop, scope);
  const variables = new Map([...scope.variables, [loop.variable, variable], [ACCUMULATOR, DYN]]);
  const inner: Scope = { ...scope, variables };
  if (loop.condition !== undefined)
    requireBool(loop.condition, "the condition of all(), exists(), filter() and map()", inner);
  if (loop.element === undefined) return makesList(expr) ? range : BOOL;
  return { kind: "list", element: infer(loop.element, inner) };
}

/** all(), exists() and exists_one() begin with a bool or a number, map() and filter() with a list. */
function makesList({ exprKind }: Expr): boolean {
  return exprKind.case === "comprehensionExpr" && exprKind.value.accuInit?.exprKind.case === "listExpr";
}

function elementOf(range: Type, loop: Loop, scope: Scope): Type {
  if (range.kind === "list") return range.element.kind === "never" ? DYN : range.element;
  if (range.kind === "map") return range.key.kind === "never" ? DYN : range.key;
  if (range.kind === "dyn") return DYN;
  return fail(`only lists and maps have elements to go through, not ${described(range)}`, loop.range, scope);
}

function requireBool(expr: Expr, what: string, scope: Scope): void {
  const type = infer(expr, scope);
  if (type.kind !== "bool" && !isOpen(type)) fail(`${what} must be bool, not ${described(type)}`, expr, scope);
}

function typeOfCall(expr: Expr, scope: Scope): Type {
  if (expr.exprKind.case !== "callExpr") return DYN;
  const { function: name, target, args } = expr.exprKind.value;
  if (name === "_&&_" || name === "_||_") {
    for (const arg of args) requireBool(arg, `what ${operator(name)} joins`, scope);
    return BOOL;
  }
  if (name === "_?_:_") return typeOfConditional(args, scope);
  if (name === "matches") checkPattern(target === undefined ? args[1] : args[0], scope);
  const on = target === undefined ? undefined : infer(target, scope);
  const types = args.map((arg) => infer(arg, scope));
  return typeOfOperator(name, types, expr, scope) ?? typeByOverloads({ name, on, types }, expr, scope);
}

/** Of the operators whose types depend on each other; undefined for others. */
function typeOfOperator(
  name: string,
  [left = DYN, right = DYN]: readonly Type[],
  expr: Expr,
  scope: Scope,
): Type | undefined {
  switch (name) {
    case "_[_]":
      return typeOfIndex(left, right, expr, scope);
    case "_==_":
    case "_!=_":
      return comparable(left, right) ? BOOL : fail(unequal(name, left, right), expr, scope);
    case "@in":
      return typeOfMembership(left, right, expr, scope);
    case "_+_":
      if (left.kind !== "list" || right.kind !== "list") return undefined;
      return { kind: "list", element: join(left.element, right.element) };
    default:
      return undefined;
  }
}

function typeOfConditional([condition, yes, no]: readonly Expr[], scope: Scope): Type {
  if (condition === undefined || yes === undefined || no === undefined) return DYN;
  requireBool(condition, 'what stands before "?"', scope);
  return join(infer(yes, scope), infer(no, scope));
}

function typeOfIndex(container: Type, index: Type, expr: Expr, scope: Scope): Type {
  if (isOpen(container)) return DYN;
  if (container.kind === "list" && (index.kind === "int" || isOpen(index))) return settled(container.element);
  if (container.kind === "map" && comparable(container.key, index)) return settled(container.value);
  return fail(`${described(container)} has no index of type ${described(index)}`, expr, scope);
}

function typeOfMembership(value: Type, container: Type, expr: Expr, scope: Scope): Type {
  if (isOpen(container)) return BOOL;
  const element = container.kind === "list" ? container.element : container.kind === "map" ? container.key : undefined;
  if (element === undefined) fail(`"in" looks into lists and maps, not into ${described(container)}`, expr, scope);
  else if (!comparable(value, element)) fail(unequal("in", value, container), expr, scope);
  return BOOL;
}

/** A pattern that is written out is tried before anything runs. */
function checkPattern(pattern: Expr | undefined, scope: Scope): void {
  const constant = pattern?.exprKind.case === "constExpr" ? pattern.exprKind.value.constantKind : undefined;
  if (pattern === undefined || constant?.case !== "stringValue") return;
  const problem = regexProblem(constant.value);
  if (problem !== undefined) fail(problem, pattern, scope);
}

interface Call {
  readonly name: string;
  /** What the method is called on. */
  readonly on: Type | undefined;
  readonly types: readonly Type[];
}

function typeByOverloads(call: Call, expr: Expr, scope: Scope): Type {
  const overloads = OVERLOADS.get(call.name);
  if (overloads === undefined) return fail(unknownFunction(call.name), expr, scope);
  const fitting = overloads.filter((overload) => takes(overload, call));
  const [first, ...others] = fitting.map(({ result }) => typeFrom(result));
  if (first === undefined) return fail(noOverload(call, overloads), expr, scope);
  return others.reduce(join, first);
}

const OVERLOADS: ReadonlyMap<string, readonly CelFunc[]> = Map.groupBy(FUNCTIONS, ({ name }) => name);

function takes(overload: CelFunc, { on, types }: Call): boolean {
  if (overload.arguments.length !== types.length || (overload.target === undefined) !== (on === undefined))
    return false;
  const fits = (wanted: CelType, given: Type): boolean =>
    isOpen(given) || wanted.name === "dyn" || typeFrom(wanted).kind === given.kind;
  if (overload.target !== undefined && on !== undefined && !fits(overload.target, on)) return false;
  return overload.arguments.every((wanted, index) => fits(wanted, types[index] ?? DYN));
}

function settled(type: Type): Type {
  return type.kind === "never" ? DYN : type;
}

function joinAll(parts: readonly Expr[], scope: Scope): Type {
  return parts.map((part) => infer(part, scope)).reduce(join, NEVER);
}

/** As it is written: _>=_ is >=, @in is in. */
function operator(name: string): string {
  return name.replace(/^@/, "").replaceAll("_", "");
}

function isOperator(name: string): boolean {
  return !/^[A-Za-z]/.test(name);
}

function unequal(name: string, left: Type, right: Type): string {
  const converts = [left, right].some(({ kind }) => kind === "string")
    ? "; texts are made numbers by int() or double()"
    : "";
  return `"${operator(name)}" between ${described(left)} and ${described(right)} never finds them equal${converts}`;
}

function noOverload({ name, on, types }: Call, overloads: readonly CelFunc[]): string {
  const given = types.map(described).join(" and ");
  if (isOperator(name)) {
    const mixed = types.some(({ kind }) => kind === "string") && types.some(({ kind }) => NUMBERS.has(kind));
    return `"${operator(name)}" does not work on ${given}${mixed ? "; int() and double() make numbers of texts" : ""}`;
  }
  const formKnown = overloads.some(({ target }) => (target === undefined) === (on === undefined));
  if (!formKnown)
    return on === undefined ? `write x.${name}(...), not ${name}(x, ...)` : `write ${name}(x), not x.${name}()`;
  return `${name}()${on === undefined ? "" : ` of ${described(on)}`} does not take ${given === "" ? "nothing" : given}`;
}

function unknownFunction(name: string): string {
  const meant = [...OVERLOADS.keys()].find((known) => known.toLowerCase() === name.toLowerCase());
  return `there is no function ${name}()${meant === undefined ? "" : `, but ${meant}()`}`;
}
