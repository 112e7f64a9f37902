/** Building Go programs, with an error that names the way out where there is no Go or an old one. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ClusterError } from "./failure.ts";
import { run, which } from "./shell.ts";
import { isAtLeast, KUBE_MODULE, wantedGo } from "./versions.ts";

/** Where a Go command runs, and where what it installs goes. */
export interface GoPlace {
  readonly cwd: string;
  readonly gobin?: string;
}

/** Runs the Go tool. Programs are static: they run in any image, and on any machine of this kind. */
export async function go(args: readonly string[], where: GoPlace): Promise<void> {
  await wantGo();
  const env = { ...process.env, CGO_ENABLED: "0", ...(where.gobin === undefined ? {} : { GOBIN: where.gobin }) };
  await run("go", args, { cwd: where.cwd, env });
}

async function wantGo(): Promise<void> {
  const want = wantedGo(await readFile(join(KUBE_MODULE, "go.mod"), "utf8"));
  const wayOut =
    `Building the local Kubernetes and the tools of its tests needs Go ${want} or newer. ` +
    `Without it, use a cluster you have: set KUBECONFIG and CLUSTER=existing.`;
  if ((await which("go")) === undefined) throw new ClusterError(`there is no "go" in the PATH. ${wayOut}`);
  const have = (await run("go", ["env", "GOVERSION"]))
    .trim()
    .replace(/^go/, "")
    .replace(/[^\d.].*$/, "");
  if (!isAtLeast(have, want)) throw new ClusterError(`"go" in the PATH is ${have}. ${wayOut}`);
}
