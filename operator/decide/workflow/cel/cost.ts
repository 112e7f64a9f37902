/**
 * How much work an expression can make, told before it runs, as the API server does for the rules of a CRD: nothing is stopped in
 * the middle. One step is at most about a microsecond.
 */
import type { Expr } from "./library.ts";
import { REGEX_SIZE_MAX, REGEX_TEXT_CHARS_MAX, regexSize } from "./regex.ts";
import { ACCUMULATOR } from "./make.ts";
import { isValueName } from "./references.ts";
import { keyOf, loopOf } from "./tree.ts";

/**
 * At most about 20 ms. An ordinary expression needs less than 100 steps, a condition on each pair out of two lists of 30 about 10,000.
 * What an expression could do to memory is bounded by it, too: a step makes at most CHARS_PER_STEP characters.
 */
export const STEPS_MAX = 20_000;

/** UTF-16 units: how long texts are taken to be before they are known. Longer ones are counted as they are when they come. */
export const ASSUMED_CHARS = 256;

/** Characters that are copied or compared. */
const CHARS_PER_STEP = 100;
/** Elements that are copied. */
const ELEMENTS_PER_STEP = 10;
/** Pairs of characters that a search compares: the engine's search takes the product of both lengths in its worst case. */
const SEARCH_PAIRS_PER_STEP = 2000;
/** Products of the pattern's size and the text's length. */
const REGEX_PRODUCTS_PER_STEP = 10;
/** To find out what a clock shows in a zone. */
const TIME_ZONE_STEPS = 300;
/** Of numbers, times and truth as text. */
const SCALAR_CHARS = 40;

/** What is known of a value: upper bounds. */
export interface Bound {
  /** UTF-16 units of a text, bytes of bytes; of a scalar those of its text. */
  readonly chars: number;
  /** Of a list or a map. */
  readonly elements: number;
  /** Holds for each element of a list, each key and each value of a map. */
  readonly element: Bound | undefined;
}

export interface Estimate {
  readonly steps: number;
  readonly bound: Bound;
}

interface Scope {
  readonly variables: ReadonlyMap<string, Bound>;
  readonly charsOf: (name: string) => number;
}

const SCALAR: Bound = { chars: SCALAR_CHARS, elements: 0, element: undefined };

/**
 * Upper bounds for an expression after extractReferences.
 * @param charsOf how long the text of a reference is, by the reference's valueName()
 */
export function estimated(expr: Expr, charsOf: (name: string) => number): Estimate {
  return estimate(expr, { variables: new Map(), charsOf });
}

function estimate(expr: Expr, scope: Scope): Estimate {
  const { exprKind } = expr;
  switch (exprKind.case) {
    case "constExpr":
      return { steps: 1, bound: constantBound(exprKind.value.constantKind.value) };
    case "identExpr":
      return { steps: 1, bound: nameBound(exprKind.value.name, scope) };
    case "selectExpr": {
      const of = exprKind.value.operand === undefined ? undefined : estimate(exprKind.value.operand, scope);
      return { steps: 1 + (of?.steps ?? 0), bound: of?.bound.element ?? SCALAR };
    }
    case "callExpr":
      return estimateCall(expr, scope);
    case "listExpr":
      return collection(exprKind.value.elements, exprKind.value.elements.length, scope);
    case "structExpr": {
      const { entries } = exprKind.value;
      const parts = entries.flatMap(({ keyKind, value }) => [keyOf(keyKind), value]);
      return collection(
        parts.filter((part) => part !== undefined),
        entries.length,
        scope,
      );
    }
    case "comprehensionExpr":
      return estimateLoop(expr, scope);
    case undefined:
      return { steps: 1, bound: SCALAR };
  }
}

function constantBound(value: unknown): Bound {
  const long = typeof value === "string" || value instanceof Uint8Array ? value.length : 0;
  return { ...SCALAR, chars: Math.max(SCALAR_CHARS, long) };
}

function nameBound(name: string, { variables, charsOf }: Scope): Bound {
  if (!isValueName(name)) return variables.get(name) ?? SCALAR;
  return { ...SCALAR, chars: Math.max(SCALAR_CHARS, charsOf(name)) };
}

function collection(parts: readonly Expr[], elements: number, scope: Scope): Estimate {
  const all = parts.map((part) => estimate(part, scope));
  const element = all.map(({ bound }) => bound).reduce<Bound | undefined>(widest, undefined);
  return { steps: 1 + elements + total(all), bound: { chars: 0, elements, element } };
}

/** Holds for both. */
function widest(left: Bound | undefined, right: Bound | undefined): Bound | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return {
    chars: Math.max(left.chars, right.chars),
    elements: Math.max(left.elements, right.elements),
    element: widest(left.element, right.element),
  };
}

function total(estimates: readonly Estimate[]): number {
  return estimates.reduce((sum, { steps }) => sum + steps, 0);
}

function estimateLoop(expr: Expr, scope: Scope): Estimate {
  const loop = loopOf(expr);
  if (loop === undefined) return { steps: Number.POSITIVE_INFINITY, bound: SCALAR };
  const range = estimate(loop.range, scope);
  const { elements, element = SCALAR } = range.bound;
  const variables = new Map([...scope.variables, [loop.variable, element], [ACCUMULATOR, SCALAR]]);
  const inner: Scope = { ...scope, variables };
  const condition = loop.condition === undefined ? undefined : estimate(loop.condition, inner);
  const made = loop.element === undefined ? undefined : estimate(loop.element, inner);
  // The library's own parts of each turn: whether to go on, what has come so far; and map() and filter() copy that.
  const turn =
    LOOP_STEPS + (condition?.steps ?? 0) + (made === undefined ? 0 : made.steps + elements / ELEMENTS_PER_STEP);
  const bound = made === undefined ? SCALAR : { chars: 0, elements, element: made.bound };
  return { steps: LOOP_STEPS + range.steps + elements * turn, bound };
}

const LOOP_STEPS = 6;

function estimateCall(expr: Expr, scope: Scope): Estimate {
  if (expr.exprKind.case !== "callExpr") return { steps: 1, bound: SCALAR };
  const { function: name, target, args } = expr.exprKind.value;
  const parts = (target === undefined ? args : [target, ...args]).map((part) => estimate(part, scope));
  const [first = SCALAR, second = SCALAR, third = SCALAR] = parts.map(({ bound }) => bound);
  const pattern = target === undefined ? args[1] : args[0];
  const own = name === "matches" ? regexSteps(first, second, pattern) : callSteps(name, first, second);
  return { steps: 1 + own + total(parts), bound: callBound(name, [first, second, third]) };
}

function callSteps(name: string, first: Bound, second: Bound): number {
  switch (name) {
    case "_&&_":
    case "_||_":
    case "_?_:_":
    case "_[_]":
      return 0;
    case "contains":
      return (first.chars * second.chars) / SEARCH_PAIRS_PER_STEP;
    case "@in":
      return first.elements === 0 && second.elements === 0
        ? 1
        : second.elements * (1 + Math.min(weight(first), weight(second.element)));
    case "_+_":
      return (first.chars + second.chars) / CHARS_PER_STEP + (first.elements + second.elements) / ELEMENTS_PER_STEP;
    default:
      return weight(first) + weight(second) + (/^get[A-Z]/.test(name) ? TIME_ZONE_STEPS : 0);
  }
}

/** The steps to look at all of a value. */
function weight(bound: Bound | undefined): number {
  if (bound === undefined) return 0;
  return bound.chars / CHARS_PER_STEP + bound.elements * (1 + weight(bound.element));
}

function regexSteps(text: Bound, pattern: Bound, expr: Expr | undefined): number {
  const constant = expr?.exprKind.case === "constExpr" ? expr.exprKind.value.constantKind : undefined;
  const size = constant?.case === "stringValue" ? regexSize(constant.value) : REGEX_SIZE_MAX;
  // Whatever is larger is refused when it comes.
  const [states, chars] = [Math.min(size, REGEX_SIZE_MAX), Math.min(text.chars, REGEX_TEXT_CHARS_MAX)];
  return (
    COMPILE_STEPS +
    pattern.chars / CHARS_PER_STEP +
    states * (COMPILE_STEPS_PER_STATE + chars / REGEX_PRODUCTS_PER_STEP)
  );
}

/** A pattern is compiled each time. */
const COMPILE_STEPS = 50;
const COMPILE_STEPS_PER_STATE = 5;

function callBound(name: string, [first, second, third]: readonly [Bound, Bound, Bound]): Bound {
  switch (name) {
    case "_?_:_":
      return widest(second, third) ?? SCALAR;
    case "_[_]":
      return first.element ?? SCALAR;
    case "_+_":
      return {
        chars: first.chars + second.chars,
        elements: first.elements + second.elements,
        element: widest(first.element, second.element),
      };
    // A character of text is up to three bytes.
    case "bytes":
      return { ...first, chars: first.chars * 3 };
    case "dyn":
    case "string":
      return { ...first, chars: Math.max(SCALAR_CHARS, first.chars) };
    default:
      return SCALAR;
  }
}
