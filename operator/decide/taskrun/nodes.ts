/** What a node tells of the pods that were on it. */
import { timeMs } from "../../api/decode.ts";
import type { PodRecord } from "../../api/records.ts";

export interface NodeFact {
  /** unknown: we may not read nodes, or have not heard enough of them yet. */
  readonly state: "there" | "outOfService" | "gone" | "unknown";
  readonly createdAt?: string;
}

/** By name; of a node that is not in it nothing is known. */
export type NodeFacts = ReadonlyMap<string, NodeFact>;

export const NO_NODES: NodeFacts = new Map();

type Place = Partial<Pick<PodRecord, "nodeName" | "placedAt">>;

/**
 * Why no container of a pod that was on this node can run any more, in words; undefined: the node does not tell. A pod may
 * be older than its node (an autoscaler made the node for it), so what counts is when it was given the node.
 */
export function nodeProof({ nodeName, placedAt }: Place, nodes: NodeFacts): string | undefined {
  const node = nodeName === undefined ? undefined : nodes.get(nodeName);
  switch (node?.state) {
    case "gone":
      return `Node ${nodeName} is gone.`;
    case "outOfService":
      return `Node ${nodeName} is marked out-of-service.`;
    case "there": {
      const [placed, created] = [timeMs(placedAt), timeMs(node.createdAt)];
      const anew = placed !== undefined && created !== undefined && created > placed;
      return anew ? `Node ${nodeName} was removed and made anew.` : undefined;
    }
    case "unknown":
    case undefined:
      return undefined;
  }
}
