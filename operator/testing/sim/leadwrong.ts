/**
 * Wrong ways to lead, made of the right parts, wrongly put together or with wrong clocks and wrong answers. The simulator
 * must catch every one of them.
 */
import type { ApiPort, ApiRequest, ApiResponse, Clock, Port } from "../../api/port.ts";
import { lead } from "../../lead/lead.ts";
import { startRealCore } from "./core.ts";
import type { RequestFault } from "./faults.ts";
import { LEASE_MS, LEASE_NAME, LEASE_NAMESPACE } from "./fencing.ts";
import { isRecord } from "./objects.ts";
import type { Seat } from "./replica.ts";
import type { Send } from "./spoil.ts";
import type { PairPlan, StartOperator } from "./worldplan.ts";

export interface WrongLeader {
  /** The rule that must catch it: the beginning of the violation's name. */
  readonly rule: string;
  readonly start: StartOperator;
  /** It is caught when this happens at one of the first requests. */
  readonly fault: RequestFault;
  readonly pair?: PairPlan;
  /** success, unless given. */
  readonly scenario?: string;
}

const NONE: RequestFault = { kind: "none" };
/** Longer than the lease, with a request still in the process. */
const STOPPED: RequestFault = { kind: "pauseBefore", pause: "stopped", forMs: 20_000 };
/** A slow process and a fast one, at the limits of what is allowed for. */
const APART: PairPlan["clockRates"] = [0.95, 1.05];

interface Parts {
  readonly port?: Port;
  readonly leaseApi?: ApiPort;
  readonly begin?: (port: Port) => { stop(): Promise<void> };
  readonly onLost?: (why: string) => void;
}

function leadWith(port: Port, { identity, leaseApi, exit }: Seat, parts: Parts): { stop(): Promise<void> } {
  const options = { namespace: LEASE_NAMESPACE, name: LEASE_NAME, identity, leaseDurationMs: LEASE_MS };
  return lead({ port, leaseApi, options, begin: startRealCore, onLost: exit, ...parts });
}

export const WRONG_LEADERS: Readonly<Record<string, WrongLeader>> = {
  "writes without a fence": {
    rule: "I9 Fenced",
    fault: STOPPED,
    start: (port, seat) => leadWith(port, seat, { begin: () => startRealCore(port) }),
  },
  "looks at the lease when a call is made, and not when it leaves": {
    rule: "I9 Fenced",
    fault: STOPPED,
    start: (port, seat) => leadWith({ ...port, api: hasty(port.api) }, seat, {}),
  },
  "takes a lease that has not expired": {
    rule: "I9 Lease",
    fault: NONE,
    start: (port, seat) => leadWith(port, seat, { leaseApi: seeing(seat, () => true) }),
  },
  "judges by the times in the Lease and its own wall clock": {
    rule: "I9 Lease",
    fault: NONE,
    pair: { clockRates: [1, 1], aheadMs: [-20_000, 20_000] },
    start: (port, seat) =>
      leadWith(port, seat, { leaseApi: seeing(seat, (renewedMs) => port.clock.now() > renewedMs + LEASE_MS) }),
  },
  "counts its lease from the answer": {
    rule: "I9 Fenced",
    fault: { kind: "slow", extraMs: 4700, thenCut: "lease" },
    pair: { clockRates: APART },
    scenario: "steadyWork",
    start: (port, seat) => {
      const { clock, api } = standingStill(port.clock, seat.leaseApi);
      return leadWith({ ...port, clock }, seat, {
        leaseApi: api,
        begin: (fenced) => startRealCore({ ...fenced, clock: port.clock }),
      });
    },
  },
  "goes on after it has lost the lease": {
    // Before it has worked, it is one that will never lead again.
    rule: "(I9 ExitOnLoss|L6 Handover)",
    fault: STOPPED,
    start: (port, seat) => leadWith(port, seat, { onLost: () => undefined }),
  },
  "releases the lease before its work has stopped": {
    rule: "I9 Fenced",
    fault: NONE,
    pair: { clockRates: [1, 1], stopAtMs: 2500 },
    start: (port, seat) => {
      let core: { stop(): Promise<void> } | undefined;
      const begin = (): { stop(): Promise<void> } => {
        core = startRealCore(port);
        return { stop: () => Promise.resolve() };
      };
      const leading = leadWith(port, seat, { begin });
      return {
        stop: async () => {
          await leading.stop();
          await waitFor(port.clock, 3000);
          await core?.stop();
        },
      };
    },
  },
  "works while it stands by": {
    rule: "Standby",
    fault: NONE,
    start: (port, seat) => {
      const core = startRealCore(port);
      const leading = leadWith(port, seat, { begin: () => core });
      return { stop: async () => void (await Promise.all([leading.stop(), core.stop()])) };
    },
  },
  "asks again and again while it stands by": {
    rule: "Standby",
    fault: NONE,
    start: (port, seat) => leadWith(port, seat, { leaseApi: seeing(seat, () => false) }),
  },
  "never takes what another held": {
    rule: "L6 Handover",
    fault: { kind: "killAfter" },
    start: (port, seat) => leadWith(port, seat, { leaseApi: refusing(seat.leaseApi, takes) }),
  },
  "keeps the lease when it stops": {
    rule: "L6 Handover",
    fault: NONE,
    start: (port, seat) => leadWith(port, seat, { leaseApi: refusing(seat.leaseApi, releases) }),
  },
  "renews without end": {
    rule: "L1 Quiescence",
    fault: NONE,
    start: (port, seat) => leadWith(port, seat, { leaseApi: twice(seat.leaseApi) }),
  },
};

/** Requests forget on their way out that somebody wanted to be asked. */
function hasty(api: ApiPort): ApiPort {
  const request: Send = ({ mayLeave: _forgotten, ...sent }) => api.request(sent);
  return { request, stream: (sent, signal) => api.stream(sent, signal) };
}

/** Shows a Lease as released if `over` says so of the time at which it was renewed. Nobody tells of its changes. */
function seeing({ leaseApi, identity }: Seat, over: (renewedMs: number) => boolean): ApiPort {
  return {
    stream: async (request, signal) => ({ ...(await leaseApi.stream(request, signal)), status: 403 }),
    request: async (request) => {
      const reply = await leaseApi.request(request);
      const { body } = reply;
      if (request.method !== "GET" || !isRecord(body) || !isRecord(body["spec"])) return reply;
      const { holderIdentity, renewTime } = body["spec"];
      if (holderIdentity === identity || !over(Date.parse(renewTime as string))) return reply;
      return { ...reply, body: { ...body, spec: { ...body["spec"], holderIdentity: "" } } };
    },
  };
}

/** A clock that does not count the time that calls take. */
function standingStill(clock: Clock, leaseApi: ApiPort): { readonly clock: Clock; readonly api: ApiPort } {
  let lostMs = 0;
  let sinceMs: number | undefined;
  const under = (): number => lostMs + (sinceMs === undefined ? 0 : clock.monotonic() - sinceMs);
  return {
    clock: {
      now: () => clock.now() - under(),
      monotonic: () => clock.monotonic() - under(),
      after: (ms, run) => clock.after(ms, run),
    },
    api: {
      stream: (request, signal) => leaseApi.stream(request, signal),
      request: async (request) => {
        if (request.method !== "PUT") return await leaseApi.request(request);
        sinceMs = clock.monotonic();
        try {
          return await leaseApi.request(request);
        } finally {
          lostMs = under();
          sinceMs = undefined;
        }
      },
    },
  };
}

function refusing(leaseApi: ApiPort, refuses: (request: ApiRequest) => boolean): ApiPort {
  const no: ApiResponse = { status: 503, body: undefined };
  const request: Send = (sent) => (refuses(sent) ? Promise.resolve(no) : leaseApi.request(sent));
  return { request, stream: (sent, signal) => leaseApi.stream(sent, signal) };
}

function twice(leaseApi: ApiPort): ApiPort {
  const request: Send = async (sent) => {
    const reply = await leaseApi.request(sent);
    return sent.method === "PUT" && reply.status === 200
      ? await leaseApi.request({ ...sent, body: reply.body })
      : reply;
  };
  return { request, stream: (sent, signal) => leaseApi.stream(sent, signal) };
}

function leaseSpecOf({ method, body }: ApiRequest): Readonly<Record<string, unknown>> | undefined {
  return method === "PUT" && isRecord(body) && isRecord(body["spec"]) ? body["spec"] : undefined;
}

function takes(request: ApiRequest): boolean {
  const spec = leaseSpecOf(request);
  return spec !== undefined && spec["holderIdentity"] !== "" && spec["acquireTime"] === spec["renewTime"];
}

function releases(request: ApiRequest): boolean {
  return leaseSpecOf(request)?.["holderIdentity"] === "";
}

function waitFor(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, () => resolve());
  });
}
