import { describe, expect, it } from "vitest";
import { Label } from "../../api/names.ts";
import { aTaskRun } from "../../testing/make.ts";
import { RUN, controlledBy } from "../../testing/makeworkflow.ts";
import { settingsOf } from "./settings.ts";

const DEFAULTS = { ttlSecondsAfterFinished: 60 };
const labels = { [Label.WorkflowRun]: RUN.name, [Label.Task]: "load" };
const ownerReferences = [controlledBy("WorkflowRun", RUN)];

describe("how long a finished TaskRun stays", () => {
  it.each([
    ["is the operator's say", aTaskRun(), 60],
    ["is its own say first", aTaskRun({ spec: { ttlSecondsAfterFinished: 5 } }), 5],
    ["is its run's business if a workflow's run made it", aTaskRun({ labels, ownerReferences }), undefined],
    ["is the operator's say if it only has the labels of a run", aTaskRun({ labels }), 60],
    ["is the operator's say if something else controls it", aTaskRun({ ownerReferences }), 60],
  ])("%s", (_, taskRun, want) => {
    expect(settingsOf(taskRun, DEFAULTS).ttlSeconds).toBe(want);
  });
});
