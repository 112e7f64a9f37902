import { describe, expect, it } from "vitest";
import { VALUE_BYTES_MAX, substitute } from "./substitute.ts";
import type { Facts } from "./substitute.ts";

const FACTS: Facts = {
  param: (name) =>
    new Map([
      ["x", "ex"],
      ["tricky", "$(params.x) $$(params.x) $(HOME)"],
      ["big", "b".repeat(4096)],
    ]).get(name),
  item: () => ({ file: "a.csv", rows: 7, deep: { a: [1, null] }, __proto__: null }),
  index: () => 3,
  result: (task, result) => (task === "list" ? `${task}.${result}` : { missing: `task "${task}" failed` }),
  status: (task) => (task === "list" ? "Succeeded" : undefined),
  run: (field) => (field === "ds" ? "2026-11-21" : undefined),
};
const with_ = (facts: Partial<Facts>): Facts => ({ ...FACTS, ...facts });
const got = (value: unknown, facts: Facts = FACTS): unknown => {
  const made = substitute(value, facts, "template");
  return "value" in made ? made.value : made.problem;
};

describe("references are replaced", () => {
  it.each([
    ["$(params.x)", "ex"],
    ["a-$(params.x)-b", "a-ex-b"],
    ["$(item.file)", "a.csv"],
    ["$(item.rows)", "7"],
    ["$(item.deep)", '{"a":[1,null]}'],
    ["$(item)", '{"file":"a.csv","rows":7,"deep":{"a":[1,null]}}'],
    ["$(index)", "3"],
    ["$(tasks.list.results.files)", "list.files"],
    ["$(tasks.list.status)", "Succeeded"],
    ["$(run.ds)", "2026-11-21"],
    ["$$(params.x)", "$(params.x)"],
    ["$(VAR) $$(VAR) $(params)", "$(VAR) $$(VAR) $(params)"],
  ])("%s becomes %s", (text, want) => {
    expect(got(text)).toBe(want);
  });

  it.each([
    ["text as it is", "a b", "a b"],
    ["null as JSON", null, "null"],
    ["a number as JSON", 1.5, "1.5"],
    ["false as JSON", false, "false"],
    ["a list as JSON", ["a", 1], '["a",1]'],
  ])("an element stands for %s", (_, item, want) => {
    expect(got("$(item)", with_({ item: () => item }))).toBe(want);
  });

  it("what was put in is never looked at again", () => {
    expect(got("$(params.tricky)|$(params.tricky)")).toBe(
      "$(params.x) $$(params.x) $(HOME)|$(params.x) $$(params.x) $(HOME)",
    );
  });

  it("so that Kubernetes does not look at it again either: $ is doubled where it would", () => {
    const value = "$(HOME) $$";
    const container = {
      command: ["$(params.v)"],
      args: ["-", "$(VAR) $(params.v)"],
      env: [{ name: "A", value: "$(params.v)", future: "$(params.v)" }],
      volumeMounts: [{ name: "$(params.v)", subPathExpr: "$(params.v)" }],
      workingDir: "$(params.v)",
    };
    const template = { spec: { containers: [container], initContainers: [container] }, metadata: { a: "$(params.v)" } };
    const doubled = "$$(HOME) $$$$";
    const want = {
      command: [doubled],
      args: ["-", `$(VAR) ${doubled}`],
      env: [{ name: "A", value: doubled, future: value }],
      volumeMounts: [{ name: value, subPathExpr: doubled }],
      workingDir: value,
    };

    expect(substitute(template, with_({ param: () => value }), "template")).toEqual({
      value: { spec: { containers: [want], initContainers: [want] }, metadata: { a: value } },
    });
  });

  it("in texts only: neither in keys nor in anything else", () => {
    const template = { "$(params.x)": [1, true, null, "$(params.x)", { a: { b: ["$(index)"] } }] };

    expect(got(template)).toEqual({ "$(params.x)": [1, true, null, "ex", { a: { b: ["3"] } }] });
  });

  it("in a copy, with keys in the same order, also of __proto__", () => {
    const text = '{"z":"$(params.x)","__proto__":{"a":"$(params.x)"},"constructor":["$(index)"],"a":1}';
    const template: unknown = JSON.parse(text);

    expect(JSON.stringify(got(template))).toBe('{"z":"ex","__proto__":{"a":"ex"},"constructor":["3"],"a":1}');
    expect(JSON.stringify(template)).toBe(text);
    expect(({} as Record<string, unknown>)["a"]).toBeUndefined();
  });

  it("however deep the value is", () => {
    const deep: unknown = JSON.parse(`${"[".repeat(50_000)}"$(params.x)"${"]".repeat(50_000)}`);
    let inner = got(deep);
    while (Array.isArray(inner)) inner = inner[0];

    expect(inner).toBe("ex");
  });
});

describe("what is not there is a problem", () => {
  const none = with_({ item: () => undefined, index: () => undefined });
  it.each([
    ["$(tasks.load.results.rows)", FACTS, 'there is no $(tasks.load.results.rows): task "load" failed'],
    ["$(params.y)", FACTS, "there is no $(params.y): the run has no such param"],
    ["$(tasks.load.status)", FACTS, "there is no $(tasks.load.status): the run has no such task"],
    ["$(run.status)", FACTS, "there is no $(run.status): the run has no such value"],
    ["$(item)", none, "there is no $(item): the task has no forEach"],
    ["$(item.a)", none, "there is no $(item.a): the task has no forEach"],
    ["$(index)", none, "there is no $(index): the task has no forEach"],
    ["$(item.a)", FACTS, 'there is no $(item.a): element 3 of forEach has no field "a"'],
    ["$(item.toString)", FACTS, 'there is no $(item.toString): element 3 of forEach has no field "toString"'],
    ["$(item.a)", with_({ item: () => "a" }), "there is no $(item.a): element 3 of forEach is no object"],
    ["$(item.length)", with_({ item: () => ["a"] }), "there is no $(item.length): element 3 of forEach is no object"],
    ["$(params.x", FACTS, /^is a reference|reference without its "\)"/],
  ])("%s", (text, facts, want) => {
    const message = typeof want === "string" ? `template.a[0]: ${want}` : (expect.stringMatching(want) as string);

    expect(got({ a: [text] }, facts)).toEqual({ reason: "MissingInput", message });
  });

  it("the first one counts", () => {
    expect(got({ b: "$(params.one)", a: ["$(params.two)"] })).toMatchObject({
      message: expect.stringContaining("template.b:") as string,
    });
  });

  it("an element too deep for JSON is one, too", () => {
    const deep: unknown = JSON.parse(`${"[".repeat(50_000)}${"]".repeat(50_000)}`);

    expect(got("$(item)", with_({ item: () => deep }))).toMatchObject({ reason: "MissingInput" });
  });
});

describe("sizes", () => {
  const large = (bytes: number): Facts => with_({ param: () => "x".repeat(bytes) });

  it("a text of 128 KiB is fine, one byte more is not, and neither is it with text around", () => {
    expect(got("$(params.x)", large(VALUE_BYTES_MAX))).toHaveLength(VALUE_BYTES_MAX);
    expect(got("$(params.x)", large(VALUE_BYTES_MAX + 1))).toEqual({
      reason: "InputTooLarge",
      message: expect.stringMatching(
        /^template: with \$\(params\.x\) the text is longer than 128 KiB.*hand over its name$/,
      ),
    });
    expect(got("$(params.x)!", large(VALUE_BYTES_MAX))).toMatchObject({ reason: "InputTooLarge" });
  });

  it("bytes count, not characters", () => {
    const facts = with_({ param: () => "\u20ac".repeat(VALUE_BYTES_MAX / 3 + 1) });

    expect(got("$(params.x)", facts)).toMatchObject({ reason: "InputTooLarge" });
  });

  it("a long text without references is nobody's business", () => {
    const long = "x".repeat(VALUE_BYTES_MAX + 1);

    expect(got(long)).toBe(long);
  });

  it("many values that are too much together are refused before they fill the memory", () => {
    const template = Array.from({ length: 10_000 }, () => "$(params.x)");

    expect(got(template, large(100_000))).toMatchObject({ reason: "InputTooLarge" });
  });
});
