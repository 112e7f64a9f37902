/**
 * Makes what can be made of other files below manifests/. Run by `make generate`; `make verify` runs it with --check and
 * fails if a checked-in file is not what it would write.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { argocdFiles } from "./argocd.ts";
import { installText } from "./install.ts";

const CHECKOUT = join(import.meta.dirname, "../..");
const MANIFESTS = join(CHECKOUT, "manifests");

/** Every generated file, by its path in the checkout. */
export function generated(): ReadonlyMap<string, string> {
  const argocd = [...argocdFiles(MANIFESTS)].map(([path, text]) => [`manifests/${path}`, text] as const);
  return new Map([["manifests/install.yaml", installText(MANIFESTS)], ...argocd]);
}

/** The files that are not there, or other than they would be made. */
export function outdated(): readonly string[] {
  return [...generated()].filter(([path, text]) => textOf(path) !== text).map(([path]) => path);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(join(CHECKOUT, path), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function main(): void {
  const files = outdated();
  if (process.argv.includes("--check")) {
    for (const path of files) console.error(`${path} is not what the files it is made of say; run: make generate`);
    if (files.length > 0) process.exitCode = 1;
    return;
  }
  for (const path of files) {
    const file = join(CHECKOUT, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, generated().get(path) ?? "");
  }
}

if (import.meta.main) main();
