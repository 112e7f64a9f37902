/** One replica and the Lease of a scripted API server, for tests of operator/lead. */
import type { ApiRequest, ApiResponse, Port } from "../api/port.ts";
import { aWorld, frame, refusal } from "./scripted.ts";
import type { Opened, World } from "./scripted.ts";
import { lead } from "../lead/lead.ts";
import type { Lead } from "../lead/lead.ts";

export const PATH = "/apis/coordination.k8s.io/v1/namespaces/ns/leases/stint";
export const US = "a_1";

/** What the API server holds, and how it answers instead where a test says so. */
export class Server {
  spec: Readonly<Record<string, unknown>> | undefined;
  version = 1;
  /** Says what else becomes of a request; undefined: what always does. */
  instead: (request: ApiRequest, index: number) => ApiResponse | undefined = () => undefined;

  put(spec: Readonly<Record<string, unknown>> | undefined): void {
    this.spec = spec;
    this.version += 1;
  }

  get object(): unknown {
    return { metadata: { name: "stint", namespace: "ns", resourceVersion: String(this.version) }, spec: this.spec };
  }

  answer(request: ApiRequest): ApiResponse {
    const { method, body } = request;
    if (method === "POST" && this.spec !== undefined) return refusal(409, "AlreadyExists");
    if (method !== "POST" && this.spec === undefined) return refusal(404, "NotFound");
    if (method === "GET") return { status: 200, body: this.object };
    const sent = body as { metadata: { resourceVersion?: string }; spec: Record<string, unknown> };
    if (method === "PUT" && sent.metadata.resourceVersion !== String(this.version)) return refusal(409, "Conflict");
    this.put(sent.spec);
    return { status: method === "POST" ? 201 : 200, body: this.object };
  }
}

export interface Replica extends World {
  readonly server: Server;
  readonly lead: Lead;
  /** The ports that work was begun with. */
  readonly ports: readonly Port[];
  readonly lost: readonly string[];
  readonly writes: () => readonly string[];
  /** Time passes for the clocks, and no timer fires: the process stands still. */
  readonly stall: (ms: number) => void;
}

export interface Setting {
  readonly watch?: Opened;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly stopping?: () => Promise<void>;
}

export function replica({ watch, spec, stopping }: Setting = {}): Replica {
  const server = new Server();
  server.spec = spec;
  const world = aWorld({
    request: (request, index) => server.instead(request, index) ?? server.answer(request),
    stream: () => watch ?? { status: 403, body: refusal(403, "Forbidden", "no watch").body },
  });
  let stalledMs = 0;
  const { clock } = world.port;
  const now = (): number => clock.now() + stalledMs;
  const port: Port = { ...world.port, clock: { ...clock, now, monotonic: now } };
  const ports: Port[] = [];
  const lost: string[] = [];
  const led = lead({
    port,
    leaseApi: port.api,
    options: { namespace: "ns", name: "stint", identity: US, leaseDurationMs: 15_000 },
    begin: (fenced) => {
      ports.push(fenced);
      return { stop: stopping ?? (() => Promise.resolve()) };
    },
    onLost: (why) => lost.push(why),
  });
  const writes = (): readonly string[] =>
    world.seen
      .filter(({ method }) => method !== "GET")
      .map(({ method, path }) => `${method} ${path.split("/").at(-1)}`);
  return { ...world, server, lead: led, ports, lost, writes, stall: (ms) => void (stalledMs += ms) };
}

export const held = (holderIdentity: string, renewTime = "t1"): Readonly<Record<string, unknown>> => ({
  holderIdentity,
  renewTime,
  leaseDurationSeconds: 15,
  leaseTransitions: 4,
});
export const seenAs = (type: string, spec: object): string =>
  frame(type, { metadata: { name: "stint", namespace: "ns", resourceVersion: "9" }, spec });

export const WRITE: ApiRequest = { method: "POST", path: "/api/v1/namespaces/a/pods", body: {}, timeoutMs: 1000 };

/** One that leads already. */
export async function leader(setting: Setting = {}): Promise<Replica & { readonly work: Port }> {
  const one = replica(setting);
  await one.advance(500);
  const [work] = one.ports;
  if (work === undefined) throw new Error("it does not lead");
  return { ...one, work };
}
