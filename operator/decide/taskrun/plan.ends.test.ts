/** How an attempt that ended reads: one row per way a pod can end. */
import { describe, expect, it } from "vitest";
import type { PodRecord } from "../../api/records.ts";
import type { TaskRunSpec } from "../../api/types.ts";
import { aPod, aTaskRun, atMs } from "../../testing/make.ts";
import { planTaskRun } from "./plan.ts";

interface Want {
  readonly phase: string;
  readonly reason: string;
  /** The recorded attempt: reason and exit code. */
  readonly ended: string;
  readonly message?: RegExp;
}

interface Row {
  readonly it: string;
  readonly pod: PodRecord;
  readonly spec?: Partial<TaskRunSpec>;
  /** Seconds after START. */
  readonly now?: number;
  readonly want: Want;
}

const rows: readonly Row[] = [
  {
    it: "exit code 0 succeeds",
    pod: aPod("ended"),
    want: { phase: "Succeeded", reason: "Succeeded", ended: "Succeeded 0", message: /exit code 0\.$/ },
  },
  {
    it: "an exit code other than 0 fails with that code",
    pod: aPod("ended", { exitCode: 3 }),
    want: { phase: "Failed", reason: "ExitCode", ended: "ExitCode 3", message: /exit code 3/ },
  },
  {
    it: "the termination message is quoted",
    pod: aPod("ended", { exitCode: 3, endMessage: "no such table" }),
    want: { phase: "Failed", reason: "ExitCode", ended: "ExitCode 3", message: /no such table/ },
  },
  {
    it: "death by signal says which",
    pod: aPod("ended", { exitCode: 137 }),
    want: { phase: "Failed", reason: "ExitCode", ended: "ExitCode 137", message: /SIGKILL/ },
  },
  {
    it: "too much memory reads OOMKilled and says what to raise",
    pod: aPod("ended", { exitCode: 137, endReason: "OOMKilled" }),
    want: { phase: "Failed", reason: "OOMKilled", ended: "OOMKilled 137", message: /limits\.memory/ },
  },
  {
    it: "too much memory is OOMKilled even if the pod was deleted meanwhile",
    pod: aPod("ended", { exitCode: 137, endReason: "OOMKilled", deletedAt: 50 }),
    want: { phase: "Failed", reason: "OOMKilled", ended: "OOMKilled 137" },
  },
  {
    it: "a command that cannot be started is no exit code",
    pod: aPod("ended", { exitCode: 128, endReason: "StartError", endMessage: "no such file" }),
    want: {
      phase: "Failed",
      reason: "ContainerCreateFailed",
      ended: "ContainerCreateFailed 128",
      message: /no such file/,
    },
  },
  {
    it: "an end that the runtime did not see, as after a reboot of the node, is not the task's own",
    pod: aPod("ended", { exitCode: 255, endReason: "Unknown" }),
    want: { phase: "Failed", reason: "PodFailed", ended: "PodFailed 255", message: /reboot/ },
  },
  {
    it: "an eviction before main reported an end",
    pod: aPod("evicted"),
    want: { phase: "Failed", reason: "Evicted", ended: "Evicted", message: /low on resource: memory/ },
  },
  {
    it: "an eviction that killed main",
    pod: aPod("ended", { exitCode: 137, reason: "Evicted", message: "The node was low on resource: memory." }),
    want: { phase: "Failed", reason: "Evicted", ended: "Evicted 137", message: /low on resource.*exit code 137/ },
  },
  {
    it: "an eviction that was announced and never came is none: main ended by itself",
    pod: aPod("ended", { exitCode: 1, disrupted: "EvictionByEvictionAPI" }),
    want: { phase: "Failed", reason: "ExitCode", ended: "ExitCode 1" },
  },
  {
    it: "a success seen before somebody deleted the pod in the same second is no answer to cancel",
    pod: aPod("ended", { finishedAt: 60, deletedAt: 60, endedUnasked: true }),
    spec: { cancel: true },
    want: { phase: "Succeeded", reason: "Succeeded", ended: "Succeeded 0" },
  },
  {
    it: "a failure seen before somebody deleted the pod in the same second keeps its exit code",
    pod: aPod("ended", { exitCode: 3, finishedAt: 60, deletedAt: 60, endedUnasked: true }),
    want: { phase: "Failed", reason: "ExitCode", ended: "ExitCode 3" },
  },
  {
    it: "an eviction by the eviction API (kubectl drain)",
    pod: aPod("ended", { exitCode: 143, disrupted: "EvictionByEvictionAPI", deletedAt: 55 }),
    want: { phase: "Failed", reason: "Evicted", ended: "Evicted 143" },
  },
  {
    it: "preemption by the scheduler",
    pod: aPod("ended", { exitCode: 143, disrupted: "PreemptionByScheduler", deletedAt: 55 }),
    want: { phase: "Failed", reason: "Preempted", ended: "Preempted 143" },
  },
  {
    it: "preemption by the kubelet",
    pod: aPod("ended", { exitCode: 137, reason: "Preempting", message: "Preempted in order to admit critical pod" }),
    want: { phase: "Failed", reason: "Preempted", ended: "Preempted 137" },
  },
  {
    it: "a node that shuts down in order",
    pod: aPod("ended", { exitCode: 143, reason: "Terminated", disrupted: "TerminationByKubelet" }),
    want: { phase: "Failed", reason: "NodeShutdown", ended: "NodeShutdown 143" },
  },
  {
    it: "a pod refused by its node keeps the kubelet's words",
    pod: aPod("evicted", { reason: "NodeAffinity", message: "Pod was rejected" }),
    want: { phase: "Failed", reason: "NodeRefused", ended: "NodeRefused", message: /NodeAffinity: Pod was rejected/ },
  },
  {
    it: "a pod deleted by hand while main ran",
    pod: aPod("ended", { exitCode: 143, deletedAt: 50 }),
    want: { phase: "Failed", reason: "PodDeleted", ended: "PodDeleted 143", message: /exit code 143/ },
  },
  {
    it: "a failure before the pod was deleted by hand keeps its exit code as reason",
    pod: aPod("ended", { exitCode: 2, finishedAt: 60, deletedAt: 62 }),
    want: { phase: "Failed", reason: "ExitCode", ended: "ExitCode 2" },
  },
  {
    it: "success is success, though the pod was deleted afterwards and is gone",
    pod: aPod("ended", { deletedAt: 70, gone: "seen" }),
    want: { phase: "Succeeded", reason: "Succeeded", ended: "Succeeded 0" },
  },
  {
    it: "a pod that was never placed and was deleted",
    pod: aPod("waitsForNode", { gone: "seen" }),
    want: { phase: "Failed", reason: "PodDeleted", ended: "PodDeleted", message: /before it had a node/ },
  },
  {
    it: "a pod that vanished without a node being known may have got one meanwhile",
    pod: aPod("waitsForNode", { gone: "missed" }),
    want: { phase: "Failed", reason: "UnknownFate", ended: "UnknownFate", message: /may still run/ },
  },
  {
    it: "a running pod that was deleted with force",
    pod: aPod("running", { gone: "seen" }),
    want: { phase: "Failed", reason: "UnknownFate", ended: "UnknownFate", message: /on node node-7/ },
  },
  {
    it: "a running pod that was missing from a new list",
    pod: aPod("running", { gone: "missed" }),
    want: { phase: "Failed", reason: "UnknownFate", ended: "UnknownFate" },
  },
  {
    it: "a pod that the garbage collector declared failed for a lost node, then removed",
    pod: aPod("lostToPodGC", { gone: "seen" }),
    want: { phase: "Failed", reason: "UnknownFate", ended: "UnknownFate" },
  },
  {
    it: "an init container that failed",
    pod: aPod("initFailed", { exitCode: 4 }),
    want: {
      phase: "Failed",
      reason: "ExitCode",
      ended: "ExitCode",
      message: /Init container setup.*code 4.*never started/,
    },
  },
  {
    it: "an init container that used too much memory",
    pod: aPod("initFailed", { exitCode: 137, endReason: "OOMKilled" }),
    want: { phase: "Failed", reason: "OOMKilled", ended: "OOMKilled" },
  },
  {
    it: "an eviction while an init container ran is an eviction",
    pod: aPod("initFailed", { exitCode: 137, reason: "Evicted", message: "The node was low on resource: memory." }),
    want: { phase: "Failed", reason: "Evicted", ended: "Evicted" },
  },
  {
    it: "a pod deleted by hand while an init container ran",
    pod: aPod("initFailed", { exitCode: 143, deletedAt: 50 }),
    want: { phase: "Failed", reason: "PodDeleted", ended: "PodDeleted" },
  },
  {
    it: "cancel: what main answers to the signal is no outcome, not even exit code 0",
    pod: aPod("ended", { exitCode: 0, finishedAt: 60, deletedAt: 55 }),
    spec: { cancel: true },
    want: { phase: "Cancelled", reason: "Cancelled", ended: "Cancelled 0" },
  },
  {
    it: "cancel: a task that had succeeded before the request stays Succeeded",
    pod: aPod("ended", { exitCode: 0, finishedAt: 50, deletedAt: 55 }),
    spec: { cancel: true },
    want: { phase: "Succeeded", reason: "Succeeded", ended: "Succeeded 0" },
  },
  {
    it: "cancel while the image could not be pulled",
    pod: aPod("neverStarted", { deletedAt: 50 }),
    spec: { cancel: true },
    want: { phase: "Cancelled", reason: "Cancelled", ended: "Cancelled" },
  },
  {
    it: "cancel while an init container ran",
    pod: aPod("initFailed", { exitCode: 143, deletedAt: 50 }),
    spec: { cancel: true },
    want: { phase: "Cancelled", reason: "Cancelled", ended: "Cancelled" },
  },
  {
    it: "cancel: a pod that vanished ends it all the same, no further attempt depends on it",
    pod: aPod("running", { gone: "missed" }),
    spec: { cancel: true },
    want: { phase: "Cancelled", reason: "Cancelled", ended: "Cancelled" },
  },
  {
    it: "deadline: a task stopped by it",
    pod: aPod("ended", { exitCode: 143, finishedAt: 63, deletedAt: 60 }),
    spec: { activeDeadlineSeconds: 60 },
    now: 64,
    want: {
      phase: "Failed",
      reason: "DeadlineExceeded",
      ended: "DeadlineExceeded 143",
      message: /activeDeadlineSeconds \(1m\)/,
    },
  },
  {
    it: "deadline: success before it wins, whenever it is looked at",
    pod: aPod("ended", { exitCode: 0, finishedAt: 59 }),
    spec: { activeDeadlineSeconds: 60 },
    now: 9999,
    want: { phase: "Succeeded", reason: "Succeeded", ended: "Succeeded 0" },
  },
  {
    it: "deadline: success after it wins as long as nobody had asked the pod to stop",
    pod: aPod("ended", { exitCode: 0, finishedAt: 65 }),
    spec: { activeDeadlineSeconds: 60 },
    now: 66,
    want: { phase: "Succeeded", reason: "Succeeded", ended: "Succeeded 0" },
  },
  {
    it: "deadline: a failure of its own before it keeps its reason",
    pod: aPod("ended", { exitCode: 7, finishedAt: 59 }),
    spec: { activeDeadlineSeconds: 60 },
    now: 61,
    want: { phase: "Failed", reason: "ExitCode", ended: "ExitCode 7" },
  },
  {
    it: "deadline while the image could not be pulled",
    pod: aPod("neverStarted", { deletedAt: 60 }),
    spec: { activeDeadlineSeconds: 60 },
    now: 63,
    want: { phase: "Failed", reason: "DeadlineExceeded", ended: "DeadlineExceeded" },
  },
  {
    it: "deadline while an init container ran",
    pod: aPod("initFailed", { exitCode: 143, finishedAt: 62, deletedAt: 60 }),
    spec: { activeDeadlineSeconds: 60 },
    now: 63,
    want: { phase: "Failed", reason: "DeadlineExceeded", ended: "DeadlineExceeded" },
  },
  {
    it: "deadline: a pod that had no node and is gone",
    pod: aPod("unschedulable", { deletedAt: 60, gone: "seen" }),
    spec: { activeDeadlineSeconds: 60 },
    now: 61,
    want: { phase: "Failed", reason: "DeadlineExceeded", ended: "DeadlineExceeded" },
  },
];

describe("an attempt that ended, no retry wanted", () => {
  it.each(rows)("$it", ({ pod, spec = {}, now = 100, want }) => {
    const plan = planTaskRun({
      taskRun: aTaskRun({ spec: { retry: { infrastructureLimit: 0 }, onUnknownFate: "Retry", ...spec } }),
      pods: [pod],
      now: atMs(now),
    });
    const { phase, conditions, attempts = [] } = plan.status;
    const last = attempts.at(-1);
    const ended = last && [last.reason, last.exitCode].filter((part) => part !== undefined).join(" ");
    const got = { phase, reason: conditions?.[0]?.reason, ended, message: conditions?.[0]?.message };
    // A container the kubelet invented an end for has an exit code that nobody needs to promise.
    const wantEnded: unknown = expect.stringMatching(new RegExp(`^${want.ended}\\b`));
    const wantMessage: unknown = expect.stringMatching(want.message ?? /./);

    expect(got).toMatchObject({ ...want, ended: wantEnded, message: wantMessage });
    expect(plan.actions).toEqual([]);
    expect(plan.urgency).toBe("now");
  });
});
