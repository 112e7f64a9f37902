import { describe, expect, it } from "vitest";
import { parseText, referencesIn, textOf } from "./references.ts";
import type { Reference } from "./references.ts";

const X: Reference = { kind: "param", name: "x" };

describe("a text is cut at its references", () => {
  it.each<[string, readonly (string | Reference)[]]>([
    ["", []],
    ["no reference", ["no reference"]],
    ["$(params.x)", [X]],
    ["a$(params.x)b", ["a", X, "b"]],
    ["$(params.x)$(params.x)", [X, X]],
    ["$(item)", [{ kind: "item" }]],
    ["$(item.key)", [{ kind: "item", key: "key" }]],
    ["$(item.a b.c)", [{ kind: "item", key: "a b.c" }]],
    ["$(index)", [{ kind: "index" }]],
    ["$(tasks.load-all.results.rows)", [{ kind: "result", task: "load-all", result: "rows" }]],
    ["$(tasks.load.status)", [{ kind: "status", task: "load" }]],
    ["$(run.dsNodash)", [{ kind: "run", field: "dsNodash" }]],
    ["$(params.__proto__)", [{ kind: "param", name: "__proto__" }]],
    ["$$(params.x)", ["$(params.x)"]],
    ["a $$(item) b", ["a $(item) b"]],
    ["$$(params.", ["$(params."]],
    ["$$$(params.x)", ["$$(params.x)"]],
    ["$$(params.$(params.x))", ["$(params.", X, ")"]],
    ["$(params.x)$$(params.x)$(params.x)", [X, "$(params.x)", X]],
    ["costs $ $(params.x)", ["costs $ ", X]],
  ])("%j", (text, want) => {
    expect(parseText(text)).toEqual({ pieces: want });
  });

  it.each([
    "$(VAR)",
    "$$(VAR)",
    "$$$(VAR)",
    "$(params)",
    "$(item",
    "$(items.x)",
    "$(items)",
    "$(indexes)",
    "$(index.x)",
    "$(task.x)",
    "$(runs.ds)",
    "$params.x",
    "(params.x)",
    "$ (params.x)",
    "$(PARAMS.x)",
    "{{ params.x }}",
    "$(date +%s) $((1+2))",
  ])("%j is not ours", (text) => {
    expect(parseText(text)).toEqual({ pieces: [text] });
  });

  it.each([
    ["$(params.x", /\$\(params\.x is a reference without its "\)"/],
    [`$(params.${"x".repeat(400)})`, /without its "\)"/],
    ["$(params.)", /\$\(params\.\) names no param/],
    ["$(params.x )", /\$\(params\.x \) names no param/],
    ["$(params.1x)", /names no param/],
    ["$(params.x.y)", /names no param/],
    [`$(params.${"x".repeat(64)})`, /names no param/],
    ["$(params.$(item))", /\$\(params\.\$\(item\) names no param/],
    ["$(item.)", /names no field of the element/],
    ["$(run.dsnodash)", /\$\(run\.dsnodash\) is unknown; did you mean "dsNodash"\?/],
    ["$(run.zzz)", /\$\(run\.zzz\) is unknown; a run has name, namespace, uid, ds/],
    ["$(tasks.)", /a task gives \$\(tasks\.NAME\.status\) and \$\(tasks\.NAME\.results\.RESULT\)/],
    ["$(tasks.load)", /is unknown/],
    ["$(tasks.load.state)", /is unknown/],
    ["$(tasks.load.status.x)", /is unknown/],
    ["$(tasks.load.results)", /is unknown/],
    ["$(tasks.load.results.a.b)", /is unknown/],
    ["$(tasks.Load.status)", /is unknown/],
    ["fine $(params.x), then $(tasks.)", /\$\(tasks\.\) is unknown/],
  ])("%j is a problem, in words", (text, want) => {
    expect(parseText(text)).toEqual({ problem: expect.stringMatching(want) as string });
  });

  it("a problem says how to mean the text itself, and stays short", () => {
    expect(parseText(`$(params.${"x".repeat(200)})`)).toMatchObject({ problem: expect.stringMatching(/^.{1,300}$/) });
    expect(parseText("$(params.x")).toMatchObject({
      problem: expect.stringContaining("write one $ more in front of it"),
    });
  });

  it("textOf writes what parseText reads", () => {
    const texts = [
      "$(params.x)",
      "$(item)",
      "$(item.k)",
      "$(index)",
      "$(tasks.t.results.r)",
      "$(tasks.t.status)",
      "$(run.ds)",
    ];
    const again = texts.map((text) => {
      const parsed = parseText(text);
      return "pieces" in parsed ? textOf(parsed.pieces[0] as Reference) : parsed.problem;
    });

    expect(again).toEqual(texts);
  });
});

describe("references of a value", () => {
  it("come in its order, with the path of each text; keys are not looked at", () => {
    const template = {
      metadata: { labels: { "app.kubernetes.io/name": "$(item)" } },
      spec: {
        containers: [
          {
            env: [
              { name: "A", value: "a" },
              { name: "$(params.no)", value: "$(params.x)-$(index)" },
            ],
            args: ["$(HOME)"],
          },
        ],
        "$(params.no)": 1,
      },
    };

    expect(referencesIn(template, "template")).toEqual({
      references: [
        { path: 'template.metadata.labels["app.kubernetes.io/name"]', reference: { kind: "item" } },
        { path: "template.spec.containers[0].env[1].name", reference: { kind: "param", name: "no" } },
        { path: "template.spec.containers[0].env[1].value", reference: X },
        { path: "template.spec.containers[0].env[1].value", reference: { kind: "index" } },
      ],
      problems: [],
    });
  });

  it("that are none are problems, each with its path", () => {
    expect(referencesIn(["$(params.)", "$(params.x)", "$(tasks.a)"], "forEach.items")).toMatchObject({
      references: [{ path: "forEach.items[1]", reference: X }],
      problems: [{ path: "forEach.items[0]" }, { path: "forEach.items[2]" }],
    });
  });

  it.each([100_000, 101])("a value nested %i levels deep is a problem", (levels) => {
    const deep: unknown = JSON.parse(`${"[".repeat(levels)}"$(params.x)"${"]".repeat(levels)}`);

    expect(referencesIn(deep, "template")).toEqual({
      references: [],
      problems: [{ path: "template", problem: expect.stringContaining("more than 100 levels deep") as string }],
    });
  });

  it("a value nested 100 levels deep is none", () => {
    const deep: unknown = JSON.parse(`${"[".repeat(100)}"$(params.x)"${"]".repeat(100)}`);

    expect(referencesIn(deep, "template")).toMatchObject({ references: [{ reference: X }], problems: [] });
  });

  it.each([undefined, null, 1, true, {}, []])("of %j there are none", (value) => {
    expect(referencesIn(value, "template")).toEqual({ references: [], problems: [] });
  });
});
