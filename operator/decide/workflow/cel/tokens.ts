/** The symbols of an expression, as the CEL specification defines them (https://github.com/cel-expr/cel-spec, langdef.md). */
import { ExpressionError, quoted } from "./problem.ts";

/** The bound of the schema (crds/workflows.yaml): half a page of logic. */
export const EXPRESSION_CHARS_MAX = 4096;

export interface Token {
  /** text: in quotes. sign: an operator, a bracket, a comma. end: behind the last one. */
  readonly kind: "text" | "number" | "word" | "sign" | "end";
  /** As it is written. */
  readonly source: string;
  /** UTF-16 units from the start. */
  readonly at: number;
}

/** A text is only begun here: where it ends depends on its quotes. */
const SYMBOLS = [
  /(?<text>(?<prefix>[rR]?[bB]?|[bB][rR])(?<quote>"""|'''|"|'))/,
  /(?<number>0[xX][0-9a-fA-F]+[uU]?|\d*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+[uU]?)/,
  /(?<word>[A-Za-z_]\w*)/,
  /(?<sign>&&|\|\||[=!<>]=|[-+*/%<>!?:,.()[\]{}])/,
];
const SYMBOL = new RegExp(SYMBOLS.map(({ source }) => source).join("|"), "y");
const BLANKS = /(?:\s+|\/\/[^\n]*)*/y;

/** @throws ExpressionError where the text is too long, or something in it is no symbol */
export function tokensOf(source: string): readonly Token[] {
  if (source.length > EXPRESSION_CHARS_MAX) {
    const words = `an expression has at most ${EXPRESSION_CHARS_MAX} characters, this one has ${source.length}`;
    throw new ExpressionError(words, undefined);
  }
  const tokens: Token[] = [];
  for (let at = skipBlanks(source, 0); at < source.length;) {
    const token = tokenAt(source, at);
    tokens.push(token);
    at = skipBlanks(source, at + token.source.length);
  }
  return [...tokens, { kind: "end", source: "", at: source.trimEnd().length }];
}

function skipBlanks(source: string, at: number): number {
  BLANKS.lastIndex = at;
  BLANKS.exec(source);
  return BLANKS.lastIndex;
}

function tokenAt(source: string, at: number): Token {
  SYMBOL.lastIndex = at;
  const found = SYMBOL.exec(source);
  const { text, prefix = "", quote = "", number, word } = found?.groups ?? {};
  if (found === null) throw new ExpressionError(oddCharacter(source.slice(at)), at);
  if (text !== undefined) return { kind: "text", source: source.slice(at, endOfText(source, at, prefix, quote)), at };
  const kind = number !== undefined ? "number" : word !== undefined ? "word" : "sign";
  return { kind, source: found[0], at };
}

/** Where a text ends, its last quote included. */
function endOfText(source: string, start: number, prefix: string, quote: string): number {
  const raw = /r/i.test(prefix);
  let at = start + prefix.length + quote.length;
  while (at < source.length) {
    if (source.startsWith(quote, at)) return at + quote.length;
    if (quote.length === 1 && source[at] === "\n") break;
    at += !raw && source[at] === "\\" ? 2 : 1;
  }
  throw new ExpressionError(`the text that begins with ${quote} is never closed`, start);
}

function oddCharacter(rest: string): string {
  if (rest.startsWith("$("))
    return 'no "$( )" is needed here: write params.NAME, tasks.NAME.status or run.FIELD as they are';
  if (rest.startsWith("=")) return '"=" does not compare, "==" does';
  if (rest.startsWith("&")) return '"&" is no operator, "&&" is';
  if (rest.startsWith("|")) return '"|" is no operator, "||" is';
  if (rest.startsWith("`")) return 'names in backquotes are not understood; use an index, such as params["my-param"]';
  return `${quoted(String.fromCodePoint(rest.codePointAt(0) ?? 0))} means nothing in an expression`;
}

/** The expression with blanks for its texts and comments, at the same places. */
export function withoutTexts(tokens: readonly Token[]): string {
  return tokens.reduce((bare, { kind, source, at }) => bare.padEnd(at) + (kind === "text" ? "" : source), "");
}
