/** What an engineer needs to see a divergence again and to mend it. */
import type { Finding } from "./shrink.ts";
import type { Json } from "./ledger.ts";
import { sentence } from "./operations.ts";

export function report({ seed, operations, divergence }: Finding): string {
  const { after, what, simulated, real } = divergence;
  const played = operations.map((operation, index) => `  ${index + 1 === after ? "->" : "  "} ${sentence(operation)}`);
  return [
    `the simulated API server and the real one differ in ${what} after operation ${after} of:`,
    ...played,
    `differing fields:`,
    ...differences(simulated, real).map((line) => `  ${line}`),
    `simulated: ${JSON.stringify(simulated)}`,
    `real:      ${JSON.stringify(real)}`,
    `again: SIMULATOR_SEED=${seed} vitest run --project e2e e2e/simulator.test.ts`,
  ].join("\n");
}

/** One line per field that is not the same. */
export function differences(simulated: unknown, real: unknown, path = ""): readonly string[] {
  if (!isTree(simulated) || !isTree(real)) {
    const [left, right] = [JSON.stringify(simulated), JSON.stringify(real)];
    return left === right ? [] : [`${path}: simulated ${left ?? "nothing"}, real ${right ?? "nothing"}`];
  }
  const keys = new Set([...Object.keys(simulated), ...Object.keys(real)]);
  return [...keys].flatMap((key) => differences(simulated[key], real[key], path === "" ? key : `${path}.${key}`));
}

function isTree(value: unknown): value is Json {
  return typeof value === "object" && value !== null;
}
