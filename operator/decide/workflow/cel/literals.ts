/** Values that are written out in an expression. */
import type { Constant } from "./make.ts";
import { ExpressionError, quoted } from "./problem.ts";
import type { Token } from "./tokens.ts";

const WORDS: ReadonlyMap<string, Constant> = new Map<string, Constant>([
  ["true", { case: "boolValue", value: true }],
  ["false", { case: "boolValue", value: false }],
  ["null", { case: "nullValue", value: 0 }],
]);

/** true, false, null; undefined for other words. */
export function wordConstant(word: string): Constant | undefined {
  return WORDS.get(word);
}

/** @param sign "-" where a minus belongs to the number. Whether it is in range is told by the types. */
export function numberConstant(source: string, sign: "" | "-"): Constant {
  const hex = /^0x/i.test(source);
  if (/u$/i.test(source) && sign === "") return { case: "uint64Value", value: BigInt(source.slice(0, -1)) };
  if (!hex && /[.e]/i.test(source)) return { case: "doubleValue", value: Number(`${sign}${source}`) };
  const value = BigInt(source);
  return { case: "int64Value", value: sign === "-" ? -value : value };
}

const TEXT = /^(?<prefix>[rR]?[bB]?|[bB][rR])(?<quote>"""|'''|"|')(?<inside>[\s\S]*)\k<quote>$/;

/** A text or bytes. @throws ExpressionError where an escape in it is none */
export function textConstant({ source, at }: Token): Constant {
  const { prefix = "", quote = "", inside = "" } = TEXT.exec(source)?.groups ?? {};
  const place = at + prefix.length + quote.length;
  const pieces = /r/i.test(prefix) ? [inside] : unescaped(inside, place, /b/i.test(prefix));
  if (!/b/i.test(prefix)) return { case: "stringValue", value: pieces.map((piece) => textOf(piece)).join("") };
  const bytes = pieces.map((piece) => (typeof piece === "string" ? UTF8.encode(piece) : Uint8Array.of(piece)));
  return { case: "bytesValue", value: Uint8Array.from(bytes.flatMap((part) => [...part])) };
}

const UTF8 = new TextEncoder();

function textOf(piece: string | number): string {
  return typeof piece === "string" ? piece : String.fromCodePoint(piece);
}

const ESCAPE =
  /\\(?:(?<simple>[abfnrtv\\?"'`])|[xX](?<byte>[0-9a-fA-F]{2})|(?<octal>[0-3][0-7]{2})|u(?<short>[0-9a-fA-F]{4})|U(?<long>[0-9a-fA-F]{8})|(?<odd>[\s\S]?))/g;
const SIMPLE: Readonly<Record<string, string>> = { a: "\u0007", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** Text, and numbers for what an escape says by its number: a character, or a byte of bytes. */
function unescaped(inside: string, place: number, bytes: boolean): readonly (string | number)[] {
  const pieces: (string | number)[] = [];
  let at = 0;
  for (const escape of inside.matchAll(ESCAPE)) {
    const { simple, byte, octal, short, long } = escape.groups ?? {};
    pieces.push(inside.slice(at, escape.index));
    at = escape.index + escape[0].length;
    const unicode = short ?? long;
    const code = octal === undefined ? Number.parseInt(byte ?? unicode ?? "x", 16) : Number.parseInt(octal, 8);
    const fits = unicode === undefined || (!bytes && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff));
    if (simple !== undefined) pieces.push(SIMPLE[simple] ?? simple);
    else if (!Number.isNaN(code) && fits) pieces.push(code);
    else
      throw new ExpressionError(`${quoted(escape[0])} is no escape; a backslash is written \\\\`, place + escape.index);
  }
  return [...pieces, inside.slice(at)];
}
