import { describe, expect, it } from "vitest";
import { resolveParams } from "./params.ts";

const DECLARED = [
  { name: "region", default: "eu", enum: ["eu", "us"] },
  { name: "day" },
  { name: "note", default: "" },
];
const json = (text: string): Record<string, string> => JSON.parse(text) as Record<string, string>;

describe("params of a run", () => {
  it("are the given values, else the defaults, in the order of the declaration", () => {
    const got = resolveParams(DECLARED, { note: "n", day: "1" });

    expect("params" in got ? [...got.params] : got).toEqual([
      ["region", "eu"],
      ["day", "1"],
      ["note", "n"],
    ]);
  });

  it("can be empty texts, which no default replaces", () => {
    const got = resolveParams([{ name: "a", default: "x" }], { a: "" });

    expect("params" in got ? got.params.get("a") : got).toBe("");
  });

  it("are none where none are declared", () => {
    expect(resolveParams(undefined, {})).toEqual({ params: new Map() });
  });

  it("all problems are in one message", () => {
    expect(resolveParams(DECLARED, { regoin: "us", region: "mars" })).toEqual({
      problem:
        'there is no param "regoin"; did you mean "region"? param "region" is "mars", must be one of "eu", "us". ' +
        'param "day" has no default, so it must be given.',
    });
  });

  it.each([
    [[], { a: "1" }, 'there is no param "a"; the Workflow has no params.'],
    [[{ name: "b" }], { b: "1", zzz: "1" }, 'there is no param "zzz".'],
    [[{ name: "b", enum: ["x"] }], { b: "y" }, 'param "b" is "y", must be "x".'],
    [[{ name: "b", default: "y", enum: ["x"] }], {}, 'param "b" is "y", must be "x".'],
    [[{ name: "b" }], json('{"b": 1}'), 'param "b" must be a text; put it in quotes.'],
    [[{ name: "b" }], json('{"b": null}'), 'param "b" must be a text; put it in quotes.'],
    [[{ name: "b" }], { b: "x".repeat(4097) }, 'param "b" must have at most 4096 characters.'],
  ])("%j with %j", (declared, given, want) => {
    expect(resolveParams(declared, given)).toEqual({ problem: want });
  });

  it("a long enum is cut", () => {
    const many = Array.from({ length: 100 }, (_, index) => `v${index}`);

    expect(resolveParams([{ name: "a", enum: many }], { a: "x" })).toMatchObject({
      problem: expect.stringMatching(/"v7" and 92 more\.$/) as string,
    });
  });

  it("__proto__ and constructor are names as others", () => {
    const declared = [{ name: "__proto__", default: "p" }, { name: "constructor" }];
    const got = resolveParams(declared, json('{"__proto__": "given", "constructor": "c"}'));

    expect("params" in got ? [...got.params] : got).toEqual([
      ["__proto__", "given"],
      ["constructor", "c"],
    ]);
    expect(resolveParams([{ name: "constructor" }], {})).toHaveProperty("problem");
    expect(resolveParams([], json('{"__proto__": "x"}'))).toHaveProperty("problem");
  });
});
