/** A broken promise, found by an invariant. */
export interface ViolationFacts {
  readonly rule: string;
  readonly message: string;
  readonly seed: string;
  readonly virtualMs: number;
  readonly lastLines: readonly string[];
  readonly replay: string;
}

/** Thrown out of a run: what was broken, when, what led to it, and how to see it again. */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly rule: string;

  constructor(facts: ViolationFacts) {
    const at = `${(facts.virtualMs / 1000).toFixed(3)}s`;
    const head = `${facts.rule}: ${facts.message}\n  run ${facts.seed}, virtual time ${at}; replay: ${facts.replay}`;
    super(`${head}\n${facts.lastLines.join("\n")}`);
    this.rule = facts.rule;
  }
}
