/** The whole status of a WorkflowRun, rebuilt from how far it has come; never patched along the way. */
import { Chars, Count } from "../../api/bounds.ts";
import { beginning, compact, timeMs } from "../../api/decode.ts";
import type { RunReason } from "../../api/names.ts";
import { TERMINAL_PHASES } from "../../api/records.ts";
import type { WorkflowRunRecord } from "../../api/records.ts";
import type { WorkflowRunStatus } from "../../api/types.ts";
import { conditionsAfter } from "../conditions.ts";
import type { Verdict } from "../conditions.ts";
import { closed, sentence, span, stamp } from "../wording.ts";
import { mappedStatus } from "./mappedstatus.ts";
import { STATE_LETTER, TaskState } from "./model.ts";
import type { Counts, Slot } from "./model.ts";
import { partsOf, stateOf } from "./progress.ts";
import type { RunProgress } from "./progress.ts";

export interface RunView {
  /** As stored; what the following do not speak of stays as its status says. */
  readonly run: WorkflowRunRecord;
  /** Without it (not loaded yet) counts, states and failures stay as they are. */
  readonly progress?: RunProgress | undefined;
  readonly verdict: Verdict<RunReason>;
  /** These four once they are known; a run never loses them again. */
  readonly revision?: string | undefined;
  readonly workflowGeneration?: number | undefined;
  /** RFC 3339. */
  readonly startTime?: string | undefined;
  readonly retry?: WorkflowRunStatus["retry"] | undefined;
  /** Absent: it is not stopped (any more). */
  readonly stopped?: WorkflowRunStatus["stopped"] | undefined;
  /** Of a verdict that is an end, in milliseconds since 1970; if absent, as the status says, else now. */
  readonly completedAt?: number | undefined;
  readonly now: number;
  /** Why a failed task or part failed, and its TaskRun's name. undefined: nobody knows (any more). */
  failureOf(slot: Slot): FailureWords | undefined;
}

export interface FailureWords {
  readonly reason: string;
  readonly message?: string | undefined;
  /** Or its sub-workflow's run. */
  readonly taskRun?: string | undefined;
}

type Failure = NonNullable<WorkflowRunStatus["firstFailures"]>[number];

/**
 * Of a message in firstFailures, as JSON: with ten of them and the parts of 10,000 tasks in the worst order a status stays
 * below 64 KiB. The whole message is in the TaskRun's own status.
 */
const FAILURE_MESSAGE_BYTES = 512;
/** Where nobody knows why a task failed: its TaskRun is gone, and so is what was recorded. */
const UNKNOWN = "Unknown";

export function runStatus(view: RunView): WorkflowRunStatus {
  const { run, verdict, progress, now } = view;
  const before = run.status;
  const startTime = view.startTime ?? before.startTime;
  const completedAt = completionOf(view);
  const startedAt = timeMs(startTime);
  const at = { generation: run.generation, now };
  const tasks = progress === undefined ? asBefore(before) : tasksStatus(view, progress);
  return compact<WorkflowRunStatus>({
    phase: verdict.phase,
    observedGeneration: at.generation,
    workflowGeneration: view.workflowGeneration ?? before.workflowGeneration,
    revision: view.revision ?? before.revision,
    startTime,
    completionTime: completedAt === undefined ? undefined : stamp(completedAt),
    duration:
      completedAt === undefined || startedAt === undefined ? undefined : span(wholeSeconds(completedAt) - startedAt),
    ...tasks,
    stopped: view.stopped,
    retry: retryStatus(view.retry ?? before.retry),
    conditions: conditionsAfter(withFailure(verdict, tasks.firstFailures?.[0]), before.conditions ?? [], at),
  });
}

/** Whoever looks at night sees by kubectl get -o wide what went wrong first, without a second look. */
function withFailure(verdict: Verdict<RunReason>, first: Failure | undefined): Verdict<RunReason> {
  if (first === undefined) return verdict;
  const where = first.index === undefined ? first.task : `${first.task}[${first.index}]`;
  const words = [where, first.reason, first.message].filter((word) => word !== undefined).join(": ");
  return { ...verdict, message: `${verdict.message} First failure: ${closed(words)}` };
}

function completionOf({ run, verdict, completedAt, now }: RunView): number | undefined {
  if (!TERMINAL_PHASES.has(verdict.phase)) return undefined;
  return completedAt ?? timeMs(run.status.completionTime) ?? now;
}

type TasksStatus = Pick<WorkflowRunStatus, "progress" | "tasks" | "states" | "mapped" | "firstFailures">;
type Complete<T> = { [K in keyof T]-?: T[K] | undefined };

function asBefore(before: WorkflowRunStatus): Complete<TasksStatus> {
  const { progress, tasks, states, mapped } = before;
  return { progress, tasks, states, mapped, firstFailures: before.firstFailures };
}

function tasksStatus(view: RunView, progress: RunProgress): Complete<TasksStatus> {
  const { counts, graph } = progress;
  const states = graph.nodes.map(({ index }) => STATE_LETTER[stateOf(progress, index)]).join("");
  const failures = firstFailures(view, progress);
  return {
    progress: `${doneOf(counts)}/${counts.total}`,
    tasks: { ...counts },
    states: states === "" ? undefined : states,
    mapped: mappedStatus(progress),
    firstFailures: failures.length === 0 ? undefined : failures,
  };
}

function doneOf({ succeeded, failed, upstreamFailed, skipped, cancelled }: Counts): number {
  return succeeded + failed + upstreamFailed + skipped + cancelled;
}

/** The first in the order of the definition. No further than needed: there may be 10,000 parts, and mostly none has failed. */
function firstFailures(view: RunView, progress: RunProgress): Failure[] {
  const wanted = Math.min(Count.Failures, progress.counts.failed);
  const failures: Failure[] = [];
  for (const node of progress.graph.nodes) {
    if (failures.length >= wanted) break;
    const parts = node.list === "none" ? undefined : partsOf(progress, node.index);
    if (parts === undefined) {
      if (stateOf(progress, node.index) === TaskState.Failed)
        failures.push(failure(view, { node: node.index, part: 0 }, node.name));
      continue;
    }
    for (let part = 0; part < parts.total && failures.length < wanted; part += 1) {
      if (parts.stateAt(part) !== TaskState.Failed) continue;
      failures.push(failure(view, { node: node.index, part }, node.name, part));
    }
  }
  return failures;
}

/** In the words of whoever knows, else in those recorded. */
function failure(view: RunView, slot: Slot, task: string, index?: number): Failure {
  const recorded = view.run.status.firstFailures?.find((one) => one.task === task && one.index === index);
  const words: FailureWords = view.failureOf(slot) ?? recorded ?? { reason: UNKNOWN };
  const message = words.message === undefined ? undefined : failureMessage(words.message);
  return compact<Failure>({
    task,
    index,
    taskRun: words.taskRun,
    reason: beginning(words.reason === "" ? UNKNOWN : words.reason, Chars.Word),
    message: message === "" ? undefined : message,
  });
}

function failureMessage(message: string): string {
  const flat = sentence(message);
  let [bytes, end] = [QUOTES_BYTES, 0];
  for (const character of flat) {
    bytes += jsonBytes(character);
    if (bytes > FAILURE_MESSAGE_BYTES) return `${flat.slice(0, end)}${ELLIPSIS}`;
    if (bytes <= FAILURE_MESSAGE_BYTES - ELLIPSIS.length) end += character.length;
  }
  return flat;
}

const QUOTES_BYTES = 2;
const ELLIPSIS = " ...";

/** Of one code point within a text that is printable and well-formed. */
function jsonBytes(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return character === '"' || character === "\\" ? 2 : 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

function retryStatus(retry: WorkflowRunStatus["retry"]): WorkflowRunStatus["retry"] {
  if (retry?.message === undefined) return retry;
  return { ...retry, message: sentence(retry.message) };
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
