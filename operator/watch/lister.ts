/** One consistent list in pages: never from a cache older than this moment (no resourceVersion is sent). */
import { decodeStatusReply, list, object, resourceVersionOf, text } from "../api/decode.ts";
import { collectionPath } from "../api/paths.ts";
import type { Resource } from "../api/paths.ts";
import { ConnectionError } from "../api/port.ts";
import type { ApiRequest, ApiResponse, Port } from "../api/port.ts";
import { metered } from "../api/metered.ts";

export interface Listed<R> {
  readonly records: readonly R[];
  readonly resourceVersion: string;
}

/** The API server said no. `gone` (410): the version asked for is no longer known, start over with a list. */
export class WatchRefusedError extends Error {
  override readonly name = "WatchRefusedError";
  readonly code: number;
  readonly gone: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(reply: ApiResponse) {
    const status = decodeStatusReply(reply.body, reply.status);
    super(status.message);
    this.code = status.code;
    this.gone = status.code === 410 || status.reason === "Expired" || status.reason === "Gone";
    const seconds = reply.retryAfterSeconds ?? status.retryAfterSeconds;
    this.retryAfterMs = seconds === undefined ? undefined : seconds * 1000;
  }
}

/** client-go's page size: large enough to be quick, small enough for the server's memory. */
const PAGE_ITEMS = 500;
/** 500 x 2,000 objects: past that a continue token that never ends is a fault of the server. */
const PAGES_MAX = 2000;
/** The longest a page may take; the API server ends a list itself after 60 s. */
export const LIST_TIMEOUT_MS = 60_000;

/**
 * Decodes page by page: the objects themselves, many times the size of their records, are never all in memory at once.
 * `stopped` is asked between pages.
 * @throws WatchRefusedError 410 when a continue token expired: list again from the start
 * @throws ConnectionError
 */
export async function listAll<R>(
  port: Port,
  resource: Resource,
  { namespace, stopped, decode }: Listing<R>,
): Promise<Listed<R>> {
  const records: R[] = [];
  let token: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const reply = await listPage(port, resource, { namespace, token });
    const found = itemsOf(reply.body);
    const resourceVersion = resourceVersionOf(reply.body);
    // Taken for an empty list, anything else (a proxy's page, a cut body) would make every object look deleted.
    if (found === undefined || resourceVersion === undefined)
      throw new ConnectionError("the answer to a list is no list");
    for (const item of list(found)) {
      const record = decode(item);
      if (record !== undefined) records.push(record);
    }
    token = text(object(object(reply.body)["metadata"])["continue"]);
    if (token === undefined || stopped.aborted) return { records, resourceVersion };
  }
  throw new Error(`the list of ${resource.name} did not end after ${PAGES_MAX} pages`);
}

interface Listing<R> {
  readonly namespace: string;
  readonly stopped: AbortSignal;
  readonly decode: (item: unknown) => R | undefined;
}

interface Page {
  readonly namespace: string;
  readonly token: string | undefined;
}

async function listPage(port: Port, resource: Resource, { namespace, token }: Page): Promise<ApiResponse> {
  const request: ApiRequest = {
    method: "GET",
    path: collectionPath(resource, namespace),
    query: {
      limit: String(PAGE_ITEMS),
      ...(resource.labelSelector !== undefined && { labelSelector: resource.labelSelector }),
      ...(token !== undefined && { continue: token }),
    },
    ...(resource.metadataOnly === true && { metadataOnly: true }),
    timeoutMs: LIST_TIMEOUT_MS,
  };
  const reply = await metered(port, "list", resource, async () => await port.api.request(request));
  if (reply.status !== 200) throw new WatchRefusedError(reply);
  return reply;
}

/** undefined: this is no list. Of objects cut down to their metadata, an empty list is written as null (seen on 1.36). */
function itemsOf(body: unknown): readonly unknown[] | undefined {
  const { items, kind } = object(body);
  if (Array.isArray(items)) return items as readonly unknown[];
  return items === null && text(kind)?.endsWith("List") === true ? [] : undefined;
}
