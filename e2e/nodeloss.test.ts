/**
 * Nodes that fail: their kubelet or runtime restarts, they reboot, fall silent, lose their power, leave the cluster. Two
 * of three real nodes get into trouble, each on its own; what is tried again finds the third one.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, type TestContext } from "vitest";
import { killComponent, restartComponent, startStopped } from "./cluster/cluster.ts";
import {
  powerOffNode,
  powerOnNode,
  readmitNode,
  rebootNode,
  silenceNode,
  unsilenceNode,
} from "./cluster/nodetrouble.ts";
import { breakableForFile } from "./support/breakable.ts";
import { Client } from "./support/client.ts";
import { type Metadata, type Pod } from "./support/objects.ts";
import { needs } from "./support/room.ts";
import { IMPATIENT, Troubled, WELL, type Trouble } from "./support/troubled.ts";
import { until } from "./support/waiting.ts";

/** Less than the time after which a node counts as lost. */
const KUBELET_AWAY_MS = 3_000;
/** The operator would follow up an end within milliseconds. */
const NOTHING_HAPPENS_MS = 3_000;
const BY_INFRASTRUCTURE = { application: 0, infrastructure: 1 };
const LOST = { number: 1, reason: "NodeLost", class: "Infrastructure" };
const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

/** Within what is concurrent: one node has one trouble at a time. */
const IN_TURN = { concurrent: false };

const cluster = breakableForFile(3);

describe.concurrent("node-1", () => {
  it("whose kubelet and runtime restart or crash changes nothing: the task goes on", IN_TURN, async (test) => {
    const task = await started(test, "goes-on", "node-1");
    const { dir } = cluster();
    await restartComponent(dir, "kubelet-node-1");
    await restartComponent(dir, "containerd-node-1");
    await killComponent(dir, "containerd-node-1");
    await killComponent(dir, "kubelet-node-1");
    await sleep(KUBELET_AWAY_MS);
    await startStopped(dir, "containerd-node-1");
    await startStopped(dir, "kubelet-node-1");
    await nodeReady("node-1");
    await task.evidence.runs(task.pod);

    const { status } = await task.room.taskRun("goes-on");
    expect(status).toMatchObject({ phase: "Running", attempt: 1, podName: task.pod });
    expect(await task.finish()).toEqual(WELL);
  });

  it("whose object is deleted by mistake and comes back goes on with its task", IN_TURN, async (test) => {
    const task = await started(test, "mistaken", "node-1");
    await task.room.kubectl.run(["delete", "node", "node-1"]);
    await sleep(NOTHING_HAPPENS_MS);
    // A kubelet registers its node when it starts.
    await restartComponent(cluster().dir, "kubelet-node-1");
    await readmitNode(cluster().dir, "node-1");
    await nodeReady("node-1");
    await task.evidence.runs(task.pod);

    const { status } = await task.room.taskRun("mistaken");
    expect(status).toMatchObject({ phase: "Running", attempt: 1, podName: task.pod });
    expect(await task.finish()).toEqual(WELL);
  });

  it("that reboots ends the attempt; the next one follows", IN_TURN, async (test) => {
    const task = await started(test, "rebooted", "node-1");
    await rebootNode(cluster().dir, "node-1");

    const { status } = await task.retried();
    expect(status.failures).toEqual(BY_INFRASTRUCTURE);
    // What containerd says of a container whose end it did not see.
    expect(status.attempts).toMatchObject([{ reason: "PodFailed", class: "Infrastructure", exitCode: 255 }]);
    await task.told(/^Pending BackingOff: Attempt 1 .*reboot/);
    expect(await task.finish()).toEqual(WELL);
  });

  it(
    "that falls silent keeps its task until it has proven its end, though the pod is told to go",
    IN_TURN,
    async (test) => {
      const task = await started(test, "silent", "node-1", IMPATIENT);
      await silence(test, "node-1");
      await task.room.seePods(allDeleted, { what: "its pod to be deleted for the silence of its node" });
      await sleep(NOTHING_HAPPENS_MS);

      await task.evidence.runs(task.pod);
      const { status: meanwhile } = await task.room.taskRun("silent");
      expect(meanwhile).toMatchObject({ attempt: 1, podName: task.pod });
      expect(await task.room.pods("silent")).toHaveLength(1);

      await unsilenceNode(cluster().dir, "node-1");
      const { status } = await task.retried();
      expect(status.failures).toEqual(BY_INFRASTRUCTURE);
      expect(status.attempts).toMatchObject([{ reason: "Evicted", class: "Infrastructure", exitCode: 3 }]);
      expect(await task.finish()).toEqual(WELL);
    },
  );

  it(
    "that is silent when a pod of it is deleted by force leaves its fate unknown: it still runs",
    IN_TURN,
    async (test) => {
      const task = await started(test, "forced", "node-1");
      await silence(test, "node-1");
      await task.deletePodByForce();
      await task.fateUnknown();
      await sleep(NOTHING_HAPPENS_MS);

      // This is why nothing else is started.
      await task.evidence.runs(task.pod);
      expect(await task.room.pods("forced")).toEqual([]);
      await unsilenceNode(cluster().dir, "node-1");
      await task.evidence.ended(task.pod);
      await task.allowRetry();

      const { status } = await task.retried();
      expect(status.attempts).toMatchObject([{ reason: "UnknownFate", class: "Unknown", podName: task.pod }]);
      expect(await task.finish()).toEqual(WELL);
    },
  );
});

describe.concurrent("node-2, its power gone,", () => {
  it("and marked as out of service, frees its tasks, also one whose fate was unknown", IN_TURN, async (test) => {
    const [stays, forced] = [
      await started(test, "stays", "node-2", IMPATIENT),
      await started(test, "forced", "node-2"),
    ];
    const { kubectl } = stays.room;
    await powerOff(test, "node-2");
    await stays.room.seePods(allDeleted, { what: "its pod to be deleted for the silence of its node" });
    await forced.deletePodByForce();
    await forced.fateUnknown();
    await sleep(NOTHING_HAPPENS_MS);
    expect((await stays.room.taskRun("stays")).status).toMatchObject({ attempt: 1, podName: stays.pod });
    expect(await forced.room.pods("forced")).toEqual([]);
    test.onTestFinished(async () => {
      await kubectl.run(["taint", "node", "node-2", `${OUT_OF_SERVICE}-`]);
    });
    await kubectl.run(["taint", "node", "node-2", `${OUT_OF_SERVICE}=:NoExecute`]);

    for (const task of [stays, forced]) {
      const { status } = await task.retried();
      expect(status.failures).toEqual(BY_INFRASTRUCTURE);
      expect(status.attempts).toMatchObject([LOST]);
      await task.told(/^Pending BackingOff: Attempt 1 .*node-2/);
      expect(await task.finish()).toEqual(WELL);
    }
  });

  it(
    "and its Node object deleted, frees its tasks, also for an operator that was away until the pod was gone",
    IN_TURN,
    async (test) => {
      const watched = await started(test, "watched", "node-2");
      const unwatched = await started(test, "unwatched", "node-2");
      await powerOff(test, "node-2");
      await unwatched.killOperator();
      await watched.room.kubectl.run(["delete", "node", "node-2"]);

      const { status } = await watched.retried();
      expect(status.failures).toEqual(BY_INFRASTRUCTURE);
      expect(status.attempts).toMatchObject([{ ...LOST, podName: watched.pod }]);
      await watched.told(/^Pending BackingOff: Attempt 1 .*node-2/);
      expect(await watched.finish()).toEqual(WELL);

      await unwatched.room.seePods(isEmpty, { what: "the pod garbage collector to remove the pod" });
      await unwatched.startOperator();
      const { status: found } = await unwatched.retried();
      expect(found.attempts).toMatchObject([{ ...LOST, podName: unwatched.pod }]);
      expect(await unwatched.finish()).toEqual(WELL);
    },
  );
});

async function started(test: TestContext, name: string, node: string, trouble: Trouble = {}): Promise<Troubled> {
  needs(test, "real nodes", "own cluster");
  return await Troubled.start(test, cluster(), { name, node, refuge: "node-3" }, trouble);
}

/** The node is heard again when the test ends, if not before. */
async function silence(test: TestContext, node: string): Promise<void> {
  const { dir } = cluster();
  test.onTestFinished(async () => {
    await unsilenceNode(dir, node);
    await nodeReady(node);
  });
  await silenceNode(dir, node);
}

/** The node is up again when the test ends. */
async function powerOff(test: TestContext, node: string): Promise<void> {
  const { dir } = cluster();
  test.onTestFinished(async () => {
    await powerOnNode(dir, node);
    await readmitNode(dir, node);
    await nodeReady(node);
  });
  await powerOffNode(dir, node);
}

interface Node {
  readonly metadata: Metadata;
  readonly spec: { readonly taints?: readonly unknown[] };
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
}

/** Waits until the node takes pods. */
async function nodeReady(name: string): Promise<void> {
  const client = new Client(cluster().kubeconfig);
  const isReady = (node: Node | undefined): boolean =>
    node?.spec.taints === undefined &&
    (node?.status.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");
  await until<Node>(client, { path: "/api/v1/nodes", name }, isReady, { what: "to be ready" });
}

function allDeleted(pods: ReadonlyMap<string, Pod>): boolean {
  return [...pods.values()].every(({ metadata }) => metadata.deletionTimestamp !== undefined);
}

function isEmpty(pods: ReadonlyMap<string, Pod>): boolean {
  return pods.size === 0;
}
