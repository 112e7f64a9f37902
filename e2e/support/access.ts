/** The cluster that demo and tests work on: one of their own, or the one the user named. */
import { removeAbandoned, temporaryDir, type TemporaryName } from "../cluster/abandoned.ts";
import { BUSYBOX_IMAGE, down, up, type Say } from "../cluster/cluster.ts";
import { parseOptions, thisHost, type Host } from "../cluster/options.ts";
import { which } from "../cluster/shell.ts";

/** The image of manifests/samples/. */
const SAMPLE_IMAGE = "busybox:1.37";

/** Everything a test must know of the cluster; plain data, so that it can be handed to other processes. */
export interface Access {
  readonly kubeconfig: string;
  readonly kubectl: string;
  /** The folder of our own cluster; undefined when the cluster was given and its control plane is not ours to touch. */
  readonly dir?: string;
  /** Whether the cluster outlives this process: it was given, or ran before. What is put into it must go again. */
  readonly stays: boolean;
  /** Whether pods really run. */
  readonly realNodes: boolean;
  /** Whether there are nodes on which pods only pretend to run. */
  readonly simulatedNodes: boolean;
  /** An image with a shell that every real node has or can get. */
  readonly image: string;
}

export interface OpenCluster {
  readonly access: Access;
  /** Takes our own cluster down; leaves a given one, or one that ran before, as it is. */
  close(): Promise<void>;
}

export interface Wanted {
  /** Names the folder of the cluster. */
  readonly name: TemporaryName;
  readonly realNodes: number;
  readonly simulatedNodes: number;
  /** Whether all is in vain where pods only pretend to run. */
  readonly needsContainers?: boolean;
}

/**
 * With `CLUSTER=existing` the cluster of `KUBECONFIG`; with `CLUSTER_DIR` the local cluster in that folder, started if
 * it does not run; else a local cluster in a folder of this process, which is removed at the end.
 */
export async function openCluster(wanted: Wanted, say: Say): Promise<OpenCluster> {
  const { env } = process;
  if (env["CLUSTER"] === "existing") return await givenCluster();
  const problems = problemsOf(env, wanted);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  await removeAbandoned(say);
  const dir = env["CLUSTER_DIR"] || temporaryDir(wanted.name);
  try {
    const handle = await up({ dir, ...counts(wanted) }, say);
    const close = async (): Promise<void> => {
      if (handle.fresh) await down(dir, say);
    };
    const access = {
      kubeconfig: handle.kubeconfig,
      kubectl: handle.kubectl,
      dir,
      stays: !handle.fresh,
      realNodes: handle.realNodes.length > 0,
      simulatedNodes: handle.simulatedNodes.length > 0,
      image: BUSYBOX_IMAGE,
    };
    return { access, close };
  } catch (error) {
    // A folder the user named may hold a cluster of theirs that only this start did not like.
    if (!process.env["CLUSTER_DIR"]) await down(dir, say).catch(() => undefined);
    throw error;
  }
}

/** What would show only after minutes of building, or as a test that waits for a pod that nobody runs. */
export function problemsOf(env: NodeJS.ProcessEnv, wanted: Wanted, host: Host = thisHost()): readonly string[] {
  const problems: string[] = [];
  if (env["CLUSTER"]) problems.push(`CLUSTER is "${env["CLUSTER"]}"; it may be "existing", or not set`);
  if (env["KUBEBUILDER_ASSETS"]) {
    problems.push("KUBEBUILDER_ASSETS names an API server without controllers and nodes: unset it for demo and tests");
  }
  const { options } = parseOptions({ REAL_NODES: String(wanted.realNodes), ...env }, host);
  if (wanted.needsContainers === true && options.realNodes === 0) problems.push(NO_CONTAINERS);
  return problems;
}

const NO_CONTAINERS =
  "containers that really run are needed: be root on Linux, without REAL_NODES=0, or use a cluster you have " +
  "(export KUBECONFIG=..., then add CLUSTER=existing)";

async function givenCluster(): Promise<OpenCluster> {
  const kubeconfig = process.env["KUBECONFIG"];
  if (!kubeconfig) throw new Error("CLUSTER=existing needs KUBECONFIG: the file that says how to reach the cluster");
  const kubectl = await which("kubectl");
  if (kubectl === undefined) throw new Error("CLUSTER=existing needs kubectl in the PATH");
  const access = { kubeconfig, kubectl, stays: true, realNodes: true, simulatedNodes: false, image: SAMPLE_IMAGE };
  return { access, close: () => Promise.resolve() };
}

/** What the environment does not say, which `up` reads itself. */
function counts({ realNodes, simulatedNodes }: Wanted): Partial<Pick<Wanted, "realNodes" | "simulatedNodes">> {
  return {
    ...(process.env["REAL_NODES"] ? {} : { realNodes }),
    ...(process.env["SIMULATED_NODES"] ? {} : { simulatedNodes }),
  };
}
