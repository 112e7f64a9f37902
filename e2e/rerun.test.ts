/** Changed work runs again, whatever became of the old one; changes of anything else run nothing. */
import { describe, expect, it } from "vitest";
import { PodLedger } from "./support/ledger.ts";
import { isOver, manifest, OBEDIENT, reasonOf, shell, simulated, template, type TaskRun } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";

const FOREVER = simulated({ "run-for": "forever" });
const SHORT = simulated({ "run-for": "10ms" });
const FAILING = simulated({ "run-for": "10ms", "exit-code": "4" });
/** A pause that no test sees the end of. */
const LONG_PAUSE = { limit: 3, backoff: { initialSeconds: 3600, maxSeconds: 3600 } };

operatorForFile();

describe.concurrent("a changed template", () => {
  it("runs a finished TaskRun again; the old outcome stays in attempts", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    await room.kubectl.apply(manifest("done", { template: template(shell(image, "exit 4")) }));
    const { status: before } = await room.over("done");
    await room.kubectl.apply(manifest("done", { template: template(shell(image, "echo corrected")) }));
    const { status } = await succeeded(room, "done");

    expect(status.attempts).toMatchObject([
      { number: 1, reason: "ExitCode", exitCode: 4, podName: before.podName },
      { number: 2, reason: "Succeeded", exitCode: 0 },
    ]);
    expect(status.failures).toEqual({ application: 0, infrastructure: 0 });
    expect(status.workHash).not.toBe(before.workHash);
    expect(await room.kubectl.run(["logs", status.podName ?? ""])).toBe("corrected\n");
    // Applied again, it is the same work.
    await room.kubectl.apply(manifest("done", { template: template(shell(image, "echo corrected")) }));
    expect((await room.taskRun("done")).status).toEqual(status);
  });

  it("stops the running pod first, which is no failure", async (test) => {
    const { image } = needs(test, "real nodes");
    const room = await Room.open(test);
    const ledger = await PodLedger.start(room.client, room.namespace);
    test.onTestFinished(() => ledger.stop());
    await room.create("runs", { template: template(shell(image, OBEDIENT)) });
    await room.running("runs");
    await room.patch("runs", { template: template(shell(image, "echo new")) });
    const { status } = await succeeded(room, "runs");

    expect(status.attempts).toMatchObject([
      { number: 1, reason: "Superseded", exitCode: 3 },
      { number: 2, reason: "Succeeded" },
    ]);
    expect(status.attempts?.[0]).not.toHaveProperty("class");
    expect(ledger.violations()).toEqual([]);
  });

  it("ends the pause between attempts, and the failures of the old work count no more", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    await room.create("pausing", { template: FAILING, retry: LONG_PAUSE });
    await backingOff(room, "pausing");
    await room.patch("pausing", { template: simulated({ "exit-code": "0" }) });
    const { status } = await succeeded(room, "pausing");

    expect(status).toMatchObject({ attempt: 2, attempts: [{ reason: "ExitCode" }, { reason: "Succeeded" }] });
    expect(status.failures).toEqual({ application: 0, infrastructure: 0 });
  });

  it("runs nothing again with rerun: Never, nor after a cancel; other fields never do", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    await room.create("never", { template: SHORT, rerun: "Never" });
    await room.create("fields", { template: SHORT });
    await room.create("cancelled", { template: FOREVER });
    await room.running("cancelled");
    await room.patch("cancelled", { cancel: true });
    const names = ["never", "fields", "cancelled"];
    const before = await Promise.all(names.map((name) => room.over(name)));
    const changed = [
      await room.patch("never", { template: FAILING }),
      await room.patch("fields", {
        retry: { limit: 3, infrastructureLimit: 0 },
        startDeadlineSeconds: 1,
        attemptDeadlineSeconds: 1,
        activeDeadlineSeconds: 1,
        ttlSecondsAfterFinished: 3600,
        onUnknownFate: "Retry",
        podRetention: "OnFailure",
      }),
      await room.patch("cancelled", { template: FAILING }),
    ];
    const after = await Promise.all(changed.map((one) => room.lookedAt(one)));

    expect(after.map(({ status: { phase } }) => phase)).toEqual(["Succeeded", "Succeeded", "Cancelled"]);
    expect(after.map(outcomeOf)).toEqual(before.map(outcomeOf));
  });

  it("does not stop a running pod with rerun: Never", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    await room.create("never", { template: FOREVER, rerun: "Never" });
    const { status } = await room.running("never");
    const seen = await room.lookedAt(await room.patch("never", { template: FAILING }));

    expect(seen.status).toMatchObject({ phase: "Running", attempt: 1, podUID: status.podUID });
    expect((await room.pods("never")).map(({ metadata }) => metadata.deletionTimestamp)).toEqual([undefined]);
  });
});

async function backingOff(room: Room, name: string): Promise<TaskRun> {
  return await room.see(name, (one) => reasonOf(one) === "BackingOff", { what: "the pause" });
}

/** Waits until the spec as it is now has succeeded. */
async function succeeded(room: Room, name: string): Promise<TaskRun> {
  const { metadata } = await room.taskRun(name);
  const isIt = (one: TaskRun): boolean => one.status.observedGeneration === metadata.generation && isOver(one);
  const over = await room.see(name, isIt, { what: "the end of the changed work" });
  expect(over.status.phase).toBe("Succeeded");
  return over;
}

/** All that the status says, but of which spec. */
function outcomeOf({ status }: TaskRun): object {
  const { observedGeneration: _seen, workHash: _work, conditions, ...rest } = status;
  return { ...rest, conditions: conditions?.map(({ observedGeneration: _of, ...condition }) => condition) };
}
