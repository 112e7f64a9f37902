import { describe, expect, it } from "vitest";
import type { Json } from "../api/decode.ts";
import { composeTemplate, mergeTemplates, type TemplateSources } from "./template.ts";
import { TemplateError } from "./templateerror.ts";

const main = (fields: object): Json => ({ spec: { containers: [{ name: "main", ...fields }] } });
const spec = (fields: object): Json => ({ spec: fields });
const named = (...names: string[]): object[] => names.map((name) => ({ name }));

describe("merging", () => {
  it.each<[string, Json, Json, Json]>([
    ["keeps what the patch does not name", main({ image: "a" }), {}, main({ image: "a" })],
    ["replaces plain values", main({ image: "a" }), main({ image: "b" }), main({ image: "b" })],
    [
      "merges maps",
      { metadata: { labels: { a: "1", b: "1" } } },
      { metadata: { labels: { b: "2", c: "2" } } },
      { metadata: { labels: { a: "1", b: "2", c: "2" } } },
    ],
    ["deletes by null", spec({ hostNetwork: true, priority: 1 }), spec({ hostNetwork: null }), spec({ priority: 1 })],
    ["drops nulls of what is new", spec({}), spec({ affinity: { nodeAffinity: null } }), spec({ affinity: {} })],
    ["replaces plain lists", main({ command: ["a", "b"] }), main({ command: ["c"] }), main({ command: ["c"] })],
    [
      "replaces lists of objects without a merge key",
      spec({ tolerations: [{ key: "a" }] }),
      spec({ tolerations: [{ key: "b" }] }),
      spec({ tolerations: [{ key: "b" }] }),
    ],
    [
      "merges environment variables by name, new ones first",
      main({
        env: [
          { name: "A", value: "1" },
          { name: "B", value: "1" },
        ],
      }),
      main({
        env: [
          { name: "C", value: "2" },
          { name: "A", value: "2" },
        ],
      }),
      main({
        env: [
          { name: "C", value: "2" },
          { name: "A", value: "2" },
          { name: "B", value: "1" },
        ],
      }),
    ],
    [
      "merges mounts by path and ports by number",
      main({ volumeMounts: [{ mountPath: "/a", name: "v" }], ports: [{ containerPort: 1, name: "x" }] }),
      main({ volumeMounts: [{ mountPath: "/a", readOnly: true }], ports: [{ containerPort: 1, protocol: "UDP" }] }),
      main({
        volumeMounts: [{ mountPath: "/a", name: "v", readOnly: true }],
        ports: [{ containerPort: 1, name: "x", protocol: "UDP" }],
      }),
    ],
    [
      "unites finalizers",
      { metadata: { finalizers: ["a", "b"] } },
      { metadata: { finalizers: ["c", "b"] } },
      { metadata: { finalizers: ["c", "a", "b"] } },
    ],
    [
      "takes an empty list for none",
      spec({ volumes: [] }),
      spec({ volumes: named("a", "a") }),
      spec({ volumes: named("a", "a") }),
    ],
    [
      "takes values of another type as they are",
      spec({ affinity: {} }),
      spec({ affinity: "x" }),
      spec({ affinity: "x" }),
    ],
  ])("%s", (_, base, patch, want) => {
    const got = mergeTemplates(base, patch);

    expect(got).toEqual(want);
  });
});

describe("a directive", () => {
  it.each<[string, Json, Json, Json]>([
    [
      "replaces an object",
      main({ securityContext: { runAsUser: 1 } }),
      main({ securityContext: { $patch: "replace", privileged: false } }),
      main({ securityContext: { privileged: false } }),
    ],
    [
      "empties an object",
      spec({ nodeSelector: { a: "b" } }),
      spec({ nodeSelector: { $patch: "delete" } }),
      spec({ nodeSelector: {} }),
    ],
    ["on an object that is not there drops it", spec({}), spec({ affinity: { $patch: "replace", x: 1 } }), spec({})],
    [
      "replaces an object that the API server always stores, also if it is not there",
      main({}),
      main({ resources: { $patch: "replace", limits: { cpu: "1" } } }),
      main({ resources: { limits: { cpu: "1" } } }),
    ],
    [
      "lets a new element take the place of a removed one where it orders",
      spec({ volumes: named("a", "b", "c") }),
      spec({ "$setElementOrder/volumes": named("n"), volumes: [...named("n"), { name: "a", $patch: "delete" }] }),
      spec({ volumes: named("b", "c", "n") }),
    ],
    [
      "deletes an element by its key",
      spec({ volumes: named("a", "b") }),
      spec({ volumes: [{ name: "a", $patch: "delete" }] }),
      spec({ volumes: named("b") }),
    ],
    [
      "replaces a list that would be merged",
      spec({ volumes: named("a", "b") }),
      spec({ volumes: [{ $patch: "replace" }, { name: "c" }] }),
      spec({ volumes: named("c") }),
    ],
    [
      "in a list that is not there goes",
      spec({}),
      spec({ volumes: [{ $patch: "replace" }, { name: "c" }, { name: "d", $patch: "delete" }] }),
      spec({ volumes: named("c") }),
    ],
    [
      "keeps only the fields it names",
      spec({ volumes: [{ name: "v", emptyDir: {} }] }),
      spec({ volumes: [{ name: "v", $retainKeys: ["name", "secret"], secret: { secretName: "s" } }] }),
      spec({ volumes: [{ name: "v", secret: { secretName: "s" } }] }),
    ],
    [
      "goes from an element that is new",
      spec({ volumes: named("w") }),
      spec({ volumes: [{ name: "v", $retainKeys: ["name"], "$setElementOrder/x": [] }] }),
      spec({ volumes: named("v", "w") }),
    ],
    [
      "orders a list",
      spec({ volumes: named("a", "b", "c") }),
      spec({ "$setElementOrder/volumes": named("c", "d", "a"), volumes: named("d") }),
      spec({ volumes: named("b", "c", "d", "a") }),
    ],
    [
      "orders a list of plain values that the patch does not change",
      main({ command: ["b", "a"] }),
      main({ "$setElementOrder/command": ["a", "b"] }),
      main({ command: ["a", "b"] }),
    ],
    [
      "orders a list that is not there: nothing",
      spec({ priority: 1 }),
      spec({ "$setElementOrder/volumes": named("a") }),
      spec({ priority: 1 }),
    ],
    [
      "in an ordered list that is not there goes",
      spec({}),
      spec({ "$setElementOrder/volumes": named("c", "a"), volumes: [{ $patch: "delete" }, ...named("a")] }),
      spec({ volumes: named("a") }),
    ],
    [
      "takes values out of a list",
      { metadata: { finalizers: ["a", "b"] } },
      { metadata: { "$deleteFromPrimitiveList/finalizers": ["a", "x"], finalizers: ["c"] } },
      { metadata: { finalizers: ["c", "b"] } },
    ],
  ])("%s", (_, base, patch, want) => {
    expect(mergeTemplates(base, patch)).toEqual(want);
  });

  it.each<[string, Json, Json, RegExp]>([
    [
      "a $patch nobody knows",
      spec({}),
      spec({ $patch: "remove" }),
      /^spec\.\$patch must be "replace" or "delete", is "remove"/,
    ],
    [
      "$patch: merge",
      spec({}),
      spec({ affinity: { $patch: "merge" } }),
      /^spec\.affinity\.\$patch must be .* is "merge"/,
    ],
    ["$patch: null", spec({}), { $patch: null }, /^\$patch must be .* is a null/],
    [
      "$patch in a new element",
      spec({ containers: named("a") }),
      spec({ containers: [{ name: "b", securityContext: { $patch: "delete" } }] }),
      /^spec\.containers\[name=b\]\.securityContext\.\$patch has nothing to act on/,
    ],
    [
      "$patch in a list that is replaced",
      spec({ tolerations: [{ key: "a" }] }),
      spec({ tolerations: [{ $patch: "replace" }] }),
      /^spec\.tolerations\[0\]\.\$patch has nothing to act on/,
    ],
    [
      "an element without its key",
      main({ env: [{ name: "A" }] }),
      main({ env: [{ value: "x" }] }),
      /^each element of spec\.containers\[name=main\]\.env must be an object with its name/,
    ],
    [
      "a deletion without its key",
      spec({ volumes: named("a") }),
      spec({ volumes: [{ $patch: "delete" }] }),
      /with its name/,
    ],
    ["a key that is an object", spec({ volumes: named("a") }), spec({ volumes: [{ name: {} }] }), /with its name/],
    [
      "text among objects",
      spec({ volumes: named("a") }),
      spec({ volumes: ["a"] }),
      /^spec\.volumes cannot be merged.*same type/,
    ],
    [
      "null among objects",
      spec({ volumes: named("a") }),
      spec({ volumes: [null] }),
      /^spec\.volumes .* must not be null/,
    ],
    ["lists of lists", spec({ volumes: named("a") }), spec({ volumes: [[]] }), /^spec\.volumes .* must not be lists/],
    ["$retainKeys that is no list", spec({}), spec({ $retainKeys: "a" }), /^spec\.\$retainKeys must be a list/],
    [
      "$retainKeys that forgets a field",
      spec({}),
      spec({ $retainKeys: [], priority: 1 }),
      /^spec\.\$retainKeys must also name priority/,
    ],
    ["an order that is no list", spec({}), spec({ "$setElementOrder/volumes": {} }), /must be a list/],
    [
      "an order of nothing known",
      spec({}),
      spec({ "$setElementOrder/x": [] }),
      /^spec\.\$setElementOrder\/x: spec\.x is no list/,
    ],
    ["an order of no list", spec({}), spec({ $setElementOrder: [] }), /^spec\.\$setElementOrder must name its list/],
    [
      "an order that lacks an element of the patch",
      spec({ volumes: named("a") }),
      spec({ "$setElementOrder/volumes": named("a"), volumes: named("b") }),
      /^\$setElementOrder of spec\.volumes must name the list's elements in the same order/,
    ],
    [
      "an order without keys",
      spec({ volumes: named("a") }),
      spec({ "$setElementOrder/volumes": ["a"] }),
      /^each element of spec\.volumes must be an object with its name/,
    ],
    [
      "an order for null",
      spec({ volumes: named("a") }),
      spec({ "$setElementOrder/volumes": [], volumes: null }),
      /must be a list/,
    ],
    ["an order of nothing", spec({}), spec({ "$setElementOrder/volumes": [], volumes: [] }), /^spec\.volumes is empty/],
    [
      "values taken out of a list of objects",
      spec({ volumes: named("a") }),
      spec({ "$deleteFromPrimitiveList/volumes": named("a") }),
      /^spec\.volumes is no list of plain values: use \{\$patch: delete\}/,
    ],
    ["values that are no list", spec({}), spec({ "$deleteFromPrimitiveList/x": "a" }), /must be a list/],
    [
      "the same key over and over",
      spec({ volumes: named("a") }),
      spec({ volumes: Array.from({ length: 1000 }, () => ({ name: "a" })) }),
      /^spec\.volumes has 999 elements with the name of another one/,
    ],
  ])("that is wrong is refused with its path: %s", (_, base, patch, want) => {
    expect(() => mergeTemplates(base, patch)).toThrow(TemplateError);
    expect(() => mergeTemplates(base, patch)).toThrow(want);
  });
});

describe("layers", () => {
  it("are merged in the order operator, namespace, base, own", () => {
    const label = (value: string): Json => ({ metadata: { labels: { [value]: value, last: value } } });
    const sources: TemplateSources = {
      own: label("own"),
      base: { name: "gpu", template: label("base") },
      namespaceDefault: label("namespace"),
      operatorDefault: label("operator"),
    };

    expect(composeTemplate(sources)).toEqual({
      metadata: { labels: { operator: "operator", namespace: "namespace", base: "base", own: "own", last: "own" } },
    });
  });

  it("lose the restartPolicy of their pod, except the TaskRun's own", () => {
    const base = {
      name: "gpu",
      template: { spec: { restartPolicy: "Always", ...(main({ image: "a" })["spec"] as object) } },
    };

    expect(composeTemplate({ base })).toEqual(main({ image: "a" }));
    expect(composeTemplate({ base, own: spec({ restartPolicy: "Never" }) })).toMatchObject(
      spec({ restartPolicy: "Never" }),
    );
  });

  it("may all be missing", () => {
    expect(composeTemplate({})).toEqual({});
    expect(composeTemplate({ own: main({ image: "a" }) })).toEqual(main({ image: "a" }));
  });

  it.each<[string, TemplateSources, RegExp]>([
    [
      "the operator's",
      { operatorDefault: spec({ $patch: "x" }) },
      /^the operator's default pod template: spec\.\$patch must/,
    ],
    ["the namespace's", { namespaceDefault: [] }, /^PodTemplate stint-default: must be an object/],
    [
      "the base",
      { base: { name: "gpu", template: spec({ $retainKeys: 1 }) } },
      /^PodTemplate gpu: spec\.\$retainKeys must/,
    ],
    ["the TaskRun's own", { own: spec({ $patch: "x" }) }, /^spec\.template: spec\.\$patch must/],
    [
      "a layer too deep",
      { own: JSON.parse(`${'{"a":'.repeat(4000)}1${"}".repeat(4000)}`) },
      /^spec\.template: nested more than 100/,
    ],
  ])("say which of them is wrong: %s", (_, sources, want) => {
    expect(() => composeTemplate(sources)).toThrow(TemplateError);
    expect(() => composeTemplate(sources)).toThrow(want);
  });
});
