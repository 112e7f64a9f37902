/** What the macros of CEL stand for: loops over the elements of a list, or the keys of a map, as the library evaluates them. */
import type { Expr } from "./library.ts";
import { ACCUMULATOR, callKind, constantKind, fieldKind, listKind, nameKind } from "./make.ts";
import type { Kind, Make } from "./make.ts";
import { ExpressionError } from "./problem.ts";

interface Call {
  readonly name: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
  readonly at: number;
}

/** undefined: the call is no macro. @throws ExpressionError where it is one, but names no element */
export function expandedMacro(call: Call, make: Make): Expr | undefined {
  const { name, target, args, at } = call;
  const [first, second, third] = args;
  if (target === undefined) {
    const select = name === "has" && args.length === 1 ? first?.exprKind : undefined;
    if (select?.case !== "selectExpr" || select.value.operand === undefined) return undefined;
    return make(at, fieldKind(select.value.operand, select.value.field, true));
  }
  if (!isMacro(name, args.length) || first === undefined || second === undefined) return undefined;
  if (first.exprKind.case !== "identExpr") {
    throw new ExpressionError(`${name}() first takes a name for each element, as in list.${name}(x, ...)`, at);
  }
  const variable = first.exprKind.value.name;
  const part = (kind: Kind): Expr => make(at, kind);
  const parts = partsOfLoop(name, { variable, second, third }, part);
  const fold = {
    $typeName: "cel.expr.Expr.Comprehension",
    accuVar: ACCUMULATOR,
    iterVar: variable,
    iterVar2: "",
  } as const;
  return part({ case: "comprehensionExpr", value: { ...fold, iterRange: target, ...parts } });
}

const MACROS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "existsOne", "filter", "map"]);

function isMacro(name: string, args: number): boolean {
  return (MACROS.has(name) && args === 2) || (name === "map" && args === 3);
}

interface Body {
  readonly variable: string;
  readonly second: Expr;
  /** Of map() with a condition, which then is the second. */
  readonly third: Expr | undefined;
}

interface PartsOfLoop {
  readonly accuInit: Expr;
  readonly loopCondition: Expr;
  readonly loopStep: Expr;
  readonly result: Expr;
}

function partsOfLoop(name: string, { variable, second, third }: Body, part: (kind: Kind) => Expr): PartsOfLoop {
  const call = (operator: string, ...args: Expr[]): Expr => part(callKind(operator, args));
  const truth = (value: boolean): Expr => part(constantKind({ case: "boolValue", value }));
  const count = (value: bigint): Expr => part(constantKind({ case: "int64Value", value }));
  const sofar = (): Expr => part(nameKind(ACCUMULATOR));
  const grown = (element: Expr): Expr => call("_+_", sofar(), part(listKind([element])));
  const whole = { loopCondition: truth(true), result: sofar() };
  switch (name) {
    case "all": {
      const loopCondition = call("@not_strictly_false", sofar());
      return { accuInit: truth(true), loopCondition, loopStep: call("_&&_", sofar(), second), result: sofar() };
    }
    case "exists": {
      const loopCondition = call("@not_strictly_false", call("!_", sofar()));
      return { accuInit: truth(false), loopCondition, loopStep: call("_||_", sofar(), second), result: sofar() };
    }
    case "filter": {
      const element = part(nameKind(variable));
      return { ...whole, accuInit: part(listKind([])), loopStep: call("_?_:_", second, grown(element), sofar()) };
    }
    case "map": {
      const loopStep = third === undefined ? grown(second) : call("_?_:_", second, grown(third), sofar());
      return { ...whole, accuInit: part(listKind([])), loopStep };
    }
    // exists_one() and existsOne()
    default: {
      const loopStep = call("_?_:_", second, call("_+_", sofar(), count(1n)), sofar());
      return { accuInit: count(0n), loopCondition: truth(true), loopStep, result: call("_==_", sofar(), count(1n)) };
    }
  }
}
