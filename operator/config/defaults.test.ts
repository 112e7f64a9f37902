import { readFileSync } from "node:fs";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { isObject, object } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import { readDefaults } from "./defaults.ts";

const WHOLE = `
podTemplate:
  metadata: {labels: {team: data}}
  spec:
    nodeSelector: {pool: tasks}
    containers: [{name: main, image: "python:3.13"}]
retry: {limit: 2, infrastructureLimit: 9, backoff: {initialSeconds: 5, factor: 3, maxSeconds: 60}}
activeDeadlineSeconds: 7200
attemptDeadlineSeconds: 3600
startDeadlineSeconds: 600
podRetention: OnFailure
ttlSecondsAfterFinished: 86400
`;

describe("defaults", () => {
  it("are what the file says", () => {
    expect(read(WHOLE)).toEqual({ problems: [], defaults: load(WHOLE) });
  });

  it.each(["", "~", "{}", "retry: ~\npodTemplate: ~"])("may be none: %j", (text) => {
    expect(read(text)).toEqual({ problems: [], defaults: {} });
  });

  it("are frozen, however deep", () => {
    const { defaults } = read(WHOLE);
    const loose = allIn(defaults).filter((value) => !Object.isFrozen(value));

    expect(loose).toEqual([]);
  });

  it("take their bounds and choices from the schema of the TaskRun", () => {
    for (const [path, bound] of bounds()) {
      for (const value of bound.right) expect(read(sectionOf(path, value)).problems).toEqual([]);
      for (const value of bound.wrong) {
        expect(read(sectionOf(path, value)).problems).toEqual([expect.stringContaining(`f: defaults.${path}: `)]);
      }
    }
  });
});

describe("a problem of the defaults", () => {
  it.each<[string, string | RegExp]>([
    [
      "[]",
      "f: defaults: must hold keys and values: podTemplate, retry, activeDeadlineSeconds, attemptDeadlineSeconds,",
    ],
    ["podTemplates: {}", "f: defaults.podTemplates: there is no such key; did you mean podTemplate?"],
    ["retry: 3", "f: defaults.retry: must hold keys and values: limit, infrastructureLimit, backoff"],
    ["retry: {limits: 3}", "f: defaults.retry.limits: there is no such key; did you mean limit?"],
    ["retry: {limit: many}", 'f: defaults.retry.limit: must be a whole number from 0 to 100, is "many"'],
    ["retry: {limit: 1.5}", "is 1.5"],
    ["retry: {limit: .nan}", "is NaN"],
    ["retry: {limit: []}", "is a list"],
    ["retry: {rules: []}", "f: defaults.retry.rules: there is no such key"],
    [
      "retry: {backoff: {maxSeconds: 5}}",
      "f: defaults.retry.backoff.maxSeconds: must be at least initialSeconds, which is 10",
    ],
    ["retry: {backoff: {initialSeconds: 301}}", "which is 301 here, is 300"],
    ["activeDeadlineSeconds: 0", "f: defaults.activeDeadlineSeconds: must be a whole number from 1 to 31536000, is 0"],
    ["podRetention: Sometimes", 'f: defaults.podRetention: choose one of Always, OnFailure, Never, is "Sometimes"'],
    ["suspend: true", "f: defaults.suspend: there is no such key"],
    ["podTemplate: python", "f: defaults.podTemplate: must be an object with metadata and spec"],
    ["podTemplate: {containers: []}", "f: defaults.podTemplate.containers: there is no such key"],
    ["podTemplate: {spec: []}", "f: defaults.podTemplate.spec: must hold keys and values"],
    [
      "podTemplate: {metadata: {annotations: {day: !!timestamp 2030-01-01}}}",
      /^f: (defaults\.podTemplate\.metadata\.annotations\.day: must be text|cannot be read)/,
    ],
    [
      "podTemplate: {spec: {priority: .inf}}",
      "f: defaults.podTemplate.spec.priority: must be text, a number, true or false",
    ],
    [
      "podTemplate: {spec: {containers: [{image: x}]}}",
      "f: defaults.podTemplate: each element of spec.containers must be an object with its name",
    ],
    ["podTemplate: {spec: {$patch: drop}}", 'f: defaults.podTemplate: spec.$patch must be "replace" or "delete"'],
    ["podTemplate: &a {spec: {x: *a}}", "is nested more than 100 levels deep"],
    ["__proto__: {}", "f: defaults.__proto__: there is no such key"],
  ])("has its path and what would be right: %s", (text, want) => {
    const { problems } = read(text);

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(want);
  });

  it("is reported with all others", () => {
    const { problems } = read(
      "retry: {limit: -1, backoff: {factor: 0, initialSeconds: x}}\nttl: 1\npodRetention: no\n",
    );

    expect(problems.map((problem) => problem.split(": ")[1])).toEqual([
      "defaults.retry.limit",
      "defaults.retry.backoff.factor",
      "defaults.retry.backoff.initialSeconds",
      "defaults.ttl",
      "defaults.podRetention",
    ]);
  });
});

function read(text: string): { problems: readonly string[]; defaults: unknown } {
  const problems: string[] = [];
  try {
    const section: unknown = text === "" ? undefined : load(text);
    return { defaults: readDefaults(section, "f: defaults", problems), problems };
  } catch (error) {
    return { defaults: {}, problems: [`f: cannot be read: ${String(error)}`] };
  }
}

/** By path, from crds/taskruns.yaml: values right at the bounds, and just past them. */
function bounds(): ReadonlyMap<string, { right: readonly unknown[]; wrong: readonly unknown[] }> {
  const crd = load(readFileSync(new URL("../../crds/taskruns.yaml", import.meta.url), "utf8"));
  const [version] = object(object(crd)["spec"])["versions"] as readonly Json[];
  const schema = object(object(object(version)["schema"])["openAPIV3Schema"]);
  const spec = object(object(schema["properties"])["spec"]);
  const paths = ["activeDeadlineSeconds", "attemptDeadlineSeconds", "startDeadlineSeconds", "podRetention"];
  const retry = ["limit", "infrastructureLimit", "backoff.factor"].map((name) => `retry.${name}`);
  return new Map(
    [...paths, "ttlSecondsAfterFinished", ...retry].map((path) => {
      const node = path.split(".").reduce((at, name) => object(object(at["properties"])[name]), spec);
      const { minimum, maximum, enum: choices } = node as { minimum?: number; maximum?: number; enum?: unknown[] };
      if (choices !== undefined) return [path, { right: choices, wrong: ["never", 1] }];
      if (minimum === undefined || maximum === undefined) throw new Error(`${path} has no bounds`);
      return [path, { right: [minimum, maximum], wrong: [minimum - 1, maximum + 1, String(minimum)] }];
    }),
  );
}

function sectionOf(path: string, value: unknown): string {
  return JSON.stringify(path.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), value));
}

function allIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return [value, ...value.flatMap(allIn)];
  return isObject(value) ? [value, ...Object.values(value).flatMap(allIn)] : [];
}
