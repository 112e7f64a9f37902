import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EXTRACT_FILE, extract, extractText, readExtract, ROOT, type OpenApi, type Property } from "./extract.ts";
import { mergeKeysText } from "./generate.ts";

const ref = (name: string): Property => ({ allOf: [{ $ref: `#/components/schemas/${name}` }] });

const DOCUMENT: OpenApi = {
  components: {
    schemas: {
      [ROOT]: {
        properties: {
          spec: { ...ref("x.Spec"), default: {} },
          kind: { type: "string" },
          labels: { type: "object", additionalProperties: { type: "string" } },
        },
      },
      "x.Spec": {
        properties: {
          boxes: {
            type: "array",
            items: ref("x.Box"),
            "x-kubernetes-patch-merge-key": "name",
            "x-kubernetes-patch-strategy": "merge,retainKeys",
          },
          again: ref(ROOT),
          amount: ref("x.Quantity"),
        },
      },
      "x.Box": { properties: { name: { type: "string" } } },
      "x.Quantity": {},
      "x.Unrelated": { properties: { spec: ref("x.Spec") } },
    },
  },
};

describe("the extract", () => {
  it("has the fields that hold more than plain values, from the pod template on", () => {
    expect(extract(DOCUMENT)).toEqual({
      [ROOT]: {
        labels: { type: "object", additionalProperties: { type: "string" } },
        spec: { ...ref("x.Spec"), default: {} },
      },
      "x.Spec": {
        again: ref(ROOT),
        boxes: DOCUMENT.components.schemas["x.Spec"]?.properties?.["boxes"],
      },
    });
  });

  it("is refused of another document", () => {
    expect(() => extract({ components: { schemas: {} } })).toThrow(/no io\.k8s\.api\.core\.v1\.PodTemplateSpec/);
  });

  it("that is checked in is written as it would be now, and small", () => {
    const text = readFileSync(EXTRACT_FILE, "utf8");

    expect(text).toBe(extractText(readExtract()));
    expect(text.length).toBeLessThan(64 * 1024);
  });
});

describe("the merge keys", () => {
  it("say how each field is merged", () => {
    const text = mergeKeysText(extract(DOCUMENT));

    expect(text).toContain('    boxes: { kind: "list", of: "Box", merge: true, key: "name" },\n');
    expect(text).toContain('    spec: { kind: "object", of: "Spec", always: true },\n');
    expect(text).toContain('    labels: { kind: "map" },\n');
    expect(text).not.toContain("amount");
  });

  it("are refused of definitions that cannot be told apart", () => {
    expect(() => mergeKeysText({ "a.Same": {}, "b.Same": {} })).toThrow(/same last name/);
  });
});
