/**
 * Makes what can be made of other files below manifests/, and writes the version where it stands. Run by `make generate`;
 * `make verify` runs it with --check and fails if a checked-in file is not what it would write.
 */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { argocdFiles } from "./argocd.ts";
import { chartFiles, chartText, deploymentText } from "./chart.ts";
import { installText } from "./install.ts";
import { type Schema, valuesTable, valuesText } from "./values.ts";

const CHECKOUT = join(import.meta.dirname, "../..");
const CHART = "manifests/chart";
const DEPLOYMENT = "manifests/base/deployment.yaml";
const PAGE = "docs/installation.md";
/** The chart's own files, which are no copies. */
const OWN_FILES = `${CHART}/files/check/`;
/** The table of values stands between these lines of the page. */
const TABLE = /(?<=<!-- values: .* -->\n)[^]*?(?=<!-- \/values -->)/;

/** Every generated file, by its path in the checkout, and what is to be in it: nothing where there is a copy of nothing. */
export function generated(): ReadonlyMap<string, string | undefined> {
  const { version } = JSON.parse(read("package.json")) as { readonly version: string };
  const schema = JSON.parse(read(`${CHART}/values.schema.json`)) as Schema;
  const copies = [...chartFiles(CHECKOUT)].map(([path, text]) => [`${CHART}/files/${path}`, text] as const);
  const argocd = [...argocdFiles(join(CHECKOUT, "manifests"))].map(
    ([path, text]) => [`manifests/${path}`, text] as const,
  );
  const inChart = globSync(`${CHART}/files/**/*.*`, { cwd: CHECKOUT }).filter((path) => !path.startsWith(OWN_FILES));
  return new Map<string, string | undefined>([
    ...inChart.map((path) => [path, undefined] as const),
    ...copies,
    ...argocd,
    ["manifests/install.yaml", installText(join(CHECKOUT, "manifests"))],
    [DEPLOYMENT, deploymentText(read(DEPLOYMENT), version)],
    [`${CHART}/Chart.yaml`, chartText(read(`${CHART}/Chart.yaml`), version)],
    [`${CHART}/values.yaml`, valuesText(schema)],
    [PAGE, read(PAGE).replace(TABLE, () => `\n${valuesTable(schema)}\n\n`)],
  ]);
}

/** The files that are not there, that nothing makes any more, or that are other than they would be made. */
export function outdated(): readonly string[] {
  return [...generated()]
    .filter(([path, text]) => text !== (existsSync(join(CHECKOUT, path)) ? read(path) : undefined))
    .map(([path]) => path);
}

function read(path: string): string {
  return readFileSync(join(CHECKOUT, path), "utf8");
}

function write(path: string, text: string | undefined): void {
  const file = join(CHECKOUT, path);
  if (text === undefined) return rmSync(file);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function main(): void {
  if (process.argv.includes("--check")) {
    const files = outdated();
    for (const path of files) console.error(`${path} is not what the files it is made of say; run: make generate`);
    if (files.length > 0) process.exitCode = 1;
    return;
  }
  // Twice: install.yaml is made of the deployment, in which the version is written first.
  for (let round = 0; round < 2; round += 1) {
    const files = generated();
    for (const path of outdated()) write(path, files.get(path));
  }
}

if (import.meta.main) main();
