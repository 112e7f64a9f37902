/** Definitions grow by additions only, so that any older operator and any object in a cluster goes on working. */
import { readdirSync, readFileSync } from "node:fs";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { breaks, schemaBreaks } from "./additive.ts";
import { historyMissing, RELEASED, releasedFile } from "./released.ts";

const names = readdirSync(import.meta.dirname).filter(
  (name) => name.endsWith(".yaml") && !name.startsWith("kustomization"),
);

describe(`since ${RELEASED}`, () => {
  it.for(names)("%s has changed by additions only", (name, { skip }) => {
    const missing = historyMissing();
    skip(missing !== undefined, missing);
    const now = load(readFileSync(new URL(name, import.meta.url), "utf8"));

    expect(breaks(load(releasedFile(`crds/${name}`)), now)).toEqual([]);
  });
});

const text = { type: "string", maxLength: 10, enum: ["a", "b"] };
const list = { type: "array", maxItems: 5, minItems: 1, items: text, "x-kubernetes-list-type": "set" };
const object = { type: "object", default: { text: "a" }, required: ["list"], properties: { list, text } };

const rule = (of: string): object => ({ "x-kubernetes-validations": [{ rule: of }] });
const withText = (differing: object): object => ({
  ...object,
  properties: { list, text: { ...text, ...differing } },
});

describe("of a schema", () => {
  it.each([
    ["another description", withText({ description: "x" })],
    ["a new field", { ...object, properties: { ...object.properties, more: text } }],
    ["a new value", withText({ enum: ["a", "b", "c"] })],
    ["a wider bound", withText({ maxLength: 11 })],
    ["no bound", { ...object, properties: { text, list: { ...list, maxItems: undefined, minItems: undefined } } }],
    ["a default with more in it", { ...object, default: { text: "a", more: 0 } }],
    ["less that is required", { ...object, required: [] }],
  ])("%s is an addition", (_, after) => {
    expect(schemaBreaks("spec", object, after as never)).toEqual([]);
  });

  it.each([
    ["a field that is gone", { ...object, properties: { list } }, "spec.text: the field is gone"],
    ["another type", withText({ type: "integer" }), 'spec.text: type was "string", and is "integer"'],
    ["a tighter bound", withText({ maxLength: 9 }), "spec.text: maxLength was 10, and is 9"],
    ["a new bound", withText({ minLength: 1 }), "spec.text: minLength is 1, and there was none"],
    ["a value that is gone", withText({ enum: ["a"] }), "spec.text: the value b is gone"],
    ["a pattern", withText({ pattern: "^a" }), 'spec.text: pattern was not there, and is "^a"'],
    ["a default", withText({ default: "a" }), 'spec.text: default was not there, and is "a"'],
    ["another default", { ...object, default: { text: "b" } }, 'spec: default was {"text":"a"}, and is {"text":"b"}'],
    ["a new rule", withText(rule("self != 'a'")), "spec.text: a new rule: self != 'a'"],
    ["more that is required", { ...object, required: ["list", "text"] }, "spec: it newly requires text"],
    [
      "something deep in a list",
      { ...object, properties: { text, list: { ...list, items: { ...text, maxLength: 1 } } } },
      "spec.list[]: maxLength was 10, and is 1",
    ],
    [
      "another kind of list",
      { ...object, properties: { text, list: { ...list, "x-kubernetes-list-type": "atomic" } } },
      'spec.list: x-kubernetes-list-type was "set", and is "atomic"',
    ],
  ])("%s is none", (_, after, want) => {
    expect(schemaBreaks("spec", object, after as never)).toEqual([want]);
  });
});

const version = {
  name: "v1",
  served: true,
  storage: true,
  schema: { openAPIV3Schema: object },
  subresources: { status: {} },
  selectableFields: [{ jsonPath: ".spec.text" }],
};
const crd = (versions: readonly object[], more: object = {}): object => ({
  spec: { group: "g", scope: "Namespaced", names: { plural: "as", kind: "A" }, versions, ...more },
});

describe("of a definition", () => {
  it("a new version beside the old one is an addition", () => {
    const after = crd([version, { ...version, name: "v2", storage: false }]);
    expect(breaks(crd([version]), after)).toEqual([]);
  });

  it.each([
    ["a version that is gone", crd([]), "v1: it is no longer served"],
    ["one that is not served", crd([{ ...version, served: false }]), "v1: it is no longer served"],
    ["another scope", crd([version], { scope: "Cluster" }), 'scope was "Namespaced", and is "Cluster"'],
    ["no status", crd([{ ...version, subresources: {} }]), "v1: the subresource status is gone"],
    ["a selector", crd([{ ...version, selectableFields: [] }]), "v1: the field selector .spec.text is gone"],
  ])("%s is none", (_, after, want) => {
    expect(breaks(crd([version]), after)).toEqual([want]);
  });
});
