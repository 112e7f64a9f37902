/** spec.params, and names of results: each once, and a default that is allowed. */
import { valueProblem } from "../params.ts";
import type { Entry } from "./definition.ts";
import type { Look } from "./look.ts";

/** A run that OnApply starts is given nothing. */
const NOBODY_GIVES_IT =
  "has no default, so that OnApply could start no run; give it a default, or say run: Manual in the spec (for a sub-workflow, too)";

export function checkParams({ definition, findings }: Look): void {
  const seen = new Set<string>();
  for (const param of definition.spec.params ?? []) {
    const path = `spec.params[${param.name}]`;
    if (seen.has(param.name)) findings.report(path, "is there twice; take one out");
    seen.add(param.name);
    const problem = param.default === undefined ? undefined : valueProblem(param.default, param);
    if (problem !== undefined) findings.report(`${path}.default`, problem);
    if (param.default === undefined && definition.spec.run !== "Manual") findings.report(path, NOBODY_GIVES_IT);
  }
}

export function checkResults({ spec, path }: Entry, { findings }: Look): void {
  const seen = new Set<string>();
  for (const { name } of spec.results ?? []) {
    if (seen.has(name)) findings.report(`${path}.results[${name}]`, "is there twice; take one out");
    seen.add(name);
  }
}
