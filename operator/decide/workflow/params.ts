/** The values that a run has for the params of its Workflow. */
import type { WorkflowSpec } from "../../api/types.ts";
import { didYouMean } from "./didyoumean.ts";
import { joinWhole } from "./message.ts";
import { hasMoreCharsThan, quoted } from "./words.ts";

export type ParamDeclaration = NonNullable<WorkflowSpec["params"]>[number];

/** As the schema bounds a value. */
const VALUE_CHARS_MAX = 4096;

/**
 * The value of every declared param, in the order of the declaration: the given one, else the default. Everything that is wrong
 * is in one message: unknown names, missing values, values that are none of the enum.
 */
export function resolveParams(
  declared: WorkflowSpec["params"],
  given: Readonly<Record<string, string>>,
): { readonly params: ReadonlyMap<string, string> } | { readonly problem: string } {
  const declarations = declared ?? [];
  const values = new Map<string, unknown>(Object.entries(given));
  const names = declarations.map(({ name }) => name);
  const known = new Set(names);
  const unknown = [...values.keys()].filter((name) => !known.has(name));
  const problems = unknown.map((name) => unknownParam(name, names));
  const params = new Map<string, string>();
  for (const declaration of declarations) {
    const value = values.has(declaration.name) ? values.get(declaration.name) : declaration.default;
    const problem = valueProblem(value, declaration);
    if (problem !== undefined) problems.push(problem);
    else if (typeof value === "string") params.set(declaration.name, value);
  }
  return problems.length === 0 ? { params } : { problem: joinWhole(problems) };
}

/** What is wrong with a param that is given under a name nobody declared. */
export function unknownParam(name: string, declared: readonly string[]): string {
  const meant = didYouMean(name, declared);
  const way = meant === "" && declared.length === 0 ? "; the Workflow has no params" : meant;
  return `there is no param ${quoted(name)}${way}`;
}

/** What is wrong with a value; undefined: nothing. */
export function valueProblem(value: unknown, { name, enum: allowed }: ParamDeclaration): string | undefined {
  if (value === undefined) return `param ${quoted(name)} has no default, so it must be given`;
  if (typeof value !== "string") return `param ${quoted(name)} must be a text; put it in quotes`;
  if (hasMoreCharsThan(VALUE_CHARS_MAX, value))
    return `param ${quoted(name)} must have at most ${VALUE_CHARS_MAX} characters`;
  if (allowed === undefined || allowed.includes(value)) return undefined;
  return `param ${quoted(name)} is ${quoted(value)}, must be ${oneOf(allowed)}`;
}

/** Enough to choose from; the definition has the others. */
const CHOICES_SHOWN = 8;

function oneOf(allowed: readonly string[]): string {
  if (allowed.length === 1) return quoted(allowed[0] ?? "");
  const more = allowed.length - CHOICES_SHOWN;
  const choices = allowed.slice(0, CHOICES_SHOWN).map(quoted).join(", ");
  return `one of ${choices}${more > 0 ? ` and ${more} more` : ""}`;
}
