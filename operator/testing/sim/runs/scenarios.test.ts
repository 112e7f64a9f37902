import { describe, expect, it } from "vitest";
import { startRealCore as startOperator } from "../core.ts";
import { type RunResult, runWorld } from "../run.ts";
import { scenarioPlan, SCENARIOS } from "../scenarios.ts";
import { WORKFLOW_SCENARIOS } from "../workflows/scenarios.ts";

/** The writes each scenario costs when nothing goes wrong: pods created, pods deleted, statuses written, events. */
const COSTS: Readonly<Record<string, readonly [number, number, number, number]>> = {
  shortSuccess: [1, 0, 1, 0],
  success: [1, 0, 2, 0],
  results: [1, 1, 3, 0],
  resultsMissingAtFirst: [2, 0, 2, 2],
  retriesExhausted: [2, 0, 2, 2],
  failure: [1, 0, 2, 1],
  invalidTemplate: [0, 0, 1, 1],
  refusedTemplate: [1, 0, 1, 1],
  strangersPod: [1, 0, 1, 1],
  templateThere: [1, 0, 1, 0],
  // That it waits is said, how its task goes, and its end.
  templateMissing: [1, 0, 3, 0],
  templateEdited: [1, 0, 2, 0],
  neverKept: [2, 2, 2, 2],
  keptOnFailure: [2, 1, 2, 2],
  timeToLive: [1, 1, 2, 1],
  compacted: [2, 2, 5, 2],
};

function writesOf({ requests }: RunResult): readonly number[] {
  return ["POST", "DELETE", "PUT", "EVENT"].map((verb) => requests[verb] ?? 0);
}

describe("without faults", () => {
  it.each([...Object.keys(SCENARIOS), ...Object.keys(WORKFLOW_SCENARIOS)])("%s reaches its end", async (name) => {
    const result = await runWorld(scenarioPlan(name, { startOperator }));
    expect(result.lives).toBe(1);
  });

  it.each(Object.entries(COSTS))(
    "%s costs %j creations, deletions, status writes and events",
    async (name, wantWrites) => {
      expect(writesOf(await runWorld(scenarioPlan(name, { startOperator })))).toEqual(wantWrites);
    },
  );

  it("works with a server that refuses sendInitialEvents", async () => {
    const result = await runWorld(scenarioPlan("success", { startOperator, initialEvents: false }));
    expect(result.requests["GET"]).toBeGreaterThanOrEqual(2);
  });
});
