/** The shape of a definition, held against the schema it repeats: every bound of it is met and missed. */
import { readFileSync } from "node:fs";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { list, object } from "../../../api/decode.ts";
import type { Json } from "../../../api/decode.ts";
import { Findings } from "./findings.ts";
import { checkShape } from "./shape.ts";

const crd = object(load(readFileSync(new URL("../../../../crds/workflows.yaml", import.meta.url), "utf8")));
const version = object(list(object(crd["spec"])["versions"])[0]);
const SCHEMA = object(properties(object(object(version["schema"])["openAPIV3Schema"]))["spec"]);

/** A value somewhere in an otherwise right definition; `right` says whether the schema takes it. */
interface Case {
  readonly path: string;
  readonly value: unknown;
  readonly right: boolean;
}

function properties(schema: Json): Json {
  return object(schema["properties"]);
}

function example(schema: Json): unknown {
  switch (schema["type"]) {
    case "object":
      return Object.fromEntries(
        list(schema["required"]).map((name) => [name, example(object(properties(schema)[String(name)]))]),
      );
    case "array":
      return [example(object(schema["items"]))];
    case "string":
      return list(schema["enum"])[0] ?? "a";
    case "integer":
      return schema["minimum"];
    default:
      return schema["type"] === "boolean" ? false : "anything";
  }
}

/** Every value the schema bounds, with the definition around it. */
function casesOf(schema: Json, path: string, around: (value: unknown) => unknown): readonly Case[] {
  const here = valuesOf(schema).map(({ value, right }) => ({ path, value: around(value), right }));
  const fields = Object.entries(properties(schema)).flatMap(([name, field]) => {
    const base = object(example(schema));
    const missing = list(schema["required"]).includes(name)
      ? [{ path: `${path}.${name}`, value: around(without(base, name)), right: false }]
      : [];
    return [...missing, ...casesOf(object(field), `${path}.${name}`, (value) => around({ ...base, [name]: value }))];
  });
  const items = object(schema["items"]);
  const elements = schema["type"] === "array" ? casesOf(items, `${path}[]`, (value) => around([value])) : [];
  const values = object(schema["additionalProperties"]);
  const fieldsOfMap =
    "additionalProperties" in schema ? casesOf(values, `${path}.k`, (value) => around({ k: value })) : [];
  return [...here, ...fields, ...elements, ...fieldsOfMap];
}

function without(base: Json, name: string): Json {
  return Object.fromEntries(Object.entries(base).filter(([key]) => key !== name));
}

type Value = Omit<Case, "path">;
const right = (value: unknown): Value => ({ value, right: true });
const wrong = (value: unknown): Value => ({ value, right: false });

function valuesOf(schema: Json): readonly Value[] {
  switch (schema["type"]) {
    case "string":
      return [...texts(schema), ...[5, null, true, [], {}].map(wrong)];
    case "integer": {
      const [min, max] = [Number(schema["minimum"]), Number(schema["maximum"])];
      return [right(min), right(max), ...[min - 1, max + 1, min + 0.5, "5", null, true, [], {}].map(wrong)];
    }
    case "boolean":
      return [right(true), right(false), ...["true", 1, null, [], {}].map(wrong)];
    case "array":
      return [
        ...lengths(schema, "minItems", "maxItems", (count) =>
          Array.from({ length: count }, () => example(object(schema["items"]))),
        ),
        ...["a", 1, null, {}].map(wrong),
      ];
    case "object":
      return [...keys(schema), ...["a", 1, null, []].map(wrong)];
    default:
      return [0, "", null, [1], { a: 1 }].map(right);
  }
}

function texts(schema: Json): readonly Value[] {
  const words = list(schema["enum"]);
  if (words.length > 0) return [...words.map(right), wrong("Nope"), wrong("")];
  const rules = list(schema["x-kubernetes-validations"]).length;
  const isName = rules > 0 || schema["pattern"] !== undefined;
  const max = Number(schema["maxLength"]);
  const wide = isName ? wrong("\u{1F600}") : right("\u{1F600}".repeat(max));
  const forms = isName ? [wrong("-a"), wrong("a-"), wrong("a.b"), right("a-b"), wrong("1a")] : [];
  const none = schema["minLength"] === 1 || isName ? wrong("") : right("");
  return [right("a".repeat(max)), wrong("a".repeat(max + 1)), wide, none, ...forms];
}

function keys(schema: Json): readonly Value[] {
  if (!("additionalProperties" in schema)) return [right(example(schema))];
  const made = (count: number): Json =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`k${index}`, example(object(schema["additionalProperties"]))]),
    );
  return lengths(schema, "minProperties", "maxProperties", made);
}

function lengths(schema: Json, least: string, most: string, made: (count: number) => unknown): readonly Value[] {
  const [min, max] = [Number(schema[least] ?? 0), Number(schema[most])];
  return [right(made(min)), right(made(max)), wrong(made(max + 1)), ...(min > 0 ? [wrong(made(min - 1))] : [])];
}

function problemsOf(value: unknown): readonly { readonly path: string; readonly problem: string }[] {
  const findings = new Findings();
  checkShape(value, findings);
  return findings.problems;
}

const plain = (path: string): string => path.replace(/\[[^\]]*\]/g, "[]");

describe("the shape of a definition", () => {
  const cases = casesOf(SCHEMA, "spec", (value) => value);

  it("has enough bounds for the test to mean something", () => {
    expect(cases.length).toBeGreaterThan(900);
  });

  it("is right where the schema says so", () => {
    const refused = cases.filter((one) => one.right).map((one) => problemsOf(one.value));

    expect(refused.flat()).toEqual([]);
  });

  it("is wrong where the schema says so, at the same place and in words", () => {
    const bad = cases.filter((one) => !one.right);
    const found = bad.map((one) => ({ want: one.path, got: problemsOf(one.value)[0] }));

    expect(found.filter(({ want, got }) => plain(got?.path ?? "") !== want)).toEqual([]);
    expect(found.filter(({ got }) => !/^must (not )?(be|have) /.test(got?.problem ?? ""))).toEqual([]);
  });

  it.each([undefined, null, 1, "spec", [], {}, { tasks: {} }])("of %j is wrong", (value) => {
    expect(problemsOf(value)).not.toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ["a number", { tasks: [{ name: 5 }] }, "spec.tasks[0].name: must be a text, is the number 5; put it in quotes"],
    ["null", { tasks: [{ name: "a", dependsOn: null }] }, "spec.tasks[a].dependsOn: must be a list, is null"],
    [
      "a word",
      { tasks: [{ name: "a" }], onFailure: "FailFats" },
      'spec.onFailure: must be one of Continue, FailFast, is "FailFats"; did you mean "FailFast"?',
    ],
    [
      "a name",
      { tasks: [{ name: "A b" }] },
      'spec.tasks[A b].name: must be lowercase letters, digits and -, beginning with a letter and not ending with -, is "A b"',
    ],
    ["no tasks", {}, "spec.tasks: must be given"],
  ])("is said in words: %s", (_, value, want) => {
    expect(problemsOf(value).map(({ path, problem }) => `${path}: ${problem}`)).toEqual([want]);
  });
});
