/** Builds everything the local Kubernetes runs into a cache outside the checkout, once per content. */
import { access, chmod, copyFile, mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { writeImage } from "../../image/archive.ts";
import { ClusterError } from "./failure.ts";
import { go } from "./golang.ts";
import { takeLock } from "./lock.ts";
import { takeSystemParts } from "./packages.ts";
import { run } from "./shell.ts";
import { missingOf, runSteps, type Step } from "./steps.ts";
import {
  BUSYBOX_IMAGE,
  cacheDir,
  CONTAINERD_VERSION,
  KUBE_MODULE,
  KUBERNETES_VERSION,
  KWOK_VERSION,
  PAUSE_IMAGE,
} from "./versions.ts";

/** Every part of Kubernetes that is one link to the same binary. */
const KUBE_PARTS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl"];
/** A second build waits this long for the first, longer than a cold build on a slow machine. */
const BUILD_PATIENCE_MS = 3_600_000;

export interface BuildOptions {
  /** Whether containers will run: containerd, runc, CNI plugins and images. */
  readonly realNodes: boolean;
  readonly say: (line: string) => void;
}

/** What can be run. The parts of a real node are only there when they were built. */
export interface Toolbox {
  readonly dir: string;
  /** The folder of etcd, kube-apiserver and kubectl, and of the rest of Kubernetes unless `apiOnly`. */
  readonly bin: string;
  /** Only an API server: the binaries came from KUBEBUILDER_ASSETS, which has neither controllers nor nodes. */
  readonly apiOnly: boolean;
}

/** Makes sure that everything is built. Quick when it is; safe to interrupt and to run twice at once. */
export async function build(options: BuildOptions): Promise<Toolbox> {
  const assets = process.env["KUBEBUILDER_ASSETS"];
  if (assets) return useAssets(assets);
  const dir = cacheDir(process.env);
  const steps = stepsFor(dir, options);
  const toolbox = { dir, bin: join(dir, "bin"), apiOnly: false };
  if ((await missingOf(steps, dir)).length === 0) return toolbox;
  await mkdir(join(dir, "bin"), { recursive: true });
  const release = await takeLock(join(dir, "build.lock"), {
    patienceMs: BUILD_PATIENCE_MS,
    onWait: (holder) => options.say(`waiting for the build that process ${holder.pid} runs`),
  });
  try {
    await removeLeftovers(dir);
    const missing = await missingOf(steps, dir);
    if (missing.length === 0) return toolbox;
    options.say(`building the local Kubernetes into ${dir} (once; later starts take seconds)`);
    await runSteps(missing, dir, options.say);
    await sayOlderBuilds(dir, options.say);
  } finally {
    await release();
  }
  return toolbox;
}

async function useAssets(assets: string): Promise<Toolbox> {
  for (const part of ["etcd", "kube-apiserver", "kubectl"]) {
    await access(join(assets, part)).catch(() => {
      throw new ClusterError(`KUBEBUILDER_ASSETS is ${assets}, but there is no ${part} in it; unset it to build one`);
    });
  }
  return { dir: assets, bin: assets, apiOnly: true };
}

function stepsFor(dir: string, options: BuildOptions): readonly Step[] {
  const kubernetes: Step = {
    what: `Kubernetes ${KUBERNETES_VERSION}`,
    expected: "5 to 10 minutes on two cores the first time, under a minute with a warm Go cache",
    makes: ["bin/kube", ...KUBE_PARTS.map((part) => `bin/${part}`)],
    make: (work) => makeKubernetes(dir, work),
  };
  const kwok = goProgram(dir, `sigs.k8s.io/kwok/cmd/kwok@${KWOK_VERSION}`, "about 2 minutes");
  if (!options.realNodes) return [kubernetes, kwok];
  const containerd = "github.com/containerd/containerd/v2/cmd";
  return [
    // The quick ones first: what is missing on this machine shows before the long wait.
    {
      what: "runc, CNI plugins and busybox",
      expected: "seconds",
      makes: ["bin/runc", "bin/busybox", "cni/bridge", "cni/host-local"],
      make: async () => {
        await mkdir(join(dir, "cni"), { recursive: true });
        await takeSystemParts(dir, options.say);
      },
    },
    {
      what: "images",
      expected: "seconds",
      makes: ["images/pause.tar", "images/busybox.tar"],
      make: (work) => makeImages(dir, work),
    },
    kubernetes,
    goProgram(dir, `${containerd}/containerd@${CONTAINERD_VERSION}`, "about a minute"),
    goProgram(dir, `${containerd}/containerd-shim-runc-v2@${CONTAINERD_VERSION}`, "seconds"),
    goProgram(dir, `${containerd}/ctr@${CONTAINERD_VERSION}`, "seconds"),
    kwok,
  ];
}

async function makeKubernetes(dir: string, work: string): Promise<void> {
  const ldflags = `-s -w -X k8s.io/component-base/version.gitVersion=${KUBERNETES_VERSION}`;
  const args = ["build", "-trimpath", "-buildvcs=false", "-ldflags", ldflags, "-o", join(work, "kube"), "."];
  await go(args, { cwd: KUBE_MODULE });
  await rename(join(work, "kube"), join(dir, "bin", "kube"));
  for (const part of KUBE_PARTS) {
    await rm(join(dir, "bin", part), { force: true });
    await symlink("kube", join(dir, "bin", part));
  }
}

function goProgram(dir: string, module: string, expected: string): Step {
  const [path = "", version = ""] = module.split("@");
  const name = path.slice(path.lastIndexOf("/") + 1);
  return {
    what: `${name} ${version}`,
    expected,
    makes: [`bin/${name}`],
    make: async (work) => {
      await go(["install", "-trimpath", "-ldflags", "-s -w", module], { cwd: work, gobin: work });
      await rename(join(work, name), join(dir, "bin", name));
    },
  };
}

async function makeImages(dir: string, work: string): Promise<void> {
  const busybox = join(dir, "bin", "busybox");
  const root = join(work, "busybox");
  for (const folder of ["bin", "etc", "tmp"]) await mkdir(join(root, folder), { recursive: true });
  await chmod(join(root, "tmp"), 0o1777);
  await copyFile(busybox, join(root, "bin", "busybox"));
  await writeFile(join(root, "etc", "passwd"), "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n");
  await writeFile(join(root, "etc", "group"), "root:x:0:\nnobody:x:65534:\n");
  const applets = (await run(busybox, ["--list"])).split("\n").filter((name) => name !== "" && name !== "busybox");
  for (const applet of applets) await symlink("busybox", join(root, "bin", applet));
  await mkdir(join(dir, "images"), { recursive: true });
  const folders = [root];
  const shell = { name: BUSYBOX_IMAGE, folders, settings: { command: ["sh"] } };
  await writeImage(shell, join(dir, "images", "busybox.tar"));
  // The pod sandbox's process has one duty: to stay. Its signals do not matter, it is always killed.
  const pause = { name: PAUSE_IMAGE, folders, settings: { entrypoint: ["/bin/sleep", "infinity"] } };
  await writeImage(pause, join(dir, "images", "pause.tar"));
}

/** What interrupted builds left: work folders and half-copied programs. Nobody else builds while we hold the lock. */
export async function removeLeftovers(dir: string): Promise<void> {
  for (const folder of [dir, join(dir, "bin"), join(dir, "cni"), join(dir, "images")]) {
    for (const name of await readdir(folder).catch(() => [])) {
      const half = name.startsWith(".") || (folder !== dir && /\.\d+$/.test(name));
      if (half) await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

/** Builds of other versions are kept, for a checkout that still uses them; only their user can tell. */
async function sayOlderBuilds(dir: string, say: (line: string) => void): Promise<void> {
  const older = (await readdir(dirname(dir))).filter(
    (name) => name.startsWith("kubernetes-") && name !== basename(dir),
  );
  if (older.length === 0) return;
  const shown = older.map((name) => join(dirname(dir), name)).join(" ");
  say(`builds of other versions are beside it; when no checkout needs them any more: rm -r ${shown}`);
}
