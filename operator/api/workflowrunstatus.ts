/**
 * JSON of a WorkflowRun's status, which the operator wrote, or somebody else: whatever it holds, a status comes out that fits
 * the schema, for parts of it become parts of the next one.
 */
import { Chars, Count } from "./bounds.ts";
import { conditionsOf } from "./condition.ts";
import { compact, count, lastOfEach, list, object, oneOf, text, time, word } from "./decode.ts";
import type { Json } from "./decode.ts";
import type { WorkflowRunStatus } from "./types.ts";

type Mapped = NonNullable<WorkflowRunStatus["mapped"]>[number];
type Failure = NonNullable<WorkflowRunStatus["firstFailures"]>[number];

const PHASES = ["Running", "Suspended", "Succeeded", "Failed", "Cancelled"] as const;
const COUNTS = [
  "total",
  "pending",
  "running",
  "retrying",
  "succeeded",
  "failed",
  "upstreamFailed",
  "skipped",
  "cancelled",
] as const;

export function decodeRunStatus(status: Json): WorkflowRunStatus {
  const mapped = lastOfEach(list(status["mapped"]).flatMap(decodeMapped), ({ task }) => task);
  const failures = list(status["firstFailures"]).slice(0, Count.Failures).flatMap(decodeFailure);
  return compact<WorkflowRunStatus>({
    phase: oneOf(status["phase"], PHASES) ?? "Pending",
    observedGeneration: count(status["observedGeneration"], Number.MAX_SAFE_INTEGER),
    workflowGeneration: count(status["workflowGeneration"], Number.MAX_SAFE_INTEGER),
    revision: word(status["revision"], Chars.Name),
    startTime: time(status["startTime"]),
    completionTime: time(status["completionTime"]),
    duration: word(status["duration"], Chars.Duration),
    progress: word(status["progress"], Chars.Progress),
    tasks: decodeCounts(status["tasks"]),
    states: decodeStates(status["states"]),
    mapped: mapped.length === 0 ? undefined : mapped.slice(0, Count.Mapped),
    firstFailures: failures.length === 0 ? undefined : failures,
    stopped: oneOf(status["stopped"], ["Cancelled", "DeadlineExceeded", "FailFast"]),
    retry: decodeRetry(object(status["retry"])),
    conditions: conditionsOf(status),
  });
}

function decodeCounts(value: unknown): WorkflowRunStatus["tasks"] {
  if (value === undefined) return undefined;
  const counts = object(value);
  return Object.fromEntries(
    COUNTS.flatMap((key) => (count(counts[key]) === undefined ? [] : [[key, count(counts[key])]])),
  );
}

/** Nothing, if it holds a letter that means nothing: what follows would be a guess. */
function decodeStates(value: unknown): string | undefined {
  const states = text(value);
  return states !== undefined && states.length <= Chars.States && /^[.RSFUKC]+$/.test(states) ? states : undefined;
}

function decodeMapped(value: unknown): readonly Mapped[] {
  const item = object(value);
  const [task, total] = [word(item["task"], Chars.TaskName), count(item["total"])];
  if (task === undefined || total === undefined) return [];
  return [
    compact<Mapped>({
      task,
      total,
      running: word(item["running"], Chars.Intervals),
      succeeded: word(item["succeeded"], Chars.Intervals),
      failed: word(item["failed"], Chars.Intervals),
      cancelled: word(item["cancelled"], Chars.Intervals),
    }),
  ];
}

function decodeFailure(value: unknown): readonly Failure[] {
  const item = object(value);
  const [task, reason] = [word(item["task"], Chars.TaskName), word(item["reason"], Chars.Word)];
  if (task === undefined || reason === undefined) return [];
  return [
    compact<Failure>({
      task,
      index: count(item["index"]),
      taskRun: word(item["taskRun"], Chars.Name),
      reason,
      message: word(item["message"], Chars.Message),
    }),
  ];
}

function decodeRetry(retry: Json): WorkflowRunStatus["retry"] {
  const id = word(retry["id"], Chars.RetryId);
  if (id === undefined) return undefined;
  return compact<NonNullable<WorkflowRunStatus["retry"]>>({
    id,
    round: count(retry["round"]),
    startTime: time(retry["startTime"]),
    message: word(retry["message"], Chars.Message),
  });
}
