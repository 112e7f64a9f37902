/** TaskRuns that build on PodTemplates: of their namespace, named by them, there or not there yet. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { object } from "../operator/api/decode.ts";
import { inWords, operatorWrites } from "./support/audit.ts";
import { messageOf, reasonOf, simulated, type Template } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";

const operator = operatorForFile();

/** Longer than a status waits to be written, whatever its urgency. */
const QUIET_MS = 12_000;

describe("a TaskRun with a podTemplateRef", () => {
  it("waits for its PodTemplate without a call, and starts when it appears", async (test) => {
    const { dir } = needs(test, "own cluster", "simulated nodes");
    const room = await Room.open(test);
    await room.create("early", { podTemplateRef: { name: "quick" } });
    const waiting = await room.see("early", (one) => reasonOf(one) === "TemplateNotFound", { what: "its reason" });
    const before = await writes(dir, room);
    await sleep(QUIET_MS);
    const meanwhile = await writes(dir, room);
    await offer(room, "quick", simulated({ "run-for": "50ms" }));
    const over = await room.over("early");

    expect(waiting.status).toMatchObject({ phase: "Pending" });
    expect(waiting.status.startTime).toBeUndefined();
    expect(messageOf(waiting)).toMatch(/PodTemplate quick/);
    expect(before).toEqual(["update taskruns/status early: 200"]);
    expect(meanwhile).toEqual(before);
    expect(over.status).toMatchObject({ phase: "Succeeded", attempt: 1 });
  });

  it("runs a pod of the namespace's default, the one it names and its own, merged, and reads none of them", async (test) => {
    needs(test, "own cluster", "simulated nodes");
    const room = await Room.open(test);
    await offer(room, "stint-default", {
      metadata: { labels: { team: "a", tier: "low" } },
      spec: { hostname: "default", containers: [{ name: "main", image: "x" }] },
    });
    const quick = simulated({ "run-for": "50ms" });
    await offer(room, "quick", { ...quick, metadata: { ...object(quick["metadata"]), labels: { tier: "high" } } });
    const gets = await operator().metric("stint_api_requests_total", { verb: "get" });
    const own = { spec: { containers: [{ name: "main", image: "mine", env: [{ name: "A", value: "1" }] }] } };
    await room.create("merged", { podTemplateRef: { name: "quick" }, template: own });
    const over = await room.over("merged");
    const [pod] = await room.pods("merged");

    expect(over.status.phase).toBe("Succeeded");
    expect(pod?.metadata.labels).toMatchObject({ team: "a", tier: "high" });
    expect(pod?.spec).toMatchObject({
      hostname: "default",
      restartPolicy: "Never",
      containers: [{ name: "main", image: "mine", env: [{ name: "STINT_ATTEMPT" }, { name: "A", value: "1" }] }],
    });
    expect(await operator().metric("stint_api_requests_total", { verb: "get" })).toBe(gets);
  });

  it("runs nothing again when its PodTemplate is edited or deleted", async (test) => {
    const { dir } = needs(test, "own cluster", "simulated nodes");
    const room = await Room.open(test);
    await offer(room, "quick", simulated({ "run-for": "50ms" }));
    await room.create("done", { podTemplateRef: { name: "quick" } });
    const { status } = await room.over("done");
    const path = `${templatesPath(room)}/quick`;
    await room.client.call("PATCH", path, { template: { metadata: { labels: { new: "label" } } } });
    await room.client.call("DELETE", path);
    const before = await writes(dir, room);
    await sleep(QUIET_MS);

    expect(await writes(dir, room)).toEqual(before);
    expect((await room.taskRun("done")).status).toEqual(status);
    expect(await room.pods("done")).toHaveLength(1);
  });

  it("that cannot become a pod says which template is to blame", async (test) => {
    needs(test, "own cluster", "simulated nodes");
    const room = await Room.open(test);
    await offer(room, "quick", simulated({ "run-for": "50ms" }));
    const wrong = { spec: { $patch: "remove" } };
    await room.create("wrong", { podTemplateRef: { name: "quick" }, template: wrong });
    const over = await room.over("wrong");

    expect([over.status.phase, reasonOf(over)]).toEqual(["Failed", "InvalidTemplate"]);
    expect(messageOf(over)).toMatch(/spec\.template/);
  });
});

function templatesPath(room: Room): string {
  return `/api/v1/namespaces/${room.namespace}/podtemplates`;
}

async function offer(room: Room, name: string, template: Template): Promise<void> {
  await room.client.call("POST", templatesPath(room), { metadata: { name }, template });
}

async function writes(dir: string, room: Room): Promise<readonly string[]> {
  return (await operatorWrites(dir, room.namespace)).map(inWords);
}
