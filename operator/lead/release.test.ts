/** How a replica gives the Lease back. */
import { describe, expect, it } from "vitest";
import { ConnectionError } from "../api/port.ts";
import type { ApiRequest, ApiResponse } from "../api/port.ts";
import { US, WRITE, held, leader, replica } from "../testing/leading.ts";
import type { Replica, Server } from "../testing/leading.ts";
import { refusal } from "../testing/scripted.ts";
import { notHealthy } from "../serve/health.ts";

describe("a leader", () => {
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
    await expect(one.work.api.request(WRITE)).rejects.toThrow("not sent");
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
