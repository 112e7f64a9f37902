/** What a setting's text means. */
import type { Address } from "../serve/listener.ts";

/** The value, or what would be right. */
export type Parsed<T> = { readonly ok: T } | { readonly want: string };

const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const OBJECT_NAME = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/;
/** Of a DNS name, which names of objects are. */
const OBJECT_NAME_CHARS_MAX = 253;
const HIGHEST_PORT = 65_535;

export function parseNamespaces(text: string): Parsed<readonly string[]> {
  const names = text.split(",").map((name) => name.trim());
  if (text.trim() === "") return { ok: [] };
  const wrong = names.find((name) => !NAMESPACE.test(name));
  if (wrong !== undefined) return { want: `"${wrong}" cannot be a namespace; give names separated by commas` };
  return { ok: Object.freeze([...new Set(names)]) };
}

export function parseNamespace(text: string): Parsed<string> {
  return NAMESPACE.test(text) ? { ok: text } : { want: "give the name of one namespace" };
}

export function parseObjectName(text: string): Parsed<string> {
  const right = text.length <= OBJECT_NAME_CHARS_MAX && OBJECT_NAME.test(text);
  return right ? { ok: text } : { want: "give lower-case letters, digits, dashes and dots, as in stint-a" };
}

/** A span in whole seconds, as 15s or 15, in milliseconds. */
export function parseSeconds(text: string, { min, max }: { min: number; max: number }): Parsed<number> {
  const [, digits] = /^(\d{1,9})s?$/.exec(text) ?? [];
  const seconds = Number(digits ?? Number.NaN);
  if (seconds >= min && seconds <= max) return { ok: seconds * 1000 };
  return { want: `give whole seconds from ${min}s to ${max}s` };
}

export function parseAddress(text: string): Parsed<Address> {
  const [, host, digits] = /^(\[[^\]]+\]|[^:]*):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (host === undefined || digits === undefined || port > HIGHEST_PORT) {
    return { want: "give host:port, for instance 127.0.0.1:8080, or :8080 for every address" };
  }
  return { ok: Object.freeze({ host: host.replace(/^\[|\]$/g, ""), port }) };
}

export function parseText(text: string): Parsed<string> {
  return text === "" ? { want: "must not be empty" } : { ok: text };
}

export function parseSwitch(text: string): Parsed<boolean> {
  const parsed = parseOneOf(text, ["true", "false"]);
  return "ok" in parsed ? { ok: parsed.ok === "true" } : parsed;
}

export function parseOneOf<T extends string>(text: string, choices: readonly T[]): Parsed<T> {
  const choice = choices.find((one) => one === text);
  return choice === undefined ? { want: `choose one of ${choices.join(", ")}` } : { ok: choice };
}
