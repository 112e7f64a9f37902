import { describe, expect, it } from "vitest";
import { countRequests, runAtEach, runWith } from "../crashes.ts";
import { SCENARIOS } from "../scenarios.ts";

/** Scenarios short enough for every pair of deaths. */
const PAIRS = ["shortSuccess", "retryThenSuccess", "deadline", "cancelWhileRunning", "sidecarOfFailure"];

describe("dies or loses the reply at every single request", () => {
  it.each(Object.keys(SCENARIOS))("of %s", async (name) => {
    expect(await runAtEach(name)).toBeGreaterThan(2);
  });
});

describe("dies twice, at every pair of requests", () => {
  it.each(PAIRS)("of %s", async (name) => {
    const count = (await countRequests(name)) + 2;
    expect(count).toBeGreaterThan(4);
    for (let first = 1; first <= count; first++) {
      for (let second = first + 1; second <= count + 2; second++) {
        await runWith(name, [
          [first, "killAfter"],
          [second, "killBefore"],
        ]);
        await runWith(name, [
          [first, "killAfter"],
          [second, "killAfter"],
        ]);
      }
    }
  });
});
