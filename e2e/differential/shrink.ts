/** The shortest sequence that still shows a divergence, found by leaving operations out. */
import type { Divergence } from "./compare.ts";
import type { Operation } from "./operations.ts";

export interface Finding {
  /** Gives the sequence again: the campaign's seed and the sequence's number. */
  readonly seed: string;
  readonly operations: readonly Operation[];
  readonly divergence: Divergence;
}

/** Shrinking ends after this time with the shortest sequence so far. */
const SHRINK_LIMIT_MS = 40_000;

export async function shrink(
  found: Finding,
  play: (operations: readonly Operation[]) => Promise<Divergence | undefined>,
): Promise<Finding> {
  const deadline = performance.now() + SHRINK_LIMIT_MS;
  // What was never played has no part in it.
  let operations = found.operations.slice(0, found.divergence.after);
  let { divergence } = found;
  for (let size = Math.ceil(operations.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < operations.length && performance.now() < deadline;) {
      const shorter = operations.toSpliced(at, size);
      const still = shorter.length === 0 ? undefined : await play(shorter);
      if (still === undefined) at += size;
      else [operations, divergence] = [shorter, still];
    }
  }
  return { ...found, operations, divergence };
}
