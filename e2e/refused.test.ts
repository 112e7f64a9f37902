/** Pods that the API server does not take: some it takes later, some never. */
import { describe, expect, it } from "vitest";
import { messageOf, reasonOf, simulated, type Metadata } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";
import { until } from "./support/waiting.ts";

const SHORT = simulated({ "run-for": "10ms" });
const FOREVER = simulated({ "run-for": "forever" });

operatorForFile();

describe.concurrent("a namespace's quota", () => {
  it("is waited for with the reason QuotaExceeded, and the task goes on once there is room", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    await quota(room, { pods: "1" });
    await room.create("first", { template: FOREVER });
    await room.running("first");
    await room.create("second", { template: SHORT });
    const waits = await room.see("second", (one) => reasonOf(one) === "QuotaExceeded", { what: "QuotaExceeded" });
    expect(waits.status).toMatchObject({ phase: "Pending", attempt: 1 });
    expect(messageOf(waits)).toMatch(
      /^Waits for room in the namespace's quota: .*exceeded quota: small.*limited: pods=1/,
    );
    await room.patch("first", { cancel: true });
    const over = await room.over("second");

    // To wait is no failure.
    expect(over.status).toMatchObject({
      phase: "Succeeded",
      attempt: 1,
      attempts: [{ number: 1, reason: "Succeeded" }],
    });
    expect(over.status.failures).toBeUndefined();
  });

  it("that leaves no room at all can be waited for in vain: cancel and suspend end that", async (test) => {
    const room = await Room.open(test);
    await quota(room, { pods: "0" });
    for (const name of ["cancelled", "suspended"]) await room.create(name, { template: SHORT });
    for (const name of ["cancelled", "suspended"])
      await room.see(name, (one) => reasonOf(one) === "QuotaExceeded", { what: "QuotaExceeded" });
    await room.patch("cancelled", { cancel: true });
    await room.patch("suspended", { suspend: true });
    expect(reasonOf(await room.over("cancelled"))).toBe("Cancelled");
    await room.see("suspended", ({ status }) => status.phase === "Suspended", { what: "phase Suspended" });

    expect(await room.pods()).toEqual([]);
  });
});

it("Pod Security of the namespace ends a TaskRun with the server's words: no other pod of this template is taken either", async (test) => {
  needs(test, "simulated nodes");
  const room = await Room.open(test);
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  await room.client.call("PATCH", `/api/v1/namespaces/${room.namespace}`, { metadata: { labels } });
  await room.create("open", { template: SHORT, retry: { limit: 3 } });
  const over = await room.over("open");

  expect(over.status).toMatchObject({ phase: "Failed", attempt: 1 });
  expect(over.status.attempts).toBeUndefined();
  expect(reasonOf(over)).toBe("Forbidden");
  expect(messageOf(over)).toMatch(/^The pod is forbidden: .*violates PodSecurity "restricted:latest".*runAsNonRoot/);
  // A corrected template runs.
  await room.patch("open", { template: { spec: restricted() } });
  const corrected = await room.see("open", ({ status }) => status.phase === "Succeeded", { what: "its success" });
  expect(corrected.status).toMatchObject({ attempt: 1, attempts: [{ number: 1, reason: "Succeeded" }] });
});

/** Limits what the namespace may hold, and waits until that counts. */
async function quota(room: Room, hard: Readonly<Record<string, string>>): Promise<void> {
  const path = `/api/v1/namespaces/${room.namespace}/resourcequotas`;
  await room.client.call("POST", path, { metadata: { name: "small" }, spec: { hard } });
  const counted = (seen: Quota | undefined): boolean => seen?.status?.hard !== undefined;
  await until<Quota>(room.client, { path, name: "small" }, counted, { what: "the quota to count" });
}

interface Quota {
  readonly metadata: Metadata;
  readonly status?: { readonly hard?: object };
}

/** The same pod, with what the level "restricted" asks for. */
function restricted(): object {
  const securityContext = {
    runAsNonRoot: true,
    runAsUser: 1000,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    seccompProfile: { type: "RuntimeDefault" },
  };
  return { containers: [{ name: "main", image: "simulated", securityContext }] };
}
