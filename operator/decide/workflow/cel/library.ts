/**
 * The CEL library (@bufbuild/cel) as it is used here; nothing else imports it. Its standard functions are kept, but for those
 * that read texts more loosely than the CEL definition says, depend on the time zone of this process, or whose work has no bound.
 */
import {
  CelScalar,
  celEnv,
  celError,
  celFunc,
  celList,
  celMethod,
  celType,
  celUint,
  isCelError,
  listType,
  objectType,
  plan,
} from "@bufbuild/cel";
import type { CelFunc, CelInput, CelList, CelValue } from "@bufbuild/cel";
import { ExpressionError, quoted } from "./problem.ts";
import { REGEX_SIZE_MAX, REGEX_TEXT_CHARS_MAX, regexSize } from "./regex.ts";
import { clock, FIELDS } from "./clock.ts";

export type { CelFunc, CelInput, CelType, CelValue } from "@bufbuild/cel";

/** An expression, or a part of one: cel.expr.Expr of the CEL specification. Macros are expanded. */
export type Expr = Exclude<Parameters<typeof plan>[1], { $typeName: "cel.expr.ParsedExpr" | "cel.expr.CheckedExpr" }>;

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : "cannot be read";
}

/** What an evaluation came to: a value, or in words why there is none. */
export type Evaluated = { readonly value: CelValue } | { readonly reason: string };

/** Names the expression uses freely, and what they stand for. */
export type Bindings = Readonly<Record<string, CelInput>>;

/** Stands for what is not there: reading it is an error with this reason, which && and || may make irrelevant. */
export function absent(reason: string): CelInput {
  // The library looks for such errors among what names stand for, but its types do not say so.
  return celError(reason) as unknown as CelInput;
}

/** Ready to be evaluated, as often as wanted. @throws ExpressionError where the library cannot */
export function planned(expr: Expr, functions: readonly CelFunc[] = FUNCTIONS): (bindings: Bindings) => Evaluated {
  const evaluate = preparation(expr, functions);
  return (bindings) => {
    try {
      const value = evaluate(bindings);
      return isCelError(value) ? { reason: inWords(value.message) } : { value };
    } catch (error) {
      return { reason: reasonOf(error) };
    }
  };
}

/** The library's words for what ordinary expressions run into, so that a user can act on them. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^field not found: (.*)$/s, "there is no field or key $1"],
  [/^index (\S+) out of bounds.*$/s, "the list has no element at index $1"],
  [/^found no matching overload for '[_@]*([^']*?)_*' applied to '(.*)'$/s, '"$1" does not work on $2'],
  [/^type mismatch: expected bool, got (.*)$/s, "a condition must be bool, not $1"],
];

function inWords(message: string): string {
  return WORDS.reduce((words, [pattern, better]) => words.replace(pattern, better), message);
}

function preparation(expr: Expr, functions: readonly CelFunc[]): ReturnType<typeof plan> {
  try {
    return plan(functions === FUNCTIONS ? ENVIRONMENT : celEnv({ funcs: [...functions] }), expr);
  } catch (error) {
    throw new ExpressionError(reasonOf(error), undefined);
  }
}

/** What kind of value came, in the words of CEL. */
export function typeName(value: CelValue): string {
  try {
    return celType(value)
      .name.replace(/^google\.protobuf\./, "")
      .toLowerCase();
  } catch {
    return "type";
  }
}

const { BOOL, DOUBLE, DYN, INT, STRING, UINT } = CelScalar;
const LIST = listType(DYN);
const TIMESTAMP = objectType("google.protobuf.Timestamp");
const DURATION = objectType("google.protobuf.Duration");
type ReflectMessage = CelValue<typeof TIMESTAMP>;

const LIBRARY_FUNCTIONS: readonly CelFunc[] = [...celEnv().funcs];

/** The library's own function of this name that takes these, and what it says of them. @throws Error as it does */
function original(name: string, target: CelValue | undefined, args: CelValue[]): CelValue {
  for (const candidate of LIBRARY_FUNCTIONS.filter((known) => known.name === name)) {
    const result = candidate.call(0, target, args);
    if (isCelError(result)) throw result;
    if (result !== undefined) return result;
  }
  throw new Error(`no such function: ${name}`);
}

/** As strconv.ParseInt and ParseUint of the CEL reference read it: an empty text is no 0, and 0x10 no 16. */
function wholeNumber(text: string, type: "int" | "uint"): bigint {
  const [least, most] = type === "int" ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
  const value = /^[+-]?\d{1,20}$/.test(text) ? BigInt(text.replace(/^\+/, "")) : undefined;
  if (value === undefined) throw new Error(`${quoted(text)} is no whole number, as ${type}() needs`);
  if (value < least || value > most) throw new Error(`${quoted(text)} is out of the range of ${type}()`);
  return value;
}

/** A text that is no number is an error, and not NaN. */
function decimalNumber(text: string): number {
  const word = /^([+-]?)(inf(?:inity)?|nan)$/i.exec(text);
  if (word !== null) return word[2]?.toLowerCase() === "nan" ? Number.NaN : Number(`${word[1]}Infinity`);
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  throw new Error(`${quoted(text)} is no number, as double() needs`);
}

/** RE2, whose time is linear in the text; the size of the pattern and of the text are bounded besides. */
function matches(text: string, pattern: string): boolean {
  const size = regexSize(pattern);
  if (size > REGEX_SIZE_MAX) throw new Error(`the regular expression ${quoted(pattern)} is too large for matches()`);
  if (text.length > REGEX_TEXT_CHARS_MAX)
    throw new Error(`matches() takes texts up to ${REGEX_TEXT_CHARS_MAX} characters, this one has ${text.length}`);
  return original("matches", text, [pattern]) === true;
}

/** Why a pattern is no regular expression; undefined when it is one. */
export function regexProblem(pattern: string): string | undefined {
  try {
    matches("", pattern);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** What the library makes of a text, with words for a text it does not take. */
function conversion(name: "bool" | "timestamp" | "duration", example: string): (text: string) => CelValue {
  return (text) => {
    try {
      if (text.length <= CONVERTED_CHARS_MAX) return original(name, undefined, [text]);
    } catch {
      // Said below.
    }
    throw new Error(`${quoted(text)} is not what ${name}() takes, such as ${example}`);
  };
}

/** Longer than any time, span or word that can be converted. */
const CONVERTED_CHARS_MAX = 128;

/** One flat list. The library's own is a chain as deep as the list is long when map() makes it, walked again for each element. */
function joined(left: CelList, right: CelList): CelList {
  return celList([...left, ...right]);
}

/** Seconds since 1970, as CEL says; the library takes milliseconds. */
function timestampOf(seconds: bigint): CelValue {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) throw new Error(`${seconds} is out of the range of timestamp()`);
  return original("timestamp", undefined, [date.toISOString()]);
}

/** What the library made itself is of the type it says. @throws Error where it is not */
function made(value: CelValue): ReflectMessage {
  if (typeof value === "object" && value !== null && "message" in value) return value;
  throw new Error("neither a time nor a span");
}

/** The seconds since 1970 of the library's timestamp, and the rest in milliseconds. */
function momentOf(timestamp: CelValue<typeof TIMESTAMP>): number {
  const fields: unknown = timestamp.message;
  if (typeof fields !== "object" || fields === null || !("seconds" in fields && "nanos" in fields)) return Number.NaN;
  return Number(fields.seconds) * 1000 + Math.floor(Number(fields.nanos) / 1e6);
}

const clockFunctions = [...FIELDS].flatMap(([name, field]) => [
  celMethod(name, TIMESTAMP, [], INT, function () {
    return BigInt(field(clock(momentOf(this), undefined)));
  }),
  celMethod(name, TIMESTAMP, [STRING], INT, function (zone) {
    return BigInt(field(clock(momentOf(this), zone)));
  }),
]);

const OWN_FUNCTIONS: readonly CelFunc[] = [
  celFunc("int", [STRING], INT, (text) => wholeNumber(text, "int")),
  celFunc("uint", [STRING], UINT, (text) => celUint(wholeNumber(text, "uint"))),
  celFunc("double", [STRING], DOUBLE, decimalNumber),
  celFunc("bool", [STRING], BOOL, (text) => conversion("bool", "true")(text) === true),
  celFunc("timestamp", [STRING], TIMESTAMP, (text) => made(conversion("timestamp", "2026-11-28T03:00:00Z")(text))),
  celFunc("timestamp", [INT], TIMESTAMP, (seconds) => made(timestampOf(seconds))),
  celFunc("duration", [STRING], DURATION, (text) => made(conversion("duration", "1h30m")(text))),
  celFunc("_+_", [LIST, LIST], LIST, joined),
  celMethod("matches", STRING, [STRING], BOOL, function (pattern) {
    return matches(this, pattern);
  }),
  ...clockFunctions,
];

const ENVIRONMENT = celEnv({ funcs: [...OWN_FUNCTIONS] });

/** Every function and operator an expression may call, with the types it takes. Logic (&& || ?: and loops) is not among them. */
export const FUNCTIONS: readonly CelFunc[] = [...ENVIRONMENT.funcs];
