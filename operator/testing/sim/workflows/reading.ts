/**
 * A second, straightforward reading of a definition: what each task of a run must have come to, given what became of the
 * TaskRuns made so far. Written from the contract alone and sharing nothing with the operator, so that the two can be compared.
 */
import { isRecord } from "../objects.ts";
import { conditionHolds, inputText, type Values } from "./text.ts";
import {
  isFinal,
  type Letter,
  nodesOf,
  type ParamDefinition,
  type TaskDefinition,
  WORD_OF_LETTER,
  type WorkflowSpec,
} from "./objects.ts";

/** What became of one part of a task; a task that is not mapped has the part 0. */
export interface PartFact {
  /** "." while nothing has been made for it. */
  readonly letter: Letter;
  readonly results?: Readonly<Record<string, string>>;
  /** It, or what its results came from, was deleted: that may have been seen as a failure. */
  readonly unclear?: boolean;
}

export interface Circumstances {
  readonly params: Readonly<Record<string, string>>;
  readonly part: (task: string, index: number) => PartFact;
  /** A final state that stands already: recorded in this round, or kept from an earlier one. */
  readonly known: (task: string) => Letter | undefined;
  /** Why the run was stopped, if it was. */
  readonly stopped: string | undefined;
  /** run.name and the like. */
  readonly run: Readonly<Record<string, string>>;
}

/** What is to become of a task, as far as its dependencies say: to wait, to run, or a state without a TaskRun. */
export type Verdict = "wait" | "run" | "K" | "U" | "F";

export class Reading {
  readonly spec: WorkflowSpec;
  readonly #now: Circumstances;
  readonly #byName: ReadonlyMap<string, TaskDefinition>;
  readonly #finally: ReadonlySet<string>;
  readonly #letters = new Map<string, Letter>();

  constructor(spec: WorkflowSpec, now: Circumstances) {
    this.spec = spec;
    this.#now = now;
    this.#byName = new Map(nodesOf(spec).map((task) => [task.name, task]));
    this.#finally = new Set((spec.finally ?? []).map(({ name }) => name));
  }

  task(name: string): TaskDefinition | undefined {
    return this.#byName.get(name);
  }

  isFinally(name: string): boolean {
    return this.#finally.has(name);
  }

  /** The state that stands already, or the one that follows. */
  letter(name: string): Letter {
    const known = this.#now.known(name);
    if (known !== undefined) return known;
    let letter = this.#letters.get(name);
    if (letter === undefined) {
      letter = this.expected(name)[0] ?? ".";
      this.#letters.set(name, letter);
    }
    return letter;
  }

  /** The states that can follow from the states of what it depends on and from its own parts; more than one only where its end is unclear. */
  expected(name: string): readonly Letter[] {
    const task = this.#byName.get(name);
    if (task === undefined) return [];
    const verdict = this.verdict(name);
    const began = this.#began(task);
    // Whether it would have come to run before the run was stopped, nobody can say.
    const { stopped } = this.#now;
    if (stopped !== undefined && !began && !this.isFinally(name)) {
      return verdict === "K" || verdict === "U" || verdict === "F" ? ["C", verdict] : ["C", ...this.#unstarted(task)];
    }
    if (verdict === "wait" && !began) return ["."];
    const letters = verdict === "K" || verdict === "U" || verdict === "F" ? [verdict] : this.#ofParts(task);
    return letters.includes("F") || !this.#leansOnUnclear(task) ? letters : [...letters, "F"];
  }

  /** It refers to the results of something that was deleted: whether they could still be read, nobody can say. */
  #leansOnUnclear(task: TaskDefinition): boolean {
    const text = JSON.stringify(task);
    return nodesOf(this.spec).some(
      ({ name }) => text.includes(`tasks.${name}.results`) && this.#parts(name).some(({ unclear }) => unclear === true),
    );
  }

  verdict(name: string): Verdict {
    const task = this.#byName.get(name);
    if (task === undefined) return "wait";
    const byRule = this.isFinally(name) ? this.#tasksDone() : this.#byRule(task);
    if (byRule !== "run") return byRule;
    const holds = task.when === undefined ? true : conditionHolds(task.when, this.#values(task));
    if (holds === undefined) return "F";
    if (!holds) return "K";
    const elements = this.elements(name);
    if (elements === undefined) return "F";
    return elements.length === 0 ? "K" : "run";
  }

  /** The elements its forEach comes to, [undefined] without one; undefined: it comes to no list. */
  elements(name: string): readonly unknown[] | undefined {
    const { forEach, ...task } = this.#byName.get(name) ?? { name };
    if (forEach === undefined) return [undefined];
    const { items, matrix, range, result } = forEach;
    if (items !== undefined) return items;
    if (matrix !== undefined) return combinations(matrix);
    if (range !== undefined) return span(range);
    return listOf(result === undefined ? undefined : inputText(result, this.#values(task)));
  }

  /** A text of the definition with its references replaced; undefined if one of them has no value. */
  text(name: string, index: number, text: string): string | undefined {
    const task = this.#byName.get(name);
    if (task === undefined) return undefined;
    const item = task.forEach === undefined ? {} : { item: this.elements(name)?.[index], index };
    return inputText(text, { ...this.#values(task), ...item });
  }

  part(name: string, index: number): PartFact {
    const fact = this.#now.part(name, index);
    if (fact.letter !== "." || this.hasInputs(name, index)) return fact;
    return { letter: "F" };
  }

  /** Whether everything that the part is to be given is there. */
  hasInputs(name: string, index: number): boolean {
    const task = this.#byName.get(name);
    const given = [task?.template, task?.workflowRef?.params];
    return textsOf(given).every((text) => this.text(name, index, text) !== undefined);
  }

  /** What these tasks came to together, once they have ended: all of them, unless only those before finally are asked for. */
  outcome(tasks: readonly TaskDefinition[] = nodesOf(this.spec)): string {
    const { stopped } = this.#now;
    if (stopped !== undefined) return stopped === "Cancelled" ? "Cancelled" : "Failed";
    const bad = tasks.filter(({ name }) => ["F", "C"].includes(this.letter(name)));
    return bad.every(({ name }) => this.#isHandled(name)) ? "Succeeded" : "Failed";
  }

  #isHandled(name: string): boolean {
    return this.spec.tasks.some(
      ({ name: other, dependsOn = [], triggerRule = "" }) =>
        dependsOn.includes(name) &&
        ["AllFailed", "OneFailed", "OneSucceeded"].includes(triggerRule) &&
        this.letter(other) === "S",
    );
  }

  #began({ name }: TaskDefinition): boolean {
    return this.#parts(name).some(({ letter }) => letter !== ".");
  }

  #parts(name: string): readonly PartFact[] {
    return (this.elements(name) ?? []).map((_, i) => this.#now.part(name, i));
  }

  /** A part that lacks an input may have failed without a TaskRun before the run was stopped. */
  #unstarted({ name }: TaskDefinition): readonly Letter[] {
    return this.hasInputs(name, 0) ? [] : ["F"];
  }

  #ofParts({ name }: TaskDefinition): readonly Letter[] {
    const facts = (this.elements(name) ?? []).map((_, i) => this.part(name, i));
    const isStopped = this.#now.stopped !== undefined && !this.isFinally(name);
    const letters = facts.map(({ letter }) => (isStopped && letter === "." ? "C" : letter));
    const letter = together(letters);
    return facts.some(({ unclear }) => unclear === true) && letter !== "F" ? [letter, "F"] : [letter];
  }

  #tasksDone(): Verdict {
    return this.spec.tasks.every(({ name }) => isFinal(this.letter(name))) ? "run" : "wait";
  }

  #byRule({ dependsOn = [], triggerRule = "AllSucceeded" }: TaskDefinition): Verdict {
    if (dependsOn.length === 0) return "run";
    const upstream = dependsOn.map((one) => this.letter(one));
    const counts = {
      all: upstream.length,
      done: upstream.filter(isFinal).length,
      succeeded: upstream.filter((letter) => letter === "S").length,
      failed: upstream.filter((letter) => letter === "F" || letter === "C" || letter === "U").length,
      skipped: upstream.filter((letter) => letter === "K").length,
    };
    if (runs(triggerRule, counts)) return "run";
    return counts.done < counts.all ? "wait" : otherwise(triggerRule, counts);
  }

  #values({ name }: Pick<TaskDefinition, "name">): Values {
    return {
      params: this.#now.params,
      status: (task) => WORD_OF_LETTER[this.letter(task)],
      result: (task, result) => this.#result(task, result),
      run: this.#now.run,
      runStatus: this.isFinally(name) ? () => this.outcome(this.spec.tasks) : undefined,
    };
  }

  #result(name: string, result: string): string | undefined {
    const task = this.#byName.get(name);
    if (task?.forEach === undefined) {
      return this.letter(name) === "S" ? this.#now.part(name, 0).results?.[result] : undefined;
    }
    if (!isFinal(this.letter(name)) || this.letter(name) === "K") return undefined;
    const parts = (this.elements(name) ?? []).map((_, i) => this.#now.part(name, i).results?.[result] ?? null);
    return JSON.stringify(parts);
  }
}

interface Counts {
  readonly all: number;
  readonly done: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly skipped: number;
}

function runs(rule: string, { all, done, succeeded, failed, skipped }: Counts): boolean {
  switch (rule) {
    case "AllSucceeded":
      return succeeded === all;
    case "AllDone":
      return done === all;
    case "AllFailed":
      return failed === all;
    case "OneSucceeded":
      return succeeded > 0;
    case "OneFailed":
      return failed > 0;
    case "NoneFailed":
      return done === all && failed === 0;
    case "NoneFailedMinOneSuccess":
      return done === all && failed === 0 && succeeded > 0;
    case "NoneSkipped":
      return done === all && skipped === 0;
    case "Always":
      return true;
    default:
      throw new Error(`the simulator does not know the trigger rule ${rule}`);
  }
}

/** All have ended, and the rule does not hold. */
function otherwise(rule: string, { all, failed, skipped }: Counts): "K" | "U" {
  switch (rule) {
    case "AllSucceeded":
    case "NoneFailedMinOneSuccess":
      return failed > 0 ? "U" : "K";
    case "OneSucceeded":
      return skipped === all ? "K" : "U";
    case "NoneFailed":
      return "U";
    default:
      return "K";
  }
}

/** What parts come to together. */
function together(letters: readonly Letter[]): Letter {
  if (letters.every((letter) => letter === ".")) return ".";
  if (!letters.every(isFinal)) return "R";
  if (letters.includes("F")) return "F";
  return letters.includes("C") ? "C" : "S";
}

function combinations(matrix: Readonly<Record<string, readonly string[]>>): readonly unknown[] {
  let all: Readonly<Record<string, string>>[] = [{}];
  for (const key of Object.keys(matrix).toSorted()) {
    all = all.flatMap((one) => (matrix[key] ?? []).map((value) => ({ ...one, [key]: value })));
  }
  return all;
}

function span({ start = 0, end, step = 1 }: { start?: number; end: number; step?: number }): readonly number[] {
  return Array.from({ length: Math.max(0, Math.ceil((end - start) / step)) }, (_, i) => start + i * step);
}

function listOf(text: string | undefined): readonly unknown[] | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Every text in a value, keys left out. */
export function textsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return isRecord(value) ? Object.values(value).flatMap(textsOf) : [];
}

/** What a run's params come to; undefined if the run gives what it may not, or too little. */
export function paramsOf(
  definitions: readonly ParamDefinition[] = [],
  given: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> | undefined {
  const names = new Set(definitions.map(({ name }) => name));
  if (Object.keys(given).some((name) => !names.has(name))) return undefined;
  const values = definitions.map(({ name, default: usual, enum: allowed }) => {
    const value = given[name] ?? usual;
    return value === undefined || allowed?.includes(value) === false ? undefined : ([name, value] as const);
  });
  const known = values.filter((value) => value !== undefined);
  return known.length < values.length ? undefined : Object.fromEntries(known);
}
