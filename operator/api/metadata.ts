/** What is read of an object's metadata, of whichever kind. */
import { Chars } from "./bounds.ts";
import { compact, list, object, text, time, word } from "./decode.ts";
import type { Json } from "./decode.ts";
import { Annotation, GROUP, Label, TRACKING_ANNOTATIONS, TRACKING_LABELS } from "./names.ts";
import type { OwnResource } from "./paths.ts";
import type { Step, TaskRunRecord } from "./records.ts";

/** The garbage collector's finalizers (KEP-less; pkg/controller/garbagecollector, apimachinery's metav1). */
const COLLECTOR_FINALIZERS: ReadonlySet<unknown> = new Set(["foregroundDeletion", "orphan"]);

export function deletionOf(metadata: Json): TaskRunRecord["deletion"] {
  if (metadata["deletionTimestamp"] === undefined) return undefined;
  return list(metadata["finalizers"]).some((one) => COLLECTOR_FINALIZERS.has(one)) ? "collected" : "held";
}

/**
 * The controller's reference if it is one of these kinds of our group; empty otherwise. The uid alone proves nothing: anybody can
 * read it and write it under another kind, and only references to our group are guarded (manifests/admission/owned.yaml).
 */
export function controllerOf(metadata: Json, ...kinds: readonly OwnResource["kind"][]): Json {
  const ref = anyController(metadata);
  const isOurs = text(ref["apiVersion"])?.startsWith(`${GROUP}/`) === true;
  return isOurs && kinds.some((kind) => kind === ref["kind"]) ? ref : {};
}

/** The controller's uid if it is one of these kinds of our group, or else the word that somebody else controls the object. */
export function ownerOf(
  metadata: Json,
  ...kinds: readonly OwnResource["kind"][]
): { readonly ownerUid: string | undefined; readonly foreignOwner: true | undefined } {
  const ownerUid = text(controllerOf(metadata, ...kinds)["uid"]);
  const isForeign = ownerUid === undefined && text(anyController(metadata)["uid"]) !== undefined;
  return { ownerUid, foreignOwner: isForeign ? true : undefined };
}

function anyController(metadata: Json): Json {
  return object(list(metadata["ownerReferences"]).find((ref) => object(ref)["controller"] === true));
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
