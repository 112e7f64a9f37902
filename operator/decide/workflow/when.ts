/**
 * `when` of a workflow's task: a condition in CEL (https://cel.dev) on what its run has come to so far.
 *
 * What can be read, all of it text:
 *
 *     params.NAME                    a parameter of the run
 *     tasks.NAME.status              Succeeded, Failed, UpstreamFailed, Skipped, Cancelled
 *     tasks.NAME.results.RESULT      a result of a task
 *     run.FIELD                      run.name, run.ds, ...
 *
 * A name with a dash takes an index: tasks["my-task"].results["x-y"]. An index is always a text in quotes, so that it is known
 * before anything runs what an expression reads. has(tasks.a.results.r) and "r" in tasks.a.results tell whether there is one.
 *
 * Supported are the standard definitions of CEL: == != < <= > >= in, && || ! ?:, + - * / %, lists, maps and their indexes, size(),
 * contains(), startsWith(), endsWith(), matches() (RE2, linear in time), the macros has(), all(), exists(), exists_one(), map() and
 * filter(), conversions by int(), uint(), double(), string(), bool(), bytes(), timestamp() and duration(), the getters of both
 * times, type() and dyn(). Not supported: messages of protocol buffers, optional values, extensions. Nothing tells the current time.
 *
 * Types are checked before the expression runs; so is how much work it can make (cel/cost.ts).
 */
import { sentence } from "../wording.ts";
import { hintFor } from "./cel/hint.ts";
import { ASSUMED_CHARS, STEPS_MAX, estimated } from "./cel/cost.ts";
import { absent, planned, typeName } from "./cel/library.ts";
import type { Bindings, CelInput, Evaluated } from "./cel/library.ts";
import { parsed } from "./cel/parser.ts";
import { ExpressionError, shortened } from "./cel/problem.ts";
import { extractReferences, presenceName, valueName, written } from "./cel/references.ts";
import type { Reference } from "./cel/references.ts";
import { tokensOf, withoutTexts } from "./cel/tokens.ts";
import type { Token } from "./cel/tokens.ts";
import { boundSize } from "./cel/tree.ts";
import { described } from "./cel/type.ts";
import { typeOf } from "./cel/typing.ts";

/** Something an expression reads, or asks the presence of. */
export type WhenReference = Reference;

/** Checked and ready to be evaluated, as often as wanted. Holds about 4 KB: for many tasks it is better parsed again than kept. */
export interface When {
  readonly source: string;
  /** Each once, in the order of the expression. */
  readonly references: readonly WhenReference[];
  readonly program: WhenProgram;
}

/** What parseWhen keeps for evaluateWhen. */
export interface WhenProgram {
  readonly evaluate: (bindings: Bindings) => Evaluated;
  /** Upper bound for the work of one evaluation. @param chars the length of each reference's text */
  readonly steps: (chars: readonly number[]) => number;
}

/** What a run has come to; undefined: there is no such thing (yet). */
export interface WhenFacts {
  param(name: string): string | undefined;
  /** Succeeded, Failed, UpstreamFailed, Skipped or Cancelled. */
  status(task: string): string | undefined;
  result(task: string, result: string): string | undefined;
  run(field: string): string | undefined;
}

/** Characters of an expression within a problem. */
const SOURCE_CHARS_MAX = 200;
/** Characters of a reason, which may quote what a task wrote. */
const REASON_CHARS_MAX = 400;

/**
 * An expression, or in one sentence what is wrong with it, and where. Never throws.
 *
 * Takes about 0.02 ms for two comparisons (10,000 tasks: 0.2 s), more where regular expressions are tried, 4 ms at worst.
 */
export function parseWhen(source: string): When | { readonly problem: string } {
  let bare = "";
  try {
    const tokens = tokensOf(source);
    bare = withoutTexts(tokens);
    return compiled(source, tokens);
  } catch (error) {
    const hint = hintFor(bare, source);
    const offset = error instanceof ExpressionError ? error.offset : undefined;
    const place = offset === undefined ? "" : ` (${placeOf(source, offset)})`;
    const words = shortened(error instanceof Error ? error.message : "cannot be read", REASON_CHARS_MAX);
    return { problem: sentence(`${words}${place}${hint === undefined ? "" : `; ${hint}`}`) };
  }
}

/** @throws ExpressionError */
function compiled(source: string, tokens: readonly Token[]): When {
  const { expr, offsetOf } = parsed(tokens);
  boundSize(expr, offsetOf);
  const references = extractReferences(expr, offsetOf);
  const type = typeOf(expr, offsetOf);
  if (type.kind !== "bool" && type.kind !== "dyn") {
    throw new ExpressionError(`the expression gives ${described(type)}, and must give bool`, undefined);
  }
  const indexes = new Map(references.map((_, index) => [valueName(index), index]));
  const steps = (chars: readonly number[]): number =>
    estimated(expr, (name) => chars[indexes.get(name) ?? -1] ?? 0).steps;
  if (steps(references.map(() => ASSUMED_CHARS)) > STEPS_MAX) throw new ExpressionError(TOO_MUCH, undefined);
  return { source, references, program: { evaluate: planned(expr), steps } };
}

const TOO_MUCH = "the expression could make too much work; go through fewer elements, and less within each other";

function placeOf(source: string, offset: number): string {
  const lines = source.slice(0, offset).split("\n");
  const column = `column ${(lines.at(-1)?.length ?? 0) + 1}`;
  return lines.length === 1 && !source.includes("\n") ? column : `line ${lines.length}, ${column}`;
}

/** What a condition comes to, or in one sentence why that cannot be told. Never throws, unless the facts do. */
export function evaluateWhen(when: When, facts: WhenFacts): { readonly value: boolean } | { readonly problem: string } {
  const texts = when.references.map((reference) => read(reference, facts));
  const chars = texts.map((text) => text?.length ?? 0);
  if (chars.some((length) => length > ASSUMED_CHARS) && when.program.steps(chars) > STEPS_MAX) {
    const longest = when.references[chars.indexOf(Math.max(...chars))];
    const words =
      longest === undefined ? "" : ` ${written(longest)} is too long for that, with ${Math.max(...chars)} characters`;
    return unable(when, `it could make too much work:${words}`);
  }
  const bindings = when.references.map((reference, index): [string, CelInput][] => {
    const text = texts[index];
    return [
      [valueName(index), text ?? absent(missing(reference, facts))],
      [presenceName(index), text !== undefined],
    ];
  });
  const result = when.program.evaluate(Object.fromEntries(bindings.flat()));
  if ("reason" in result) return unable(when, result.reason);
  if (typeof result.value === "boolean") return { value: result.value };
  return unable(when, `it gives ${typeName(result.value)}, and must give bool`);
}

function read(reference: WhenReference, facts: WhenFacts): string | undefined {
  switch (reference.kind) {
    case "param":
      return facts.param(reference.name);
    case "status":
      return facts.status(reference.task);
    case "result":
      return facts.result(reference.task, reference.result);
    case "run":
      return facts.run(reference.field);
  }
}

function missing(reference: WhenReference, facts: WhenFacts): string {
  const test = `has(${written(reference)}) tells beforehand`;
  switch (reference.kind) {
    case "param":
      return `there is no parameter ${reference.name}; ${test}`;
    case "status":
      return `task ${reference.task} has no status yet`;
    case "result": {
      const status = facts.status(reference.task);
      const why = status === undefined ? "" : ` (it is ${status})`;
      return `task ${reference.task} has no result ${reference.result}${why}; ${test}`;
    }
    case "run":
      return `the run has no ${reference.field}; ${test}`;
  }
}

function unable(when: When, reason: string): { readonly problem: string } {
  const expression = shortened(when.source.replace(/\s+/g, " ").trim(), SOURCE_CHARS_MAX);
  return {
    problem: sentence(`the expression ${expression} cannot be evaluated: ${shortened(reason, REASON_CHARS_MAX)}`),
  };
}
