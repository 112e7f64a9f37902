/** What holds for every text and every value that stands for a reference, also for those that nobody would write. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseText, referencesIn, textOf } from "./references.ts";
import { substitute } from "./substitute.ts";
import type { Facts } from "./substitute.ts";

/** All there is to refer to in these tests, and what it stands for in a table of values. */
const KNOWN = [
  "$(params.x)",
  "$(params.__proto__)",
  "$(params.constructor)",
  "$(item)",
  "$(item.k)",
  "$(item.toString)",
  "$(index)",
  "$(tasks.a.results.r)",
  "$(tasks.a.status)",
  "$(tasks.constructor.results.__proto__)",
  "$(run.ds)",
  "$(run.params)",
] as const;
type Values = ReadonlyMap<string, string>;

const OURS = ["$(params.", "$(item)", "$(item.", "$(index)", "$(tasks.", "$(run."];
const FOREIGN = [
  "$(VAR)",
  "$$(VAR)",
  "$$$(VAR)",
  "$(date +%s)",
  "$(params)",
  "$(items)",
  "$(PARAMS.x)",
  "$((1+1))",
  "${item}",
];

const known = fc.constantFrom(...KNOWN);
const foreign = fc.constantFrom(...FOREIGN);
const literal = known.map((reference) => `$${reference}`);
const shards = fc.constantFrom(
  "$",
  "$$",
  "(",
  ")",
  ".",
  "$(",
  "$$(",
  ...OURS,
  ...OURS.map((one) => `$${one}`),
  "params",
  "item",
  "k",
  "x",
);
const anyText = fc.string({ unit: "binary", maxLength: 5 });
const texts = fc
  .array(fc.oneof(known, literal, foreign, shards, anyText), { maxLength: 8 })
  .map((parts) => parts.join(""));
/** Values that would do harm if they were looked at again. */
const HARMFUL = [...KNOWN, ...FOREIGN, "$$(params.x)", "", "$", "$$", "$(", "params.x)", "x)", "$(params.", "v"];
const values: fc.Arbitrary<Values> = fc
  .array(fc.constantFrom(...HARMFUL), { minLength: KNOWN.length, maxLength: KNOWN.length })
  .map((all) => new Map(KNOWN.map((reference, index) => [reference, all[index] ?? ""])));

function factsOf(table: Values): Facts {
  return {
    param: (name) => table.get(`$(params.${name})`),
    // The value of $(item) is a text, or an object for its fields; here the test asks for one of them only.
    item: () => undefined,
    index: () => undefined,
    result: (task, result) => table.get(`$(tasks.${task}.results.${result})`) ?? { missing: "nothing of the kind" },
    status: (task) => table.get(`$(tasks.${task}.status)`),
    run: (field) => table.get(`$(run.${field})`),
  };
}

/** Facts whose element is a text, or has fields, whatever the text asks for first. */
function facts(table: Values, text: string): Facts {
  const fields = JSON.parse(
    JSON.stringify({ k: table.get("$(item.k)"), toString: table.get("$(item.toString)") }),
  ) as unknown;
  return { ...factsOf(table), item: () => (text.includes("$(item.") ? fields : table.get("$(item)")), index: () => 7 };
}

function replaced(text: string, table: Values): string | undefined {
  const made = substitute(text, facts(table, text));
  return "value" in made ? String(made.value) : undefined;
}

/** Character by character, from left to right. undefined: something looks like ours and is none of the known. */
function slowly(text: string, table: Values): string | undefined {
  let [out, rest] = ["", text];
  while (rest !== "") {
    const literalPrefix = OURS.find((prefix) => rest.startsWith(`$${prefix}`));
    const prefix = OURS.find((one) => rest.startsWith(one));
    const reference = KNOWN.find((one) => rest.startsWith(one));
    if (literalPrefix !== undefined) {
      out += literalPrefix;
      rest = rest.slice(literalPrefix.length + 1);
    } else if (prefix === undefined) {
      out += rest[0];
      rest = rest.slice(1);
    } else if (reference === undefined) return undefined;
    else {
      out += table.get(reference) ?? "";
      rest = rest.slice(reference.length);
    }
  }
  return out;
}

/** $(item) and $(item.k) cannot both be right of one element; and an index is a number. */
function isOfOneKind(text: string): boolean {
  return !(text.includes("$(item)") && text.includes("$(item."));
}

describe("whatever the text and the values", () => {
  it("the result is that of an obvious implementation", () => {
    fc.assert(
      fc.property(texts.filter(isOfOneKind), values, (text, all) => {
        const table = new Map([...all, ["$(index)", "7"]]);

        expect(replaced(text, table)).toBe(slowly(text, table));
      }),
      { numRuns: 5000 },
    );
  });

  it("the obvious implementation replaces often enough for that to mean something", () => {
    const table = new Map<string, string>(KNOWN.map((reference) => [reference, "v"]));
    const sample = fc
      .sample(texts, { numRuns: 1000, seed: 1 })
      .map((text) => slowly(text, table) !== undefined && slowly(text, table) !== text);

    expect(sample.filter(Boolean).length).toBeGreaterThan(300);
  });

  it("each value stands exactly once where its reference stood, and nothing else has changed", () => {
    const separated = fc.array(
      fc.oneof(
        known.filter((one) => !one.startsWith("$(item")),
        foreign,
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(separated, values, (pieces, all) => {
        const table = new Map([...all, ["$(index)", "7"]]);
        const want = pieces.map((piece) => table.get(piece) ?? piece);

        expect(replaced(pieces.join("|"), table)).toBe(want.join("|"));
      }),
      { numRuns: 1000 },
    );
  });

  it("what is not ours stays as it is", () => {
    const others = fc
      .array(fc.oneof(foreign, fc.string({ unit: "binary" })), { maxLength: 8 })
      .map((all) => all.join(""));
    fc.assert(
      fc.property(
        others.filter((text) => !OURS.some((prefix) => text.includes(prefix))),
        (text) => {
          expect(replaced(text, new Map())).toBe(text);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("one $ more makes a literal of it", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(literal, foreign), { maxLength: 5 }), values, (pairs, table) => {
        const text = pairs.flat().join(" ");

        expect(replaced(text, table)).toBe(pairs.map(([own, other]) => `${own.slice(1)} ${other}`).join(" "));
      }),
    );
  });

  it("a text is what its pieces say", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parseText(text);
        const pieces = "pieces" in parsed ? parsed.pieces : [];
        const written = pieces.map((piece) =>
          typeof piece === "string"
            ? OURS.reduce((out, prefix) => out.replaceAll(prefix, () => `$${prefix}`), piece)
            : textOf(piece),
        );

        if ("pieces" in parsed) expect(written.join("")).toBe(text);
        expect(pieces).not.toContain("");
      }),
      { numRuns: 5000 },
    );
  });
});

describe("whatever the value", () => {
  const json = fc.jsonValue({ depthSize: "medium" });
  const trees = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      fc.oneof(texts, json),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc
        .array(
          fc.tuple(fc.oneof(fc.constantFrom("__proto__", "constructor", "$(params.x)", "a"), fc.string()), tie("tree")),
          { maxLength: 4 },
        )
        .map((fields) => Object.fromEntries(fields)),
    ),
  })).tree;
  const items = fc.oneof(fc.constant(undefined), trees);

  it("nothing is thrown, the input stays as it is, and a problem says what and where", () => {
    fc.assert(
      fc.property(trees, items, values, (tree, item, table) => {
        const before = JSON.stringify(tree);
        const made = substitute(tree, { ...factsOf(table), item: () => item, index: () => 0 }, "template");

        expect(JSON.stringify(tree)).toBe(before);
        if ("problem" in made) expect(made.problem.message).toMatch(/^template.*: ./s);
      }),
      { numRuns: 1000 },
    );
  });

  it("every text is replaced by itself, and all else is the same", () => {
    fc.assert(
      fc.property(trees, values, (tree, table) => {
        const all: Facts = { ...factsOf(table), item: () => "item", index: () => 0 };
        const made = substitute(tree, all);
        const want = mapTexts(tree, (text) => {
          const one = substitute(text, all);
          return "value" in one ? one.value : undefined;
        });

        if ("value" in made) expect(JSON.stringify(made.value)).toBe(JSON.stringify(want));
        else expect(JSON.stringify(want)).not.toBe(JSON.stringify(tree));
        expect(({} as Record<string, unknown>)["a"]).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it("without references it is copied, and with the copy nothing changes", () => {
    fc.assert(
      fc.property(json, (value) => {
        const made = substitute(value, factsOf(new Map()));

        fc.pre("value" in made);
        expect(JSON.stringify(made)).toBe(JSON.stringify({ value }));
      }),
    );
  });

  it("what referencesIn finds is what substitute asks for", () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const asked: string[] = [];
        const ask = (reference: string): string => {
          asked.push(reference);
          return "";
        };
        const { references, problems } = referencesIn(tree, "");
        substitute(tree, {
          param: (name) => ask(`$(params.${name})`),
          item: () => undefined,
          index: () => 0,
          result: (task, result) => ask(`$(tasks.${task}.results.${result})`),
          status: (task) => ask(`$(tasks.${task}.status)`),
          run: (field) => ask(`$(run.${field})`),
        });
        const found = references
          .map(({ reference }) => textOf(reference))
          .filter((text) => !/^\$\((item|index)/.test(text));

        fc.pre(problems.length === 0 && !references.some(({ reference }) => reference.kind === "item"));
        expect(asked).toEqual(found);
      }),
      { numRuns: 1000 },
    );
  });
});

/** undefined where the text has a problem. */
function mapTexts(value: unknown, change: (text: string) => unknown): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((one: unknown) => mapTexts(one, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mapTexts(one, change)]));
}
