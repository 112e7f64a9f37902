import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MESSAGE_CHARS, lastLines, sentence, span, stamp } from "./wording.ts";

describe("sentence", () => {
  it.each([
    ["keeps ordinary words", "Nothing to see: 5 < 6, é and 😀.", "Nothing to see: 5 < 6, é and 😀."],
    ["makes one line of many", "first\r\nsecond\tthird\u2028fourth", "first second third fourth"],
    ["lets no terminal be steered", "red\u001b[31mtext\u0007", "red [31mtext"],
    ["takes no empty edges", "  \n said \0", "said"],
    ["heals broken Unicode", "half \ud83d pair", "half \ufffd pair"],
  ])("%s", (_, message, want) => {
    expect(sentence(message)).toBe(want);
  });

  it("cuts what is too long, and shows it", () => {
    const long = sentence("x".repeat(10 * 1024 * 1024));

    expect(long).toHaveLength(MESSAGE_CHARS);
    expect(long.endsWith("x ...")).toBe(true);
  });

  it("is printable, well-formed, bounded and settled, whatever was said", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 3000, size: "max" }), (message) => {
        const said = sentence(message);

        expect(said.length).toBeLessThanOrEqual(MESSAGE_CHARS);
        expect(said.isWellFormed()).toBe(true);
        expect(said).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        expect(sentence(said)).toBe(said);
      }),
    );
  });
});

describe("lastLines", () => {
  it.each([
    ["keeps the lines of a log", "one\n  two\nthree\n", "one\n  two\nthree"],
    ["takes every kind of line break for one", "a\r\nb\rc\u2028d", "a\nb\nc\nd"],
    ["takes colours away and lets no terminal be steered", "\u001b[1;31mred\u001b[0m\u0007 \u202eend", "red  end"],
    ["shows one empty line where there are many", "a\n\n\n\n\nb", "a\n\nb"],
    ["says nothing of nothing", " \n\u0000\n", ""],
    ["heals broken Unicode", "half \ud83d pair", "half \ufffd pair"],
  ])("%s", (_, words, want) => {
    expect(lastLines(words, 100)).toBe(want);
  });

  it("keeps the end, from the beginning of a line on", () => {
    expect(lastLines("first line\nsecond\nthird", 14)).toBe("second\nthird");
    expect(lastLines("x".repeat(50), 10)).toBe("x".repeat(10));
  });

  it("is printable, well-formed and bounded, whatever was said", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 3000, size: "max" }),
        fc.integer({ min: 1, max: 2048 }),
        (words, chars) => {
          const said = lastLines(words, chars);

          expect(said.length).toBeLessThanOrEqual(chars);
          expect(said.isWellFormed()).toBe(true);
          expect(said.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
        },
      ),
    );
  });
});

describe("span", () => {
  it.each([
    [0, "0s"],
    [-5000, "0s"],
    [400, "0s"],
    [47_000, "47s"],
    [59_600, "1m"],
    [60_000, "1m"],
    [201_000, "3m21s"],
    [3_600_000, "1h"],
    [7_500_000, "2h5m"],
    [86_400_000, "1d"],
    [273_600_000, "3d4h"],
    [31_536_000_000, "365d"],
  ])("%i ms reads %s", (ms, want) => {
    expect(span(ms)).toBe(want);
  });

  it("fits the schema for every number of milliseconds", () => {
    fc.assert(
      fc.property(fc.integer(), (ms) => {
        expect(span(ms)).toMatch(/^(\d+[dhms]){1,2}$/);
        expect(span(ms).length).toBeLessThanOrEqual(32);
      }),
    );
  });
});

describe("stamp", () => {
  it("writes times as the API does: UTC, whole seconds", () => {
    expect(stamp(Date.parse("2030-01-01T00:00:00.999Z"))).toBe("2030-01-01T00:00:00Z");
  });

  it("never gives a later time than it got, nor one a second earlier", () => {
    const times = fc.date({
      min: new Date("1970-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(times, (time) => {
        const lost = time.getTime() - Date.parse(stamp(time.getTime()));

        expect(lost).toBeGreaterThanOrEqual(0);
        expect(lost).toBeLessThan(1000);
      }),
    );
  });
});
