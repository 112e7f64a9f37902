import { describe, expect, it } from "vitest";
import { Waiting } from "./waiting.ts";

describe("those who wait", () => {
  it("are found by what they wait for, the last thing they named", () => {
    const waiting = new Waiting();
    waiting.waitsFor("a", "x");
    waiting.waitsFor("b", "x");
    waiting.waitsFor("b", "y");

    expect([waiting.keysFor("x"), waiting.keysFor("y"), waiting.keysFor("z")]).toEqual([["a"], ["b"], []]);
  });

  it("go on waiting until they say that they do not", () => {
    const waiting = new Waiting();
    waiting.waitsFor("a", "x");
    waiting.keysFor("x");
    const still = waiting.keysFor("x");
    waiting.waitsFor("a", undefined);
    waiting.waitsFor("a", undefined);

    expect([still, waiting.keysFor("x")]).toEqual([["a"], []]);
  });
});
