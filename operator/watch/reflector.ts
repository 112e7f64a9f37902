/**
 * Keeps one store equal to the API server's objects of one kind in one scope.
 *
 * States:
 *   listing     nothing is known, or what was known is too old (410): a consistent list is under way, either as a watch
 *               that starts with all objects (sendInitialEvents) or, where the server has none, as a list in pages
 *   watching    the store follows the events, or is about to from the version it knows; left when the stream ends, breaks,
 *               is silent for too long, or is refused
 *   backingOff  after a failure; the known version is kept, so that going on costs a watch and not a list
 */
import { object, resourceVersionOf, text } from "../api/decode.ts";
import { collectionPath } from "../api/paths.ts";
import type { Resource } from "../api/paths.ts";
import { ConnectionError } from "../api/port.ts";
import type { ApiRequest, ApiStream, Port } from "../api/port.ts";
import type { ObjectRecord } from "../api/records.ts";
import { Backoff } from "./backoff.ts";
import { LIST_TIMEOUT_MS, WatchRefusedError, listAll } from "./lister.ts";
import { metered } from "../api/metered.ts";
import type { Store } from "./store.ts";
import { StreamDamagedError, readEvents } from "../api/watchevents.ts";
import type { WatchEvent } from "../api/watchevents.ts";

export interface ReflectorOptions<R extends ObjectRecord> {
  readonly resource: Resource;
  /** "" for all namespaces. */
  readonly namespace: string;
  readonly store: Store<R>;
  readonly decode: (value: unknown) => R | undefined;
  /** Called once, when the first list is complete and in the store. */
  readonly onSynced: () => void;
  /** For what can be done without: what is then not done. */
  readonly optional?: OptionalWatch;
}

export interface WatchState {
  readonly resource: string;
  /** "" for all namespaces. */
  readonly namespace: string;
  /** Milliseconds since the server last showed life on this watch. */
  readonly ageMs: number;
  /** Nobody has to wait for the first list: it is complete, or it is one we can do without and have no right to. */
  readonly settled: boolean;
  /** What is in the way, in the server's words where it gave any. */
  readonly trouble: string | undefined;
}

export interface OptionalWatch {
  /** For the log: what cannot be done while we have no right to watch. */
  readonly without: string;
  /** Called once, when we were told that we have no right to watch, before any list was complete. */
  readonly onForbidden: () => void;
}

/** resume: go on from the known version, and see. distrust: an event of a version already passed is missing. */
export type Renewal = "resume" | "distrust";

type State =
  | { readonly at: "listing" }
  | { readonly at: "watching"; readonly since: number }
  | { readonly at: "backingOff"; readonly cause: string };

/** The server is asked to end a watch after 5 to 10 minutes by chance, as client-go does: replicas get their share of load anew. */
const WATCH_SECONDS_MIN = 300;
/**
 * A server sends a bookmark about two seconds before a watch ends (apiserver, cacher/cache_watcher.go; none below six), else
 * once a minute. Somebody waits for a renewed watch to come as far as the server is, so that one ends soon.
 */
const BRIEF_WATCH_SECONDS = 8;
/** Bookmarks come about once a minute; after this long without any life the watch is started anew. A net below the port's own check. */
const SILENCE_MS = 150_000;
/** A watch that ends this soon without an event did not work, whatever its status said. */
const TOO_SHORT_MS = 1000;
/** After this many failures in a row the known version is not trusted any longer. */
const RESUMES_MAX = 6;
/** A watch that still told of life this long after it began has worked: it pays neither pauses nor lists for what failed before. */
const WORKED_MS = 30_000;
/** A failure this long after the last one is the first of its kind again; longer than a call that hangs plus the longest pause. */
const QUIET_MS = 180_000;
/** A watch that is younger is not renewed: so long it may take until it shows what a caller misses. */
const RENEW_AFTER_MS = 20_000;
/** No server means a longer pause than this; a wrong header must not stop us for years. */
const RETRY_AFTER_MAX_MS = 60_000;
/** Added to Retry-After by chance: the server sends everybody the same second. */
const RETRY_JITTER_MS = 1000;

const FORBIDDEN_CURE = "grant the rights of manifests/base/clusterrole.yaml there; no restart is needed";
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

export class Reflector<R extends ObjectRecord> {
  readonly #port: Port;
  readonly #options: ReflectorOptions<R>;
  readonly #backoff: Backoff;
  readonly #stopped = new AbortController();
  #state: State = { at: "listing" };
  #synced = false;
  #forbidden = false;
  #initialEvents = true;
  #since = "";
  #failures = 0;
  #lastFailure = Number.NEGATIVE_INFINITY;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #renewedFrom = "";
  #brief = false;
  #lastLife: number;
  #trouble: string | undefined;
  #stream: AbortController | undefined;

  constructor(port: Port, options: ReflectorOptions<R>) {
    this.#port = port;
    this.#options = options;
    this.#backoff = new Backoff(port);
    this.#lastLife = port.clock.monotonic();
  }

  /** The first list is complete. */
  get synced(): boolean {
    return this.#synced;
  }

  /** See WatchState. */
  get settled(): boolean {
    return this.#synced || this.#forbidden;
  }

  /** What keeps the store from being equal to the server's objects, in the server's words where it gave any. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Milliseconds since the server last showed life on this watch: an event, a bookmark, or any answer, a refusal too. */
  get ageMs(): number {
    return this.#port.clock.monotonic() - this.#lastLife;
  }

  get watchState(): WatchState {
    const { resource, namespace } = this.#options;
    return { resource: resource.name, namespace, ageMs: this.ageMs, settled: this.settled, trouble: this.#trouble };
  }

  get state(): State["at"] {
    return this.#state.at;
  }

  /** Runs until stop(). Never rejects. */
  async run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        if (this.#since === "") await this.#list();
        else await this.#watch();
      } catch (error) {
        await this.#afterFailure(error);
      }
    }
  }

  stop(): void {
    this.#stopped.abort();
    this.#stream?.abort();
  }

  /**
   * For callers who miss an event that must have come: starts the watch anew from the known version. If that was done a
   * moment ago it begins with a list: always for those who distrust the watch, and for the others if it told nothing
   * since. Many may call: a watch gets its time to show what is missing, and a list is never cut short.
   */
  renew(how: Renewal): void {
    const now = this.#port.clock.monotonic();
    if (this.#state.at !== "watching" || now - this.#state.since < RENEW_AFTER_MS) return;
    const again = now - this.#renewedAt < QUIET_MS;
    if (again && (how === "distrust" || this.#since === this.#renewedFrom)) this.#since = "";
    this.#renewedFrom = this.#since;
    this.#renewedAt = now;
    this.#brief = true;
    this.#state = { at: "watching", since: now };
    this.#stream?.abort();
  }

  async #list(): Promise<void> {
    this.#state = { at: "listing" };
    this.#stream = undefined;
    if (this.#initialEvents) {
      const query = { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" };
      const stream = await this.#open(query);
      if (stream !== undefined) return await this.#follow(stream, new Map());
      this.#initialEvents = false;
    }
    const { resource, namespace } = this.#options;
    const stopped = this.#stopped.signal;
    const decode = (item: unknown): R | undefined => this.#decode(item);
    const listed = await listAll(this.#port, resource, { namespace, stopped, decode });
    if (stopped.aborted) return;
    this.#replace(listed.records, listed.resourceVersion);
  }

  async #watch(): Promise<void> {
    // Not the time of the watch before: one that is being opened is not to be renewed.
    this.#state = { at: "watching", since: this.#port.clock.monotonic() };
    const brief = this.#brief && { timeoutSeconds: String(BRIEF_WATCH_SECONDS) };
    this.#brief = false;
    const stream = await this.#open({ resourceVersion: this.#since, ...brief });
    if (stream !== undefined) await this.#follow(stream, undefined);
  }

  /** undefined: the server knows no initial events. */
  async #open(query: Readonly<Record<string, string>>): Promise<ApiStream | undefined> {
    const { resource, namespace } = this.#options;
    const seconds = Math.floor(WATCH_SECONDS_MIN * (1 + this.#port.random()));
    const request: ApiRequest = {
      method: "GET",
      path: collectionPath(resource, namespace),
      query: {
        watch: "true",
        allowWatchBookmarks: "true",
        timeoutSeconds: String(seconds),
        ...(resource.labelSelector !== undefined && { labelSelector: resource.labelSelector }),
        ...query,
      },
      ...(resource.metadataOnly === true && { metadataOnly: true }),
      timeoutMs: LIST_TIMEOUT_MS,
    };
    const opened = new AbortController();
    this.#stream = opened;
    if (this.#stopped.signal.aborted) opened.abort();
    const open = async (): Promise<ApiStream> => await this.#port.api.stream(request, opened.signal);
    const stream = await metered(this.#port, "watch", resource, open);
    if (stream.status === 200) return stream;
    const refused = new WatchRefusedError(stream);
    const unknownOption = stream.status === 400 || stream.status === 422;
    if (unknownOption && query["sendInitialEvents"] !== undefined) return undefined;
    throw refused;
  }

  /** Applies events until the stream ends. `initial` collects the objects of a watch that starts with all of them. */
  async #follow(stream: ApiStream, initial: Map<string, R> | undefined): Promise<void> {
    const started = this.#port.clock.monotonic();
    const silence = this.#watchSilence();
    let collecting = initial;
    if (initial === undefined) this.#state = { at: "watching", since: started };
    try {
      for await (const batch of readEvents(stream.chunks)) {
        if (this.#stopped.signal.aborted) return;
        this.#lastLife = this.#port.clock.monotonic();
        this.#trouble = undefined;
        for (const event of batch) collecting = this.#apply(event, collecting);
        this.#forgetFailures();
      }
    } finally {
      silence.end();
    }
    const short = this.#port.clock.monotonic() - started < TOO_SHORT_MS;
    if (short) throw new ConnectionError("the watch ended at once");
    if (collecting !== undefined && this.#stream?.signal.aborted !== true) {
      // A server that knows the option closes the initial events with a bookmark; this one let it pass unread.
      this.#initialEvents = false;
      throw new ConnectionError("the watch ended before all objects had come");
    }
    this.#restarted("ended");
  }

  #forgetFailures(): void {
    if (this.#state.at !== "watching" || this.#lastLife - this.#state.since < WORKED_MS) return;
    this.#failures = 0;
    this.#backoff.reset();
  }

  #apply(event: WatchEvent, collecting: Map<string, R> | undefined): Map<string, R> | undefined {
    if (event.type === "ERROR") throw new WatchRefusedError({ status: 500, body: event.object });
    if (event.type === "BOOKMARK") return this.#bookmark(event.object, collecting);
    const record = this.#decode(event.object);
    // An unreadable object moves nothing: the version goes on with the next event or bookmark.
    if (record === undefined) return collecting;
    if (collecting !== undefined) {
      // Synthetic events come in no order of versions; only the closing bookmark says where the watch stands.
      if (event.type === "DELETED") collecting.delete(record.uid);
      else collecting.set(record.uid, record);
      return collecting;
    }
    this.#since = record.resourceVersion;
    if (event.type === "DELETED") this.#options.store.remove(record);
    else this.#options.store.upsert(record);
    return undefined;
  }

  #bookmark(value: unknown, collecting: Map<string, R> | undefined): Map<string, R> | undefined {
    const version = resourceVersionOf(value);
    if (version === undefined) return collecting;
    if (collecting === undefined) {
      this.#since = version;
      this.#options.store.bookmark(version);
      return undefined;
    }
    const annotations = object(object(object(value)["metadata"])["annotations"]);
    if (text(annotations[INITIAL_EVENTS_END]) !== "true") return collecting;
    this.#replace([...collecting.values()], version);
    return undefined;
  }

  #replace(records: readonly R[], version: string): void {
    this.#since = version;
    this.#trouble = undefined;
    this.#lastLife = this.#port.clock.monotonic();
    this.#state = { at: "watching", since: this.#lastLife };
    this.#options.store.replace(records, version);
    this.#forbidden = false;
    if (this.#synced) return;
    this.#synced = true;
    this.#options.onSynced();
  }

  #decode(value: unknown): R | undefined {
    const record = this.#options.decode(value);
    if (record === undefined) this.#port.meter.count("unreadable", { resource: this.#options.resource.name });
    return record;
  }

  async #afterFailure(error: unknown): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    const renewed = this.#stream?.signal.aborted === true;
    const refused = error instanceof WatchRefusedError ? error : undefined;
    this.#restarted(causeOf(error, renewed));
    if (renewed && refused === undefined) return;
    const now = this.#port.clock.monotonic();
    this.#failures = now - this.#lastFailure > QUIET_MS ? 1 : this.#failures + 1;
    this.#lastFailure = now;
    if (refused?.gone === true || this.#failures > RESUMES_MAX) this.#since = "";
    // Ordinary after a compaction: list at once. A server that says so again and again gets its pauses.
    if (refused?.gone === true && this.#failures === 1) return;
    this.#report(error);
    this.#noteRight(refused);
    const wait = Math.min(refused?.retryAfterMs ?? 0, RETRY_AFTER_MAX_MS) + this.#port.random() * RETRY_JITTER_MS;
    const pause = Math.max(this.#backoff.pauseMs(), wait);
    this.#state = { at: "backingOff", cause: causeOf(error, renewed) };
    await this.#sleep(pause);
  }

  #noteRight(refused: WatchRefusedError | undefined): void {
    const { optional } = this.#options;
    if (refused?.code !== 403 || optional === undefined) return;
    const waited = !this.settled;
    this.#forbidden = true;
    if (waited) optional.onForbidden();
  }

  /** Ends early when the reflector is stopped. */
  async #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => resolve(undefined);
    const cancel = this.#port.clock.after(ms, wake);
    this.#stopped.signal.addEventListener("abort", wake, { once: true });
    await promise;
    cancel();
    this.#stopped.signal.removeEventListener("abort", wake);
  }

  #report(error: unknown): void {
    const { resource, namespace, optional } = this.#options;
    const refused = error instanceof WatchRefusedError;
    if (refused) this.#lastLife = this.#port.clock.monotonic();
    this.#trouble = error instanceof Error ? error.message : String(error);
    const cure = refused && error.code === 403 ? FORBIDDEN_CURE : undefined;
    const fields = { resource: resource.name, namespace, error: String(error), cure, failures: this.#failures };
    if (cure !== undefined && optional !== undefined) {
      // A choice of whoever gave the rights, asked for again and again in case it changes, and said once.
      const { without } = optional;
      if (!this.#forbidden) this.#port.log.info("works without a watch it has no right to", { ...fields, without });
      return;
    }
    // The first failure of a watch is ordinary (a restart of the server); only a series is worth a warning.
    if (this.#failures > 1) this.#port.log.warn("cannot watch, will try again", fields);
    else this.#port.log.info("watch interrupted", fields);
  }

  #restarted(cause: string): void {
    this.#port.meter.count("watchRestarts", { resource: this.#options.resource.name, cause });
  }

  #watchSilence(): { end(): void } {
    let cancel = (): void => {};
    const check = (): void => {
      const left = SILENCE_MS - this.ageMs;
      if (left <= 0) {
        // A server that is alive sends bookmarks; one that was set back in time sends nothing until it catches up.
        this.#since = "";
        this.#initialEvents &&= this.#synced;
        this.#stream?.abort();
      } else cancel = this.#port.clock.after(left, check);
    };
    this.#lastLife = this.#port.clock.monotonic();
    check();
    return { end: () => cancel() };
  }
}

function causeOf(error: unknown, renewed: boolean): string {
  if (error instanceof WatchRefusedError) return error.gone ? "gone" : `http${error.code}`;
  if (error instanceof StreamDamagedError) return "damaged";
  if (renewed) return "silent";
  return error instanceof ConnectionError ? "connection" : "error";
}
