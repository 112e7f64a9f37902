/** What holds for every pair of templates, also for those that nobody would write. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../api/decode.ts";
import { mergeTemplates } from "./template.ts";

const main = (fields: object): Json => ({ spec: { containers: [{ name: "main", ...fields }] } });

describe("whatever the templates", () => {
  it("the inputs stay as they are, the result shares nothing with them, and only TemplateError is thrown", () => {
    fc.assert(
      fc.property(hostile, hostile, (base, patch) => {
        const before = JSON.stringify([base, patch]);
        const got = tried(() => mergeTemplates(base, patch));

        expect(JSON.stringify([base, patch])).toBe(before);
        expect(got instanceof Error ? got.name : "").toBe(got instanceof Error ? "TemplateError" : "");
        if (!(got instanceof Error)) expect(shared(got, [base, patch])).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it("merging without directives twice is merging once", () => {
    fc.assert(
      fc.property(friendly, friendly, (base, patch) => {
        const once = mergeTemplates(base, patch);

        expect(mergeTemplates(once, patch)).toEqual(once);
        expect(mergeTemplates({}, once)).toEqual(once);
        expect(mergeTemplates(once, {})).toEqual(once);
      }),
    );
  });

  it("__proto__ is a key like any other", () => {
    const hostileText =
      '{"spec":{"__proto__":{"polluted":true},"constructor":{"x":1},"nodeSelector":{"__proto__":"x"}}}';
    const [one, two] = [JSON.parse(hostileText) as Json, JSON.parse(hostileText) as Json];

    expect(JSON.stringify(mergeTemplates(one, two))).toBe(hostileText);
    expect(JSON.stringify(mergeTemplates({}, two))).toBe(hostileText);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("long lists are merged in no time", () => {
    const env = (from: number): Json =>
      main({ env: Array.from({ length: 20_000 }, (_, index) => ({ name: `V${from - index}`, value: "x" })) });
    const began = performance.now();
    mergeTemplates(env(20_000), env(30_000));

    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

const names = fc.constantFrom("a", "b", "c", "d");
const keys = fc.constantFrom(
  "metadata",
  "spec",
  "labels",
  "containers",
  "env",
  "name",
  "volumes",
  "tolerations",
  "finalizers",
  "emptyDir",
  "$patch",
  "$retainKeys",
  "$setElementOrder/env",
  "$setElementOrder/volumes",
  "$deleteFromPrimitiveList/finalizers",
  "__proto__",
);
const hostile = fc
  .letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 7, withCrossShrink: true },
      fc.oneof(names, fc.constantFrom(null, 1, true, "replace", "delete", "merge")),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(keys, tie("value"), { maxKeys: 4 }),
      fc.record({ metadata: tie("value"), spec: tie("value") }),
    ),
  }))
  .value.map((value) => JSON.parse(JSON.stringify({ spec: value, metadata: value })) as Json);

const elements = fc.uniqueArray(fc.record({ name: names, value: names }, { requiredKeys: ["name"] }), {
  selector: ({ name }) => name,
  maxLength: 4,
  minLength: 1,
});
const friendly: fc.Arbitrary<Json> = fc.record(
  {
    metadata: fc.record({ labels: fc.dictionary(names, names, { minKeys: 1 }) }),
    spec: fc.record(
      {
        containers: fc.tuple(elements, fc.array(names)).map(([env, command]) => [{ name: "main", env, command }]),
        volumes: elements,
        tolerations: fc.array(fc.record({ key: names }), { minLength: 1 }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

function tried(make: () => unknown): unknown {
  try {
    return make();
  } catch (error) {
    return error;
  }
}

function shared(result: unknown, inputs: readonly unknown[]): boolean {
  const seen = new Set<unknown>();
  const visit = (value: unknown, found: (one: object) => boolean): boolean =>
    typeof value === "object" &&
    value !== null &&
    (found(value) || Object.values(value).some((one) => visit(one, found)));
  visit(inputs, (one) => {
    seen.add(one);
    return false;
  });
  return visit(result, (one) => seen.has(one));
}
