/** spec.params, and names of results: each once, and a default that is allowed. */
import { valueProblem } from "../params.ts";
import type { Entry } from "./definition.ts";
import type { Look } from "./look.ts";

export function checkParams({ definition, findings }: Look): void {
  const seen = new Set<string>();
  for (const param of definition.spec.params ?? []) {
    const path = `spec.params[${param.name}]`;
    if (seen.has(param.name)) findings.report(path, "is there twice; take one out");
    seen.add(param.name);
    const problem = param.default === undefined ? undefined : valueProblem(param.default, param);
    if (problem !== undefined) findings.report(`${path}.default`, problem);
  }
}

export function checkResults({ spec, path }: Entry, { findings }: Look): void {
  const seen = new Set<string>();
  for (const { name } of spec.results ?? []) {
    if (seen.has(name)) findings.report(`${path}.results[${name}]`, "is there twice; take one out");
    seen.add(name);
  }
}
