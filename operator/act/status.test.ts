import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aStatus } from "../testing/make.ts";
import { gist, sameStatus, writeDelayMs } from "./status.ts";

describe("when a status is written", () => {
  it.each([
    { it: "an outcome at once", urgency: "now", waited: 0, want: 0 },
    { it: "an outcome at once, however busy the server", urgency: "now", waited: 0, busy: true, want: 0 },
    { it: "news after a second: a task that ends sooner costs one write", urgency: "soon", waited: 0, want: 1000 },
    { it: "news after the rest of that second", urgency: "soon", waited: 400, want: 600 },
    { it: "news that has waited", urgency: "soon", waited: 1000, want: 0 },
    { it: "what stands there by default after ten seconds", urgency: "later", waited: 0, want: 10_000 },
    { it: "that, when it has waited", urgency: "later", waited: 10_000, want: 0 },
    { it: "progress not while the server has no room", urgency: "soon", waited: 5000, busy: true, want: 1000 },
    { it: "progress after half a minute though it has none", urgency: "soon", waited: 30_000, busy: true, want: 0 },
  ] as const)("$it", ({ urgency, waited, want, ...rest }) => {
    const at = { now: 50_000 + waited, busy: "busy" in rest };

    expect(writeDelayMs({ said: "x", since: 50_000 }, urgency, at)).toBe(want);
  });
});

describe("what makes a status news", () => {
  const status = aStatus({ phase: "Running", reason: "Running" });

  it.each([
    ["another phase", { phase: "Pending" }, true],
    ["another attempt", { attempt: 7 }, true],
    ["another generation", { observedGeneration: 9 }, true],
    ["another reason", aStatus({ phase: "Running", reason: "Stopping" }), true],
    ["another node", { nodeName: "n" }, false],
  ] as const)("%s", (_, change, want) => {
    expect(gist({ ...status, ...change }) !== gist(status)).toBe(want);
  });
});

describe("two statuses are the same", () => {
  it.each([
    ["in another order of keys", { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }, true],
    ["not if a value differs", { a: { b: 1 } }, { a: { b: 2 } }, false],
    ["not if a key is missing", { a: 1, b: 2 }, { a: 1 }, false],
    ["not if another key has the value", { a: 1 }, { b: 1 }, false],
    ["not if a list has another order", { a: [1, 2] }, { a: [2, 1] }, false],
    ["not if a list is longer", { a: [1] }, { a: [1, 1] }, false],
    ["not if one is nothing", { a: null }, { a: {} }, false],
    ["not if a number became a text", { a: 1 }, { a: "1" }, false],
  ])("%s", (_, a, b, want) => {
    expect([sameStatus(a, b), sameStatus(b, a)]).toEqual([want, want]);
  });

  it("after a way through JSON, and only then", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const copy: unknown = JSON.parse(JSON.stringify(a));

        expect(sameStatus(a, copy)).toBe(true);
        if (Array.isArray(a) === Array.isArray(b)) expect(sameStatus(a, b)).toBe(sameStatus(b, a));
      }),
    );
  });
});
