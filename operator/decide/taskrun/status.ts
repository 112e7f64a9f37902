/** The whole status of a TaskRun, rebuilt from what was observed; never patched along the way. */
import { Chars } from "../../api/bounds.ts";
import { compact, timeMs } from "../../api/decode.ts";
import { FailureClass, Phase, Reason } from "../../api/names.ts";
import type { PodRecord } from "../../api/records.ts";
import type { TaskRunStatus } from "../../api/types.ts";
import { conditionsAfter } from "../conditions.ts";
import type { Verdict } from "../conditions.ts";
import { sentence, span, stamp } from "../wording.ts";
import { ranThisWork, superseded } from "./facts.ts";
import type { AttemptStatus, Facts } from "./facts.ts";
import { logTail } from "./lastwords.ts";
import type { AttemptEnd } from "./outcome.ts";
import { readResults } from "./results.ts";
import { classOf } from "./failures.ts";
import { memoryAfter } from "./memory.ts";
import { budgetOf } from "./retry.ts";
import type { Failures } from "./retry.ts";

/** status.attempts holds the last 10 (crds/taskruns.yaml). */
const ATTEMPTS_KEPT = 10;
/** In place of a hash: the attempt's pod did not say what it ran, and it was not what is asked for now. */
const OTHER_WORK = "other";

/** What the plan wants to say; everything else follows from the facts. */
export interface View extends Verdict {
  /** The end of the current attempt, to be added to the recorded ones. */
  readonly ended?: AttemptStatus;
  readonly nextAttemptAt?: number;
  /** Set for the three final phases. */
  readonly completedAt?: number;
}

export function statusFrom(facts: Facts, view: View): TaskRunStatus {
  const attempts = [...facts.recorded, ...(view.ended ? [view.ended] : [])].slice(-ATTEMPTS_KEPT);
  const started = beginsAnew(facts, view) ? undefined : facts.startedAt;
  const failures = failuresAfter(facts, view.ended);
  const { completedAt, nextAttemptAt } = view;
  const at = { generation: facts.taskRun.generation, now: facts.now };
  return compact<TaskRunStatus>({
    phase: view.phase,
    observedGeneration: at.generation,
    ...shownAttempt(facts, attempts.at(-1)),
    failures: isCounting(facts, failures) ? { ...failures } : undefined,
    workHash: facts.taskRun.work,
    memory: memoryAfter(facts, view.ended),
    startTime: started === undefined ? undefined : stamp(started),
    completionTime: completedAt === undefined ? undefined : stamp(completedAt),
    duration: completedAt === undefined || started === undefined ? undefined : span(floor(completedAt) - started),
    ...handedOver(facts, attempts.at(-1)),
    nextAttemptTime: nextAttemptAt === undefined ? undefined : stamp(nextAttemptAt),
    attempts: attempts.length === 0 ? undefined : attempts,
    conditions: conditionsAfter(view, facts.before.conditions ?? [], at),
  });
}

/** The next pod starts the clock of the whole TaskRun. */
function beginsAnew(facts: Facts, { phase, ended, completedAt }: View): boolean {
  if (phase === Phase.Suspended) return true;
  if (ended === undefined || completedAt !== undefined) return false;
  return ended.reason === Reason.Suspended || ended.reason === Reason.Superseded || !ranThisWork(facts, ended);
}

/**
 * How many attempts of the work as it is now have failed, `ended` included. Counted on from the status, for it keeps only the
 * last attempts; a status without counts (an older Stint's, or one that has none yet) is counted afresh.
 */
export function failuresAfter(facts: Facts, ended: AttemptStatus | undefined): Failures {
  const isNew = ended !== undefined && !facts.recorded.some((one) => one.number === ended.number);
  const known = facts.reset ? undefined : facts.before.failures;
  const counted = facts.recorded.filter((one) => known === undefined && !facts.reset && ranThisWork(facts, one));
  const total = { application: known?.application ?? 0, infrastructure: known?.infrastructure ?? 0 };
  for (const attempt of [...counted, ...(isNew && ranThisWork(facts, ended) ? [ended] : [])]) {
    const budget = budgetOf(attempt.reason);
    if (budget !== undefined) total[budget] += 1;
  }
  return total;
}

/** Zeros are written, too, once the count has begun anew: left out, it would be made afresh from attempts of earlier runs. */
function isCounting({ reset, before }: Facts, { application, infrastructure }: Failures): boolean {
  return application + infrastructure > 0 || reset || before.failures !== undefined;
}

/** The recorded form of an attempt that just ended. */
export function attemptStatus(facts: Facts, end: AttemptEnd): AttemptStatus {
  const { pod, vanished } = facts;
  const created = pod?.createdAt;
  return compact<AttemptStatus>({
    number: facts.current,
    podName: pod?.name ?? vanished?.name,
    podUID: pod?.uid ?? vanished?.uid,
    nodeName: pod?.nodeName ?? vanished?.nodeName,
    reason: end.reason,
    class: end.unproven === true ? FailureClass.Unknown : classOf(end.reason),
    workHash: workOf(facts),
    message: end.message === "" ? undefined : sentence(end.message),
    exitCode: end.exitCode,
    startTime: created === undefined || timeMs(created) === undefined ? undefined : created,
    completionTime: stamp(end.at),
    log: logOf(pod, end.reason, Chars.AttemptLogTail),
  });
}

/** The work of the current attempt. */
function workOf(facts: Facts): string {
  const { pod, taskRun } = facts;
  if (pod?.work !== undefined) return pod.work;
  return pod !== undefined && superseded(facts, pod) ? OTHER_WORK : taskRun.work;
}

type Shown = Pick<TaskRunStatus, "attempt" | "podName" | "podUID" | "nodeName" | "exitCode">;

/** Attempt, pod, node and exit code always speak of the same attempt: the current one once it has a pod, else the last. */
function shownAttempt(facts: Facts, last: AttemptStatus | undefined): { [K in keyof Shown]: Shown[K] | undefined } {
  if (facts.pod !== undefined && facts.pod.attempt !== last?.number) return shownPod(facts.current, facts.pod);
  const { vanished: lost, current } = facts;
  // A pod that vanished stays named: nothing else tells that it ever was.
  if (lost !== undefined && current !== last?.number)
    return compact<Shown>({ attempt: current, podName: lost.name, podUID: lost.uid, nodeName: lost.nodeName });
  if (last === undefined) return { attempt: facts.refusal === undefined ? facts.before.attempt : facts.current };
  const { number, podName, podUID, nodeName, exitCode } = last;
  return { attempt: number, podName, podUID, nodeName, exitCode };
}

type Left = Pick<TaskRunStatus, "results" | "log">;

/**
 * What the attempt left that the status speaks of, once it has ended: results if it succeeded, else the end of its log.
 * From its pod while there is one; afterwards as the status has it.
 */
function handedOver(facts: Facts, last: AttemptStatus | undefined): { [K in keyof Left]: Left[K] | undefined } {
  const { pod, lastPod, before } = facts;
  const underWay = pod !== undefined && pod.attempt !== last?.number;
  if (last === undefined || underWay || facts.reset || !ranThisWork(facts, last))
    return { results: undefined, log: undefined };
  const its = [pod, lastPod].find((one) => one?.attempt === last.number);
  const known = before.attempt === last.number ? before : {};
  if (last.reason !== Reason.Succeeded) {
    return { results: undefined, log: logOf(its, last.reason, Chars.LogTail) ?? known.log };
  }
  const handed = its && readResults(its, facts.taskRun.spec.results);
  const results = handed !== undefined && "results" in handed ? handed.results : known.results;
  return { results: Object.keys(results ?? {}).length === 0 ? undefined : { ...results }, log: undefined };
}

function logOf(pod: PodRecord | undefined, reason: string, chars: number): TaskRunStatus["log"] {
  const tail = pod === undefined || reason === Reason.Succeeded ? undefined : logTail(pod, chars);
  return tail === undefined ? undefined : { tail };
}

function shownPod(attempt: number, pod: PodRecord): Shown {
  return compact<Shown>({
    attempt,
    podName: pod.name,
    podUID: pod.uid,
    nodeName: pod.nodeName,
    exitCode: pod.main.state === "terminated" ? pod.main.exitCode : undefined,
  });
}

function floor(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
