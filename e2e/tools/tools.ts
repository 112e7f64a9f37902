/**
 * Programs that tests call and no cluster needs: built once into `${XDG_CACHE_HOME:-~/.cache}/stint/tools/<name>-<version>/`.
 * They are kept apart from the build of Kubernetes, so that a new version of one never means to build that again.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { ClusterError, messageOf } from "../cluster/failure.ts";
import { go } from "../cluster/golang.ts";
import { takeLock } from "../cluster/lock.ts";
import { canUnpackDebian, findIn, place, unpackDebian } from "../cluster/packages.ts";
import { run, which } from "../cluster/shell.ts";
import { missingOf, runSteps, type Step } from "../cluster/steps.ts";

const HELM_VERSION = "v4.3.1";
/** Our own program, a Go module in the tree. */
const GITOPS_MODULE = join(import.meta.dirname, "gitops");
/** A second build waits this long for the first, longer than a cold build on a slow machine. */
const BUILD_PATIENCE_MS = 3_600_000;
/** What an interrupted build leaves in the folder of the tools. */
const LEFTOVERS = ".work-";

/** The programs there are. */
export const TOOL_NAMES = ["helm", "promtool", "gitops"] as const;
export type ToolName = (typeof TOOL_NAMES)[number];

/** Where a tool is; built first when it is not there yet. */
export async function toolPath(name: ToolName, say: (line: string) => void = console.error): Promise<string> {
  const dir = toolsDir(process.env);
  const step = stepOf(name, dir);
  await buildSteps([step], dir, say);
  return join(dir, step.makes[0] ?? "");
}

/**
 * Builds what is missing. A tool that cannot be built on this machine is said and left out: only the tests that call it
 * fail then, with the same words.
 */
export async function buildTools(say: (line: string) => void): Promise<void> {
  for (const name of TOOL_NAMES) {
    try {
      await toolPath(name, say);
    } catch (error) {
      say(`there will be no ${name}, and tests that need it will fail: ${messageOf(error)}`);
    }
  }
}

/** The folder of all tools. */
export function toolsDir(env: NodeJS.ProcessEnv): string {
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "stint", "tools");
}

/** A name for a program of our own: another one as soon as any of its files changes. */
export function sourceName(folder: string): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(folder).toSorted()) hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
  return hash.digest("hex").slice(0, 8);
}

async function buildSteps(steps: readonly Step[], dir: string, say: (line: string) => void): Promise<void> {
  if ((await missingOf(steps, dir)).length === 0) return;
  await mkdir(dir, { recursive: true });
  const release = await takeLock(join(dir, "build.lock"), {
    patienceMs: BUILD_PATIENCE_MS,
    onWait: (holder) => say(`waiting for the build that process ${holder.pid} runs`),
  });
  try {
    for (const name of readdirSync(dir).filter((entry) => entry.startsWith(LEFTOVERS))) {
      await rm(join(dir, name), { recursive: true, force: true });
    }
    const missing = await missingOf(steps, dir);
    if (missing.length > 0) await runSteps(missing, dir, say);
  } finally {
    await release();
  }
}

function stepOf(name: ToolName, dir: string): Step {
  switch (name) {
    case "helm":
      return goStep(dir, `helm-${HELM_VERSION}/helm`, {
        expected: "2 to 3 minutes the first time",
        args: ["install", "-trimpath", "-ldflags", "-s -w", `helm.sh/helm/v4/cmd/helm@${HELM_VERSION}`],
      });
    case "promtool":
      return {
        what: "promtool",
        expected: "seconds",
        makes: ["promtool-debian/promtool"],
        make: async (work) => takePromtool(work, join(dir, "promtool-debian")),
      };
    case "gitops":
      return goStep(dir, `gitops-${sourceName(GITOPS_MODULE)}/gitops`, {
        expected: "a minute the first time",
        args: ["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o"],
        folder: GITOPS_MODULE,
      });
    default:
      return name satisfies never;
  }
}

interface GoSource {
  readonly expected: string;
  readonly args: readonly string[];
  /** The module's folder, where it is one of the tree: then what to write is the last of the arguments. */
  readonly folder?: string;
}

function goStep(dir: string, target: string, { expected, args, folder }: GoSource): Step {
  const [what = "", name = ""] = target.split("/");
  return {
    what,
    expected,
    makes: [target],
    make: async (work) => {
      const made = join(work, name);
      await (folder === undefined ? go(args, { cwd: work, gobin: work }) : go([...args, made, "."], { cwd: folder }));
      await mkdir(dirname(join(dir, target)), { recursive: true });
      await rename(made, join(dir, target));
    },
  };
}

/** Prometheus' checker: this system's own, else the one of Debian's package, which is unpacked and not installed. */
async function takePromtool(work: string, folder: string): Promise<void> {
  let found = await which("promtool");
  if (found === undefined) {
    if (!(await canUnpackDebian())) {
      throw new ClusterError(
        "promtool is not in the PATH, and without apt-get and root Debian's package cannot be unpacked. " +
          "Install it (it comes with Prometheus; Debian: apt-get install prometheus), or put it into the PATH.",
      );
    }
    await unpackDebian(["prometheus"], work);
    found = await findIn(work, ["usr/bin"], "promtool");
  }
  if (found === undefined) throw new ClusterError("Debian's package prometheus has no promtool any more");
  await run(found, ["--version"]);
  await mkdir(folder, { recursive: true });
  await place(found, join(folder, "promtool"));
}
