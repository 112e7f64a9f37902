/** The local Kubernetes on the command line: `node e2e/cluster/main.ts up`. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildTools } from "../tools/tools.ts";
import { removeAbandoned } from "./abandoned.ts";
import { build } from "./build.ts";
import { attach, down, loadImage, restartComponent, status, up } from "./cluster.ts";
import { ClusterError } from "./failure.ts";
import { clusterDir, downCommand, parseOptions, thisHost } from "./options.ts";

const USAGE = `usage: node e2e/cluster/main.ts VERB

  build                 build everything into the cache (up does it too when something is missing), and the programs
                        that tests call: helm, promtool, and what is in e2e/tools/
  up                    start a cluster, wait until it is ready, print how to use it
  down                  stop it and remove every process, mount, link, cgroup and file it made; without CLUSTER_DIR
                        also what a demo, test or benchmark left that was killed
  status                which components run, which nodes are ready
  restart COMPONENT     end one component and start it again, with the same port and data
  load ARCHIVE          make the image in an archive (OCI or docker) known to the real nodes

environment
  CLUSTER_DIR           folder of the cluster; another folder is another cluster beside the first
                        (default: $XDG_STATE_HOME/stint/cluster, else ~/.local/state/stint/cluster)
  REAL_NODES            nodes with kubelet and containers, 0 to 8 (default 1; Linux and root only)
  SIMULATED_NODES       nodes whose pods only pretend to run, 0 to 5000 (default 0)
  NODE_LOSS_SECONDS     seconds of silence after which a node counts as lost, 4 to 600 (default Kubernetes' own 50)
  XDG_CACHE_HOME        where the build is kept (default ~/.cache)
  KUBEBUILDER_ASSETS    folder with etcd, kube-apiserver and kubectl to use instead of building: no nodes then
`;

/** The exit code of a program that was interrupted, as shells report it. */
const INTERRUPTED = 130;

/** The verbs that take a word more. */
const WITH_ARGUMENT: ReadonlySet<string> = new Set(["restart", "load"]);

const say = (line: string): void => console.log(line);

async function main(args: readonly string[]): Promise<void> {
  const { verb, rest, help } = parse(args);
  if (help) return say(USAGE);
  const verbs: Record<string, (() => Promise<void>) | undefined> = {
    build: buildVerb,
    up: upVerb,
    down: downVerb,
    status: statusVerb,
    restart: () => restartVerb(rest),
    load: () => loadVerb(rest),
  };
  const chosen = verbs[verb];
  if (chosen === undefined) throw new ClusterError(`${verb === "" ? "no verb" : `"${verb}" is no verb`}\n${USAGE}`);
  if (rest.length > 0 && !WITH_ARGUMENT.has(verb)) throw new ClusterError(`${verb} takes no "${rest[0]}"\n${USAGE}`);
  await chosen();
}

function parse(args: readonly string[]): { verb: string; rest: string[]; help: boolean } {
  try {
    const options = { help: { type: "boolean", short: "h" } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [verb = "", ...rest] = positionals;
    return { verb, rest, help: values.help ?? false };
  } catch (error) {
    throw new ClusterError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

async function buildVerb(): Promise<void> {
  const { options, problems } = parseOptions(process.env, thisHost());
  if (problems.length > 0) throw new ClusterError(problems.join("\n"));
  const tools = await build({ realNodes: options.realNodes > 0, say });
  await buildTools(say);
  say(`everything is built, in ${tools.dir}`);
}

async function upVerb(): Promise<void> {
  const dir = clusterDir(process.env);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      say(`\ninterrupted; to remove what was started already: ${downCommand(dir)}`);
      process.exit(INTERRUPTED);
    });
  }
  const cluster = await up({}, say);
  const nodes = [...cluster.realNodes, ...cluster.simulatedNodes];
  say(`\nKubernetes answers at ${cluster.server} with ${nodes.length} node(s): ${nodes.slice(0, 5).join(", ")}`);
  say(`logs: ${cluster.dir}/logs    stop and remove it: ${downCommand(cluster.dir)}`);
  say(`kubectl of the same version: ${cluster.kubectl}`);
  say("use it:\n");
  say(`export KUBECONFIG=${cluster.kubeconfig}`);
}

async function downVerb(): Promise<void> {
  const dir = clusterDir(process.env);
  // Whoever names a folder means that one; else everything that nobody uses any more goes.
  if (!process.env["CLUSTER_DIR"]) await removeAbandoned(say);
  say((await down(dir, say)) ? `the cluster in ${dir} is stopped and removed` : `there is no cluster in ${dir}`);
}

async function statusVerb(): Promise<void> {
  const dir = clusterDir(process.env);
  const { phase, components, nodes } = await status(dir);
  say(phase === "none" ? `there is no cluster in ${dir}` : `cluster in ${dir}: ${phase}`);
  for (const [name, alive] of components) say(`  ${alive ? "runs   " : "STOPPED"}  ${name}`);
  for (const [name, ready] of nodes) say(`  ${ready ? "ready  " : "NOT READY"}  node ${name}`);
  if (phase !== "ready") process.exitCode = 1;
}

async function restartVerb(rest: readonly string[]): Promise<void> {
  const [name, extra] = rest;
  if (name === undefined || extra !== undefined) throw new ClusterError(`restart takes one component\n${USAGE}`);
  await restartComponent(clusterDir(process.env), name);
  say(`${name} was restarted and is ready`);
}

async function loadVerb(rest: readonly string[]): Promise<void> {
  const [archive, extra] = rest;
  if (archive === undefined || extra !== undefined) throw new ClusterError(`load takes one archive\n${USAGE}`);
  const dir = clusterDir(process.env);
  const { realNodes } = await attach(dir);
  if (realNodes.length === 0) {
    return say(`the cluster in ${dir} has simulated nodes only: they run no images, nothing was loaded`);
  }
  await loadImage(dir, resolve(archive));
  say(`loaded into ${realNodes.join(", ")} of the cluster in ${dir}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof ClusterError ? `error: ${error.message}` : error);
  process.exitCode = 1;
}
