import { describe, expect, it } from "vitest";
import { type Body, Client } from "./client.ts";

/** What a real API server of 1.36 answers to the same requests. */
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

function aLease(spec: object | null, metadata: object = {}): object {
  return { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "x", ...metadata }, spec };
}

function held(holderIdentity: string): object {
  return { holderIdentity, leaseDurationSeconds: 15, renewTime: "2030-01-01T00:00:00.000000Z" };
}

describe("a Lease", () => {
  it("is made once, counts no generation, and drops what is null", () => {
    const client = new Client();
    const { status, body } = client.send("POST", LEASES, aLease({ ...held("a"), acquireTime: null }));
    expect([status, body.spec, body.metadata.generation]).toEqual([201, held("a"), undefined]);
    const again = client.send("POST", LEASES, aLease(held("b")));
    expect([again.status, again.body.reason]).toEqual([409, "AlreadyExists"]);
  });

  it("is updated only at the version that was read", () => {
    const client = new Client();
    const { metadata } = client.send("POST", LEASES, aLease(held("a"))).body;
    const { resourceVersion, uid } = metadata;
    const answers = [
      client.send("PUT", `${LEASES}/x`, aLease(held("b"))),
      client.send("PUT", `${LEASES}/x`, aLease(held("b"), { resourceVersion: "1" })),
      client.send("PUT", `${LEASES}/x`, aLease(held("b"), { resourceVersion, uid: "other" })),
      client.send("PUT", `${LEASES}/x`, aLease(held("b"), { resourceVersion, uid })),
      client.send("PUT", `${LEASES}/x`, aLease(held("c"), { resourceVersion, uid })),
    ];
    expect(answers.map(({ status, body }) => [status, body.reason])).toEqual([
      [422, "Invalid"],
      [409, "Conflict"],
      [409, "Conflict"],
      [200, undefined],
      [409, "Conflict"],
    ]);
  });

  it("is made by a PUT where there is none, whatever version is sent, but not with a uid", () => {
    const client = new Client();
    const withUid = client.send("PUT", `${LEASES}/x`, aLease(held("a"), { uid: "gone", resourceVersion: "5" }));
    expect([withUid.status, withUid.body.reason]).toEqual([409, "Conflict"]);
    expect(client.send("PUT", `${LEASES}/x`, aLease(held("a"), { resourceVersion: "5" })).status).toBe(201);
  });

  it.each([
    [{ leaseDurationSeconds: 0 }, 422, "Invalid"],
    [{ leaseTransitions: -1 }, 422, "Invalid"],
    [{ renewTime: "2030-01-01T00:00:00Z" }, 400, "BadRequest"],
    [{ renewTime: "2030-01-01T00:00:00.123Z" }, 400, "BadRequest"],
    [{ holderIdentity: 5 }, 400, "BadRequest"],
  ])("with %j is refused", (spec, wantStatus, wantReason) => {
    const { status, body } = new Client().send("POST", LEASES, aLease(spec));
    expect([status, body.reason]).toEqual([wantStatus, wantReason]);
  });

  it("is selected by its name", () => {
    const client = new Client();
    client.send("POST", LEASES, aLease(held("a")));
    client.send("POST", LEASES, aLease(held("a"), { name: "y" }));
    const named = (name: string): readonly Body[] =>
      client.send("GET", `${LEASES}?fieldSelector=metadata.name%3D${name}`).body.items;
    expect(named("y").map(({ metadata }) => metadata.name)).toEqual(["y"]);
    expect(named("z")).toEqual([]);
    expect(client.send("GET", `${LEASES}?fieldSelector=spec.holderIdentity%3Da`).status).toBe(400);
  });
});
