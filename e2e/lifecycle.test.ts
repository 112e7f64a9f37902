/** What a user does to a TaskRun: suspend and resume it, leave it to somebody else, look at it. */
import { describe, expect, it } from "vitest";
import { inWords, operatorWrites } from "./support/audit.ts";
import { PodLedger } from "./support/ledger.ts";
import {
  messageOf,
  NOWHERE,
  OBEDIENT,
  podsPath,
  reasonOf,
  shell,
  simulated,
  template,
  type TaskRun,
} from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";

const FOREVER = simulated({ "run-for": "forever" });
const SHORT = simulated({ "run-for": "10ms" });
const FAILING = simulated({ "run-for": "10ms", "exit-code": "4" });
/** A pause that no test sees the end of. */
const LONG_PAUSE = { limit: 3, backoff: { initialSeconds: 3600, maxSeconds: 3600 } };

operatorForFile();

describe.concurrent("suspend", () => {
  it("stops a running pod gracefully, which is no failure, and resume starts a new attempt", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    await room.create("stops", { template: template(shell(image, OBEDIENT)) });
    await room.running("stops");
    await room.patch("stops", { suspend: true });
    const { status } = await suspended(room, "stops");

    // Exit code 3 is the task's own answer to SIGTERM: it was asked, not killed.
    expect(status).toMatchObject({ attempt: 1, exitCode: 3, attempts: [{ number: 1, reason: "Suspended" }] });
    expect(status.attempts?.[0]).not.toHaveProperty("class");
    expect([status.failures, status.startTime, status.completionTime]).toEqual([undefined, undefined, undefined]);
    await room.seePods((pods) => pods.size === 0, { what: "the pod to go" });
    await room.patch("stops", { suspend: false });
    const resumed = await room.attemptRuns("stops", 2);
    expect(resumed.status).toMatchObject({ attempts: [{ number: 1, reason: "Suspended" }] });
    expect(resumed.status.failures).toBeUndefined();
    expect(await room.pods("stops")).toHaveLength(1);
  });

  it("from the start means no pod and one write, the status; resume starts attempt 1", async (test) => {
    const { dir } = needs(test, "own cluster", "simulated nodes");
    const room = await Room.open(test);
    await room.create("held", { template: SHORT, suspend: true });
    await suspended(room, "held");
    // Somebody else's whole life passes meanwhile.
    await room.create("other", { template: SHORT });
    await room.over("other");
    expect(await writesOf(dir, room, "held")).toEqual(["update taskruns/status held: 200"]);
    await room.patch("held", { suspend: false });
    const over = await room.over("held");

    expect(over.status).toMatchObject({ phase: "Succeeded", attempt: 1 });
  });

  it("and resume before the pod has stopped: the next attempt waits for that", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const ledger = await PodLedger.start(room.client, room.namespace);
    test.onTestFinished(() => ledger.stop());
    const slow = shell(image, "trap 'sleep 4; exit 3' TERM; sleep 86400 & wait");
    await room.create("hasty", { template: template(slow) });
    await room.running("hasty");
    await room.patch("hasty", { suspend: true });
    await room.seePods((pods) => [...pods.values()].every((pod) => pod.metadata.deletionTimestamp !== undefined), {
      what: "its pod to be told to stop",
    });
    await room.patch("hasty", { suspend: false });
    const { status } = await room.attemptRuns("hasty", 2);

    expect(status.attempts).toMatchObject([{ number: 1, reason: "Suspended", exitCode: 3 }]);
    expect(status.failures).toBeUndefined();
    expect(ledger.violations()).toEqual([]);
  });

  it("in the pause between attempts keeps the failures on record, and going on does not wait for the rest of it", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    await room.create("pausing", { template: FAILING, retry: LONG_PAUSE });
    await backingOff(room, "pausing");
    await room.patch("pausing", { suspend: true });
    const { status } = await suspended(room, "pausing");

    expect(status.failures).toEqual({ application: 1, infrastructure: 0 });
    expect(status.nextAttemptTime).toBeUndefined();
    await room.patch("pausing", { suspend: false });
    await room.see("pausing", (one) => one.status.attempts?.length === 2, { what: "the second attempt" });
  });

  it("does not keep a TaskRun from being cancelled", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    await room.create("fresh", { template: SHORT, suspend: true });
    await suspended(room, "fresh");
    await room.create("stopped", { template: FOREVER });
    await room.running("stopped");
    await room.patch("stopped", { suspend: true });
    await suspended(room, "stopped");
    for (const name of ["fresh", "stopped"]) await room.patch(name, { cancel: true });
    const ends = [await room.over("fresh"), await room.over("stopped")];

    expect(ends.map(reasonOf)).toEqual(["Cancelled", "Cancelled"]);
    expect(ends.map(messageOf)).toEqual([
      "Cancelled by spec.cancel, before its first attempt.",
      "Cancelled by spec.cancel, after attempt 1.",
    ]);
  });

  it("does not take a success away", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    await room.create("done", { template: SHORT });
    const { status } = await room.over("done");
    const seen = await room.lookedAt(await room.patch("done", { suspend: true }));

    expect(seen.status).toMatchObject({ phase: "Succeeded", completionTime: status.completionTime });
  });
});

it("a TaskRun that is managedBy somebody else, and its pods, are left wholly alone", async (test) => {
  const { dir } = needs(test, "own cluster", "simulated nodes");
  const room = await Room.open(test);
  const managedBy = "example.com/other";
  const { metadata } = await room.create("foreign", { template: SHORT, managedBy, activeDeadlineSeconds: 1 });
  const owner = { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", name: "foreign", uid: metadata.uid };
  const labels = { "stint.dev/taskrun": "foreign", "stint.dev/attempt": "1" };
  const theirs = { metadata: { name: "foreign-1", labels, ownerReferences: [{ ...owner, controller: true }] } };
  await room.client.call("POST", podsPath(room.namespace), { ...theirs, spec: FOREVER["spec"] });
  await room.patch("foreign", { template: FAILING });
  await room.patch("foreign", { suspend: true });
  await room.patch("foreign", { cancel: true });
  // What was changed before is seen before: one watch tells both.
  await room.create("ours", { template: SHORT });
  await room.over("ours");

  expect((await room.taskRun("foreign")).status).toEqual({ phase: "Pending", observedGeneration: 0 });
  expect(await writesOf(dir, room, "foreign")).toEqual([]);
  const [pod, ...more] = await room.pods("foreign");
  expect([pod?.metadata.deletionTimestamp, more]).toEqual([undefined, []]);
});

it("kubectl get taskruns tells where each stands, and why", async (test) => {
  needs(test, "simulated nodes");
  const room = await Room.open(test);
  await room.create("a-held", { template: SHORT, suspend: true });
  await room.create("b-waits", { template: NOWHERE });
  await room.create("c-runs", { template: FOREVER });
  await room.create("d-pauses", { template: FAILING, retry: LONG_PAUSE });
  await room.create("e-stopped", { template: FOREVER });
  await room.create("f-cancelled", { template: FOREVER });
  await room.create("g-done", { template: SHORT });
  await room.create("h-failed", { template: FAILING });
  await room.create("i-late", { template: NOWHERE, startDeadlineSeconds: 1, retry: { infrastructureLimit: 0 } });
  await room.create("j-foreign", { template: SHORT, managedBy: "example.com/other" });
  for (const name of ["e-stopped", "f-cancelled"]) await room.running(name);
  await room.patch("e-stopped", { suspend: true });
  await room.patch("f-cancelled", { cancel: true });
  await Promise.all(["f-cancelled", "g-done", "h-failed", "i-late"].map((name) => room.over(name)));
  await Promise.all(["a-held", "e-stopped"].map((name) => suspended(room, name)));
  await Promise.all([room.running("c-runs"), backingOff(room, "d-pauses")]);
  await room.see("b-waits", (one) => reasonOf(one) === "Unschedulable", { what: "Unschedulable" });

  const rows = await room.kubectl.table(["taskruns"]);
  const printed = rows.map(({ NAME, STATUS, REASON, ATTEMPT }) => [NAME, STATUS, REASON, ATTEMPT].join(" ").trimEnd());
  expect(printed).toEqual([
    "a-held Suspended Suspended",
    "b-waits Pending Unschedulable 1",
    "c-runs Running Running 1",
    "d-pauses Pending BackingOff 1",
    "e-stopped Suspended Suspended 1",
    "f-cancelled Cancelled Cancelled 1",
    "g-done Succeeded Succeeded 1",
    "h-failed Failed ExitCode 1",
    "i-late Failed StartDeadlineExceeded 1",
    "j-foreign Pending",
  ]);
  // A duration is that of something that has ended.
  const durations = rows.filter(({ DURATION }) => DURATION !== "").map(({ NAME }) => NAME?.slice(0, 1));
  expect(durations).toEqual(["f", "g", "h", "i"]);
});

async function suspended(room: Room, name: string): Promise<TaskRun> {
  return await room.see(name, ({ status }) => status.phase === "Suspended", { what: "phase Suspended" });
}

async function backingOff(room: Room, name: string): Promise<TaskRun> {
  return await room.see(name, (one) => reasonOf(one) === "BackingOff", { what: "the pause" });
}

/** The operator's writes about one TaskRun: it, its pods and its events. */
async function writesOf(dir: string, room: Room, name: string): Promise<readonly string[]> {
  const writes = await operatorWrites(dir, room.namespace);
  return writes.map(inWords).filter((words) => words.includes(` ${name}`));
}
