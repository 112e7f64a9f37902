/** What follows a failed attempt: another one or none, when, with how much memory, and on which node. */
import { describe, expect, it } from "vitest";
import type { TaskRunSpec } from "../operator/api/types.ts";
import { ATTEMPT, messageOf, OBEDIENT, podsPath, reasonOf, shell, simulated, template } from "./support/objects.ts";
import type { Pod, Simulation, TaskRun } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile, operatorForTest } from "./support/running.ts";

type Retry = NonNullable<TaskRunSpec["retry"]>;
type RetryRules = NonNullable<Retry["rules"]>;

const AT_ONCE = { initialSeconds: 0, maxSeconds: 0 };

interface RuleCase {
  readonly says: string;
  readonly plays: Simulation;
  readonly rules: RetryRules;
  readonly wantReason: "ExitCode" | "OOMKilled" | "RetriesExhausted";
}

const SIXTY_FOUR: Simulation = { "run-for": "10ms", "exit-code": "64" };
const OOM: Simulation = { "run-for": "10ms", "oom-killed": "true" };

const RULE_CASES: readonly RuleCase[] = [
  {
    says: "Fail ends a TaskRun at once for an exit code that is named",
    plays: SIXTY_FOUR,
    rules: [{ exitCodes: { operator: "In", values: [2, 64] }, action: "Fail" }],
    wantReason: "ExitCode",
  },
  {
    says: "Fail ends it at once for every exit code but those named",
    plays: SIXTY_FOUR,
    rules: [{ exitCodes: { operator: "NotIn", values: [75] }, action: "Fail" }],
    wantReason: "ExitCode",
  },
  {
    says: "Fail ends it at once for a reason",
    plays: OOM,
    rules: [{ reasons: ["OOMKilled"], action: "Fail" }],
    wantReason: "OOMKilled",
  },
  {
    says: "an exit code that no rule names is tried again",
    plays: SIXTY_FOUR,
    rules: [{ exitCodes: { operator: "In", values: [2] }, action: "Fail" }],
    wantReason: "RetriesExhausted",
  },
  {
    says: "the first rule that matches decides",
    plays: SIXTY_FOUR,
    rules: [
      { exitCodes: { operator: "In", values: [64] }, action: "Retry" },
      { exitCodes: { operator: "NotIn", values: [1] }, action: "Fail" },
    ],
    wantReason: "RetriesExhausted",
  },
];

describe("a failed attempt:", () => {
  operatorForFile();

  describe.concurrent("two budgets:", () => {
    it("exit codes count on retry.limit, deleted and evicted pods on retry.infrastructureLimit", async (test) => {
      const { image } = needs(test, "real nodes");
      const room = await Room.open(test);
      const main = shell(image, `test "$ATTEMPT" -gt 2 && exit 7; ${OBEDIENT}`, { env: [ATTEMPT] });
      const retry = { limit: 1, infrastructureLimit: 2, backoff: AT_ONCE };
      await room.create("both", { template: template(main), retry });
      await deletePod(room, await room.attemptRuns("both", 1));
      const second = await room.attemptRuns("both", 2);
      expect(second.status.failures).toEqual({ application: 0, infrastructure: 1 });
      await evictPod(room, second);
      const over = await room.over("both");

      expect(over.status.attempts).toMatchObject([
        { number: 1, reason: "PodDeleted", class: "Infrastructure" },
        { number: 2, reason: "Evicted", class: "Infrastructure" },
        { number: 3, reason: "ExitCode", class: "Application" },
        { number: 4, reason: "ExitCode", class: "Application" },
      ]);
      expect(over.status.failures).toEqual({ application: 2, infrastructure: 2 });
      expect(reasonOf(over)).toBe("RetriesExhausted");
      expect(messageOf(over)).toMatch(/^The task failed 2 times \(retry\.limit 1\)\. .*exit code 7/);
    });

    it("the infrastructure's own can be used up, too, whatever retry.limit has left", async (test) => {
      needs(test, "simulated nodes");
      const room = await Room.open(test);
      const retry = { limit: 5, infrastructureLimit: 1, backoff: AT_ONCE };
      await room.create("lost", { template: simulated({ "run-for": "forever" }), retry });
      for (const attempt of [1, 2]) await deletePod(room, await room.attemptRuns("lost", attempt));
      const over = await room.over("lost");

      expect(over.status).toMatchObject({ phase: "Failed", failures: { application: 0, infrastructure: 2 } });
      expect(reasonOf(over)).toBe("RetriesExhausted");
      expect(messageOf(over)).toMatch(/^The infrastructure failed it 2 times \(retry\.infrastructureLimit 1\)/);
    });
  });

  describe.concurrent("retry.rules:", () => {
    it.for(RULE_CASES)("$says", async ({ plays, rules, wantReason }, test) => {
      needs(test, "simulated nodes");
      const room = await Room.open(test);
      await room.create("rules", { template: simulated(plays), retry: { limit: 1, backoff: AT_ONCE, rules } });
      const over = await room.over("rules");

      expect(reasonOf(over)).toBe(wantReason);
      // With retry.limit 1 a failure that no rule ends has two attempts.
      const ended = wantReason !== "RetriesExhausted";
      expect(over.status.attempts).toHaveLength(ended ? 1 : 2);
      expect(messageOf(over).includes("Not tried again, by a rule of retry.rules.")).toBe(ended);
    });

    it("Fail for a deleted pod: what must not be started twice is not, once its pod has stopped", async (test) => {
      const { image } = needs(test, "real nodes");
      const room = await Room.open(test);
      const rules: RetryRules = [{ reasons: ["PodDeleted", "Evicted"], action: "Fail" }];
      await room.create("once", { template: template(shell(image, OBEDIENT)), retry: { limit: 3, rules } });
      await deletePod(room, await room.attemptRuns("once", 1));
      const over = await room.over("once");

      expect(over.status).toMatchObject({ phase: "Failed", attempt: 1, exitCode: 3 });
      expect(reasonOf(over)).toBe("PodDeleted");
    });
  });

  describe.concurrent("the next attempt", () => {
    it("has more memory after an OOM kill, up to max, and keeps it after another failure", async (test) => {
      const { image } = needs(test, "real nodes");
      const room = await Room.open(test);
      // tail keeps the last line, and this one has no end.
      const script = `case $ATTEMPT in 1|2) exec tail /dev/zero;; 3) ${OBEDIENT};; esac`;
      const main = shell(image, script, { env: [ATTEMPT], resources: { limits: { memory: "32Mi" } } });
      const rules: RetryRules = [{ reasons: ["OOMKilled"], action: "Retry", memory: { factor: "2", max: "96Mi" } }];
      const before = await room.create("eater", {
        template: template(main),
        retry: { limit: 2, backoff: AT_ONCE, rules },
      });
      const third = await room.attemptRuns("eater", 3);
      expect(third.status).toMatchObject({ memory: "96Mi", failures: { application: 2, infrastructure: 0 } });
      const pods = [...(await room.pods("eater"))].toSorted(byAttempt);
      expect(pods.map(memoryLimit)).toEqual(["32Mi", "64Mi", "96Mi"]);
      await deletePod(room, third);
      const over = await room.over("eater");

      expect(over.status).toMatchObject({ phase: "Succeeded", attempt: 4, memory: "96Mi" });
      const reasons = over.status.attempts?.map(({ reason }) => reason);
      expect(reasons).toEqual(["OOMKilled", "OOMKilled", "PodDeleted", "Succeeded"]);
      expect(memoryLimit(await podOf(room, over))).toBe("96Mi");
      expect(over.spec).toEqual(before.spec);
    });

    it.for(["Require", "Prefer"] as const)(
      "with avoidNode %s is on another node than the failed ones",
      async (avoidNode, test) => {
        needs(test, "simulated nodes");
        const room = await Room.open(test);
        const plays = simulated({ "run-for": "10ms", "exit-code": "1" });
        await room.create("moves", { template: plays, retry: { limit: 2, backoff: AT_ONCE, avoidNode } });
        const stays = (one: TaskRun): boolean => one.status.phase === "Failed" || reasonOf(one) === "Unschedulable";
        const { status } = await room.see("moves", stays, { what: "its third attempt" });

        const nodes = status.attempts?.map(({ nodeName }) => nodeName) ?? [];
        expect(new Set(nodes.slice(0, 2)).size).toBe(2);
        // There are two such nodes: the third attempt can do without another one, or it must wait for one.
        expect([status.phase, nodes.length]).toEqual(avoidNode === "Prefer" ? ["Failed", 3] : ["Pending", 2]);
      },
    );
  });
});

describe.concurrent("backoff", () => {
  it("is shortened by chance, and the same after the operator was killed in the pause", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    const flags = [`--namespaces=${room.namespace}`];
    const first = await operatorForTest(test, flags).ready();
    const plays = simulated({ "run-for": "10ms", "exit-code": "1" });
    const pauses = { short: 15, long1: 1000, long2: 1000, long3: 1000, long4: 1000 };
    for (const [name, initialSeconds] of Object.entries(pauses)) {
      const backoff = { initialSeconds, maxSeconds: initialSeconds };
      await room.create(name, { template: plays, retry: { limit: 1, backoff } });
    }
    const before: TaskRun[] = [];
    for (const name of Object.keys(pauses)) before.push(await pausing(room, name));
    await first.kill();
    await operatorForTest(test, flags).ready();
    await runsOrRan(room, "short", 2);

    const [short, ...long] = before;
    const [, second] = [...(await room.pods("short"))].toSorted(byAttempt);
    const created = Date.parse(second?.metadata.creationTimestamp ?? "");
    expect(created).toBeGreaterThanOrEqual(Date.parse(short?.status.nextAttemptTime ?? ""));
    const lengths = long.map(pauseSeconds);
    expect(lengths.every((seconds) => seconds >= 800 && seconds <= 1000)).toBe(true);
    expect(new Set(lengths).size).toBeGreaterThan(1);
    for (const one of long) expect((await room.taskRun(one.metadata.name)).status).toEqual(one.status);
  });
});

async function runsOrRan(room: Room, name: string, attempt: number): Promise<void> {
  await room.see(name, ({ status }) => status.attempt === attempt, { what: `attempt ${attempt}` });
}

async function pausing(room: Room, name: string): Promise<TaskRun> {
  return await room.see(name, ({ status }) => status.nextAttemptTime !== undefined, { what: "the pause" });
}

/** From the end of the last attempt to the next one. */
function pauseSeconds({ status }: TaskRun): number {
  const ended = Date.parse(status.attempts?.at(-1)?.completionTime ?? "");
  return (Date.parse(status.nextAttemptTime ?? "") - ended) / 1000;
}

async function deletePod(room: Room, { status }: TaskRun): Promise<void> {
  await room.kubectl.run(["delete", "pod", status.podName ?? "", "--wait=false"]);
}

async function evictPod({ client, namespace }: Room, { status: { podName: name } }: TaskRun): Promise<void> {
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
  await client.call("POST", `${podsPath(namespace)}/${name}/eviction`, eviction);
}

async function podOf(room: Room, { status }: TaskRun): Promise<Pod> {
  return await room.client.call("GET", `${podsPath(room.namespace)}/${status.podName}`);
}

function byAttempt(a: Pod, b: Pod): number {
  const [first, second] = [a, b].map(({ metadata }) => Number(metadata.labels?.["stint.dev/attempt"]));
  return (first ?? 0) - (second ?? 0);
}

function memoryLimit({ spec }: Pod): string | undefined {
  return spec.containers?.[0]?.resources?.limits?.["memory"];
}
