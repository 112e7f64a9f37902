import { Pool } from "undici";
import {
  ConnectionError,
  type ApiPort,
  type ApiRequest,
  type ApiResponse,
  type ApiStream,
  type Clock,
} from "../api/port.ts";
import { DEFAULT_LIVENESS, livelyConnector, type HttpVersion, type Liveness } from "./connector.ts";
import type { CredentialSource, Credentials } from "./credentials.ts";
import { Exchange, type Sink } from "./exchange.ts";
import { causeOf } from "./kubeconfig.ts";
import { OpenStream } from "./openstream.ts";
import { ReplyCollector, REPLY_LIMIT_BYTES } from "./reply.ts";

/**
 * The API server cuts each object down to its metadata; one that knows no such form answers with the whole. Lists and watches ask
 * for different things: a watch that offers to take a list ends at once (seen on 1.36).
 */
const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
const METADATA_WATCH = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
const MERGE_PATCH = "application/merge-patch+json";

export interface HttpOptions {
  /** The server's address, as in a kubeconfig. */
  readonly server: string;
  readonly credentials: CredentialSource;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly http: HttpVersion;
  readonly liveness?: Liveness;
  readonly replyLimitBytes?: number;
}

/** An ApiPort that can be closed. */
export interface HttpApi extends ApiPort {
  /** Breaks every connection; calls under way end with ConnectionError. */
  close(): Promise<void>;
}

/** More requests at once than this wait their turn; on HTTP/1.1 each needs a connection, and the server has others to serve. */
export const REQUEST_CONNECTIONS = 64;

/** On HTTP/2 this many requests share a connection before another is opened: what kube-apiserver allows by default. */
export const STREAMS_PER_CONNECTION = 100;

/** Go closes idle connections after 90 s or more. We close ours earlier, so that no request meets a closing one. */
export const IDLE_CONNECTION_MS = 30_000;

/** Connections opened with one set of certificates. Watches have their own: a stuck one never holds up a write. */
interface Lines {
  readonly tlsKey: string;
  readonly requests: Pool;
  readonly streams: Pool;
}

interface Call {
  readonly request: ApiRequest;
  readonly credentials: Credentials;
  readonly timeoutMs: number;
}

/** The API server over HTTP. Any reply, of whatever status, is a value; no reply is a ConnectionError. */
export function httpApi(options: HttpOptions): HttpApi {
  return new UndiciApi(options);
}

class UndiciApi implements HttpApi {
  readonly #options: HttpOptions;
  readonly #origin: string;
  readonly #host: string;
  readonly #basePath: string;
  #lines: Lines | undefined;
  #closed = false;

  constructor(options: HttpOptions) {
    const url = new URL(options.server);
    this.#options = options;
    this.#origin = url.origin;
    this.#host = url.host;
    this.#basePath = url.pathname.replace(/\/+$/, "");
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    return this.#withCredentials(request, (call) => this.#exchange(call));
  }

  async stream(request: ApiRequest, signal: AbortSignal): Promise<ApiStream> {
    return this.#withCredentials(request, (call) => this.#open(call, signal));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const lines = this.#lines;
    this.#lines = undefined;
    if (lines !== undefined) await Promise.all([lines.requests.destroy(), lines.streams.destroy()]);
  }

  /** Runs a call; after a 401 once more, if other credentials are to be had. A call that got a 401 did nothing. */
  async #withCredentials<R extends ApiResponse>(request: ApiRequest, run: (call: Call) => Promise<R>): Promise<R> {
    const { clock, credentials: source } = this.#options;
    const deadline = clock.monotonic() + request.timeoutMs;
    const left = (): number => Math.max(1, deadline - clock.monotonic());
    try {
      const credentials = await this.#within(left(), source.current());
      const reply = await run({ request, credentials, timeoutMs: left() });
      if (reply.status !== 401) return reply;
      const renewed = await this.#within(left(), source.renew(credentials));
      return renewed === credentials ? reply : await run({ request, credentials: renewed, timeoutMs: left() });
    } catch (error) {
      throw this.#connectionError(error);
    }
  }

  #exchange(call: Call): Promise<ApiResponse> {
    return new Promise((resolve, reject) => {
      const reply = new ReplyCollector(this.#options.replyLimitBytes ?? REPLY_LIMIT_BYTES);
      const sink: Sink = {
        head: (head) => reply.head(head),
        data: (chunk) => reply.data(chunk),
        end: () => {
          stopTimer();
          settle(resolve, reject, () => reply.finish(this.#options.clock.now()));
        },
        fail: (error) => {
          stopTimer();
          reject(error);
        },
      };
      const exchange = new Exchange(sink, call.request.mayLeave);
      const stopTimer = this.#limit(exchange, call.timeoutMs);
      this.#dispatch("requests", call, exchange);
    });
  }

  #open(call: Call, signal: AbortSignal): Promise<ApiStream> {
    const stream = new OpenStream();
    const stopTimer = this.#limit(stream.exchange, call.timeoutMs);
    stream.begin({
      signal,
      stopTimer,
      now: () => this.#options.clock.now(),
      connectionError: (error) => this.#connectionError(error),
    });
    if (!signal.aborted) this.#dispatch("streams", call, stream.exchange);
    return stream.opened;
  }

  #dispatch(line: "requests" | "streams", call: Call, exchange: Exchange): void {
    const { method, path, query, body, metadataOnly } = call.request;
    const search = query === undefined ? "" : `?${new URLSearchParams(query).toString()}`;
    const content = body === undefined ? null : JSON.stringify(body);
    try {
      this.#linesFor(call.credentials)[line].dispatch(
        {
          method,
          path: `${this.#basePath}${path}${search}`,
          body: content,
          headers: {
            ...call.credentials.headers,
            accept: metadataOnly !== true ? "application/json" : line === "streams" ? METADATA_WATCH : METADATA_LIST,
            "user-agent": this.#options.userAgent,
            ...(content === null ? {} : { "content-type": method === "PATCH" ? MERGE_PATCH : "application/json" }),
          },
          // Our own timers bound requests, and a watch may be quiet for minutes.
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        exchange,
      );
    } catch (error) {
      exchange.giveUp(this.#connectionError(error));
    }
  }

  #linesFor(credentials: Credentials): Lines {
    if (this.#closed) throw new ConnectionError("the connection has been closed");
    if (this.#lines?.tlsKey === credentials.tlsKey) return this.#lines;
    const old = this.#lines;
    this.#lines = {
      tlsKey: credentials.tlsKey,
      requests: this.#pool(credentials, REQUEST_CONNECTIONS),
      streams: this.#pool(credentials, null),
    };
    // Calls under way end on the old connections; a watch lasts some minutes at most.
    for (const pool of [old?.requests, old?.streams]) pool?.close().catch(() => undefined);
    return this.#lines;
  }

  #pool(credentials: Credentials, connections: number | null): Pool {
    const liveness = this.#options.liveness ?? DEFAULT_LIVENESS;
    return new Pool(this.#origin, {
      connect: livelyConnector(credentials.tls, this.#options.http, liveness),
      connections,
      allowH2: this.#options.http !== "1.1",
      h2Options: { pingInterval: liveness.pingIntervalMs, maxConcurrentStreams: STREAMS_PER_CONNECTION },
      keepAliveTimeout: IDLE_CONNECTION_MS,
      keepAliveMaxTimeout: IDLE_CONNECTION_MS,
    });
  }

  #limit(exchange: Exchange, timeoutMs: number): () => void {
    return this.#options.clock.after(timeoutMs, () => {
      exchange.giveUp(new ConnectionError(`no whole reply within ${Math.round(timeoutMs)} ms`));
    });
  }

  async #within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const stop = this.#options.clock.after(timeoutMs, () => {
      late.reject(new Error(`no credentials within ${Math.round(timeoutMs)} ms`));
    });
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      stop();
    }
  }

  /** Names the host and the cause; never the request, whose headers hold the credentials. */
  #connectionError(error: unknown): ConnectionError {
    const prefix = `${this.#host}: `;
    if (error instanceof ConnectionError && error.message.startsWith(prefix)) return error;
    // Node tries several addresses of a name; the first failure stands for all.
    const cause: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
    return new ConnectionError(prefix + causeOf(cause));
  }
}

function settle<T>(resolve: (value: T) => void, reject: (error: unknown) => void, make: () => T): void {
  try {
    resolve(make());
  } catch (error) {
    reject(error);
  }
}
