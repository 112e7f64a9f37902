/**
 * Nodes that fail: their kubelet or runtime restarts, they reboot, fall silent, lose their power, leave the cluster. Two
 * of three real nodes get into trouble, each on its own; what is tried again finds the third one.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, type TestContext } from "vitest";
import { killComponent, restartComponent, startStopped } from "./cluster/cluster.ts";
import { breakableForFile } from "./support/breakable.ts";
import { Client } from "./support/client.ts";
import type { Metadata } from "./support/objects.ts";
import { needs } from "./support/room.ts";
import { Troubled, WELL, type Trouble } from "./support/troubled.ts";
import { until } from "./support/waiting.ts";

/** Less than the time after which a node counts as lost. */
const KUBELET_AWAY_MS = 3_000;

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
});

async function started(test: TestContext, name: string, node: string, trouble: Trouble = {}): Promise<Troubled> {
  needs(test, "real nodes", "own cluster");
  return await Troubled.start(test, cluster(), { name, node }, trouble);
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
