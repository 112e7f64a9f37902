/** What an operator makes of what it finds when it starts. Each test runs its own. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { TaskRunSpec } from "../operator/api/types.ts";
import { podName } from "../operator/decide/childname.ts";
import { isOver, messageOf, podsPath, reasonOf, shell, simulated, taskRunsPath } from "./support/objects.ts";
import type { Pod, TaskRun } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";
import { untilAll } from "./support/waiting.ts";

describe.concurrent("an operator that starts", () => {
  it("counts a success before the deadline, though the deadline passed while no operator ran", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    const flags = [`--namespaces=${room.namespace}`];
    const first = await operatorForTest(test, flags).ready();
    const seconds = 5;
    await room.create("won", { template: simulated({ "run-for": "2s" }), activeDeadlineSeconds: seconds });
    const { status } = await room.running("won");
    await first.kill();
    await room.seePods((pods) => [...pods.values()].every((pod) => pod.status.phase === "Succeeded"), {
      what: "the pod to succeed on its own",
    });
    expect(isOver(await room.taskRun("won"))).toBe(false);
    await sleep(Date.parse(status.startTime ?? "") + (seconds + 1) * 1000 - Date.now());
    operatorForTest(test, flags);
    const over = await room.over("won");

    expect(over.status).toMatchObject({ phase: "Succeeded", exitCode: 0 });
  });

  it("stops what ran past its deadline while no operator ran", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    const flags = [`--namespaces=${room.namespace}`];
    const first = await operatorForTest(test, flags).ready();
    await room.create("late", { template: simulated({ "run-for": "forever" }), activeDeadlineSeconds: 2 });
    const { status } = await room.running("late");
    await first.kill();
    await sleep(Date.parse(status.startTime ?? "") + 3_000 - Date.now());
    operatorForTest(test, flags);
    const over = await room.over("late");

    expect(reasonOf(over)).toBe("DeadlineExceeded");
    await room.seePods((pods) => pods.size === 0, { what: "the pod to go" });
  });

  it("picks up TaskRuns that were created, cancelled and deleted meanwhile", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    const flags = [`--namespaces=${room.namespace}`];
    const first = await operatorForTest(test, flags).ready();
    const forever = simulated({ "run-for": "forever" });
    for (const name of ["cancelled", "deleted"]) await room.create(name, { template: forever });
    for (const name of ["cancelled", "deleted"]) await room.running(name);
    await first.kill();
    await room.create("created", { template: simulated({ "run-for": "100ms" }) });
    await room.patch("cancelled", { cancel: true });
    await room.kubectl.run(["delete", "tkr", "deleted"]);
    operatorForTest(test, flags);

    const path = taskRunsPath(room.namespace);
    const all = await untilAll<TaskRun>(room.client, path, (seen) => [...seen.values()].every(isOver), {
      what: "both TaskRuns that are left to end",
    });
    expect([...all].map(([name, { status }]) => `${name} ${status.phase}`).toSorted()).toEqual([
      "cancelled Cancelled",
      "created Succeeded",
    ]);
    await room.seePods((pods) => [...pods.values()].every((pod) => pod.status.phase === "Succeeded"), {
      what: "the pods of the others to go",
    });
  });

  it("leaves a stranger's pod alone, even under the name it needs itself", async (test) => {
    const room = await Room.open(test);
    const { metadata } = await room.create("taken", { template: simulated({}) });
    const name = podName("taken", 1, metadata.uid);
    const nowhere = {
      nodeSelector: { "stint.dev/e2e": "no-such-node" },
      containers: [{ name: "main", image: "none" }],
    };
    const stranger = { metadata: { name, labels: { owner: "somebody-else" } }, spec: nowhere };
    const before = await room.client.call<Pod>("POST", podsPath(room.namespace), stranger);
    operatorForTest(test, [`--namespaces=${room.namespace}`]);
    const over = await room.over("taken");

    expect(over.status.phase).toBe("Failed");
    expect(reasonOf(over)).toBe("PodNameTaken");
    expect(messageOf(over)).toContain(name);
    const [pod] = await room.pods();
    expect(pod?.metadata).toMatchObject({ uid: before.metadata.uid, labels: { owner: "somebody-else" } });
    expect(pod?.metadata.deletionTimestamp).toBeUndefined();
    expect(pod?.metadata.ownerReferences).toBeUndefined();
  });
});

/** How a running pod can be made to stop, and what must be said of it. */
const STOPS: readonly (readonly [string, Partial<TaskRunSpec>, (room: Room) => Promise<unknown>])[] = [
  ["DeadlineExceeded", { activeDeadlineSeconds: 4 }, () => Promise.resolve()],
  ["Cancelled", {}, (room) => room.patch("stops", { cancel: true })],
  ["PodDeleted", {}, (room) => room.kubectl.run(["delete", "pod", "--all", "--wait=false"])],
];

describe.concurrent("an operator that was suspended while a pod stopped still says why:", () => {
  it.for(STOPS)("%s", async ([reason, spec, stop], test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const operator = await operatorForTest(test, [`--namespaces=${room.namespace}`]).ready();
    const wait = "while :; do sleep 1; done";
    // The pod goes away seconds after its main container ended: its last state then is another one than at that end.
    const main = shell(image, `trap 'exit 3' TERM; ${wait}`);
    const slow = shell(image, `trap 'sleep 3; exit 0' TERM; ${wait}`, { name: "slow" });
    const pod = { terminationGracePeriodSeconds: 20, containers: [main, slow] };
    await room.create("stops", { template: { spec: pod }, ...spec });
    await room.running("stops");
    await stop(room);
    await room.seePods((pods) => [...pods.values()].every((one) => one.metadata.deletionTimestamp !== undefined), {
      what: "the pod to be deleted",
    });
    operator.suspend();
    await room.seePods((pods) => pods.size === 0, { what: "the pod to go" });
    operator.resume();
    const over = await room.over("stops");

    expect(over.status.attempts).toMatchObject([{ number: 1, reason, exitCode: 3 }]);
  });
});
