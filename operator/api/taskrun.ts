/** JSON of a TaskRun -> TaskRunRecord. */
import { compact, identityOf, isObject, list, object, text, whole } from "./decode.ts";
import type { Json } from "./decode.ts";
import { TEMPLATE_KEPT_CHARS, TERMINAL_PHASES } from "./records.ts";
import type { TaskRunRecord } from "./records.ts";
import type { TaskRunStatus } from "./types.ts";

/** undefined: it is no object of an API server. */
export function decodeTaskRun(value: unknown): TaskRunRecord | undefined {
  const raw = object(value);
  const metadata = object(raw["metadata"]);
  const identity = identityOf(metadata);
  if (identity === undefined) return undefined;
  const spec = object(raw["spec"]);
  const status = decodeStatus(object(raw["status"]));
  const finished = TERMINAL_PHASES.has(status.phase ?? "");
  return compact<TaskRunRecord>({
    ...identity,
    generation: whole(metadata["generation"]) ?? 0,
    deletion: deletionOf(metadata),
    spec: decodeSpec(spec),
    template: finished ? undefined : smallJson(spec["template"]),
    status,
  });
}

/** The garbage collector's finalizers (KEP-less; pkg/controller/garbagecollector, apimachinery's metav1). */
const COLLECTOR_FINALIZERS: ReadonlySet<unknown> = new Set(["foregroundDeletion", "orphan"]);

function deletionOf(metadata: Json): TaskRunRecord["deletion"] {
  if (metadata["deletionTimestamp"] === undefined) return undefined;
  return list(metadata["finalizers"]).some((one) => COLLECTOR_FINALIZERS.has(one)) ? "collected" : "held";
}

/** The template of a TaskRun as the API server sent it. */
export function templateOf(value: unknown): unknown {
  return object(object(value)["spec"])["template"];
}

function decodeSpec(spec: Json): TaskRunRecord["spec"] {
  const retry = object(spec["retry"]);
  const backoff = object(retry["backoff"]);
  return compact<TaskRunRecord["spec"]>({
    retry: compact({
      limit: whole(retry["limit"]),
      backoff: compact({
        initialSeconds: whole(backoff["initialSeconds"]),
        factor: whole(backoff["factor"]),
        maxSeconds: whole(backoff["maxSeconds"]),
      }),
    }),
    activeDeadlineSeconds: whole(spec["activeDeadlineSeconds"]),
    cancel: spec["cancel"] === true ? true : undefined,
  });
}

/** Its JSON text if that is short. Nothing for what cannot be written as JSON, such as nesting deeper than the stack. */
function smallJson(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  try {
    const json = JSON.stringify(value);
    return json.length <= TEMPLATE_KEPT_CHARS ? json : undefined;
  } catch {
    return undefined;
  }
}

type Attempt = NonNullable<TaskRunStatus["attempts"]>[number];
type Condition = NonNullable<TaskRunStatus["conditions"]>[number];

function decodeStatus(status: Json): TaskRunStatus {
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
    message: text(item["message"]),
    exitCode: whole(item["exitCode"]),
    startTime: text(item["startTime"]),
    completionTime: text(item["completionTime"]),
  });
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
