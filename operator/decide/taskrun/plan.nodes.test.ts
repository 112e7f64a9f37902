/** What the node of a pod tells of the pod's end, when no kubelet does. */
import { describe } from "vitest";
import type { PodRecord } from "../../api/records.ts";
import { NODE, aPod, aStatus, aTaskRun, at } from "../../testing/make.ts";
import type { PodWish, Stage } from "../../testing/make.ts";
import { checkSituations } from "../../testing/situations.ts";
import type { NodeFact, NodeFacts } from "./nodes.ts";

const nodes = (fact: NodeFact): NodeFacts => new Map([[NODE, fact]]);
const gone = nodes({ state: "gone" });
/** What ends an attempt shows at once: nothing is retried. */
const once = aTaskRun({ spec: { retry: { infrastructureLimit: 0 } } });

/** The pod was created at 0 s and got its node at 10 s. */
function placed(stage: Stage, wish: PodWish = {}): PodRecord {
  return { ...aPod(stage, wish), placedAt: at(10) };
}

describe("a pod that is gone without a word", () => {
  checkSituations([
    {
      it: "has ended if its node is gone",
      taskRun: once,
      pods: [placed("running", { gone: "seen" })],
      nodes: gone,
      want: { says: "Failed NodeLost", message: /^Node node-7 is gone\. Pod \S+ was there/, urgency: "now" },
    },
    {
      it: "has ended if its node is gone, though only a list missed it",
      taskRun: once,
      pods: [placed("running", { gone: "missed" })],
      nodes: gone,
      want: { says: "Failed NodeLost" },
    },
    {
      it: "has ended if a person says that its node is out of service",
      taskRun: once,
      pods: [placed("running", { gone: "seen" })],
      nodes: nodes({ state: "outOfService", createdAt: at(-100) }),
      want: { says: "Failed NodeLost", message: /marked out-of-service/ },
    },
    {
      it: "has ended if its node was made after it was placed there",
      taskRun: once,
      pods: [placed("running", { gone: "seen" })],
      nodes: nodes({ state: "there", createdAt: at(11) }),
      want: { says: "Failed NodeLost", message: /made anew/ },
    },
    {
      it: "may still run on a node that an autoscaler made for it",
      taskRun: once,
      pods: [placed("running", { gone: "seen" })],
      nodes: nodes({ state: "there", createdAt: at(5) }),
      want: { says: "Running UnknownFate" },
    },
    {
      it: "may still run on a node of whose age nobody can judge",
      taskRun: once,
      pods: [aPod("running", { gone: "seen" })],
      nodes: nodes({ state: "there", createdAt: at(500) }),
      want: { says: "Running UnknownFate" },
    },
    {
      it: "may still run where nodes are not known",
      taskRun: once,
      pods: [placed("running", { gone: "seen" })],
      nodes: nodes({ state: "unknown" }),
      want: { says: "Running UnknownFate" },
    },
    {
      it: "and was to be cancelled is cancelled, and it is said what became of its node",
      taskRun: aTaskRun({ spec: { cancel: true } }),
      pods: [placed("running", { gone: "seen", deletedAt: 90 })],
      nodes: gone,
      want: { says: "Cancelled Cancelled" },
    },
    {
      it: "but for the status has ended if the node that the status names is gone",
      taskRun: aTaskRun({
        spec: { retry: { infrastructureLimit: 0 } },
        status: { phase: "Running", attempt: 1, podName: "p1", podUID: "uid-p1", nodeName: NODE, startTime: at(0) },
      }),
      nodes: gone,
      want: { says: "Failed NodeLost", message: /Pod p1 was there/ },
    },
  ]);
});

describe("a pod that is there", () => {
  checkSituations([
    {
      it: "goes on, though its node is gone: a kubelet without a Node object runs what it ran",
      taskRun: once,
      pods: [placed("running")],
      nodes: gone,
      want: { says: "Running Running" },
    },
    {
      it: "has ended if the pod garbage collector says so of a node that is gone",
      taskRun: once,
      pods: [placed("lostToPodGC", { deletedAt: 90 })],
      nodes: gone,
      want: { says: "Failed NodeLost" },
    },
    {
      it: "has not ended if the pod garbage collector says so of a node that is there",
      taskRun: once,
      pods: [placed("lostToPodGC", { deletedAt: 90 })],
      nodes: nodes({ state: "there", createdAt: at(-100) }),
      want: { says: "Running Stopping" },
    },
    {
      it: "has ended as it says itself, whatever became of its node",
      taskRun: once,
      pods: [placed("ended")],
      nodes: gone,
      want: { says: "Succeeded Succeeded" },
    },
  ]);
});

describe("an attempt whose other containers were being stopped when its pod vanished", () => {
  const attempts = [{ reason: "ExitCode", nodeName: NODE }];
  const taskRun = aTaskRun({ spec: { retry: { limit: 2 } }, status: aStatus({ reason: "Stopping", attempts }) });
  checkSituations([
    {
      it: "may be followed by another one if its node is gone",
      taskRun,
      nodes: gone,
      now: 1000,
      want: { says: "Pending BackingOff", does: ["create 2"] },
    },
    { it: "is not followed by another one else", taskRun, now: 1000, want: { says: "Pending UnknownFate" } },
  ]);
});
