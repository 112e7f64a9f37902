/** What a task hands over: the JSON object in the termination message of its main container (spec.results). */
import { TERMINATION_BYTES } from "../../api/bounds.ts";
import { isObject } from "../../api/decode.ts";
import type { Json } from "../../api/decode.ts";
import { Reason } from "../../api/names.ts";
import type { PodRecord } from "../../api/records.ts";
import type { TaskRunSpec } from "../../api/types.ts";

type Declared = NonNullable<TaskRunSpec["results"]>;

export type HandedOver =
  | { readonly results: Readonly<Record<string, string>> }
  | { readonly reason: typeof Reason.MissingResult | typeof Reason.InvalidResult; readonly message: string };

/** So much is quoted in a message, that the way out still fits after it. */
const MISSING_CHARS = 450;
const FOUND_CHARS = 150;
const START_CHARS = 60;

/**
 * The declared results of a pod whose main container ended with exit code 0. Keys that nobody declared are ignored; of
 * two equal keys the last counts, as in every JSON reader.
 */
export function readResults(pod: PodRecord, declared: Declared = []): HandedOver {
  if (declared.length === 0) return { results: {} };
  const words = (pod.main.message ?? "").toWellFormed();
  // Nothing at all: the task wrote no results, rather than wrong ones.
  const found = words.trim() === "" ? {} : parsed(words);
  const names = declared.map(({ name }) => name);
  if (!isObject(found) || found instanceof WrittenNumber) return notAnObject(pod, words, found, names);
  const missing = names.filter((name) => !Object.hasOwn(found, name));
  if (missing.length > 0) return lacking(missing, found);
  return { results: Object.fromEntries(names.map((name) => [name, textOf(found[name])])) };
}

/** A number as the task wrote it: JavaScript would change 1.10, 1e400 and all whole numbers past 2^53. */
class WrittenNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** undefined: no JSON. */
function parsed(words: string): unknown {
  try {
    // `source` comes with a newer JavaScript than the compiler's library describes.
    return JSON.parse(words, (_key, value: unknown, ...rest: readonly { readonly source?: string }[]) =>
      typeof value === "number" ? new WrittenNumber(rest[0]?.source ?? String(value)) : value,
    );
  } catch {
    // Also what is nested deeper than the stack.
    return undefined;
  }
}

/** Text as it is, everything else as compact JSON. Never longer than what was read. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value.toWellFormed() : compactJson(value);
}

function compactJson(value: unknown): string {
  if (value instanceof WrittenNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(compactJson).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? "null";
  return `{${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}:${compactJson(item)}`)
    .join(",")}}`;
}

function lacking(missing: readonly string[], found: Json): HandedOver {
  const keys = Object.keys(found);
  const has = keys.length === 0 ? "it wrote none" : `it wrote ${quoted(keys, FOUND_CHARS)}`;
  const which = `${missing.length === 1 ? "the result" : "the results"} ${quoted(missing, MISSING_CHARS)}`;
  const message = `The main container ended with exit code 0 without ${which} (${has}). ${advice(missing)}`;
  return { reason: Reason.MissingResult, message };
}

function notAnObject(pod: PodRecord, words: string, found: unknown, names: readonly string[]): HandedOver {
  const what = `${found === undefined ? "no JSON" : `${kindOf(found)}, not an object`}: ${start(words)}`;
  const isCut = found === undefined && pod.wordsCutAt !== undefined;
  const cut = isCut
    ? ` The kubelet kept ${grouped(pod.wordsCutAt ?? 0)} bytes of it and cut the rest: write less.`
    : "";
  const message = `The main container ended with exit code 0, but its termination message is ${what}.${cut} ${advice(names)}`;
  return { reason: Reason.InvalidResult, message };
}

function advice(names: readonly string[]): string {
  const pairs = names.slice(0, 2).map((name) => `"${name}": "..."`);
  const example = `{${[...pairs, ...(names.length > 2 ? ["..."] : [])].join(", ")}}`;
  const limit = `${grouped(TERMINATION_BYTES)} bytes at most`;
  return `It must write one JSON object such as ${example}, ${limit}, to /dev/termination-log (or its terminationMessagePath) before it ends.`;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (value instanceof WrittenNumber) return "a number";
  return typeof value === "string" ? "a text" : "a boolean";
}

function start(words: string): string {
  const trimmed = words.trim();
  return trimmed.length <= START_CHARS ? trimmed : `${trimmed.slice(0, START_CHARS)} ...`;
}

/** As many names as there is room for; the rest is counted. */
function quoted(names: readonly string[], chars: number): string {
  const shown: string[] = [];
  let left = chars;
  for (const name of names) {
    left -= name.length + 2;
    if (left < 0) break;
    shown.push(name);
  }
  const more = names.length - shown.length;
  const rest = shown.length === 0 ? `${more} long names` : `${shown.join(", ")} and ${more} more`;
  return more === 0 ? shown.join(", ") : rest;
}

/** 4096 -> 4,096 */
function grouped(bytes: number): string {
  return String(bytes).replace(/(\d)(\d{3})$/, "$1,$2");
}
