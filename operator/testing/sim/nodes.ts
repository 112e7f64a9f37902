/**
 * The nodes of the simulated cluster, and those who act when one is lost: the taint manager deletes its pods, a cloud or a
 * person tells what became of it, and the pod garbage collector then takes away what no kubelet will.
 */
import { NODES, PODS } from "./apiserver/resources.ts";
import { keyOf, type Pod, type PodCondition, type PodStatus, podEnded, type Stored, timestamp } from "./objects.ts";
import type { Random } from "./random.ts";
import { type Ground, span } from "./ground.ts";

export const NODE_NAMES = ["node-a", "node-b", "node-c"] as const;

export const TAINT_MANAGER = "taint-manager";
export const POD_GC = "pod-gc";

const NAME = "nodes";
const OUT_OF_SERVICE = { key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" };
/** A real one looks every 20 s, and waits 40 s for a node that is gone. */
const POD_GC_EVERY_MS = [300, 4000] as const;
/** Between marking a pod and removing it. */
const POD_GC_STEP_MS = [1, 300] as const;

export interface NodeLoss {
  /** power: nothing runs there any more. silence: its kubelet is not heard of, its containers run on. */
  readonly how: "power" | "silence";
  /** Until its pods are deleted; left out: they tolerate it. */
  readonly evictAfterMs?: number;
  /** What is said of a node that has no power, and when. */
  readonly told?: { readonly as: "gone" | "outOfService"; readonly afterMs: number };
  /** Until it works again; one that was gone comes back as a new one. */
  readonly backAfterMs: number;
}

/** What a kubelet has to do when its node fails, and when it is back. */
export interface NodeListener {
  readonly powerLost: (name: string) => void;
  readonly back: (name: string) => void;
}

export class SimNodes {
  readonly #site: Ground;
  readonly #random: Random;
  readonly #down = new Set<string>();
  #listener: NodeListener = { powerLost: () => undefined, back: () => undefined };

  constructor(site: Ground) {
    this.#site = site;
    this.#random = site.random.fork(NAME);
    for (const name of NODE_NAMES) this.#register(name);
  }

  get allUp(): boolean {
    return this.#down.size === 0;
  }

  isUp(name: string): boolean {
    return !this.#down.has(name);
  }

  listen(listener: NodeListener): void {
    this.#listener = listener;
  }

  /** One at a time: there is always a node left to go to. */
  lose(name: string, loss: NodeLoss): void {
    if (!this.allUp) return;
    const { clock, trace, truth } = this.#site;
    trace.note(NAME, `${name} is lost: ${JSON.stringify(loss)}`);
    this.#down.add(name);
    truth.nodeLost(name);
    if (loss.how === "power") this.#listener.powerLost(name);
    const { evictAfterMs, told, backAfterMs } = loss;
    const whileDown = (afterMs: number, act: () => void): void => {
      clock.after(afterMs, () => {
        if (!this.isUp(name)) act();
      });
    };
    if (evictAfterMs !== undefined) whileDown(evictAfterMs, () => this.#evict(name));
    if (told !== undefined && loss.how === "power") whileDown(told.afterMs, () => this.#tell(name, told.as));
    whileDown(backAfterMs, () => this.#comeBack(name));
  }

  #tell(name: string, as: "gone" | "outOfService"): void {
    this.#site.trace.note(NAME, `${name} is ${as}`);
    if (as === "gone") this.#handle("DELETE", `/api/v1/nodes/${name}`, NAME);
    else {
      this.#setTaints(name, [OUT_OF_SERVICE]);
      this.#evict(name);
    }
    this.#planPodGC(name, as);
  }

  #comeBack(name: string): void {
    this.#site.trace.note(NAME, `${name} is back`);
    this.#down.delete(name);
    if (this.#site.server.store.get("nodes", `/${name}`) === undefined) this.#register(name);
    else this.#setTaints(name, []);
    this.#listener.back(name);
  }

  #register(name: string): void {
    const body = { apiVersion: "v1", kind: "Node", metadata: { name }, spec: {}, status: {} };
    this.#handle("POST", "/api/v1/nodes", NAME, body);
  }

  #setTaints(name: string, taints: readonly object[]): void {
    const node = this.#site.server.store.get("nodes", `/${name}`);
    if (node === undefined) return;
    const which = { key: keyOf(node), uid: node.metadata.uid, by: NAME };
    this.#site.server.amend(NODES, which, (current) => ({ ...current, spec: { taints } }));
  }

  #evict(name: string): void {
    for (const pod of this.#podsOn(name)) {
      if (pod.metadata.deletionTimestamp !== undefined || podEnded(pod)) continue;
      this.#amend(pod, TAINT_MANAGER, (status) => withTarget(status, this.#target("DeletionByTaintManager")));
      this.#delete(pod, TAINT_MANAGER, {});
    }
  }

  #planPodGC(name: string, as: "gone" | "outOfService"): void {
    this.#site.clock.after(span(this.#site, this.#random, POD_GC_EVERY_MS), () => {
      if (this.isUp(name)) return;
      for (const pod of this.#podsOn(name)) this.#collect(pod, as);
      this.#planPodGC(name, as);
    });
  }

  /** Of a node that is gone all pods, of one out of service those that are being deleted; marked as failed first. */
  #collect(pod: Pod, as: "gone" | "outOfService"): void {
    if (as === "outOfService" && pod.metadata.deletionTimestamp === undefined) return;
    if (!podEnded(pod)) {
      const target = as === "gone" ? [this.#target("DeletionByPodGC")] : [];
      this.#amend(pod, POD_GC, (status) => ({ ...withTarget(status, ...target), phase: "Failed" }));
    }
    const stepMs = span(this.#site, this.#random, POD_GC_STEP_MS);
    this.#site.clock.after(stepMs, () => this.#delete(pod, POD_GC, { gracePeriodSeconds: 0 }));
  }

  #target(reason: string): PodCondition {
    return { type: "DisruptionTarget", status: "True", reason, lastTransitionTime: timestamp(this.#site.clock.wallMs) };
  }

  #podsOn(name: string): readonly Pod[] {
    const pods = [...this.#site.server.store.values("pods")] as Pod[];
    return pods.filter((pod) => pod.spec?.nodeName === name);
  }

  #amend(pod: Pod, by: string, change: (status: PodStatus) => PodStatus): void {
    const which = { key: keyOf(pod), uid: pod.metadata.uid, by };
    this.#site.server.amend(PODS, which, (current): Stored => {
      return { ...current, status: change({ phase: "Pending", ...(current as Pod).status }) };
    });
  }

  #delete(pod: Pod, by: string, options: object): void {
    const { namespace, name, uid } = pod.metadata;
    const body = { ...options, preconditions: { uid } };
    const status = this.#handle("DELETE", `/api/v1/namespaces/${namespace}/pods/${name}`, by, body);
    if (status === 200) this.#site.trace.note(by, `deletes ${keyOf(pod)}`);
  }

  #handle(method: "POST" | "DELETE", path: string, by: string, body?: object): number {
    return this.#site.server.handle({ method, path, ...(body && { body }), timeoutMs: 0 }, by).status;
  }
}

/** The last reason for a disruption takes the place of an earlier one. */
function withTarget(status: PodStatus, ...targets: readonly PodCondition[]): PodStatus {
  if (targets.length === 0) return status;
  const others = (status.conditions ?? []).filter(({ type }) => type !== "DisruptionTarget");
  return { ...status, conditions: [...others, ...targets] };
}
