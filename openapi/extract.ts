/**
 * Takes out of an API server's own OpenAPI document what merging pod templates needs, and keeps it in podtemplate.json:
 * the fields that hold objects and lists, reachable from PodTemplateSpec, with their patch strategies. Checked in, so that
 * `make generate` needs no cluster. To refresh it from a running API server:
 *
 *   kubectl get --raw /openapi/v3/api/v1 | node openapi/extract.ts && make generate
 *
 * e2e/merge.test.ts compares it with the API server the tests run on.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";

/** One field of a definition, as OpenAPI v3 has it, without the words for people and what only validation needs. */
export interface Property {
  readonly type?: string;
  readonly $ref?: string;
  readonly allOf?: readonly { readonly $ref?: string }[];
  readonly items?: Property;
  readonly additionalProperties?: Property;
  readonly default?: unknown;
  readonly "x-kubernetes-patch-merge-key"?: string;
  readonly "x-kubernetes-patch-strategy"?: string;
}

/** The properties of each definition, by the definition's full name. */
export type Definitions = Readonly<Record<string, Readonly<Record<string, Property>>>>;

/** What of /openapi/v3/api/v1 is read. */
export interface OpenApi {
  readonly components: { readonly schemas: Schemas };
}

type Schemas = Readonly<Record<string, { readonly properties?: Readonly<Record<string, Property>> }>>;

export const ROOT = "io.k8s.api.core.v1.PodTemplateSpec";
export const EXTRACT_FILE: URL = new URL("./podtemplate.json", import.meta.url);

const REF_PREFIX = "#/components/schemas/";

/** The definition that a property, or each element of its list, is made of; undefined for plain values. */
export function refOf(property: Property): string | undefined {
  const own = property.$ref ?? property.allOf?.[0]?.$ref;
  if (own !== undefined) return own.slice(REF_PREFIX.length);
  const inner = property.items ?? property.additionalProperties;
  return inner === undefined ? undefined : refOf(inner);
}

/** What is kept of a document: definitions in the order of their names, fields likewise, so that two can be compared. */
export function extract(document: OpenApi): Definitions {
  const { schemas } = document.components;
  const kept = new Map<string, Readonly<Record<string, Property>>>();
  const waiting = [ROOT];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (kept.has(name)) continue;
    const schema = schemas[name];
    if (schema === undefined) throw new Error(`the document has no ${name}; is it that of /openapi/v3/api/v1?`);
    const properties = Object.entries(schema.properties ?? {})
      .filter(([, property]) => holdsMore(property, schemas))
      .toSorted(byName)
      .map(([field, property]) => [field, bare(property, schemas)] as const);
    kept.set(name, Object.fromEntries(properties));
    waiting.push(...properties.flatMap(([, property]) => refOf(property) ?? []));
  }
  const filled = [...kept].filter(([, properties]) => Object.keys(properties).length > 0);
  return Object.fromEntries(filled.toSorted(byName));
}

/** The text of the file: one field a line. */
export function extractText(definitions: Definitions): string {
  const blocks = Object.entries(definitions).map(([name, properties]) => {
    const lines = Object.entries(properties).map(([field, property]) => {
      return `\n    ${JSON.stringify(field)}: ${JSON.stringify(property)}`;
    });
    return `  ${JSON.stringify(name)}: {${lines.join(",")}\n  }`;
  });
  return `{\n${blocks.join(",\n")}\n}\n`;
}

export function readExtract(): Definitions {
  return JSON.parse(readFileSync(EXTRACT_FILE, "utf8")) as Definitions;
}

/** Quantities, times and the like are definitions of their own, but plain values in JSON. */
function isPlain(property: Property, schemas: Schemas): boolean {
  const ref = refOf(property);
  return ref === undefined || schemas[ref]?.properties === undefined;
}

function holdsMore(property: Property, schemas: Schemas): boolean {
  return property.items !== undefined || property.additionalProperties !== undefined || !isPlain(property, schemas);
}

function bare(property: Property, schemas: Schemas): Property {
  const { type, default: initial, items, additionalProperties } = property;
  const reference = isPlain(property, schemas) ? {} : { $ref: property.$ref, allOf: property.allOf };
  const bareItems = items && bare(items, schemas);
  const bareValues = additionalProperties && bare(additionalProperties, schemas);
  const strategies = Object.fromEntries(STRATEGIES.map((key) => [key, property[key]]));
  return withoutGaps({
    type,
    ...reference,
    items: bareItems,
    additionalProperties: bareValues,
    default: initial,
    ...strategies,
  });
}

const STRATEGIES = ["x-kubernetes-patch-merge-key", "x-kubernetes-patch-strategy"] as const;

function withoutGaps(property: object): Property {
  return Object.fromEntries(Object.entries(property).filter(([, value]) => value !== undefined));
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

if (import.meta.main) {
  const document = JSON.parse(await text(process.stdin)) as OpenApi;
  writeFileSync(EXTRACT_FILE, extractText(extract(document)));
}
