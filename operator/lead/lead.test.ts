/** One replica and the Lease of a scripted API server. Two replicas, with every fault, are in the simulator. */
import { describe, expect, it } from "vitest";
import { ConnectionError } from "../api/port.ts";
import type { ApiRequest, ApiResponse, Port } from "../api/port.ts";
import { aWorld, frame, refusal } from "../testing/scripted.ts";
import type { Opened, World } from "../testing/scripted.ts";
import { notHealthy } from "../serve/health.ts";
import { lead } from "./lead.ts";
import type { Lead } from "./lead.ts";

const PATH = "/apis/coordination.k8s.io/v1/namespaces/ns/leases/stint";
const US = "a_1";

/** What the API server holds, and how it answers instead where a test says so. */
class Server {
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

interface Replica extends World {
  readonly server: Server;
  readonly lead: Lead;
  /** The ports that work was begun with. */
  readonly ports: readonly Port[];
  readonly lost: readonly string[];
  readonly writes: () => readonly string[];
  /** Time passes for the clocks, and no timer fires: the process stands still. */
  readonly stall: (ms: number) => void;
}

interface Setting {
  readonly watch?: Opened;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly stopping?: () => Promise<void>;
}

function replica({ watch, spec, stopping }: Setting = {}): Replica {
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

const held = (holderIdentity: string, renewTime = "t1"): Readonly<Record<string, unknown>> => ({
  holderIdentity,
  renewTime,
  leaseDurationSeconds: 15,
  leaseTransitions: 4,
});
const seenAs = (type: string, spec: object): string =>
  frame(type, { metadata: { name: "stint", namespace: "ns", resourceVersion: "9" }, spec });

describe("a replica", () => {
  it("leads where there is no Lease yet, and renews it every two seconds", async () => {
    const one = replica();
    await one.advance(10_500);

    expect(one.lead.state).toEqual({ at: "leading" });
    expect(one.ports).toHaveLength(1);
    expect(one.writes()).toEqual(["POST leases", ...Array.from({ length: 5 }, () => "PUT stint")]);
    expect(one.server.spec).toMatchObject({ holderIdentity: US, leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(one.counted.get("leader")).toBe(1);
    expect(one.said).toContain("leads");
    expect(one.lost).toEqual([]);
  });

  it("stands by, ready, while another renews, and takes over when it has been silent for its lease time", async () => {
    const one = replica({ spec: held("b_2") });
    await one.advance(0);
    for (let second = 1; second <= 30; second += 1) {
      one.server.put(held("b_2", `t${second}`));
      await one.advance(1000);
    }
    const standing = [one.lead.standing(), one.lead.notReady(), one.writes().length, one.counted.get("leader")];
    await one.advance(12_000);
    const early = one.writes().length;
    await one.advance(8000);

    expect(standing).toEqual(["standing by: b_2 leads", undefined, 0, 0]);
    expect(early).toBe(0);
    expect(one.lead.state).toEqual({ at: "leading" });
    expect(one.server.spec).toMatchObject({ holderIdentity: US, leaseTransitions: 5 });
  });

  it("sees in its watch that the lease is released, and leads at once", async () => {
    const free = { leaseDurationSeconds: 1, leaseTransitions: 4 };
    const one = replica({
      spec: held("b_2"),
      watch: { chunks: [seenAs("ADDED", held("b_2")), 5000, seenAs("MODIFIED", free)] },
    });
    one.server.version = 9;
    await one.advance(4999);
    const before = one.lead.state.at;
    one.server.spec = free;
    await one.advance(1);

    expect([before, one.lead.state.at]).toEqual(["standingBy", "leading"]);
  });

  it("leads by its own write whose answer was lost", async () => {
    const one = replica();
    one.server.instead = (request) => {
      if (request.method !== "POST") return undefined;
      one.server.answer(request);
      throw new ConnectionError("reset");
    };
    await one.advance(5000);

    expect(one.lead.state).toEqual({ at: "leading" });
    expect(one.ports).toHaveLength(1);
    expect(one.server.spec).toMatchObject({ holderIdentity: US, leaseTransitions: 0 });
  });

  it.each<[string, Setting, ApiResponse | undefined, RegExp]>([
    [
      "has no right to it",
      {},
      refusal(403, "Forbidden", "leases is forbidden"),
      /^the Lease ns\/stint cannot be read: leases is forbidden; the rights are in/,
    ],
    [
      "says nothing to go by",
      { spec: { holderIdentity: "x" } },
      undefined,
      /^the Lease ns\/stint cannot be read: spec.leaseDurationSeconds is missing.*x holds/,
    ],
  ])("waits, and says why, where it %s", async (_name, setting, answer, want) => {
    const one = replica(setting);
    one.server.instead = () => answer;
    await one.advance(60_000);

    expect(one.lead.notReady()).toMatch(want);
    expect(one.lead.state).toEqual({ at: "seeking" });
    expect(one.writes()).toEqual([]);
    expect(one.lead.stuck()).toBeUndefined();
    one.stall(120_000);
    expect(one.lead.stuck()).toMatch(/^nothing was done about the Lease ns\/stint for 12\d s$/);
  });

  it("waits through an outage of the API server, and never ends for it while it stands by", async () => {
    const one = replica({ spec: held("b_2") });
    await one.advance(1000);
    one.server.instead = () => {
      throw new ConnectionError("refused");
    };
    await one.advance(600_000);
    const during = [one.lead.state.at, one.lead.notReady()];
    one.server.instead = () => undefined;
    await one.advance(5000);

    expect(during).toEqual(["standingBy", undefined]);
    expect(one.lead.state).toEqual({ at: "leading" });
    expect(one.lost).toEqual([]);
  });
});

describe("a leader", () => {
  const write: ApiRequest = { method: "POST", path: "/api/v1/namespaces/a/pods", body: {}, timeoutMs: 1000 };

  async function leader(setting: Setting = {}): Promise<Replica & { readonly work: Port }> {
    const one = replica(setting);
    await one.advance(500);
    const [work] = one.ports;
    if (work === undefined) throw new Error("it does not lead");
    return { ...one, work };
  }

  it("whose renewals fail loses the lease after two thirds of its time, and says what was in the way", async () => {
    const one = await leader();
    one.server.instead = () => {
      throw new ConnectionError("h: refused");
    };
    await one.advance(9000);
    expect(one.lost).toEqual([]);
    await one.advance(1000);

    expect(one.lost).toEqual(["the last renewal was sent 10.0 s ago, and 10.0 s are allowed: h: refused"]);
    expect(one.counted.get("leader")).toBe(0);
    await one.advance(60_000);
    expect(one.lost).toHaveLength(1);
  });

  it("that stood still writes nothing when it goes on, and is told", async () => {
    const one = await leader();
    one.stall(12_000);
    const before = one.writes().length;
    await expect(one.work.api.request(write)).rejects.toThrow("not sent: this process does not hold the lease");
    await one.advance(60_000);

    expect(one.writes().length).toBe(before);
    expect(one.lost).toEqual([
      expect.stringMatching(/^the last renewal was sent 12\.\d s ago.*or this process stood still/),
    ]);
  });

  it("is asked again when the bytes of a write are about to leave; reads are not", async () => {
    const one = await leader();
    one.server.instead = ({ path }) => (path.includes("/pods") ? { status: 200, body: {} } : undefined);
    await one.work.api.request(write);
    await one.work.api.request({ ...write, method: "GET" });
    const [post, get] = one.seen.filter(({ path }) => path.includes("/pods"));
    const early = post?.mayLeave?.();
    one.stall(12_000);

    expect([early, post?.mayLeave?.(), get?.mayLeave]).toEqual([true, false, undefined]);
    expect(one.lost).toHaveLength(1);
  });

  it.each<[string, (server: Server) => void, string]>([
    ["another holds it", (server) => server.put(held("b_2")), "b_2 holds the Lease now"],
    ["it was deleted", (server) => server.put(undefined), "the Lease was deleted"],
    ["somebody emptied it", (server) => server.put({}), "somebody else has released the Lease"],
    [
      "somebody spoiled it",
      (server) => server.put({ holderIdentity: US }),
      `the Lease was changed: spec.leaseDurationSeconds is missing, so nobody can know how long ${US} holds it`,
    ],
  ])("loses it with its next renewal when %s", async (_name, change, want) => {
    const one = await leader();
    change(one.server);
    await one.advance(2000);

    expect(one.lost).toEqual([want]);
    expect(one.lead.state).toEqual({ at: "lost", why: want });
  });

  it("looks at once when its watch shows another holder, and goes on if that is an old story", async () => {
    const one = await leader({ watch: { chunks: [600, seenAs("MODIFIED", held("b_2")), 300, seenAs("DELETED", {})] } });
    const before = one.writes().length;
    await one.advance(1000);

    expect(one.writes().length).toBe(before + 2);
    expect(one.lost).toEqual([]);
  });

  it("goes on when somebody changes the Lease's labels", async () => {
    const one = await leader();
    one.server.put(one.server.spec);
    await one.advance(30_000);

    expect(one.lost).toEqual([]);
    expect(one.lead.state).toEqual({ at: "leading" });
  });

  it("that is stopped keeps the lease until its work has ended, then gives it back", async () => {
    const ended = Promise.withResolvers<undefined>();
    const one = await leader({
      stopping: async () => {
        await ended.promise;
      },
    });
    const stopped = one.lead.stop();
    await one.advance(20_000);
    const during = one.server.spec;
    ended.resolve(undefined);
    await one.advance(0);
    await stopped;

    expect(during).toMatchObject({ holderIdentity: US });
    expect(one.server.spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1, leaseTransitions: 0 });
    expect(one.said).toContain("the lease is released");
    expect(one.lost).toEqual([]);
    await expect(one.work.api.request(write)).rejects.toThrow("not sent");
    const { length } = one.seen;
    await one.advance(60_000);
    expect(one.seen).toHaveLength(length);
  });

  it("that is stopped and cannot give it back says that the next one will wait", async () => {
    const one = await leader();
    one.server.instead = () => refusal(500, "InternalError");
    const stopped = one.lead.stop();
    await one.advance(60_000);
    await stopped;

    expect(one.said).toContain("the lease could not be released: the next one waits for its end");
    expect(one.said).not.toContain("the lease is released");
  });

  it("that is stopped and may not write the Lease any more does not ask without a pause", async () => {
    const one = await leader();
    one.server.instead = ({ method }) => (method === "PUT" ? refusal(403, "Forbidden") : undefined);
    const before = one.seen.length;
    const stopped = one.lead.stop();
    await one.advance(60_000);
    await stopped;

    expect(one.said).toContain("the lease could not be released: the next one waits for its end");
    expect(one.seen.length - before).toBeLessThan(30);
  });

  it("that is stopped while the API server is away for a moment tries again, and gives it back", async () => {
    const one = await leader();
    one.server.instead = () => {
      throw new ConnectionError("reset");
    };
    const stopped = one.lead.stop();
    await one.advance(2000);
    one.server.instead = () => undefined;
    await one.advance(1000);
    await stopped;

    expect(one.server.spec).toMatchObject({ holderIdentity: "" });
    expect(one.said).toContain("the lease is released");
  });

  it("that is stopped while it has no way to the API server gives up before main does", async () => {
    const one = await leader();
    one.server.instead = () => {
      throw new ConnectionError("reset");
    };
    const stopped = one.lead.stop();
    await one.advance(4400);
    await stopped;

    expect(one.said).toContain("the lease could not be released: the next one waits for its end");
  });

  it.each<[string, Readonly<Record<string, unknown>> | undefined]>([
    ["nobody has it", undefined],
    ["another has it already", held("b_2")],
  ])("that is stopped and gets no answer to its release sees that it is done when %s", async (_name, next) => {
    const one = await leader();
    one.server.instead = (request) => {
      if (request.method !== "PUT") return undefined;
      one.server.answer(request);
      if (next !== undefined) one.server.put(next);
      throw new ConnectionError("reset");
    };
    const before = one.writes().length;
    const stopped = one.lead.stop();
    await one.advance(5000);
    await stopped;

    expect(one.writes()).toHaveLength(before + 1);
    expect(one.said).toContain("the lease is released");
    expect(one.said.filter((line) => line.includes("could not be released"))).toEqual([]);
  });

  it("sees in its watch that the Lease is deleted, and ends at once", async () => {
    const one = await leader({ watch: { chunks: [600, seenAs("DELETED", {})] } });
    one.server.put(undefined);
    await one.advance(99);
    const before = one.lost.length;
    await one.advance(1);

    expect([before, one.lost]).toEqual([0, ["the Lease was deleted"]]);
  });
});

describe("a replica that is stopped when its write that takes the lease got no answer", () => {
  async function stoppedWhileTaking(arrives: (server: Server, request: ApiRequest) => void): Promise<Replica> {
    const one = replica();
    one.server.instead = (request) => {
      if (request.method !== "POST") return undefined;
      arrives(one.server, request);
      throw new ConnectionError("timed out");
    };
    await one.advance(0);
    const stopped = one.lead.stop();
    await one.advance(1000);
    await stopped;
    return one;
  }

  it("gives it back if the write has arrived", async () => {
    const one = await stoppedWhileTaking((server, request) => void server.answer(request));

    expect(one.server.spec).toMatchObject({ holderIdentity: "" });
    expect(one.said).toContain("the lease is released");
    expect(one.ports).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, unknown>> | undefined]>([
    ["has not arrived", undefined],
    ["came too late: another has it", held("b_2")],
  ])("leaves the Lease alone, without a word, if the write %s", async (_name, spec) => {
    const one = await stoppedWhileTaking((server) => server.put(spec));

    expect(one.writes()).toEqual(["POST leases"]);
    expect(one.server.spec).toEqual(spec);
    expect(one.said.filter((line) => line.includes("release") || line.includes("deleted"))).toEqual([]);
  });
});

it.each<[string, () => ApiResponse, boolean]>([
  [
    "an outage of half an hour",
    () => {
      throw new ConnectionError("refused");
    },
    false,
  ],
  ["half an hour without the right to the Lease", () => refusal(403, "Forbidden", "leases is forbidden"), true],
])(
  "a standby is not restarted for %s, and its metrics tell how long it heard nothing",
  async (_name, instead, heard) => {
    const one = replica({ spec: held("b_2") });
    await one.advance(1000);
    one.server.instead = instead;
    await one.advance(1_800_000);

    expect(one.lead.stuck()).toBeUndefined();
    expect(notHealthy(one.lead.watches())).toBeUndefined();
    expect(one.lead.watches().map(({ ageMs }) => ageMs < 60_000)).toEqual([heard]);
  },
);

it("a replica that once lost the race for the Lease, and is stopped while the API server is away, has nothing to give back", async () => {
  const one = replica();
  one.server.instead = ({ method }) => {
    if (method !== "POST") return undefined;
    one.server.spec = held("other_1");
    return refusal(409, "AlreadyExists");
  };
  await one.advance(5000);
  one.server.instead = () => {
    throw new ConnectionError("reset");
  };
  const stopped = one.lead.stop();
  await one.advance(10_000);
  await stopped;

  expect(one.said).toContain("stands by");
  expect(one.said).not.toContain("the lease could not be released: the next one waits for its end");
});

it("a replica that is stopped while it stands by leaves the Lease alone", async () => {
  const one = replica({ spec: held("b_2") });
  await one.advance(1000);
  const stopped = one.lead.stop();
  await one.advance(0);
  await stopped;
  const { length } = one.seen;
  await one.advance(60_000);

  expect(one.writes()).toEqual([]);
  expect(one.seen).toHaveLength(length);
  expect(one.lead.state).toEqual({ at: "ended" });
});

it("reads the Lease by its name, and watches it by its name", async () => {
  const one = replica({ spec: held("b_2"), watch: {} });
  await one.advance(100);

  const asked = one.seen.map(({ kind, path, query }) => [kind, path, query?.["fieldSelector"]]);
  const [collection] = PATH.split("/stint");
  expect(asked).toEqual(
    expect.arrayContaining([
      ["request", PATH, undefined],
      ["stream", collection, "metadata.name=stint"],
    ]),
  );
});
