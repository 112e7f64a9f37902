/** One of several replicas works, the others stand by: waits for the lease, works with a fence around it, gives it back. */
import type { ApiPort, Port } from "../api/port.ts";
import { Elector } from "./elector.ts";
import type { LeadState } from "./elector.ts";
import { fencedApi } from "./fence.ts";

export type { LeadState } from "./elector.ts";

export interface LeadOptions {
  readonly namespace: string;
  readonly name: string;
  /** What the Lease shall name; no two processes have the same. */
  readonly identity: string;
  /** In whole seconds, as the Lease says it. */
  readonly leaseDurationMs: number;
}

/** What goes on while we lead. */
export interface Working {
  /** Resolves when no call is under way any more. */
  stop(): Promise<void>;
}

export interface LeadParts {
  readonly port: Port;
  /** Over connections of its own, and outside every limit: nothing may hold up a renewal. */
  readonly leaseApi: ApiPort;
  readonly options: LeadOptions;
  /** Begins the work, once. Nothing is written through this port that would be too late. */
  readonly begin: (port: Port) => Working;
  /** The lease is lost: the process is to end at once, without finishing anything. */
  readonly onLost: (why: string) => void;
}

export interface Lead {
  readonly state: LeadState;
  /** Why this replica could not take over, or nothing. What it does when it leads is told by the work itself. */
  notReady(): string | undefined;
  /** What a replica that does not work does instead. */
  standing(): string | undefined;
  /** Why the process should be started anew, or nothing. */
  stuck(): string | undefined;
  watches(): readonly LeaseWatch[];
  /** Ends the work, then gives the lease back, so that the next one need not wait. */
  stop(): Promise<void>;
}

/** As the watches of the core are told. */
export interface LeaseWatch {
  readonly resource: "leases";
  readonly namespace: string;
  readonly ageMs: number;
  readonly settled: boolean;
  readonly trouble: string | undefined;
}

/** Every pause of the loop and every call ends within less than half of this. */
const STUCK_LIMIT_MS = 120_000;

/** Waits for the lease, then begins the work with a fenced port. */
export function lead({ port, leaseApi, options, begin, onLost }: LeadParts): Lead {
  let working: Working | undefined;
  const elector = new Elector({
    port,
    leaseApi,
    us: options,
    onLead: () => {
      working = begin({ ...port, api: fencedApi(port.api, () => elector.held()) });
    },
    onLost,
  });
  const running = elector.run();
  const { namespace, name } = options;
  const seeking = (): string => {
    const { trouble } = elector;
    const lease = `the Lease ${namespace}/${name}`;
    return trouble === undefined ? `${lease} is being read` : `${lease} cannot be read: ${trouble}`;
  };
  return {
    get state(): LeadState {
      return elector.state;
    },
    notReady: () => (elector.state.at === "seeking" ? seeking() : undefined),
    standing: () => {
      const { state } = elector;
      return state.at === "standingBy" ? `standing by: ${state.holder || "nobody"} leads` : undefined;
    },
    stuck: () => {
      const { turnAgeMs } = elector;
      if (turnAgeMs < STUCK_LIMIT_MS) return undefined;
      return `nothing was done about the Lease ${namespace}/${name} for ${Math.round(turnAgeMs / 1000)} s`;
    },
    watches: () => {
      const { ageMs, trouble, state } = elector;
      return [{ resource: "leases", namespace, ageMs, settled: state.at !== "seeking", trouble }];
    },
    stop: async () => {
      await elector.endAfter(async () => await working?.stop());
      await running;
    },
  };
}
