/** Makes the parts of an expression, as the library takes them. */
import type { Expr } from "./library.ts";

export type Kind = Expr["exprKind"];
type KindOf<Case extends Kind["case"]> = Extract<Kind, { case: Case }>;
export type Constant = KindOf<"constExpr">["value"]["constantKind"];
export type Entry = KindOf<"structExpr">["value"]["entries"][number];
export type Fold = KindOf<"comprehensionExpr">["value"];

/** Makes a part of an expression. @param at where the part, or its operator, is */
export type Make = (at: number, kind: Kind) => Expr;

/** What has the result of each turn of a loop. No expression can write such a name. */
export const ACCUMULATOR = "@result";

export function callKind(name: string, args: Expr[], target?: Expr): Kind {
  const call = { $typeName: "cel.expr.Expr.Call", function: name, args } as const;
  return { case: "callExpr", value: target === undefined ? call : { ...call, target } };
}

export function constantKind(constant: Constant): Kind {
  return { case: "constExpr", value: { $typeName: "cel.expr.Constant", constantKind: constant } };
}

export function nameKind(name: string): Kind {
  return { case: "identExpr", value: { $typeName: "cel.expr.Expr.Ident", name } };
}

export function fieldKind(operand: Expr, field: string, testOnly: boolean): Kind {
  return { case: "selectExpr", value: { $typeName: "cel.expr.Expr.Select", operand, field, testOnly } };
}

export function listKind(elements: Expr[]): Kind {
  return { case: "listExpr", value: { $typeName: "cel.expr.Expr.CreateList", elements, optionalIndices: [] } };
}

export function mapKind(entries: Entry[]): Kind {
  return { case: "structExpr", value: { $typeName: "cel.expr.Expr.CreateStruct", messageName: "", entries } };
}
