/**
 * The one door between the core and the world. The core (watch, queue, decide, act, controller, lead) has no clock, no
 * randomness and no network of its own: it gets this port from main.ts, or from the simulator, which gives it virtual
 * time and a simulated API server.
 */
export interface Port {
  readonly clock: Clock;
  /** A number in [0, 1), as Math.random. */
  readonly random: () => number;
  readonly api: ApiPort;
  readonly log: Log;
  readonly meter: Meter;
}

export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump. */
  now(): number;
  /** Milliseconds from an arbitrary start. Never goes back; for measuring spans. */
  monotonic(): number;
  /** Runs `run` once after `delayMs` (0: in a later turn of the event loop). Calling the result calls it off. */
  after(delayMs: number, run: () => void): () => void;
}

/** One call to the API server. `path` starts at the root ("/api/v1/pods"); `body` is sent as JSON, of PATCH as a JSON Merge Patch. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Of GET: asks for PartialObjectMetadata, that is apiVersion, kind and metadata of each object. */
  readonly metadataOnly?: true;
  /** After this long without a whole reply the call ends with ConnectionError. Ignored for streams once they are open. */
  readonly timeoutMs: number;
  /**
   * Asked when the bytes are about to leave, which may be long after the call was made: a request may wait for credentials
   * and for a connection. If it says no, nothing is sent, and the call ends with ConnectionError.
   */
  readonly mayLeave?: () => boolean;
}

/** A reply of any status. `body` is the parsed JSON, undefined if there was none. */
export interface ApiResponse {
  readonly status: number;
  readonly body: unknown;
  /** The Retry-After header, if the server sent one. */
  readonly retryAfterSeconds?: number;
}

/** An open watch. With a status other than 200, `body` holds the server's Status object and `chunks` is empty. */
export interface ApiStream extends ApiResponse {
  /** Decoded text as it arrives, cut anywhere. Throws ConnectionError when the connection breaks; ends when the server ends it. */
  readonly chunks: AsyncIterable<string>;
}

export interface ApiPort {
  /** @throws ConnectionError when no whole reply arrived: whether the server acted is then unknown. */
  request(request: ApiRequest): Promise<ApiResponse>;
  /**
   * Opens a watch. Aborting `signal` ends it. A peer that stops answering must be noticed within SILENCE_LIMIT_MS.
   * @throws ConnectionError
   */
  stream(request: ApiRequest, signal: AbortSignal): Promise<ApiStream>;
}

/** How long a dead connection may look alive before the port must report it. */
export const SILENCE_LIMIT_MS = 45_000;

/** No reply, a broken reply, or a reply too late. The server may or may not have acted. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Structured log: a constant message plus fields. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** What the core measures; serve/metrics.ts turns it into Prometheus metrics. Label sets are closed and small. */
export interface Meter {
  count<N extends keyof CounterLabels>(name: N, labels: CounterLabels[N]): void;
  observe<N extends keyof HistogramLabels>(name: N, labels: HistogramLabels[N], seconds: number): void;
  set<N extends keyof GaugeLabels>(name: N, labels: GaugeLabels[N], value: number): void;
}

export interface CounterLabels {
  /** One pass over one object. result: done, waiting (for our own writes), failed (will be tried again). */
  readonly reconciles: { readonly kind: string; readonly result: "done" | "waiting" | "failed" };
  /** One call to the API server. verb: get, list, watch, create, update, patch, delete; code: HTTP status or "none" if no reply came. */
  readonly apiRequests: { readonly verb: string; readonly resource: string; readonly code: string };
  /** One new watch after another ended. */
  readonly watchRestarts: { readonly resource: string; readonly cause: string };
  /** One attempt that ended. reason, class: of the closed lists in names.ts; class "none": it was nobody's failure. */
  readonly attempts: { readonly reason: string; readonly class: string };
  /** One TaskRun, or WorkflowRun, that ended. */
  readonly taskRunsEnded: { readonly phase: string; readonly reason: string };
  readonly workflowRunsEnded: { readonly phase: string; readonly reason: string };
  /** One event for people. busy, full: dropped; refused: no right to write it, or just told so; failed: any other answer, or none. */
  readonly events: { readonly result: "written" | "busy" | "full" | "refused" | "failed" };
  /** One object that could not be read. */
  readonly unreadable: { readonly resource: string };
}

export interface HistogramLabels {
  readonly queueWait: { readonly kind: string };
  readonly reconcile: { readonly kind: string };
  readonly apiRequest: { readonly verb: string; readonly resource: string };
  /** From the creation of a TaskRun to that of its first pod. */
  readonly podDelay: Readonly<Record<string, never>>;
  /** From the creation of a pod to the start of its main container. */
  readonly startDelay: Readonly<Record<string, never>>;
  readonly taskRunDuration: { readonly phase: string };
  readonly workflowRunDuration: { readonly phase: string };
}

export interface GaugeLabels {
  /** namespace: the one the queue serves, "" for all of them. */
  readonly queueDepth: { readonly kind: string; readonly namespace: string };
  readonly taskRuns: { readonly phase: string };
  /** Those that have not ended, by the reason their status shows; "none": it shows none yet. */
  readonly taskRunsUnfinished: { readonly reason: string };
  readonly workflowRuns: { readonly phase: string };
  /** Calls to the API server that may be under way at once, as adapted. */
  readonly inFlightLimit: Readonly<Record<string, never>>;
  /** 1: this process works; 0: it stands by. */
  readonly leader: Readonly<Record<string, never>>;
}
