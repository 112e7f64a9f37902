/** Many sequences in several namespaces at once, until so many requests have been compared; then the shortest form of what went wrong. */
import { Random } from "../../operator/testing/sim/random.ts";
import { compare } from "./compare.ts";
import { generate } from "./generate.ts";
import type { Operation } from "./operations.ts";
import type { RealSide } from "./realside.ts";
import { type Finding, shrink } from "./shrink.ts";
import { empty } from "./tidyup.ts";

/** Long enough for states that take several steps to reach, short enough to be read. */
const LENGTH_MIN = 8;
const LENGTH_MAX = 40;
/** A divergence must show so often in a row: what shows once is the real garbage collector's timing. */
const CONFIRMATIONS = 2;

export interface Plan {
  readonly seed: string;
  /** Requests sent to the real server until no further sequence begins. */
  readonly requests: number;
  readonly limitMs: number;
}

export interface Result {
  readonly requests: number;
  readonly sequences: number;
  /** Divergences that did not show again. */
  readonly unrepeated: readonly Finding[];
  readonly finding: Finding | undefined;
}

/** The sequence of a seed such as "1/17". */
export function sequenceOf(seed: string): readonly Operation[] {
  const random = new Random(`differential/${seed}`);
  return generate(random, random.int(LENGTH_MIN, LENGTH_MAX));
}

/** One lane per side; each must have a namespace of its own. */
export async function campaign(sides: readonly RealSide[], plan: Plan): Promise<Result> {
  const run = new Campaign(plan);
  await Promise.all(sides.map((side) => run.lane(side)));
  return run.result;
}

/** A sequence in an empty namespace, which is empty again afterwards. */
export async function playOnce(side: RealSide, operations: readonly Operation[]): ReturnType<typeof compare> {
  await empty(side);
  const result = await compare(side, nextPrefix(), operations);
  await empty(side);
  return result;
}

let prefixes = 0;

/** No two sequences share a name: nothing that comes late to one can be taken for the other's. */
function nextPrefix(): string {
  prefixes++;
  return `d${prefixes}-`;
}

class Campaign {
  readonly #plan: Plan;
  readonly #deadline: number;
  readonly #unrepeated: Finding[] = [];
  #requests = 0;
  #sequences = 0;
  #finding: Finding | undefined;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#deadline = performance.now() + plan.limitMs;
  }

  get result(): Result {
    const counts = { requests: this.#requests, sequences: this.#sequences };
    return { ...counts, unrepeated: this.#unrepeated, finding: this.#finding };
  }

  async lane(side: RealSide): Promise<void> {
    while (this.#goesOn()) {
      this.#sequences++;
      const seed = `${this.#plan.seed}/${this.#sequences}`;
      const operations = sequenceOf(seed);
      const { requests, divergence } = await playOnce(side, operations);
      this.#requests += requests;
      if (divergence !== undefined) await this.#examine(side, { seed, operations, divergence });
    }
  }

  #goesOn(): boolean {
    const { requests } = this.#plan;
    return this.#finding === undefined && this.#requests < requests && performance.now() < this.#deadline;
  }

  async #examine(side: RealSide, finding: Finding): Promise<void> {
    for (let time = 1; time < CONFIRMATIONS; time++) {
      const { divergence } = await playOnce(side, finding.operations);
      if (divergence === undefined) {
        this.#unrepeated.push(finding);
        return;
      }
    }
    // Another lane may have found something meanwhile; one finding at a time is enough to read.
    if (this.#finding !== undefined) return;
    this.#finding = finding;
    this.#finding = await shrink(finding, async (operations) => (await playOnce(side, operations)).divergence);
  }
}
