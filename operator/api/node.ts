/** JSON of a Node -> NodeRecord. Nodes change all the time; what decisions read of them hardly ever does. */
import { compact, identityOf, list, object, text } from "./decode.ts";
import type { NodeRecord } from "./records.ts";

/** KEP-2268: pods of such a node are force-deleted, their volumes given to others. Whatever its value and effect. */
const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

/** undefined: it is no object of an API server. */
export function decodeNode(value: unknown): NodeRecord | undefined {
  const raw = object(value);
  const metadata = object(raw["metadata"]);
  const identity = identityOf(metadata, "cluster");
  if (identity === undefined) return undefined;
  const taints = list(object(raw["spec"])["taints"]).map((taint) => object(taint)["key"]);
  return compact<NodeRecord>({
    ...identity,
    createdAt: text(metadata["creationTimestamp"]),
    outOfService: taints.includes(OUT_OF_SERVICE),
  });
}
