/** The operator's core as the simulator starts it. */
import type { Port } from "../../api/port.ts";
import { startCore } from "../../controller/core.ts";

export function startRealCore(port: Port): { stop(): Promise<void> } {
  return startCore(port, { namespaces: [] });
}
