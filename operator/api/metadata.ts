/** What is read of an object's metadata, of whichever kind. */
import { Chars } from "./bounds.ts";
import { compact, list, object, text, time, word } from "./decode.ts";
import type { Json } from "./decode.ts";
import { Annotation, GROUP, Label, TRACKING_ANNOTATIONS, TRACKING_LABELS } from "./names.ts";
import type { Step, TaskRunRecord } from "./records.ts";

/** The garbage collector's finalizers (KEP-less; pkg/controller/garbagecollector, apimachinery's metav1). */
const COLLECTOR_FINALIZERS: ReadonlySet<unknown> = new Set(["foregroundDeletion", "orphan"]);

export function deletionOf(metadata: Json): TaskRunRecord["deletion"] {
  if (metadata["deletionTimestamp"] === undefined) return undefined;
  return list(metadata["finalizers"]).some((one) => COLLECTOR_FINALIZERS.has(one)) ? "collected" : "held";
}

/** The controller's reference, of whatever kind it is; empty if nobody controls the object. */
export function controllerOf(metadata: Json): Json {
  return object(list(metadata["ownerReferences"]).find((ref) => object(ref)["controller"] === true));
}

/** Kind and name of the controller, if it is of our group: other groups have kinds called Workflow, too. */
export function ourControllerOf(metadata: Json): { readonly kind: string; readonly name: string } | undefined {
  const ref = controllerOf(metadata);
  if (text(ref["apiVersion"])?.startsWith(`${GROUP}/`) !== true) return undefined;
  const [kind, name] = [word(ref["kind"], Chars.Word), word(ref["name"], Chars.Name)];
  return kind === undefined || name === undefined ? undefined : { kind, name };
}

/** Argo CD, Flux or Helm keeps the object as a repository says. */
export function isTracked(metadata: Json): boolean {
  const [labels, annotations] = [object(metadata["labels"]), object(metadata["annotations"])];
  const says = (map: Json) => (key: string) => text(map[key]) !== undefined;
  return TRACKING_LABELS.some(says(labels)) || TRACKING_ANNOTATIONS.some(says(annotations));
}

/** Which part of which run the object is, as its labels say; undefined if they do not. */
export function stepOf(metadata: Json): Step | undefined {
  const labels = object(metadata["labels"]);
  if (labels[Label.Task] === undefined) return undefined;
  const task = word(labels[Label.Task], Chars.LabelValue);
  const [index, round] = [labels[Label.Index], labels[Label.Round]].map(smallNumber);
  const isOdd = index === undefined && labels[Label.Index] !== undefined;
  const isOddRound = round === undefined && labels[Label.Round] !== undefined;
  return task === undefined || isOdd || isOddRound ? undefined : compact<Step>({ task, index, round: round ?? 0 });
}

/** The run that suspended the object. */
export function suspendedBy(metadata: Json): string | undefined {
  return word(object(metadata["annotations"])[Annotation.SuspendedBy], Chars.Name);
}

/** As a workflow's run wrote it on what it made. */
export function dataIntervalOf(metadata: Json): { readonly start: string; readonly end: string } | undefined {
  const annotations = object(metadata["annotations"]);
  const [start, end] = [time(annotations[Annotation.DataIntervalStart]), time(annotations[Annotation.DataIntervalEnd])];
  return start === undefined || end === undefined ? undefined : { start, end };
}

/** A number as labels and annotations carry it, up to six digits. */
export function smallNumber(value: unknown): number | undefined {
  return typeof value === "string" && /^(0|[1-9][0-9]{0,5})$/.test(value) ? Number(value) : undefined;
}
