/** Helm as a user runs it, within a bounded time, and what it renders. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { loadAll } from "js-yaml";
import { toolPath } from "../tools/tools.ts";
import type { Metadata } from "./objects.ts";

/** The chart of this checkout. */
export const CHART: string = join(import.meta.dirname, "../../manifests/chart");
/** Longer than an installation waits for its pods on a busy machine. */
const COMMAND_LIMIT_MS = 240_000;

/** An object as files and templates have it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Pick<Metadata, "name" | "namespace" | "labels" | "annotations">;
}

export interface HelmResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Helm {
  readonly #path: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(path: string, env: NodeJS.ProcessEnv) {
    this.#path = path;
    this.#env = env;
  }

  /** Without a kubeconfig it can render and check only. Its own settings and caches are not the user's. */
  static async open(folder: string, kubeconfig: string = join(folder, "none")): Promise<Helm> {
    const own = { HELM_CONFIG_HOME: folder, HELM_CACHE_HOME: folder, HELM_DATA_HOME: folder };
    return new Helm(await toolPath("helm"), { ...process.env, ...own, KUBECONFIG: kubeconfig });
  }

  /** Runs a command that must succeed; values, if any, are read from its standard input. */
  async run(args: readonly string[], values?: object): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(args, values);
    if (code === 0) return stdout;
    throw new Error(`helm ${args.join(" ")} failed (${code ?? "killed: took too long"}):\n${stderr}${stdout}`);
  }

  /** Runs a command that must fail and returns what it said. */
  async refused(args: readonly string[], values?: object): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(args, values);
    if (code !== 0 && code !== null) return stderr;
    throw new Error(`helm ${args.join(" ")} should have been refused, but printed:\n${stdout}`);
  }

  /** The objects of the chart, without those of `helm test`. */
  async objects(namespace: string, values: object = {}, chart: string = CHART): Promise<readonly Manifest[]> {
    const rendered = await this.run(["template", "stint", chart, "--namespace", namespace, "--skip-tests"], values);
    return parseManifests(rendered);
  }

  async attempt(args: readonly string[], values?: object): Promise<HelmResult> {
    const given = values === undefined ? [] : ["--values", "-"];
    const child = spawn(this.#path, [...args, ...given], { env: this.#env, timeout: COMMAND_LIMIT_MS });
    child.stdin.on("error", () => undefined);
    child.stdin.end(JSON.stringify(values ?? {}));
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    return { code, stdout, stderr };
  }
}

/** The objects of a text with several documents, some of which may be empty. */
export function parseManifests(yaml: string): readonly Manifest[] {
  return (loadAll(yaml) as readonly (Manifest | null)[]).filter((object) => object !== null);
}
