/** JSON of status.conditions, of whichever kind -> conditions that fit the schema. */
import { Chars, Count } from "./bounds.ts";
import { compact, count, lastOfEach, list, object, text, time, word } from "./decode.ts";
import type { Json } from "./decode.ts";
import type { TaskRunStatus } from "./types.ts";

/** The same in all our kinds. */
export type Condition = NonNullable<TaskRunStatus["conditions"]>[number];

/** undefined: there are none. */
export function conditionsOf(status: Json): Condition[] | undefined {
  const conditions = lastOfEach(list(status["conditions"]).flatMap(decodeCondition), ({ type }) => type);
  return conditions.length === 0 ? undefined : conditions.slice(0, Count.Conditions);
}

function decodeCondition(value: unknown): readonly Condition[] {
  const item = object(value);
  const type = word(item["type"], Chars.Word);
  if (type === undefined) return [];
  const status = item["status"];
  return [
    compact<Condition>({
      type,
      status: status === "True" || status === "False" ? status : "Unknown",
      reason: reasonWord(item["reason"]),
      message: word(item["message"], Chars.Message) ?? "",
      observedGeneration: count(item["observedGeneration"], Number.MAX_SAFE_INTEGER),
      lastTransitionTime: time(item["lastTransitionTime"]) ?? "1970-01-01T00:00:00Z",
    }),
  ];
}

function reasonWord(value: unknown): string {
  const found = text(value) ?? "";
  return found.length <= Chars.Word && /^[A-Za-z][A-Za-z0-9]*$/.test(found) ? found : "Unknown";
}
