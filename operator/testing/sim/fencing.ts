/**
 * The promises about replicas, of which one leads: judged by what the Lease in the store says at the moment a request
 * leaves its process, and by which process made each change.
 */
import type { ApiRequest } from "../../api/port.ts";
import { routeOf } from "./apiserver/resources.ts";
import type { Change, Store } from "./apiserver/store.ts";
import type { SimClock } from "./clock.ts";
import type { Link } from "./link.ts";
import { isRecord, type Pod, type Stored } from "./objects.ts";

export interface FencingOptions {
  readonly clock: SimClock;
  readonly store: Store;
  readonly fail: (rule: string, message: string) => void;
  readonly note: (text: string) => void;
  /** Lives that could lead. */
  readonly alive: () => readonly Link[];
}

/** Clocks run at most this much faster or slower than the true time: far more than real ones do. */
export const CLOCK_SKEW_MAX = 0.05;
export const LEASE_MS = 15_000;
export const LEASE_NAME = "stint";
export const LEASE_NAMESPACE = "stint-system";
const RETRY_MS = 2000;
/** After its machine's clock has said so: the calls that take a lease, a watch and a look at it. */
const HANDOVER_SLACK_MS = RETRY_MS + 1000;
/** From an orderly stop to the next one's first write: the release, its event, and the write that takes it. */
const RELEASE_MS_MAX = 1000;
/** A process that has lost the lease, and runs, is gone after this: one that slept finds out at its next renewal. */
const EXIT_MS = 3000;
/** So long must a replica have been without any trouble to be held to a time. */
const UNTROUBLED_MS = 60_000;
/** After a hand-over the first lists come, and every finished object is looked at once. */
const BEGINNING_MS = 30_000;
/** From its start to the first look at the Lease, amply. */
const SETTLED_MS = 5000;
/** Requests of one that stands by, in a quiet minute: a watch that has ended is opened again, and the Lease is read. */
const STANDBY_REQUESTS_MAX = 6;
const STANDBY_SPAN_MS = 60_000;

/** Watches who leads, and who writes. */
export class Fencing {
  readonly #options: FencingOptions;
  /** The lives that ever led, with the number of their last term. */
  readonly #terms = new Map<string, number>();
  /** Whose write changed an object last, by its term. */
  readonly #effective = new Map<string, number>();
  /** The lives that know that they led. */
  readonly #working = new Set<Link>();
  readonly #looks = new Map<Link, readonly number[]>();
  readonly #ghosts = new Set<string>();
  /** Pods that an operator has deleted after their end, and TaskRuns: it must not have done so while a create could be under way. */
  readonly #freed = new Set<string>();
  readonly #leaseWrites = new Map<string, number>();
  #termCount = 0;
  #holder = "";
  #heldSinceMs = 0;
  #renewedMs = 0;
  #sender: Link | undefined;

  constructor(options: FencingOptions) {
    this.#options = options;
    options.store.listen((change) => this.#changed(change));
  }

  /** Who holds the lease, by the store; "": nobody. */
  get holder(): string {
    return this.#holder;
  }

  get terms(): number {
    return this.#termCount;
  }

  hasLed({ name }: Link): boolean {
    return this.#terms.has(name);
  }

  /** It reads what it must know before it can see that nothing is left to do. */
  hasJustBegun({ name }: Link): boolean {
    return this.#holder === name && this.#options.clock.now - this.#heldSinceMs < BEGINNING_MS;
  }

  /** Who leads goes on leading. */
  isRenewal({ name }: Link, { method, path, body }: ApiRequest): boolean {
    const isOurs = method === "PUT" && this.#holder === name && isRecord(body) && holderOf(body["spec"]) === name;
    return isOurs && routeOf(path)?.resource.name === "leases";
  }

  /** Runs what the server does with a request of this life. */
  during<T>(link: Link, act: () => T): T {
    this.#sender = link;
    try {
      return act();
    } finally {
      this.#sender = undefined;
    }
  }

  /** I9, and what who stands by may do. To be called when a request leaves its process. */
  leaves(link: Link, request: ApiRequest): void {
    const { fail } = this.#options;
    const what = `${link.name} sends ${request.method} ${request.path}`;
    if (routeOf(request.path)?.resource.name === "leases") return;
    this.#working.add(link);
    if (!this.hasLed(link)) fail("Standby", `${what}, and never held the lease`);
    else if (request.method !== "GET" && this.#holder !== link.name)
      fail("I9 Fenced", `${what}, and ${this.#holder === "" ? "has released the lease" : `${this.#holder} leads`}`);
  }

  /** When nothing is left to do, the one who leads renews, and not too often. */
  quietLeaseWrite(link: Link, { body }: ApiRequest): void {
    const { clock, fail } = this.#options;
    if (isRecord(body) && holderOf(body["spec"]) === "") return;
    const last = this.#leaseWrites.get(link.name);
    this.#leaseWrites.set(link.name, clock.now);
    const spentMs = clock.now - (last ?? Number.NEGATIVE_INFINITY);
    if (spentMs < RETRY_MS * (1 - CLOCK_SKEW_MAX) - 1)
      fail("L1 Quiescence", `${link.name} writes the Lease again after ${spentMs} ms`);
  }

  /** When nothing is left to do, who stands by hardly asks. */
  quietLook(link: Link): void {
    const { clock, fail } = this.#options;
    if (this.#holder === link.name) return;
    const looks = (this.#looks.get(link) ?? []).filter((at) => clock.now - at < STANDBY_SPAN_MS);
    this.#looks.set(link, [...looks, clock.now]);
    if (looks.length >= STANDBY_REQUESTS_MAX)
      fail("Standby", `${link.name} asks ${looks.length + 1} times in ${STANDBY_SPAN_MS} ms while it stands by`);
  }

  /** L6. To be called when an orderly stop is done, before the process ends. */
  stopped(link: Link): void {
    const { clock, fail } = this.#options;
    if (this.#holder === link.name && isUntroubled(link, clock.now))
      fail("L6 Handover", `${link.name} has stopped and still holds the lease`);
  }

  /** L6. Somebody must lead soon after this life has ended: at once if it has released the lease. */
  ended(link: Link): void {
    const wasHolder = this.#holder === link.name;
    if (!this.hasLed(link) || (!wasHolder && this.#holder !== "")) return;
    const { clock, alive, fail } = this.#options;
    const from = clock.now;
    const limitMs = wasHolder ? LEASE_MS / (1 - CLOCK_SKEW_MAX) + HANDOVER_SLACK_MS : RELEASE_MS_MAX;
    const isReady = (one: Link): boolean => one !== link && !one.place.machine.paused && isUntroubled(one, from);
    const ready = new Set(alive().filter(isReady));
    clock.after(limitMs, () => {
      const could = alive().find((one) => ready.has(one) && one.troubledAtMs < from && !stoodStill(one, from));
      if (could === undefined || (this.#holder !== "" && this.#holder !== link.name)) return;
      if (this.#heldSinceMs > from && this.#holder !== link.name) return;
      fail("L6 Handover", `${could.name} does not lead ${limitMs} ms after ${link.name} has ended`);
    });
  }

  #changed(change: Change): void {
    if (change.resource === "leases") this.#leaseChanged(change);
    else if (this.#sender !== undefined) this.#written(this.#sender, change);
  }

  #leaseChanged({ object, before, type }: Change): void {
    const { clock, fail, note } = this.#options;
    const sender = this.#sender?.name ?? "somebody";
    const holder = type === "DELETED" ? "" : holderOf(object.spec);
    const last = this.#holder;
    if (holder !== "" && holder !== sender) fail("I9 Lease", `${sender} writes the lease for ${holder}`);
    if (last !== "" && sender !== last) this.#takenFrom(last, holder, before?.spec);
    this.#renewedMs = clock.now;
    if (holder === last) return;
    this.#holder = holder;
    this.#heldSinceMs = clock.now;
    note(holder === "" ? `released by ${sender}` : `held by ${holder}${last === "" ? "" : `, no longer by ${last}`}`);
    // A life may lead twice, if it never learned of the first time.
    if (holder !== "") this.#terms.set(holder, ++this.#termCount);
  }

  /** Another one than the holder has written: its time must be over, whoever's clock it was measured by. */
  #takenFrom(last: string, holder: string, spec: unknown): void {
    const { clock, fail } = this.#options;
    const durationMs = isRecord(spec) ? Number(spec["leaseDurationSeconds"]) * 1000 : 0;
    const spentMs = clock.now - this.#renewedMs;
    if (spentMs < durationMs / (1 + CLOCK_SKEW_MAX))
      fail("I9 Lease", `${holder} takes the lease ${spentMs} ms after ${last} has renewed it`);
    const loser = this.#options.alive().find(({ name }) => name === last);
    if (loser !== undefined && this.#working.has(loser)) this.#awaitExit(loser);
  }

  /** Whoever has lost the lease ends as soon as it runs. */
  #awaitExit(loser: Link): void {
    const { clock, fail } = this.#options;
    clock.after(EXIT_MS, () => {
      if (!loser.alive) return;
      const { paused, resumedAtMs } = loser.place.machine;
      if (paused || clock.now - resumedAtMs < EXIT_MS) this.#awaitExit(loser);
      else fail("I9 ExitOnLoss", `${loser.name} goes on although ${this.#holder} leads`);
    });
  }

  /** Made by a request that arrived after its sender had been followed by another, and after the name was free again. */
  isGhost(uid: string): boolean {
    return this.#ghosts.has(uid);
  }

  /** It, or the TaskRun it belongs to. */
  #isFreed(resource: string, { metadata }: Stored, object: string): boolean {
    const owner =
      resource === "pods" ? metadata.ownerReferences?.find(({ kind }) => kind === "TaskRun")?.name : undefined;
    return this.#freed.has(object) || this.#freed.has(`taskruns ${metadata.namespace}/${owner}`);
  }

  #written(sender: Link, { resource, key, type, object: written, before }: Change): void {
    const term = this.#terms.get(sender.name) ?? 0;
    const object = `${resource} ${key}`;
    const last = this.#effective.get(object) ?? 0;
    const asked = before?.metadata.deletionTimestamp === undefined && written.metadata.deletionTimestamp !== undefined;
    if ((type === "DELETED" || asked) && (resource === "taskruns" || hasEnded(written))) this.#freed.add(object);
    if (last > term && type === "ADDED" && this.#isFreed(resource, written, object)) {
      const cause = `${object} by ${sender.name} is made anew: a successor has deleted it too early`;
      this.#options.fail("I9 Kept", cause);
    } else if (last > term && type === "ADDED") {
      // The one fault that the start protocol does not survive: no later write can have made this one a conflict.
      this.#ghosts.add(written.metadata.uid);
      this.#options.note(`the create of ${object} by ${sender.name} comes after its time, and the name is free`);
    } else if (last > term)
      this.#options.fail("I9 Fenced", `${type} of ${object} by ${sender.name} lands after a successor has written it`);
    this.#effective.set(object, Math.max(last, term));
  }
}

function isUntroubled({ bornAtMs, troubledAtMs, place }: Link, now: number): boolean {
  const sinceMs = now - Math.max(troubledAtMs, place.machine.resumedAtMs);
  return sinceMs >= UNTROUBLED_MS && now - bornAtMs >= SETTLED_MS;
}

function hasEnded(object: Stored): boolean {
  const { phase } = (object as Pod).status ?? {};
  return phase === "Succeeded" || phase === "Failed";
}

function stoodStill({ place: { machine } }: Link, sinceMs: number): boolean {
  return machine.paused || machine.resumedAtMs >= sinceMs;
}

function holderOf(spec: unknown): string {
  return isRecord(spec) && typeof spec["holderIdentity"] === "string" ? spec["holderIdentity"] : "";
}
