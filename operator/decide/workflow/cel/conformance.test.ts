/**
 * The conformance tests of the CEL specification, for the library with our own functions in it, and for our check of types. What
 * is otherwise is listed, so that a new version of the library shows what it changes.
 */
import { getConformanceSuite } from "@bufbuild/cel-spec/testdata/tests.js";
import { describe, expect, it } from "vitest";
import { estimated } from "./cost.ts";
import { planned, typeName } from "./library.ts";
import type { CelValue, Evaluated } from "./library.ts";
import { parsed } from "./parser.ts";
import { ExpressionError } from "./problem.ts";
import { tokensOf } from "./tokens.ts";
import { boundSize } from "./tree.ts";
import { described } from "./type.ts";
import { typeOf } from "./typing.ts";

type Suite = ReturnType<typeof getConformanceSuite>;
type Test = Suite["tests"][number];
type Wanted = NonNullable<Extract<Test["original"]["resultMatcher"], { case: "value" }>["value"]>;

/** The suites about the standard definitions; others are about protocol buffers and extensions. */
const SUITES = new Set(
  "basic comparisons conversions fields fp_math integer_math lists logic macros parse plumbing string timestamps".split(
    " ",
  ),
);

/** Without variables, messages of protocol buffers and names in backquotes, none of which we have. */
function isOurs({ original }: Test): boolean {
  const { expr, typeEnv, bindings, container } = original;
  const free = typeEnv.length === 0 && Object.keys(bindings).length === 0 && container === "";
  return free && !/proto|TestAll|`|google|\.as\(|f_unknown|\bx \|\|/.test(expr);
}

const tests = getConformanceSuite()
  .suites.filter(({ name }) => SUITES.has(name))
  .flatMap((suite) => flat(suite).filter(isOurs));

function flat({ suites, tests: own }: Suite): readonly Test[] {
  return [...own, ...suites.flatMap(flat)];
}

function evaluation(expr: string): Evaluated {
  return planned(parsed(tokensOf(expr)).expr)({});
}

/** What the specification wants, as text; undefined where it is not a plain value. */
function wantedText({ original: { resultMatcher } }: Test): string | undefined {
  if (resultMatcher.case === undefined) return "true";
  if (resultMatcher.case === "evalError") return "error";
  return resultMatcher.case === "value" ? textOf(resultMatcher.value) : undefined;
}

function textOf({ kind }: Wanted): string | undefined {
  switch (kind.case) {
    case "int64Value":
    case "uint64Value":
    case "boolValue":
      return String(kind.value);
    case "doubleValue":
      return `double ${kind.value}`;
    case "stringValue":
      return JSON.stringify(kind.value);
    case "nullValue":
      return "null";
    case "bytesValue":
      return `bytes ${kind.value.join(" ")}`;
    case "listValue":
      return `[${kind.value.values.map(textOf).join(", ")}]`;
    case "mapValue":
      return mapText(kind.value.entries.map(({ key, value }) => `${key && textOf(key)}: ${value && textOf(value)}`));
    case "typeValue":
      return `type ${kind.value}`;
    case "enumValue":
    case "objectValue":
    case undefined:
      return undefined;
  }
}

function mapText(entries: readonly string[]): string {
  return `{${entries.toSorted().join(", ")}}`;
}

function gotText(result: Evaluated): string {
  return "reason" in result ? "error" : valueText(result.value);
}

function valueText(value: CelValue): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return `double ${value}`;
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Uint8Array) return `bytes ${value.join(" ")}`;
  if ("entries" in value)
    return mapText([...value.entries()].map(([key, item]) => `${valueText(key)}: ${valueText(item)}`));
  if (Symbol.iterator in value) return `[${[...value].map((item) => valueText(item)).join(", ")}]`;
  if ("value" in value && typeof value.value === "bigint") return String(value.value);
  return `type ${"name" in value ? value.name : typeName(value)}`;
}

/** Of the library: it does not mind that two keys of a map are the same number. */
const OTHERWISE = ["{0: 1, 0u: 2}[0.0] gives 1, not error"];

describe("of the conformance tests of CEL", () => {
  it("there are many", () => {
    expect(tests.length).toBeGreaterThan(800);
  });

  it("all come out as the specification says, but those we know", () => {
    const odd = tests.flatMap((test) => {
      const { expr } = test.original;
      const [want, got] = [wantedText(test), gotText(evaluation(expr))];
      return want === undefined || want === got ? [] : [`${expr} gives ${got}, not ${want}`];
    });

    expect(odd).toEqual(OTHERWISE);
  });

  it("none that is right is refused for its types, and none has another type than was told", () => {
    const odd = tests.flatMap((test) => {
      const { expr, disableCheck } = test.original;
      if (disableCheck || test.original.resultMatcher.case === "evalError") return [];
      const { expr: tree, offsetOf } = parsed(tokensOf(expr));
      try {
        boundSize(tree, offsetOf);
        const told = described(typeOf(tree, offsetOf));
        const result = planned(tree)({});
        const came = "reason" in result ? "error" : typeName(result.value);
        return told === "dyn" || told.replace(/\(.*/, "") === came ? [] : [`${expr} is ${came}, and not ${told}`];
      } catch (error) {
        return error instanceof ExpressionError ? [`${expr}: ${error.message}`] : [`${expr} throws`];
      }
    });

    expect(odd).toEqual([]);
  });

  it("each has bounds for its work", () => {
    const steps = tests.map(({ original }) => estimated(parsed(tokensOf(original.expr)).expr, () => 0).steps);

    expect(steps.filter((count) => !(count > 0 && count < 10_000))).toEqual([]);
  });
});
