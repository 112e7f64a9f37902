/**
 * The API conventions our CRDs keep, as kube-api-linter and the API reviewers of Kubernetes ask for them. Each rule looks
 * at one node of a schema and says what is wrong with it, in a sentence. Used by crds.test.ts.
 */

export type Json = Readonly<Record<string, unknown>>;

/** One node of a schema, with where it stands ("spec.retry.limit") and whose it is. */
export interface Node {
  readonly path: string;
  readonly schema: Json;
}

export interface Problem {
  readonly path: string;
  readonly problem: string;
}

type Rule = (node: Node) => string | undefined;

/**
 * Only here are fields kept that we do not name: what is a pod's the API server judges when the pod is created, and the
 * elements of a list to run over are whatever the user has.
 */
const FREE_OBJECTS: RegExp = new RegExp(
  [
    String.raw`^spec\.template\.(metadata|spec(\.(initC|c)ontainers\[\](\.restartPolicyRules\[\])?)?)$`,
    String.raw`^spec\.(taskDefaults|tasks\[\]|finally\[\])\.template\.(metadata|spec)$`,
    String.raw`^spec\.(tasks|finally)\[\]\.forEach\.items\[\]$`,
  ].join("|"),
);
/** Texts, numbers and objects alike. */
const UNTYPED = /\.forEach\.items\[\]$/;
/** The API server itself describes these and forbids our words on metadata. */
const SERVERS_OWN: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);
/** A compact CRD above this does not fit into the annotation of a plain `kubectl apply` (256 KiB in all). */
export const CRD_BYTES_MAX: number = 200 * 1024;

const rules: readonly Rule[] = [
  described,
  typed,
  textBounded,
  listBounded,
  mapBounded,
  numberWhole,
  numberBounded,
  listTyped,
  closed,
  rulesExplained,
  enumPascalCase,
  fieldCamelCase,
];

/** What is wrong with a schema. */
export function schemaProblems(schema: Json): readonly Problem[] {
  return nodesOf({ path: "", schema }).flatMap((node) =>
    rules.map((rule) => ({ path: node.path, problem: rule(node) ?? "" })).filter(({ problem }) => problem !== ""),
  );
}

/** The node and everything under it. */
export function nodesOf(node: Node): readonly Node[] {
  const below = Object.entries(json(node.schema["properties"])).map(([name, schema]) => ({
    path: node.path === "" ? name : `${node.path}.${name}`,
    schema: json(schema),
  }));
  const items =
    node.schema["items"] === undefined ? [] : [{ path: `${node.path}[]`, schema: json(node.schema["items"]) }];
  const values = isJson(node.schema["additionalProperties"])
    ? [{ path: `${node.path}{}`, schema: node.schema["additionalProperties"] }]
    : [];
  return [node, ...[...below, ...items, ...values].flatMap(nodesOf)];
}

function described({ path, schema }: Node): string | undefined {
  if (path === "metadata")
    return schema["description"] === undefined ? undefined : "the API server allows no description";
  const words = typeof schema["description"] === "string" ? schema["description"] : "";
  if (words.trim() === "") return "has no description";
  if (/\b(todo|tbd|fixme)\b/i.test(words)) return "its description is unfinished";
  return SERVERS_OWN.has(path) || /[.)\]]$|\w\/\w+$|explain [\w.]+$/.test(words.trim())
    ? undefined
    : "its description is no sentence";
}

function typed({ path, schema }: Node): string | undefined {
  return UNTYPED.test(path) || typeof schema["type"] === "string" ? undefined : "has no type";
}

function textBounded({ path, schema }: Node): string | undefined {
  if (schema["type"] !== "string" || SERVERS_OWN.has(path)) return undefined;
  const bounded = ["maxLength", "enum", "format"].some((bound) => schema[bound] !== undefined);
  return bounded ? undefined : "is a string without maxLength, enum or format";
}

function listBounded({ schema }: Node): string | undefined {
  return schema["type"] === "array" && schema["maxItems"] === undefined ? "is a list without maxItems" : undefined;
}

function mapBounded({ schema }: Node): string | undefined {
  if (schema["additionalProperties"] === undefined || schema["additionalProperties"] === false) return undefined;
  return schema["maxProperties"] === undefined ? "is a map without maxProperties" : undefined;
}

function numberWhole({ schema }: Node): string | undefined {
  if (schema["type"] === "number") return "is a float; use an integer or a string";
  if (schema["type"] !== "integer") return undefined;
  return schema["format"] === "int32" || schema["format"] === "int64"
    ? undefined
    : "is an integer without format int32 or int64";
}

/** What users write is bounded on both sides; what the operator reports (status) is what it saw. */
function numberBounded({ path, schema }: Node): string | undefined {
  if (schema["type"] !== "integer" || path.startsWith("status.")) return undefined;
  const bounded = schema["minimum"] !== undefined && schema["maximum"] !== undefined;
  return bounded ? undefined : "is an integer without minimum and maximum";
}

function listTyped({ schema }: Node): string | undefined {
  if (schema["type"] !== "array") return undefined;
  const type = schema["x-kubernetes-list-type"];
  if (type !== "atomic" && type !== "set" && type !== "map") return "is a list without x-kubernetes-list-type";
  if (type !== "map") return undefined;
  const keys = Array.isArray(schema["x-kubernetes-list-map-keys"]) ? schema["x-kubernetes-list-map-keys"] : [];
  const required = json(schema["items"])["required"];
  const known = Array.isArray(required) ? required : [];
  if (keys.length === 0) return "is a map list without x-kubernetes-list-map-keys";
  return keys.every((key) => known.includes(key)) ? undefined : "has a map key that is not required";
}

function closed({ path, schema }: Node): string | undefined {
  if (schema["x-kubernetes-preserve-unknown-fields"] !== undefined) {
    return FREE_OBJECTS.test(path) ? undefined : "keeps unknown fields";
  }
  if (schema["x-kubernetes-embedded-resource"] !== undefined) return "embeds another resource";
  const bare = schema["type"] === "object" && schema["properties"] === undefined;
  return bare && schema["additionalProperties"] === undefined && path !== "metadata"
    ? "is an object without fields"
    : undefined;
}

function rulesExplained({ schema }: Node): string | undefined {
  const validations = schema["x-kubernetes-validations"];
  if (validations === undefined) return undefined;
  const all = Array.isArray(validations) ? validations.map(json) : [];
  const poor = all.some((one) => typeof one["message"] !== "string" || one["message"].includes("\n"));
  if (poor) return "has a CEL rule without a message of one line";
  // A rule of a text or number is reported at that field anyway.
  return schema["type"] !== "object" || all.every((one) => one["fieldPath"] !== undefined)
    ? undefined
    : "has a CEL rule that names no field";
}

function enumPascalCase({ schema }: Node): string | undefined {
  const values = Array.isArray(schema["enum"]) ? schema["enum"] : [];
  return values.every((value) => /^[A-Z][A-Za-z0-9]*$/.test(String(value)))
    ? undefined
    : "has an enum value that is not CamelCase";
}

function fieldCamelCase({ path }: Node): string | undefined {
  const name =
    path
      .split(".")
      .at(-1)
      ?.replace(/\[\]|\{\}/g, "") ?? "";
  return name === "" || /^[a-z][A-Za-z0-9]*$/.test(name) ? undefined : "is not written in camelCase";
}

export function json(value: unknown): Json {
  return isJson(value) ? value : {};
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
