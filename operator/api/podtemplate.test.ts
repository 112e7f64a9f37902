import { describe, expect, it } from "vitest";
import { decodePodTemplate } from "./podtemplate.ts";
import { POD_TEMPLATE_KEPT_CHARS } from "./records.ts";

const metadata = { namespace: "default", name: "gpu", uid: "uid-gpu", resourceVersion: "5" };
const identity = metadata;

describe("a PodTemplate", () => {
  it("is kept whole, as JSON text", () => {
    const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "main", image: "x" }] } };

    expect(decodePodTemplate({ metadata, template })).toEqual({ ...identity, template: JSON.stringify(template) });
  });

  it("without a template is an empty one", () => {
    expect(decodePodTemplate({ metadata })).toEqual({ ...identity, template: "{}" });
  });

  it("is known, but not what it says, if it is longer than any pod", () => {
    const template = { spec: { containers: [{ name: "x".repeat(POD_TEMPLATE_KEPT_CHARS) }] } };

    expect(decodePodTemplate({ metadata, template })).toEqual(identity);
  });

  it("is known, but not what it says, if it is nested deeper than can be written", () => {
    let template: unknown = {};
    for (let i = 0; i < 100_000; i += 1) template = { a: template };

    expect(decodePodTemplate({ metadata, template })).toEqual(identity);
  });

  it("of no namespace is none", () => {
    expect(decodePodTemplate({ metadata: { ...metadata, namespace: undefined } })).toBeUndefined();
  });
});
