/** manifests/samples/ as a user applies them: each comes to the end its comment promises. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { SIMULATED_KEY } from "./cluster/cluster.ts";
import { judge, SAMPLES } from "./demo/samples.ts";
import {
  isOver,
  messageOf,
  reasonOf,
  taskRunsPath,
  type List,
  type Metadata,
  type TaskRun,
} from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";
import { until, untilAll } from "./support/waiting.ts";

const FOLDER = join(import.meta.dirname, "../manifests/samples");
const TOPICS = join(FOLDER, "topics");

/** How one TaskRun of a sample has to end. */
interface Ending {
  readonly name: string;
  readonly phase?: "Failed";
  readonly reason?: string;
  readonly attempt?: number;
  /** In the log of its last pod that is left. */
  readonly log?: RegExp;
  readonly status?: object;
}

/** Those that need nothing but themselves. */
const ENDINGS: Readonly<Record<string, readonly Ending[]>> = {
  config: [
    {
      name: "config",
      log: /^region eu, a password of 9 letters\nhello from a file$/m,
    },
  ],
  init: [{ name: "init", log: /^100 numbers$/m }],
  sidecar: [{ name: "native-sidecar", log: /^the proxy is ready$/m }, { name: "ordinary-sidecar" }],
  results: [
    {
      name: "results",
      status: { results: { rows: "1042", files: '["a.csv","b.csv"]' } },
    },
  ],
  shared: [{ name: "shared", log: /^region eu, mode delta$/m }],
  budgets: [
    {
      name: "budgets",
      phase: "Failed",
      reason: "ExitCode",
      attempt: 2,
      log: /^the input is no CSV file$/m,
      status: { exitCode: 2, failures: { application: 2 } },
    },
  ],
  memory: [
    {
      name: "memory",
      attempt: 2,
      status: {
        memory: "64Mi",
        attempts: [{ reason: "OOMKilled" }, { reason: "Succeeded" }],
      },
    },
  ],
};

/** Those that a test of their own gives what they wait for. */
const WITH_HELP = ["volume", "gpu", "placement", "suspend", "cleanup", "restricted"];

operatorForFile();

it("every sample of the demo ends as its comment says", async (test) => {
  needs(test, "real nodes");
  const room = await Room.open(test);
  await room.kubectl.run(["apply", "-f", FOLDER]);
  const allOver = (seen: ReadonlyMap<string, TaskRun>): boolean =>
    seen.size === SAMPLES.length && [...seen.values()].every(isOver);
  const seen = await untilAll(room.client, taskRunsPath(room.namespace), allOver, { what: "all samples to end" });

  expect(judge(seen)).toEqual([]);
  expect(await room.kubectl.run(["logs", "--selector=stint.dev/taskrun=succeed"])).toContain("done");
  expect(await diff(room, FOLDER)).toMatchObject({ code: 0, stdout: "" });
});

it("every topic has a test here", () => {
  const topics = [...Object.keys(ENDINGS), ...WITH_HELP];
  expect(topics.map((topic) => `${topic}.yaml`).toSorted()).toEqual(readdirSync(TOPICS).toSorted());
});

describe.concurrent("the sample", () => {
  it.for(Object.entries(ENDINGS))("%s ends as its comment says", async ([topic, endings], test) => {
    const room = await applied(test, topic);
    for (const ending of endings) expect(await logOf(room, ending)).toMatch(ending.log ?? "");

    expect(await diff(room, file(topic))).toMatchObject({
      code: 0,
      stdout: "",
    });
  });

  it("restricted runs where the strictest Pod Security level is enforced", async (test) => {
    needs(test, "real nodes");
    const room = await Room.open(test);
    const level = "pod-security.kubernetes.io/enforce=restricted";
    await room.kubectl.run(["label", "namespace", room.namespace, level]);
    await room.kubectl.run(["apply", "-f", file("restricted")]);

    expect(await logOf(room, { name: "restricted" })).toMatch(/^65534\nwrote to scratch\n.*cannot write elsewhere$/ms);
  });

  it("volume goes on where its last attempt stopped", async (test) => {
    needs(test, "real nodes");
    const room = await Room.open(test);
    await giveVolume(test, room);
    await room.kubectl.run(["apply", "-f", file("volume")]);

    expect(await logOf(room, { name: "volume", attempt: 2 })).toMatch(
      /^1 of 2 steps were done before\nall steps are done$/m,
    );
  });

  it("gpu waits for a node with one, and runs when there is", async (test) => {
    const room = await applied(test, "gpu");
    const node = await realNode(room);
    await unschedulable(room, "gpu", /Insufficient example\.com\/gpu/);
    const path = `/api/v1/nodes/${node}/status`;
    test.onTestFinished(async () => {
      await room.client.send("PATCH", path, {
        status: { capacity: { "example.com/gpu": null } },
      });
    });
    await room.client.call("PATCH", path, {
      status: { capacity: { "example.com/gpu": "1" } },
    });

    expect(await logOf(room, { name: "gpu" })).toMatch(new RegExp(`^training on ${node}$`, "m"));
  });

  it("placement waits for a node that fits, and runs there", async (test) => {
    const room = await applied(test, "placement");
    const node = await realNode(room);
    await unschedulable(room, "placement", /node affinity\/selector/);
    test.onTestFinished(async () => {
      await room.kubectl.attempt(["label", "node", node, "example.com/disk-"]);
    });
    await room.kubectl.run(["label", "node", node, "example.com/disk=ssd"]);

    expect(await logOf(room, { name: "placement" })).toMatch(new RegExp(`^running on ${node}$`, "m"));
  });

  it("suspend has no pod until it is told to go on", async (test) => {
    const room = await applied(test, "suspend");
    const wait = { what: "phase Suspended" };
    const { status } = await room.see("suspend", (one) => one.status.phase === "Suspended", wait);
    expect(status.startTime).toBeUndefined();
    expect(await room.pods()).toEqual([]);
    await room.kubectl.run(["patch", "taskrun", "suspend", "--type=merge", "-p", '{"spec":{"suspend":false}}']);

    expect(await logOf(room, { name: "suspend" })).toMatch(/^at last$/m);
  });

  it("cleanup is gone after its time, and what GitOps holds keeps its outcome and never runs twice", async (test) => {
    const room = await applied(test, "cleanup");
    const where = { path: taskRunsPath(room.namespace), name: "cleanup" };
    await until<TaskRun>(room.client, where, (one) => one === undefined, {
      what: "it to be deleted",
    });
    const kept = await room.see("gitops", (one) => one.status.compacted === true, { what: "it to be compacted" });
    expect(kept.status).toMatchObject({
      phase: "Succeeded",
      attempt: 1,
      exitCode: 0,
    });
    expect(kept.status).not.toHaveProperty("podName");
    expect(await room.pods("gitops")).toEqual([]);

    const only = ["--selector=app.kubernetes.io/instance=nightly", "-f", file("cleanup")];
    await room.kubectl.run(["apply", ...only]);
    expect(await room.kubectl.attempt(["diff", ...only])).toMatchObject({
      code: 0,
      stdout: "",
    });
    expect((await room.taskRun("gitops")).metadata).toEqual(kept.metadata);
  });
});

function file(topic: string): string {
  return join(TOPICS, `${topic}.yaml`);
}

/** A room in which the sample has just been applied. */
async function applied(test: TestContext, topic: string): Promise<Room> {
  needs(test, "real nodes");
  const room = await Room.open(test);
  await room.kubectl.run(["apply", "-f", file(topic)]);
  return room;
}

/** Waits for the end, which has to be as wanted; then the log of the last pod, if that is still there. */
async function logOf(room: Room, ending: Omit<Ending, "log">): Promise<string> {
  const { name, phase = "Succeeded", reason = phase, attempt = 1, status = {} } = ending;
  const over = await room.over(name);
  const story = [over.status.phase, reasonOf(over), over.status.attempt, messageOf(over)];

  expect(story).toEqual([phase, reason, attempt, expect.any(String)]);
  expect(over.status).toMatchObject(status);
  return (await room.kubectl.attempt(["logs", over.status.podName ?? "", "--container=main"])).stdout;
}

async function diff(room: Room, path: string): Promise<unknown> {
  return await room.kubectl.attempt(["diff", "-f", path]);
}

async function unschedulable(room: Room, name: string, words: RegExp): Promise<void> {
  const waiting = (one: TaskRun): boolean => reasonOf(one) === "Unschedulable";
  const seen = await room.see(name, waiting, { what: "reason Unschedulable" });
  expect(seen.status.phase).toBe("Pending");
  expect(messageOf(seen)).toMatch(words);
}

async function realNode(room: Room): Promise<string> {
  const path = `/api/v1/nodes?labelSelector=${encodeURIComponent(`!${SIMULATED_KEY}`)}`;
  const { items } = await room.client.call<List<{ readonly metadata: Metadata }>>("GET", path);
  return items[0]?.metadata.name ?? "";
}

/** The local cluster has no storage class: a volume for the claim of the sample, in a folder of the node. */
async function giveVolume(test: TestContext, room: Room): Promise<void> {
  const { access } = room;
  test.skip(access.dir === undefined, "a given cluster has storage of its own, or none");
  const volume = {
    metadata: { name: room.namespace },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "1Mi" },
      claimRef: { namespace: room.namespace, name: "progress" },
      hostPath: {
        path: `/var/lib/samples/${room.namespace}`,
        type: "DirectoryOrCreate",
      },
    },
  };
  const path = "/api/v1/persistentvolumes";
  test.onTestFinished(async () => {
    await room.client.send("DELETE", `${path}/${room.namespace}`);
  });
  await room.client.call("POST", path, volume);
}
