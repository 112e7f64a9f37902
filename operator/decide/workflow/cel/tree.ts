/** The parts of an expression as the library reads it, and how many there may be. */
import type { Expr } from "./library.ts";
import { ExpressionError } from "./problem.ts";

/**
 * Parts within parts, of an expression with its macros expanded. A sum of a hundred terms; what reads an expression here does so by
 * recursion.
 */
export const DEPTH_MAX = 100;

/** Parts in all. 4,096 characters could hold twice as many, but nobody could read them. */
export const PARTS_MAX = 2000;

/** @throws ExpressionError where an expression is too deep or has too many parts; without recursion */
export function boundSize(expr: Expr, offsetOf: (id: bigint) => number | undefined): void {
  let level: readonly Expr[] = [expr];
  let count = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    count += level.length;
    const words = depth > DEPTH_MAX ? tooDeep : count > PARTS_MAX ? tooMany : undefined;
    if (words !== undefined) throw new ExpressionError(words, offsetOf(level[0]?.id ?? 0n));
    level = level.flatMap(partsOf);
  }
}

const tooDeep = `the expression has more than ${DEPTH_MAX} parts within each other; put parts of it in brackets or lists`;
const tooMany = `the expression has more than ${PARTS_MAX} parts`;

export function partsOf({ exprKind }: Expr): readonly Expr[] {
  switch (exprKind.case) {
    case "selectExpr":
      return present([exprKind.value.operand]);
    case "callExpr":
      return present([exprKind.value.target, ...exprKind.value.args]);
    case "listExpr":
      return exprKind.value.elements;
    case "structExpr":
      return present(exprKind.value.entries.flatMap(({ keyKind, value }) => [keyOf(keyKind), value]));
    case "comprehensionExpr": {
      const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value;
      return present([iterRange, accuInit, loopCondition, loopStep, result]);
    }
    case "identExpr":
    case "constExpr":
    case undefined:
      return [];
  }
}

function present(parts: readonly (Expr | undefined)[]): readonly Expr[] {
  return parts.filter((part) => part !== undefined);
}

type StructExpr = Extract<Expr["exprKind"], { case: "structExpr" }>["value"];

/** The key of an entry of a map. */
export function keyOf(keyKind: StructExpr["entries"][number]["keyKind"]): Expr | undefined {
  return keyKind.case === "mapKey" ? keyKind.value : undefined;
}

/** A macro (all, exists, exists_one, map, filter) as it was written, out of the loop that the library made of it. */
export interface Loop {
  readonly range: Expr;
  /** The name of each element, or of each key of a map. */
  readonly variable: string;
  /** Must be a bool; undefined in map() without a condition. */
  readonly condition: Expr | undefined;
  /** What becomes an element of the result: of map() and filter() only. */
  readonly element: Expr | undefined;
}

/** undefined: no loop, or none that the library makes of a macro. */
export function loopOf({ exprKind }: Expr): Loop | undefined {
  if (exprKind.case !== "comprehensionExpr") return undefined;
  const { iterRange: range, iterVar: variable, loopStep } = exprKind.value;
  const step = callOf(loopStep);
  if (range === undefined || step === undefined) return undefined;
  const [first, second] = step.args;
  if (step.function === "_||_" || step.function === "_&&_") {
    return { range, variable, condition: second, element: undefined };
  }
  const guarded = step.function === "_?_:_";
  const appended = guarded ? callOf(second) : step;
  const added = appended?.function === "_+_" ? appended.args[1] : undefined;
  if (added === undefined) return undefined;
  const element = added.exprKind.case === "listExpr" ? added.exprKind.value.elements[0] : undefined;
  return { range, variable, condition: guarded ? first : undefined, element };
}

function callOf(expr: Expr | undefined): { readonly function: string; readonly args: readonly Expr[] } | undefined {
  return expr?.exprKind.case === "callExpr" ? expr.exprKind.value : undefined;
}
