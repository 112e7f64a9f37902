import { describe, expect, it } from "vitest";
import type { TaskRunRecord } from "../../api/records.ts";
import type { TaskRunSpec } from "../../api/types.ts";
import { aPod, aStatus, aTaskRun, at, atMs } from "../../testing/make.ts";
import type { TaskRunWish } from "../../testing/make.ts";
import { checkSituations } from "../../testing/situations.ts";
import { planTaskRun } from "./plan.ts";

const SUCCESS = { reason: "Succeeded", message: "", exitCode: 0 };
const TRACKED = { annotations: { "argocd.argoproj.io/tracking-id": "app:stint.dev/TaskRun:default/train" } };
const OWNED = { ownerReferences: [{ apiVersion: "v1", kind: "X", name: "x", uid: "uid-x", controller: true }] };

/** Succeeded at second 60, in its last attempt. */
function succeeded(spec: Partial<TaskRunSpec>, more: TaskRunWish & { attempts?: readonly object[] } = {}) {
  const { attempts = [SUCCESS], ...wish } = more;
  const rest = { completionTime: at(60), workHash: aTaskRun({ spec }).work };
  const status = aStatus({ phase: "Succeeded", reason: "Succeeded", attempts, rest });
  return aTaskRun({ spec, status, ...wish });
}

/** Failed at second 60. */
function failed(spec: Partial<TaskRunSpec>): TaskRunRecord {
  const status = aStatus({ phase: "Failed", reason: "ExitCode", rest: { completionTime: at(60) } });
  return aTaskRun({ spec, status });
}

/** One attempt has failed, the pause before the next one lasts until second 70. */
function backingOff(spec: Partial<TaskRunSpec>, reason = "BackingOff"): TaskRunRecord {
  const retry = { limit: 1, backoff: { initialSeconds: 10, factor: 1, maxSeconds: 10 } };
  return aTaskRun({ spec: { retry, ...spec }, status: aStatus({ reason }) });
}

const finished = "Succeeded Succeeded";
const FAILED_POD = aPod("ended", { exitCode: 1 });

describe("podRetention", () => {
  checkSituations([
    {
      it: "Always is the default: the pod stays, for its log",
      taskRun: succeeded({}),
      pods: [aPod("ended")],
      want: { says: finished, does: [] },
    },
    {
      it: "Never deletes the pod once its end is recorded",
      taskRun: succeeded({ podRetention: "Never" }),
      pods: [aPod("ended")],
      want: { says: finished, does: ["delete uid-pod-1 PodRetention"] },
    },
    {
      it: "Never waits where a request of who worked before us could still make the pod anew",
      taskRun: succeeded({ podRetention: "Never" }),
      pods: [aPod("ended")],
      keepNamesUntil: 130,
      want: { says: finished, does: [], wakeAt: 130 },
    },
    {
      it: "Never waits no longer than that",
      taskRun: succeeded({ podRetention: "Never" }),
      pods: [aPod("ended")],
      now: 130,
      keepNamesUntil: 130,
      want: { says: finished, does: ["delete uid-pod-1 PodRetention"] },
    },
    {
      it: "Always waits for nothing",
      taskRun: succeeded({}),
      pods: [aPod("ended")],
      keepNamesUntil: 130,
      want: { says: finished, does: [] },
    },
    {
      it: "Never wakes when that is over, if it comes before the next attempt",
      taskRun: backingOff({ podRetention: "Never" }),
      pods: [FAILED_POD],
      now: 65,
      keepNamesUntil: 67,
      want: { says: "Pending BackingOff", does: [], wakeAt: 67 },
    },
    {
      it: "Never deletes nothing while the end is not recorded yet",
      taskRun: aTaskRun({ spec: { podRetention: "Never" } }),
      pods: [aPod("ended")],
      want: { says: finished, does: [], urgency: "now" },
    },
    {
      it: "Never asks once",
      taskRun: succeeded({ podRetention: "Never" }),
      pods: [aPod("ended", { deletedAt: 61 })],
      want: { says: finished, does: [] },
    },
    {
      it: "Never has nothing to do where the pod is gone",
      taskRun: succeeded({ podRetention: "Never" }),
      pods: [aPod("ended", { gone: "seen" })],
      want: { says: finished, does: [], forget: ["uid-pod-1"] },
    },
    {
      it: "Never deletes the pod of a failed attempt before the next one starts",
      taskRun: backingOff({ podRetention: "Never" }),
      pods: [FAILED_POD],
      now: 65,
      want: { says: "Pending BackingOff", does: ["delete uid-pod-1 PodRetention"], wakeAt: 68.155 },
    },
    {
      it: "Never delays no attempt: the next pod comes first",
      taskRun: backingOff({ podRetention: "Never" }),
      pods: [FAILED_POD],
      now: 75,
      want: { says: "Pending BackingOff", does: ["create 2", "delete uid-pod-1 PodRetention"] },
    },
    {
      it: "Never waits until it is recorded, too, that nothing of the pod runs any more",
      taskRun: backingOff({ podRetention: "Never" }, "Stopping"),
      pods: [FAILED_POD],
      now: 65,
      want: { says: "Pending BackingOff", does: [], wakeAt: 68.155 },
    },
    {
      it: "OnFailure keeps the pod of a failure",
      taskRun: failed({ podRetention: "OnFailure" }),
      pods: [FAILED_POD],
      want: { says: "Failed ExitCode", does: [] },
    },
    {
      it: "OnFailure deletes the pod of a success, and keeps those of the failures before it",
      taskRun: succeeded({ podRetention: "OnFailure" }, { attempts: [{}, SUCCESS] }),
      pods: [FAILED_POD, aPod("ended", { attempt: 2 })],
      want: { says: finished, does: ["delete uid-pod-2 PodRetention"] },
    },
    {
      it: "of the operator's configuration holds where the TaskRun says nothing",
      taskRun: succeeded({}),
      defaults: { podRetention: "Never" },
      pods: [aPod("ended")],
      want: { says: finished, does: ["delete uid-pod-1 PodRetention"] },
    },
    {
      it: "of the TaskRun goes before that of the configuration",
      taskRun: succeeded({ podRetention: "Always" }),
      defaults: { podRetention: "Never" },
      pods: [aPod("ended")],
      want: { says: finished, does: [] },
    },
    {
      it: "leaves the pods of a TaskRun that is being deleted to the garbage collector",
      taskRun: succeeded({ podRetention: "Never" }, { deletionTimestamp: at(61), finalizers: ["example.com/hold"] }),
      pods: [aPod("ended")],
      want: { says: finished, does: [] },
    },
  ]);
});

describe("ttlSecondsAfterFinished", () => {
  checkSituations([
    {
      it: "counts from the end, and wakes when it is over",
      taskRun: succeeded({ ttlSecondsAfterFinished: 3600 }),
      pods: [aPod("ended")],
      want: { says: finished, does: [], wakeAt: 3660 },
    },
    {
      it: "waits where a request of who worked before us could still make the pod anew",
      taskRun: succeeded({ ttlSecondsAfterFinished: 0 }),
      pods: [aPod("ended")],
      keepNamesUntil: 130,
      want: { says: finished, does: [], wakeAt: 130 },
    },
    {
      it: "may be ten years",
      taskRun: succeeded({ ttlSecondsAfterFinished: 315_360_000 }),
      want: { says: finished, does: [], wakeAt: 315_360_060 },
    },
    {
      it: "deletes the TaskRun as it was seen, its pods go with it",
      taskRun: succeeded({ ttlSecondsAfterFinished: 40, podRetention: "Never" }),
      pods: [aPod("ended")],
      want: { says: finished, does: ["delete uid-train at 100"] },
    },
    {
      it: "of the operator's configuration holds where the TaskRun says nothing",
      taskRun: failed({}),
      defaults: { ttlSecondsAfterFinished: 40 },
      want: { says: "Failed ExitCode", does: ["delete uid-train at 100"] },
    },
    {
      it: "means nothing before the end",
      taskRun: backingOff({ ttlSecondsAfterFinished: 0 }),
      pods: [FAILED_POD],
      now: 65,
      want: { says: "Pending BackingOff", does: [], wakeAt: 68.155 },
    },
    {
      it: "never comes where nobody knows when the end was",
      taskRun: aTaskRun({ spec: { ttlSecondsAfterFinished: 0 }, status: aStatus({ phase: "Failed", reason: "x" }) }),
      want: { says: "Failed x", does: [] },
    },
    {
      it: "asks for nothing more where somebody has deleted the TaskRun and a finalizer holds it",
      taskRun: succeeded(
        { ttlSecondsAfterFinished: 0 },
        { deletionTimestamp: at(61), finalizers: ["example.com/hold"] },
      ),
      want: { says: finished, does: [] },
    },
  ]);
});

describe("ttlAction", () => {
  const over = { ttlSecondsAfterFinished: 0 };
  checkSituations([
    {
      it: "is Delete for a TaskRun that nobody tracks",
      taskRun: succeeded(over, { labels: { app: "x" } }),
      want: { says: finished, does: ["delete uid-train at 100"] },
    },
    {
      it: "is Compact for one that is tracked: its pods go first",
      taskRun: succeeded(over, TRACKED),
      pods: [FAILED_POD, aPod("ended", { attempt: 2 })],
      want: { says: finished, does: ["delete uid-pod-1 TimeToLive", "delete uid-pod-2 TimeToLive"] },
    },
    {
      it: "Compact takes pods that still run, too",
      taskRun: succeeded(over, TRACKED),
      pods: [aPod("running")],
      want: { says: finished, does: ["delete uid-pod-1 TimeToLive"] },
    },
    {
      it: "Compact waits for pods that are on their way out",
      taskRun: succeeded(over, TRACKED),
      pods: [aPod("ended", { deletedAt: 61 })],
      want: { says: finished, does: [] },
    },
    {
      it: "is Delete for one that is tracked and owned: whoever owns it makes it again if it must",
      taskRun: succeeded(over, { ...TRACKED, ...OWNED }),
      want: { says: finished, does: ["delete uid-train at 100"] },
    },
    {
      it: "Delete is done, tracked or not, if the TaskRun says so",
      taskRun: succeeded({ ...over, ttlAction: "Delete" }, TRACKED),
      want: { says: finished, does: ["delete uid-train at 100"] },
    },
    {
      it: "Compact is done, tracked or not, if the TaskRun says so",
      taskRun: succeeded({ ...over, ttlAction: "Compact" }, OWNED),
      want: { says: finished, does: [] },
    },
  ]);

  it.each([
    ["label", { labels: { "app.kubernetes.io/instance": "shop" } }],
    ["label", { labels: { "argocd.argoproj.io/instance": "shop" } }],
    ["label", { labels: { "kustomize.toolkit.fluxcd.io/name": "shop" } }],
    ["annotation", { annotations: { "argocd.argoproj.io/tracking-id": "shop:stint.dev/TaskRun:default/train" } }],
    ["annotation", { annotations: { "meta.helm.sh/release-name": "shop" } }],
  ])("takes this %s for tracking: %j", (_, metadata) => {
    expect(aTaskRun(metadata).tracked).toBe(true);
  });
});

describe("a compacted TaskRun", () => {
  const spec = { ttlSecondsAfterFinished: 0, ttlAction: "Compact" } as const;
  const results = { rows: "1042" };
  const failures = { application: 1, infrastructure: 0 };
  const large = {
    ...aStatus({ phase: "Succeeded", reason: "Succeeded", message: "Well done.", attempts: [{}, SUCCESS] }),
    completionTime: at(60),
    duration: "1m",
    exitCode: 0,
    results,
    failures,
    memory: "2Gi",
    podName: "train-2",
    podUID: "uid-pod-2",
    nodeName: "node-7",
    log: { tail: "bye" },
  };
  const { status } = planTaskRun({ taskRun: aTaskRun({ spec, status: large }), pods: [], now: atMs(100) });

  it("keeps the outcome, and nothing of pods, nodes, logs and earlier attempts", () => {
    const { observedGeneration, startTime, conditions } = large;
    const { work } = aTaskRun({ spec });

    expect(status).toMatchObject({
      phase: "Succeeded",
      observedGeneration,
      attempt: 2,
      failures,
      startTime,
      completionTime: at(60),
      duration: "1m",
      exitCode: 0,
      results,
      workHash: work,
      compacted: true,
      attempts: [{ number: 2, reason: "Succeeded", exitCode: 0, completionTime: at(60) }],
      conditions,
    });
    expect((status.attempts ?? []).every(({ number }) => number === 2)).toBe(true);
    expect(JSON.stringify(status)).not.toMatch(/podName|podUID|nodeName|memory|log|tail/);
  });

  it("is left alone from then on, by the operator's configuration, too", () => {
    const taskRun = aTaskRun({ spec, status });
    const plan = planTaskRun({ taskRun, pods: [], now: atMs(1e6), defaults: { podRetention: "Never" } });

    expect(plan).toMatchObject({ actions: [], status });
    expect(plan.wakeAt).toBeUndefined();
  });

  it("has nothing more to lose when it is changed, but shows that the change was seen", () => {
    const plan = planTaskRun({ taskRun: aTaskRun({ spec, status, generation: 2 }), pods: [], now: atMs(100) });

    expect(plan.actions).toEqual([]);
    expect(plan.status).toMatchObject({ compacted: true, attempt: 2, observedGeneration: 2 });
  });
});
