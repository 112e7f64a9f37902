/** What counts as proof that nothing of a pod runs any more. */
import { describe, expect, it } from "vitest";
import type { PodRecord } from "../../api/records.ts";
import { aPod, NODE } from "../../testing/make.ts";
import type { NodeFact } from "./nodes.ts";
import { provenEnded } from "./proof.ts";

interface Row {
  readonly it: string;
  readonly pod: PodRecord;
  readonly node?: NodeFact["state"];
  readonly proven: boolean;
}

const taint = { disrupted: "DeletionByTaintManager", deletedAt: 50 };

const rows: readonly Row[] = [
  { it: "every container has ended", pod: aPod("ended", { exitCode: 1 }), proven: true },
  { it: "a kubelet evicted the pod before its containers said anything", pod: aPod("evicted"), proven: true },
  { it: "it is being deleted, and its node is silent", pod: aPod("running", taint), node: "there", proven: false },
  { it: "it is being deleted on a node that is gone", pod: aPod("running", taint), node: "gone", proven: false },
  { it: "it was removed by force", pod: aPod("running", { gone: "seen" }), node: "there", proven: false },
  { it: "it was removed, and its node too", pod: aPod("running", { gone: "seen" }), node: "gone", proven: true },
  { it: "the garbage collector failed it", pod: aPod("lostToPodGC"), node: "there", proven: false },
  { it: "the garbage collector failed it, and its node is gone", pod: aPod("lostToPodGC"), node: "gone", proven: true },
  {
    it: "somebody failed it while its container runs: for a node that was out of service, the garbage collector says no more",
    pod: aPod("lostToPodGC", taint),
    node: "there",
    proven: false,
  },
  {
    it: "somebody failed it while its container runs, and its node is out of service",
    pod: aPod("lostToPodGC", taint),
    node: "outOfService",
    proven: true,
  },
];

describe("a pod is proven to have ended, or not:", () => {
  it.each(rows)("$it: $proven", ({ pod, node = "unknown", proven }) => {
    expect(provenEnded(pod, new Map([[NODE, { state: node }]]))).toBe(proven);
  });
});
