/** Lists: consistent or from a stale replica, whole or in pages. */
import type { ApiRequest, ApiResponse } from "../../../api/port.ts";
import type { Stored } from "../objects.ts";
import { badRequest, expired, resourceVersionTooLarge } from "./failure.ts";
import type { Route } from "./resources.ts";
import { showing } from "./partial.ts";
import { type Selector, selectorOf } from "./selector.ts";
import type { Store } from "./store.ts";

export interface ReadOptions {
  /** How many versions a replica that may be stale is behind; asked once per read. */
  readonly lagVersions: () => number;
  /** Pages no larger than this, whatever the caller's limit; 0: as asked. */
  readonly pageItemsMax: number;
  /** Whether a continue token has expired although its version is still there; asked once per token. */
  readonly expires: () => boolean;
}

interface Token {
  readonly version: number;
  readonly after: string;
}

type Query = Readonly<Record<string, string>>;

/** Answers GET on a collection. */
export function list(store: Store, route: Route, request: ApiRequest, reads: ReadOptions | undefined): ApiResponse {
  const { query = {}, metadataOnly } = request;
  const selector = selectorOf(query);
  if (selector === undefined) return badRequest("unable to parse requirement: unsupported selector");
  const selecting = (query["labelSelector"] ?? "") !== "";
  const asked = Number(query["limit"] ?? 0);
  const most = reads?.pageItemsMax ?? 0;
  const limit = asked > 0 && most > 0 ? Math.min(asked, most) : asked;
  if (query["continue"] !== undefined && query["continue"] !== "") {
    const token = decodeToken(query["continue"]);
    if (token === undefined) return badRequest("continue key is not valid: unable to decode");
    if (token.version < store.compactedVersion || reads?.expires() === true) {
      const message =
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.";
      return { status: 410, body: expired(message) };
    }
    return page(store, route, { selector, selecting, metadataOnly, limit, version: token.version, after: token.after });
  }
  return firstPage({ store, route, query, reads }, { selector, selecting, metadataOnly, limit });
}

/** The first page, or the whole list, at the version the caller wants. */
function firstPage(
  { store, route, query, reads }: { store: Store; route: Route; query: Query; reads: ReadOptions | undefined },
  wish: Omit<Page, "version" | "after">,
): ApiResponse {
  const version = readVersion(store, query, reads);
  if (typeof version !== "number") return version;
  const wanted = query["resourceVersion"] ?? "";
  // At "0" the watch cache ignores the limit.
  if (wanted === "0") return page(store, route, { ...wish, limit: 0, version, after: "" });
  // With a limit a version means exactly this one, without it "not older than".
  const exact = wish.limit > 0 && wanted !== "" ? Number(wanted) : version;
  return page(store, route, { ...wish, version: exact, after: "" });
}

/** The version a read without a continue token is served at. */
export function readVersion(store: Store, query: Query, reads: ReadOptions | undefined): number | ApiResponse {
  const wanted = query["resourceVersion"] ?? "";
  if (wanted === "") return store.version;
  if (!/^\d+$/.test(wanted)) return badRequest(`resourceVersion: Invalid value: "${wanted}"`);
  const least = Number(wanted);
  if (least > store.version) return resourceVersionTooLarge(least, store.version);
  const lag = reads?.lagVersions() ?? 0;
  return Math.max(least, store.version - lag, store.compactedVersion);
}

interface Page {
  readonly selector: Selector;
  /** False if the selector takes everything. */
  readonly selecting: boolean;
  readonly metadataOnly: boolean | undefined;
  readonly limit: number;
  readonly version: number;
  readonly after: string;
}

function page(
  store: Store,
  { resource, namespace }: Route,
  { selector, selecting, metadataOnly, limit, version, after }: Page,
): ApiResponse {
  const all = store
    .snapshot(resource.name, version)
    .filter((object) => inNamespace(object, namespace) && keyIn(object) > after);
  const selected = all.filter(selector);
  const items = limit > 0 ? selected.slice(0, limit) : selected;
  // A full page ends the reading: whether what follows is selected, and how much of it, nobody knows yet.
  const last = limit > 0 && items.length === limit ? items.at(-1) : undefined;
  const left = last === undefined ? 0 : all.length - all.indexOf(last) - 1;
  const metadata = {
    resourceVersion: String(version),
    ...(last === undefined || left === 0 ? {} : { continue: encodeToken({ version, after: keyIn(last) }) }),
    ...(left > 0 && !selecting ? { remainingItemCount: left } : {}),
  };
  const { apiVersion, kind, text } = showing(resource, metadataOnly);
  const parsed = items.map((item) => JSON.parse(text(item)) as unknown);
  return { status: 200, body: { apiVersion, kind: `${kind}List`, metadata, items: parsed } };
}

export function inNamespace(object: Stored, namespace: string | undefined): boolean {
  return namespace === undefined || object.metadata.namespace === namespace;
}

function keyIn({ metadata }: Stored): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function encodeToken(token: Token): string {
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

function decodeToken(text: string): Token | undefined {
  try {
    const token = JSON.parse(Buffer.from(text, "base64url").toString()) as Partial<Token>;
    if (typeof token.version !== "number" || typeof token.after !== "string") return undefined;
    return { version: token.version, after: token.after };
  } catch {
    return undefined;
  }
}
