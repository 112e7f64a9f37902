/** The operator as most users run it: a Deployment made of manifests/, changed only where a local cluster needs it. */
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { freePorts } from "../cluster/ports.ts";
import type { Access } from "./access.ts";
import { Client } from "./client.ts";
import { serverOf } from "./credentials.ts";
import { Kubectl } from "./kubectl.ts";
import { podsPath, type Metadata, type Pod } from "./objects.ts";
import { until, untilAll, type Wait } from "./waiting.ts";

export const MANIFESTS: string = join(import.meta.dirname, "../../manifests");
/** What `make undeploy` removes. */
const REMOVED = join(MANIFESTS, "overlays/cluster");
export const OPERATOR_NAMESPACE = "stint-system";
export const OPERATOR_SELECTOR = "app.kubernetes.io/name=stint";
export const POD_SECURITY = "pod-security.kubernetes.io/enforce";
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${OPERATOR_NAMESPACE}/deployments`;
/** A namespace goes when the last of its pods has stopped. */
const REMOVAL_LIMIT_MS = 300_000;
const SCRAPE_LIMIT_MS = 10_000;

export interface Applied {
  readonly kind: string;
  readonly metadata: Pick<Metadata, "name" | "labels">;
}

interface Container {
  readonly args: readonly string[];
  readonly ports: readonly object[];
}

export interface Deployment extends Applied {
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly metadata: object; readonly spec: { readonly containers: readonly Container[] } };
  };
}

interface DeploymentSeen {
  readonly metadata: Metadata;
  readonly spec: { readonly replicas: number };
  readonly status: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

/** A pod of the operator, with what tells how it came up. */
export interface OperatorPod extends Pod {
  readonly status: Pod["status"] & {
    readonly podIP?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime: string;
    }[];
  };
}

export function isDeployment(object: Applied): object is Deployment {
  return object.kind === "Deployment";
}

export class Deployed {
  readonly kubectl: Kubectl;
  readonly #access: Access;
  readonly #client: Client;
  /** On the host's network they must be ports that nobody has. */
  #ports = { metrics: 0, health: 0 };

  constructor(access: Access) {
    this.#access = access;
    this.#client = new Client(access.kubeconfig);
    this.kubectl = new Kubectl(access, OPERATOR_NAMESPACE);
  }

  /** What `kubectl apply -k` applies. */
  async manifests(folder: string = MANIFESTS): Promise<readonly Applied[]> {
    return loadAll(await this.kubectl.run(["kustomize", folder])) as Applied[];
  }

  /**
   * Applies the objects, with ports of their own, and waits until all replicas work. Applied again, they are a new version: pods
   * of the old one keep their ports, and those of the new one may run beside them.
   */
  async apply(objects: readonly Applied[], replicas?: number): Promise<void> {
    const server = await serverOf(this.#access.kubeconfig);
    const [metrics = 0, health = 0] = await freePorts(2);
    this.#ports = { metrics, health };
    const items = objects.map((object) => this.#fitted(object, server.port, replicas));
    await this.kubectl.apply({ apiVersion: "v1", kind: "List", items });
    await this.available();
  }

  /** Waits until the probes of the manifests, and nothing else, have made all replicas of the newest version available. */
  async available(): Promise<void> {
    const wanted = (seen: DeploymentSeen | undefined): boolean => {
      if (seen === undefined || (seen.status.observedGeneration ?? 0) < (seen.metadata.generation ?? 0)) return false;
      const { replicas, updatedReplicas, availableReplicas } = seen.status;
      return [replicas, updatedReplicas, availableReplicas].every((count) => count === seen.spec.replicas);
    };
    const what = "all its replicas to be of the newest version, and available";
    await until<DeploymentSeen>(this.#client, { path: DEPLOYMENTS, name: "stint" }, wanted, { what }).catch(
      async (error: unknown) => {
        await this.show();
        throw error;
      },
    );
  }

  /** Waits until the operator's pods are as wanted. */
  async pods(wanted: (pods: ReadonlyMap<string, OperatorPod>) => boolean, wait: Wait): Promise<readonly OperatorPod[]> {
    const path = `${podsPath(OPERATOR_NAMESPACE)}?labelSelector=${encodeURIComponent(OPERATOR_SELECTOR)}`;
    return [...(await untilAll<OperatorPod>(this.#client, path, wanted, wait)).values()];
  }

  /** `make undeploy`: TaskRuns and definitions stay. */
  async undeploy(): Promise<void> {
    await this.kubectl.run(["delete", "--ignore-not-found", "-k", REMOVED], { limitMs: REMOVAL_LIMIT_MS });
  }

  async log(): Promise<string> {
    return await this.kubectl.run(["logs", `--selector=${OPERATOR_SELECTOR}`, "--tail=-1"]);
  }

  /** The metrics of the replica in this pod. */
  async metrics(pod: OperatorPod): Promise<string> {
    const signal = AbortSignal.timeout(SCRAPE_LIMIT_MS);
    return await (await fetch(`http://${pod.status.podIP}:${this.#ports.metrics}/metrics`, { signal })).text();
  }

  /** For a test that failed: what became of the pods, and their logs. */
  async show(): Promise<void> {
    const selector = `--selector=${OPERATOR_SELECTOR}`;
    const said = async (...args: readonly string[]): Promise<string> => (await this.kubectl.attempt(args)).stdout;
    console.error(`the operator's pods:\n${await said("describe", "pods", selector)}`);
    console.error(`the operator's log:\n${await said("logs", selector, "--prefix")}`);
  }

  /** Changes what the local cluster (e2e/cluster/README.md, Limits) needs changed, and leaves the rest as it is. */
  #fitted(object: Applied, serverPort: string, replicas: number | undefined): Applied {
    // A pod on the host's network is refused by every level but this one.
    if (object.kind === "Namespace") return labelled(object, { [POD_SECURITY]: "privileged" });
    if (!isDeployment(object)) return object;
    const { spec } = object.spec.template;
    const { metrics, health } = this.#ports;
    const containers = spec.containers.map((container) => ({
      ...container,
      args: container.args.map((arg) =>
        arg
          .replace(/^--metrics-address=.*$/, `--metrics-address=$(POD_IP):${metrics}`)
          .replace(/^--health-address=.*$/, `--health-address=$(POD_IP):${health}`),
      ),
      ports: [{ name: "health", containerPort: health }],
      env: [
        { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "KUBERNETES_SERVICE_HOST", value: "127.0.0.1" },
        { name: "KUBERNETES_SERVICE_PORT", value: serverPort },
      ],
    }));
    const pod = { ...object.spec.template, spec: { ...spec, hostNetwork: true, containers } };
    return { ...object, spec: { ...object.spec, ...(replicas && { replicas }), template: pod } } as Deployment;
  }
}

function labelled(object: Applied, labels: Readonly<Record<string, string>>): Applied {
  return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } } };
}

/**
 * From the container's start until the pod was ready, as the pod's status tells it: in whole seconds, so a second too much or too
 * little. Undefined while it is not ready.
 */
export function secondsToReady({ status }: OperatorPod): number | undefined {
  const ready = status.conditions?.find((condition) => condition.type === "Ready" && condition.status === "True");
  const started = status.containerStatuses?.[0]?.state.running?.startedAt;
  if (ready === undefined || started === undefined) return undefined;
  return (Date.parse(ready.lastTransitionTime) - Date.parse(started)) / 1000;
}
