/** What holds for every text, and for every well-formed expression, whatever the run has come to. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { condition, damaged, expression, reference, soup, symbols } from "../../testing/expressions.ts";
import { STEPS_MAX } from "./cel/cost.ts";
import { written } from "./cel/references.ts";
import { evaluateWhen, parseWhen } from "./when.ts";
import type { WhenFacts } from "./when.ts";

const MESSAGE_CHARS = 1024;

/** Nothing is there, or every name has some text. */
const facts: fc.Arbitrary<WhenFacts> = fc
  .array(fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom("eu", "12", "2026-11-28T00:00:00Z", "a".repeat(3000))))
  .map((texts) => {
    const textOf = (...names: readonly string[]): string | undefined =>
      texts[names.join(" ").length % (texts.length + 1)];
    const [param, status, result, run] = [textOf, textOf, textOf, textOf];
    return { param, status, result, run };
  });

/** A value or a sentence comes of it, never an error. */
function total(source: string, given: WhenFacts): "value" | "problem" | "refused" {
  const when = parseWhen(source);
  if ("problem" in when) {
    sensible(when.problem);
    return "refused";
  }
  const result = evaluateWhen(when, given);
  if ("problem" in result) {
    sensible(result.problem);
    return "problem";
  }
  expect(typeof result.value).toBe("boolean");
  return "value";
}

function sensible(problem: string): void {
  expect(problem).not.toBe("");
  expect(problem.length).toBeLessThanOrEqual(MESSAGE_CHARS);
  expect(problem).not.toMatch(/\n|\[object|undefined|Maximum call stack|Cannot read properties|is not a function/);
}

describe("whatever the expression", () => {
  it.each([
    ["any text", fc.string({ unit: "binary", maxLength: 200 })],
    ["symbols in any order", soup],
    ["damaged expressions", damaged],
    [
      "one thing again and again",
      fc.tuple(symbols, fc.integer({ min: 1, max: 5000 })).map(([part, times]) => part.repeat(times).slice(0, 4096)),
    ],
    [
      "nested alike",
      fc
        .tuple(symbols, symbols, symbols, fc.integer({ min: 1, max: 60 }))
        .map(([open, inner, close, times]) => open.repeat(times) + inner + close.repeat(times)),
    ],
  ])("%s: there is a value, or a sentence that says why not", (_, source) => {
    fc.assert(
      fc.property(source, facts, (text, given) => {
        expect(["value", "problem", "refused"]).toContain(total(text, given));
      }),
      { numRuns: 500 },
    );
  });

  it("well-formed ones are mostly understood, and come to all three ends", () => {
    const ends = new Map<string, number>();
    fc.assert(
      fc.property(condition, facts, (source, given) => {
        const end = total(source, given);
        ends.set(end, (ends.get(end) ?? 0) + 1);
      }),
      { numRuns: 1_000 },
    );

    expect(ends.get("value")).toBeGreaterThan(250);
    expect(ends.get("problem")).toBeGreaterThan(25);
    expect(ends.get("refused")).toBeGreaterThan(5);
  });
});

describe("whatever the run", () => {
  it("the same expression and facts give the same, also after others in between", () => {
    fc.assert(
      fc.property(condition, facts, facts, (source, given, other) => {
        const when = parseWhen(source);
        if ("problem" in when) return;
        const first = evaluateWhen(when, given);
        evaluateWhen(when, other);

        expect(evaluateWhen(when, given)).toEqual(first);
        expect(parseWhen(source)).toMatchObject({ source, references: when.references });
      }),
    );
  });

  it("only what the references name is asked for", () => {
    fc.assert(
      fc.property(condition, (source) => {
        const when = parseWhen(source);
        if ("problem" in when) return;
        const asked = new Set<string>();
        const note = (...parts: readonly string[]): string => {
          asked.add(parts.join(" "));
          return "1";
        };
        evaluateWhen(when, {
          param: (name) => note("param", name),
          status: (task) => note("status", task),
          result: (task, result) => note("result", task, result),
          run: (field) => note("run", field),
        });

        expect([...asked]).toEqual(when.references.map((each) => Object.values(each).join(" ")));
      }),
    );
  });

  it("a reference reads back as it is written", () => {
    fc.assert(
      fc.property(reference, (path) => {
        const when = parseWhen(`${path} == "x"`);
        if ("problem" in when) throw new Error(when.problem);
        const [only] = when.references;
        const again = only === undefined ? when : parseWhen(`${written(only)} == "x"`);

        expect(again).toMatchObject({ references: when.references });
      }),
    );
  });

  it("no evaluation may take more steps than the bound", () => {
    fc.assert(
      fc.property(expression, fc.nat({ max: 100_000 }), (source, length) => {
        const when = parseWhen(`(${source}) == (${source})`);
        if ("problem" in when) return;
        const text = "1".repeat(length);
        const result = evaluateWhen(when, {
          param: () => text,
          status: () => text,
          result: () => text,
          run: () => text,
        });
        const steps = when.program.steps(when.references.map(() => length));

        expect(when.program.steps(when.references.map(() => 0))).toBeLessThanOrEqual(STEPS_MAX);
        if (steps > STEPS_MAX) expect(JSON.stringify(result)).toContain("too much work");
      }),
    );
  });
});
