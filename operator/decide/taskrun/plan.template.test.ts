/** A TaskRun whose PodTemplate is not there. */
import { describe } from "vitest";
import type { Refusal } from "../../api/action.ts";
import { aPod, aStatus, aTaskRun, at, atMs } from "../../testing/make.ts";
import { checkSituations } from "../../testing/situations.ts";

const lacking = { name: "gpu" };
const spec = { podTemplateRef: { name: "gpu" } };
const refusal: Refusal = { kind: "Quota", attempt: 1, generation: 1, message: "full", retryAt: atMs(105) };

describe("a TaskRun that lacks its PodTemplate", () => {
  checkSituations([
    {
      it: "makes no pod, says what to do, and sets no timer",
      taskRun: aTaskRun({ spec }),
      lacking,
      want: { says: "Pending TemplateNotFound", message: /PodTemplate gpu.*Create it there/, urgency: "soon" },
    },
    {
      it: "says which right is missing if nobody can know of any",
      taskRun: aTaskRun({ spec }),
      lacking: { ...lacking, refused: "podtemplates is forbidden" },
      want: { says: "Pending Forbidden", message: /list and watch on podtemplates.*podtemplates is forbidden/ },
    },
    {
      it: "waits for it and no longer for room in a quota",
      taskRun: aTaskRun({ spec }),
      lacking,
      refusal,
      want: { says: "Pending TemplateNotFound" },
    },
    {
      it: "can be cancelled",
      taskRun: aTaskRun({ spec: { ...spec, cancel: true } }),
      lacking,
      want: { says: "Cancelled Cancelled" },
    },
    {
      it: "goes on with the pod it has",
      taskRun: aTaskRun({ spec }),
      pods: [aPod("running")],
      lacking,
      want: { says: "Running Running" },
    },
    {
      it: "has waited out its pause between attempts, and then no longer than to its deadline",
      taskRun: aTaskRun({
        spec: { ...spec, retry: { limit: 2 }, activeDeadlineSeconds: 600 },
        status: aStatus({ attempts: [{ completionTime: at(60) }] }),
      }),
      lacking,
      now: 100,
      want: { says: "Pending TemplateNotFound", wakeAt: 600 },
    },
    {
      it: "starts its deadline with its first pod only",
      taskRun: aTaskRun({ spec: { ...spec, activeDeadlineSeconds: 5 } }),
      lacking,
      now: 100_000,
      want: { says: "Pending TemplateNotFound" },
    },
  ]);
});
