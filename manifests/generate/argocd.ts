/**
 * What tells Argo CD about our kinds, made of the scripts in argocd/resource_customizations/, which are laid out as Argo CD's own:
 * <group>/<kind>/health.lua, and actions/discovery.lua beside actions/<name>/action.lua.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const SCRIPTS = "argocd/resource_customizations";
const GROUP = "stint.dev";
const CONFIG_MAP_HEADER = `# Tells Argo CD how TaskRuns, Workflows and WorkflowRuns stand, and what can be done with them. It adds to what argocd-cm says:
#   kubectl -n argocd patch configmap argocd-cm --type=merge --patch-file manifests/argocd/argocd-cm.yaml
# Made of resource_customizations/ by \`make generate\`; do not edit.
apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-cm
data:
`;
const VALUES_HEADER = `# The same as argocd-cm.yaml, as values of Argo CD's Helm chart:
#   helm upgrade argocd argo/argo-cd --reuse-values -f manifests/argocd/values.yaml
# Made of resource_customizations/ by \`make generate\`; do not edit.
configs:
  cm:
`;

/** The generated files, by their path below manifests/. */
export function argocdFiles(manifests: string): ReadonlyMap<string, string> {
  const entries = customizations(join(manifests, SCRIPTS, GROUP));
  const under = (spaces: number): string => entries.map(([key, text]) => entry(key, text, spaces)).join("");
  return new Map([
    ["argocd/argocd-cm.yaml", CONFIG_MAP_HEADER + under(2)],
    ["argocd/values.yaml", VALUES_HEADER + under(4)],
  ]);
}

/** Keys of the ConfigMap with their texts. */
function customizations(folder: string): readonly (readonly [string, string])[] {
  return readdirSync(folder)
    .toSorted()
    .flatMap((kind) => [
      [`resource.customizations.health.${GROUP}_${kind}`, readFileSync(join(folder, kind, "health.lua"), "utf8")],
      [`resource.customizations.actions.${GROUP}_${kind}`, actionsOf(join(folder, kind, "actions"))],
    ]);
}

/** The YAML that Argo CD reads out of that key. */
function actionsOf(folder: string): string {
  const names = readdirSync(folder, { withFileTypes: true }).filter((one) => one.isDirectory());
  const definitions = names
    .map(({ name }) => name)
    .toSorted()
    .map(
      (name) => `- name: ${name}\n${entry("action.lua", readFileSync(join(folder, name, "action.lua"), "utf8"), 2)}`,
    );
  const discovery = entry("discovery.lua", readFileSync(join(folder, "discovery.lua"), "utf8"), 0);
  return `${discovery}definitions:\n${definitions.join("")}`;
}

/** A key with a text of many lines, so far from the left. */
function entry(key: string, text: string, spaces: number): string {
  const lines = text.trimEnd().split("\n");
  const indented = lines.map((line) => (line === "" ? "" : `${" ".repeat(spaces + 2)}${line}`));
  return `${" ".repeat(spaces)}${key}: |\n${indented.join("\n")}\n`;
}
