import { describe, expect, it } from "vitest";
import { startRealCore } from "../core.ts";
import { runWorld } from "../run.ts";
import { scenarioPlan } from "../scenarios.ts";
import { Violation } from "../violation.ts";
import { startWrong, WRONG_OPERATORS } from "../wrong.ts";

describe("an operator that does wrong is caught", () => {
  it.each(Object.entries(WRONG_OPERATORS))("when it %s", async (name, { rule, scenario }) => {
    const caught = await runWorld(scenarioPlan(scenario, { startOperator: startWrong(startRealCore, name) })).catch(
      (error: unknown) => error,
    );
    expect(caught).toBeInstanceOf(Violation);
    expect((caught as Violation).rule).toMatch(new RegExp(`^${rule}`));
  });
});
