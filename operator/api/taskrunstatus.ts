/**
 * JSON of a TaskRun's status, which the operator wrote, or somebody else: whatever it holds, a status comes out that fits
 * the schema, for parts of it become parts of the next one.
 */
import { Chars, Count } from "./bounds.ts";
import { conditionsOf } from "./condition.ts";
import { INT32_MAX, compact, count, lastOfEach, list, object, time, whole, word } from "./decode.ts";
import type { Json } from "./decode.ts";
import type { TaskRunStatus } from "./types.ts";

type Attempt = NonNullable<TaskRunStatus["attempts"]>[number];

export function decodeStatus(status: Json): TaskRunStatus {
  const attempts = lastOfEach(list(status["attempts"]).flatMap(decodeAttempt), ({ number }) => number);
  return compact<TaskRunStatus>({
    phase: decodePhase(status["phase"]),
    observedGeneration: count(status["observedGeneration"], Number.MAX_SAFE_INTEGER),
    attempt: count(status["attempt"]),
    podName: word(status["podName"], Chars.Name),
    podUID: word(status["podUID"], Chars.Uid),
    nodeName: word(status["nodeName"], Chars.Name),
    startTime: time(status["startTime"]),
    completionTime: time(status["completionTime"]),
    duration: word(status["duration"], Chars.Duration),
    exitCode: int32(status["exitCode"]),
    failures: decodeFailures(status["failures"]),
    results: decodeResults(status["results"]),
    workHash: word(status["workHash"], Chars.Hash),
    memory: word(status["memory"], Chars.Quantity),
    log: decodeLog(status["log"], Chars.LogTail),
    compacted: status["compacted"] === true ? true : undefined,
    nextAttemptTime: time(status["nextAttemptTime"]),
    attempts: attempts.length === 0 ? undefined : attempts.slice(-Count.Attempts),
    conditions: conditionsOf(status),
  });
}

function decodePhase(value: unknown): NonNullable<TaskRunStatus["phase"]> {
  switch (value) {
    case "Running":
    case "Succeeded":
    case "Failed":
    case "Cancelled":
    case "Suspended":
      return value;
    default:
      return "Pending";
  }
}

function decodeAttempt(value: unknown): readonly Attempt[] {
  const item = object(value);
  const number = count(item["number"]) ?? 0;
  if (number === 0) return [];
  return [
    compact<Attempt>({
      number,
      podName: word(item["podName"], Chars.Name),
      podUID: word(item["podUID"], Chars.Uid),
      nodeName: word(item["nodeName"], Chars.Name),
      reason: word(item["reason"], Chars.Word) ?? "",
      class: word(item["class"], Chars.Word / 2),
      workHash: word(item["workHash"], Chars.Hash),
      message: word(item["message"], Chars.Message),
      exitCode: int32(item["exitCode"]),
      startTime: time(item["startTime"]),
      completionTime: time(item["completionTime"]),
      log: decodeLog(item["log"], Chars.AttemptLogTail),
    }),
  ];
}

function decodeFailures(value: unknown): TaskRunStatus["failures"] {
  const { application, infrastructure } = object(value);
  if (value === undefined) return undefined;
  return compact({ application: count(application) ?? 0, infrastructure: count(infrastructure) ?? 0 });
}

function decodeResults(value: unknown): TaskRunStatus["results"] {
  const results = Object.entries(object(value)).flatMap(([name, one]): [string, string][] =>
    typeof one === "string" && name.length <= Chars.ResultName ? [[name, word(one, Chars.Result) ?? ""]] : [],
  );
  return results.length === 0 ? undefined : Object.fromEntries(results.slice(0, Count.Results));
}

function decodeLog(value: unknown, chars: number): TaskRunStatus["log"] {
  const tail = word(object(value)["tail"], chars);
  return tail === undefined ? undefined : { tail };
}

function int32(value: unknown): number | undefined {
  const found = whole(value);
  return found !== undefined && Math.abs(found) <= INT32_MAX ? found : undefined;
}
