/** JSON of a TaskRun's status, which the operator wrote, or somebody else: whatever it holds, a status comes out. */
import { compact, list, object, text, whole } from "./decode.ts";
import type { Json } from "./decode.ts";
import type { TaskRunStatus } from "./types.ts";

type Attempt = NonNullable<TaskRunStatus["attempts"]>[number];
type Condition = NonNullable<TaskRunStatus["conditions"]>[number];

export function decodeStatus(status: Json): TaskRunStatus {
  const conditions = list(status["conditions"]).map((item) => decodeCondition(object(item)));
  const attempts = list(status["attempts"]).map((item) => decodeAttempt(object(item)));
  return compact<TaskRunStatus>({
    phase: decodePhase(status["phase"]),
    observedGeneration: whole(status["observedGeneration"]),
    attempt: whole(status["attempt"]),
    podName: text(status["podName"]),
    podUID: text(status["podUID"]),
    nodeName: text(status["nodeName"]),
    startTime: text(status["startTime"]),
    completionTime: text(status["completionTime"]),
    duration: text(status["duration"]),
    exitCode: whole(status["exitCode"]),
    failures: decodeFailures(status["failures"]),
    results: decodeResults(status["results"]),
    workHash: text(status["workHash"]),
    memory: text(status["memory"]),
    log: decodeLog(status["log"]),
    compacted: status["compacted"] === true ? true : undefined,
    nextAttemptTime: text(status["nextAttemptTime"]),
    attempts: attempts.length === 0 ? undefined : attempts,
    conditions: conditions.length === 0 ? undefined : conditions,
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

function decodeAttempt(item: Json): Attempt {
  return compact<Attempt>({
    number: whole(item["number"]) ?? 0,
    podName: text(item["podName"]),
    podUID: text(item["podUID"]),
    nodeName: text(item["nodeName"]),
    reason: text(item["reason"]) ?? "",
    class: text(item["class"]),
    workHash: text(item["workHash"]),
    message: text(item["message"]),
    exitCode: whole(item["exitCode"]),
    startTime: text(item["startTime"]),
    completionTime: text(item["completionTime"]),
    log: decodeLog(item["log"]),
  });
}

function decodeFailures(value: unknown): TaskRunStatus["failures"] {
  const { application, infrastructure } = object(value);
  if (value === undefined) return undefined;
  return compact({ application: whole(application) ?? 0, infrastructure: whole(infrastructure) ?? 0 });
}

function decodeResults(value: unknown): TaskRunStatus["results"] {
  const results = Object.entries(object(value)).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return results.length === 0 ? undefined : Object.fromEntries(results);
}

function decodeLog(value: unknown): TaskRunStatus["log"] {
  const tail = text(object(value)["tail"]);
  return tail === undefined ? undefined : { tail };
}

function decodeCondition(item: Json): Condition {
  const status = item["status"];
  return compact<Condition>({
    type: text(item["type"]) ?? "",
    status: status === "True" || status === "False" ? status : "Unknown",
    reason: text(item["reason"]) ?? "",
    message: text(item["message"]) ?? "",
    observedGeneration: whole(item["observedGeneration"]),
    lastTransitionTime: text(item["lastTransitionTime"]) ?? "",
  });
}
