/** Ends that somebody asked for: deletion, cancel, deadline; and pods that others deleted or own. */
import { describe, expect, it } from "vitest";
import {
  isOver,
  messageOf,
  NOWHERE,
  OBEDIENT,
  reasonOf,
  shell,
  simulated,
  taskRunsPath,
  template,
  type Pod,
} from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";

/** How long kubectl waits for the end of a deletion, and how long we wait for kubectl. */
const PATIENT = ["--timeout=120s"];
const WAITING = { limitMs: 130_000 };

operatorForFile();

describe.concurrent("deleting a TaskRun", () => {
  it("takes its running pod along, in the background", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    await room.create("gone", { template: template(shell(image, OBEDIENT)) });
    await room.running("gone");
    await room.kubectl.run(["delete", "taskrun", "gone", "--cascade=background"]);

    await room.seePods((pods) => pods.size === 0, { what: "the pod to go" });
    expect((await room.client.send("GET", `${taskRunsPath(room.namespace)}/gone`)).status).toBe(404);
  });

  it("in the foreground waits until its pod has stopped", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    await room.create("fore", { template: template(shell(image, OBEDIENT)) });
    await room.running("fore");
    await room.kubectl.run(["delete", "taskrun", "fore", "--cascade=foreground", ...PATIENT], WAITING);

    // kubectl returns when the TaskRun is gone; nothing of it may run then.
    expect(await room.pods("fore")).toEqual([]);
  });

  it("with --cascade=orphan leaves the pod alone", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    await room.create("orphan", { template: template(shell(image, OBEDIENT)) });
    const { status } = await room.running("orphan");
    await room.kubectl.run(["delete", "taskrun", "orphan", "--cascade=orphan", ...PATIENT], WAITING);

    const [pod] = await room.pods("orphan");
    expect(pod?.metadata).toMatchObject({ name: status.podName, uid: status.podUID });
    expect(pod?.metadata.deletionTimestamp).toBeUndefined();
    expect(pod?.metadata.ownerReferences ?? []).toEqual([]);
    expect(pod?.status.phase).toBe("Running");
  });
});

describe.concurrent("cancel", () => {
  it("ends a TaskRun that still waits for a node", async (test) => {
    const room = await Room.open(test);
    await room.create("waits", { template: NOWHERE });
    const seen = await room.see("waits", (one) => reasonOf(one) === "Unschedulable", { what: "Unschedulable" });
    expect(seen.status.phase).toBe("Pending");
    await room.patch("waits", { cancel: true });
    const over = await room.over("waits");

    expect(over.status.phase).toBe("Cancelled");
    expect(reasonOf(over)).toBe("Cancelled");
    await room.seePods((pods) => pods.size === 0, { what: "the pod to go" });
  });

  it("stops a running pod gracefully, and is final", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    await room.create("runs", { template: template(shell(image, OBEDIENT)), retry: { limit: 3 } });
    const { status } = await room.running("runs");
    await room.patch("runs", { cancel: true });
    const over = await room.over("runs");

    // Exit code 3 is the task's own answer to SIGTERM: it was asked, not killed.
    expect(over.status).toMatchObject({ phase: "Cancelled", attempt: 1, exitCode: 3, podName: status.podName });
    expect(over.status.attempts).toMatchObject([{ number: 1, reason: "Cancelled" }]);
    await room.seePods((pods) => pods.size === 0, { what: "the pod to go" });
    const words = await room.kubectl.refused([
      "patch",
      "tkr",
      "runs",
      "--type=merge",
      "-p",
      '{"spec":{"cancel":false}}',
    ]);
    expect(words).toContain("cancel is final");
  });

  it("does not take a success away", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    await room.create("done", { template: simulated({ "run-for": "10ms" }) });
    const { status } = await room.over("done");
    const { metadata } = await room.patch("done", { cancel: true });
    const what = { what: "the operator to have seen the cancel" };
    const seen = await room.see("done", (one) => one.status.observedGeneration === metadata.generation, what);

    expect(seen.status).toMatchObject({ phase: "Succeeded", completionTime: status.completionTime });
  });
});

describe.concurrent("activeDeadlineSeconds", () => {
  it("stops what runs too long", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    await room.create("late", { template: template(shell(image, OBEDIENT)), activeDeadlineSeconds: 4 });
    const over = await room.over("late");

    expect(over.status.phase).toBe("Failed");
    expect(reasonOf(over)).toBe("DeadlineExceeded");
    expect(messageOf(over)).toContain("activeDeadlineSeconds");
    await room.seePods((pods) => pods.size === 0, { what: "the pod to go" });
  });

  it("counts the pauses between attempts, too", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    const retry = { limit: 5, backoff: { initialSeconds: 3600, maxSeconds: 3600 } };
    const failing = simulated({ "run-for": "10ms", "exit-code": "1" });
    await room.create("pauses", { template: failing, retry, activeDeadlineSeconds: 3 });
    const over = await room.over("pauses");

    expect(reasonOf(over)).toBe("DeadlineExceeded");
    expect(over.status.attempts).toHaveLength(1);
  });
});

describe.concurrent("a pod that somebody deletes", () => {
  it("is replaced once it has really stopped: a TaskRun never has two pods that may run at once", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const retry = { limit: 1, backoff: { initialSeconds: 0 } };
    await room.create("deleted", { template: template(shell(image, OBEDIENT)), retry });
    const { status } = await room.running("deleted");
    await room.kubectl.run(["delete", "pod", status.podName ?? "", "--wait=false"]);
    const seen = await room.see("deleted", (one) => one.status.attempt === 2 && one.status.phase === "Running", {
      what: "attempt 2 to run",
    });

    const [first] = seen.status.attempts ?? [];
    expect(first).toMatchObject({ number: 1, reason: "PodDeleted", podUID: status.podUID });
    const [second, ...more] = await room.pods("deleted");
    expect(more).toEqual([]);
    expect(second?.metadata.name).not.toBe(status.podName);
    const created = Date.parse(second?.metadata.creationTimestamp ?? "");
    expect(created).toBeGreaterThanOrEqual(Date.parse(first?.completionTime ?? ""));
  });

  it("before it had a node is replaced by the next attempt: nothing of it can run", async (test) => {
    const room = await Room.open(test);
    const retry = { limit: 1, backoff: { initialSeconds: 0 } };
    await room.create("unplaced", { template: NOWHERE, retry });
    const [first] = (await room.seePods((pods) => pods.size === 1, { what: "its first pod" })).values();
    await room.kubectl.run(["delete", "pod", first?.metadata.name ?? "", "--wait=false"]);
    const isSecond = ({ metadata }: Pod): boolean => metadata.labels?.["stint.dev/attempt"] === "2";
    await room.seePods((pods) => [...pods.values()].some(isSecond), { what: "the pod of attempt 2" });

    const { status } = await room.see("unplaced", (one) => one.status.attempts !== undefined, { what: "its attempts" });
    const { uid: podUID } = first?.metadata ?? {};
    expect(status.attempts?.[0]).toMatchObject({ number: 1, reason: "PodDeleted", podUID });
    expect(await room.pods("unplaced")).toHaveLength(1);
  });

  it("fails a TaskRun without retries for that as PodDeleted", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const retry = { limit: 3, infrastructureLimit: 0 };
    await room.create("once", { template: template(shell(image, OBEDIENT)), retry });
    const { status } = await room.running("once");
    await room.kubectl.run(["delete", "pod", status.podName ?? "", "--wait=false"]);
    const over = await room.over("once");

    expect(over.status.phase).toBe("Failed");
    expect(reasonOf(over)).toBe("PodDeleted");
  });

  it("by force, without proof of its end, is not run again", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    await room.create("forced", { template: simulated({ "run-for": "forever" }), retry: { infrastructureLimit: 3 } });
    const { status } = await room.running("forced");
    await room.kubectl.run(["delete", "pod", status.podName ?? "", "--grace-period=0", "--force"]);
    const waits = await room.see("forced", (one) => reasonOf(one) === "UnknownFate", { what: "reason UnknownFate" });

    expect(isOver(waits)).toBe(false);
    expect(waits.status.attempts).toBeUndefined();
    expect(await room.pods("forced")).toEqual([]);
  });
});
