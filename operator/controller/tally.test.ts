import { expect, it } from "vitest";
import { decodePod } from "../api/pod.ts";
import { decodeTaskRun } from "../api/taskrun.ts";
import { decodeWorkflowRun } from "../api/workflowrun.ts";
import type { Port } from "../api/port.ts";
import type { TaskRunRecord, WorkflowRunRecord } from "../api/records.ts";
import { aWorld } from "../testing/scripted.ts";
import { Tally } from "./tally.ts";

const CREATED = "2030-01-01T00:00:00Z";

function aTally() {
  const { port, counted } = aWorld({});
  const observed: string[] = [];
  const observe: Port["meter"]["observe"] = (name, labels, seconds) =>
    void observed.push([name, ...Object.values(labels), seconds].join(" "));
  const tally = new Tally({ ...port, meter: { ...port.meter, observe } });
  return { tally, observed, counts: () => Object.fromEntries([...counted].filter(([, count]) => count !== 0)) };
}

const succeeded = (reason: string): object[] => [{ type: "Succeeded", status: "Unknown", reason }];

function taskRun(status: object, uid = "uid-1", spec: object = {}): TaskRunRecord {
  const metadata = { name: "a", namespace: "n", uid, resourceVersion: "1", creationTimestamp: CREATED };
  return decodeTaskRun({ metadata, spec, status })!;
}

function workflowRun(status: object): WorkflowRunRecord {
  const metadata = { name: "r", namespace: "n", uid: "uid-r", resourceVersion: "1", creationTimestamp: CREATED };
  return decodeWorkflowRun({ metadata, spec: { workflowRef: { name: "w" } }, status })!;
}

function pod(wish: { readonly createdAt?: string; readonly startedAt?: string; readonly owner?: string }) {
  const { createdAt = CREATED, startedAt, owner = "uid-1" } = wish;
  const ownerReferences = [
    { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", name: "a", uid: owner, controller: true },
  ];
  const metadata = {
    name: "a-1",
    namespace: "n",
    uid: "p",
    resourceVersion: "1",
    creationTimestamp: createdAt,
    ownerReferences,
  };
  const state = startedAt === undefined ? { waiting: {} } : { running: { startedAt } };
  const status = { phase: "Pending", containerStatuses: [{ name: "main", state }] };
  return decodePod({ metadata, spec: { containers: [{ name: "main" }] }, status })!;
}

it("says what those that have not ended wait for", () => {
  const { tally, counts } = aTally();
  const [a, b] = [taskRun({}), taskRun({ phase: "Pending", conditions: succeeded("ImagePullFailed") })];
  tally.taskRun(undefined, a);
  expect(counts()).toEqual({ "taskRuns Pending": 1, "taskRunsUnfinished none": 1 });
  tally.taskRun(a, b);
  expect(counts()).toEqual({ "taskRuns Pending": 1, "taskRunsUnfinished ImagePullFailed": 1 });
  const odd = taskRun({ phase: "Pending", conditions: succeeded("my-object-name") }, "uid-2");
  const odder = taskRun({ phase: "Pending", conditions: succeeded("another") }, "uid-3");
  tally.taskRun(undefined, odd);
  tally.taskRun(undefined, odder);
  expect(counts()).toMatchObject({ "taskRunsUnfinished other": 2 });
  for (const gone of [b, odd, odder]) tally.taskRun(gone, undefined);
  expect(counts()).toEqual({});
});

it("says nothing of what is left to another controller, which waits for nothing of ours", () => {
  const { tally, counts } = aTally();
  const foreign = taskRun({}, "uid-1", { managedBy: "example.com/other" });
  const ours = taskRun({}, "uid-2", { managedBy: "stint.dev/operator" });
  tally.taskRun(undefined, foreign);
  expect(counts()).toEqual({ "taskRuns Pending": 1 });

  // managedBy is fixed, but one of the same name can be another.
  tally.taskRun(foreign, ours);
  expect(counts()).toEqual({ "taskRuns Pending": 1, "taskRunsUnfinished none": 1 });
  tally.taskRun(ours, foreign);
  tally.taskRun(foreign, undefined);
  expect(counts()).toEqual({});
});

it("counts an end once, with how long it took, and not what had ended before", () => {
  const { tally, counts, observed } = aTally();
  const running = taskRun({ phase: "Running", podName: "a-1", conditions: succeeded("Running") });
  const times = { startTime: CREATED, completionTime: "2030-01-01T00:01:10Z" };
  const attempts = [
    { number: 1, reason: "Evicted", class: "Infrastructure" },
    { number: 2, reason: "Succeeded" },
  ];
  const ended = taskRun({ phase: "Succeeded", ...times, attempts, conditions: succeeded("Succeeded") });
  tally.taskRun(undefined, ended);
  expect(counts()).toEqual({ "taskRuns Succeeded": 1 });

  tally.taskRun(ended, undefined);
  tally.taskRun(undefined, running);
  tally.taskRun(running, ended);
  tally.taskRun(ended, ended);
  expect(counts()).toEqual({
    "taskRuns Succeeded": 1,
    "taskRunsEnded Succeeded Succeeded": 1,
    "attempts Evicted Infrastructure": 1,
    "attempts Succeeded none": 1,
  });
  expect(observed).toEqual(["taskRunDuration Succeeded 70"]);
});

it("takes one of the same name for another", () => {
  const { tally, counts } = aTally();
  tally.taskRun(
    taskRun({ phase: "Running" }),
    taskRun({ phase: "Failed", conditions: succeeded("ExitCode") }, "uid-2"),
  );

  expect(counts()).not.toHaveProperty("taskRunsEnded Failed ExitCode");
});

it("counts a run's end, and that of a retry from when it was retried", () => {
  const { tally, counts, observed } = aTally();
  const running = workflowRun({ phase: "Running", startTime: CREATED });
  const failed = { phase: "Failed", startTime: CREATED, completionTime: "2030-01-01T00:00:09Z" };
  const before = workflowRun({ ...failed, conditions: succeeded("TaskFailed") });
  const retry = { id: "x", round: 1, startTime: "2030-01-09T00:00:00Z" };
  const again = workflowRun({ phase: "Running", startTime: CREATED, retry });
  const good = { phase: "Succeeded", startTime: CREATED, completionTime: "2030-01-09T00:00:05Z", retry };
  tally.workflowRun(running, before);
  tally.workflowRun(before, again);
  tally.workflowRun(again, workflowRun({ ...good, conditions: succeeded("Succeeded") }));

  expect(observed).toEqual(["workflowRunDuration Failed 9", "workflowRunDuration Succeeded 5"]);
  expect(counts()).toMatchObject({
    "workflowRunsEnded Failed TaskFailed": 1,
    "workflowRunsEnded Succeeded Succeeded": 1,
  });
});

it("times the first pod from the TaskRun's creation, and each pod's main container from the pod's", () => {
  const { tally, observed } = aTally();
  const createdAt = "2030-01-01T00:00:03Z";
  const waiting = pod({ createdAt });
  const started = pod({ createdAt, startedAt: "2030-01-01T00:00:30Z" });
  tally.pod(undefined, waiting, taskRun({ phase: "Pending" }));
  tally.pod(waiting, started, taskRun({ phase: "Pending" }));
  tally.pod(started, started, taskRun({ phase: "Running" }));
  expect(observed).toEqual(["podDelay 3", "startDelay 27"]);
});

it.each([
  ["a later attempt", taskRun({ phase: "Pending", podName: "a-1", attempts: [{ number: 1, reason: "OOMKilled" }] })],
  ["one that was suspended from its beginning", taskRun({ phase: "Suspended" })],
  ["a pod of somebody else", taskRun({}, "uid-other")],
  ["a pod whose TaskRun is not known", undefined],
])("does not time %s as a TaskRun's first pod", (_, owner) => {
  const { tally, observed } = aTally();
  tally.pod(undefined, pod({}), owner);

  expect(observed).toEqual([]);
});

it("never shows less than no time, however far apart clocks are", () => {
  const { tally, observed } = aTally();
  tally.pod(undefined, pod({ startedAt: "2029-12-31T23:59:00Z" }), undefined);

  expect(observed).toEqual(["startDelay 0"]);
});
