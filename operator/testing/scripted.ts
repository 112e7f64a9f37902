/**
 * A Port of plain values for unit tests: a clock that moves when told, a fixed chance, and an API server that is a
 * function from request to reply. What the core did can be read afterwards. (The simulator is the whole cluster; this is
 * one conversation.)
 */
import { ConnectionError } from "../api/port.ts";
import type { ApiRequest, ApiResponse, ApiStream, Clock, Port } from "../api/port.ts";

export interface Script {
  readonly request?: (request: ApiRequest, index: number) => ApiResponse | Promise<ApiResponse>;
  readonly stream?: (request: ApiRequest, index: number) => Opened | Promise<Opened>;
  readonly random?: () => number;
}

/** What a watch says: its head, what comes (a number is a pause in milliseconds), and how it goes on after that. */
export interface Opened {
  readonly status?: number;
  readonly body?: unknown;
  readonly retryAfterSeconds?: number;
  readonly chunks?: readonly (string | number)[];
  readonly after?: "ends" | "breaks" | "hangs";
}

export interface Seen extends ApiRequest {
  readonly at: number;
  readonly kind: "request" | "stream";
}

export interface World {
  readonly port: Port;
  readonly seen: Seen[];
  readonly said: string[];
  readonly counted: Map<string, number>;
  /** Lets virtual time pass; everything that is due happens in its order. */
  readonly advance: (ms: number) => Promise<void>;
}

interface Timer {
  readonly due: number;
  readonly run: () => void;
}

/** Past this many calls at one moment no reply comes any more: a busy loop would otherwise never let the test go on. */
export const CALLS_AT_ONCE_MAX = 300;
/** Past this many timers at one and the same moment something goes round and round. */
const SAME_MOMENT_MAX = 3000;

export function aWorld(script: Script = {}): World {
  const seen: Seen[] = [];
  const said: string[] = [];
  const counted = new Map<string, number>();
  const { clock, advance } = aClock();
  let streams = 0;
  let requests = 0;
  const record = async (kind: Seen["kind"], request: ApiRequest): Promise<void> => {
    seen.push({ ...request, at: clock.monotonic(), kind });
    const before = seen.at(-CALLS_AT_ONCE_MAX);
    if (before?.at === clock.monotonic()) await Promise.withResolvers<undefined>().promise;
  };
  const say = (message: string): void => void said.push(message);
  const port: Port = {
    clock,
    random: script.random ?? ((): number => 0.5),
    log: { debug: say, info: say, warn: say, error: say },
    meter: {
      count: (name, labels) => {
        const key = [name, ...Object.values(labels)].join(" ");
        counted.set(key, (counted.get(key) ?? 0) + 1);
      },
      observe: () => {},
      set: (name, labels, value) => void counted.set([name, ...Object.values(labels)].join(" "), value),
    },
    api: {
      request: async (request) => {
        await record("request", request);
        if (script.request === undefined) throw new ConnectionError("nobody answers");
        return await script.request(request, requests++);
      },
      stream: async (request, signal) => {
        await record("stream", request);
        if (signal.aborted || script.stream === undefined) throw new ConnectionError("nobody answers");
        return toStream(await script.stream(request, streams++), clock, signal);
      },
    },
  };
  return { port, seen, said, counted, advance };
}

/** Wall clock and monotonic clock are the same; it starts at the wish. */
function aClock(): { clock: Clock; advance: (ms: number) => Promise<void> } {
  let now = Date.parse("2030-01-01T00:00:00Z");
  const timers = new Set<Timer>();
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    after: (delayMs, run) => {
      const timer = { due: now + Math.max(0, delayMs), run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  const next = (until: number): Timer | undefined => {
    const due = [...timers].filter((timer) => timer.due <= until);
    return due.toSorted((a, b) => a.due - b.due)[0];
  };
  const advance = async (ms: number): Promise<void> => {
    const until = now + ms;
    await settled();
    let sameMoment = 0;
    for (let timer = next(until); timer !== undefined; timer = next(until)) {
      sameMoment = timer.due > now ? 0 : sameMoment + 1;
      if (sameMoment > SAME_MOMENT_MAX) throw new Error("time does not pass: timers of no delay set each other");
      timers.delete(timer);
      now = Math.max(now, timer.due);
      timer.run();
      await settled();
    }
    now = until;
  };
  return { clock, advance };
}

/** Every promise that can settle without time passing has settled. */
async function settled(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  setImmediate(() => resolve(undefined));
  await promise;
}

function toStream(opened: Opened, clock: Clock, signal: AbortSignal): ApiStream {
  const { status = 200, body, retryAfterSeconds } = opened;
  const chunks = status === 200 ? speak(opened, clock, signal) : speak({ after: "ends" }, clock, signal);
  return { status, body, chunks, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
}

async function* speak(
  { chunks = [], after = "hangs" }: Opened,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<string> {
  for (const chunk of chunks) {
    if (typeof chunk === "string") yield chunk;
    else await pause(chunk, clock, signal);
    if (signal.aborted) throw new ConnectionError("the watch was called off");
  }
  if (after === "breaks") throw new ConnectionError("the connection broke");
  if (after === "ends") return;
  await pause(Number.POSITIVE_INFINITY, clock, signal);
  throw new ConnectionError("the watch was called off");
}

async function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const wake = (): void => resolve(undefined);
  signal.addEventListener("abort", wake, { once: true });
  if (signal.aborted) wake();
  const cancel = Number.isFinite(ms) ? clock.after(ms, wake) : (): void => {};
  await promise;
  cancel();
}

/** One line of a watch. */
export function frame(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}

/** A Status object, as the server refuses with. */
export function refusal(code: number, reason: string, message = `refused: ${reason}`): ApiResponse {
  return { status: code, body: { kind: "Status", status: "Failure", code, reason, message } };
}
