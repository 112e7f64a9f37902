import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { billOfMaterials, type Component, type Materials, type Sbom } from "./sbom.ts";
import { licencesNamedIn } from "./system.ts";

const CHECKOUT = join(import.meta.dirname, "..");
/** Bundling, npm and a copy of Node.js: seconds, on a busy machine a minute. */
const BUILD_LIMIT_MS = 180_000;

let work = "";
let root = "";
let sbom: Sbom;

// Elsewhere the image is made by manifests/Containerfile.
const possible = process.platform === "linux" && existsSync("/usr/bin/dpkg-query");

beforeAll(() => {
  if (!possible) return;
  work = mkdtempSync(join(tmpdir(), "stint-sbom-"));
  root = join(work, "root");
  const run = (...args: readonly string[]): Buffer => execFileSync(process.execPath, [...args], { cwd: CHECKOUT });
  run("operator/bundle.ts", work);
  run("image/main.ts", `--bundle=${work}`, `--root=${root}`);
  sbom = JSON.parse(readFileSync(join(root, "stint/sbom.cdx.json"), "utf8")) as Sbom;
}, BUILD_LIMIT_MS);
afterAll(() => {
  if (work !== "") rmSync(work, { recursive: true });
});

describe.runIf(possible)("the bill of materials in the image", () => {
  const named = ({ name, version }: Component): string => `${name} ${version}`;

  it("has each package whose licence the bundle comes with, and no other", () => {
    const texts = readFileSync(join(root, "stint/dist/THIRD_PARTY_LICENSES"), "utf8").split(/^={80}$/m);
    const licensed = texts.map((text) => text.trim().replace(/ \([\s\S]*/, ""));
    const packages = sbom.components.filter(({ purl }) => purl?.startsWith("pkg:npm/"));

    expect(packages.map(named).toSorted()).toEqual(licensed.toSorted());
    expect(packages.length).toBeGreaterThan(10);
    for (const one of packages) expect(one).toMatchObject({ scope: "required", licenses: [{}], hashes: [{}] });
  });

  it("has a package for each library in the image, and a library for each package, with its licence", () => {
    const system = sbom.components.filter(({ purl }) => purl?.startsWith("pkg:deb/"));
    const files = system.flatMap(({ properties = [] }) => properties.filter(({ name }) => name === "stint:file"));
    const libraries = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) => /\.so\b/.test(path));

    expect(files.map(({ value }) => value).toSorted()).toEqual(libraries.map((path) => `/${path}`).toSorted());
    const licences = readdirSync(join(root, "stint/licenses"));
    expect(licences.toSorted()).toEqual([...system.map(({ name }) => name), "common", "node"].toSorted());
    const read = (path: string): string => readFileSync(join(root, "stint/licenses", path), "utf8");
    const pointedTo = system.flatMap(({ name }) => licencesNamedIn(read(name)));
    expect(readdirSync(join(root, "stint/licenses/common")).toSorted()).toEqual([...new Set(pointedTo)].toSorted());
    expect(system.map(({ name }) => name)).toEqual(expect.arrayContaining(["libc6", "libstdc++6"]));
    expect(read("common/LGPL-2.1")).toContain("GNU LESSER GENERAL PUBLIC LICENSE");
    expect(read("node")).toContain("OpenSSL");
  });

  it("has the Node.js of the image with what that is made of", () => {
    const binary = join(root, "usr/local/bin/node");
    const versions = JSON.parse(
      execFileSync(binary, ["--print", "JSON.stringify(process.versions)"], { encoding: "utf8" }),
    ) as Record<string, string>;
    const node = sbom.components.find(({ name }) => name === "node");

    expect(node?.version).toBe(versions["node"]);
    const parts = new Map((node?.components ?? []).map(({ name, version }) => [name, version]));
    for (const part of ["v8", "openssl", "zlib", "uv"]) expect(parts.get(part)).toBe(versions[part]);
  });

  it("refers to nothing that it does not have", () => {
    const refs = new Set([sbom.metadata.component, ...sbom.components].map((component) => component["bom-ref"]));
    const asked = (sbom.dependencies ?? []).flatMap(({ ref, dependsOn = [] }) => [ref, ...dependsOn]);

    expect(asked.filter((ref) => !refs.has(ref))).toEqual([]);
    expect(new Set(asked)).toEqual(refs);
  });

  it("is in an image without a shell, or any program but Node.js", () => {
    expect(readdirSync(join(root, "usr/local/bin"))).toEqual(["node"]);
    const folders = readdirSync(root, { recursive: true, encoding: "utf8" });
    expect(folders.filter((path) => /(^|\/)s?bin\//.test(path))).toEqual(["usr/local/bin/node"]);
  });
});

const npm: Sbom = {
  serialNumber: "urn:uuid:drawn-by-chance",
  metadata: {
    component: { "bom-ref": "x@1", type: "library", name: "folder", version: "1" },
    timestamp: "now",
  } as Sbom["metadata"],
  components: ["a", "b"].map((name) => ({ "bom-ref": `${name}@1`, type: "library", name, version: "1" })),
  dependencies: [{ ref: "x@1", dependsOn: ["a@1", "b@1"] }, { ref: "a@1" }, { ref: "b@1", dependsOn: ["a@1"] }],
};
const materials: Materials = {
  npm,
  bundled: new Set(["a@1"]),
  node: { versions: { node: "24.0.0", v8: "13" }, sha256: "00" },
  system: [],
  distribution: "debian-12",
};

test("what is not in the bundle is not in the bill, nor what depends on it", () => {
  const { components, dependencies } = billOfMaterials(materials);

  expect(components.map(({ name }) => name)).toEqual(["a", "node"]);
  expect(dependencies).toEqual([
    { ref: "x@1", dependsOn: ["a@1", "node@24.0.0"] },
    { ref: "a@1", dependsOn: [] },
    { ref: "node@24.0.0", dependsOn: [] },
  ]);
});

test("a package in the bundle that npm does not know is an error", () => {
  const bundled = new Set(["a@1", "smuggled@2"]);
  expect(() => billOfMaterials({ ...materials, bundled })).toThrow("npm sbom does not know smuggled@2");
});

test("the same materials give the same bill, whenever npm was asked", () => {
  const later = { ...npm, serialNumber: "urn:uuid:another", metadata: { ...npm.metadata, timestamp: "later" } };

  expect(billOfMaterials({ ...materials, npm: later })).toEqual(billOfMaterials(materials));
  expect(billOfMaterials(materials)["serialNumber"]).toMatch(
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});
