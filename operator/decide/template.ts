/** The template of a pod, merged from several layers by the API's own rules. */
import { isObject, object } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import { NAMESPACE_TEMPLATE } from "../api/names.ts";
import { copyOf } from "./directives.ts";
import { POD_TEMPLATE } from "./mergekeys.ts";
import { mergeObjects } from "./strategicmerge.ts";
import { MAX_DEPTH, TemplateError, shallow } from "./templateerror.ts";

/** One of the templates that a pod is made of. */
export interface TemplateLayer {
  /** As a user would call it: `PodTemplate gpu`, `spec.template`. Begins the message of a problem in it. */
  readonly source: string;
  /** A PodTemplateSpec, as foreign as it may be. */
  readonly template: unknown;
}

/** Where the layers come from; what is undefined is not there. */
export interface TemplateSources {
  /** PodTemplateSpec of the operator's configuration file. */
  readonly operatorDefault?: unknown;
  /** `template` of the PodTemplate `stint-default` of the namespace. */
  readonly namespaceDefault?: unknown;
  /** The PodTemplate that podTemplateRef names: its name and its `template`. */
  readonly base?: { readonly name: string; readonly template: unknown };
  /** The TaskRun's spec.template. */
  readonly own?: unknown;
}

/**
 * The layers, each to be merged over those before it. All but the TaskRun's own lose their pod's restartPolicy: the API
 * server writes `Always` into every PodTemplate that names none, and nobody can tell that from a wish.
 */
export function layersOf(sources: TemplateSources): readonly TemplateLayer[] {
  const { operatorDefault, namespaceDefault, base, own } = sources;
  const bases = [
    { source: "the operator's default pod template", template: operatorDefault },
    { source: `PodTemplate ${NAMESPACE_TEMPLATE}`, template: namespaceDefault },
    { source: `PodTemplate ${base?.name}`, template: base?.template },
  ].map(({ source, template }) => ({ source, template: withoutRestartPolicy(template) }));
  return [...bases, { source: "spec.template", template: own }].filter(({ template }) => template !== undefined);
}

/**
 * The template that buildPod makes a pod of. The same rules hold for the first layer, which is merged over nothing.
 * @throws TemplateError that says which layer a problem is in
 */
export function composeTemplate(sources: TemplateSources): Json {
  return layersOf(sources).reduce<Json>((below, { source, template }) => {
    try {
      return mergeTemplates(below, asObject(template));
    } catch (error) {
      throw error instanceof TemplateError ? new TemplateError(`${source}: ${error.message}`) : error;
    }
  }, {});
}

/**
 * A PodTemplateSpec with a strategic merge patch applied, as `kubectl patch podtemplate --type=strategic` would. Neither is
 * changed, and the result shares nothing with them.
 * @throws TemplateError with the path of what is wrong
 */
export function mergeTemplates(base: Json, patch: Json): Json {
  for (const one of [base, patch]) {
    if (!shallow(one)) throw new TemplateError(`nested more than ${MAX_DEPTH} levels deep, which no pod is`);
  }
  return mergeObjects(object(copyOf(base)), patch, { definition: POD_TEMPLATE, path: "" });
}

function asObject(template: unknown): Json {
  if (isObject(template)) return template;
  throw new TemplateError("must be an object with metadata and spec, as the template of a Job");
}

function withoutRestartPolicy(template: unknown): unknown {
  if (!isObject(template) || !isObject(template["spec"])) return template;
  const { restartPolicy: _, ...spec } = object(template["spec"]);
  return { ...template, spec };
}
