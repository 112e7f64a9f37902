/** Before and during an attempt: waiting, cancel, deadline. */
import { describe } from "vitest";
import type { TaskRunRecord } from "../../api/records.ts";
import type { TaskRunSpec } from "../../api/types.ts";
import { aPod, aStatus, aTaskRun, atMs } from "../../testing/make.ts";
import { checkSituations as check } from "../../testing/situations.ts";

const retry = { limit: 2, backoff: { initialSeconds: 10, factor: 2, maxSeconds: 300 } };
const retried = (status = aStatus({}), spec = {}): TaskRunRecord => aTaskRun({ spec: { retry, ...spec }, status });

describe("before and during an attempt", () => {
  check([
    {
      it: "a new TaskRun gets its first pod, and no word yet",
      want: { does: ["create 1"], says: "Pending Pending", urgency: "later" },
    },
    {
      it: "a pod that waits for a node",
      pods: [aPod("waitsForNode")],
      want: { says: "Pending Pending", urgency: "later" },
    },
    {
      it: "a pod that fits no node is news",
      pods: [aPod("unschedulable")],
      want: { says: "Pending Unschedulable", message: /Insufficient cpu/, urgency: "soon" },
    },
    { it: "a pod whose containers are being created", pods: [aPod("starting")], want: { says: "Pending Pending" } },
    {
      it: "an image that cannot be pulled quotes the kubelet",
      pods: [aPod("imagePull")],
      want: { says: "Pending ImagePullFailed", message: /container main .*ImagePullBackOff.*nope/, urgency: "soon" },
    },
    {
      it: "an image that still cannot be pulled keeps its first words",
      taskRun: aTaskRun({ status: aStatus({ reason: "ImagePullFailed", message: "no such image", attempts: [] }) }),
      pods: [aPod("imagePull")],
      want: { says: "Pending ImagePullFailed", message: /^no such image$/ },
    },
    {
      it: "a missing config map",
      pods: [aPod("configError")],
      want: { says: "Pending ContainerCreateFailed", message: /configmap "settings" not found/ },
    },
    { it: "init containers at work", pods: [aPod("initRunning")], want: { says: "Pending Pending" } },
    {
      it: "main runs",
      pods: [aPod("running")],
      want: { says: "Running Running", message: /on node node-7/, urgency: "soon" },
    },
    {
      it: "a pod that somebody deletes is waited for",
      pods: [aPod("running", { deletedAt: 90 })],
      want: { says: "Running Stopping", message: /being deleted/ },
    },
    {
      it: "a pod of another owner under our name's label is none of ours",
      pods: [aPod("running", { owner: { uid: "uid-of-another" } })],
      want: { does: ["create 1"], says: "Pending Pending" },
    },
    {
      it: "a pod without a readable attempt is none of ours",
      pods: [aPod("running", { attempt: "first", name: "train-x" })],
      want: { does: ["create 1"], says: "Pending Pending" },
    },
    {
      it: "a pod the status names and nobody knows has an unknown fate",
      taskRun: retried(
        aStatus({
          phase: "Running",
          reason: "Running",
          attempts: [],
          rest: { attempt: 1, podUID: "uid-pod-1", podName: "p1" },
        }),
      ),
      want: { says: "Running UnknownFate", message: /Pod p1 is gone.*Waits/, urgency: "now" },
    },
  ]);
});

/** A TaskRun whose status names the pod of this attempt. */
function named(spec: Partial<TaskRunSpec>, attempt = 1): TaskRunRecord {
  const attempts = Array.from({ length: attempt - 1 }, () => ({}));
  const rest = { attempt, podUID: `uid-pod-${attempt}` };
  return aTaskRun({ spec, status: aStatus({ phase: "Running", reason: "Running", attempts, rest }) });
}

describe("cancel", () => {
  const spec = { cancel: true };
  check([
    {
      it: "before the first pod",
      taskRun: aTaskRun({ spec }),
      want: { says: "Cancelled Cancelled", message: /before its first/, urgency: "now" },
    },
    {
      it: "a pod the status does not name yet is named first, at once: a crash must not make it look as if it never was",
      taskRun: aTaskRun({ spec }),
      pods: [aPod("running")],
      want: { says: "Running Running", urgency: "now" },
    },
    {
      it: "while the pod waits for a node",
      taskRun: named(spec),
      pods: [aPod("waitsForNode")],
      want: { does: ["delete uid-pod-1 Cancelled"], says: "Pending Pending" },
    },
    {
      it: "while main runs",
      taskRun: named(spec),
      pods: [aPod("running")],
      want: { does: ["delete uid-pod-1 Cancelled"], says: "Running Running" },
    },
    {
      it: "is asked once, then waited for",
      taskRun: aTaskRun({ spec }),
      pods: [aPod("running", { deletedAt: 99 })],
      want: { says: "Running Stopping", message: /Cancelled; waiting/ },
    },
    {
      it: "while pausing between attempts",
      taskRun: retried(aStatus({}), spec),
      want: { says: "Cancelled Cancelled", message: /attempt 1/ },
    },
    {
      it: "while the other containers of an ended attempt are being stopped: they come first",
      taskRun: retried(aStatus({ phase: "Running", reason: "Stopping" }), spec),
      pods: [aPod("sidecarLeft", { exitCode: 1, deletedAt: 61 })],
      want: { says: "Running Stopping" },
    },
    {
      it: "does not take a success away whose other containers still run",
      taskRun: aTaskRun({ spec }),
      pods: [aPod("sidecarLeft", { deletedAt: 70 })],
      want: { says: "Running Stopping", urgency: "now" },
    },
    {
      it: "while the server refuses the pod for now",
      taskRun: aTaskRun({ spec }),
      refusal: { attempt: 1, generation: 1, kind: "Quota", message: "exceeded quota", retryAt: atMs(500) },
      want: { says: "Cancelled Cancelled" },
    },
    {
      it: "after the end changes nothing",
      taskRun: aTaskRun({ spec, status: aStatus({ phase: "Failed", reason: "ExitCode" }) }),
      want: { says: "Failed ExitCode" },
    },
  ]);
});

describe("activeDeadlineSeconds", () => {
  const spec = { activeDeadlineSeconds: 60 };
  check([
    {
      it: "before it, the plan wakes at it",
      taskRun: aTaskRun({ spec }),
      pods: [aPod("running")],
      now: 30,
      want: { says: "Running Running", wakeAt: 60 },
    },
    {
      it: "at it, a running pod is stopped",
      taskRun: named(spec),
      pods: [aPod("running")],
      now: 60,
      want: { does: ["delete uid-pod-1 DeadlineExceeded"], says: "Running Running" },
    },
    {
      it: "a pod without a node is stopped",
      taskRun: named(spec),
      pods: [aPod("unschedulable")],
      now: 61,
      want: { does: ["delete uid-pod-1 DeadlineExceeded"], says: "Pending Unschedulable" },
    },
    {
      it: "is asked once, then waited for",
      taskRun: aTaskRun({ spec }),
      pods: [aPod("running", { deletedAt: 60 })],
      now: 70,
      want: { says: "Running Stopping", message: /deadline has passed/ },
    },
    {
      it: "does not run before the first pod is created",
      taskRun: aTaskRun({ spec }),
      now: 9999,
      want: { does: ["create 1"], says: "Pending Pending" },
    },
    {
      it: "ends a pause between attempts",
      taskRun: retried(aStatus({}), spec),
      now: 65,
      want: {
        says: "Failed DeadlineExceeded",
        message: /longer than activeDeadlineSeconds.*exit code 1/,
        urgency: "now",
      },
    },
    {
      it: "shortens a pause between attempts",
      taskRun: retried(aStatus({}), { activeDeadlineSeconds: 65 }),
      now: 61,
      want: { says: "Pending BackingOff", wakeAt: 65 },
    },
    {
      it: "counts over all attempts",
      taskRun: named({ retry, activeDeadlineSeconds: 100 }, 2),
      pods: [aPod("running", { attempt: 2, createdAt: 70 })],
      now: 101,
      want: { does: ["delete uid-pod-2 DeadlineExceeded"], says: "Running Running" },
    },
    {
      it: "ends the waiting for a pod the server refuses, once an attempt has started it",
      taskRun: retried(aStatus({}), { activeDeadlineSeconds: 90 }),
      refusal: { attempt: 2, generation: 1, kind: "Quota", message: "exceeded quota", retryAt: atMs(120) },
      now: 89,
      want: { says: "Pending QuotaExceeded", wakeAt: 90 },
    },
  ]);
});
