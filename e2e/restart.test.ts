/** What an operator makes of what it finds when it starts. Each test runs its own. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { podName } from "../operator/decide/childname.ts";
import { isOver, messageOf, OBEDIENT, podsPath, reasonOf, shell, simulated, taskRunsPath } from "./support/objects.ts";
import type { Metadata, Pod, TaskRun } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";
import { untilAll } from "./support/waiting.ts";

describe.concurrent("an operator that starts", () => {
  it("knows that success wins over a deadline, though the deadline passed while no operator ran", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    const flags = [`--namespaces=${room.namespace}`];
    const first = await operatorForTest(test, flags).ready();
    // There is time to kill the operator after the pod was made, and before it ends.
    const template = simulated({ "start-after": "5s", "run-for": "1s" });
    await room.create("won", { template, activeDeadlineSeconds: 15 });
    await onePod(room, "created");
    await first.kill();
    await onePod(room, "Succeeded");
    await untilSeconds(15, room);
    expect(isOver(await room.taskRun("won"))).toBe(false);
    operatorForTest(test, flags);
    const over = await room.over("won");

    expect(over.status).toMatchObject({ phase: "Succeeded", exitCode: 0 });
  });

  it("stops what ran past its deadline while no operator ran", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    const flags = [`--namespaces=${room.namespace}`];
    const first = await operatorForTest(test, flags).ready();
    await room.create("late", { template: simulated({ "run-for": "forever" }), activeDeadlineSeconds: 10 });
    await onePod(room, "created");
    await first.kill();
    await onePod(room, "Running");
    await untilSeconds(10, room);
    expect(isOver(await room.taskRun("late"))).toBe(false);
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

  it("knows that a terminal outcome never changes, whatever became of spec and pods since", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    const flags = [`--namespaces=${room.namespace}`];
    const first = await operatorForTest(test, flags).ready();
    await room.create("good", { template: simulated({ "run-for": "10ms" }) });
    await room.create("bad", { template: simulated({ "run-for": "10ms", "exit-code": "4" }) });
    const before = [await room.over("good"), await room.over("bad")];
    expect(before.map(({ status }) => status.phase)).toEqual(["Succeeded", "Failed"]);
    const changes = { retry: { limit: 3 }, activeDeadlineSeconds: 1, rerun: "Never" } as const;
    const other = { template: simulated({ "exit-code": "5" }) };
    for (const name of ["good", "bad"]) await room.lookedAt(await room.patch(name, { ...changes, ...other }));
    await room.kubectl.run(["delete", "pods", "--all"]);
    await first.kill();
    const patched = [await room.patch("good", { cancel: true }), await room.patch("bad", { cancel: true })];
    await operatorForTest(test, flags).ready();
    const after = [];
    for (const taskRun of patched) after.push(await room.lookedAt(taskRun));

    expect(after.map(outcomeOf)).toEqual(before.map(outcomeOf));
    expect(await room.pods()).toEqual([]);
  });

  it.for(["nobody", "another owner"])(
    "keeps one pod per attempt: it leaves a pod of %s alone, even under the name it needs",
    async (owner, test) => {
      const room = await Room.open(test);
      const { metadata } = await room.create("taken", { template: simulated({}) });
      const name = podName("taken", 1, metadata.uid);
      const nowhere = {
        nodeSelector: { "stint.dev/e2e": "no-such-node" },
        containers: [{ name: "main", image: "none" }],
      };
      // Labels are no proof of ownership.
      const labels = { "stint.dev/taskrun": "taken", "stint.dev/attempt": "1" };
      const ownerReferences = owner === "nobody" ? [] : [await otherOwner(room)];
      const stranger = { metadata: { name, labels, ownerReferences }, spec: nowhere };
      const before = await room.client.call<Pod>("POST", podsPath(room.namespace), stranger);
      operatorForTest(test, [`--namespaces=${room.namespace}`]);
      const over = await room.over("taken");

      expect(over.status.phase).toBe("Failed");
      expect(reasonOf(over)).toBe("PodNameTaken");
      expect(messageOf(over)).toContain(name);
      const [pod] = await room.pods();
      expect(identityOf(pod)).toEqual(identityOf(before));
      expect(pod?.metadata.deletionTimestamp).toBeUndefined();
    },
  );
});

/** All that the status says, but of which spec and work. */
function outcomeOf({ status: { observedGeneration: _seen, workHash: _work, conditions, ...rest } }: TaskRun): object {
  return { ...rest, conditions: conditions?.map(({ observedGeneration: _of, ...condition }) => condition) };
}

/** A controller that is no TaskRun. It exists, or the garbage collector would delete what it owns. */
async function otherOwner(room: Room): Promise<object> {
  const body = { metadata: { name: "other" } };
  const path = `/api/v1/namespaces/${room.namespace}/configmaps`;
  const { metadata } = await room.client.call<{ readonly metadata: Metadata }>("POST", path, body);
  return { apiVersion: "v1", kind: "ConfigMap", name: "other", uid: metadata.uid, controller: true };
}

function identityOf(pod: Pod | undefined): object {
  const { uid, labels, ownerReferences } = pod?.metadata ?? {};
  return { uid, labels, ownerReferences };
}

/** Waits until there is one pod, in the given phase. */
async function onePod(room: Room, state: "created" | "Running" | "Succeeded"): Promise<void> {
  const wanted = ({ status }: Pod): boolean => state === "created" || status.phase === state;
  await room.seePods((pods) => pods.size === 1 && [...pods.values()].every(wanted), { what: `its pod to be ${state}` });
}

/** Waits until a deadline, counted from the creation of the pod, has passed. */
async function untilSeconds(deadline: number, room: Room): Promise<void> {
  const [pod] = await room.pods();
  await sleep(Date.parse(pod?.metadata.creationTimestamp ?? "") + (deadline + 1) * 1000 - Date.now());
}

/** How a running pod can be made to stop, and what must be said of it. */
const STOPS: readonly (readonly [string, (room: Room) => Promise<unknown>])[] = [
  ["DeadlineExceeded", (room) => room.patch("stops", { activeDeadlineSeconds: 1 })],
  ["Cancelled", (room) => room.patch("stops", { cancel: true })],
  ["PodDeleted", (room) => room.kubectl.run(["delete", "pod", "--all", "--wait=false"])],
];

describe.concurrent("an operator that was suspended while a pod stopped still says why:", () => {
  it.for(STOPS)("%s", async ([reason, stop], test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const operator = await operatorForTest(test, [`--namespaces=${room.namespace}`]).ready();
    // The pod goes away seconds after its main container ended: its last state then is another one than at that end.
    const main = shell(image, OBEDIENT);
    const slow = shell(image, "trap 'sleep 3; exit 0' TERM; sleep 86400 & wait", { name: "slow" });
    const pod = { terminationGracePeriodSeconds: 30, containers: [main, slow] };
    await room.create("stops", { template: { spec: pod }, retry: { infrastructureLimit: 0 } });
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
