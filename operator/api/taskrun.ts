/** JSON of a TaskRun -> TaskRunRecord. */
import { Chars } from "./bounds.ts";
import { compact, identityOf, isObject, object, time, whole, word } from "./decode.ts";
import type { Json } from "./decode.ts";
import { dataIntervalOf, deletionOf, isTracked, ownerOf, stepOf, suspendedBy } from "./metadata.ts";
import { Label } from "./names.ts";
import { TEMPLATE_KEPT_CHARS, TERMINAL_PHASES } from "./records.ts";
import type { TaskRunRecord } from "./records.ts";
import { decodeSpec } from "./taskrunspec.ts";
import { decodeStatus } from "./taskrunstatus.ts";
import { workHash } from "./work.ts";

/** undefined: it is no object of an API server. */
export function decodeTaskRun(value: unknown): TaskRunRecord | undefined {
  const raw = object(value);
  const metadata = object(raw["metadata"]);
  const identity = identityOf(metadata);
  if (identity === undefined) return undefined;
  const spec = object(raw["spec"]);
  const status = decodeStatus(object(raw["status"]));
  const generation = whole(metadata["generation"]) ?? 0;
  // A status made from this generation has the hash already: hashing a template for every event would cost more than all else.
  const hashed = status.observedGeneration === generation ? status.workHash : undefined;
  const work = hashed ?? workHash(spec);
  const finished = TERMINAL_PHASES.has(status.phase ?? "") && (status.workHash ?? work) === work;
  return compact<TaskRunRecord>({
    ...identity,
    ...ownerOf(metadata, "WorkflowRun"),
    generation,
    tracked: isTracked(metadata) ? true : undefined,
    deletion: deletionOf(metadata),
    spec: decodeSpec(spec),
    work,
    template: finished ? undefined : spec["template"] === undefined ? "null" : smallJson(spec["template"]),
    status,
    unstartedSince: isStarted(status) ? undefined : time(metadata["creationTimestamp"]),
    ...membershipOf(metadata),
  });
}

function isStarted({ phase, podName, attempts }: TaskRunRecord["status"]): boolean {
  return podName !== undefined || attempts !== undefined || TERMINAL_PHASES.has(phase ?? "");
}

type Membership = Pick<TaskRunRecord, "step" | "workflow" | "suspendedBy" | "dataInterval">;

/** What only the tasks of a workflow's run have: nothing is looked at, and nothing kept, of others. */
function membershipOf(metadata: Json): { [K in keyof Membership]: Membership[K] | undefined } {
  const step = stepOf(metadata);
  const labels = object(metadata["labels"]);
  const run = word(labels[Label.WorkflowRun], Chars.LabelValue);
  if (step === undefined || run === undefined) return {};
  return {
    step,
    workflow: { run, workflow: word(labels[Label.Workflow], Chars.LabelValue) ?? "" },
    suspendedBy: suspendedBy(metadata),
    dataInterval: dataIntervalOf(metadata),
  };
}

/** The template of a TaskRun as the API server sent it. */
export function templateOf(value: unknown): unknown {
  return object(object(value)["spec"])["template"];
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
