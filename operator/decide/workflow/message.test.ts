import { describe, expect, it } from "vitest";
import { joinWhole } from "./message.ts";

const bytes = (text: string): number => new TextEncoder().encode(text).length;
const many = (count: number, chars: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${index}: ${"x".repeat(chars)}`);

describe("problems in one message", () => {
  it.each([
    [[], ""],
    [["one"], "one."],
    [["one", "two?", "three."], "one. two? three."],
    [["two\nlines"], "two lines."],
  ])("%j", (problems, want) => {
    expect(joinWhole(problems)).toBe(want);
  });

  it("are whole ones as they fit, then the number of the others", () => {
    const message = joinWhole(many(50, 100));

    expect(message).toMatch(/^0: x+\. 1: x+\. .* 8: x+\. \(and 41 more\)$/);
    expect(bytes(message)).toBeLessThanOrEqual(1024);
  });

  it("a number that is not the last is said so", () => {
    expect(joinWhole(many(50, 100), false)).toMatch(/ \(and at least 41 more\)$/);
    expect(joinWhole(["one"], false)).toBe("one. (and more)");
  });

  it("fill the message to the last byte", () => {
    const full = "x".repeat(1022);

    expect(joinWhole([full])).toBe(`${full}.`);
    expect(bytes(joinWhole(["x".repeat(1000), "y".repeat(21)]))).toBe(1024);
  });

  it.each(["x", "\u20ac", "\u{1F600}"])("a problem too long for any message is cut, made of %s", (char) => {
    const alone = joinWhole([char.repeat(5000)]);
    const first = joinWhole([char.repeat(5000), "two"]);

    expect([bytes(alone) <= 1024, alone.isWellFormed(), alone.endsWith("...")]).toEqual([true, true, true]);
    expect([bytes(first) <= 1024, first.endsWith("... (and 1 more)")]).toEqual([true, true]);
  });
});
