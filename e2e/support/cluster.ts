/** One cluster for all test files of a run: brought up before the first, taken down after the last (vitest globalSetup). */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { openCluster, type Access } from "./access.ts";
import { Kubectl } from "./kubectl.ts";

declare module "vitest" {
  export interface ProvidedContext {
    cluster: Access;
  }
}

const FOLDER = join(import.meta.dirname, "../../crds");

/** The arguments of kubectl that name every definition. */
export const CRDS: readonly string[] = readdirSync(FOLDER).flatMap((name) =>
  /^(?!kustomization).*\.yaml$/.test(name) ? ["-f", join(FOLDER, name)] : [],
);

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const say = (line: string): void => console.log(line);
  const cluster = await openCluster({ name: "e2e", realNodes: 1, simulatedNodes: 2 }, say);
  try {
    const kubectl = new Kubectl(cluster.access);
    await kubectl.run(["apply", ...CRDS]);
    await kubectl.run(["wait", "--for=condition=Established", ...CRDS, "--timeout=30s"]);
  } catch (error) {
    await cluster.close();
    throw error;
  }
  project.provide("cluster", cluster.access);
  return () => cluster.close();
}
