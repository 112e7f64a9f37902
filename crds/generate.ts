/**
 * Makes operator/api/types.ts from the schemas of the CRDs: the YAML leads, the types follow. Run by `make generate`;
 * `make verify` runs it with --check and fails if the checked-in file is not what the YAML says.
 */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { load } from "js-yaml";
import { compile } from "json-schema-to-typescript";
import type { JSONSchema } from "json-schema-to-typescript";

const FOLDER = new URL("./", import.meta.url);
const TARGET = new URL("../operator/api/types.ts", import.meta.url);
const HEADER = "/** Generated from crds/*.yaml by `make generate`; do not edit. */\n";

/** The TypeScript text for all CRDs of this folder, in the order of their file names. */
export async function typesText(): Promise<string> {
  const files = readdirSync(FOLDER)
    .filter((file) => file.endsWith(".yaml") && file !== "kustomization.yaml")
    .toSorted();
  const parts = await Promise.all(files.map(typesOf));
  return HEADER + parts.join("\n");
}

async function typesOf(file: string): Promise<string> {
  const crd = load(readFileSync(new URL(file, FOLDER), "utf8")) as CrdFile;
  const kind = crd.spec.names.kind;
  const schema = crd.spec.versions[0]?.schema.openAPIV3Schema;
  if (schema === undefined) throw new Error(`${file}: no version with a schema`);
  const closed = closeObjects(schema) as JSONSchema & { properties: Record<string, JSONSchema> };
  const parts = await Promise.all(
    ["spec", "status"].map(async (part) => {
      const name = kind + (part === "spec" ? "Spec" : "Status");
      const options = { bannerComment: "", ignoreMinAndMaxItems: true, declareExternallyReferenced: true };
      return await compile({ ...closed.properties[part], title: name }, name, options);
    }),
  );
  return parts.join("\n");
}

/**
 * Objects are closed, but for those that hold what keeps unknown fields: of a pod's template the operator knows no more than
 * that it is an object. Kubernetes' own extensions mean nothing to the generator.
 */
function closeObjects(node: unknown): unknown {
  if (typeof node !== "object" || node === null || Array.isArray(node)) return node;
  const properties = Object.entries(Object(Reflect.get(node, "properties")) as Record<string, unknown>);
  if (properties.some(([, schema]) => isFree(schema))) {
    return { type: "object", description: Reflect.get(node, "description") as unknown };
  }
  const copy: Record<string, unknown> = Object.fromEntries(
    Object.entries(node).filter(([key]) => !key.startsWith("x-kubernetes-") && key !== "default"),
  );
  // Anything at all: without a type the generator would make an object of it.
  if (isFree(node)) copy["tsType"] = "unknown";
  for (const part of ["items", "additionalProperties"]) if (part in copy) copy[part] = closeObjects(copy[part]);
  if (properties.length === 0) return copy;
  copy["properties"] = Object.fromEntries(properties.map(([name, schema]) => [name, closeObjects(schema)]));
  return { ...copy, additionalProperties: false };
}

function isFree(schema: unknown): boolean {
  return typeof schema === "object" && schema !== null && "x-kubernetes-preserve-unknown-fields" in schema;
}

interface CrdFile {
  readonly spec: {
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: JSONSchema } }[];
  };
}

async function main(): Promise<void> {
  const want = await typesText();
  if (!process.argv.includes("--check")) {
    writeFileSync(TARGET, want);
    return;
  }
  if (readFileSync(TARGET, "utf8") === want) return;
  console.error("operator/api/types.ts is not what crds/*.yaml say; run: make generate");
  process.exitCode = 1;
}

if (import.meta.main) await main();
