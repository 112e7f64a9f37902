import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expression } from "../../../testing/expressions.ts";
import { STEPS_MAX, estimated } from "./cost.ts";
import { planned, typeName } from "./library.ts";
import { parsed } from "./parser.ts";
import { ExpressionError } from "./problem.ts";
import { extractReferences, presenceName, valueName } from "./references.ts";
import { tokensOf } from "./tokens.ts";
import { described } from "./type.ts";
import { typeOf } from "./typing.ts";

describe("the type of an expression", () => {
  it("is that of its value, and its functions take what they get", () => {
    const ends = { value: 0, reason: 0 };
    fc.assert(
      fc.property(expression, fc.constantFrom("", "12", "eu", "2026-11-28T00:00:00Z"), (source, text) => {
        const { expr, offsetOf } = parsed(tokensOf(source));
        const references = extractReferences(expr, offsetOf);
        const type = typeOrRefusal(() => described(typeOf(expr, offsetOf)));
        if (type === undefined || estimated(expr, () => text.length).steps > STEPS_MAX) return;
        const names = references.flatMap((_, index) => [
          [valueName(index), text],
          [presenceName(index), true],
        ]);
        const result = planned(expr)(Object.fromEntries(names));

        if ("value" in result && type !== "dyn") expect(typeName(result.value)).toBe(type.replace(/\(.*/, ""));
        // Without a value of unknown type in it, none can be of the wrong type.
        if ("reason" in result && !/dyn|\[|\{|\?/.test(source)) expect(result.reason).not.toContain("does not work on");
        ends["value" in result ? "value" : "reason"] += 1;
      }),
      { numRuns: 1_000 },
    );

    expect(ends.value).toBeGreaterThan(300);
    expect(ends.reason).toBeGreaterThan(30);
  });
});

function typeOrRefusal(tell: () => string): string | undefined {
  try {
    return tell();
  } catch (error) {
    if (error instanceof ExpressionError) return undefined;
    throw error;
  }
}
