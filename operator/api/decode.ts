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

export function whole(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

/** A time of the API (RFC 3339) in milliseconds since 1970. */
export function timeMs(value: unknown): number | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * The object without its undefined fields (an absent field and an undefined one must not differ), frozen, and so are the
 * objects and lists right in it.
 */
export function compact<T extends object>(value: { readonly [K in keyof T]: T[K] | undefined }): T {
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  for (const [, field] of fields) Object.freeze(field);
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the only fields removed are the undefined ones
  return Object.freeze(Object.fromEntries(fields)) as T;
}

/** What every stored object has. */
export interface Identity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** undefined: without one of these it is no object of an API server. */
export function identityOf(metadata: Json): Identity | undefined {
  const [namespace, name] = [text(metadata["namespace"]), text(metadata["name"])];
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
