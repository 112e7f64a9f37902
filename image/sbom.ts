/** The bill of materials: every package in the image, as a CycloneDX document. Values in, value out. */
import { createHash } from "node:crypto";
import type { SystemPackage } from "./system.ts";

/** Of `process.versions`: what numbers Node.js' own interfaces, and is no part of it. */
const NOT_PARTS: ReadonlySet<string> = new Set(["node", "modules", "napi"]);
/** What npm says of a package that the project asks for in development too. In the image it is no less than the others. */
const DEVELOPMENT = "cdx:npm:package:development";

/** The fields we read or write; npm's others pass through. */
export interface Component {
  readonly "bom-ref": string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
  readonly components?: readonly Component[];
  readonly [field: string]: unknown;
}

export interface Sbom {
  readonly metadata: { readonly component: Component; readonly tools?: unknown };
  readonly components: readonly Component[];
  readonly dependencies?: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
  readonly [field: string]: unknown;
}

/** What an image is made of, beside the project itself. */
export interface Materials {
  /** What `npm sbom` says of the project: more than is in the bundle. */
  readonly npm: Sbom;
  /** `name@version` of each package that has a part in the bundle. */
  readonly bundled: ReadonlySet<string>;
  /** Of the Node.js in the image: its own version, and those of what it is made of (`process.versions`). */
  readonly node: { readonly versions: Readonly<Record<string, string>>; readonly sha256: string };
  readonly system: readonly SystemPackage[];
  /** Such as `debian-12`. */
  readonly distribution: string;
}

/** @throws when npm does not know a package that is in the bundle */
export function billOfMaterials(materials: Materials): Sbom {
  const { npm, bundled } = materials;
  const packages = npm.components.filter(({ name, version }) => bundled.has(`${name}@${version}`)).map(required);
  const known = new Set(packages.map(({ name, version }) => `${name}@${version}`));
  const unknown = [...bundled].filter((one) => !known.has(one));
  if (unknown.length > 0) throw new Error(`npm sbom does not know ${unknown.join(", ")}, which the bundle holds`);
  const root = { ...npm.metadata.component, name: "stint", type: "container" };
  const node = nodeComponent(materials.node);
  const system = materials.system.map((one) => systemComponent(one, materials.distribution));
  const refs = new Set([root, ...packages].map((component) => component["bom-ref"]));
  const dependencies = (npm.dependencies ?? [])
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn = [] }) => ({
      ref,
      dependsOn: [
        ...dependsOn.filter((other) => refs.has(other)),
        ...(ref === root["bom-ref"] ? [node["bom-ref"]] : []),
      ],
    }));
  const { serialNumber: _serial, ...rest } = npm;
  const { timestamp: _timestamp, ...metadata } = npm.metadata as Sbom["metadata"] & { timestamp?: unknown };
  const document = {
    ...rest,
    metadata: { ...metadata, lifecycles: [{ phase: "build" }], component: root },
    components: [...packages.toSorted(byRef), node, ...system],
    dependencies: [...dependencies, { ref: node["bom-ref"], dependsOn: system.map((one) => one["bom-ref"]) }],
  };
  // Neither time nor chance: the same image has the same document.
  return { ...document, serialNumber: `urn:uuid:${uuidOf(JSON.stringify(document))}` };
}

/** The same text gives the same identifier, in the form of one that was drawn by chance (version 8: by own rules). */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}

function required(component: Component): Component {
  const properties = component.properties?.filter(({ name }) => name !== DEVELOPMENT);
  return { ...component, scope: "required", ...(properties && { properties }) };
}

function nodeComponent({ versions, sha256 }: Materials["node"]): Component {
  const version = versions["node"] ?? "";
  const names = Object.keys(versions).filter((name) => !NOT_PARTS.has(name));
  const parts = names.toSorted().map((name): Component => {
    const of = versions[name] ?? "";
    return { "bom-ref": `node/${name}@${of}`, type: "library", name, version: of };
  });
  return {
    "bom-ref": `node@${version}`,
    type: "platform",
    name: "node",
    version,
    purl: `pkg:generic/node@${version}`,
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    licenses: [{ license: { name: "Node.js and what it is made of: stint/licenses/node in the image" } }],
    hashes: [{ alg: "SHA-256", content: sha256 }],
    components: parts,
  };
}

function systemComponent(one: SystemPackage, distribution: string): Component {
  const vendor = distribution.replace(/-.*$/, "") || "debian";
  const query = `arch=${one.architecture}${distribution === "" ? "" : `&distro=${distribution}`}`;
  return {
    "bom-ref": `${one.name}@${one.version}`,
    type: "library",
    name: one.name,
    version: one.version,
    purl: `pkg:deb/${vendor}/${encodeURIComponent(one.name)}@${encodeURIComponent(one.version)}?${query}`,
    licenses: [{ license: { name: `see stint/licenses/${one.name} in the image` } }],
    properties: [
      { name: "stint:source", value: `${one.source.name} ${one.source.version}` },
      ...one.files.map((file) => ({ name: "stint:file", value: file })),
    ],
  };
}

function byRef(a: Component, b: Component): number {
  return a["bom-ref"] < b["bom-ref"] ? -1 : 1;
}
