import { describe, expect, it } from "vitest";
import { startRealCore } from "../core.ts";
import { runWorld } from "../run.ts";
import { scenarioPlan } from "../scenarios.ts";
import { Violation } from "../violation.ts";
import { startWrong, WRONG_OPERATORS } from "../wrong.ts";

/** Every scenario ends within some minutes; one that never does need not be watched for an hour. */
const SETTLE_MS_MAX = 600_000;

describe("an operator that does wrong is caught", () => {
  it.each(Object.entries(WRONG_OPERATORS))("when it %s", async (name, { rule, scenario }) => {
    const plan = scenarioPlan(scenario, { startOperator: startWrong(startRealCore, name) });
    const caught = await runWorld({ ...plan, settleMsMax: SETTLE_MS_MAX }).catch((error: unknown) => error);
    expect(caught).toBeInstanceOf(Violation);
    expect((caught as Violation).rule).toMatch(new RegExp(`^${rule}`));
  });
});
