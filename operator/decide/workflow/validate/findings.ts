/** What is wrong with a definition, as it is found. */
import { didYouMean } from "../didyoumean.ts";

export interface WorkflowProblem {
  /** `spec.tasks[load].dependsOn[0]` */
  readonly path: string;
  /** A sentence without a full stop: what is wrong, and the way out. */
  readonly problem: string;
}

/** Nobody reads more, and each is a few hundred bytes. */
export const PROBLEMS_MAX = 100;
/** Each looks at up to 10,000 names; a condition's message has room for some ten problems. */
const SUGGESTIONS_MAX = 15;

/** Problems in the order they are found, up to the limit; those beyond it are dropped. */
export class Findings {
  readonly problems: WorkflowProblem[] = [];
  #suggestions = 0;

  /** Nothing more needs to be looked for. */
  get isFull(): boolean {
    return this.problems.length >= PROBLEMS_MAX;
  }

  report(path: string, problem: string): void {
    if (!this.isFull) this.problems.push({ path, problem });
  }

  /** `; did you mean "extract"?` or nothing. */
  suggest(wrong: string, known: Iterable<string>): string {
    this.#suggestions += 1;
    return this.isFull || this.#suggestions > SUGGESTIONS_MAX ? "" : didYouMean(wrong, known);
  }
}
