/**
 * Reads expressions, by the grammar of the CEL specification. The library's own parser needs a tenth of a second for 4,096 characters
 * (its time grows with the square of the length) and points at places where nothing is wrong.
 */
import type { Expr } from "./library.ts";
import { numberConstant, textConstant, wordConstant } from "./literals.ts";
import { expandedMacro } from "./macros.ts";
import { callKind, constantKind, fieldKind, listKind, mapKind, nameKind } from "./make.ts";
import type { Entry, Make } from "./make.ts";
import { ExpressionError, quoted } from "./problem.ts";
import type { Token } from "./tokens.ts";

/** Brackets within brackets, which are read by recursion. */
export const NESTING_MAX = 50;

export interface Parsed {
  readonly expr: Expr;
  /** Where a part begins, or its operator, in UTF-16 units. */
  readonly offsetOf: (id: bigint) => number | undefined;
}

/** How closely operators bind: the more, the closer. */
const POWERS: ReadonlyMap<string, number> = new Map([
  ["||", 1],
  ["&&", 2],
  ...["<", "<=", ">=", ">", "==", "!=", "in"].map((sign): [string, number] => [sign, 3]),
  ...["+", "-"].map((sign): [string, number] => [sign, 4]),
  ...["*", "/", "%"].map((sign): [string, number] => [sign, 5]),
]);

const CLOSES: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const RESERVED: ReadonlySet<string> = new Set(
  "as break const continue else for function if import in let loop namespace package return var void while".split(" "),
);

/** @throws ExpressionError where the symbols are no expression */
export function parsed(tokens: readonly Token[]): Parsed {
  const offsets: number[] = [];
  const make: Make = (at, exprKind) => ({ $typeName: "cel.expr.Expr", id: BigInt(offsets.push(at)), exprKind });
  const expr = new Parser(tokens, make).whole();
  return { expr, offsetOf: (id) => offsets[Number(id) - 1] };
}

const END: Token = { kind: "end", source: "", at: 0 };

/** Goes through the symbols once. Each method reads what its name says, and leaves the rest. */
class Parser {
  readonly #tokens: readonly Token[];
  readonly #make: Make;
  /** Of the next symbol. */
  #index = 0;
  /** Brackets that are open. */
  readonly #open: Token[] = [];

  constructor(tokens: readonly Token[], make: Make) {
    this.#tokens = tokens;
    this.#make = make;
  }

  whole(): Expr {
    if (this.#peek().kind === "end") throw new ExpressionError("the expression is empty", undefined);
    const expr = this.#conditional();
    return this.#peek().kind === "end" ? expr : this.#fail();
  }

  #peek(): Token {
    return this.#tokens[this.#index] ?? END;
  }

  #take(): Token {
    const token = this.#peek();
    this.#index += 1;
    return token;
  }

  /** Whether the next symbol is this one, which then is read. */
  #takes(source: string): boolean {
    const { kind, source: next } = this.#peek();
    if (next !== source || kind === "text" || kind === "end") return false;
    this.#index += 1;
    return true;
  }

  /** The next symbol cannot be there. */
  #fail(): never {
    const { kind, source, at } = this.#peek();
    const open = this.#open.at(-1);
    if (kind === "end" && open !== undefined) throw new ExpressionError(`"${open.source}" is never closed`, open.at);
    if (kind === "end") throw new ExpressionError("something is missing at the end", at);
    if (!/^[)\]}]$/.test(source)) throw new ExpressionError(`${quoted(source)} is not expected here`, at);
    if (open === undefined) throw new ExpressionError(`"${source}" closes nothing`, at);
    const missing =
      CLOSES[open.source] === source ? "something is missing before" : `"${open.source}" is not closed by`;
    throw new ExpressionError(`${missing} "${source}"`, at);
  }

  #conditional(): Expr {
    const condition = this.#infix(1);
    const { at } = this.#peek();
    if (!this.#takes("?")) return condition;
    const yes = this.#infix(1);
    if (!this.#takes(":")) this.#fail();
    return this.#make(at, callKind("_?_:_", [condition, yes, this.#conditional()]));
  }

  /** Operators that bind at least so closely, and what they join. */
  #infix(least: number): Expr {
    let left = this.#prefixed();
    for (;;) {
      const { kind, source: sign, at } = this.#peek();
      const power = kind === "text" ? undefined : POWERS.get(sign);
      if (power === undefined || power < least) return left;
      this.#index += 1;
      if (power <= 2) left = this.#logic(sign, power, [left, this.#infix(power + 1)], at);
      else left = this.#make(at, callKind(sign === "in" ? "@in" : `_${sign}_`, [left, this.#infix(power + 1)]));
    }
  }

  /** Terms of one && or || after another, as a tree that is as flat as can be. */
  #logic(sign: string, power: number, terms: Expr[], at: number): Expr {
    const places = [at];
    for (let place = this.#peek().at; this.#takes(sign); place = this.#peek().at) {
      places.push(place);
      terms.push(this.#infix(power + 1));
    }
    const tree = (from: number, to: number): Expr | undefined => {
      if (to - from === 1) return terms[from];
      const middle = Math.ceil((from + to) / 2);
      const parts = [tree(from, middle), tree(middle, to)].filter((part) => part !== undefined);
      return this.#make(places[middle - 1] ?? at, callKind(`_${sign}_`, parts));
    };
    return tree(0, terms.length) ?? this.#fail();
  }

  /** Minuses or exclamation marks, of which two take each other away. */
  #prefixed(): Expr {
    const { kind, source: sign, at } = this.#peek();
    if (kind !== "sign" || (sign !== "!" && sign !== "-") || this.#negativeFollows()) return this.#operand();
    let count = 0;
    while (this.#takes(sign)) count += 1;
    const operand = sign === "!" ? this.#operand() : this.#member(this.#primary(""));
    return count % 2 === 0 ? operand : this.#make(at, callKind(`${sign}_`, [operand]));
  }

  #operand(): Expr {
    const minus = this.#negativeFollows() ? "-" : "";
    if (minus === "-") this.#take();
    return this.#member(this.#primary(minus));
  }

  /** Whether a minus is next, and a number right behind it: it is part of the number. An unsigned one has no minus; the types refuse it. */
  #negativeFollows(): boolean {
    const [{ kind, source, at }, number] = [this.#peek(), this.#tokens[this.#index + 1]];
    if (kind !== "sign" || source !== "-" || number?.kind !== "number") return false;
    return number.at === at + 1 && !/u$/i.test(number.source);
  }

  /** Fields, indexes and calls that follow. */
  #member(start: Expr): Expr {
    let expr = start;
    for (;;) {
      const sign = this.#peek();
      if (this.#takes(".")) expr = this.#fieldOrCall(expr);
      else if (sign.kind === "sign" && sign.source === "[") {
        const index = this.#bracketed(() => this.#conditional());
        expr = this.#make(sign.at, callKind("_[_]", [expr, index]));
      } else if (sign.kind === "sign" && sign.source === "{") {
        throw new ExpressionError("messages of protocol buffers are not supported", sign.at);
      } else return expr;
    }
  }

  /** Whether the next symbol is a word that may be a name: not true, false, null or in. */
  #nameFollows(): boolean {
    const { kind, source } = this.#peek();
    return kind === "word" && wordConstant(source) === undefined && source !== "in";
  }

  #fieldOrCall(on: Expr): Expr {
    if (!this.#nameFollows()) this.#fail();
    const { source: name, at } = this.#take();
    if (this.#peek().source !== "(" || this.#peek().kind !== "sign") return this.#make(at, fieldKind(on, name, false));
    const args = this.#arguments();
    return expandedMacro({ name, target: on, args, at }, this.#make) ?? this.#make(at, callKind(name, args, on));
  }

  #primary(minus: "" | "-"): Expr {
    const { kind, source, at } = this.#peek();
    if (kind === "number") return this.#make(at, constantKind(numberConstant(this.#take().source, minus)));
    if (kind === "text") return this.#make(at, constantKind(textConstant(this.#take())));
    if (kind === "word") return this.#wordOrCall();
    if (source === "(") return this.#bracketed(() => this.#conditional());
    if (source === "[")
      return this.#make(at, listKind(this.#bracketed(() => this.#separated("]", () => this.#conditional()))));
    if (source === "{") return this.#map();
    // A name from the outermost scope, which is the only one there is.
    if (this.#takes(".") && this.#nameFollows()) return this.#wordOrCall();
    return this.#fail();
  }

  #wordOrCall(): Expr {
    const { source: name, at } = this.#peek();
    const constant = wordConstant(name);
    if (RESERVED.has(name)) throw new ExpressionError(`"${name}" is reserved in CEL and cannot be a name`, at);
    this.#index += 1;
    if (constant !== undefined) return this.#make(at, constantKind(constant));
    if (this.#peek().source !== "(" || this.#peek().kind !== "sign") return this.#make(at, nameKind(name));
    const args = this.#arguments();
    return expandedMacro({ name, target: undefined, args, at }, this.#make) ?? this.#make(at, callKind(name, args));
  }

  #map(): Expr {
    const { at } = this.#peek();
    return this.#make(at, mapKind(this.#bracketed(() => this.#separated("}", () => this.#entry()))));
  }

  #entry(): Entry {
    const key = this.#conditional();
    const { at } = this.#peek();
    if (!this.#takes(":")) this.#fail();
    const value = this.#conditional();
    const { id } = this.#make(at, { case: undefined });
    const keyKind = { case: "mapKey", value: key } as const;
    return { $typeName: "cel.expr.Expr.CreateStruct.Entry", id, keyKind, value, optionalEntry: false };
  }

  /** A bracket, what is inside it, and the bracket that closes it. */
  #bracketed<T>(inside: () => T): T {
    const open = this.#take();
    this.#open.push(open);
    if (this.#open.length > NESTING_MAX) {
      throw new ExpressionError(`more than ${NESTING_MAX} brackets within each other`, open.at);
    }
    const value = inside();
    if (!this.#takes(CLOSES[open.source] ?? "")) this.#fail();
    this.#open.pop();
    return value;
  }

  #arguments(): Expr[] {
    return this.#bracketed(() => this.#separated(")", () => this.#conditional()));
  }

  /** Up to the closing bracket. Before that of a list or a map a comma may stand, even alone. */
  #separated<T>(close: ")" | "]" | "}", part: () => T): T[] {
    const parts: T[] = [];
    const ends = (): boolean => this.#peek().kind === "sign" && this.#peek().source === close;
    let more = !ends() && (close === ")" || !this.#takes(","));
    while (more) {
      parts.push(part());
      more = this.#takes(",") && (close === ")" || !ends());
    }
    return parts;
  }
}
