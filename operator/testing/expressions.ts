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
  fc.string({ maxLength: 12 }).map((text) => JSON.stringify(text.replaceAll(/[^ -~]/g, "x"))),
);
const pattern = fc.constantFrom('"^a.*b$"', '"[a-z]+"', '"(a|b)*c"', '"("', '"\\\\d{2,5}"', '"a{3}"');
const compare = fc.constantFrom("==", "!=", "<", "<=", ">", ">=");
const calculate = fc.constantFrom("+", "-", "*", "/", "%");
const variable = fc.constantFrom("x", "y", "constructor");

const all = fc.letrec<Record<Kind, string>>(kinds);

function kinds(tie: (kind: Kind) => fc.Arbitrary<string>): Record<Kind, fc.Arbitrary<string>> {
  const infix = (left: Kind, sign: fc.Arbitrary<string>, right: Kind): fc.Arbitrary<string> =>
    fc.tuple(tie(left), sign, tie(right)).map((parts) => `(${parts.join(" ")})`);
  const loop = (macros: readonly string[], body: Kind): fc.Arbitrary<string> =>
    fc
      .tuple(tie("list"), fc.constantFrom(...macros), variable, tie(body), tie("text"), fc.boolean())
      .map(([range, macro, word, inner, text, reads]) => {
        const reading = body === "bool" ? `string(${word}) != ${text}` : `string(${word}) + ${text}`;
        return `${range}.${macro}(${word}, ${reads ? reading : inner})`;
      });
  const conditional = (kind: Kind): fc.Arbitrary<string> =>
    fc.tuple(tie("bool"), tie(kind), tie(kind)).map(([test, yes, no]) => `(${test} ? ${yes} : ${no})`);
  return {
    bool: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom("true", "false"),
      reference.map((path) => `has(${path})`),
      infix("text", compare, "text"),
      infix("number", compare, "number"),
      infix("bool", fc.constantFrom("&&", "||"), "bool"),
      infix("text", fc.constant("in"), "list"),
      fc
        .tuple(tie("text"), fc.constantFrom("contains", "startsWith", "endsWith"), tie("text"))
        .map(([on, method, of]) => `${on}.${method}(${of})`),
      fc.tuple(tie("text"), fc.oneof(pattern, tie("text"))).map(([on, of]) => `${on}.matches(${of})`),
      tie("bool").map((inner) => `!${inner}`),
      loop(["all", "exists", "exists_one"], "bool"),
      conditional("bool"),
    ),
    text: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      literal,
      reference,
      infix("text", fc.constant("+"), "text"),
      fc.oneof(tie("number"), tie("bool")).map((inner) => `string(${inner})`),
      conditional("text"),
    ),
    number: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom("0", "1", "-7", "9223372036854775807", "0x1F"),
      infix("number", calculate, "number"),
      fc.tuple(fc.constantFrom("size", "int"), tie("text")).map(([call, inner]) => `${call}(${inner})`),
      tie("list").map((inner) => `${inner}.size()`),
      tie("text").map((inner) => `timestamp(${inner}).getHours()`),
      conditional("number"),
    ),
    list: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.array(tie("text"), { maxLength: 4 }).map((items) => `[${items.join(", ")}]`),
      fc.array(tie("number"), { maxLength: 4 }).map((items) => `[${items.join(", ")}]`),
      infix("list", fc.constant("+"), "list"),
      loop(["map"], "any"),
      loop(["filter"], "bool"),
      conditional("list"),
    ),
    any: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      tie("bool"),
      tie("text"),
      tie("number"),
      tie("list"),
      fc.tuple(tie("list"), tie("number")).map(([on, index]) => `${on}[${index}]`),
      fc.tuple(tie("text"), tie("any")).map(([word, value]) => `{${word}: ${value}}`),
      tie("any").map((inner) => `dyn(${inner})`),
    ),
  };
}

/** An expression that gives a bool, if its types fit. */
export const condition: fc.Arbitrary<string> = all.bool;
/** One of any type. */
export const expression: fc.Arbitrary<string> = all.any;

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
