/**
 * The port of one life of the operator: virtual time, seeded randomness, and a network to the simulated API server that
 * fails as the fault source says. When the life ends, the port goes dead: promises never settle, timers never fire, and
 * nothing more reaches the server.
 */
import {
  type ApiRequest,
  type ApiResponse,
  type ApiStream,
  ConnectionError,
  type LogFields,
  type Port,
} from "../../api/port.ts";
import type { ApiServer } from "./apiserver/server.ts";
import type { WatchHub } from "./apiserver/watch.ts";
import { Channel } from "./channel.ts";
import type { SimClock } from "./clock.ts";
import type { FaultSource } from "./faults.ts";
import { Flow } from "./flow.ts";
import { isRecord, mainContainerOf, type Pod } from "./objects.ts";
import type { Random } from "./random.ts";
import type { Trace } from "./trace.ts";

const LATENCY_MS = [1, 12] as const;
const REFUSED_AFTER_MS = 5;

export interface Network {
  readonly clock: SimClock;
  readonly server: ApiServer;
  readonly hub: WatchHub;
  readonly trace: Trace;
  /** Asked anew for each request: faults end when the run says so. */
  readonly faults: () => FaultSource;
  /** Counts a request and checks it; the number is its index. */
  readonly onRequest: (link: Link, request: ApiRequest) => number;
  readonly onReply: (link: Link, request: ApiRequest, response: ApiResponse) => void;
  /** Ends this life of the operator. */
  readonly kill: (link: Link, why: string) => void;
}

/** What one life of the operator was told of the end of a pod's main container. */
export interface SeenEnd {
  readonly exitCode: number;
  /** It ended before anybody asked for its deletion, as far as whole seconds can tell. */
  readonly byItself: boolean;
  /** It left a termination message: what it says may be no results. */
  readonly spoke?: true;
}

/** One life of the operator, as the network sees it. */
export class Link {
  readonly name: string;
  readonly port: Port;
  /** By pod uid. */
  readonly seen: Map<string, SeenEnd> = new Map<string, SeenEnd>();
  /** When the deletion of a pod was first asked for, as far as this link was told. */
  readonly asked: Map<string, number> = new Map<string, number>();
  #alive = true;
  readonly #net: Network;
  readonly #random: Random;
  readonly #pages: Pod[] = [];
  readonly #arrivals = new Set<() => void>();
  readonly #closers = new Set<() => void>();

  constructor(net: Network, name: string, random: Random) {
    this.#net = net;
    this.name = name;
    this.#random = random;
    const forCore = random.fork("core");
    this.port = {
      clock: {
        now: () => net.clock.wallMs,
        monotonic: () => net.clock.now,
        after: (delayMs, run) => this.#after(delayMs, run),
      },
      random: () => forCore.next(),
      api: {
        request: (request) => this.#request(request),
        stream: (request, signal) => this.#stream(request, signal),
      },
      log: {
        debug: () => undefined,
        info: (message, fields) => this.#log("info", message, fields),
        warn: (message, fields) => this.#log("warn", message, fields),
        error: (message, fields) => this.#log("ERROR", message, fields),
      },
      meter: { count: () => undefined, observe: () => undefined, set: () => undefined },
    };
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** The end of this life. What is on its way to the server arrives now or never, by chance. */
  cut(): void {
    const arrivals = [...this.#arrivals];
    this.#arrivals.clear();
    this.#alive = false;
    for (const close of this.#closers) close();
    for (const arrive of arrivals) if (this.#random.chance(0.5)) arrive();
  }

  #after(delayMs: number, run: () => void): () => void {
    if (!this.#alive) return () => undefined;
    return this.#net.clock.wake(delayMs, () => {
      if (this.#alive) run();
    });
  }

  #log(level: string, message: string, fields: LogFields = {}): void {
    if (!this.#alive) return;
    const pairs = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
    this.#net.trace.note(this.name, `log ${level}: ${message} ${pairs.join(" ")}`);
  }

  #latency(): number {
    return this.#random.int(...LATENCY_MS);
  }

  #request(request: ApiRequest): Promise<ApiResponse> {
    if (!this.#alive) return never();
    // The operator's objects must not change under way: the body leaves as text, as on a wire.
    const { body, ...rest } = request;
    const text = body === undefined ? "" : JSON.stringify(body);
    const sent: ApiRequest = text === "" ? rest : { ...rest, body: JSON.parse(text) as unknown };
    const index = this.#net.onRequest(this, sent);
    const fault = this.#net.faults().request(index, sent);
    this.#net.trace.note(
      this.name,
      `#${index} ${describe(sent)}${fault.kind === "none" ? "" : `  <${fault.kind}>`}`,
      text,
    );
    if (fault.kind === "killBefore") {
      this.#net.kill(this, `before #${index}`);
      return never();
    }
    return new Promise((resolve, reject) => {
      let giveUp = (): void => undefined;
      const settle = this.#once(sent, (outcome) => {
        giveUp();
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      });
      giveUp = this.#after(sent.timeoutMs, () => settle("timed out"));
      if (fault.kind === "refuse") {
        this.#after(REFUSED_AFTER_MS, () => settle("connection refused"));
        return;
      }
      this.#arrive(() => {
        const applied = fault.kind !== "answer" || fault.applied;
        const real = applied ? this.#net.server.handle(sent, "operator") : undefined;
        if (fault.kind === "killAfter") {
          if (this.#alive) this.#net.kill(this, `after #${index}`);
          return;
        }
        const response = fault.kind === "answer" ? fault.response : real;
        const extraMs = fault.kind === "slow" ? fault.extraMs : 0;
        const outcome = fault.kind === "loseReply" || response === undefined ? "reply lost" : response;
        this.#after(this.#latency() + extraMs, () => settle(outcome));
      });
    });
  }

  /** The first outcome of a request counts; a text says why there is no reply. */
  #once(
    request: ApiRequest,
    finish: (outcome: ApiResponse | ConnectionError) => void,
  ): (outcome: ApiResponse | string) => void {
    let settled = false;
    return (outcome) => {
      if (settled) return;
      settled = true;
      if (typeof outcome === "string") {
        this.#net.trace.note(this.name, `   ${request.method} ${request.path} -> ${outcome}`);
        finish(new ConnectionError(outcome));
        return;
      }
      this.#net.trace.note(this.name, `   ${request.method} ${request.path} -> ${outcome.status}`, jsonText(outcome));
      // A list begun anew: the pages of the one before are void.
      if (request.query?.["limit"] !== undefined && request.query["continue"] === undefined) this.#pages.length = 0;
      this.#noteSeen(outcome.body);
      this.#net.onReply(this, request, outcome);
      finish(outcome);
    };
  }

  /** Runs `act` when the request reaches the server; also at the end of this life, if chance has it so. */
  #arrive(act: () => void): void {
    const arrival = (): void => {
      this.#arrivals.delete(arrival);
      act();
    };
    this.#arrivals.add(arrival);
    this.#net.clock.wake(this.#latency(), () => {
      if (this.#arrivals.has(arrival)) arrival();
    });
  }

  #stream(request: ApiRequest, signal: AbortSignal): Promise<ApiStream> {
    if (!this.#alive) return never();
    const index = this.#net.onRequest(this, request);
    const fault = this.#net.faults().request(index, request);
    this.#net.trace.note(
      this.name,
      `#${index} WATCH ${describe(request)}${fault.kind === "none" ? "" : `  <${fault.kind}>`}`,
    );
    if (fault.kind === "killBefore" || fault.kind === "killAfter") {
      this.#net.kill(this, `at watch #${index}`);
      return never();
    }
    return new Promise((resolve, reject) => {
      const lost = fault.kind === "refuse" || fault.kind === "loseReply";
      const abort = (): void => reject(new ConnectionError("aborted"));
      signal.addEventListener("abort", abort, { once: true });
      this.#after(this.#latency() * 2, () => {
        if (signal.aborted) return;
        signal.removeEventListener("abort", abort);
        if (lost) reject(new ConnectionError("connection refused"));
        else if (fault.kind === "answer") resolve({ ...fault.response, chunks: none() });
        else resolve(this.#open(request, signal));
      });
    });
  }

  #open(request: ApiRequest, signal: AbortSignal): ApiStream {
    let close = (): void => undefined;
    const channel = new Channel(() => close());
    const flow = new Flow({
      channel,
      close: () => close(),
      nowMs: () => this.#net.clock.now,
      after: (delayMs, run) => this.#after(delayMs, run),
      fault: () => this.#net.faults().line(),
    });
    // Initial events count as told only when they are complete: half a list is rightly thrown away.
    let early: unknown[] | undefined = request.query?.["sendInitialEvents"] === "true" ? [] : undefined;
    flow.onDelivered = (object) => {
      if (object === undefined) {
        early?.forEach((pod) => this.#noteSeen(pod));
        early = undefined;
      } else if (early === undefined) this.#noteSeen(object);
      else early.push(object);
    };
    const opened = this.#net.hub.open(request, flow);
    if ("refusal" in opened) {
      this.#net.trace.note(this.name, `   WATCH ${request.path} -> ${opened.refusal.status}`);
      return { ...opened.refusal, chunks: none() };
    }
    close = () => {
      opened.close();
      this.#closers.delete(close);
    };
    this.#closers.add(close);
    signal.addEventListener("abort", () => {
      close();
      flow.stop();
      this.#after(0, () => channel.end());
    });
    return { status: 200, body: undefined, chunks: channel };
  }

  /** Notes the ends a body tells of. Pages count when the last one has come: part of a list is rightly thrown away. */
  #noteSeen(body: unknown): void {
    if (!isRecord(body)) return;
    if (body["kind"] === "PodList" && Array.isArray(body["items"])) {
      this.#pages.push(...(body["items"] as readonly Pod[]));
      const metadata = body["metadata"];
      if (isRecord(metadata) && metadata["continue"] !== undefined) return;
      for (const pod of this.#pages) this.#noteEnd(pod);
      this.#pages.length = 0;
    } else if (body["kind"] === "Pod") this.#noteEnd(body as unknown as Pod);
  }

  #noteEnd(pod: Pod): void {
    // The last deletion of a pod moves the time (see the API server's remove.ts); whoever saw the first one knows better.
    const { uid } = pod.metadata;
    const askedMs = Math.min(askedOf(pod), this.asked.get(uid) ?? Infinity);
    this.asked.set(uid, askedMs);
    const end = endOf(pod, askedMs);
    const known = this.seen.get(pod.metadata.uid);
    if (end !== undefined) this.seen.set(pod.metadata.uid, known?.byItself === true ? known : end);
  }
}

function askedOf(pod: Pod): number {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
  return deletionTimestamp === undefined ? Infinity : Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
}

function endOf(pod: Pod, askedMs: number): SeenEnd | undefined {
  const status = pod.status?.containerStatuses?.find(({ name }) => name === mainContainerOf(pod));
  const terminated = status?.state.terminated;
  if (terminated === undefined || terminated.reason === "ContainerStatusUnknown") return undefined;
  const spoke = terminated.message !== undefined && ({ spoke: true } as const);
  return { exitCode: terminated.exitCode, byItself: Date.parse(terminated.finishedAt ?? "") < askedMs, ...spoke };
}

function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}

function none(): AsyncIterable<string> {
  const channel = new Channel(() => undefined);
  channel.end();
  return channel;
}

function jsonText(response: ApiResponse): string {
  return JSON.stringify(response.body ?? null);
}

function describe({ method, path, query }: ApiRequest): string {
  const pairs = Object.entries(query ?? {}).map(([name, value]) => `${name}=${value}`);
  return `${method.padEnd(6)} ${path}${pairs.length === 0 ? "" : `?${pairs.join("&")}`}`;
}
