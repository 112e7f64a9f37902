/** Our parser reads as the library's own does, which its authors test against cel-go; what is done otherwise is said here. */
import { parse } from "@bufbuild/cel";
import { getConformanceSuite, getParsingSuite } from "@bufbuild/cel-spec/testdata/tests.js";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { condition, damaged, expression, soup } from "../../../testing/expressions.ts";
import { parsed } from "./parser.ts";
import { tokensOf } from "./tokens.ts";

/** The expression as values that can be compared, or why it cannot be read. */
function ours(source: string): unknown {
  try {
    return plain(parsed(tokensOf(source)).expr);
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

function theirs(source: string): unknown {
  try {
    // Theirs wants a line to end after a comment.
    return plain(parse(`${source}\n`).expr);
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

/** Without ids, which count in another order. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, part]) => (key === "id" ? [] : [[key, plain(part)]])));
}

/** What we refuse though it could be read: it would be refused later, with worse words, or means nothing in the specification. */
const ON_PURPOSE =
  /is no escape|first takes a name for each element|messages of protocol buffers|more than 50 brackets|in backquotes/;
/** The library takes the name "trueish" for true, and "inner" for in, with something behind them; wants no blanks in "f( )", "[ ,]" and "! !", no "-1u". */
const MISREAD = /(?:true|false|null)\w|\(\s+\)|[[{]\s+,|!\s+!|-\s+-|-(?:0x)?[\da-f]+u/i;
const READ_AS_IN = /^"in\w+" is not expected here$/;

/** Both read the same, or neither can read it. */
function sameReading(source: string): void {
  const [own, other] = [ours(source), theirs(source)];
  if (typeof own === "string" && (typeof other === "string" || ON_PURPOSE.test(own) || READ_AS_IN.test(own))) return;
  if (MISREAD.test(source)) return;
  expect({ source, reading: own }).toEqual({ source, reading: other });
}

type Suite = ReturnType<typeof getParsingSuite>;
const sourcesOf = ({ suites, tests }: Suite): readonly string[] => [
  ...tests.map(({ original }) => original.expr),
  ...suites.flatMap(sourcesOf),
];
const sources = [getConformanceSuite(), getParsingSuite()].flatMap(sourcesOf);

describe("an expression is read as the library reads it", () => {
  it("in the tests of the specification and of cel-go, of which nearly all are read", () => {
    for (const source of sources) sameReading(source);

    expect(sources.length).toBeGreaterThan(2000);
    expect(sources.filter((source) => ON_PURPOSE.test(String(ours(source)))).length).toBeLessThan(sources.length / 4);
  });

  it.each([
    ["if it is well-formed", fc.oneof(condition, expression)],
    ["if it is damaged", damaged],
    ["if it is symbols in any order", soup],
  ])("%s", (_, texts) => {
    expect.hasAssertions();
    fc.assert(fc.property(texts, sameReading), { numRuns: 300 });
  });
});

describe("what is easily read wrongly", () => {
  it.each(['"\\q" == ""', '"\\400" == ""', 'b"\\u0041" == b""'])("%s has no such escape", (source) => {
    expect(ours(source)).toContain("is no escape");
  });

  it.each(["f( )", "! !f", ".f() == [,]", "-1u", "{,}", "!-7", "1--7", "rb'a' == br'a'"])("%s is read", (source) => {
    expect(typeof ours(source)).toBe("object");
  });

  it.each([".true", "a.in", "rr'a'", "[,1]", "f(,)", "f(1,)", "1 in2"])("%s is not", (source) => {
    expect(typeof ours(source)).toBe("string");
  });

  it("is a name that begins like a word of CEL", () => {
    expect(ours("[1].all(trueish, trueish == 1)")).toMatchObject({ exprKind: { case: "comprehensionExpr" } });
    expect(theirs("[1].all(trueish, trueish == 1)")).toContain("found . but expecting end of input");
  });
});
