/** Events are worth less than anything else we send. */
import { describe, expect, it } from "vitest";
import type { Announcement } from "../api/records.ts";
import { TASK } from "../testing/make.ts";
import { aWorld, refusal } from "../testing/scripted.ts";
import type { Script, World } from "../testing/scripted.ts";
import { Cluster } from "./cluster.ts";
import { Events } from "./events.ts";

const created = { status: 201, body: {} };
const ofNamespace = (namespace: string) => ({ ...TASK, namespace, resourceVersion: "1" });
const anEvent = (name: string): Announcement => ({
  name,
  type: "Warning",
  reason: "AttemptFailed",
  note: "It failed.",
});

function anEventful(script: Script): World & { events: Events; cluster: Cluster } {
  const world = aWorld(script);
  const cluster = new Cluster(world.port);
  return { ...world, cluster, events: new Events(world.port, cluster) };
}

describe("events", () => {
  it("are what events.k8s.io takes and kubectl describe finds: regarding the TaskRun of this uid", async () => {
    const { events, seen, counted, advance } = anEventful({ request: () => created });
    events.announce(ofNamespace("ns"), anEvent("train-1-x"));
    await advance(10);

    expect(seen).toMatchObject([
      { method: "POST", path: "/apis/events.k8s.io/v1/namespaces/ns/events", timeoutMs: 5000 },
    ]);
    expect(seen[0]?.body).toMatchObject({
      metadata: { namespace: "ns", name: "train-1-x" },
      regarding: { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", namespace: "ns", name: "train", uid: TASK.uid },
      reportingController: "stint.dev/operator",
      eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as unknown,
      note: "It failed.",
    });
    expect(counted.get("events written")).toBe(1);
  });

  it("are about a workflow's run if they say so", async () => {
    const { events, seen, advance } = anEventful({ request: () => created });
    events.announce(ofNamespace("ns"), { ...anEvent("sales-1"), kind: "WorkflowRun" });
    await advance(10);

    expect(seen[0]?.body).toMatchObject({ regarding: { kind: "WorkflowRun", name: "train", uid: TASK.uid } });
  });

  it("go one at a time, ten a second; of a flood those past the bound are dropped", async () => {
    const { events, seen, counted, advance } = anEventful({ request: () => created });
    for (let index = 0; index < 500; index += 1) events.announce(ofNamespace("ns"), anEvent(`e${index}`));
    await advance(1000);

    expect(seen.length).toBeLessThanOrEqual(11);
    await advance(60_000);
    expect(seen).toHaveLength(101);
    expect(counted.get("events full")).toBe(399);
  });

  it("that exist already were written by an earlier life", async () => {
    const { events, counted, advance } = anEventful({ request: () => refusal(409, "AlreadyExists") });
    events.announce(ofNamespace("ns"), anEvent("e"));
    await advance(10);

    expect(counted.get("events written")).toBe(1);
  });

  it("are given up where rights are missing, and not tried there again for a minute", async () => {
    const { events, seen, said, counted, advance } = anEventful({ request: () => refusal(403, "Forbidden") });
    for (const name of ["a", "b", "c"]) events.announce(ofNamespace("ns"), anEvent(name));
    events.announce(ofNamespace("other"), anEvent("d"));
    await advance(1000);

    expect(seen).toHaveLength(2);
    expect(counted.get("events refused")).toBe(4);
    expect(said).toHaveLength(2);
    await advance(60_000);
    events.announce(ofNamespace("ns"), anEvent("e"));
    await advance(1000);
    expect(seen).toHaveLength(3);
  });

  it("are never sent again, and what the server says of them slows nothing else down", async () => {
    const { events, cluster, seen, counted, advance } = anEventful({ request: () => refusal(429, "TooManyRequests") });
    events.announce(ofNamespace("ns"), anEvent("a"));
    await advance(60_000);

    expect(seen).toHaveLength(1);
    expect(counted.get("events failed")).toBe(1);
    expect(counted.get("inFlightLimit")).toBe(32);
    expect(cluster.busy("ns")).toBe(false);
  });

  it("are dropped while calls that matter take half of the places", async () => {
    const { events, cluster, seen, counted, advance } = anEventful({
      request: async () => await Promise.withResolvers<typeof created>().promise,
    });
    for (let index = 0; index < 20; index += 1) void cluster.getPod(`ns-${index}`, "p");
    await advance(10);
    events.announce(ofNamespace("ns"), anEvent("a"));
    await advance(1000);

    expect(seen).toHaveLength(20);
    expect(counted.get("events busy")).toBe(1);
  });

  it("stop with the operator: what waits is dropped, what is under way is waited for", async () => {
    const reply = Promise.withResolvers<typeof created>();
    const { events, seen, advance } = anEventful({ request: async () => await reply.promise });
    for (const name of ["a", "b"]) events.announce(ofNamespace("ns"), anEvent(name));
    await advance(10);
    let stopped = false;
    const stopping = events.stop().then(() => (stopped = true));
    await advance(10);
    expect(stopped).toBe(false);
    reply.resolve(created);
    await stopping;
    await advance(60_000);

    expect(seen).toHaveLength(1);
  });
});
