import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { expect, test } from "vitest";
import { type Schema, valuesOf, valuesTable, valuesText } from "./values.ts";

const SCHEMA = JSON.parse(readFileSync(join(import.meta.dirname, "../chart/values.schema.json"), "utf8")) as Schema;

const SMALL: Schema = {
  properties: {
    image: {
      description: "What runs.",
      properties: {
        tag: { description: "Its tag.", default: "" },
        pull: { description: `When it ${"is asked for ".repeat(10)}.`, enum: ["Always", "Never"], default: "Never" },
      },
    },
    list: { description: "Some.", default: [{ a: 1 }] },
    global: { description: "Helm's own." },
  },
};

test("values.yaml holds the defaults of the schema, each below its description", () => {
  const text = valuesText(SMALL);

  expect(load(text)).toEqual({ image: { tag: "", pull: "Never" }, list: [{ a: 1 }] });
  expect(text).toContain('# What runs.\nimage:\n  # Its tag.\n  tag: ""\n');
  expect(text).toMatch(/\n {2}# When it .*\n {2}# .*\(Always, Never\)\n {2}pull: Never\n/);
});

test("the table has a row for each value", () => {
  expect(
    valuesTable(SMALL)
      .split("\n")
      .map((row) => row.replaceAll(/ +/g, " "))
      .slice(2),
  ).toEqual([
    '| `image.tag` | `""` | Its tag. |',
    expect.stringMatching(/^\| `image\.pull` \| `"Never"` \| .* One of `Always`, `Never`\. \|$/),
    '| `list` | `[{"a":1}]` | Some. |',
  ]);
});

test.each([
  [{ properties: { a: { default: 1 } } }, /a needs a description and a default/],
  [{ properties: { a: { properties: { b: { description: "Text." } } } } }, /a\.b needs a description and a default/],
])("a value that lacks something is told: %o", (schema, words) => {
  expect(() => valuesOf(schema)).toThrow(words);
});

test("every object of the schema refuses what it does not know, and what the schema says of itself is text", () => {
  const open: string[] = [];
  const visit = (schema: Schema & { readonly additionalProperties?: unknown }, path: string): void => {
    if (schema.properties === undefined) return;
    if (schema.additionalProperties !== false) open.push(path);
    for (const [name, property] of Object.entries(schema.properties)) visit(property, `${path}.${name}`);
  };
  visit(SCHEMA, "values");

  expect(open).toEqual([]);
  expect(
    valuesOf(SCHEMA)
      .filter(({ schema }) => !/^[A-Z/].*[.)]$|\.\.\.$/.test(schema.description ?? ""))
      .map(({ path }) => path),
  ).toEqual([]);
});
