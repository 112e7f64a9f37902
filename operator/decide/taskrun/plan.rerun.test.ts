/** Changed work, suspensions, and wishes that are taken back. */
import { describe, expect, it } from "vitest";
import type { TaskRunStatus } from "../../api/types.ts";
import { aPod, aStatus, aTaskRun, atMs, NODE } from "../../testing/make.ts";
import type { TaskRunWish } from "../../testing/make.ts";
import { checkSituations as check } from "../../testing/situations.ts";
import { planTaskRun } from "./plan.ts";

/** What aTaskRun() asks for. */
const WORK = aTaskRun().work;
const OLD = "0123456789abcdef";
/** The status was made from an earlier generation of the object. */
const changed = (status: TaskRunStatus, spec: TaskRunWish["spec"] = {}, wish: TaskRunWish = {}) =>
  aTaskRun({ generation: 2, spec, status, ...wish });
/** A pod is being stopped, and the status says why. */
const stopping = (reason: string, workHash: string): TaskRunStatus =>
  aStatus({ phase: "Running", reason, attempts: [], rest: { attempt: 1, podUID: "uid-pod-1", workHash } });
const onNode = new Map([[NODE, { state: "there" as const }]]);

describe("the work has changed", () => {
  check([
    {
      it: "a finished TaskRun begins anew",
      taskRun: changed(aStatus({ phase: "Failed", reason: "ExitCode", rest: { workHash: OLD } })),
      want: { says: "Pending Pending", message: /runs again/, urgency: "now" },
    },
    {
      it: "one that succeeded and was cancelled afterwards stays as it is",
      taskRun: changed(
        aStatus({
          phase: "Succeeded",
          reason: "Succeeded",
          attempts: [{ reason: "Succeeded" }],
          rest: { workHash: OLD },
        }),
        { cancel: true },
      ),
      want: { says: "Succeeded Succeeded" },
    },
    {
      it: "so does one that is being deleted",
      taskRun: changed(
        aStatus({ phase: "Failed", reason: "ExitCode", rest: { workHash: OLD } }),
        {},
        {
          deletionTimestamp: "2030-01-01T00:01:00Z",
          finalizers: ["example.com/hold"],
        },
      ),
      want: { says: "Failed ExitCode" },
    },
    {
      it: "a pod that does not say what it runs, an older Stint's, is stopped as well",
      taskRun: changed(stopping("Running", OLD)),
      pods: [aPod("running")],
      want: { says: "Running Superseded", urgency: "now" },
    },
    {
      it: "and deleted once that is said",
      taskRun: changed(stopping("Superseded", WORK)),
      pods: [aPod("running")],
      want: { does: ["delete uid-pod-1 Superseded"], says: "Running Superseded" },
    },
    {
      it: "its success is none of the new work",
      taskRun: changed(stopping("Superseded", WORK)),
      pods: [aPod("ended")],
      want: { says: "Pending Pending", urgency: "now", wakeAt: 100 },
    },
    {
      it: "taken back while the pod stops, it is not forgotten why the pod stops",
      taskRun: changed(stopping("Superseded", OLD)),
      pods: [aPod("running", { work: WORK, deletedAt: 90 })],
      want: { says: "Running Superseded", urgency: "now" },
    },
    {
      it: "so the end of that pod is no failure, and the next starts at once",
      taskRun: changed(stopping("Superseded", WORK)),
      pods: [aPod("ended", { work: WORK, exitCode: 143, deletedAt: 50 })],
      want: { says: "Pending Pending", wakeAt: 100 },
    },
    {
      it: "changed during a suspension that was taken back, it is not forgotten either",
      taskRun: changed(stopping("Suspended", OLD)),
      pods: [aPod("running", { work: WORK, deletedAt: 90 })],
      want: { says: "Running Suspended", urgency: "now" },
    },
    {
      it: "a suspended TaskRun without a pod begins anew as well",
      taskRun: changed(aStatus({ phase: "Suspended", reason: "Suspended", rest: { workHash: OLD } }), {
        suspend: true,
      }),
      want: { says: "Pending Pending", urgency: "now" },
    },
  ]);
});

describe("work that comes back", () => {
  /** Attempt 1 ran this work, then another was asked for, and this one again before anything of it had begun. */
  const again = (reason: string, exitCode: number): TaskRunStatus => {
    const status = aStatus({
      reason: "Pending",
      attempts: [{ reason, exitCode, workHash: WORK }],
      rest: { workHash: WORK, failures: { application: 0, infrastructure: 0 } },
    });
    const { startTime: _, ...rest } = status;
    return rest;
  };
  check([
    {
      it: "runs again, however it had ended before",
      taskRun: aTaskRun({ status: again("ExitCode", 1) }),
      want: { does: ["create 2"], says: "Pending Pending" },
    },
    {
      it: "also after a success, whose results the status does not hold any more",
      taskRun: aTaskRun({ status: again("Succeeded", 0) }),
      want: { does: ["create 2"], says: "Pending Pending" },
    },
    {
      it: "has all its retries",
      taskRun: aTaskRun({ spec: { retry: { limit: 1 } }, status: again("ExitCode", 1) }),
      pods: [aPod("ended", { attempt: 2, work: WORK, exitCode: 1 })],
      now: 61,
      want: { says: "Pending BackingOff", message: /retry 1 of 1/, wakeAt: 69.689 },
    },
  ]);

  it("begins with a count of zero, which stands in the status", () => {
    const status = aStatus({
      phase: "Failed",
      reason: "ExitCode",
      attempts: [{ workHash: WORK }],
      rest: { workHash: OLD },
    });
    const plan = planTaskRun({ taskRun: changed(status), pods: [], now: atMs(100) });

    expect(plan.status.failures).toStrictEqual({ application: 0, infrastructure: 0 });
  });
});

describe("an end that nobody saw, and a further run", () => {
  const late = aStatus({
    phase: "Running",
    reason: "Running",
    attempts: [],
    rest: { attempt: 1, podUID: "uid-pod-1", nodeName: NODE },
  });
  const spec = { activeDeadlineSeconds: 50 };

  it("a deadline that ends the TaskRun is no proof that the pod has ended, and the attempt says so", () => {
    const plan = planTaskRun({ taskRun: aTaskRun({ spec, status: late }), pods: [], nodes: onNode, now: atMs(100) });

    expect(plan.status).toMatchObject({
      phase: "Failed",
      attempts: [{ reason: "DeadlineExceeded", class: "Unknown" }],
    });
  });

  const ended = aStatus({
    reason: "Pending",
    attempts: [{ reason: "DeadlineExceeded", class: "Unknown", workHash: OLD, nodeName: NODE }],
    rest: { workHash: WORK, nodeName: NODE, podUID: "uid-pod-1" },
  });
  check([
    {
      it: "changed work waits for that proof",
      taskRun: aTaskRun({ spec, status: ended }),
      nodes: onNode,
      now: 10,
      want: { says: "Pending UnknownFate", wakeAt: 50 },
    },
    {
      it: "and starts once its node is gone",
      taskRun: aTaskRun({ spec, status: ended }),
      nodes: new Map([[NODE, { state: "gone" }]]),
      now: 10,
      want: { does: ["create 2"], says: "Pending Pending" },
    },
  ]);
});

describe("suspended and resumed while the pod still stops", () => {
  const resumed = aTaskRun({ spec: { activeDeadlineSeconds: 50 }, status: stopping("Suspended", WORK) });
  check([
    {
      it: "the deadline of the time before does not apply any more",
      taskRun: resumed,
      pods: [aPod("ended", { work: WORK, exitCode: 143, deletedAt: 40 })],
      want: { says: "Pending Pending", wakeAt: 100 },
    },
  ]);

  it("the clock starts anew", () => {
    const pods = [aPod("ended", { work: WORK, exitCode: 143, deletedAt: 40 })];
    const { status } = planTaskRun({ taskRun: resumed, pods, now: atMs(100) });

    expect(status).toMatchObject({ attempts: [{ reason: "Suspended" }] });
    expect(status.startTime).toBeUndefined();
  });
});

describe("two deadlines", () => {
  check([
    {
      it: "the one that had passed when the pod was stopped is the reason, however late that is seen",
      taskRun: aTaskRun({ spec: { attemptDeadlineSeconds: 30, activeDeadlineSeconds: 50 } }),
      pods: [aPod("ended", { exitCode: 143, deletedAt: 30, finishedAt: 32 })],
      want: { says: "Failed AttemptDeadlineExceeded" },
    },
  ]);
});

describe("memory that has grown", () => {
  check([
    {
      it: "is told of for as long as the pause lasts, not only when it is recorded",
      taskRun: aTaskRun({
        spec: { retry: { limit: 1 } },
        status: aStatus({ attempts: [{ reason: "OOMKilled" }], rest: { memory: "96Mi" } }),
      }),
      now: 62,
      want: { says: "Pending BackingOff", message: /with a memory limit of 96Mi/, wakeAt: 68.155 },
    },
  ]);
});

describe("compaction", () => {
  it("takes a change that was not to run anything for done, as any other status does", () => {
    const status = aStatus({
      phase: "Failed",
      reason: "ExitCode",
      rest: { completionTime: "2030-01-01T00:01:00Z", workHash: OLD },
    });
    const taskRun = changed(status, { rerun: "Never", ttlSecondsAfterFinished: 1, ttlAction: "Compact" });

    expect(planTaskRun({ taskRun, pods: [], now: atMs(100) }).status).toMatchObject({
      compacted: true,
      workHash: WORK,
      observedGeneration: 2,
    });
  });
});
