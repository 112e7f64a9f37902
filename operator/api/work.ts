/** A hash of what a TaskRun asks to be run: it decides whether a change of the object means another run. */
import { isObject, list, object, text } from "./decode.ts";
import type { Json } from "./decode.ts";

/** No pod nests deeper; what does is refused when the pod is made, so all such templates may share a hash. */
const MAX_DEPTH = 100;

/**
 * 16 hex digits over the template, the name of the base and the names of the results, whatever the order of keys. The base
 * itself is left out: it is read when an attempt starts.
 */
export function workHash(spec: Json): string {
  const base = text(object(spec["podTemplateRef"])["name"]) ?? "";
  const results = list(spec["results"]).map((one) => text(object(one)["name"]) ?? "");
  return hash64(canonical([spec["template"] ?? null, base, results], 0));
}

/** JSON with sorted keys. */
function canonical(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) return "deeper";
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? "null";
  const keys = Object.keys(value).toSorted();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key], depth + 1)}`).join(",")}}`;
}

/** Two 32-bit FNV-1a lanes with different starts, mixed at the end. No secret, so no cryptographic hash is needed. */
function hash64(textIn: string): string {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (let i = 0; i < textIn.length; i += 1) {
    const unit = textIn.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit ^ (a >>> 15), 0x85ebca6b);
  }
  return [mixed(a ^ (b >>> 7)), mixed(b ^ (a >>> 9))].join("");
}

/** Murmur3's last step: every bit of the input reaches every bit of the output. */
function mixed(lane: number): string {
  let h = lane;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0).toString(16).padStart(8, "0");
}
