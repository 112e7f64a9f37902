/** Deadlines of a start, of an attempt and of the whole: each is kept by the clock alone, whether or not anything happens. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { TaskRunSpec } from "../operator/api/types.ts";
import { isOver, messageOf, NOWHERE, OBEDIENT, reasonOf, shell, simulated, template } from "./support/objects.ts";
import type { TaskRun } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile, operatorForTest } from "./support/running.ts";

const AT_ONCE = { initialSeconds: 0, maxSeconds: 0 };
const FOREVER = simulated({ "run-for": "forever" });

describe("while an operator runs", () => {
  operatorForFile();

  describe.concurrent("startDeadlineSeconds", () => {
    it("ends the wait for an image that cannot be pulled", async (test) => {
      const { image } = needs(test, "real nodes");
      const room = await Room.open(test);
      const missing = shell(image, "exit 0", { image: "registry.invalid/no/such:image" });
      const retry = { limit: 3, infrastructureLimit: 0 };
      await room.create("pull", { template: template(missing), startDeadlineSeconds: 10, retry });
      await room.see("pull", (one) => reasonOf(one) === "ImagePullFailed", { what: "ImagePullFailed" });
      const over = await room.over("pull");

      expect(over.status).toMatchObject({
        phase: "Failed",
        attempt: 1,
        failures: { application: 0, infrastructure: 1 },
      });
      expect(over.status.attempts).toMatchObject([{ reason: "StartDeadlineExceeded", class: "Infrastructure" }]);
      expect(reasonOf(over)).toBe("StartDeadlineExceeded");
      expect(messageOf(over)).toContain("The main container did not start in time");
      expect(secondsOf(over)).toBeGreaterThanOrEqual(10);
      await room.seePods((pods) => pods.size === 0, { what: "the pod to go" });
    });

    it("holds for each attempt anew where no node takes the pod", async (test) => {
      const room = await Room.open(test);
      const retry = { infrastructureLimit: 1, backoff: AT_ONCE };
      await room.create("nowhere", { template: NOWHERE, startDeadlineSeconds: 3, retry });
      const over = await room.over("nowhere");

      const { attempts = [] } = over.status;
      expect(attempts.map(({ reason }) => reason)).toEqual(["StartDeadlineExceeded", "StartDeadlineExceeded"]);
      for (const one of attempts) expect(lasted(one)).toBeGreaterThanOrEqual(3);
      expect(reasonOf(over)).toBe("RetriesExhausted");
    });

    it("says nothing of a task that has started", async (test) => {
      needs(test, "simulated nodes");
      const room = await Room.open(test);
      await room.create("started", { template: simulated({ "run-for": "6s" }), startDeadlineSeconds: 4 });

      expect((await room.over("started")).status).toMatchObject({ phase: "Succeeded", attempt: 1 });
    });
  });

  describe.concurrent("attemptDeadlineSeconds", () => {
    it("stops an attempt that takes too long, and the next one has its own time", async (test) => {
      const { image } = needs(test, "real nodes");
      const room = await Room.open(test);
      const retry = { limit: 1, backoff: AT_ONCE };
      await room.create("slow", { template: template(shell(image, OBEDIENT)), attemptDeadlineSeconds: 4, retry });
      const over = await room.over("slow");

      const { attempts = [] } = over.status;
      const want = { reason: "AttemptDeadlineExceeded", class: "Application", exitCode: 3 };
      expect(attempts).toMatchObject([want, want]);
      for (const one of attempts) expect(lasted(one)).toBeGreaterThanOrEqual(4);
      expect(reasonOf(over)).toBe("RetriesExhausted");
      expect(over.status.failures).toEqual({ application: 2, infrastructure: 0 });
    });

    it("yields to activeDeadlineSeconds, which ends the whole, whatever attempts are left", async (test) => {
      needs(test, "simulated nodes");
      const room = await Room.open(test);
      const retry = { limit: 100, backoff: AT_ONCE };
      const deadlines = { attemptDeadlineSeconds: 3, activeDeadlineSeconds: 8 };
      await room.create("whole", { template: FOREVER, retry, ...deadlines });
      const over = await room.over("whole");

      const reasons = over.status.attempts?.map(({ reason }) => reason) ?? [];
      expect(reasons[0]).toBe("AttemptDeadlineExceeded");
      expect(reasonOf(over)).toBe("DeadlineExceeded");
      expect(secondsOf(over)).toBeGreaterThanOrEqual(8);
    });
  });
});

/** One of each kind of deadline; nothing happens to the pods until it passes. */
function each(seconds: number): readonly (readonly [name: string, spec: TaskRunSpec, wantReason: string])[] {
  const retry = { infrastructureLimit: 0 };
  return [
    ["start", { template: NOWHERE, startDeadlineSeconds: seconds, retry }, "StartDeadlineExceeded"],
    ["attempt", { template: FOREVER, attemptDeadlineSeconds: seconds, retry }, "AttemptDeadlineExceeded"],
    ["active", { template: FOREVER, activeDeadlineSeconds: seconds, retry }, "DeadlineExceeded"],
  ];
}

/** Long enough to kill the operator before it, also on a busy machine. */
const PASSED_SECONDS = 15;
const AHEAD_SECONDS = 30;

describe.concurrent("an operator that was killed and started again", () => {
  it("keeps the deadlines that passed meanwhile, and those still to come", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    const flags = [`--namespaces=${room.namespace}`];
    const first = await operatorForTest(test, flags).ready();
    const cases = [
      ...each(PASSED_SECONDS).map(([name, ...rest]) => [`passed-${name}`, ...rest] as const),
      ...each(AHEAD_SECONDS).map(([name, ...rest]) => [`ahead-${name}`, ...rest] as const),
    ];
    for (const [name, spec] of cases) await room.create(name, spec);
    await room.seePods((pods) => pods.size === cases.length, { what: "their pods" });
    await first.kill();
    await sleep((PASSED_SECONDS + 1) * 1000);
    expect(await phases(room, cases)).not.toContain("Failed");
    operatorForTest(test, flags);
    const ends = await Promise.all(cases.map(([name]) => room.over(name)));

    expect(ends.map(reasonOf)).toEqual(cases.map(([, , want]) => want));
    for (const one of ends.slice(3)) expect(secondsOf(one)).toBeGreaterThanOrEqual(AHEAD_SECONDS);
    await room.seePods((pods) => pods.size === 0, { what: "the pods to go" });
  });

  it("takes no success away: success wins over a deadline of any kind", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    const flags = [`--namespaces=${room.namespace}`];
    const first = await operatorForTest(test, flags).ready();
    // There is time to kill the operator after the pod was made, and before it starts.
    const plays = simulated({ "start-after": "6s", "run-for": "1s" });
    const seconds = PASSED_SECONDS;
    await room.create("won", {
      template: plays,
      startDeadlineSeconds: seconds,
      attemptDeadlineSeconds: seconds,
      activeDeadlineSeconds: seconds,
    });
    await room.seePods((pods) => pods.size === 1, { what: "its pod" });
    await first.kill();
    await room.seePods((pods) => [...pods.values()].every(({ status }) => status.phase === "Succeeded"), {
      what: "its success",
    });
    await sleep((seconds + 1) * 1000);
    expect(isOver(await room.taskRun("won"))).toBe(false);
    operatorForTest(test, flags);

    expect((await room.over("won")).status).toMatchObject({ phase: "Succeeded", exitCode: 0, attempt: 1 });
  });
});

async function phases(room: Room, cases: readonly (readonly [string, ...unknown[]])[]): Promise<readonly string[]> {
  const all = await Promise.all(cases.map(([name]) => room.taskRun(name)));
  return all.map(({ status }) => status.phase ?? "");
}

type Span = Pick<TaskRun["status"], "startTime" | "completionTime">;

function secondsOf({ status }: TaskRun): number {
  return lasted(status);
}

function lasted({ startTime, completionTime }: Span): number {
  return (Date.parse(completionTime ?? "") - Date.parse(startTime ?? "")) / 1000;
}
