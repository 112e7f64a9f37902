/** What holds for every plan, whatever was observed: odd pods, odd statuses, any order of things. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Refusal } from "../../api/action.ts";
import { Reason } from "../../api/names.ts";
import { TERMINAL_PHASES } from "../../api/records.ts";
import type { PodRecord, TaskRunRecord } from "../../api/records.ts";
import type { TaskRunSpec, TaskRunStatus } from "../../api/types.ts";
import { NODE, TASK, aPod, aStatus, aTaskRun, at, atMs } from "../../testing/make.ts";
import type { PodWish, Stage, TaskRunWish } from "../../testing/make.ts";
import { loadSchema, problemsOf, pruned } from "../../testing/sim/apiserver/schema.ts";
import { NO_NODES } from "./nodes.ts";
import type { NodeFacts } from "./nodes.ts";
import { provenEnded } from "./proof.ts";
import type { Observed } from "./facts.ts";
import { planTaskRun } from "./plan.ts";
import type { Plan } from "./plan.ts";

type Retry = NonNullable<TaskRunSpec["retry"]>;

const RUNS = { numRuns: 2000 };
const WORK = aTaskRun().work;

const stages = fc.constantFrom<Stage>(
  "waitsForNode",
  "unschedulable",
  "starting",
  "imagePull",
  "running",
  "ended",
  "sidecarLeft",
  "initRunning",
  "initFailed",
  "neverStarted",
  "evicted",
  "lostToPodGC",
);
const seconds = fc.integer({ min: 0, max: 200 });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const words = fc.oneof(fc.string({ unit: "binary" }), fc.constant("x".repeat(20_000)), fc.constant("\u202e\ud800\n\0"));

const pods: fc.Arbitrary<PodRecord> = fc
  .record({
    stage: stages,
    attempt: fc.integer({ min: 1, max: 4 }),
    exitCode: fc.constantFrom(0, 1, 137),
    endReason: maybe(fc.constantFrom("OOMKilled", "StartError")),
    endMessage: maybe(words),
    finishedAt: seconds,
    createdAt: seconds,
    deletedAt: maybe(seconds),
    message: maybe(words),
    reason: maybe(fc.oneof(fc.constantFrom("Evicted", "Terminated", "NodeLost"), words)),
    disrupted: maybe(fc.constantFrom("PreemptionByScheduler", "DeletionByPodGC", "Unheard")),
    gone: maybe(fc.constantFrom("seen" as const, "missed" as const)),
    stranger: fc.constantFrom(false, false, false, true),
  })
  .map(({ stage, stranger, ...wish }) =>
    aPod(stage, {
      ...(defined(wish) satisfies PodWish),
      ...(stranger && { owner: { uid: "uid-of-another" }, uid: `uid-stranger-${wish.attempt}` }),
    }),
  );

function defined<T extends object>(wish: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined)) as never;
}

const statuses: fc.Arbitrary<TaskRunStatus> = fc
  .record({
    phase: fc.constantFrom("Pending", "Running", "Running", "Suspended", "Succeeded", "Failed", "Cancelled" as const),
    reason: fc.constantFrom(...Object.values(Reason)),
    ends: fc.array(fc.constantFrom(...Object.values(Reason)), { maxLength: 3 }),
    named: fc.boolean(),
    workHash: fc.constantFrom(undefined, WORK, WORK, "0123456789abcdef"),
  })
  .map(({ phase, reason, ends, named, workHash }) => {
    const attempts = ends.map((end) => ({ reason: end }));
    const rest = named ? { attempt: ends.length + 1, podUID: `uid-pod-${ends.length + 1}`, podName: "named" } : {};
    const status = aStatus({ phase, reason, attempts, rest: { ...rest, ...defined({ workHash }) } });
    const { startTime: _, attempt: _1, ...unborn } = status;
    return named || ends.length > 0 ? status : unborn;
  });

/** All pods of this test are on one node. */
const nodes: fc.Arbitrary<NodeFacts> = fc
  .record({
    state: fc.constantFrom("there" as const, "outOfService" as const, "gone" as const, "unknown" as const),
    createdAt: seconds.map(at),
  })
  .map((fact) => new Map([[NODE, fact]]));

const refusals: fc.Arbitrary<Refusal> = fc.record({
  attempt: fc.integer({ min: 1, max: 4 }),
  generation: fc.integer({ min: 1, max: 3 }),
  kind: fc.constantFrom("Invalid", "NameTaken", "PolicyForbidden", "Forbidden", "Quota", "Unavailable"),
  message: words,
  retryAt: seconds.map(atMs),
});

const rules = fc
  .record({ action: fc.constantFrom("Fail", "Retry") })
  .chain(({ action }) =>
    fc.constantFrom(
      { action, reasons: ["ExitCode"] as const },
      { action, exitCodes: { operator: "NotIn", values: [137] } as const },
      { action, reasons: ["OOMKilled"] as const, ...(action === "Retry" && { memory: { factor: "1.5", max: "1Gi" } }) },
    ),
  );

const taskRuns: fc.Arbitrary<TaskRunRecord> = fc
  .record({
    status: maybe(statuses),
    cancel: fc.constantFrom(false, false, true),
    activeDeadlineSeconds: maybe(fc.integer({ min: 1, max: 150 })),
    limit: fc.integer({ min: 0, max: 5 }),
    backoff: fc.record({
      initialSeconds: fc.nat(60),
      factor: fc.integer({ min: 1, max: 10 }),
      maxSeconds: fc.nat(300),
    }),
    infrastructureLimit: maybe(fc.integer({ min: 0, max: 5 })),
    rules: maybe(fc.array(rules, { minLength: 1, maxLength: 3 })),
    avoidNode: maybe(fc.constantFrom("Prefer", "Require")),
    deletion: fc.constantFrom(undefined, undefined, undefined, "collected", "held"),
    generation: fc.integer({ min: 1, max: 3 }),
    more: fc.record({
      attemptDeadlineSeconds: maybe(fc.integer({ min: 1, max: 150 })),
      startDeadlineSeconds: maybe(fc.integer({ min: 1, max: 150 })),
      onUnknownFate: maybe(fc.constantFrom("Wait", "Retry")),
      suspend: fc.constantFrom(undefined, undefined, true),
      rerun: maybe(fc.constantFrom("OnSpecChange", "Never")),
      managedBy: fc.constantFrom(undefined, undefined, undefined, "stint.dev/operator", "example.com/other"),
    }),
  })
  .map(({ status, cancel, activeDeadlineSeconds, deletion, generation, more, ...retry }) =>
    aTaskRun({
      generation,
      ...defined({ status }),
      ...deletionWish(deletion),
      spec: { cancel, retry: defined(retry) as unknown as Retry, ...defined({ activeDeadlineSeconds, ...more }) },
    }),
  );

function deletionWish(deletion: TaskRunRecord["deletion"]): TaskRunWish {
  if (deletion === undefined) return {};
  const finalizers = deletion === "held" ? ["example.com/hold"] : ["example.com/hold", "foregroundDeletion"];
  return { deletionTimestamp: at(10), finalizers };
}

const situations: fc.Arbitrary<Observed> = fc
  .record({
    taskRun: taskRuns,
    // The API server has one pod of a name; a store has one record of a uid.
    pods: fc.uniqueArray(pods, { maxLength: 3, selector: (pod) => pod.uid }),
    now: fc.integer({ min: 0, max: 400 }).map(atMs),
    refusal: maybe(refusals),
    nodes: maybe(nodes),
    stopRefused: maybe(fc.record({ uid: fc.constantFrom("uid-pod-1", "uid-pod-2"), message: words })),
  })
  .map(({ refusal, ...observed }) => {
    // We ask for an attempt's pod only once the end of the one before it is written.
    const next = (observed.taskRun.status.attempts?.length ?? 0) + 1;
    const asked = <T extends { readonly attempt: number }>(one: T | undefined): T | undefined =>
      one === undefined || one.attempt > next ? undefined : one;
    return defined({ ...observed, refusal: asked(refusal) }) as Observed;
  });

function holds(check: (observed: Observed, plan: Plan) => void): void {
  fc.assert(
    fc.property(situations, (observed) => check(observed, planTaskRun(observed))),
    RUNS,
  );
}

/** What is seen once the status is written and nothing else has happened. */
function written(observed: Observed, { status }: Plan): Observed {
  const { taskRun } = observed;
  const { spec } = taskRun;
  const deletion = deletionWish(taskRun.deletion);
  const stored = JSON.parse(JSON.stringify(status)) as TaskRunStatus;
  return { ...observed, taskRun: aTaskRun({ generation: taskRun.generation, spec, status: stored, ...deletion }) };
}

/** The work has changed, and is to run again. */
const anew = ({ spec, status, work }: TaskRunRecord): boolean =>
  spec.rerun !== "Never" && status.phase !== "Cancelled" && (status.workHash ?? work) !== work;
const stopsAtAWish = ({ status }: TaskRunRecord): boolean =>
  status.conditions?.some(({ reason }) => reason === Reason.Suspended || reason === Reason.Superseded) === true;
const own = (observed: Observed): readonly PodRecord[] => observed.pods.filter((pod) => pod.ownerUid === TASK.uid);
const finished = (status: TaskRunStatus): boolean => TERMINAL_PHASES.has(status.phase ?? "");

describe("whatever is observed, a plan", () => {
  it("makes no pod while one of its own is not proven to have ended", () => {
    holds((observed, { actions }) => {
      const creates = actions.some((action) => action.kind === "CreatePod");
      const alive = own(observed).filter(
        (pod) => pod.gone === undefined && !provenEnded(pod, observed.nodes ?? NO_NODES),
      );

      expect(creates ? alive : []).toEqual([]);
    });
  });

  it("makes no pod after an attempt whose pod is known and not proven to have ended, unless asked to", () => {
    holds((observed, { actions }) => {
      if (observed.taskRun.spec.onUnknownFate === "Retry") return;
      const creates = actions.filter((action) => action.kind === "CreatePod");
      const last = observed.taskRun.status.attempts?.at(-1)?.number ?? 0;
      const unproven = own(observed).filter(
        (pod) => pod.attempt === last && !provenEnded(pod, observed.nodes ?? NO_NODES),
      );

      expect(creates.length > 0 ? unproven : []).toEqual([]);
    });
  });

  it("makes no pod for an attempt that had one, known or named in the status", () => {
    holds((observed, { actions }) => {
      const { status } = observed.taskRun;
      const had = [...own(observed).map((pod) => pod.attempt), ...(status.attempts ?? []).map((one) => one.number)];
      if (status.podUID !== undefined) had.push(status.attempt);
      const creates = actions.flatMap((action) => (action.kind === "CreatePod" ? [action.attempt] : []));

      expect(creates.filter((attempt) => had.includes(attempt))).toEqual([]);
    });
  });

  it("makes no pod after the end, while being deleted, suspended or run by somebody else, or when cancelled", () => {
    holds(({ taskRun }, { actions, status }) => {
      const { cancel, suspend, managedBy } = taskRun.spec;
      const wished = cancel === true || suspend === true || managedBy === "example.com/other";
      const over = finished(taskRun.status) || finished(status) || taskRun.deletion !== undefined || wished;

      expect(over ? actions.filter((action) => action.kind === "CreatePod") : []).toEqual([]);
    });
  });

  it("never makes two pods, and never makes one while it deletes another", () => {
    holds((_, { actions }) => {
      const creates = actions.filter((action) => action.kind === "CreatePod").length;

      expect(creates === 0 || actions.length === 1).toBe(true);
    });
  });

  it("deletes only its own living pods, by uid and by the version it saw, and asks once", () => {
    holds((observed, { actions }) => {
      const want = own(observed).filter((pod) => pod.gone === undefined && pod.deletionAskedMs === undefined);
      for (const action of actions.filter((one) => one.kind === "DeletePod")) {
        const pod = want.find((one) => one.uid === action.uid);

        expect(pod).toMatchObject({ name: action.name, resourceVersion: action.resourceVersion });
      }
    });
  });

  it("leaves alone what somebody else runs", () => {
    holds(({ taskRun }, { status, actions }) => {
      if (taskRun.spec.managedBy !== "example.com/other") return;
      expect([status, actions]).toEqual([taskRun.status, []]);
    });
  });

  it("never changes an end that was written, unless the work has changed", () => {
    holds(({ taskRun }, { status }) => {
      if (anew(taskRun)) return;
      const outcome = ({ phase, attempts, exitCode, completionTime, duration, podUID }: TaskRunStatus): unknown => [
        [phase, attempts, exitCode],
        [completionTime, duration, podUID],
      ];

      expect(finished(taskRun.status) ? outcome(status) : {}).toEqual(
        finished(taskRun.status) ? outcome(taskRun.status) : {},
      );
    });
  });

  it("takes no recorded attempt back and counts on without a gap in time", () => {
    holds(({ taskRun }, { status }) => {
      const before = (taskRun.status.attempts ?? []).map((one) => one.number);
      const after = (status.attempts ?? []).map((one) => one.number);

      expect(after.slice(0, before.length)).toEqual(before);
      expect(after).toEqual(after.toSorted((a, b) => a - b));
      expect(new Set(after).size).toBe(after.length);
    });
  });

  it("says the same in phase and condition", () => {
    const wantOf = { Succeeded: "True", Failed: "False", Cancelled: "False" } as const;
    holds((_, { status }) => {
      const said = status.conditions?.find((one) => one.type === "Succeeded")?.status;

      expect(said ?? "Unknown").toBe(
        new Map<string, string>(Object.entries(wantOf)).get(status.phase ?? "") ?? "Unknown",
      );
    });
  });

  it("says a status that the schema takes whole, of bounded size", () => {
    const schema = loadSchema("taskruns").properties?.["status"] ?? {};
    holds((_, { status }) => {
      const stored: unknown = JSON.parse(JSON.stringify(status));
      const dropped: string[] = [];
      pruned(schema, stored, "", dropped);

      expect(problemsOf(schema, stored)).toEqual([]);
      expect(dropped).toEqual([]);
      expect(Buffer.byteLength(JSON.stringify(status))).toBeLessThan(256 * 1024);
    });
  });

  it("is the same every time", () => {
    holds((observed, plan) => {
      expect(planTaskRun(observed)).toEqual(plan);
    });
  });

  it("says nothing new once its status is written", () => {
    holds((observed, plan) => {
      const next = written(observed, plan);
      // Two pods of one TaskRun are somebody else's doing; what is said of them settles with the second write. Changed work is
      // announced first, and what is said of a pod that vanished while it stopped at a wish replaces that wish.
      const twice = own(observed).length > 1 || anew(observed.taskRun) || stopsAtAWish(observed.taskRun);
      const settled = twice ? written(next, planTaskRun(next)) : next;

      expect(planTaskRun(settled).status).toEqual(settled.taskRun.status);
    });
  });

  it("names a time that is still to come once its status is written, unless it acts", () => {
    holds((observed, plan) => {
      const said = written(observed, plan);
      const next = planTaskRun(anew(observed.taskRun) ? written(said, planTaskRun(said)) : said);
      const idle = next.actions.length === 0 && next.wakeAt !== undefined;

      expect(idle ? (next.wakeAt ?? 0) > observed.now : true).toBe(true);
    });
  });

  it("forgets only pods that are gone, and none whose end is still to be recorded", () => {
    holds((observed, { forget }) => {
      const recorded = new Set((observed.taskRun.status.attempts ?? []).map((one) => one.number));
      const kept = observed.pods.filter((pod) => forget.includes(pod.uid));

      expect(kept.filter((pod) => pod.gone === undefined)).toEqual([]);
      if (finished(observed.taskRun.status) || observed.taskRun.spec.managedBy === "example.com/other") return;
      expect(kept.filter((pod) => !recorded.has(pod.attempt ?? 0))).toEqual([]);
    });
  });
});

describe("sizes stay bounded", () => {
  const huge = "€".repeat(10 * 1024 * 1024);

  it.each([
    ["a termination message of 10 MB", aPod("ended", { exitCode: 1, endMessage: huge })],
    ["a pod message of 10 MB", aPod("evicted", { message: huge })],
    ["a pod reason of 10 MB", aPod("evicted", { reason: huge })],
  ])("with %s", (_, pod) => {
    const { status } = planTaskRun({ taskRun: aTaskRun(), pods: [pod], now: atMs(100) });

    expect(JSON.stringify(status).length).toBeLessThan(4096);
    expect(status.attempts?.[0]?.message?.length).toBeLessThanOrEqual(1024);
  });

  it("with a refusal of 10 MB", () => {
    const refusal = { attempt: 1, generation: 1, kind: "Quota", message: huge, retryAt: atMs(200) } as const;
    const { status } = planTaskRun({ taskRun: aTaskRun(), pods: [], now: atMs(100), refusal });

    expect(JSON.stringify(status).length).toBeLessThan(4096);
  });

  it("with more than ten attempts: the last ten are kept, and counting goes on", () => {
    const retry = { limit: 100, backoff: { initialSeconds: 0, factor: 1, maxSeconds: 0 } };
    let status: TaskRunStatus = { phase: "Pending" };
    for (let attempt = 1; attempt <= 25; attempt += 1) {
      const taskRun = aTaskRun({ spec: { retry }, status });
      const create = planTaskRun({ taskRun, pods: [], now: atMs(1000 * attempt) });
      expect(create.actions).toMatchObject([{ kind: "CreatePod", attempt }]);
      const pod = aPod("ended", { attempt, exitCode: 1, createdAt: 1000 * attempt, finishedAt: 1000 * attempt + 5 });
      status = planTaskRun({ taskRun, pods: [pod], now: atMs(1000 * attempt + 6) }).status;
    }
    const wantNumbers = [16, 17, 18, 19, 20, 21, 22, 23, 24, 25];

    expect(status.attempts?.map((one) => one.number)).toEqual(wantNumbers);
    expect(status.startTime).toBe(at(1000));
    expect(status.attempt).toBe(25);
  });
});
