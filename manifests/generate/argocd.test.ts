import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { expect, test } from "vitest";
import { argocdFiles } from "./argocd.ts";

const MANIFESTS = join(import.meta.dirname, "..");
const FOLDER = join(MANIFESTS, "argocd/resource_customizations/stint.dev");

type Data = Readonly<Record<string, string>>;
interface Actions {
  readonly "discovery.lua": string;
  readonly definitions: readonly { readonly name: string; readonly "action.lua": string }[];
}

const files = argocdFiles(MANIFESTS);
const { data } = load(files.get("argocd/argocd-cm.yaml") ?? "") as { readonly data: Data };

test("there is a health and actions for every kind that has a definition in crds/", () => {
  const kinds = readdirSync(FOLDER);
  const crds = readdirSync(join(MANIFESTS, "../crds")).filter((name) => /^(?!kustomization).*\.yaml$/.test(name));

  expect(kinds.map((kind) => `${kind.toLowerCase()}s.yaml`).toSorted()).toEqual(crds.toSorted());
  expect(Object.keys(data).toSorted()).toEqual(
    kinds
      .flatMap((kind) => ["actions", "health"].map((what) => `resource.customizations.${what}.stint.dev_${kind}`))
      .toSorted(),
  );
});

test("what Argo CD reads out of the ConfigMap are the scripts, word for word", () => {
  for (const kind of readdirSync(FOLDER)) {
    const script = (path: string): string => readFileSync(join(FOLDER, kind, path), "utf8");
    expect(data[`resource.customizations.health.stint.dev_${kind}`]).toBe(script("health.lua"));
    const actions = load(data[`resource.customizations.actions.stint.dev_${kind}`] ?? "") as Actions;
    expect(actions["discovery.lua"]).toBe(script("actions/discovery.lua"));
    for (const { name, "action.lua": text } of actions.definitions)
      expect(text).toBe(script(`actions/${name}/action.lua`));
    const offered = [...script("actions/discovery.lua").matchAll(/^ {2}\["([a-z-]+)"\] = /gm)].map(
      ([, name = ""]) => name,
    );
    expect(actions.definitions.map(({ name }) => name)).toEqual(offered.toSorted());
  }
});

test("the values of the Helm chart say the same", () => {
  expect(load(files.get("argocd/values.yaml") ?? "")).toEqual({ configs: { cm: data } });
});
