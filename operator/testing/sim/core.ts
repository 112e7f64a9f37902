/** The operator as the simulator starts it: its core, alone or as one of several of which one leads. */
import type { Port } from "../../api/port.ts";
import { startCore } from "../../controller/core.ts";
import { lead } from "../../lead/lead.ts";
import { LEASE_MS, LEASE_NAME, LEASE_NAMESPACE } from "./fencing.ts";
import type { Seat } from "./replica.ts";

/** Whichever the run has. */
export function startOperator(port: Port, seat: Seat): { stop(): Promise<void> } {
  return seat.alone ? startRealCore(port) : startReplica(port, seat);
}

export function startRealCore(port: Port): { stop(): Promise<void> } {
  return startCore(port, { namespaces: [] });
}

/** As main.ts does with --leader-election. */
export function startReplica(port: Port, { identity, leaseApi, exit }: Seat): { stop(): Promise<void> } {
  return lead({
    port,
    leaseApi,
    options: { namespace: LEASE_NAMESPACE, name: LEASE_NAME, identity, leaseDurationMs: LEASE_MS },
    begin: (fenced) => startCore(fenced, { namespaces: [], takesOver: true }),
    onLost: exit,
  });
}
