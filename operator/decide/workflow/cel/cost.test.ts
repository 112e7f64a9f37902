import { celMethod, celFunc } from "@bufbuild/cel";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expression } from "../../../testing/expressions.ts";
import { STEPS_MAX, estimated } from "./cost.ts";
import { FUNCTIONS, planned } from "./library.ts";
import type { CelFunc } from "./library.ts";
import { parsed } from "./parser.ts";
import { tokensOf } from "./tokens.ts";
import { extractReferences, presenceName, valueName } from "./references.ts";

const stepsOf = (source: string, chars = 0): number => {
  const { expr, offsetOf } = parsed(tokensOf(source));
  extractReferences(expr, offsetOf);
  return estimated(expr, () => chars).steps;
};
const list = (length: number): string => `[${Array.from({ length }, (_, index) => index).join(",")}]`;

describe("the work of an expression", () => {
  it("is small for what people write", () => {
    const usual = [
      'params.region == "eu" && tasks.load.status == "Succeeded"',
      "has(tasks.load.results.rows) && int(tasks.load.results.rows) > 1000",
      'tasks.a.status in ["Succeeded", "Skipped"]',
    ];

    expect(usual.map((source) => stepsOf(source, 256)).filter((steps) => steps > 50)).toEqual([]);
  });

  it("grows with every list that is gone through, and with the product of those within each other", () => {
    const one = stepsOf(`${list(10)}.all(x, x > 0)`);
    const two = stepsOf(`${list(10)}.all(x, ${list(10)}.all(y, x > y))`);
    const three = stepsOf(`${list(10)}.all(x, ${list(10)}.all(y, ${list(10)}.all(z, x + y > z)))`);

    expect([one > 100, two > 1000, three > 10_000]).toEqual([true, true, true]);
    expect(three).toBeLessThanOrEqual(STEPS_MAX);
    expect(stepsOf(`${list(20)}.all(x, ${list(20)}.all(y, ${list(20)}.all(z, x + y > z)))`)).toBeGreaterThan(STEPS_MAX);
  });

  it("is counted for lists that are made and not written", () => {
    const pairs = `${list(20)}.map(x, ${list(20)}.map(y, x + y))`;

    expect(stepsOf(`${pairs}.all(r, r.all(v, v > 0))`)).toBeGreaterThan(20 * 20 * 5);
    expect(stepsOf(`{1: ${list(30)}}[1].all(v, ${list(30)}.all(w, w > v))`)).toBeGreaterThan(30 * 30 * 5);
    expect(stepsOf(`(${list(30)} + ${list(30)}).all(v, v > 0)`)).toBeGreaterThan(60 * 5);
    expect(stepsOf(`(true ? ${list(9)} : ${list(90)}).all(v, v > 0)`)).toBeGreaterThan(90 * 5);
  });

  it("grows with the length of texts, with the product where one is searched for in the other", () => {
    expect(stepsOf("size(params.a + params.b) > 1", 100_000)).toBeGreaterThan(2000);
    expect(stepsOf("params.a == params.b", 100_000)).toBeGreaterThan(1000);
    expect(stepsOf("params.a.contains(params.b)", 10_000)).toBeGreaterThan(STEPS_MAX);
    expect(stepsOf('params.a.contains("b")', 10_000)).toBeLessThan(1000);
    expect(stepsOf("params.a.matches(params.b)", 10_000)).toBeGreaterThan(STEPS_MAX);
    expect(stepsOf('params.a.matches("(a|b)*a(a|b){100}c")', 8000)).toBeGreaterThan(STEPS_MAX);
  });

  it("is never less than the calls of functions that an evaluation makes, nor texts longer than their bound", () => {
    fc.assert(
      fc.property(expression, fc.string({ maxLength: 300 }), (source, text) => {
        const { expr, offsetOf } = parsed(tokensOf(source));
        const references = extractReferences(expr, offsetOf);
        const { steps, bound } = estimated(expr, () => text.length);
        if (steps > STEPS_MAX) return;
        const names = references.flatMap((_, index) => [
          [valueName(index), text],
          [presenceName(index), true],
        ]);
        let calls = 0;
        const result = planned(
          expr,
          counting(() => (calls += 1)),
        )(Object.fromEntries(names));

        expect(calls).toBeLessThanOrEqual(steps);
        if ("value" in result && typeof result.value === "string") {
          expect(result.value.length).toBeLessThanOrEqual(bound.chars);
        }
        if ("value" in result && typeof result.value === "object" && result.value !== null && "size" in result.value) {
          expect(result.value.size).toBeLessThanOrEqual(bound.elements);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

/** The same functions, each of which tells when it is called. */
function counting(tell: () => void): readonly CelFunc[] {
  return FUNCTIONS.map((original) => {
    const { name, target, result } = original;
    const call = (self: Parameters<CelFunc["call"]>[1], args: Parameters<CelFunc["call"]>[2]): never => {
      tell();
      const value = original.call(0, self, args);
      if (value instanceof Error) throw value;
      // What the function itself says its result is.
      return value as never;
    };
    if (target === undefined) return celFunc(name, original.arguments, result, (...args) => call(undefined, args));
    return celMethod(name, target, original.arguments, result, function (...args) {
      return call(this, args);
    });
  });
}
