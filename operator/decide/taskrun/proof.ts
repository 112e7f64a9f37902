/** Whether a pod has ended for good: what must be certain before the next attempt starts. */
import type { PodRecord } from "../../api/records.ts";
import { nodeProof } from "./nodes.ts";
import type { NodeFacts } from "./nodes.ts";

/** Proof that no container of the pod runs or will run. A mere disappearance is none. */
export function provenEnded(pod: PodRecord, nodes: NodeFacts): boolean {
  return toldEnded(pod) || endedWithNode(pod, nodes) !== undefined;
}

/**
 * Every container has a terminated state, or a kubelet declared the whole pod over, or the pod never had a node. A terminal
 * phase that the pod garbage collector wrote for a lost node does not tell (KEP-3329: reason DeletionByPodGC).
 */
function toldEnded(pod: PodRecord): boolean {
  if (pod.allTerminated) return true;
  if (isOver(pod)) return pod.nodeName === undefined || !byGarbageCollector(pod);
  return pod.gone === "seen" && pod.nodeName === undefined;
}

/**
 * In words, why a pod whose end no kubelet reported has ended with its node. Not while the pod is there: its kubelet may
 * live on without a Node object and hears of the pod's removal only; the pod garbage collector removes it within minutes.
 */
export function endedWithNode(pod: PodRecord, nodes: NodeFacts): string | undefined {
  if (toldEnded(pod) || (pod.gone === undefined && !isOver(pod))) return undefined;
  return nodeProof(pod, nodes);
}

/** A kubelet declares a pod over when no container of it runs any more. */
function byGarbageCollector({ disruption, main }: PodRecord): boolean {
  return disruption?.reason === "DeletionByPodGC" || main.state === "running";
}

function isOver({ phase }: PodRecord): boolean {
  return phase === "Succeeded" || phase === "Failed";
}
