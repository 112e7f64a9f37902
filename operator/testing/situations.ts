/** Tables of situations of a TaskRun -> what its plan does and says. */
import { expect, it } from "vitest";
import type { Refusal, StopRefusal } from "../api/action.ts";
import type { Defaults } from "../api/defaults.ts";
import type { PodRecord, TaskRunRecord } from "../api/records.ts";
import type { LackingTemplate } from "../decide/taskrun/facts.ts";
import type { NodeFacts } from "../decide/taskrun/nodes.ts";
import type { Plan } from "../decide/taskrun/plan.ts";
import { planTaskRun } from "../decide/taskrun/plan.ts";
import { aTaskRun, atMs } from "./make.ts";

export interface Situation {
  readonly it: string;
  readonly taskRun?: TaskRunRecord;
  readonly pods?: readonly PodRecord[];
  readonly nodes?: NodeFacts;
  readonly lacking?: LackingTemplate;
  readonly defaults?: Defaults;
  readonly refusal?: Refusal;
  readonly stopRefused?: StopRefusal;
  /** Seconds after START. */
  readonly now?: number;
  /** Likewise. */
  readonly keepNamesUntil?: number;
  readonly want: Want;
}

export interface Want {
  /** "create 2", "delete uid-pod-1 Cancelled", "delete uid-train at 100" */
  readonly does?: readonly string[];
  readonly says: string;
  readonly message?: RegExp;
  readonly urgency?: string;
  readonly wakeAt?: number;
  readonly forget?: readonly string[];
}

export function checkSituations(rows: readonly Situation[]): void {
  it.each(rows)("$it", ({ it: _title, taskRun = aTaskRun(), pods = [], now = 100, want, ...rest }) => {
    const { keepNamesUntil, ...known } = rest;
    const keeps = keepNamesUntil !== undefined && { keepNamesUntil: atMs(keepNamesUntil) };
    const plan = planTaskRun({ taskRun, pods, now: atMs(now), ...keeps, ...known });
    const { phase, conditions } = plan.status;
    const said = conditions?.find((one) => one.type === "Succeeded");

    const { wakeAt, urgency, forget } = plan;
    const got = {
      does: deeds(plan),
      says: `${phase} ${said?.reason}`,
      message: said?.message,
      wakeAt,
      urgency,
      forget,
    };
    const wantWakeAt = want.wakeAt === undefined ? undefined : atMs(want.wakeAt);
    const wantMessage: unknown = expect.stringMatching(want.message ?? /^/);

    expect(got).toMatchObject({ does: [], ...want, wakeAt: wantWakeAt, message: wantMessage });
  });
}

function deeds(plan: Plan): readonly string[] {
  return plan.actions.map((action) => {
    switch (action.kind) {
      case "CreatePod":
        return `create ${action.attempt}`;
      case "DeletePod":
        return `delete ${action.uid} ${action.because}`;
      case "DeleteTaskRun":
        return `delete ${action.uid} at ${action.resourceVersion}`;
    }
  });
}
