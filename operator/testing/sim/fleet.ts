/** The replicas of the operator in one run: their lives, one after the other, and what happens to them. */
import type { ApiRequest, ApiResponse } from "../../api/port.ts";
import type { ApiServer } from "./apiserver/server.ts";
import type { WatchHub } from "./apiserver/watch.ts";
import type { SimClock } from "./clock.ts";
import { CUT_MS, type FaultSource } from "./faults.ts";
import type { Fencing } from "./fencing.ts";
import { Link, type Network } from "./link.ts";
import type { Cut, PauseKind } from "./machine.ts";
import type { Random } from "./random.ts";
import { Replica } from "./replica.ts";
import type { Trace } from "./trace.ts";
import type { WorldPlan } from "./worldplan.ts";

export interface FleetOptions {
  readonly plan: Pick<WorldPlan, "pair" | "startOperator" | "restartMs">;
  readonly clock: SimClock;
  readonly trace: Trace;
  readonly server: ApiServer;
  readonly hub: WatchHub;
  readonly random: Random;
  /** Undefined: one operator that knows nothing of a lease. */
  readonly fencing: Fencing | undefined;
  /** Asked anew for each request. */
  readonly faults: () => FaultSource;
  readonly checkRequest: (link: Link, request: ApiRequest) => void;
  readonly fail: (rule: string, message: string) => void;
}

/** Lives of the operator in one run; more means that faults never let it work. */
const LIVES_MAX = 500;
/** An orderly stop is promised within 5 s; slow replies under way may take their time. */
const STOP_MS = 60_000;
/** What main.ts waits for an orderly stop. One of several leaves then, and the other waits for the lease to end. */
const STOP_LIMIT_MS = 4500;
const NAMES = ["a", "b"] as const;

/** All replicas. */
export class Fleet {
  readonly replicas: readonly Replica[];
  readonly requests: Map<string, number> = new Map<string, number>();
  requestCount = 0;
  /** Processes that ended themselves because they had lost the lease. */
  exits = 0;
  readonly #options: FleetOptions;

  constructor(options: FleetOptions) {
    this.#options = options;
    const { clock, plan } = options;
    this.replicas =
      plan.pair === undefined
        ? [new Replica("", { clock, rate: 1 })]
        : NAMES.map((name, i) => new Replica(name, { clock, rate: plan.pair?.clockRates[i] ?? 1 }));
    this.replicas.forEach(({ machine }, i) => {
      machine.aheadMs = plan.pair?.aheadMs?.[i] ?? 0;
    });
  }

  get lives(): number {
    return this.replicas.reduce((sum, { lives }) => sum + lives, 0);
  }

  get links(): readonly Link[] {
    return this.replicas.flatMap(({ link }) => link ?? []);
  }

  get complete(): boolean {
    return this.links.length === this.replicas.length;
  }

  /** How far the wall clock of any of them has ever been ahead. */
  get aheadMsMax(): number {
    return Math.max(0, ...this.replicas.map(({ machine }) => machine.aheadMsMax));
  }

  /** The life that works. */
  get leader(): Link | undefined {
    const { fencing } = this.#options;
    return fencing === undefined ? this.links[0] : this.links.find(({ name }) => name === fencing.holder);
  }

  start(replica: Replica): void {
    const { trace, random, plan, fail } = this.#options;
    if (replica.link !== undefined) return;
    if (this.lives >= LIVES_MAX) {
      fail("World", `the operator died ${LIVES_MAX} times`);
      return;
    }
    const name = replica.nextLife();
    trace.note("world", `starts ${name}`);
    const link = new Link(this.#network(), replica, { name, random: random.fork(name) });
    replica.link = link;
    const exit = (why: string): void => {
      if (link.alive) this.exits++;
      this.kill(link, `by its own hand: ${why}`);
    };
    const alone = plan.pair === undefined;
    replica.operator = plan.startOperator(link.port, { alone, identity: name, leaseApi: link.port.api, exit });
  }

  kill(link: Link, why: string): void {
    if (!link.alive) return;
    const replica = this.#replicaOf(link);
    this.#options.trace.note("world", `kills ${link.name} ${why}`);
    this.#cutOff(replica, link);
    if (replica.link === link) replica.link = undefined;
    this.planRestart(replica);
  }

  /** Ends a replica in good order. Resolves, in virtual time, through `done`. */
  stop(replica: Replica, done: () => void): void {
    const { trace, clock, fencing, fail } = this.#options;
    const { link, operator } = replica;
    if (link === undefined || operator === undefined) return;
    replica.link = undefined;
    trace.note("world", `stops ${link.name}`);
    const over = (how: string): void => {
      if (!link.alive) return;
      this.#cutOff(replica, link);
      trace.note("world", `${link.name} ${how}`);
      done();
    };
    const late = clock.wake(fencing === undefined ? STOP_MS : STOP_LIMIT_MS, () => {
      if (fencing !== undefined) over("leaves with calls under way");
      else if (link.alive) fail("Stop", `stop() has not ended after ${STOP_MS} ms`);
    });
    const waitForIt = async (): Promise<void> => {
      await operator.stop();
      late();
      if (link.alive) fencing?.stopped(link);
      over("has stopped");
    };
    void waitForIt();
  }

  /** As the kubelet does with a container that has ended. */
  planRestart(replica: Replica): void {
    const { random, plan, clock } = this.#options;
    const delayMs = random.fork(`restart-${replica.name}${replica.lives}`).int(...plan.restartMs);
    clock.wake(delayMs, () => this.start(replica));
  }

  /** Nothing of it runs for so long. */
  pause(replica: Replica, kind: PauseKind, forMs: number): void {
    const { clock, trace, random } = this.#options;
    const { machine, link } = replica;
    if (machine.paused || link === undefined) return;
    trace.note("world", `${link.name} is ${kind} for ${forMs} ms`);
    machine.pause(kind);
    clock.after(forMs, () => {
      if (link.alive && machine.paused) this.#resume(link, random.fork(`resume-${clock.now}`).chance(0.5));
    });
  }

  /** Its way to the server, or back, is broken for so long. */
  cut(replica: Replica, cut: Cut, forMs: number): void {
    const { clock, trace } = this.#options;
    if (replica.cut !== undefined) return;
    trace.note("world", `${replica.name} is cut off (${cut}) for ${forMs} ms`);
    replica.cut = cut;
    if (replica.link !== undefined) {
      replica.link.troubledAtMs = clock.now;
      replica.link.sever();
    }
    clock.after(forMs, () => this.#heal(replica));
  }

  /** The clock of its machine is wrong for so long. */
  setClock(replica: Replica, aheadMs: number, forMs: number): void {
    const { clock, trace } = this.#options;
    trace.note("world", `the clock of ${replica.name} is set by ${aheadMs} ms, for ${forMs} ms`);
    replica.machine.aheadMs = aheadMs;
    clock.after(forMs, () => {
      replica.machine.aheadMs = 0;
    });
  }

  /** All that is wrong with replicas ends. */
  healAll(): void {
    for (const replica of this.replicas) {
      this.#heal(replica);
      replica.machine.aheadMs = 0;
      if (replica.link !== undefined && replica.machine.paused) this.#resume(replica.link, false);
    }
  }

  #resume(link: Link, timersFirst: boolean): void {
    this.#options.trace.note("world", `${link.name} runs again`);
    link.place.machine.resume(timersFirst);
  }

  #heal(replica: Replica): void {
    if (replica.cut === undefined) return;
    this.#options.trace.note("world", `${replica.name} reaches the server again`);
    replica.cut = undefined;
    if (replica.link !== undefined) replica.link.troubledAtMs = this.#options.clock.now;
  }

  #cutOff(replica: Replica, link: Link): void {
    replica.machine.forget();
    link.cut();
    this.#options.fencing?.ended(link);
  }

  #replicaOf({ place }: Link): Replica {
    const replica = this.replicas.find((one) => one === place);
    if (replica === undefined) throw new Error(`no replica ${place.name}`);
    return replica;
  }

  #network(): Network {
    const { clock, hub, trace, faults, checkRequest, fencing, fail } = this.#options;
    return {
      clock,
      hub,
      trace,
      faults,
      onRequest: (link, request) => {
        const isEvent = request.path.endsWith("/events");
        const verb = request.query?.["watch"] === "true" ? "WATCH" : isEvent ? "EVENT" : request.method;
        this.requests.set(verb, (this.requests.get(verb) ?? 0) + 1);
        checkRequest(link, request);
        this.requestCount++;
        return this.requestCount;
      },
      isRoutine: (link, request) => fencing?.isRenewal(link, request) === true,
      onLeave: (link, request) => fencing?.leaves(link, request),
      onReply: (_link, request, { status }) => {
        if (status === 405) fail("Contract", `${request.method} ${request.path} is not served: ${status}`);
      },
      handle: (link, request) => this.#handle(link, request),
      kill: (link, why) => this.kill(link, why),
      cut: (link, cut) => this.cut(this.#replicaOf(link), cut, CUT_MS),
      pause: (link, kind, forMs) => this.pause(this.#replicaOf(link), kind, forMs),
    };
  }

  #handle(link: Link, request: ApiRequest): ApiResponse {
    const { server, fencing } = this.#options;
    const handle = (): ApiResponse => server.handle(request, "operator");
    return fencing === undefined ? handle() : fencing.during(link, handle);
  }
}
