/** Watches: what a stream opened at a version, or with sendInitialEvents, is sent, line by line. */
import type { ApiRequest, ApiResponse } from "../../../api/port.ts";
import type { Stored } from "../objects.ts";
import type { Random } from "../random.ts";
import { badRequest, expired, invalid, methodNotAllowed, pathNotFound, type StatusBody } from "./failure.ts";
import { inNamespace, readVersion } from "./list.ts";
import { type Showing, showing } from "./partial.ts";
import { type Resource, type Route, routeOf } from "./resources.ts";
import { type Selector, selectorOf } from "./selector.ts";
import type { ApiServer } from "./server.ts";
import type { Change } from "./store.ts";

/** How often a real server sends bookmarks, about. */
const BOOKMARK_EVERY_MS = 60_000;
/** A watch without timeoutSeconds is ended by the server after 30 to 60 minutes; the shorter end is the harder one. */
const TIMEOUT_DEFAULT_SECONDS = 1800;
/** An idle watch learns of changes to other resources through etcd's progress notifications only. */
const INITIAL_EVENTS_END = { "k8s.io/initial-events-end": "true" };

export interface WatchOptions {
  /** False as on a server before 1.32 or with the feature off: sendInitialEvents is refused. */
  readonly initialEvents: boolean;
  /** How a start below the compacted version is refused: as an HTTP status, or as an ERROR event in a 200 stream. */
  readonly goneAs: () => "status" | "event";
  readonly after: (delayMs: number, run: () => void) => () => void;
  readonly random: Random;
}

/** Where a watch sends what it has. */
export interface WatchSink {
  /** One line of JSON without its newline, and the object in it, if it is one's state. */
  line(text: string, object?: Stored): void;
  /** The server ends the stream in good order. */
  end(): void;
}

/** All open watches of one server. */
export class WatchHub {
  readonly #server: ApiServer;
  readonly #options: WatchOptions;
  readonly #open = new Set<Watch>();

  constructor(server: ApiServer, options: WatchOptions) {
    this.#server = server;
    this.#options = options;
    server.store.listen((change) => {
      for (const watch of this.#open) watch.offer(change);
    });
  }

  /** Opens a watch: the server's refusal, or a way to close the stream. */
  open(request: ApiRequest, sink: WatchSink): { readonly refusal: ApiResponse } | { readonly close: () => void } {
    const query = request.query ?? {};
    const route = routeOf(request.path);
    if (route === undefined) return { refusal: pathNotFound() };
    if (request.method !== "GET" || route.name !== undefined) return { refusal: methodNotAllowed() };
    const selector = selectorOf(query);
    if (selector === undefined) return { refusal: badRequest("unable to parse requirement: unsupported selector") };
    const asked = query["sendInitialEvents"] === "true";
    const refusal = asked ? this.#refuseInitial(route.resource, query) : undefined;
    if (refusal !== undefined) return { refusal };
    // Without a version a watch begins with the present state, asked or not.
    const initial = asked || ["", "0"].includes(query["resourceVersion"] ?? "");
    const start = this.#start(query, initial);
    if (typeof start !== "number") return { refusal: start };
    if (start < this.#server.store.compactedVersion) return this.#gone(start, sink);
    const shown = showing(route.resource, request.metadataOnly);
    return this.#begin({ route, selector, shown, query, initial, start, sink });
  }

  /** Sends every open watch an ERROR event and ends it, as when the server's window has moved past them. */
  expireAll(): void {
    for (const watch of this.#open) {
      watch.fail(expired("The resourceVersion for the provided watch is too old."));
    }
  }

  #begin(opening: Opening): { readonly close: () => void } {
    const watch = new Watch(opening, {
      version: () => this.#server.store.version,
      after: this.#options.after,
      closed: () => this.#open.delete(watch),
    });
    const { store } = this.#server;
    const { route, start } = opening;
    if (opening.initial) {
      watch.sendInitial(this.#options.random.shuffled(store.snapshot(route.resource.name, start)));
      // An old server sends the objects but does not say where they end.
      if (this.#options.initialEvents) watch.endInitial();
    }
    for (const change of store.changesAfter(route.resource.name, start)) watch.offer(change);
    this.#open.add(watch);
    return { close: () => watch.close() };
  }

  #refuseInitial(resource: Resource, query: Readonly<Record<string, string>>): ApiResponse | undefined {
    const field = "sendInitialEvents";
    if (!this.#options.initialEvents) {
      const message =
        "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
      return invalid({ ...resource, kind: "ListOptions", group: "meta.k8s.io" }, "", [
        { reason: "FieldValueForbidden", field, message },
      ]);
    }
    if (query["resourceVersionMatch"] === "NotOlderThan") return undefined;
    const message = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
    return invalid({ ...resource, kind: "ListOptions", group: "meta.k8s.io" }, "", [
      { reason: "FieldValueForbidden", field: "resourceVersionMatch", message },
    ]);
  }

  #start(query: Readonly<Record<string, string>>, initial: boolean): number | ApiResponse {
    if (initial) return readVersion(this.#server.store, query, this.#server.options.reads);
    const wanted = query["resourceVersion"] ?? "";
    return /^\d+$/.test(wanted) ? Number(wanted) : badRequest(`resourceVersion: Invalid value: "${wanted}"`);
  }

  #gone(start: number, sink: WatchSink): { readonly refusal: ApiResponse } | { readonly close: () => void } {
    const body = expired(`too old resource version: ${start} (${this.#server.store.compactedVersion})`);
    if (this.#options.goneAs() === "status") return { refusal: { status: 410, body } };
    sink.line(errorLine(body));
    sink.end();
    return { close: () => undefined };
  }
}

interface Opening {
  readonly route: Route;
  readonly selector: Selector;
  readonly shown: Showing;
  readonly query: Readonly<Record<string, string>>;
  readonly initial: boolean;
  readonly start: number;
  readonly sink: WatchSink;
}

interface Surroundings {
  readonly version: () => number;
  readonly after: (delayMs: number, run: () => void) => () => void;
  readonly closed: () => void;
}

class Watch {
  readonly #opening: Opening;
  readonly #around: Surroundings;
  readonly #bookmarks: boolean;
  #over = false;
  #cancelBookmark: () => void = () => undefined;
  readonly #cancelTimeout: () => void;

  constructor(opening: Opening, around: Surroundings) {
    this.#opening = opening;
    this.#around = around;
    this.#bookmarks = opening.query["allowWatchBookmarks"] === "true";
    const seconds = Number(opening.query["timeoutSeconds"] ?? TIMEOUT_DEFAULT_SECONDS);
    this.#cancelTimeout = around.after(seconds * 1000, () => this.#end());
    this.#planBookmark();
  }

  /** The state at the start as synthetic ADDED events. */
  sendInitial(objects: readonly Stored[]): void {
    for (const object of objects) if (this.#selects(object)) this.#send("ADDED", object);
  }

  endInitial(): void {
    this.#bookmark(this.#opening.start, INITIAL_EVENTS_END);
  }

  /** A change of any resource; sent if this watch selects the object before or after it. */
  offer(change: Change): void {
    if (this.#over || change.resource !== this.#opening.route.resource.name) return;
    if (change.version <= this.#opening.start) return;
    const was = change.before !== undefined && this.#selects(change.before);
    const is = this.#selects(change.object) && change.type !== "DELETED";
    if (was && is) this.#send("MODIFIED", change.object);
    else if (is) this.#send("ADDED", change.object);
    else if (was) this.#send("DELETED", lastSelected(change));
  }

  fail(body: StatusBody): void {
    this.#opening.sink.line(errorLine(body));
    this.#end();
  }

  close(): void {
    this.#over = true;
    this.#cancelBookmark();
    this.#cancelTimeout();
    this.#around.closed();
  }

  #end(): void {
    if (this.#over) return;
    this.close();
    this.#opening.sink.end();
  }

  #selects(object: Stored): boolean {
    return inNamespace(object, this.#opening.route.namespace) && this.#opening.selector(object);
  }

  #send(type: string, object: Stored): void {
    this.#opening.sink.line(`{"type":"${type}","object":${this.#opening.shown.text(object)}}`, object);
  }

  #planBookmark(): void {
    if (!this.#bookmarks) return;
    this.#cancelBookmark = this.#around.after(BOOKMARK_EVERY_MS, () => {
      this.#bookmark(this.#around.version());
      this.#planBookmark();
    });
  }

  #bookmark(version: number, annotations?: Readonly<Record<string, string>>): void {
    if (!this.#bookmarks) return;
    const { kind, apiVersion } = this.#opening.shown;
    const metadata = {
      resourceVersion: String(version),
      creationTimestamp: null,
      ...(annotations === undefined ? {} : { annotations }),
    };
    this.#opening.sink.line(JSON.stringify({ type: "BOOKMARK", object: { kind, apiVersion, metadata } }));
  }
}

/** An object that stopped matching is sent in the state that last matched, under the version of the change. */
function lastSelected(change: Change): Stored {
  if (change.type === "DELETED" || change.before === undefined) return change.object;
  const { resourceVersion } = change.object.metadata;
  return { ...change.before, metadata: { ...change.before.metadata, resourceVersion } };
}

function errorLine(body: StatusBody): string {
  return JSON.stringify({ type: "ERROR", object: body });
}
