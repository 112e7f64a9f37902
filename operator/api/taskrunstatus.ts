/**
 * JSON of a TaskRun's status, which the operator wrote, or somebody else: whatever it holds, a status comes out that fits
 * the schema, for parts of it become parts of the next one.
 */
import { Chars, Count } from "./bounds.ts";
import { compact, list, object, text, time, whole, word } from "./decode.ts";
import type { Json } from "./decode.ts";
import type { TaskRunStatus } from "./types.ts";

type Attempt = NonNullable<TaskRunStatus["attempts"]>[number];
type Condition = NonNullable<TaskRunStatus["conditions"]>[number];

const INT32_MAX = 2_147_483_647;

export function decodeStatus(status: Json): TaskRunStatus {
  const conditions = lastOfEach(list(status["conditions"]).flatMap(decodeCondition), ({ type }) => type);
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
    conditions: conditions.length === 0 ? undefined : conditions.slice(0, Count.Conditions),
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

function decodeCondition(value: unknown): readonly Condition[] {
  const item = object(value);
  const type = word(item["type"], Chars.Word);
  if (type === undefined) return [];
  const status = item["status"];
  return [
    compact<Condition>({
      type,
      status: status === "True" || status === "False" ? status : "Unknown",
      reason: reasonWord(item["reason"]),
      message: word(item["message"], Chars.Message) ?? "",
      observedGeneration: count(item["observedGeneration"], Number.MAX_SAFE_INTEGER),
      lastTransitionTime: time(item["lastTransitionTime"]) ?? "1970-01-01T00:00:00Z",
    }),
  ];
}

function reasonWord(value: unknown): string {
  const found = text(value) ?? "";
  return found.length <= Chars.Word && /^[A-Za-z][A-Za-z0-9]*$/.test(found) ? found : "Unknown";
}

function count(value: unknown, max: number = INT32_MAX): number | undefined {
  const found = whole(value);
  return found !== undefined && found >= 0 && found <= max ? found : undefined;
}

function int32(value: unknown): number | undefined {
  const found = whole(value);
  return found !== undefined && Math.abs(found) <= INT32_MAX ? found : undefined;
}

/** The server takes a list that is keyed only if no key comes twice. */
function lastOfEach<T>(items: readonly T[], key: (item: T) => unknown): readonly T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}
