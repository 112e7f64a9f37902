/** JSON of a Workflow -> WorkflowRecord; the definition itself is in definition.ts. */
import { Chars } from "./bounds.ts";
import { conditionsOf } from "./condition.ts";
import { compact, count, identityOf, list, object, time, whole, word } from "./decode.ts";
import type { Json } from "./decode.ts";
import { deletionOf } from "./metadata.ts";
import { WORKFLOW_REFS_MAX } from "./records.ts";
import type { WorkflowParam, WorkflowRecord } from "./records.ts";
import type { WorkflowStatus } from "./types.ts";

/** As the schema says. */
const HISTORY_DEFAULT = 10;
const HISTORY_MAX = 1000;
const PARAMS_MAX = 64;

/** undefined: it is no object of an API server. */
export function decodeWorkflow(value: unknown): WorkflowRecord | undefined {
  const raw = object(value);
  const metadata = object(raw["metadata"]);
  const identity = identityOf(metadata);
  if (identity === undefined) return undefined;
  const spec = object(raw["spec"]);
  const history = object(spec["history"]);
  return compact<WorkflowRecord>({
    ...identity,
    generation: whole(metadata["generation"]) ?? 0,
    deletion: deletionOf(metadata),
    createdAt: time(metadata["creationTimestamp"]) ?? "",
    run: spec["run"] === "Manual" ? "Manual" : "OnApply",
    suspend: spec["suspend"] === true,
    history: {
      succeeded: count(history["succeeded"], HISTORY_MAX) ?? HISTORY_DEFAULT,
      failed: count(history["failed"], HISTORY_MAX) ?? HISTORY_DEFAULT,
    },
    refs: refsOf(spec),
    params: list(spec["params"]).slice(0, PARAMS_MAX).flatMap(decodeParam),
    status: decodeWorkflowStatus(object(raw["status"])),
  });
}

function refsOf(spec: Json): readonly string[] {
  const names = [...list(spec["tasks"]), ...list(spec["finally"])].flatMap((task) => {
    const name = word(object(object(task)["workflowRef"])["name"], Chars.Name);
    return name === undefined ? [] : [name];
  });
  return [...new Set(names)].slice(0, WORKFLOW_REFS_MAX);
}

function decodeParam(value: unknown): readonly WorkflowParam[] {
  const item = object(value);
  const name = word(item["name"], Chars.ParamName);
  return name === undefined ? [] : [Object.freeze({ name, hasDefault: typeof item["default"] === "string" })];
}

function decodeWorkflowStatus(status: Json): WorkflowStatus {
  const [last, completed] = [object(status["lastRun"]), object(status["lastCompletedRun"])];
  return compact<WorkflowStatus>({
    observedGeneration: count(status["observedGeneration"], Number.MAX_SAFE_INTEGER),
    startedGeneration: count(status["startedGeneration"], Number.MAX_SAFE_INTEGER),
    activeRuns: count(status["activeRuns"]),
    lastRun: compactUnlessEmpty({ ...nameAndPhase(last), startTime: time(last["startTime"]) }),
    lastCompletedRun: compactUnlessEmpty({
      ...nameAndPhase(completed),
      reason: word(completed["reason"], Chars.Word),
      message: word(completed["message"], Chars.Message),
      workflowGeneration: count(completed["workflowGeneration"], Number.MAX_SAFE_INTEGER),
      completionTime: time(completed["completionTime"]),
    }),
    conditions: conditionsOf(status),
  });
}

function nameAndPhase(run: Json): { readonly name: string | undefined; readonly phase: string | undefined } {
  return { name: word(run["name"], Chars.Name), phase: word(run["phase"], Chars.Phase) };
}

function compactUnlessEmpty<T extends object>(value: { readonly [K in keyof T]: T[K] | undefined }): T | undefined {
  const made = compact<T>(value);
  return Object.keys(made).length === 0 ? undefined : made;
}
