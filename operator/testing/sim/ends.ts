/** How a TaskRun must have ended: predicted from its scripts if nobody touched it, else bounded by what was done to it. */
import { isDeepStrictEqual } from "node:util";
import { TAINT_MANAGER } from "./nodes.ts";
import type { TaskRun } from "./objects.ts";
import { type End, scriptsOf, type TaskRunPlan } from "./plan.ts";
import { type PodScript, scriptOf } from "./script.ts";
import type { PodRecord } from "./truth.ts";

interface AttemptEnd {
  readonly reason: string;
  readonly exitCode?: number;
}

/** Why this TaskRun's end is wrong; undefined if it is right. */
export function endProblem(plan: TaskRunPlan, taskRun: TaskRun, pods: readonly PodRecord[]): string | undefined {
  const { status = {} } = taskRun;
  const reason = status.conditions?.find(({ type }) => type === "Succeeded")?.reason ?? "none";
  const is = `${status.phase} (${reason}), attempt ${status.attempt}, exit code ${status.exitCode}`;
  if (plan.wants === "gone") return `exists, ${is}`;
  // Stopped by the operator and removed while it was not looking: it may not guess whether the containers have ended.
  // A person answers for it (users.ts), and the attempt does not count as the scripts say.
  const unseen = pods.some((pod) => pod.deletionBy === "operator" && pod.removedBy !== undefined && !pod.endedFirst);
  const touched = (plan.acts ?? []).length > 0 || unseen || pods.some(({ nodeLost }) => nodeLost);
  if (touched && plan.wants === undefined) {
    return isJustified(reason, taskRun, pods) ? undefined : `ended as ${is}, which nothing that happened explains`;
  }
  const wants = plan.wants ?? predictedEnds(plan);
  const met = wants.some(
    (want) =>
      want.phase === status.phase &&
      (want.reason ?? reason) === reason &&
      (want.exitCode ?? status.exitCode) === status.exitCode &&
      (want.attempts ?? status.attempt) === status.attempt &&
      (want.memory ?? status.memory) === status.memory &&
      isDeepStrictEqual(want.results ?? status.results, status.results),
  );
  return met ? undefined : `ended as ${is}; expected ${wants.map((want) => JSON.stringify(want)).join(" or ")}`;
}

/** The ends that follow from the scripts and the spec alone, whatever the operator and the network went through. */
export function predictedEnds(plan: TaskRunPlan): readonly End[] {
  if (plan.stranger === true) return [{ phase: "Failed", reason: "PodNameTaken" }];
  const spec = plan.spec ?? {};
  const retry = (spec["retry"] ?? {}) as { readonly limit?: number; readonly infrastructureLimit?: number };
  const limits = { application: retry.limit ?? 0, infrastructure: retry.infrastructureLimit ?? 5 };
  const failures = { application: 0, infrastructure: 0 };
  const late: End[] =
    spec["activeDeadlineSeconds"] === undefined ? [] : [{ phase: "Failed", reason: "DeadlineExceeded" }];
  for (let attempt = 1; attempt <= limits.application + limits.infrastructure + 1; attempt++) {
    const script = scriptOf(scriptsOf(plan), attempt);
    const end = attemptEnd(script, spec["results"] !== undefined);
    if (end === undefined) return late;
    if (end.reason === "Succeeded") return [{ phase: "Succeeded", exitCode: 0, attempts: attempt }, ...late];
    const budget = end.reason === "Evicted" ? "infrastructure" : "application";
    failures[budget] += 1;
    if (failures[budget] <= limits[budget]) continue;
    const exit = end.exitCode === undefined ? {} : { exitCode: end.exitCode };
    return [
      { phase: "Failed", reason: failures[budget] === 1 ? end.reason : "RetriesExhausted", attempts: attempt, ...exit },
      ...late,
    ];
  }
  return late;
}

/** Undefined: this attempt never ends by itself. */
function attemptEnd(script: Required<PodScript>, mustHandOver: boolean): AttemptEnd | undefined {
  const { unschedulableMs, pullFailsMs, runMs, evictedAfterMs, oom, exitCode } = script;
  if (unschedulableMs === Number.POSITIVE_INFINITY || pullFailsMs === Number.POSITIVE_INFINITY) return undefined;
  if (evictedAfterMs < runMs) return { reason: "Evicted", exitCode: 137 };
  if (runMs === Number.POSITIVE_INFINITY) return undefined;
  if (oom) return { reason: "OOMKilled", exitCode: 137 };
  const bad = exitCode === 0 && mustHandOver ? badResults(script.says) : undefined;
  return { reason: bad ?? (exitCode === 0 ? "Succeeded" : "ExitCode"), exitCode };
}

/** What is wrong with what a task hands over, if it must hand over "rows". */
function badResults(says: string): string | undefined {
  if (says === "") return "MissingResult";
  if (!/^\{.*\}$/.test(says)) return "InvalidResult";
  return says.includes('"rows":') ? undefined : "MissingResult";
}

type Cause = (spec: NonNullable<TaskRun["spec"]>, pods: readonly PodRecord[]) => boolean;

const byOthers: Cause = (_, pods) =>
  pods.some(({ deletionBy }) => deletionBy !== undefined && deletionBy !== "operator" && deletionBy !== "kubelet");

/** What must have happened for a TaskRun that was touched to end for a reason. */
const CAUSES: ReadonlyMap<string, Cause> = new Map<string, Cause>([
  ["Succeeded", (_, pods) => pods.some(({ report }) => report?.exitCode === 0)],
  ["MissingResult", (_, pods) => pods.some(({ report }) => report?.exitCode === 0)],
  ["InvalidResult", (_, pods) => pods.some(({ report }) => report?.exitCode === 0)],
  ["Cancelled", ({ cancel }) => cancel === true],
  ["Suspended", ({ suspend }) => suspend === true],
  ["DeadlineExceeded", ({ activeDeadlineSeconds }) => activeDeadlineSeconds !== undefined],
  ["StartDeadlineExceeded", ({ startDeadlineSeconds }) => startDeadlineSeconds !== undefined],
  ["AttemptDeadlineExceeded", ({ attemptDeadlineSeconds }) => attemptDeadlineSeconds !== undefined],
  // A start in time that was reported too late explains no deletion: then it reads as somebody else's.
  ["PodDeleted", (spec, pods) => byOthers(spec, pods) || spec.startDeadlineSeconds !== undefined],
  ["Preempted", byOthers],
  // A pod that we stopped may have gone unseen, too.
  ["UnknownFate", (_, pods) => pods.some(({ deletionBy }) => deletionBy !== undefined && deletionBy !== "kubelet")],
  ["ExitCode", (_, pods) => pods.some(({ report }) => report !== undefined && report.exitCode !== 0)],
  // The power of its node failed.
  ["PodFailed", (_, pods) => pods.some(({ report }) => report?.reason === "Unknown")],
  ["OOMKilled", (_, pods) => pods.some(({ report }) => report?.reason === "OOMKilled")],
  [
    "Evicted",
    (_, pods) => pods.some(({ report, deletionBy }) => report?.exitCode === 137 || deletionBy === TAINT_MANAGER),
  ],
  ["NodeLost", (_, pods) => pods.some(({ nodeLost }) => nodeLost)],
  ["RetriesExhausted", (_, pods) => pods.length >= 1],
]);

function isJustified(reason: string, { spec }: TaskRun, pods: readonly PodRecord[]): boolean {
  return spec !== undefined && CAUSES.get(reason)?.(spec, pods) === true;
}
