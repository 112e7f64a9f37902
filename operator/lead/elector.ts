/**
 * Gets the lease, keeps it, gives it back.
 *
 * States:
 *   seeking     the Lease was not seen yet; left when the server has said what is in it, or that there is none
 *   standingBy  somebody else leads, or we are about to; left when the Lease is free and our write to it succeeds
 *   leading     the work goes on, while the last renewal that succeeded was sent less than two thirds of the lease time ago
 *   ended       released, or stopped before it ever led
 *   lost        for good: the process ends
 */
import { Complaints } from "../api/complaints.ts";
import type { ApiPort, Port } from "../api/port.ts";
import { Alarm } from "./alarm.ts";
import { NOTHING_SEEN, isOver, nextStep, seen, spansOf } from "./claim.ts";
import type { Moment, Sight, Spans, Step } from "./claim.ts";
import { heldBy } from "./lease.ts";
import type { Candidate, Lease } from "./lease.ts";
import { LeaseCalls } from "./leasecalls.ts";
import type { Answer } from "./leasecalls.ts";
import { RELEASE_CALL_MS, RELEASE_LIMIT_MS, giveBack } from "./release.ts";
import { Sighting } from "./sighting.ts";
import { Term, momentOf } from "./term.ts";

export type LeadState =
  | { readonly at: "seeking" }
  | { readonly at: "standingBy"; readonly holder: string }
  | { readonly at: "leading" }
  | { readonly at: "ended" }
  | { readonly at: "lost"; readonly why: string };

export interface ElectorParts {
  readonly port: Port;
  readonly leaseApi: ApiPort;
  readonly us: Candidate;
  readonly onLead: () => void;
  readonly onLost: (why: string) => void;
}

/** However long somebody holds the lease, we look up this often; one who does not is stuck. */
const PAUSE_MAX_MS = 10_000;
/** Two who wrote at the same moment must not do so again and again; of the time between two tries. */
const CONFLICT_PAUSE_SHARE = 0.25;

const PROBLEMS = {
  unreadable: "the Lease says nothing to go by; delete it, or choose another --lease-name",
  trouble: "the Lease is out of reach, will try again",
};

export class Elector {
  readonly #parts: ElectorParts;
  readonly #spans: Spans;
  readonly #calls: LeaseCalls;
  readonly #sighting: Sighting;
  readonly #leaseName: string;
  readonly #complaints: Complaints;
  /** Rings at news of the Lease, and when the end is wished for. */
  readonly #alarm: Alarm;
  #state: LeadState = { at: "seeking" };
  #sight: Sight = NOTHING_SEEN;
  /** What we have seen is what there is, as far as we know. */
  #fresh = false;
  #term: Term | undefined;
  /** The watch said something that our last renewal does not know of. */
  #doubt = false;
  #nextTryMs = 0;
  /** Before our last write that would take the lease was sent. */
  #tried: Moment | undefined;
  #ending = false;
  #endingMs = 0;
  #mayRelease = false;
  #trouble: string | undefined;
  #turnMs: number;
  #lastAnswerMs: number;

  constructor(parts: ElectorParts) {
    const { port, leaseApi, us } = parts;
    this.#parts = parts;
    this.#spans = spansOf(us);
    this.#leaseName = `${us.namespace}/${us.name}`;
    this.#alarm = new Alarm(port.clock);
    this.#complaints = new Complaints(port);
    this.#calls = new LeaseCalls(port, leaseApi, { us, timeoutMs: this.#spans.callMs });
    this.#sighting = new Sighting(port, {
      calls: this.#calls,
      name: us.name,
      pauseMs: this.#spans.retryMs,
      told: {
        saw: (lease) => this.#saw(lease),
        unsure: () => this.#unsure(),
        trouble: (cause) => this.#complain("cannot watch the Lease; it is read again and again instead", cause),
      },
    });
    this.#turnMs = port.clock.monotonic();
    this.#lastAnswerMs = this.#turnMs;
    port.meter.set("leader", {}, 0);
  }

  get state(): LeadState {
    return this.#state;
  }

  /** Why the Lease cannot be followed, in the server's words where it gave any. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Milliseconds since the server last said anything about the Lease. */
  get ageMs(): number {
    return this.#now() - Math.max(this.#lastAnswerMs, this.#sighting.lastLifeMs);
  }

  /** Milliseconds since the loop last came round; every pause in it and every call is short. */
  get turnAgeMs(): number {
    return this.#now() - this.#turnMs;
  }

  /** Whether we may write. Where it finds that we may no longer, the process is told so at once. */
  held(): boolean {
    if (this.#state.at !== "leading" || this.#term === undefined) return false;
    if (!this.#term.isOver()) return true;
    this.#lose(this.#term.why(this.#trouble));
    return false;
  }

  /** Runs until stop(), or until the lease is lost. */
  async run(): Promise<void> {
    const watching = this.#sighting.run();
    while (this.#state.at !== "ended" && this.#state.at !== "lost") {
      this.#turnMs = this.#now();
      if (this.#term === undefined) await this.#standBy();
      else await this.#leadOn(this.#term);
    }
    this.#sighting.stop();
    await watching;
  }

  /** No new term begins from now on. One that goes on is kept until `finish` is done, and then released. */
  async endAfter(finish: () => Promise<void>): Promise<void> {
    if (!this.#ending) this.#endingMs = this.#now();
    this.#ending = true;
    this.#alarm.ring();
    await finish();
    this.#mayRelease = true;
    this.#alarm.ring();
  }

  async #standBy(): Promise<void> {
    if (this.#ending) return await this.#end();
    if (!this.#fresh && !(await this.#look())) return await this.#alarm.pause(this.#retryMs());
    const now = this.#now();
    const step = nextStep(this.#sight, this.#parts.us.identity, now);
    if (step.kind === "take") return await this.#take(step.why);
    this.#standingBy(this.#sight.lease);
    const watched = this.#sighting.open;
    await this.#alarm.pause(Math.min(step.untilMs - now, watched ? PAUSE_MAX_MS : this.#retryMs()));
    if (!watched) this.#fresh = false;
  }

  /** Reads the Lease; false: nothing to go by came of it. */
  async #look(): Promise<boolean> {
    const answer = await this.#ask(this.#calls.get());
    if (answer.kind === "lease" || answer.kind === "absent") {
      this.#see(answer.kind === "lease" ? answer.lease : undefined);
      return true;
    }
    return false;
  }

  #see(lease: Lease | undefined): void {
    this.#sight = seen(this.#sight, lease, this.#now());
    this.#fresh = true;
  }

  /** A write that got no answer may have made the lease ours, and nobody would renew it. */
  async #end(): Promise<void> {
    this.#state = { at: "ended" };
    const tried = this.#tried;
    if (tried !== undefined) {
      await this.#giveBack(undefined, () => !isOver(tried, momentOf(this.#parts.port.clock), this.#spans));
    }
  }

  async #take(why: Extract<Step, { kind: "take" }>["why"]): Promise<void> {
    const { us, port } = this.#parts;
    const { lease } = this.#sight;
    const sent = momentOf(this.#parts.port.clock);
    const body = heldBy(us, lease, sent.wallMs);
    this.#tried = sent;
    const answer = await this.#ask(lease === undefined ? this.#calls.create(body) : this.#calls.update(body));
    if (answer.kind === "lease") return this.#begin(sent, answer.lease, why);
    // Whatever there is now, it is not what we have seen.
    this.#fresh = false;
    if (answer.kind === "absent") return this.#see(undefined);
    if (answer.kind !== "conflict") return await this.#alarm.pause(this.#retryMs());
    this.#tried = undefined;
    // Had the watch told us, we would not have tried.
    this.#sighting.renew();
    await this.#alarm.pause(this.#spans.retryMs * CONFLICT_PAUSE_SHARE * port.random());
  }

  #begin(sent: Moment, lease: Lease, why: string): void {
    const { port, us, onLead } = this.#parts;
    const onDeadline = (): void => void this.held();
    this.#term = new Term({ clock: port.clock, spans: this.#spans, onDeadline }, sent, lease);
    this.#state = { at: "leading" };
    this.#nextTryMs = sent.monotonicMs + this.#spans.retryMs;
    if (this.#ending || !this.held()) return;
    const { transitions } = lease;
    port.log.info("leads", { lease: this.#leaseName, identity: us.identity, because: why, transitions });
    port.meter.set("leader", {}, 1);
    onLead();
  }

  async #leadOn(term: Term): Promise<void> {
    if (this.#mayRelease) return await this.#release(term);
    const waitMs = this.#doubt ? 0 : this.#nextTryMs - this.#now();
    if (waitMs > 0) return await this.#alarm.pause(waitMs);
    this.#doubt = false;
    if (this.held()) await this.#renew(term);
  }

  async #renew(term: Term): Promise<void> {
    const sent = momentOf(this.#parts.port.clock);
    this.#nextTryMs = sent.monotonicMs + this.#spans.retryMs;
    const answer = await this.#ask(this.#calls.update(heldBy(this.#parts.us, term.lease, sent.wallMs)));
    if (this.#state.at !== "leading") return;
    if (answer.kind === "lease") {
      term.renewed(sent, answer.lease);
      this.held();
    } else if (answer.kind === "absent") this.#lose("the Lease was deleted");
    else if (answer.kind === "conflict") await this.#confirm(term);
  }

  /** Somebody has written the Lease: its labels, or who holds it. */
  async #confirm(term: Term): Promise<void> {
    const answer = await this.#ask(this.#calls.get());
    if (this.#state.at !== "leading") return;
    if (answer.kind === "absent") this.#lose("the Lease was deleted");
    else if (answer.kind === "unreadable") this.#lose(`the Lease was changed: ${answer.cause}`);
    if (answer.kind !== "lease") return;
    const { holder } = answer.lease;
    if (holder === "") this.#lose("somebody else has released the Lease");
    else if (holder !== this.#parts.us.identity) this.#lose(`${holder} holds the Lease now`);
    else {
      term.rewritten(answer.lease);
      this.#nextTryMs = this.#now() + this.#spans.retryMs * CONFLICT_PAUSE_SHARE * this.#parts.port.random();
    }
  }

  async #release(term: Term): Promise<void> {
    // From here on nothing is written but the release.
    const mayStill = this.held();
    term.end();
    if (!mayStill) return;
    this.#term = undefined;
    this.#state = { at: "ended" };
    this.#parts.port.meter.set("leader", {}, 0);
    await this.#giveBack(term.lease, () => !term.isOver());
  }

  async #giveBack(lease: Lease | undefined, mayWrite: () => boolean): Promise<void> {
    const { port, leaseApi, us } = this.#parts;
    const timeoutMs = Math.min(this.#spans.callMs, RELEASE_CALL_MS);
    const calls = new LeaseCalls(port, leaseApi, { us, timeoutMs });
    await giveBack({ port, calls, us, lease, untilMs: this.#endingMs + RELEASE_LIMIT_MS, mayWrite });
  }

  #saw(lease: Lease | undefined): void {
    const ours = lease?.holder === this.#parts.us.identity;
    if (this.#term === undefined) this.#see(lease);
    // It may be from before our time, so it is only a reason to renew at once: the server knows.
    else if (ours) return;
    else this.#doubt = true;
    this.#alarm.ring();
  }

  #unsure(): void {
    this.#fresh = false;
    this.#alarm.ring();
  }

  #standingBy(lease: Lease | undefined): void {
    const { port, us } = this.#parts;
    const holder = lease?.holder ?? "";
    const said = this.#state.at === "standingBy" && this.#state.holder === holder;
    this.#state = { at: "standingBy", holder };
    if (said) return;
    port.log.info("stands by", { lease: this.#leaseName, holder: holder || "nobody", identity: us.identity });
  }

  async #ask(asked: Promise<Answer>): Promise<Answer> {
    const answer = await asked;
    if (answer.kind !== "trouble" || answer.answered) this.#lastAnswerMs = this.#now();
    if (answer.kind === "unreadable" || answer.kind === "trouble") {
      this.#trouble = answer.cause;
      this.#complain(PROBLEMS[answer.kind], answer.cause);
    } else this.#trouble = undefined;
    return answer;
  }

  #complain(problem: string, cause: string): void {
    this.#complaints.say(problem, cause, { lease: this.#leaseName });
  }

  #lose(why: string): void {
    const { port, onLost } = this.#parts;
    this.#state = { at: "lost", why };
    this.#term?.end();
    port.meter.set("leader", {}, 0);
    const look = `kubectl get lease ${this.#parts.us.name} -n ${this.#parts.us.namespace} -o yaml`;
    port.log.error("the lease is lost: this process ends at once, so that two never work", { why, look });
    this.#alarm.ring();
    onLost(why);
  }

  /** By chance up to twice as long: replicas shall not ask in step. */
  #retryMs(): number {
    return this.#spans.retryMs * (1 + this.#parts.port.random());
  }

  #now(): number {
    return this.#parts.port.clock.monotonic();
  }
}
