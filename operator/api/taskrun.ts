/** JSON of a TaskRun -> TaskRunRecord. */
import { compact, identityOf, isObject, list, object, text, whole } from "./decode.ts";
import type { Json } from "./decode.ts";
import { TRACKING_ANNOTATIONS, TRACKING_LABELS } from "./names.ts";
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
    ownerUid: controllerUid(metadata),
    generation,
    tracked: isTracked(metadata) ? true : undefined,
    deletion: deletionOf(metadata),
    spec: decodeSpec(spec),
    work,
    template: finished ? undefined : spec["template"] === undefined ? "null" : smallJson(spec["template"]),
    status,
  });
}

/** The garbage collector's finalizers (KEP-less; pkg/controller/garbagecollector, apimachinery's metav1). */
const COLLECTOR_FINALIZERS: ReadonlySet<unknown> = new Set(["foregroundDeletion", "orphan"]);

function deletionOf(metadata: Json): TaskRunRecord["deletion"] {
  if (metadata["deletionTimestamp"] === undefined) return undefined;
  return list(metadata["finalizers"]).some((one) => COLLECTOR_FINALIZERS.has(one)) ? "collected" : "held";
}

/** Of whatever kind its controller is. */
function controllerUid(metadata: Json): string | undefined {
  const refs = list(metadata["ownerReferences"]).map(object);
  return text(refs.find((ref) => ref["controller"] === true)?.["uid"]);
}

function isTracked(metadata: Json): boolean {
  const [labels, annotations] = [object(metadata["labels"]), object(metadata["annotations"])];
  const says = (map: Json) => (key: string) => text(map[key]) !== undefined;
  return TRACKING_LABELS.some(says(labels)) || TRACKING_ANNOTATIONS.some(says(annotations));
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
