/**
 * Makes operator/decide/mergekeys.ts from podtemplate.json, the extract of an API server's OpenAPI document. Run by
 * `make generate`; `make verify` runs it with --check and fails if the checked-in file is not what the extract says.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { ROOT, readExtract, refOf, type Definitions, type Property } from "./extract.ts";

const TARGET = new URL("../operator/decide/mergekeys.ts", import.meta.url);
const HEADER = `/** Generated from openapi/podtemplate.json by \`make generate\`; do not edit. */

/** A field that holds more than a plain value. */
export interface Field {
  /** An object of a definition below, a list, or a map whose keys are the user's. */
  readonly kind: "object" | "list" | "map";
  /** The definition of the object, or of the list's elements (not below if it has plain values only); left out for plain values. */
  readonly of?: string;
  /** The elements of a patch join those that are there; other lists are replaced as a whole. */
  readonly merge?: true;
  /** The field that tells elements of a merged list apart; left out for plain values. */
  readonly key?: string;
  /** The API server never stores the object around it without it. */
  readonly always?: true;
}

/** The definition of a whole pod template. */
`;

/** The TypeScript text for an extract. */
export function mergeKeysText(definitions: Definitions): string {
  const all = [
    ...Object.keys(definitions),
    ...Object.values(definitions).flatMap((one) => Object.values(one).flatMap((property) => refOf(property) ?? [])),
  ];
  const names = new Set(all);
  if (new Set([...names].map(shortName)).size < names.size) throw new Error("two definitions have the same last name");
  const blocks = Object.entries(definitions).map(([full, properties]) => {
    const lines = Object.entries(properties).map(([field, property]) => `\n    ${field}: ${fieldText(property)},`);
    return `  ${shortName(full)}: {${lines.join("")}\n  },\n`;
  });
  return [
    HEADER,
    `export const POD_TEMPLATE = "${shortName(ROOT)}";\n\n`,
    "/** By definition and field; what is not here is a plain value, or unknown to the API server. */\n",
    `export const FIELDS: Readonly<Record<string, Readonly<Record<string, Field>>>> = {\n${blocks.join("")}};\n`,
  ].join("");
}

/** Of the strategies only "merge" is the server's: "retainKeys" asks clients to send $retainKeys, which it then obeys anywhere. */
function fieldText(property: Property): string {
  const parts = [`kind: "${kindOf(property)}"`];
  const of = refOf(property);
  if (of !== undefined) parts.push(`of: "${shortName(of)}"`);
  if (property["x-kubernetes-patch-strategy"]?.split(",").includes("merge") === true) parts.push("merge: true");
  const key = property["x-kubernetes-patch-merge-key"];
  if (key !== undefined) parts.push(`key: "${key}"`);
  if (kindOf(property) === "object" && property.default !== undefined) parts.push("always: true");
  return `{ ${parts.join(", ")} }`;
}

function kindOf(property: Property): "object" | "list" | "map" {
  if (property.items !== undefined) return "list";
  return property.additionalProperties === undefined ? "object" : "map";
}

function shortName(full: string): string {
  return full.slice(full.lastIndexOf(".") + 1);
}

function main(): void {
  const want = mergeKeysText(readExtract());
  if (!process.argv.includes("--check")) {
    writeFileSync(TARGET, want);
    return;
  }
  if (readFileSync(TARGET, "utf8") === want) return;
  console.error("operator/decide/mergekeys.ts is not what openapi/podtemplate.json says; run: make generate");
  process.exitCode = 1;
}

if (import.meta.main) main();
