/** Between and after attempts: retries, other containers, refusals, the end. */
import { describe, expect, it } from "vitest";
import type { Refusal } from "../../api/action.ts";
import type { PodRecord, TaskRunRecord } from "../../api/records.ts";
import type { TaskRunStatus } from "../../api/types.ts";
import { aPod, aStatus, aTaskRun, at, atMs } from "../../testing/make.ts";
import { checkSituations as check } from "../../testing/situations.ts";
import { planTaskRun } from "./plan.ts";

/** When attempt 2 starts, in seconds after START: 10 s after the end of attempt 1, shortened by what its hash gives. */
const SECOND_AT = 68.155;
const retry = { limit: 2, backoff: { initialSeconds: 10, factor: 2, maxSeconds: 300 } };
const retried = (status = aStatus({}), spec = {}, wish = {}): TaskRunRecord =>
  aTaskRun({ spec: { retry, ...spec }, status, ...wish });
/** A deletion was asked for, and somebody else keeps the object. */
const held = { deletionTimestamp: "2030-01-01T00:00:10Z", finalizers: ["example.com/hold"] };
const collected = { ...held, finalizers: ["example.com/hold", "foregroundDeletion"] };
const named: TaskRunStatus = { phase: "Running", attempt: 1, podName: "pod", podUID: "uid-pod-1", startTime: at(0) };
const ended = (wish = {}): PodRecord => aPod("ended", { exitCode: 1, ...wish });

describe("retry and its pauses", () => {
  check([
    {
      it: "a failed attempt with a retry left is recorded with the time of the next",
      taskRun: aTaskRun({ spec: { retry } }),
      pods: [ended()],
      now: 62,
      want: {
        says: "Pending BackingOff",
        message: /Attempt 1 failed \(retry 1 of 2\); the next one starts at 2030-01-01T00:01:08Z/,
        urgency: "now",
        wakeAt: SECOND_AT,
      },
    },
    {
      it: "during the pause nothing happens",
      taskRun: retried(),
      now: 68,
      want: { says: "Pending BackingOff", wakeAt: SECOND_AT },
    },
    {
      it: "after the pause the next pod is made",
      taskRun: retried(),
      now: 70,
      want: { does: ["create 2"], says: "Pending BackingOff" },
    },
    {
      it: "the pause counts from the end of the attempt, however late it is seen",
      taskRun: aTaskRun({ spec: { retry } }),
      pods: [ended()],
      now: 5000,
      want: { says: "Pending BackingOff", wakeAt: SECOND_AT },
    },
    {
      it: "the pause grows by the factor",
      taskRun: retried(aStatus({ attempts: [{}, { completionTime: "2030-01-01T00:02:00Z" }] })),
      now: 130,
      want: { says: "Pending BackingOff", wakeAt: 139.378 },
    },
    {
      it: "the pause grows no further than maxSeconds",
      taskRun: aTaskRun({
        spec: { retry: { limit: 50, backoff: { initialSeconds: 10, factor: 10, maxSeconds: 15 } } },
        status: aStatus({ attempts: [{}, {}, {}, {}, {}, {}, {}, {}, {}, {}] }),
      }),
      now: 61,
      want: { says: "Pending BackingOff", wakeAt: 73.365 },
    },
    {
      it: "all attempts spent",
      taskRun: retried(aStatus({ attempts: [{}, {}] })),
      pods: [ended({ attempt: 3 })],
      want: {
        says: "Failed RetriesExhausted",
        message: /The task failed 3 times \(retry.limit 2\).*exit code 1/,
        urgency: "now",
      },
    },
    {
      it: "success in a later attempt is success, and says which",
      taskRun: retried(aStatus({ attempts: [{}, {}] })),
      pods: [aPod("ended", { attempt: 3 })],
      want: { says: "Succeeded Succeeded", message: /attempt 3/ },
    },
    {
      it: "an unknown fate is never retried unasked",
      taskRun: aTaskRun({ spec: { retry } }),
      pods: [aPod("running", { gone: "missed" })],
      want: { says: "Running UnknownFate", urgency: "now" },
    },
    {
      it: "retry.limit lowered during the pause ends it",
      taskRun: retried(aStatus({}), { retry: { ...retry, limit: 0 } }),
      now: 65,
      want: { says: "Failed ExitCode" },
    },
    {
      it: "retry.limit raised during the pause gives more attempts",
      taskRun: retried(aStatus({ attempts: [{}, {}] }), { retry: { ...retry, limit: 9 } }),
      now: 300,
      want: { does: ["create 3"], says: "Pending BackingOff", message: /of 9/ },
    },
    {
      it: "without a retry block there is one attempt",
      taskRun: aTaskRun(),
      pods: [ended()],
      want: { says: "Failed ExitCode" },
    },
    {
      it: "an attempt that only disappeared is looked up once more before the next",
      taskRun: retried(aStatus({ attempts: [{ reason: "PodDeleted", exitCode: 0 }] })),
      now: 80,
      want: { does: ["create 2"], says: "Pending BackingOff" },
    },
  ]);

  it("a pod that never ran and was deleted must be gone before the next is made", () => {
    const { exitCode: _, ...attempt } = aStatus({}).attempts?.[0] ?? { number: 1, reason: "" };
    const status = { ...aStatus({}), attempts: [{ ...attempt, reason: "PodDeleted" }] };
    const plan = planTaskRun({ taskRun: retried(status), pods: [], now: atMs(80) });

    expect(plan.actions).toMatchObject([{ kind: "CreatePod", attempt: 2, onlyIfGone: { uid: "uid-pod-1" } }]);
  });
});

describe("other containers outlive main", () => {
  const stopping = (reason = "ExitCode"): TaskRunRecord =>
    retried(aStatus({ phase: "Running", reason: "Stopping", attempts: [{ reason }] }));
  check([
    {
      it: "the end is recorded first, nothing is deleted yet",
      pods: [aPod("sidecarLeft")],
      want: {
        says: "Running Stopping",
        message: /Attempt 1 succeeded; waiting for the other containers/,
        urgency: "now",
      },
    },
    {
      it: "then the pod is stopped",
      taskRun: stopping(),
      pods: [aPod("sidecarLeft", { exitCode: 1 })],
      want: { does: ["delete uid-pod-1 Stopping"], says: "Running Stopping" },
    },
    {
      it: "and waited for",
      taskRun: stopping(),
      pods: [aPod("sidecarLeft", { exitCode: 1, deletedAt: 61 })],
      want: { says: "Running Stopping", forget: [] },
    },
    {
      it: "and when it has ended the pause begins",
      taskRun: stopping(),
      pods: [ended()],
      now: 65,
      want: { says: "Pending BackingOff", wakeAt: SECOND_AT },
    },
    {
      it: "its last state is kept until the pause is recorded",
      taskRun: stopping(),
      pods: [ended({ gone: "seen" })],
      now: 65,
      want: { says: "Pending BackingOff", wakeAt: SECOND_AT, forget: [] },
    },
    {
      it: "a success is final when the others have stopped",
      taskRun: stopping("Succeeded"),
      pods: [ended({ exitCode: 0 })],
      want: { says: "Succeeded Succeeded", urgency: "now" },
    },
    {
      it: "vanished meanwhile, no proof is left, so it waits",
      taskRun: stopping(),
      want: { says: "Running UnknownFate", message: /before all its containers were seen to end/ },
    },
    {
      it: "deleted with force meanwhile, the same",
      taskRun: stopping(),
      pods: [aPod("sidecarLeft", { exitCode: 1, gone: "seen" })],
      want: { says: "Running UnknownFate" },
    },
    {
      it: "vanished after a success, it is a success",
      taskRun: stopping("Succeeded"),
      want: { says: "Succeeded Succeeded" },
    },
    {
      it: "a foreign condition in front does not hide that no proof is left",
      taskRun: retried({
        ...aStatus({ phase: "Running", reason: "Stopping" }),
        conditions: [
          { type: "Foreign", status: "True", reason: "Odd", message: "", lastTransitionTime: "2030-01-01T00:00:00Z" },
          ...(aStatus({ phase: "Running", reason: "Stopping" }).conditions ?? []),
        ],
      }),
      want: { says: "Running UnknownFate" },
    },
    {
      it: "a recorded attempt's gone pod is forgotten",
      taskRun: retried(),
      pods: [ended({ gone: "seen" })],
      now: 65,
      want: { says: "Pending BackingOff", wakeAt: SECOND_AT, forget: ["uid-pod-1"] },
    },
    {
      it: "a pod of an older attempt that still runs is stopped before anything else is made",
      taskRun: retried(aStatus({ attempts: [{}, {}] })),
      pods: [aPod("running", { attempt: 1 })],
      now: 900,
      want: { does: ["delete uid-pod-1 Stopping"], says: "Running Stopping" },
    },
  ]);
});

describe("the server lets no pod be deleted", () => {
  const stopRefused = { uid: "uid-pod-1", message: "admission webhook denied the request: keep it" };
  check([
    {
      it: "on cancel, the status says so in its words",
      taskRun: aTaskRun({ spec: { cancel: true }, status: named }),
      pods: [aPod("running")],
      stopRefused,
      want: { does: ["delete uid-pod-1 Cancelled"], says: "Running Stopping", message: /Cancelled;.*keep it/ },
    },
    {
      it: "and neither while other containers run on",
      taskRun: aTaskRun({ status: { ...aStatus({ phase: "Running", reason: "Stopping" }) } }),
      pods: [aPod("sidecarLeft", { exitCode: 1 })],
      stopRefused,
      want: { does: ["delete uid-pod-1 Stopping"], says: "Running Stopping", message: /other containers.*keep it/ },
    },
    {
      it: "once it is being deleted, by whomever, it is said no more",
      taskRun: aTaskRun({ spec: { cancel: true }, status: named }),
      pods: [aPod("running", { deletedAt: 50 })],
      stopRefused,
      want: { says: "Running Stopping", message: /waiting for pod \S+ to stop\.$/ },
    },
    {
      it: "and it is said of that pod only",
      taskRun: aTaskRun({ spec: { cancel: true }, status: named }),
      pods: [aPod("running")],
      stopRefused: { ...stopRefused, uid: "uid-pod-0" },
      want: { does: ["delete uid-pod-1 Cancelled"], says: "Running Running" },
    },
  ]);
});

describe("the server refuses the pod", () => {
  const refusal = (kind: Refusal["kind"], attempt = 1): Refusal => ({
    attempt,
    generation: 1,
    kind,
    message: "told by the server",
    retryAt: atMs(150),
  });
  check([
    {
      it: "a refusal of an older template says nothing about the changed one",
      taskRun: aTaskRun({ generation: 2 }),
      refusal: refusal("Invalid"),
      want: { does: ["create 1"], says: "Pending Pending" },
    },
    {
      it: "a pause longer than any is the work of a clock that was set back: it is over",
      refusal: { ...refusal("Quota"), retryAt: atMs(100 + 86_400) },
      want: { does: ["create 1"], says: "Pending QuotaExceeded" },
    },
    {
      it: "Invalid ends it",
      refusal: refusal("Invalid"),
      want: { says: "Failed InvalidTemplate", message: /told by the server/, urgency: "now" },
    },
    { it: "NameTaken ends it", refusal: refusal("NameTaken"), want: { says: "Failed PodNameTaken" } },
    { it: "PolicyForbidden ends it", refusal: refusal("PolicyForbidden"), want: { says: "Failed Forbidden" } },
    {
      it: "Quota waits",
      refusal: refusal("Quota"),
      want: { says: "Pending QuotaExceeded", message: /told by the server/, wakeAt: 150 },
    },
    { it: "Forbidden waits", refusal: refusal("Forbidden"), want: { says: "Pending Forbidden", wakeAt: 150 } },
    { it: "Unavailable waits", refusal: refusal("Unavailable"), want: { says: "Pending CreateFailed", wakeAt: 150 } },
    {
      it: "after the pause it is tried again, still saying why",
      refusal: refusal("Quota"),
      now: 150,
      want: { does: ["create 1"], says: "Pending QuotaExceeded" },
    },
    {
      it: "a refusal of an earlier attempt means nothing",
      taskRun: retried(),
      refusal: refusal("Invalid"),
      now: 70,
      want: { does: ["create 2"], says: "Pending BackingOff" },
    },
    {
      it: "a pod that is there after all outweighs it",
      pods: [aPod("running")],
      refusal: refusal("Quota"),
      want: { says: "Running Running" },
    },
  ]);
});

describe("finished or going away", () => {
  const done = (phase: "Succeeded" | "Failed" | "Cancelled" = "Failed"): TaskRunRecord =>
    aTaskRun({ status: aStatus({ phase, reason: phase === "Failed" ? "ExitCode" : phase }) });
  check([
    { it: "nothing is made again", taskRun: done(), want: { says: "Failed ExitCode" } },
    {
      it: "a pod that still runs is stopped",
      taskRun: done("Succeeded"),
      pods: [aPod("running", { attempt: 2 })],
      want: { does: ["delete uid-pod-2 Stopping"], says: "Succeeded Succeeded" },
    },
    { it: "a pod that ended stays, for its logs", taskRun: done(), pods: [ended()], want: { says: "Failed ExitCode" } },
    {
      it: "a success of a stray pod changes nothing",
      taskRun: done(),
      pods: [aPod("ended", { attempt: 2 })],
      want: { says: "Failed ExitCode" },
    },
    {
      it: "gone pods are forgotten",
      taskRun: done(),
      pods: [ended({ gone: "seen" })],
      want: { says: "Failed ExitCode", forget: ["uid-pod-1"] },
    },
    {
      it: "a TaskRun being collected gets no pod and no word",
      taskRun: aTaskRun({ ...collected, status: aStatus({}) }),
      now: 900,
      want: { says: "Pending BackingOff" },
    },
    {
      it: "a running one being collected is left to the garbage collector, whatever else it says",
      taskRun: aTaskRun({ ...collected, spec: { cancel: true }, status: aStatus({}) }),
      pods: [aPod("running", { attempt: 2 })],
      want: { says: "Pending BackingOff" },
    },
    {
      it: "a finished one being collected leaves its pods to the garbage collector",
      taskRun: aTaskRun({ ...collected, status: aStatus({ phase: "Succeeded", reason: "Succeeded" }) }),
      pods: [aPod("running", { attempt: 2 })],
      want: { says: "Succeeded Succeeded" },
    },
    {
      it: "a held one between attempts still meets its deadline",
      taskRun: retried(aStatus({}), { activeDeadlineSeconds: 3600 }, held),
      now: 900,
      want: { says: "Pending BackingOff", wakeAt: 3600 },
    },
    {
      it: "the end of an attempt of a held one promises no further one",
      taskRun: retried(named, {}, held),
      pods: [ended()],
      now: 62,
      want: { says: "Pending BackingOff", message: /none follows/, wakeAt: SECOND_AT },
    },
    {
      it: "one that is being deleted and held by a foreign finalizer gets no further pod",
      taskRun: retried(aStatus({}), {}, held),
      now: 900,
      want: { says: "Pending BackingOff" },
    },
    {
      it: "a held one is stopped by cancel",
      taskRun: aTaskRun({ ...held, spec: { cancel: true }, status: named }),
      pods: [aPod("running")],
      want: { does: ["delete uid-pod-1 Cancelled"], says: "Running Running" },
    },
    {
      it: "a held one is stopped at its deadline",
      taskRun: aTaskRun({ ...held, spec: { activeDeadlineSeconds: 60 }, status: named }),
      pods: [aPod("running")],
      now: 60,
      want: { does: ["delete uid-pod-1 DeadlineExceeded"], says: "Running Running" },
    },
    {
      it: "the end of a held one is recorded",
      taskRun: aTaskRun({ ...held, status: named }),
      pods: [ended()],
      want: { says: "Failed ExitCode", urgency: "now" },
    },
  ]);

  it("a deletion after the end is no news: it raises the generation and costs no write", () => {
    const status = aStatus({ phase: "Succeeded", reason: "Succeeded" });
    const taskRun = aTaskRun({ ...held, generation: 2, status });

    expect(planTaskRun({ taskRun, pods: [], now: atMs(900) }).status).toEqual(taskRun.status);
  });

  it("an edit after the end moves observedGeneration and nothing else", () => {
    const status = aStatus({ phase: "Failed", reason: "ExitCode" });
    const plan = planTaskRun({ taskRun: aTaskRun({ generation: 7, status }), pods: [], now: atMs(900) });
    const want = {
      ...status,
      observedGeneration: 7,
      workHash: aTaskRun().work,
      conditions: status.conditions?.map((one) => ({ ...one, observedGeneration: 7 })),
    };

    expect(plan.status).toEqual(want);
  });
});
