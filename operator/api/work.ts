/** A hash of what a TaskRun asks to be run: it decides whether a change of the object means another run. */
import { isObject, list, object, text } from "./decode.ts";
import type { Json } from "./decode.ts";
import { hashLanes } from "./hash.ts";

/** No pod nests deeper; what does is refused when the pod is made, so all such templates may share a hash. */
const MAX_DEPTH = 100;

/**
 * 16 hex digits over the template, the name of the base and the names of the results, whatever the order of keys. The base
 * itself is left out: it is read when an attempt starts.
 */
export function workHash(spec: Json): string {
  const base = text(object(spec["podTemplateRef"])["name"]) ?? "";
  const results = list(spec["results"]).map((one) => text(object(one)["name"]) ?? "");
  const lanes = hashLanes(canonical([spec["template"] ?? null, base, results], 0));
  return lanes.map((lane) => lane.toString(16).padStart(8, "0")).join("");
}

/** JSON with sorted keys. */
function canonical(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) return "deeper";
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? "null";
  const keys = Object.keys(value).toSorted();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key], depth + 1)}`).join(",")}}`;
}
