import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { expect, test } from "vitest";
import { installText, resourceFiles } from "./install.ts";
import { outdated } from "./main.ts";

const MANIFESTS = join(import.meta.dirname, "..");

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

test("what is generated is what is checked in", () => {
  expect(outdated()).toEqual([]);
});

test("install.yaml has all there is, the definitions first, each with the labels that name Stint", () => {
  const objects = loadAll(installText(MANIFESTS)) as readonly Manifest[];
  const kinds = objects.map(({ kind }) => kind);

  expect(kinds.slice(0, 4)).toEqual([...Array.from({ length: 3 }, () => "CustomResourceDefinition"), "Namespace"]);
  expect(kinds).toContain("Deployment");
  const want = { "app.kubernetes.io/name": "stint", "app.kubernetes.io/part-of": "stint" };
  const bare = objects.filter(
    ({ metadata }) => !Object.entries(want).every(([key, value]) => metadata.labels?.[key] === value),
  );

  expect(bare.map(({ metadata }) => metadata.name)).toEqual([]);
});

test("a file of install.yaml is there word for word", () => {
  const text = installText(MANIFESTS);
  for (const file of resourceFiles(MANIFESTS)) expect(text).toContain(readFileSync(file, "utf8").trimEnd());
});

test("a kustomization that changes objects is refused by what it has", ({ onTestFinished }) => {
  const folder = mkdtempSync(join(tmpdir(), "stint-install-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "base"));
  writeFileSync(join(folder, "kustomization.yaml"), "resources: [base]\n");
  writeFileSync(join(folder, "base/kustomization.yaml"), "resources: [a.yaml]\nnamePrefix: x\n");

  expect(() => installText(folder)).toThrow(/base\/kustomization\.yaml has namePrefix: .* put it into an overlay/);
});
