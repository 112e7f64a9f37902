/** What the Helm chart takes over from elsewhere: objects of manifests/, the definitions, and its version. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** Folders below manifests/ of which the chart has copies, which its templates read: never another text, never another object. */
const COPIED_FOLDERS = [
  "base",
  "overlays/cluster",
  "overlays/namespace",
  "metrics",
  "admission",
  "network",
  "monitoring",
];
/** Files of them that the chart has templates for, or no use. */
const NOT_COPIED: ReadonlySet<string> = new Set(["kustomization.yaml", "deployment.yaml", "namespace.yaml"]);

/** The copies in chart/files/, by their path there. */
export function chartFiles(checkout: string): ReadonlyMap<string, string> {
  const manifests = join(checkout, "manifests");
  const files = COPIED_FOLDERS.flatMap((folder) => objectsIn(join(manifests, folder)));
  const copies = files.map((file) => [relative(manifests, file), readFileSync(file, "utf8")] as const);
  const crds = objectsIn(join(checkout, "crds")).map(
    (file) => [relative(checkout, file), readFileSync(file, "utf8")] as const,
  );
  return new Map([...copies, ...crds]);
}

function objectsIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => /\.(yaml|json)$/.test(name) && !NOT_COPIED.has(name))
    .toSorted()
    .map((name) => join(folder, name));
}

/** Chart.yaml with the version of Stint in it. */
export function chartText(text: string, version: string): string {
  return text.replace(/^version: .*$/m, `version: ${version}`).replace(/^appVersion: .*$/m, `appVersion: ${version}`);
}

/** The deployment with the image of this version. */
export function deploymentText(text: string, version: string): string {
  return text.replace(/^( +image: stint:).*$/m, `$1${version}`);
}
