/** The cluster that demo and tests work on: one of their own, or the one the user named. */
import { removeAbandoned, temporaryDir, type TemporaryName } from "../cluster/abandoned.ts";
import { BUSYBOX_IMAGE, down, up, type Say } from "../cluster/cluster.ts";
import { which } from "../cluster/shell.ts";

/** The image of manifests/samples/. */
const SAMPLE_IMAGE = "busybox:1.37";

/** Everything a test must know of the cluster; plain data, so that it can be handed to other processes. */
export interface Access {
  readonly kubeconfig: string;
  readonly kubectl: string;
  /** The folder of our own cluster; undefined when the cluster was given and its control plane is not ours to touch. */
  readonly dir?: string;
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
}

/**
 * With `CLUSTER=existing` the cluster of `KUBECONFIG`; with `CLUSTER_DIR` the local cluster in that folder, started if
 * it does not run; else a local cluster in a folder of this process, which is removed at the end.
 */
export async function openCluster(wanted: Wanted, say: Say): Promise<OpenCluster> {
  if (process.env["CLUSTER"] === "existing") return await givenCluster();
  await removeAbandoned(say);
  const dir = process.env["CLUSTER_DIR"] || temporaryDir(wanted.name);
  try {
    const handle = await up({ dir, ...counts(wanted) }, say);
    const close = async (): Promise<void> => {
      if (handle.fresh) await down(dir, say);
    };
    const access = {
      kubeconfig: handle.kubeconfig,
      kubectl: handle.kubectl,
      dir,
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

async function givenCluster(): Promise<OpenCluster> {
  const kubeconfig = process.env["KUBECONFIG"];
  if (!kubeconfig) throw new Error("CLUSTER=existing needs KUBECONFIG: the file that says how to reach the cluster");
  const kubectl = await which("kubectl");
  if (kubectl === undefined) throw new Error("CLUSTER=existing needs kubectl in the PATH");
  const access = { kubeconfig, kubectl, realNodes: true, simulatedNodes: false, image: SAMPLE_IMAGE };
  return { access, close: () => Promise.resolve() };
}

function counts(wanted: Wanted): Pick<Wanted, "realNodes" | "simulatedNodes"> {
  const of = (variable: string, fallback: number): number => Number(process.env[variable] || fallback);
  return {
    realNodes: of("REAL_NODES", wanted.realNodes),
    simulatedNodes: of("SIMULATED_NODES", wanted.simulatedNodes),
  };
}
