/** JSON of a WorkflowRun -> WorkflowRunRecord. */
import { Chars, Count } from "./bounds.ts";
import { compact, identityOf, isObject, list, object, oneOf, time, whole, word } from "./decode.ts";
import type { Json } from "./decode.ts";
import { controllerOf, deletionOf, isTracked, ownerOf, smallNumber, stepOf, suspendedBy } from "./metadata.ts";
import { Annotation } from "./names.ts";
import { TERMINAL_PHASES } from "./records.ts";
import type { WorkflowRunRecord } from "./records.ts";
import type { WorkflowRunSpec, WorkflowRunStatus } from "./types.ts";
import { decodeRunStatus } from "./workflowrunstatus.ts";

/** undefined: it is no object of an API server. */
export function decodeWorkflowRun(value: unknown): WorkflowRunRecord | undefined {
  const raw = object(value);
  const metadata = object(raw["metadata"]);
  const identity = identityOf(metadata);
  if (identity === undefined) return undefined;
  const generation = whole(metadata["generation"]) ?? 0;
  const spec = decodeRunSpec(object(raw["spec"]));
  const owner = controllerOf(metadata, "Workflow", "WorkflowRun");
  return compact<WorkflowRunRecord>({
    ...identity,
    ...ownerOf(metadata, "Workflow", "WorkflowRun"),
    ownerKind: word(owner["kind"], Chars.Word),
    ownerName: word(owner["name"], Chars.Name),
    generation,
    deletion: deletionOf(metadata),
    createdAt: time(metadata["creationTimestamp"]) ?? "",
    tracked: isTracked(metadata) ? true : undefined,
    spec,
    depth: smallNumber(object(metadata["annotations"])[Annotation.Depth]) ?? 0,
    revision: word(object(metadata["annotations"])[Annotation.Revision], Chars.Name),
    step: stepOf(metadata),
    suspendedBy: suspendedBy(metadata),
    status: statusToKeep(decodeRunStatus(object(raw["status"])), spec, generation),
  });
}

/** How far each task came is of no use once nothing is left to do, and most runs have ended. */
function statusToKeep(status: WorkflowRunStatus, { retry }: WorkflowRunSpec, generation: number): WorkflowRunStatus {
  const isOver = TERMINAL_PHASES.has(status.phase ?? "");
  const isActedOn = retry === undefined || retry.id === status.retry?.id;
  if (!isOver || !isActedOn || status.observedGeneration !== generation) return status;
  const { states: _, mapped: __, firstFailures: ___, ...rest } = status;
  return Object.freeze(rest);
}

function decodeRunSpec(spec: Json): WorkflowRunSpec {
  const params = isObject(spec["params"]) ? textsOf(spec["params"]) : undefined;
  const interval = object(spec["dataInterval"]);
  const [start, end] = [time(interval["start"]), time(interval["end"])];
  return compact<WorkflowRunSpec>({
    workflowRef: { name: word(object(spec["workflowRef"])["name"], Chars.Name) ?? "" },
    params: params === undefined || Object.keys(params).length === 0 ? undefined : params,
    dataInterval: start === undefined || end === undefined ? undefined : { start, end },
    suspend: spec["suspend"] === true ? true : undefined,
    cancel: spec["cancel"] === true ? true : undefined,
    retry: decodeRetry(object(spec["retry"])),
  });
}

/** An empty text is a value, too. */
function textsOf(map: Json): Record<string, string> {
  const entries = Object.entries(map).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(entries.slice(0, Count.Params));
}

function decodeRetry(retry: Json): WorkflowRunSpec["retry"] {
  const id = word(retry["id"], Chars.RetryId);
  if (id === undefined) return undefined;
  const tasks = list(retry["tasks"]).flatMap((task) => word(task, Chars.TaskName) ?? []);
  return compact<NonNullable<WorkflowRunSpec["retry"]>>({
    id,
    scope: oneOf(retry["scope"], ["Failed", "Tasks", "TasksAndDownstream"]),
    tasks: tasks.length === 0 ? undefined : tasks,
  });
}
