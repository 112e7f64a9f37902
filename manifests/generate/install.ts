/**
 * install.yaml: manifests/kustomization.yaml as one file. Only `resources` is read, and everything else is refused: what is in
 * that folder is written out whole, so that nobody needs kustomize to know what will be installed, and we no copy of it.
 */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { load } from "js-yaml";

const HEADER = `# Stint for all namespaces of a cluster: kubectl apply -f install.yaml
# Made by \`make generate\` of what manifests/kustomization.yaml names; do not edit.
`;
/** What is read of a kustomization.yaml: the rest would change objects, and this does not. */
const UNDERSTOOD: ReadonlySet<string> = new Set(["apiVersion", "kind", "resources"]);

/** The text of install.yaml. */
export function installText(manifests: string): string {
  const parts = resourceFiles(manifests).map((file) => {
    const text = readFileSync(file, "utf8").trimEnd();
    return `---\n# ${relative(dirname(manifests), file)}\n${text}\n`;
  });
  return HEADER + parts.join("");
}

/** The files a kustomization.yaml stands for, in its order. */
export function resourceFiles(folder: string): readonly string[] {
  const path = join(folder, "kustomization.yaml");
  const content = load(readFileSync(path, "utf8")) as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(content).filter((key) => !UNDERSTOOD.has(key));
  if (unknown.length > 0) {
    throw new Error(
      `${path} has ${unknown.join(", ")}: install.yaml is made of resources alone; put it into an overlay`,
    );
  }
  const resources = content["resources"] as readonly string[];
  return resources.flatMap((name) =>
    name.endsWith(".yaml") ? [join(folder, name)] : resourceFiles(join(folder, name)),
  );
}
