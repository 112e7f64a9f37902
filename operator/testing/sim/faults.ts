/** What goes wrong between the operator and the API server, and when. All of it is decided by the seed. */
import type { ApiRequest, ApiResponse } from "../../api/port.ts";
import { conflict, internalError, MODIFIED, tooManyRequests, unavailable } from "./apiserver/failure.ts";
import { routeOf } from "./apiserver/resources.ts";
import type { Cut, PauseKind } from "./machine.ts";
import type { Random } from "./random.ts";

/** Every class of fault can be off for a whole run (swarm testing): some bugs need the absence of another fault. */
export const FAULT_CLASSES = [
  "refused",
  "replyLost",
  "tooMany",
  "serverError",
  "conflict",
  "slowReply",
  "killAtRequest",
  "killAtTime",
  "gracefulStop",
  "watchCut",
  "watchDelay",
  "watchSilence",
  "gone",
  "staleReads",
  "quota",
  // Of replicas only.
  "pause",
  "cutOff",
  "wrongClock",
  "held",
] as const;
export type FaultClass = (typeof FAULT_CLASSES)[number];

/** What happens to one request. */
export type RequestFault =
  | { readonly kind: "none" }
  /** No connection: the server never sees it. */
  | { readonly kind: "refuse" }
  /** The server acts, the reply does not arrive. */
  | { readonly kind: "loseReply" }
  /** The server answers this; `applied` says whether it acted first. */
  | { readonly kind: "answer"; readonly response: ApiResponse; readonly applied: boolean }
  /** The reply is late; and when it has come, the way to the server may be cut for `CUT_MS`. */
  | { readonly kind: "slow"; readonly extraMs: number; readonly thenCut?: Cut }
  | { readonly kind: "killBefore" }
  | { readonly kind: "killAfter" }
  /** Its process stops for so long, with the request still in it or just out of it. */
  | { readonly kind: "pauseBefore" | "pauseAfter"; readonly pause: PauseKind; readonly forMs: number }
  /** It leaves its process only so much later: it waits for a connection. */
  | { readonly kind: "leaveLate"; readonly byMs: number }
  /** It is under way for so long, whatever becomes of its sender, who may die at once. */
  | { readonly kind: "hold"; readonly forMs: number; readonly thenKill?: true };

/** What happens to one line of a watch. */
export interface LineFault {
  readonly delayMs: number;
  /** whole: the connection breaks after this line; within: inside it; silent: nothing comes any more, no error either. */
  readonly after: "go on" | "cut after" | "cut within" | "silent";
  /** Into how many chunks the text is cut. */
  readonly pieces: number;
}

/** Asked by the network for every request and every line. */
export interface FaultSource {
  /** `index` counts the operator's requests (and opened watches) from 1, over all its lives. */
  request(index: number, request: ApiRequest): RequestFault;
  line(): LineFault;
}

type Span = readonly [number, number];

/** Longer than any lease. */
export const CUT_MS = 40_000;

const NONE: RequestFault = { kind: "none" };
const SMOOTH: LineFault = { delayMs: 0, after: "go on", pieces: 1 };

export const NO_FAULTS: FaultSource = { request: () => NONE, line: () => SMOOTH };

/** A slow reply may outlast the caller's patience. */
const SLOW_MS = [200, 40_000] as const;
const WATCH_DELAY_MS = [0, 8000] as const;
const RETRY_AFTER_SECONDS = 1;
/** A request lives 60 s at most: then its connection is gone, and what was still in it. */
const HELD_MS: readonly [Span, ...Span[]] = [
  [200, 3000],
  [3000, 20_000],
  [15_000, 60_000],
];
/** Its caller gives up after 30 s. */
const LEAVES_MS_MAX = 25_000;

/** The faults of a run: which classes are on, and how often each strikes. */
export interface FaultPlan {
  readonly rates: Readonly<Record<FaultClass, number>>;
}

/** Draws a plan: each class is off in half of all runs, and rare in most of the others. */
export function drawFaultPlan(random: Random): FaultPlan {
  const rates = FAULT_CLASSES.map((name) => {
    const own = random.fork(name);
    const rate = own.chance(0.5) ? own.pick([0.01, 0.03, 0.08, 0.2]) : 0;
    return [name, rate] as const;
  });
  return { rates: Object.fromEntries(rates) as Record<FaultClass, number> };
}

/** A process tells by one of its two clocks that the machine slept; where the other is set back meanwhile, nothing does. */
export function machinesSleep(rates: FaultPlan["rates"] | undefined): boolean {
  return rates?.wrongClock === 0;
}

/** Faults by chance, at the rates of the plan. */
export class RandomFaults implements FaultSource {
  readonly #rates: FaultPlan["rates"];
  readonly #random: Random;
  readonly #lines: Random;
  readonly #held: Random;

  constructor(plan: FaultPlan, random: Random) {
    this.#rates = plan.rates;
    this.#random = random.fork("requests");
    this.#lines = random.fork("lines");
    this.#held = random.fork("held");
  }

  request(_index: number, request: ApiRequest): RequestFault {
    const held = this.#heldUp(request);
    if (held !== undefined) return held;
    const random = this.#random;
    // One draw per class in a fixed order, so that switching a class off does not shift the others.
    const hits = REQUEST_FAULT_CLASSES.filter((name) => random.next() < this.#rates[name]);
    if (hits.length === 0) return NONE;
    const detail = random.fork(String(random.next()));
    for (const name of hits) {
      const fault = REQUEST_FAULTS[name](request, detail);
      if (fault.kind !== "none") return fault;
    }
    return NONE;
  }

  /** Of replicas: what makes a write late. */
  #heldUp({ method, query }: ApiRequest): RequestFault | undefined {
    const random = this.#held;
    if (query?.["watch"] === "true" || !random.chance(this.#rates.held / (method === "GET" ? 4 : 1))) return undefined;
    const kind = random.pick(["hold", "hold", "leaveLate", "pauseBefore", "pauseAfter"] as const);
    const forMs = random.int(...random.pick(HELD_MS));
    if (kind === "hold") return { kind, forMs };
    if (kind === "leaveLate") return { kind, byMs: Math.min(forMs, LEAVES_MS_MAX) };
    return { kind, pause: machinesSleep(this.#rates) && random.chance(0.3) ? "asleep" : "stopped", forMs };
  }

  line(): LineFault {
    const random = this.#lines;
    const [cut, delay, silent, shape] = [random.next(), random.next(), random.next(), random.next()];
    const delayMs = delay < this.#rates.watchDelay * 3 ? Math.floor(shape * WATCH_DELAY_MS[1]) : Math.floor(shape * 20);
    const pieces = shape > 0.8 ? 3 : 1;
    if (silent < this.#rates.watchSilence / 2) return { delayMs, after: "silent", pieces };
    if (cut < this.#rates.watchCut) return { delayMs, after: shape < 0.5 ? "cut within" : "cut after", pieces };
    return { delayMs, after: "go on", pieces };
  }
}

type RequestFaultClass =
  "refused" | "replyLost" | "tooMany" | "serverError" | "conflict" | "slowReply" | "killAtRequest";

const REQUEST_FAULTS: Readonly<Record<RequestFaultClass, (request: ApiRequest, random: Random) => RequestFault>> = {
  refused: () => ({ kind: "refuse" }),
  replyLost: () => ({ kind: "loseReply" }),
  tooMany: () => ({ kind: "answer", response: tooManyRequests(RETRY_AFTER_SECONDS), applied: false }),
  serverError: (_request, random) => serverError(random),
  conflict: (request) => spuriousConflict(request),
  slowReply: (_request, random) => ({ kind: "slow", extraMs: random.int(...SLOW_MS) }),
  killAtRequest: (_request, random) =>
    random.chance(0.3) ? { kind: random.chance(0.5) ? "killBefore" : "killAfter" } : NONE,
};
const REQUEST_FAULT_CLASSES = Object.keys(REQUEST_FAULTS) as readonly RequestFaultClass[];

function serverError(random: Random): RequestFault {
  if (random.chance(0.4)) return { kind: "answer", response: unavailable(), applied: false };
  // etcd answers too late: the caller is told of a failure, the write may have happened.
  return { kind: "answer", response: internalError("etcdserver: request timed out"), applied: random.chance(0.5) };
}

/** A conflict nobody can see the reason of: on a status (the object was touched) or on a create (the quota was). */
function spuriousConflict(request: ApiRequest): RequestFault {
  const route = routeOf(request.path);
  if (route === undefined) return NONE;
  if (request.method === "PUT" || request.method === "PATCH") {
    return { kind: "answer", response: conflict(route.resource, route.name ?? "", MODIFIED), applied: false };
  }
  if (request.method !== "POST") return NONE;
  const quota = { ...route.resource, qualified: "resourcequotas" };
  return { kind: "answer", response: conflict(quota, "compute", MODIFIED), applied: false };
}

/** Faults at exactly the given requests; for enumerating crash points. */
export class ScriptedFaults implements FaultSource {
  readonly #at: ReadonlyMap<number, RequestFault>;

  constructor(at: ReadonlyMap<number, RequestFault>) {
    this.#at = at;
  }

  request(index: number): RequestFault {
    return this.#at.get(index) ?? NONE;
  }

  line(): LineFault {
    return SMOOTH;
  }
}
