/** Pods that people and Kubernetes take off their nodes: drained, evicted, preempted, deleted by force. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, type TestContext } from "vitest";
import { breakableForFile } from "./support/breakable.ts";
import { isOver, podsPath, shell, simulated } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";
import { Troubled, WELL, type Trouble } from "./support/troubled.ts";
import { poll } from "./support/waiting.ts";

/** Something of which a node has one. */
const SLOT = "e2e.stint.dev/slot";
/** The operator would follow up an end within milliseconds. */
const NOTHING_HAPPENS_MS = 3_000;
const BY_INFRASTRUCTURE = { application: 0, infrastructure: 1 };

const cluster = breakableForFile(2);

describe.concurrent("a task whose pod is", () => {
  it("drained off its node goes on at the other one", async (test) => {
    const task = await started(test, "drained", "node-1");
    const { kubectl } = task.room;
    test.onTestFinished(async () => {
      await kubectl.run(["uncordon", "node-1"]);
    });
    // Other tests have pods on this node, too.
    await kubectl.run(["drain", "node-1", "--ignore-daemonsets", "--pod-selector=stint.dev/taskrun=drained"]);

    const { status } = await task.retried();
    expect(status).toMatchObject({ nodeName: "node-2", failures: BY_INFRASTRUCTURE });
    expect(status.attempts).toMatchObject([{ reason: "Evicted", class: "Infrastructure", podName: task.pod }]);
    await task.told(/^Pending BackingOff: Attempt 1 .*[Ee]vict/);
    expect(await task.finish()).toEqual(WELL);
  });

  it("evicted through the API is tried again", async (test) => {
    const task = await started(test, "evicted", "node-2");
    await evict(task);

    const { status } = await task.retried();
    expect(status.failures).toEqual(BY_INFRASTRUCTURE);
    expect(status.attempts).toMatchObject([{ reason: "Evicted", class: "Infrastructure", exitCode: 3 }]);
    expect(await task.finish()).toEqual(WELL);
  });

  it("evicted, without a budget for that, fails for this reason", async (test) => {
    const task = await started(test, "once", "node-2", { spec: { retry: { limit: 5, infrastructureLimit: 0 } } });
    await evict(task);

    const { status } = await task.room.see("once", isOver, { what: "its end" });
    expect(status).toMatchObject({ phase: "Failed", failures: BY_INFRASTRUCTURE });
    await task.told(/^Failed Evicted: .*[Ee]vict/);
  });

  it("preempted for a more important one waits for room, and is tried again", async (test) => {
    const { image } = needs(test, "real nodes", "own cluster");
    const one = { [SLOT]: "1" };
    const { client } = await Room.open(test, cluster());
    await client.call("PATCH", "/api/v1/nodes/node-2/status", { status: { capacity: one, allocatable: one } });
    const task = await started(test, "preempted", "node-2", { requests: one });
    const priorityClassName = await priorityClass(test, task.room);
    const main = shell(image, "sleep 4", { resources: { requests: one, limits: one } });
    const spec = { priorityClassName, restartPolicy: "Never", containers: [main] };
    // The API server looks priority classes up in a cache of its own, which may not know the new one yet.
    const important = { metadata: { name: "important" }, spec };
    const taken = async (): Promise<true | undefined> =>
      (await client.send("POST", podsPath(task.room.namespace), important)).status === 201 ? true : undefined;
    await poll(taken, { what: "the important pod to be taken" });

    await task.told(/^Pending Unschedulable: /);
    const { status } = await task.retried();
    expect(status.failures).toEqual(BY_INFRASTRUCTURE);
    expect(status.attempts).toMatchObject([{ reason: "Preempted", class: "Infrastructure", exitCode: 3 }]);
    await task.told(/^Pending BackingOff: Attempt 1 .*[Pp]reempt/);
    expect(await task.finish()).toEqual(WELL);
  });

  it("deleted by force waits for somebody who knows that it has ended: onUnknownFate: Retry", async (test) => {
    const task = await started(test, "forced", "node-2");
    await task.deletePodByForce();
    const waiting = await task.fateUnknown();
    await sleep(NOTHING_HAPPENS_MS);

    expect(isOver(waiting)).toBe(false);
    expect(await task.room.pods("forced")).toEqual([]);
    expect((await task.room.taskRun("forced")).metadata.resourceVersion).toBe(waiting.metadata.resourceVersion);
    await task.told(new RegExp(`^\\S+ UnknownFate: .*${task.pod}.*onUnknownFate`));

    await task.evidence.ended(task.pod);
    await task.allowRetry();
    const { status } = await task.retried();
    expect(status.failures).toEqual(BY_INFRASTRUCTURE);
    expect(status.attempts).toMatchObject([{ reason: "UnknownFate", class: "Unknown", podName: task.pod }]);
    expect(await task.finish()).toEqual(WELL);
  });

  it("deleted by force, with onUnknownFate: Retry from the start, is tried again at once", async (test) => {
    const task = await started(test, "hasty", "node-2", {
      spec: { retry: { infrastructureLimit: 1 }, onUnknownFate: "Retry" },
    });
    await task.deletePodByForce();

    const { status } = await task.retried();
    expect(status.attempts).toMatchObject([{ reason: "UnknownFate", class: "Unknown" }]);
    // Its two attempts may have run at once: that is what was asked for.
    expect(await task.finish()).toMatchObject({ phase: "Succeeded" });
  });

  it("deleted by force while no operator runs waits all the same, and can be cancelled", async (test) => {
    const task = await started(test, "unwatched", "node-2");
    await task.killOperator();
    await task.deletePodByForce();
    await task.room.seePods((pods) => pods.size === 0, { what: "its pod to be gone" });
    await task.startOperator();
    await task.fateUnknown();
    await sleep(NOTHING_HAPPENS_MS);

    expect(await task.room.pods("unwatched")).toEqual([]);
    await task.room.patch("unwatched", { cancel: true });
    const { status } = await task.room.see("unwatched", isOver, { what: "its end" });
    expect(status.phase).toBe("Cancelled");
  });
});

/**
 * A kubelet says this when its machine shuts down, of which it hears from systemd: there is none here, so the pod is a
 * simulated node's, and the words are a kubelet's (pkg/kubelet/nodeshutdown).
 */
it("a pod that ends because its (simulated) node shuts down says so, and is tried again", async (test) => {
  needs(test, "real nodes", "own cluster");
  const room = await Room.open(test, cluster());
  await operatorForTest(test, [`--namespaces=${room.namespace}`], cluster().kubeconfig).ready();
  const retry = { limit: 0, infrastructureLimit: 1, backoff: { initialSeconds: 0 } };
  await room.create("shut", { template: simulated({ "run-for": "forever" }), retry });
  const { status: before } = await room.running("shut");
  await room.client.call("PATCH", `${podsPath(room.namespace)}/${before.podName ?? ""}/status`, shutDown(new Date()));

  const isSecond = { what: "attempt 2 to run" };
  const { status } = await room.see(
    "shut",
    (one) => one.status.attempt === 2 && one.status.phase === "Running",
    isSecond,
  );
  expect(status.attempts).toMatchObject([{ reason: "NodeShutdown", class: "Infrastructure", podName: before.podName }]);
});

async function started(test: TestContext, name: string, node: string, trouble: Trouble = {}): Promise<Troubled> {
  needs(test, "real nodes", "own cluster");
  const refuge = node === "node-1" ? "node-2" : "node-1";
  return await Troubled.start(test, cluster(), { name, node, refuge }, trouble);
}

async function evict({ room, pod }: Troubled): Promise<void> {
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: pod, namespace: room.namespace } };
  await room.client.call("POST", `${podsPath(room.namespace)}/${pod}/eviction`, eviction);
}

/** Makes one that is above that of other pods, and removes it after the test. */
async function priorityClass(test: TestContext, { client, namespace: name }: Room): Promise<string> {
  const path = "/apis/scheduling.k8s.io/v1/priorityclasses";
  const body = { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name }, value: 1000 };
  await client.call("POST", path, body);
  test.onTestFinished(async () => {
    await client.send("DELETE", `${path}/${name}`);
  });
  return name;
}

/** The status of a pod with one container whose node is being shut down. */
function shutDown(now: Date): object {
  const time = `${now.toISOString().slice(0, 19)}Z`;
  const message = "Pod was terminated in response to imminent node shutdown.";
  const terminated = { exitCode: 143, reason: "Error", startedAt: time, finishedAt: time };
  const main = { name: "main", image: "simulated", imageID: "", ready: false, restartCount: 0, state: { terminated } };
  return { status: { phase: "Failed", reason: "Terminated", message, containerStatuses: [main] } };
}
