/** JSON of a ControllerRevision's metadata (PartialObjectMetadata) -> RevisionRecord. */
import { Chars } from "./bounds.ts";
import { compact, identityOf, object, text, time, word } from "./decode.ts";
import { controllerOf } from "./metadata.ts";
import { Label } from "./names.ts";
import type { RevisionRecord } from "./records.ts";

/** undefined: it is no object of an API server. */
export function decodeRevision(value: unknown): RevisionRecord | undefined {
  const metadata = object(object(value)["metadata"]);
  const identity = identityOf(metadata);
  if (identity === undefined) return undefined;
  return compact<RevisionRecord>({
    ...identity,
    ownerUid: text(controllerOf(metadata, "Workflow")["uid"]),
    workflow: word(object(metadata["labels"])[Label.Workflow], Chars.LabelValue),
    generation: generationIn(identity.name),
    createdAt: time(metadata["creationTimestamp"]) ?? "",
  });
}

/** `<workflow>-<generation>-<hash>`, as decide/workflow/names.ts makes it. */
function generationIn(name: string): number | undefined {
  const digits = /-([1-9][0-9]{0,14})-[a-z0-9]+$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
