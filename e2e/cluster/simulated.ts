/** Simulated nodes: Node objects, and one kwok that plays the life of their pods by our stages. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { dump } from "js-yaml";
import { paths, type Component, type Ports } from "./state.ts";

/** Label and, where there are real nodes too, taint of simulated nodes. */
export const SIMULATED_KEY = "sim.stint.dev/node";
export const SIMULATED_VALUE = "simulated";

/** kwok's own 4 would be the bottleneck of every test with many pods. */
const POD_PARALLELISM = 64;
const NODE_PARALLELISM = 4;
const LEASE_SECONDS = 40;
const STAGES = join(import.meta.dirname, "stages");

interface SimulationPlace {
  readonly dir: string;
  readonly bin: string;
  readonly ports: Ports;
  readonly nodeLossSeconds?: number;
}

/** The process that plays all simulated nodes. */
export function kwok({ dir, bin, ports, nodeLossSeconds = LEASE_SECONDS }: SimulationPlace): Component {
  return {
    name: "kwok",
    command: join(bin, "kwok"),
    args: [
      `--config=${paths.config(dir, "kwok.yaml")}`,
      `--kubeconfig=${paths.config(dir, "kwok.kubeconfig")}`,
      `--manage-nodes-with-label-selector=${SIMULATED_KEY}=${SIMULATED_VALUE}`,
      `--node-lease-duration-seconds=${nodeLossSeconds}`,
      `--server-address=127.0.0.1:${ports.kwok}`,
      "--cidr=10.64.0.0/10",
      "--node-ip=127.0.0.1",
    ],
    // It would keep a folder of its own in the home folder.
    env: { HOME: paths.config(dir, "") },
    ready: { kind: "http", port: ports.kwok, path: "/healthz" },
  };
}

/** kwok's configuration file: its settings, then the stages beside this file. */
export async function kwokConfig(): Promise<string> {
  const settings = {
    apiVersion: "config.kwok.x-k8s.io/v1alpha1",
    kind: "KwokConfiguration",
    // With a file of its own, kwok takes what is not named here as zero, and refuses that.
    options: {
      podPlayStageParallelism: POD_PARALLELISM,
      nodePlayStageParallelism: NODE_PARALLELISM,
      nodeLeaseParallelism: NODE_PARALLELISM,
      podsOnNodeSyncParallelism: NODE_PARALLELISM,
    },
  };
  const stages = await Promise.all(["node.yaml", "pod.yaml"].map((name) => readFile(join(STAGES, name), "utf8")));
  return [dump(settings), ...stages].join("---\n");
}

/** A simulated node as the API server gets it. With `tainted`, only pods that tolerate it are put there. */
export function simulatedNode(name: string, tainted: boolean): Record<string, unknown> {
  const room = { cpu: "1000", memory: "4Ti", pods: "10000", "ephemeral-storage": "4Ti" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        [SIMULATED_KEY]: SIMULATED_VALUE,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": process.arch === "x64" ? "amd64" : process.arch,
      },
    },
    spec: tainted ? { taints: [{ key: SIMULATED_KEY, value: SIMULATED_VALUE, effect: "NoSchedule" }] } : {},
    status: { allocatable: room, capacity: room, nodeInfo: nodeInfo() },
  };
}

function nodeInfo(): Record<string, string> {
  return {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    operatingSystem: "linux",
    osImage: "simulated",
    kubeletVersion: "simulated",
    containerRuntimeVersion: "simulated",
    kernelVersion: "simulated",
    bootID: "",
    machineID: "",
    systemUUID: "",
    kubeProxyVersion: "",
  };
}
