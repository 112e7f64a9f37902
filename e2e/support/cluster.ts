/** One cluster for all test files of a run: brought up before the first, taken down after the last (vitest globalSetup). */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { temporaryDir } from "../cluster/abandoned.ts";
import { down } from "../cluster/cluster.ts";
import { openCluster, type Access } from "./access.ts";
import { applyCrds } from "./crds.ts";
import { operatorKubeconfig } from "./identity.ts";
import { Kubectl } from "./kubectl.ts";

declare module "vitest" {
  export interface ProvidedContext {
    cluster: Access;
    /** What the operators of tests are started with, unless a test wants them to be somebody else. */
    operatorKubeconfig: string;
    /** The folder for a second cluster, of a file that needs one to itself; removed with this one. */
    spareDir: string;
  }
}

const PROGRAM = join(import.meta.dirname, "../cluster/main.ts");

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const say = (line: string): void => console.log(line);
  const { env } = process;
  let ours = env["CLUSTER"] === "existing" || env["CLUSTER_DIR"] ? undefined : temporaryDir("e2e");
  const spare = temporaryDir("nodes");
  takeDownAtExit(() => [ours, spare]);
  const cluster = await openCluster({ name: "e2e", realNodes: 1, simulatedNodes: 2 }, say);
  if (!cluster.access.stays) ours = cluster.access.dir;
  const close = async (): Promise<void> => {
    // There is one only if the process of the file that had it crashed.
    await down(spare);
    await cluster.close();
    ours = undefined;
  };
  try {
    await applyCrds(new Kubectl(cluster.access));
    project.provide("operatorKubeconfig", await operatorKubeconfig(cluster.access));
  } catch (error) {
    await close();
    throw error;
  }
  project.provide("cluster", cluster.access);
  project.provide("spareDir", spare);
  return close;
}

/** A run that is interrupted ends without its teardown, and nothing asynchronous can be done any more. */
function takeDownAtExit(left: () => readonly (string | undefined)[]): void {
  // The reporter hears a signal once and then ends the process; a second signal must not come before that is done.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
  process.on("exit", () => {
    for (const dir of left()) {
      if (dir === undefined || !existsSync(dir)) continue;
      const env = { ...process.env, CLUSTER_DIR: dir };
      // In a session of its own, so that no key pressed in this one ends it.
      const options = { env, stdio: "inherit", detached: true } as const;
      spawnSync(process.execPath, [PROGRAM, "down"], options);
    }
  });
}
