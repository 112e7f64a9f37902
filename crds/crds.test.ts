/** Plays kube-api-linter over all CRDs, and holds them against the API page: columns, names, selectors, conditions, size. */
import { readFileSync, readdirSync } from "node:fs";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { CRD_BYTES_MAX, json, nodesOf, schemaProblems } from "./conventions.ts";
import type { Json } from "./conventions.ts";

const FOLDER = new URL("./", import.meta.url);

interface Crd {
  readonly file: string;
  readonly whole: Json;
  readonly spec: Json;
  readonly version: Json;
  readonly schema: Json;
}

const crds: readonly Crd[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".yaml") && file !== "kustomization.yaml")
  .map(readCrd);

function readCrd(file: string): Crd {
  const whole = json(load(readFileSync(new URL(file, FOLDER), "utf8")));
  const spec = json(whole["spec"]);
  const version = first(spec["versions"]);
  return { file, whole, spec, version, schema: json(json(version["schema"])["openAPIV3Schema"]) };
}

function first(value: unknown): Json {
  return json(Array.isArray(value) ? value[0] : undefined);
}

function fieldOf(schema: Json, path: string): Json {
  return nodesOf({ path: "", schema }).find((node) => node.path === path)?.schema ?? {};
}

it("there are CRDs to check", () => {
  expect(crds.map(({ file }) => file)).toContain("taskruns.yaml");
});

describe.each(crds)("$file", ({ file, whole, spec, version, schema }) => {
  it("keeps the conventions everywhere", () => {
    expect(schemaProblems(schema)).toEqual([]);
  });

  it("fits into the annotation of a plain kubectl apply", () => {
    expect(Buffer.byteLength(JSON.stringify(whole))).toBeLessThan(CRD_BYTES_MAX);
  });

  it("is left by what prunes, since all objects of the kind would go with it", () => {
    expect(json(whole["metadata"])["annotations"]).toEqual({
      "kustomize.toolkit.fluxcd.io/prune": "disabled",
      "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
    });
  });

  it("is one served and stored version of a namespaced kind of our group", () => {
    const names = json(spec["names"]);
    const plural = String(names["plural"]);

    expect(whole).toMatchObject({ apiVersion: "apiextensions.k8s.io/v1", metadata: { name: `${plural}.stint.dev` } });
    expect(spec).toMatchObject({ group: "stint.dev", scope: "Namespaced" });
    expect(spec["versions"]).toHaveLength(1);
    expect(version).toMatchObject({ name: "v1alpha1", served: true, storage: true, subresources: { status: {} } });
    expect(file).toBe(`${plural}.yaml`);
    expect(names).toMatchObject({ categories: ["stint"], listKind: `${String(names["kind"])}List` });
    expect(names["singular"]).toBe(String(names["kind"]).toLowerCase());
  });

  it("reads Pending and not observed from the start, and can be selected by phase, if it has one", () => {
    const isDefinition = file === "workflows.yaml";
    const phase = isDefinition ? undefined : fieldOf(schema, "status.phase");

    expect((version["selectableFields"] ?? []) as unknown).toEqual(
      isDefinition ? [] : expect.arrayContaining([{ jsonPath: ".status.phase" }]),
    );
    expect(fieldOf(schema, "status")["default"]).toEqual({
      ...(!isDefinition && { phase: "Pending" }),
      observedGeneration: 0,
    });
    expect(phase?.["default"]).toBe(isDefinition ? undefined : "Pending");
    expect(phase?.["enum"] ?? ["Pending"]).toContain("Pending");
  });

  it("has conditions in the form of metav1.Condition", () => {
    const item = fieldOf(schema, "status.conditions[]");

    expect(fieldOf(schema, "status.conditions")).toMatchObject({
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
    });
    expect(item["required"]).toEqual(["type", "status", "reason", "message", "lastTransitionTime"]);
    expect(json(item["properties"])).toMatchObject({
      type: { type: "string" },
      status: { enum: ["True", "False", "Unknown"] },
      reason: { type: "string", minLength: 1, pattern: expect.any(String) as unknown },
      message: { type: "string", maxLength: 1024 },
      observedGeneration: { type: "integer", format: "int64" },
      lastTransitionTime: { type: "string", format: "date-time" },
    });
  });

  it("describes every column, and every column reads a field of the schema", () => {
    const columns = (version["additionalPrinterColumns"] as readonly Json[]).map(json);
    const paths = new Set(nodesOf({ path: "", schema }).map((node) => node.path));
    const lost = columns
      .map((column) =>
        String(column["jsonPath"])
          .slice(1)
          .replace(/\[\?.*?\]/, "[]"),
      )
      .filter((path) => !path.startsWith("metadata.") && !paths.has(path));

    expect(columns.filter((column) => typeof column["description"] !== "string")).toEqual([]);
    expect(lost).toEqual([]);
  });
});

describe("taskruns.yaml", () => {
  const taskRuns = readCrd("taskruns.yaml");
  const columns = taskRuns.version["additionalPrinterColumns"] as readonly Json[];
  const named = (priority: number | undefined): readonly unknown[] =>
    columns.filter((column) => column["priority"] === priority).map((column) => column["name"]);

  it("shows the columns of the API page", () => {
    expect(named(undefined)).toEqual(["Status", "Reason", "Attempt", "Duration", "Age"]);
    expect(named(1)).toEqual(["Pod", "Node", "Exit", "Message"]);
  });

  it("has the short name and the phases of the API page", () => {
    expect(json(taskRuns.spec["names"])["shortNames"]).toEqual(["tkr"]);
    expect(fieldOf(taskRuns.schema, "status.phase")["enum"]).toEqual([
      "Pending",
      "Running",
      "Succeeded",
      "Failed",
      "Cancelled",
      "Suspended",
    ]);
  });

  // Results are counted once: all of them together come from one termination message of 4,096 bytes.
  it("cannot grow past 256 KiB of status", () => {
    const chars = nodesOf({ path: "", schema: taskRuns.schema })
      .filter((node) => node.path.startsWith("status."))
      .map((node) => {
        const times = node.path.startsWith("status.attempts[]")
          ? 10
          : node.path.startsWith("status.conditions[]")
            ? 8
            : 1;
        return times * (Number(node.schema["maxLength"] ?? 64) + node.path.length);
      })
      .reduce((sum, one) => sum + one, 0);
    const bytesPerChar = 4;

    expect(chars * bytesPerChar).toBeLessThan(256 * 1024);
  });
});

const good: Json = { type: "object", description: "A thing.", properties: {} };
const text = { type: "string", description: "A word.", maxLength: 8 };
const bad: readonly { readonly it: string; readonly field: Json; readonly want: string; readonly name?: string }[] = [
  { it: "a field without description", field: { type: "string", maxLength: 8 }, want: "has no description" },
  {
    it: "a description that is no sentence",
    field: { ...text, description: "A word, and" },
    want: "its description is no sentence",
  },
  { it: "an unfinished description", field: { ...text, description: "TODO." }, want: "its description is unfinished" },
  { it: "a field without type", field: { description: "Anything." }, want: "has no type" },
  {
    it: "an unbounded string",
    field: { type: "string", description: "A word." },
    want: "is a string without maxLength, enum or format",
  },
  {
    it: "an unbounded list",
    field: { type: "array", description: "Words.", "x-kubernetes-list-type": "atomic", items: text },
    want: "is a list without maxItems",
  },
  {
    it: "a list without type",
    field: { type: "array", description: "Words.", maxItems: 3, items: text },
    want: "is a list without x-kubernetes-list-type",
  },
  {
    it: "a map list without keys",
    field: { type: "array", description: "W.", maxItems: 3, "x-kubernetes-list-type": "map", items: good },
    want: "is a map list without x-kubernetes-list-map-keys",
  },
  {
    it: "a map key that may be missing",
    field: {
      type: "array",
      description: "W.",
      maxItems: 3,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["a"],
      items: good,
    },
    want: "has a map key that is not required",
  },
  {
    it: "an unbounded map",
    field: { type: "object", description: "Words.", additionalProperties: text },
    want: "is a map without maxProperties",
  },
  {
    it: "a float",
    field: { type: "number", description: "A factor." },
    want: "is a float; use an integer or a string",
  },
  {
    it: "an integer without format",
    field: { type: "integer", description: "A count.", minimum: 0, maximum: 9 },
    want: "is an integer without format int32 or int64",
  },
  {
    it: "an unbounded integer",
    field: { type: "integer", format: "int32", description: "A count.", minimum: 0 },
    want: "is an integer without minimum and maximum",
  },
  {
    it: "an object that keeps unknown fields",
    field: { type: "object", description: "Anything.", "x-kubernetes-preserve-unknown-fields": true },
    want: "keeps unknown fields",
  },
  {
    it: "an object without fields",
    field: { type: "object", description: "Anything." },
    want: "is an object without fields",
  },
  {
    it: "a CEL rule without message",
    field: { ...good, "x-kubernetes-validations": [{ rule: "true", fieldPath: ".a" }] },
    want: "has a CEL rule without a message of one line",
  },
  {
    it: "a CEL rule that names no field",
    field: { ...good, "x-kubernetes-validations": [{ rule: "true", message: "no" }] },
    want: "has a CEL rule that names no field",
  },
  { it: "an enum in lower case", field: { ...text, enum: ["yes"] }, want: "has an enum value that is not CamelCase" },
  { it: "a name in snake case", name: "exit_code", field: text, want: "is not written in camelCase" },
];

describe("the checker finds", () => {
  it.each(bad)("$it, however deep it lies", ({ field, want, name = "field" }) => {
    const inner = { ...good, properties: { [name]: field } };
    const list = {
      type: "array",
      description: "Things.",
      maxItems: 2,
      "x-kubernetes-list-type": "atomic",
      items: inner,
    };
    const schema = { ...good, properties: { spec: { ...good, properties: { things: list } } } };

    expect(schemaProblems(schema)).toEqual([{ path: `spec.things[].${name}`, problem: want }]);
  });

  it("nothing in a good schema", () => {
    expect(schemaProblems({ ...good, properties: { spec: { ...good, properties: { word: text } } } })).toEqual([]);
  });
});
