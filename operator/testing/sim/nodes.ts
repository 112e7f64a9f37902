/** The nodes of the simulated cluster. */
import type { ApiServer } from "./apiserver/server.ts";

export const NODE_NAMES = ["node-a", "node-b", "node-c"] as const;

const NAME = "nodes";

/** A kubelet that starts where none was registers its node. */
export function registerNode(server: ApiServer, name: string): void {
  const body = { apiVersion: "v1", kind: "Node", metadata: { name }, spec: {}, status: {} };
  server.handle({ method: "POST", path: "/api/v1/nodes", body, timeoutMs: 0 }, NAME);
}
