/** Tables of situations of a TaskRun -> what its plan does and says. */
import { expect, it } from "vitest";
import type { Refusal, StopRefusal } from "../api/action.ts";
import type { PodRecord, TaskRunRecord } from "../api/records.ts";
import type { Plan } from "../decide/taskrun/plan.ts";
import { planTaskRun } from "../decide/taskrun/plan.ts";
import { aTaskRun, atMs } from "./make.ts";

export interface Situation {
  readonly it: string;
  readonly taskRun?: TaskRunRecord;
  readonly pods?: readonly PodRecord[];
  readonly refusal?: Refusal;
  readonly stopRefused?: StopRefusal;
  /** Seconds after START. */
  readonly now?: number;
  readonly want: Want;
}

export interface Want {
  /** "create 2", "delete uid-pod-1 Cancelled" */
  readonly does?: readonly string[];
  readonly says: string;
  readonly message?: RegExp;
  readonly urgency?: string;
  readonly wakeAt?: number;
  readonly forget?: readonly string[];
}

export function checkSituations(rows: readonly Situation[]): void {
  it.each(rows)("$it", ({ taskRun = aTaskRun(), pods = [], refusal, stopRefused, now = 100, want }) => {
    const refused = { ...(refusal && { refusal }), ...(stopRefused && { stopRefused }) };
    const plan = planTaskRun({ taskRun, pods, now: atMs(now), ...refused });
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
  return plan.actions.map((action) =>
    action.kind === "CreatePod" ? `create ${action.attempt}` : `delete ${action.uid} ${action.because}`,
  );
}
