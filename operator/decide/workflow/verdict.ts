/** Where a run stands, in a phase, a word and a sentence. */
import { Count } from "../../api/bounds.ts";
import { Phase, RunReason } from "../../api/names.ts";
import type { WorkflowRunRecord } from "../../api/records.ts";
import type { Counts } from "./model.ts";
import { outcomeOf } from "./outcome.ts";
import { activeCount, allDone, suspendedCount, tasksDone } from "./progress.ts";
import { nodeOf } from "./runstate.ts";
import type { RunState } from "./runstate.ts";

export interface RunVerdict {
  readonly phase: Phase;
  readonly reason: RunReason;
  readonly message: string;
}

/** The API server does not take the run's children for now. */
export interface Blocked {
  readonly reason: "CreateFailed" | "QuotaExceeded" | "Forbidden";
  readonly message: string;
}

/** As many as status.firstFailures has. */
const NAMES_MAX: number = Count.Failures;

export function verdictOf(state: RunState, run: WorkflowRunRecord, blocked: Blocked | undefined): RunVerdict {
  const { progress, stopped } = state;
  if (allDone(progress)) return ending(state);
  if (run.spec.suspend === true && stopped === undefined) return suspended(state);
  if (tasksDone(progress)) {
    return running(
      RunReason.Finalizing,
      `${stoppedWords(stopped)}The tasks of finally run; ${countWords(progress.counts)}.`,
    );
  }
  if (stopped !== undefined) {
    return running(RunReason.Stopping, `${stoppedWords(stopped)}Waiting for ${activeCount(progress)} tasks to stop.`);
  }
  if (blocked !== undefined) return running(blocked.reason, `${countWords(progress.counts)}. ${blocked.message}`);
  return running(RunReason.Running, `${countWords(progress.counts)}.`);
}

/** The definition is recorded; the first tasks start next. */
export function begun(tasks: number): RunVerdict {
  return running(RunReason.Running, `0 of ${tasks} tasks have ended.`);
}

/** Before anything has been started. */
export function waiting(reason: RunReason, message: string): RunVerdict {
  return { phase: Phase.Pending, reason, message };
}

/** A run that ended before it began begins anew. */
export function beginning(): RunVerdict {
  return waiting(RunReason.Pending, "Begins anew (spec.retry).");
}

/** An ended run goes on. */
export function retrying(tasks: number): RunVerdict {
  return running(RunReason.Running, `Runs ${tasks} tasks again (spec.retry).`);
}

/** The end of a run that could never start. */
export function impossible(reason: RunReason, message: string): RunVerdict {
  return { phase: Phase.Failed, reason, message };
}

function ending(state: RunState): RunVerdict {
  const { progress, stopped, definition } = state;
  const { phase, causes } = outcomeOf(progress, stopped);
  const words = `${stoppedWords(stopped)}${countWords(progress.counts)}.`;
  const names = causes.slice(0, NAMES_MAX).map((index) => nodeOf(definition.graph, index).name);
  const more = causes.length > NAMES_MAX ? ` and ${causes.length - NAMES_MAX} more` : "";
  const failed = names.length === 0 ? words : `${words} Failed: ${names.join(", ")}${more}.`;
  switch (phase) {
    case "Succeeded":
      return { phase: Phase.Succeeded, reason: RunReason.Succeeded, message: words };
    case "Cancelled":
      return { phase: Phase.Cancelled, reason: RunReason.Cancelled, message: failed };
    case "Failed": {
      const reason = stopped === "DeadlineExceeded" ? RunReason.DeadlineExceeded : RunReason.TaskFailed;
      return { phase: Phase.Failed, reason, message: failed };
    }
  }
}

function suspended({ progress }: RunState): RunVerdict {
  const active = activeCount(progress) - suspendedCount(progress);
  if (active > 0)
    return running(RunReason.Suspended, `Suspended by spec.suspend; waiting for ${active} tasks to stop.`);
  const message = `Suspended by spec.suspend; it goes on once that is false. ${countWords(progress.counts)}.`;
  return { phase: Phase.Suspended, reason: RunReason.Suspended, message };
}

function running(reason: RunReason, message: string): RunVerdict {
  return { phase: Phase.Running, reason, message };
}

function stoppedWords(stopped: RunState["stopped"]): string {
  switch (stopped) {
    case undefined:
      return "";
    case "Cancelled":
      return "Stopped by spec.cancel. ";
    case "DeadlineExceeded":
      return "Stopped because the Workflow's activeDeadlineSeconds were over. ";
    case "FailFast":
      return "Stopped because a task failed (onFailure: FailFast). ";
  }
}

/** "7 of 10 tasks have ended, 1 of them failed; 2 run". What is zero is not said. */
function countWords(counts: Counts): string {
  const { total, pending, running: active, retrying: paused } = counts;
  const bad = [
    [counts.failed, "failed"],
    [counts.upstreamFailed, "not run for that"],
    [counts.skipped, "skipped"],
    [counts.cancelled, "cancelled"],
  ] as const;
  const ended = `${total - pending - active} of ${total} tasks have ended`;
  const of = bad.flatMap(([count, word]) => (count === 0 ? [] : [`${count} ${word}`])).join(", ");
  const now = active === 0 ? "" : `; ${active} under way`;
  const pausing = paused === 0 ? "" : `, ${paused} of them pause before another attempt`;
  return `${ended}${of === "" ? "" : ` (${of})`}${now}${pausing}`;
}
