/** The simulated API server with its garbage collector: no faults, no stale reads, no kubelet and no scheduler. */
import type { ApiResponse } from "../../operator/api/port.ts";
import { conflict, notFound } from "../../operator/testing/sim/apiserver/failure.ts";
import { PODS } from "../../operator/testing/sim/apiserver/resources.ts";
import { ApiServer } from "../../operator/testing/sim/apiserver/server.ts";
import { WatchHub } from "../../operator/testing/sim/apiserver/watch.ts";
import { SimClock } from "../../operator/testing/sim/clock.ts";
import { startGarbageCollector } from "../../operator/testing/sim/garbage.ts";
import type { Pod, Stored } from "../../operator/testing/sim/objects.ts";
import { Random } from "../../operator/testing/sim/random.ts";
import { Trace } from "../../operator/testing/sim/trace.ts";
import { Truth } from "../../operator/testing/sim/truth.ts";
import type { Event, OpenWatch, Request, Side } from "./side.ts";

/** Steps the garbage collector may take after one request; more means that it never comes to rest. */
const SETTLE_STEPS_MAX = 1000;
/** Whole requests only: the simulated server answers at once. */
const NO_LIMIT = { timeoutMs: 0 } as const;

export class SimulatedSide implements Side {
  readonly name = "simulated";
  readonly namespace: string;
  readonly #clock: SimClock;
  readonly #server: ApiServer;
  readonly #hub: WatchHub;

  constructor(namespace: string, seed: string) {
    const random = new Random(seed);
    this.namespace = namespace;
    this.#clock = new SimClock(random.fork("ties"));
    this.#server = new ApiServer({ nowMs: () => Date.now(), random: random.fork("uids"), namespaces: [namespace] });
    // As on a server that has started after others have written: its window begins at the present.
    this.#server.store.compact(this.#server.store.version);
    this.#hub = new WatchHub(this.#server, {
      initialEvents: true,
      goneAs: () => "event",
      after: () => () => undefined,
      random: random.fork("order"),
    });
    startGarbageCollector({
      clock: this.#clock,
      server: this.#server,
      trace: new Trace({ now: () => this.#clock.now }),
      truth: new Truth(),
      random: random.fork("site"),
      scriptFor: () => {
        throw new Error("no kubelet runs pods here");
      },
      slowness: 1,
    });
  }

  send(request: Request): Promise<ApiResponse> {
    // As the network would carry it: what is undefined is not there.
    const carried = JSON.parse(JSON.stringify(request)) as Request;
    return Promise.resolve(this.#server.handle({ ...carried, ...NO_LIMIT }, "suite"));
  }

  watch(request: Request): Promise<OpenWatch> {
    const events: Event[] = [];
    const state = { ended: false };
    const opened = this.#hub.open(
      { ...request, ...NO_LIMIT },
      {
        line: (text) => events.push(JSON.parse(text) as Event),
        end: () => {
          state.ended = true;
        },
      },
    );
    const answer = "refusal" in opened ? opened.refusal : { status: 200, body: undefined };
    const close = "close" in opened ? opened.close : (): void => undefined;
    return Promise.resolve({
      answer,
      events,
      close,
      get ended() {
        return state.ended;
      },
    });
  }

  /** Does to the pod what the scheduler's binding does; who may bind what is the real server's rule. */
  bind(name: string): Promise<ApiResponse> {
    const key = `${this.namespace}/${name}`;
    const pod = this.#server.store.get("pods", key) as Pod | undefined;
    if (pod === undefined) return Promise.resolve(notFound(PODS, name));
    if (pod.metadata.deletionTimestamp !== undefined || pod.spec?.nodeName !== undefined) {
      return Promise.resolve(conflict(PODS, name, "it is bound or being deleted"));
    }
    const which = { key, uid: pod.metadata.uid, by: "scheduler" };
    this.#server.amend(PODS, which, (current): Stored => bound(current as Pod));
    return Promise.resolve({ status: 201, body: { kind: "Status", status: "Success" } });
  }

  compact(): Promise<void> {
    this.#server.store.compact(this.#server.store.version);
    return Promise.resolve();
  }

  /** Lets the garbage collector do all it wants to do now. True if it changed anything. */
  async settle(): Promise<boolean> {
    const before = this.#server.store.version;
    const end = await this.#clock.run({
      done: () => false,
      untilMs: Infinity,
      stepsMax: this.#clock.steps + SETTLE_STEPS_MAX,
    });
    if (end !== "empty") throw new Error("the simulated garbage collector does not come to rest");
    return this.#server.store.version !== before;
  }
}

function bound(pod: Pod): Pod {
  const condition = { type: "PodScheduled", status: "True", lastTransitionTime: pod.metadata.creationTimestamp };
  return {
    ...pod,
    spec: { containers: [], ...pod.spec, nodeName: "differential" },
    status: { phase: "Pending", ...pod.status, conditions: [condition] },
  };
}
