/** Two replicas, with every fault, are in the simulator. */
import { describe, expect, it } from "vitest";
import { ConnectionError } from "../api/port.ts";
import type { ApiResponse } from "../api/port.ts";
import { PATH, US, WRITE, held, leader, replica, seenAs } from "../testing/leading.ts";
import type { Server, Setting } from "../testing/leading.ts";
import { refusal } from "../testing/scripted.ts";

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
    await expect(one.work.api.request(WRITE)).rejects.toThrow("not sent: this process does not hold the lease");
    await one.advance(60_000);

    expect(one.writes().length).toBe(before);
    expect(one.lost).toEqual([
      expect.stringMatching(/^the last renewal was sent 12\.\d s ago.*or this process stood still/),
    ]);
  });

  it("is asked again when the bytes of a write are about to leave; reads are not", async () => {
    const one = await leader();
    one.server.instead = ({ path }) => (path.includes("/pods") ? { status: 200, body: {} } : undefined);
    await one.work.api.request(WRITE);
    await one.work.api.request({ ...WRITE, method: "GET" });
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

  it("sees in its watch that the Lease is deleted, and ends at once", async () => {
    const one = await leader({ watch: { chunks: [600, seenAs("DELETED", {})] } });
    one.server.put(undefined);
    await one.advance(99);
    const before = one.lost.length;
    await one.advance(1);

    expect([before, one.lost]).toEqual([0, ["the Lease was deleted"]]);
  });
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
