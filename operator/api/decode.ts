/**
 * The only door for foreign data: JSON of the API server in, frozen records out. Whatever a user put into an object, the
 * answer is a record or undefined, never an exception and never a shared reference to the parsed object.
 */
export type Json = Readonly<Record<string, unknown>>;

const NOTHING: Json = Object.freeze({});

/** The value as an object; an empty one if it is none. */
export function object(value: unknown): Json {
  return isObject(value) ? value : NOTHING;
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The text, if it is a non-empty one. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The text, if it is one, or so much of its beginning as is kept of it. */
export function word(value: unknown, chars: number): string | undefined {
  const found = text(value);
  return found === undefined ? undefined : beginning(found, chars);
}

/** At most so many UTF-16 units. A plain slice would keep the whole text alive, however long it is; this is a copy. */
export function beginning(words: string, chars: number): string {
  return words.length <= chars ? words : copied(words.slice(0, chars));
}

/** Its end, likewise. */
export function ending(words: string, chars: number): string {
  return words.length <= chars ? words : copied(words.slice(-chars));
}

/** A half of a surrogate pair at the cut becomes U+FFFD, as in JSON that Go reads. */
function copied(slice: string): string {
  return String(JSON.parse(JSON.stringify(slice.toWellFormed())));
}

export function whole(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

/** What an int32 of the API holds. */
export const INT32_MAX = 2_147_483_647;

/** A whole number from 0 up to the bound. */
export function count(value: unknown, max: number = INT32_MAX): number | undefined {
  const found = whole(value);
  return found !== undefined && found >= 0 && found <= max ? found : undefined;
}

export function oneOf<const T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((one) => one === value);
}

/** The server takes a list that is keyed only if no key comes twice. */
export function lastOfEach<T>(items: readonly T[], key: (item: T) => unknown): readonly T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}

/** A time of the API (RFC 3339) in milliseconds since 1970. */
export function timeMs(value: unknown): number | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** A time of the API as its text. */
export function time(value: unknown): string | undefined {
  const found = text(value);
  return found !== undefined && TIME.test(found) && timeMs(found) !== undefined ? found : undefined;
}

/**
 * The object without its undefined fields (an absent field and an undefined one must not differ), frozen, and so are the
 * objects and lists right in it.
 */
export function compact<T extends object>(value: { readonly [K in keyof T]: T[K] | undefined }): T {
  const kept: { [K in keyof T]?: T[K] } = {};
  // A loop that makes no list of keys or entries: this runs several times for every event, and was a tenth of all that is spent.
  for (const key in value) {
    const field = value[key];
    if (field === undefined) continue;
    Object.freeze(field);
    kept[key] = field;
  }
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the only fields left out are the undefined ones
  return Object.freeze(kept) as T;
}

/** What every stored object has. */
export interface Identity {
  /** "" for what belongs to the whole cluster. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** undefined: without one of these it is no object of an API server. */
export function identityOf(metadata: Json, scope: "namespace" | "cluster" = "namespace"): Identity | undefined {
  const [namespace, name] = [scope === "cluster" ? "" : text(metadata["namespace"]), text(metadata["name"])];
  const [uid, resourceVersion] = [text(metadata["uid"]), text(metadata["resourceVersion"])];
  if (namespace === undefined || name === undefined || uid === undefined || resourceVersion === undefined)
    return undefined;
  return { namespace, name, uid, resourceVersion };
}

/** metadata.resourceVersion of an object or a list. */
export function resourceVersionOf(value: unknown): string | undefined {
  return text(object(object(value)["metadata"])["resourceVersion"]);
}

/** The API server's Status object, as it comes with every refusal. */
export interface StatusReply {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  /** details.causes[].reason, such as NamespaceTerminating. */
  readonly causes: readonly string[];
  readonly retryAfterSeconds?: number;
}

export function decodeStatusReply(value: unknown, httpStatus: number): StatusReply {
  const status = object(value);
  const details = object(status["details"]);
  const causes = list(details["causes"]).map((cause) => text(object(cause)["reason"]) ?? "");
  return compact<StatusReply>({
    code: whole(status["code"]) ?? httpStatus,
    reason: text(status["reason"]) ?? "",
    message: text(status["message"]) ?? `the API server answered ${httpStatus}`,
    causes,
    retryAfterSeconds: whole(details["retryAfterSeconds"]),
  });
}
