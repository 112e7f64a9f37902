/** What the local Kubernetes is made of, and the name its build is kept under. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export const KUBERNETES_VERSION = "v1.36.3";
export const CONTAINERD_VERSION = "v2.4.2";
export const KWOK_VERSION = "v0.8.0";

/** Raise it when the way something is built or an image's content changes, but no version does. */
const RECIPE = 1;

/** The images every real node has; no other is ever pulled. */
export const PAUSE_IMAGE = "stint.local/pause:1";
export const BUSYBOX_IMAGE = "stint.local/busybox:1";
/** The busybox above under the name that manifests/samples/ use, so that they run here as they do on any other cluster. */
export const SAMPLE_IMAGE = "docker.io/library/busybox:1.37";

/** The Go module that is all of Kubernetes in one binary. */
export const KUBE_MODULE: string = join(import.meta.dirname, "kube");

/** The folder of the build: another one as soon as anything that decides its content changes. */
export function cacheDir(env: NodeJS.ProcessEnv): string {
  const base = env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(base, "stint", buildName(kubeModuleText()));
}

/** A name for the build: readable version first, then a hash over everything that decides the content. */
export function buildName(moduleText: string): string {
  const parts = [KUBERNETES_VERSION, CONTAINERD_VERSION, KWOK_VERSION, String(RECIPE), process.arch, moduleText];
  const hash = createHash("sha256").update(parts.join("\n")).digest("hex");
  return `kubernetes-${KUBERNETES_VERSION}-${hash.slice(0, 8)}`;
}

/** The oldest Go that builds the module, as its go.mod says. */
export function wantedGo(goMod: string): string {
  const line = /^go (\d+\.\d+(?:\.\d+)?)$/m.exec(goMod);
  if (line?.[1] === undefined) throw new Error("go.mod names no Go version");
  return line[1];
}

/** Whether version `have` ("1.26.8") is at least `want` ("1.26.0"). */
export function isAtLeast(have: string, want: string): boolean {
  const [left, right] = [have.split("."), want.split(".")];
  for (let place = 0; place < Math.max(left.length, right.length); place += 1) {
    const difference = Number(left[place] ?? 0) - Number(right[place] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function kubeModuleText(): string {
  return ["main.go", "go.mod", "go.sum"].map((name) => readFileSync(join(KUBE_MODULE, name), "utf8")).join("\n");
}
