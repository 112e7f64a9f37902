/** JSON of a TaskRun's spec -> the fields that decisions read; the template is kept apart. What does not fit the schema is left out. */
import { compact, list, object, oneOf, text, whole } from "./decode.ts";
import type { Json } from "./decode.ts";
import type { TaskRunSpec } from "./types.ts";

type Spec = Omit<TaskRunSpec, "template">;
type Retry = NonNullable<Spec["retry"]>;
type Rule = NonNullable<Retry["rules"]>[number];

export function decodeSpec(spec: Json): Spec {
  const base = text(object(spec["podTemplateRef"])["name"]);
  const results = list(spec["results"]).flatMap((item) => named(object(item)));
  return compact<Spec>({
    podTemplateRef: base === undefined ? undefined : compact({ name: base }),
    retry: decodeRetry(object(spec["retry"])),
    activeDeadlineSeconds: whole(spec["activeDeadlineSeconds"]),
    attemptDeadlineSeconds: whole(spec["attemptDeadlineSeconds"]),
    startDeadlineSeconds: whole(spec["startDeadlineSeconds"]),
    onUnknownFate: oneOf(spec["onUnknownFate"], ["Wait", "Retry"]),
    results: results.length === 0 ? undefined : results,
    rerun: oneOf(spec["rerun"], ["OnSpecChange", "Never"]),
    suspend: spec["suspend"] === true ? true : undefined,
    cancel: spec["cancel"] === true ? true : undefined,
    podRetention: oneOf(spec["podRetention"], ["Always", "OnFailure", "Never"]),
    ttlSecondsAfterFinished: whole(spec["ttlSecondsAfterFinished"]),
    ttlAction: oneOf(spec["ttlAction"], ["Delete", "Compact"]),
    managedBy: text(spec["managedBy"]),
  });
}

function decodeRetry(retry: Json): Retry {
  const backoff = object(retry["backoff"]);
  const rules = list(retry["rules"]).flatMap((item) => decodeRule(object(item)));
  return compact<Retry>({
    limit: whole(retry["limit"]),
    infrastructureLimit: whole(retry["infrastructureLimit"]),
    backoff: compact({
      initialSeconds: whole(backoff["initialSeconds"]),
      factor: whole(backoff["factor"]),
      maxSeconds: whole(backoff["maxSeconds"]),
    }),
    rules: rules.length === 0 ? undefined : rules,
    avoidNode: oneOf(retry["avoidNode"], ["Never", "Prefer", "Require"]),
  });
}

function decodeRule(item: Json): readonly Rule[] {
  const action = oneOf(item["action"], ["Fail", "Retry"]);
  if (action === undefined) return [];
  const codes = object(item["exitCodes"]);
  const operator = oneOf(codes["operator"], ["In", "NotIn"]);
  const values = list(codes["values"])
    .map(whole)
    .filter((code) => code !== undefined);
  const reasons = list(item["reasons"])
    .map(text)
    .filter((reason) => reason !== undefined);
  const memory = object(item["memory"]);
  const factor = text(memory["factor"]);
  return [
    compact<Rule>({
      action,
      exitCodes: operator === undefined ? undefined : compact({ operator, values }),
      // oxlint-disable-next-line typescript/consistent-type-assertions -- an unknown word matches no reason
      reasons: reasons.length === 0 ? undefined : (reasons as NonNullable<Rule["reasons"]>),
      memory: factor === undefined ? undefined : compact({ factor, max: text(memory["max"]) }),
    }),
  ];
}

function named(item: Json): readonly { readonly name: string }[] {
  const name = text(item["name"]);
  return name === undefined ? [] : [{ name }];
}
