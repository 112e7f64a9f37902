/** JSON of a PodTemplate -> PodTemplateRecord. */
import { compact, identityOf, isObject, object } from "./decode.ts";
import { POD_TEMPLATE_KEPT_CHARS } from "./records.ts";
import type { PodTemplateRecord } from "./records.ts";

/** undefined: it is no object of an API server. */
export function decodePodTemplate(value: unknown): PodTemplateRecord | undefined {
  const raw = object(value);
  const identity = identityOf(object(raw["metadata"]));
  if (identity === undefined) return undefined;
  return compact<PodTemplateRecord>({ ...identity, template: jsonOf(raw["template"]) });
}

/** Nothing for what is too long, or cannot be written as JSON, such as nesting deeper than the stack. */
function jsonOf(template: unknown): string | undefined {
  if (!isObject(template)) return "{}";
  try {
    const json = JSON.stringify(template);
    return json.length <= POD_TEMPLATE_KEPT_CHARS ? json : undefined;
  } catch {
    return undefined;
  }
}
