/** Our parser reads as the library's own does, which is tested against cel-go; where it does otherwise is said here. */
import { parse } from "@bufbuild/cel";
import { getConformanceSuite, getParsingSuite } from "@bufbuild/cel-spec/testdata/tests.js";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { condition, damaged, expression, soup } from "../../../testing/expressions.ts";
import { parsed } from "./parser.ts";
import { tokensOf } from "./tokens.ts";

/** The expression as values that can be compared; undefined where it cannot be read. */
function ours(source: string): unknown {
  try {
    return plain(parsed(tokensOf(source)).expr);
  } catch {
    return undefined;
  }
}

function theirs(source: string): unknown {
  try {
    // Theirs wants a line to end after a comment.
    return plain(parse(`${source}\n`).expr);
  } catch {
    return undefined;
  }
}

/** Without ids, which count in another order. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, part]) => (key === "id" ? [] : [[key, plain(part)]])));
}

type Suite = ReturnType<typeof getParsingSuite>;
const sourcesOf = ({ suites, tests }: Suite): readonly string[] => [
  ...tests.map(({ original }) => original.expr),
  ...suites.flatMap(sourcesOf),
];
/** Messages of protocol buffers and names in backquotes are not read; they are refused later anyway. */
const isOurs = (source: string): boolean => !/[\w.]\s*\{|`/.test(source);
const sources = [getConformanceSuite(), getParsingSuite()].flatMap(sourcesOf).filter(isOurs);

describe("expressions are read as the library reads them", () => {
  it("in the tests of the specification and of cel-go", () => {
    const odd = sources.filter((source) => JSON.stringify(text(ours(source))) !== JSON.stringify(text(theirs(source))));

    expect(sources.length).toBeGreaterThan(1500);
    expect(odd).toEqual([]);
  });

  it.each([
    ["well-formed ones", fc.oneof(condition, expression)],
    ["damaged ones", damaged],
    ["symbols in any order", soup],
  ])("%s", (_, texts) => {
    fc.assert(
      fc.property(texts, (source) => {
        if (!isOurs(source) || isKnown(source)) return;
        expect(ours(source)).toEqual(theirs(source));
      }),
      { numRuns: 500 },
    );
  });
});

/** What is wrong by the specification, and read by the library all the same. */
function isKnown(source: string): boolean {
  return /\\[^abfnrtv\\?"'`xXuU0-3]/.test(source);
}

function text(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part)),
  );
}

describe("the library's mistakes are not ours", () => {
  it.each([['"\\q" == ""'], ['"\\400" == ""'], ['b"\\u0041" == b""']])("%s is refused", (source) => {
    expect(ours(source)).toBeUndefined();
  });
});

describe("long expressions", () => {
  it("of the same length take about the same, however they are made", () => {
    const count = (source: string): number => tokensOf(source.slice(0, 4096)).length;

    expect(count("1,".repeat(2048))).toBe(4097);
    expect(count(" ".repeat(4096))).toBe(1);
    expect(count(`"${"\\n".repeat(2000)}"`)).toBe(2);
  });
});
