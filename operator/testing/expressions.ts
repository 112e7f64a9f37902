/** CEL expressions for property tests: well-formed, of all that is supported, mostly of types that fit. */
import * as fc from "fast-check";

type Kind = "bool" | "text" | "number" | "list" | "any";

const name = fc.constantFrom("a", "b_1", "constructor", "toString");
const dashed = fc.constantFrom("my-task", "x-y", "__proto__", "a b", 'q"', "1");
const key = fc.oneof(
  name.map((word) => `.${word}`),
  dashed.map((word) => `[${JSON.stringify(word)}]`),
);

/** What can be read. */
export const reference: fc.Arbitrary<string> = fc.oneof(
  key.map((field) => `params${field}`),
  key.map((task) => `tasks${task}.status`),
  fc.tuple(key, key).map(([task, result]) => `tasks${task}.results${result}`),
  fc.constantFrom("run.ds", "run.name", "run.ts"),
);

const literal = fc.oneof(
  fc.constantFrom('"eu"', "'a'", '""', '"\\n"', "r'\\d'", '"2026-11-28T00:00:00Z"', '"é"', '"12"', '"Europe/Berlin"'),
  fc.string({ maxLength: 12 }).map((chars) => JSON.stringify(chars.replaceAll(/[^ -~]/g, "x"))),
);
const pattern = fc.constantFrom('"^a.*b$"', '"[a-z]+"', '"(a|b)*c"', '"("', '"\\\\d{2,5}"', '"a{3}"');
const compare = fc.constantFrom("==", "!=", "<", "<=", ">", ">=");
const calculate = fc.constantFrom("+", "-", "*", "/", "%");
const variable = fc.constantFrom("x", "y", "constructor");

/** Half a screen at most; of one depth whatever the kinds within each other, so that it ends. */
const SHAPE = { depthSize: "small", maxDepth: 6, depthIdentifier: "expression", withCrossShrink: true } as const;
const CHARS_MAX = 2000;

type Tie = (kind: Kind) => fc.Arbitrary<string>;

const all = fc.letrec<Record<Kind, string>>((tie) => ({
  bool: truth(tie),
  text: text(tie),
  number: number(tie),
  list: list(tie),
  any: fc.oneof(
    SHAPE,
    tie("bool"),
    tie("text"),
    tie("number"),
    tie("list"),
    fc.tuple(tie("list"), tie("number")).map(([on, index]) => `${on}[${index}]`),
    fc.tuple(tie("text"), tie("any")).map(([word, value]) => `{${word}: ${value}}`),
    tie("any").map((inner) => `dyn(${inner})`),
  ),
}));

function truth(tie: Tie): fc.Arbitrary<string> {
  const method = fc.constantFrom("contains", "startsWith", "endsWith");
  return fc.oneof(
    SHAPE,
    fc.constantFrom("true", "false"),
    reference.map((path) => `has(${path})`),
    infix(tie("text"), compare, tie("text")),
    infix(tie("number"), compare, tie("number")),
    infix(tie("bool"), fc.constantFrom("&&", "||"), tie("bool")),
    infix(tie("text"), fc.constant("in"), tie("list")),
    fc.tuple(tie("text"), method, tie("text")).map(([on, call, of]) => `${on}.${call}(${of})`),
    fc.tuple(tie("text"), fc.oneof(pattern, tie("text"))).map(([on, of]) => `${on}.matches(${of})`),
    tie("bool").map((inner) => `!${inner}`),
    loop(tie, ["all", "exists", "exists_one"], "bool"),
    conditional(tie, "bool"),
  );
}

function text(tie: Tie): fc.Arbitrary<string> {
  return fc.oneof(
    SHAPE,
    literal,
    reference,
    infix(tie("text"), fc.constant("+"), tie("text")),
    fc.oneof(tie("number"), tie("bool")).map((inner) => `string(${inner})`),
    conditional(tie, "text"),
  );
}

function number(tie: Tie): fc.Arbitrary<string> {
  return fc.oneof(
    SHAPE,
    fc.constantFrom("0", "1", "-7", "9223372036854775807", "0x1F"),
    infix(tie("number"), calculate, tie("number")),
    fc.tuple(fc.constantFrom("size", "int"), tie("text")).map(([call, inner]) => `${call}(${inner})`),
    tie("list").map((inner) => `${inner}.size()`),
    tie("text").map((inner) => `timestamp(${inner}).getHours()`),
    conditional(tie, "number"),
  );
}

function list(tie: Tie): fc.Arbitrary<string> {
  return fc.oneof(
    SHAPE,
    fc.array(tie("text"), { maxLength: 4 }).map((items) => `[${items.join(", ")}]`),
    fc.array(tie("number"), { maxLength: 4 }).map((items) => `[${items.join(", ")}]`),
    infix(tie("list"), fc.constant("+"), tie("list")),
    loop(tie, ["map"], "any"),
    loop(tie, ["filter"], "bool"),
    conditional(tie, "list"),
  );
}

function infix(...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.tuple(...parts).map((words) => `(${words.join(" ")})`);
}

function conditional(tie: Tie, kind: Kind): fc.Arbitrary<string> {
  return fc.tuple(tie("bool"), tie(kind), tie(kind)).map(([test, yes, no]) => `(${test} ? ${yes} : ${no})`);
}

function loop(tie: Tie, macros: readonly string[], body: Kind): fc.Arbitrary<string> {
  return fc
    .tuple(tie("list"), fc.constantFrom(...macros), variable, tie(body), tie("text"), fc.boolean())
    .map(([range, macro, word, inner, other, reads]) => {
      const reading = body === "bool" ? `string(${word}) != ${other}` : `string(${word}) + ${other}`;
      return `${range}.${macro}(${word}, ${reads ? reading : inner})`;
    });
}

/** An expression that gives a bool, if its types fit. */
export const condition: fc.Arbitrary<string> = all.bool.filter(({ length }) => length <= CHARS_MAX);
/** One of any type. */
export const expression: fc.Arbitrary<string> = all.any.filter(({ length }) => length <= CHARS_MAX);

/** Symbols of CEL, whole and broken, and what people take for it. */
export const symbols: fc.Arbitrary<string> = fc.constantFrom(
  ...'( ) [ ] { } . , : ? ! - + * / % < > <= >= == != && || in "a" \'b\' """ r" \\ $ ` = & | # 1 1u 0x 1. 1e 9999999999999999999 true null'.split(
    " ",
  ),
  ...'params tasks run .x .status .results ["a"] .all( .exists( .map( .filter( x, has( size( int( .matches( // @ @result a if'.split(
    " ",
  ),
  "\n",
  " ",
);
/** Symbols in any order. */
export const soup: fc.Arbitrary<string> = fc
  .array(symbols, { maxLength: 30 })
  .chain((parts) => fc.constantFrom("", " ").map((gap) => parts.join(gap)));
/** Expressions of which a few characters are lost or others. */
export const damaged: fc.Arbitrary<string> = fc
  .tuple(expression, fc.nat(), fc.nat({ max: 4 }), fc.oneof(symbols, fc.string({ maxLength: 3 })))
  .map(([source, place, length, put]) => {
    const at = place % (source.length + 1);
    return source.slice(0, at) + put + source.slice(at + length);
  });
