/**
 * Which event a change of the status is worth: one for each attempt, at its end, which says when and where it started, how
 * it ended, and what follows. So an attempt costs one object at most, and `kubectl describe` tells the whole story.
 */
import { timeMs } from "../../api/decode.ts";
import { EventReason, Phase, Reason } from "../../api/names.ts";
import type { Announcement, TaskRunRecord } from "../../api/records.ts";
import { TERMINAL_PHASES } from "../../api/records.ts";
import type { TaskRunStatus } from "../../api/types.ts";
import { podName } from "../childname.ts";
import { shownMessage, shownReason } from "../conditions.ts";
import { closed, note, span } from "../wording.ts";
import type { AttemptStatus } from "./facts.ts";

/** A first attempt that succeeds this soon is no news: its status says all, and a short task stays at two writes. */
const QUIET_MS = 10_000;

/** `before` as the store had it when the status was written. */
export function eventOf(before: TaskRunRecord, after: Readonly<TaskRunStatus>): Announcement | undefined {
  const number = settled(after);
  // Not the last one if that is still being stopped, and an earlier one was not told of before a crash.
  const ended = after.attempts?.find((one) => one.number === number);
  if (ended !== undefined && number > settled(before.status)) {
    return isQuiet(ended, after) ? undefined : attemptEvent(before, after, ended);
  }
  const isEnd = !isOver(before.status) && isOver(after);
  return isEnd ? endEvent(before, after, after.attempts?.at(-1)?.number ?? 0) : undefined;
}

/** The last attempt of which nothing runs any more and whose end is recorded. */
function settled(status: Readonly<TaskRunStatus>): number {
  const last = status.attempts?.at(-1)?.number ?? 0;
  return shownReason(status) === Reason.Stopping && status.attempt === last ? last - 1 : last;
}

function isOver({ phase }: Readonly<TaskRunStatus>): boolean {
  return phase !== undefined && TERMINAL_PHASES.has(phase);
}

function isQuiet(last: AttemptStatus, { attempts = [] }: Readonly<TaskRunStatus>): boolean {
  const isFirst = attempts.filter(({ workHash }) => workHash === last.workHash).length === 1;
  return isFirst && last.reason === Reason.Succeeded && tookMs(last) <= QUIET_MS;
}

function attemptEvent(before: TaskRunRecord, after: Readonly<TaskRunStatus>, last: AttemptStatus): Announcement {
  const name = podName(before.name, last.number, before.uid);
  const [type, reason] = kindOf(after, last);
  const started = last.startTime === undefined ? "" : ` started ${clock(last.startTime, last.completionTime)}`;
  const where = last.nodeName === undefined ? "" : ` on ${last.nodeName}`;
  const took = ` after ${span(tookMs(last))}`;
  if (reason === EventReason.Succeeded) {
    const begun = started === "" && where === "" ? "" : `,${started}${where},`;
    return { name, type, reason, note: note(`Succeeded in attempt ${last.number}${begun}${took}.`) };
  }
  const verb = type === "Warning" ? "failed" : "ended";
  const told = isOver(after) || reason === EventReason.Suspended ? shownMessage(after) : undefined;
  const how = closed(told ?? `${last.reason}: ${last.message ?? "no details known"}`);
  const next = after.nextAttemptTime;
  const follows = next === undefined ? "" : ` The next one starts at ${clock(next, last.completionTime)}.`;
  const head = `Attempt ${last.number}${started}${where}${started + where === "" ? "" : ","} ${verb}${took}: `;
  return { name, type, reason, note: `${note(head + how, follows.length)}${follows}` };
}

/** The end came without another attempt: the pod was refused, or it was cancelled before or between attempts. */
function endEvent(before: TaskRunRecord, after: Readonly<TaskRunStatus>, attempts: number): Announcement {
  // The next attempt may still come to be, when the TaskRun is changed: the name of its event stays free.
  const name = `${podName(before.name, attempts + 1, before.uid)}.${before.generation}`;
  const [type, reason] = kindOf(after, undefined);
  return { name, type, reason, note: note(`${shownReason(after) ?? ""}: ${shownMessage(after) ?? ""}`) };
}

function kindOf(
  { phase }: Readonly<TaskRunStatus>,
  last: AttemptStatus | undefined,
): [Announcement["type"], EventReason] {
  if (phase === Phase.Failed) return ["Warning", EventReason.Failed];
  if (phase === Phase.Cancelled) return ["Normal", EventReason.Cancelled];
  if (phase === Phase.Succeeded || last?.reason === Reason.Succeeded) return ["Normal", EventReason.Succeeded];
  if (phase === Phase.Suspended) return ["Normal", EventReason.Suspended];
  if (last?.reason === Reason.Superseded) return ["Normal", EventReason.Superseded];
  return ["Warning", EventReason.AttemptFailed];
}

function tookMs({ startTime, completionTime }: AttemptStatus): number {
  return (timeMs(completionTime) ?? 0) - (timeMs(startTime) ?? timeMs(completionTime) ?? 0);
}

/** The time of day in UTC, where the day is that of the other time; else the whole. */
function clock(time: string, beside: string | undefined): string {
  return time.slice(0, 10) === beside?.slice(0, 10) ? time.slice(11, 19) : time;
}
