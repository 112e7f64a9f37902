/**
 * The port of one life of the operator: the clocks of its machine, seeded randomness, and a network to the simulated API
 * server that fails as the fault source says. When the life ends, the port goes dead: promises never settle, timers never
 * fire, and nothing more reaches the server but what is held under way.
 */
import {
  type ApiRequest,
  type ApiResponse,
  type ApiStream,
  ConnectionError,
  type LogFields,
  type Port,
} from "../../api/port.ts";
import type { WatchHub } from "./apiserver/watch.ts";
import { Channel } from "./channel.ts";
import type { SimClock } from "./clock.ts";
import type { FaultSource, LineFault, RequestFault } from "./faults.ts";
import { Flow } from "./flow.ts";
import type { Cut, Machine, PauseKind } from "./machine.ts";
import { isRecord, mainContainerOf, type Pod } from "./objects.ts";
import type { Random } from "./random.ts";
import type { Trace } from "./trace.ts";

const LATENCY_MS = [1, 12] as const;
const REFUSED_AFTER_MS = 5;
/** A line of a watch that comes later than this is late. */
const PROMPT_MS = 100;
/** Until a connection that nobody answers is given up. */
const UNANSWERED_MS = [3000, 30_000] as const;

export interface Network {
  readonly clock: SimClock;
  readonly hub: WatchHub;
  readonly trace: Trace;
  /** Asked anew for each request: faults end when the run says so. */
  readonly faults: () => FaultSource;
  /** Counts a request and checks it; the number is its index. */
  readonly onRequest: (link: Link, request: ApiRequest) => number;
  readonly onReply: (link: Link, request: ApiRequest, response: ApiResponse) => void;
  /** A renewal by who leads, one of very many: no line of the text. */
  readonly isRoutine: (link: Link, request: ApiRequest) => boolean;
  /** Told when a request leaves its process. */
  readonly onLeave: (link: Link, request: ApiRequest) => void;
  /** What the server makes of a request. */
  readonly handle: (link: Link, request: ApiRequest) => ApiResponse;
  /** Ends this life of the operator. */
  readonly kill: (link: Link, why: string) => void;
  /** Cuts its way to the server, for longer than any lease. */
  readonly cut: (link: Link, cut: Cut) => void;
  /** Nothing of this life runs for so long. */
  readonly pause: (link: Link, kind: PauseKind, forMs: number) => void;
}

/** The replica that a life is one of. */
export interface Place {
  readonly name: string;
  readonly machine: Machine;
  cut: Cut | undefined;
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
  /** When anything last went wrong on its way to the server, true milliseconds. */
  troubledAtMs: number = Number.NEGATIVE_INFINITY;
  readonly place: Place;
  readonly bornAtMs: number;
  #alive = true;
  readonly #net: Network;
  readonly #random: Random;
  readonly #pages: Pod[] = [];
  readonly #arrivals = new Set<() => void>();
  readonly #closers = new Set<() => void>();
  readonly #flows = new Map<Flow, ApiRequest>();

  constructor(net: Network, place: Place, { name, random }: { readonly name: string; readonly random: Random }) {
    this.#net = net;
    this.name = name;
    this.place = place;
    this.bornAtMs = net.clock.now;
    this.#random = random;
    const forCore = random.fork("core");
    const { machine } = place;
    this.port = {
      clock: {
        now: () => machine.wallMs,
        monotonic: () => machine.monotonicMs,
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

  /** The way to the server has just been cut: what is open falls silent. */
  sever(): void {
    for (const [flow, request] of this.#flows) if (this.#isCut(request)) flow.fallSilent(this.name);
  }

  #isCut({ path }: ApiRequest): boolean {
    const { cut } = this.place;
    return cut === "lease" ? path.includes("/leases") : cut !== undefined;
  }

  #after(delayMs: number, run: () => void): () => void {
    if (!this.#alive) return () => undefined;
    return this.place.machine.after(delayMs, () => {
      if (this.#alive) run();
    });
  }

  /** From the network. */
  #bring(delayMs: number, run: () => void): () => void {
    if (!this.#alive) return () => undefined;
    return this.place.machine.arrive(delayMs, () => {
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
    const said = `#${index} ${describe(sent)}${fault.kind === "none" ? "" : `  <${fault.kind}>`}`;
    if (fault.kind === "none" && this.#net.isRoutine(this, sent)) this.#net.trace.noteQuietly(this.name, said, text);
    else this.#net.trace.note(this.name, said, text);
    if (fault.kind === "killBefore") {
      this.#net.kill(this, `before #${index}`);
      return never();
    }
    this.#noteTrouble(fault, sent);
    return new Promise((resolve, reject) => {
      let giveUp = (): void => undefined;
      const settle = this.#once(sent, (outcome) => {
        giveUp();
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      });
      giveUp = this.#after(sent.timeoutMs, () => settle("timed out"));
      const leave = (): void => this.#leave({ sent, fault, index, settle });
      if (fault.kind === "pauseBefore" || fault.kind === "pauseAfter") {
        const { pause, forMs } = fault;
        if (fault.kind === "pauseAfter") leave();
        this.#net.pause(this, pause, forMs);
        if (fault.kind === "pauseBefore") this.#bring(0, leave);
      } else if (fault.kind === "leaveLate") this.#after(fault.byMs, leave);
      else leave();
    });
  }

  /** The bytes of a request leave the process, if it still wants that. */
  #leave({ sent, fault, index, settle }: Leaving): void {
    const { mayLeave, ...request } = sent;
    if (mayLeave !== undefined && !mayLeave()) {
      settle("not sent");
      return;
    }
    this.#net.onLeave(this, request);
    if (fault.kind === "refuse") {
      this.#after(REFUSED_AFTER_MS, () => settle("connection refused"));
      return;
    }
    const cut = this.#isCut(request) ? this.place.cut : undefined;
    if (cut === "all" || cut === "lease") return;
    this.#arrive(fault.kind === "hold" ? fault.forMs : undefined, () => {
      const applied = fault.kind !== "answer" || fault.applied;
      const real = applied ? this.#net.handle(this, request) : undefined;
      if (fault.kind === "killAfter") {
        if (this.#alive) this.#net.kill(this, `after #${index}`);
        return;
      }
      const response = fault.kind === "answer" ? fault.response : real;
      const extraMs = fault.kind === "slow" ? fault.extraMs : 0;
      const outcome = fault.kind === "loseReply" || response === undefined ? "reply lost" : response;
      this.#bring(this.#latency() + extraMs, () => {
        if (!this.#isCut(request)) settle(outcome);
        if (fault.kind === "slow" && fault.thenCut !== undefined) this.#net.cut(this, fault.thenCut);
      });
    });
    if (fault.kind === "hold" && fault.thenKill === true) this.#net.kill(this, `with #${index} under way`);
  }

  #noteTrouble({ kind }: RequestFault, request: ApiRequest): void {
    if (kind !== "none" || this.#isCut(request)) this.troubledAtMs = this.#net.clock.now;
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
      const said = `   ${request.method} ${request.path} -> ${outcome.status}`;
      const routine = outcome.status === 200 && this.#net.isRoutine(this, request);
      if (routine) this.#net.trace.noteQuietly(this.name, said, jsonText(outcome));
      else this.#net.trace.note(this.name, said, jsonText(outcome));
      // A list begun anew: the pages of the one before are void.
      if (request.query?.["limit"] !== undefined && request.query["continue"] === undefined) this.#pages.length = 0;
      this.#noteSeen(outcome.body);
      this.#net.onReply(this, request, outcome);
      finish(outcome);
    };
  }

  /**
   * Runs `act` when the request reaches the server; also at the end of this life, if chance has it so, and in any case if
   * it is held under way.
   */
  #arrive(heldMs: number | undefined, act: () => void): void {
    if (heldMs !== undefined) {
      this.#net.clock.wake(heldMs, act);
      return;
    }
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
    if (
      fault.kind === "killBefore" ||
      fault.kind === "killAfter" ||
      (fault.kind === "hold" && fault.thenKill === true)
    ) {
      this.#net.kill(this, `at watch #${index}`);
      return never();
    }
    this.#noteTrouble(fault, request);
    if (fault.kind === "pauseBefore" || fault.kind === "pauseAfter") this.#net.pause(this, fault.pause, fault.forMs);
    return new Promise((resolve, reject) => {
      const lost = fault.kind === "refuse" || fault.kind === "loseReply";
      const abort = (): void => reject(new ConnectionError("aborted"));
      signal.addEventListener("abort", abort, { once: true });
      const isCut = this.#isCut(request);
      this.#bring(isCut ? this.#random.int(...UNANSWERED_MS) : this.#latency() * 2, () => {
        if (signal.aborted) return;
        signal.removeEventListener("abort", abort);
        if (isCut || this.#isCut(request)) reject(new ConnectionError("no answer"));
        else if (lost) reject(new ConnectionError("connection refused"));
        else if (fault.kind === "answer") resolve({ ...fault.response, chunks: none() });
        else resolve(this.#open(request, signal));
      });
    });
  }

  #lineFault(): LineFault {
    const fault = this.#net.faults().line();
    if (fault.delayMs > PROMPT_MS || fault.after !== "go on") this.troubledAtMs = this.#net.clock.now + fault.delayMs;
    return fault;
  }

  #open(request: ApiRequest, signal: AbortSignal): ApiStream {
    let close = (): void => undefined;
    const channel = new Channel(() => close());
    const flow = new Flow({
      channel,
      close: () => close(),
      nowMs: () => this.#net.clock.now,
      after: (delayMs, run) => this.#bring(delayMs, run),
      fault: () => this.#lineFault(),
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
      this.#flows.delete(flow);
    };
    this.#closers.add(close);
    this.#flows.set(flow, request);
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

interface Leaving {
  readonly sent: ApiRequest;
  readonly fault: RequestFault;
  readonly index: number;
  readonly settle: (outcome: ApiResponse | string) => void;
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
