import { RE2JS } from "@bufbuild/re2";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { REGEX_CHARS_MAX, REGEX_SIZE_MAX, regexSize } from "./regex.ts";

describe("the size of a regular expression", () => {
  it.each([
    ["", 3],
    ["^2026-", 9],
    ["^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", 133],
    ["(a{100}){10}", 1033],
    ["\\Q((\\E", 9],
    ["[[:alpha:]\\]]{2}", 5],
    ["a{2,}", 9],
    ["a{,2}", 8],
    ["\\pL{20}", 223],
    ["(((", 3],
    [")))", 12],
  ])("%s is at most %d steps", (pattern, want) => {
    expect(regexSize(pattern)).toBe(want);
  });

  it("of what people match is far below the bound", () => {
    const usual = [
      "^v\\d+\\.\\d+\\.\\d+(-[a-z0-9.]+)?$",
      "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}$",
      "(?i)^(prod|staging)-[a-z]{2,16}$",
    ];

    expect(usual.filter((pattern) => regexSize(pattern) > REGEX_SIZE_MAX / 5)).toEqual([]);
  });

  it("of a long pattern is beyond every bound", () => {
    expect(regexSize("a".repeat(REGEX_CHARS_MAX + 1))).toBeGreaterThan(REGEX_SIZE_MAX);
    expect(regexSize("((((a{1000}){1000}){1000}){1000}){1000}")).toBeGreaterThan(REGEX_SIZE_MAX);
  });

  it("is never less than what the library makes of the pattern", () => {
    fc.assert(
      fc.property(pattern, (text) => {
        const size = regexSize(text);
        if (size > REGEX_SIZE_MAX) return;
        expect(instructions(text) ?? 0).toBeLessThanOrEqual(size);
      }),
      { numRuns: 3_000 },
    );
  });
});

/** Steps of the compiled pattern; undefined where it is no pattern. */
function instructions(text: string): number | undefined {
  try {
    return RE2JS.compile(text).re2().prog.numInst();
  } catch {
    return undefined;
  }
}

const atom = fc.constantFrom(
  "a",
  "é",
  ".",
  "[ab]",
  "[^a-c\\]x]",
  "[[:alpha:]_]",
  "\\d",
  "\\pL",
  "\\p{Greek}",
  "\\x{3b1}",
  "\\Qa+\\E",
);
const mark = fc.constantFrom("", "", "^", "$", "\\b", "|", "(?i)", "(?:", "(?P<n>", "(", ")", "\\", "[", "{");
const times = fc.constantFrom("", "", "*", "+", "?", "{2}", "{0,3}", "{3,}", "{,2}", "{1,10}", "*?", "{2}{2}");
const piece = fc.tuple(mark, atom, times).map((parts) => parts.join(""));
const group: fc.Arbitrary<string> = fc.letrec<{ group: string; part: string }>((tie) => ({
  part: fc.oneof({ depthSize: "small" }, piece, tie("group")),
  group: fc
    .tuple(fc.array(tie("part"), { maxLength: 4 }), times)
    .map(([parts, count]) => `(${parts.join("")})${count}`),
})).group;
const pattern = fc.oneof(
  group,
  fc.array(piece, { maxLength: 6 }).map((parts) => parts.join("")),
  fc.string(),
);
