/** One cluster for all test files of a run: brought up before the first, taken down after the last (vitest globalSetup). */
import type { TestProject } from "vitest/node";
import { openCluster, type Access } from "./access.ts";
import { applyCrds } from "./crds.ts";
import { Kubectl } from "./kubectl.ts";

declare module "vitest" {
  export interface ProvidedContext {
    cluster: Access;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const say = (line: string): void => console.log(line);
  const cluster = await openCluster({ name: "e2e", realNodes: 1, simulatedNodes: 2 }, say);
  try {
    await applyCrds(new Kubectl(cluster.access));
  } catch (error) {
    await cluster.close();
    throw error;
  }
  project.provide("cluster", cluster.access);
  return () => cluster.close();
}
