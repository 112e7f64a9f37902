/** What people wish of a TaskRun while it is there: suspend, resume, other work, deadlines, somebody else's hands. */
import { describe, expect, it } from "vitest";
import type { TaskRunRecord } from "../../api/records.ts";
import type { TaskRunStatus } from "../../api/types.ts";
import { aPod, aStatus, aTaskRun, at, atMs } from "../../testing/make.ts";
import { checkSituations as check } from "../../testing/situations.ts";
import { planTaskRun } from "./plan.ts";

const WORK = aTaskRun().work;
const OLD = "0123456789abcdef";
const named: TaskRunStatus = {
  phase: "Running",
  observedGeneration: 1,
  attempt: 1,
  podName: "pod",
  podUID: "uid-pod-1",
  startTime: at(0),
  workHash: WORK,
};
const saying = (reason: string, rest: Partial<TaskRunStatus> = {}): TaskRunStatus => ({
  ...named,
  conditions: [{ type: "Succeeded", status: "Unknown", reason, message: "", lastTransitionTime: at(0) }],
  ...rest,
});
/** Generation 2: the status was made from the one before. */
const wishing = (spec: object, status: TaskRunStatus = named): TaskRunRecord =>
  aTaskRun({ spec, status, generation: 2 });

/** As a suspension leaves it. */
function unstarted({ startTime: _start, ...status }: TaskRunStatus): TaskRunStatus {
  return status;
}

describe("suspend", () => {
  const suspend = true;
  check([
    {
      it: "before the first pod makes none",
      taskRun: aTaskRun({ spec: { suspend } }),
      want: { says: "Suspended Suspended" },
    },
    {
      it: "is said before the pod is deleted, so that it is still known when the pod has gone",
      taskRun: wishing({ suspend }),
      pods: [aPod("running")],
      want: { says: "Running Suspended", urgency: "now" },
    },
    {
      it: "then deletes the pod",
      taskRun: wishing({ suspend }, saying("Suspended")),
      pods: [aPod("running")],
      want: { does: ["delete uid-pod-1 Suspended"], says: "Running Suspended" },
    },
    {
      it: "is recorded when the pod has stopped",
      taskRun: wishing({ suspend }, saying("Suspended")),
      pods: [aPod("ended", { exitCode: 143, deletedAt: 50 })],
      want: { says: "Suspended Suspended", urgency: "now" },
    },
    {
      it: "that was taken back while the pod stops is no failure of anybody",
      taskRun: wishing({ retry: { infrastructureLimit: 0 } }, saying("Suspended")),
      pods: [aPod("ended", { exitCode: 143, deletedAt: 50 })],
      want: { says: "Pending Pending", wakeAt: 100 },
    },
    {
      it: "does not take a success away",
      taskRun: wishing({ suspend }, saying("Suspended")),
      pods: [aPod("ended")],
      want: { says: "Succeeded Succeeded" },
    },
    {
      it: "does not hide that the task has failed for good",
      taskRun: wishing({ suspend }),
      pods: [aPod("ended", { exitCode: 3 })],
      want: { says: "Failed ExitCode" },
    },
    {
      it: "knows no deadline",
      taskRun: wishing({ suspend, activeDeadlineSeconds: 1 }, { phase: "Suspended", workHash: WORK }),
      now: 5000,
      want: { says: "Suspended Suspended" },
    },
    {
      it: "ends with a cancel",
      taskRun: wishing({ suspend, cancel: true }, { phase: "Suspended", workHash: WORK }),
      want: { says: "Cancelled Cancelled" },
    },
    {
      it: "false again starts the next attempt at once",
      taskRun: wishing({}, aStatus({ phase: "Suspended", reason: "Suspended", attempts: [{ reason: "Suspended" }] })),
      now: 61,
      want: { does: ["create 2"], says: "Pending Pending" },
    },
    {
      it: "false again does not wait for the rest of a pause",
      taskRun: wishing(
        { retry: { limit: 1, backoff: { initialSeconds: 3600, maxSeconds: 3600 } } },
        unstarted(
          aStatus({
            phase: "Suspended",
            reason: "Suspended",
            attempts: [{ reason: "ExitCode", exitCode: 1 }],
            rest: { failures: { application: 1, infrastructure: 0 } },
          }),
        ),
      ),
      now: 61,
      want: { does: ["create 2"], says: "Pending Pending" },
    },
  ]);

  it("counts on no budget, and the clock of the whole starts anew", () => {
    const pods = [aPod("ended", { exitCode: 143, deletedAt: 50 })];
    const { status } = planTaskRun({ taskRun: wishing({ suspend }, saying("Suspended")), pods, now: atMs(100) });

    expect(status.attempts).toMatchObject([{ number: 1, reason: "Suspended", exitCode: 143 }]);
    expect([status.failures, status.startTime, status.attempts?.[0]?.class]).toEqual([undefined, undefined, undefined]);
  });
});

describe("other work", () => {
  const done = aStatus({ phase: "Succeeded", reason: "Succeeded", attempts: [{ reason: "Succeeded", workHash: OLD }] });
  const finished = { ...done, completionTime: at(60), exitCode: 0, results: { rows: "1" }, workHash: OLD };
  check([
    {
      it: "is announced first, of a finished TaskRun",
      taskRun: wishing({}, finished),
      want: { says: "Pending Pending", message: /work has changed/, urgency: "now" },
    },
    {
      it: "then gets the next attempt, without a pause",
      taskRun: wishing({}, { ...finished, phase: "Pending", workHash: WORK }),
      want: { does: ["create 2"], says: "Pending Pending" },
    },
    {
      it: "of a running one is announced together with the stop of its pod",
      taskRun: wishing({}, { ...named, workHash: OLD }),
      pods: [{ ...aPod("running"), work: OLD }],
      want: { says: "Running Superseded", urgency: "now" },
    },
    {
      it: "then stops the pod of the old work",
      taskRun: wishing({}, saying("Superseded")),
      pods: [{ ...aPod("running"), work: OLD }],
      want: { does: ["delete uid-pod-1 Superseded"], says: "Running Superseded" },
    },
    {
      it: "starts once the pod of the old work has ended, however it ended",
      taskRun: wishing({}, saying("Superseded")),
      pods: [{ ...aPod("ended"), work: OLD }],
      want: { says: "Pending Pending", wakeAt: 100 },
    },
    {
      it: "waits for the proof that the old pod has ended, as ever",
      taskRun: wishing({}, saying("Superseded")),
      pods: [{ ...aPod("running", { gone: "seen" }), work: OLD }],
      want: { says: "Running UnknownFate" },
    },
    {
      it: "does not forget that the end of the old pod is unproven",
      taskRun: wishing({}, { ...aStatus({ phase: "Running", reason: "Stopping" }), workHash: OLD }),
      want: { says: "Pending Stopping" },
    },
    {
      it: "means nothing with rerun: Never",
      taskRun: wishing({ rerun: "Never" }, { ...named, workHash: OLD }),
      pods: [{ ...aPod("running"), work: OLD }],
      want: { says: "Running Running" },
    },
    {
      it: "means nothing to a cancelled one",
      taskRun: wishing({ cancel: true }, { ...aStatus({ phase: "Cancelled", reason: "Cancelled" }), workHash: OLD }),
      want: { says: "Cancelled Cancelled" },
    },
    {
      it: "is none where an older Stint wrote no hash",
      taskRun: wishing({}, done),
      want: { says: "Succeeded Succeeded" },
    },
  ]);

  it("begins with clean books, and the old outcome stays on record", () => {
    const failed = { ...finished, failures: { application: 3, infrastructure: 1 }, memory: "2Gi" };
    const { status } = planTaskRun({ taskRun: wishing({}, failed), pods: [], now: atMs(100) });

    expect(status.attempts).toMatchObject([{ number: 1, reason: "Succeeded", workHash: OLD }]);
    expect(status.failures).toEqual({ application: 0, infrastructure: 0 });
    expect([status.memory, status.results, status.startTime, status.completionTime]).toEqual(Array.from({ length: 4 }));
    expect(status.workHash).toBe(WORK);
  });
});

describe("deadlines of an attempt", () => {
  check([
    {
      it: "are awaited: the nearest",
      taskRun: wishing({ attemptDeadlineSeconds: 500, startDeadlineSeconds: 200, activeDeadlineSeconds: 900 }),
      pods: [aPod("starting")],
      want: { says: "Pending Pending", wakeAt: 200 },
    },
    {
      it: "to start are over once main runs",
      taskRun: wishing({ attemptDeadlineSeconds: 500, startDeadlineSeconds: 200 }),
      pods: [aPod("running")],
      want: { says: "Running Running", wakeAt: 500 },
    },
    {
      it: "stop a pod that does not start",
      taskRun: wishing({ startDeadlineSeconds: 60 }),
      pods: [aPod("imagePull")],
      want: { does: ["delete uid-pod-1 StartDeadlineExceeded"], says: "Pending ImagePullFailed" },
    },
    {
      it: "leave a pod alone that started in time",
      taskRun: wishing({ startDeadlineSeconds: 60 }),
      pods: [aPod("running")],
      now: 5000,
      want: { says: "Running Running" },
    },
    {
      it: "leave a pod alone that runs, though the clock of its node says that it started late",
      taskRun: wishing({ startDeadlineSeconds: 3 }),
      pods: [aPod("running")],
      now: 5000,
      want: { says: "Running Running" },
    },
    {
      it: "stop an attempt that takes too long",
      taskRun: wishing({ attemptDeadlineSeconds: 60 }),
      pods: [aPod("running")],
      want: { does: ["delete uid-pod-1 AttemptDeadlineExceeded"], says: "Running Running" },
    },
    {
      it: "are failures of their own budgets: the start of the infrastructure",
      taskRun: wishing({ startDeadlineSeconds: 60, retry: { infrastructureLimit: 0, limit: 5 } }),
      pods: [aPod("unschedulable", { deletedAt: 61, gone: "seen" })],
      want: { says: "Failed StartDeadlineExceeded" },
    },
    {
      it: "and the whole attempt of the task",
      taskRun: wishing({ attemptDeadlineSeconds: 60, retry: { infrastructureLimit: 5 } }),
      pods: [aPod("ended", { exitCode: 0, finishedAt: 62, deletedAt: 61 })],
      want: { says: "Failed AttemptDeadlineExceeded" },
    },
    {
      it: "do not take a success away",
      taskRun: wishing({ attemptDeadlineSeconds: 60 }),
      pods: [aPod("ended", { finishedAt: 59, deletedAt: 61 })],
      want: { says: "Succeeded Succeeded" },
    },
  ]);

  it("keep the words of what was in the way, and no exit code of a container that never ran", () => {
    const status = saying("ImagePullFailed");
    const [condition] = status.conditions ?? [];
    const told = { ...status, conditions: [{ ...condition!, message: "no such image." }] };
    const { main: _, ...pod } = aPod("neverStarted", { exitCode: 137, deletedAt: 61 });
    const main = { name: "main", state: "terminated", reason: "ContainerStatusUnknown", exitCode: 137 } as const;
    const taskRun = wishing({ startDeadlineSeconds: 60, retry: { infrastructureLimit: 0 } }, told);
    const plan = planTaskRun({ taskRun, pods: [{ ...pod, main, allTerminated: true }], now: atMs(100) });

    expect(plan.status.attempts?.[0]).toMatchObject({ reason: "StartDeadlineExceeded", message: /no such image/ });
    expect(plan.status.attempts?.[0]?.exitCode).toBeUndefined();
  });
});

describe("budgets and rules", () => {
  const again = { initialSeconds: 0, maxSeconds: 0 };
  const counted = (failures: NonNullable<TaskRunStatus["failures"]>): TaskRunStatus =>
    aStatus({ attempts: [{ workHash: WORK }], rest: { failures, workHash: WORK } });
  check([
    {
      it: "a failure of the infrastructure is tried again without a word of the user",
      taskRun: aTaskRun(),
      pods: [aPod("evicted")],
      want: { says: "Pending BackingOff", message: /infrastructure retry 1 of 5/, wakeAt: 108.155 },
    },
    {
      it: "many of them spend their own budget only",
      taskRun: aTaskRun({ spec: { retry: { limit: 1 } }, status: counted({ application: 0, infrastructure: 5 }) }),
      pods: [aPod("evicted", { attempt: 2 })],
      want: {
        says: "Failed RetriesExhausted",
        message: /infrastructure failed it 6 times \(retry.infrastructureLimit 5\)/,
      },
    },
    {
      it: "and leave that of the task alone",
      taskRun: aTaskRun({
        spec: { retry: { limit: 1, backoff: again } },
        status: counted({ application: 0, infrastructure: 5 }),
      }),
      pods: [aPod("ended", { attempt: 2, exitCode: 1 })],
      want: { says: "Pending BackingOff", message: /\(retry 1 of 1\)/, wakeAt: 60 },
    },
    {
      it: "a rule ends it, whatever is left",
      taskRun: aTaskRun({
        spec: { retry: { limit: 9, rules: [{ exitCodes: { operator: "NotIn", values: [1, 2] }, action: "Fail" }] } },
      }),
      pods: [aPod("ended", { exitCode: 64 })],
      want: { says: "Failed ExitCode", message: /rule of retry.rules/ },
    },
    {
      it: "a rule for exit codes says nothing of a pod that others ended",
      taskRun: aTaskRun({
        spec: { retry: { backoff: again, rules: [{ exitCodes: { operator: "In", values: [143] }, action: "Fail" }] } },
      }),
      pods: [aPod("ended", { exitCode: 143, deletedAt: 50 })],
      want: { says: "Pending BackingOff", message: /PodDeleted|deleted/, wakeAt: 60 },
    },
    {
      it: "the first rule that matches decides",
      taskRun: aTaskRun({
        spec: {
          retry: {
            limit: 1,
            backoff: again,
            rules: [
              { reasons: ["OOMKilled"], action: "Retry", memory: { factor: "1.5" } },
              { reasons: ["OOMKilled", "ExitCode"], action: "Fail" },
            ],
          },
        },
      }),
      pods: [{ ...aPod("ended", { exitCode: 137, endReason: "OOMKilled" }), memoryLimit: "64Mi" }],
      want: { says: "Pending BackingOff", message: /memory limit of 96Mi/, wakeAt: 60 },
    },
  ]);

  it("memory is remembered across a failure that has nothing to do with it, and for the next pod", () => {
    const rules = [{ reasons: ["OOMKilled" as const], action: "Retry" as const, memory: { factor: "2" } }];
    const spec = { retry: { limit: 3, backoff: again, rules, avoidNode: "Require" as const } };
    const oom = { ...aPod("ended", { exitCode: 137, endReason: "OOMKilled" }), memoryLimit: "64Mi", work: WORK };
    const first = planTaskRun({ taskRun: aTaskRun({ spec }), pods: [oom], now: atMs(61) }).status;
    const evicted = { ...aPod("evicted", { attempt: 2 }), memoryLimit: "128Mi", work: WORK };
    const second = planTaskRun({ taskRun: aTaskRun({ spec, status: first }), pods: [evicted], now: atMs(62) }).status;
    const { actions } = planTaskRun({ taskRun: aTaskRun({ spec, status: second }), pods: [], now: atMs(900) });

    expect([first.memory, second.memory]).toEqual(["128Mi", "128Mi"]);
    expect(actions).toMatchObject([{ attempt: 3, memory: "128Mi", avoid: { how: "Require", names: ["node-7"] } }]);
  });
});

describe("somebody else's TaskRun", () => {
  it.each([[], [aPod("running")], [aPod("ended")]])("is left alone, and so are its pods", (...pods) => {
    const taskRun = aTaskRun({ spec: { managedBy: "example.com/queue", podRetention: "Never", cancel: true } });
    const { actions, status } = planTaskRun({ taskRun, pods, now: atMs(100) });

    expect([actions, status]).toEqual([[], taskRun.status]);
  });

  it("is ours with our own name", () => {
    const taskRun = aTaskRun({ spec: { managedBy: "stint.dev/operator" } });

    expect(planTaskRun({ taskRun, pods: [], now: atMs(100) }).actions).toMatchObject([{ kind: "CreatePod" }]);
  });
});
