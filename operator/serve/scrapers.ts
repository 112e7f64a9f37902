/**
 * Who may read the metrics: the API server says who a bearer token belongs to (TokenReview), and whether they may GET the
 * path (SubjectAccessReview). No answer is never a yes. Answers are kept shortly, by a hash of the token, and few of them.
 * Tokens that were not allowed before are asked about so often and no oftener, and never with the last of the calls.
 */
import { createHash } from "node:crypto";
import { isObject, object, text } from "../api/decode.ts";
import type { ApiPort, Clock, Log } from "../api/port.ts";
import type { Reply } from "./listener.ts";

/** A right that was taken away ends after this long; a Prometheus that asks every 15 s costs four calls a minute. */
export const ALLOWED_MS = 30_000;
/** A right that was just granted is seen after this long. */
export const REFUSED_MS = 10_000;
/** A handful of Prometheus servers, each with a token that changes now and then. */
const ALLOWED_MAX = 32;
/** Whoever tries tokens must not push out what others were answered, so refusals are kept apart. */
export const REFUSED_MAX = 16;
/** Whoever tries tokens must not make us a burden to the API server. */
export const REVIEWS_AT_ONCE_MAX = 4;
/** Of these, for tokens that were allowed before: whoever tries tokens must not keep out who has long had one. */
export const KEPT_FOR_ALLOWED = 1;
/** Tokens not allowed before are asked about this many times in quick succession, as when we start and all scrapers come... */
export const UNKNOWN_BURST_MAX = 10;
/** ...and then this often. While somebody tries tokens faster, a scraper with a new token has to try again, too. */
export const UNKNOWN_PER_SECOND = 2;
/** A scrape gives up after 10 s by default. */
const REVIEW_TIMEOUT_MS = 4_000;
/** The same trouble is logged this often. */
const COMPLAINT_INTERVAL_MS = 60_000;

const METRICS_PATH = "/metrics";
const TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews";
const ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

const NO_TOKEN: Reply = {
  status: 401,
  text: "send a token that the API server knows: authorization: Bearer <token>\n",
  headers: { "www-authenticate": "Bearer" },
};
const NO_RIGHT: Reply = {
  status: 403,
  text: "this account may not get /metrics: bind the ClusterRole stint-metrics-reader to it\n",
};
const NO_ANSWER: Reply = {
  status: 503,
  text: "the API server could not be asked who you are: try again; the operator's log says why\n",
};
const BUSY: Reply = {
  status: 503,
  text: "too many tokens that were not allowed before are being asked about: try again\n",
  headers: { "retry-after": "1" },
};

type Verdict = "allowed" | "noToken" | "noRight" | "noAnswer";

interface Kept {
  readonly verdict: Verdict;
  readonly untilMs: number;
}

export interface ScraperOptions {
  readonly api: ApiPort;
  readonly clock: Clock;
  readonly log: Log;
}

export class Scrapers {
  readonly #options: ScraperOptions;
  readonly #allowed = new Map<string, Kept>();
  readonly #refused = new Map<string, Kept>();
  readonly #underWay = new Map<string, Promise<Verdict>>();
  readonly #complainedAt = new Map<string, number>();
  /** How many unknown tokens may be asked about now, as of a moment. */
  #budget = { left: UNKNOWN_BURST_MAX, asOfMs: -Infinity };

  constructor(options: ScraperOptions) {
    this.#options = options;
  }

  /** What to answer whoever sent this authorization header; undefined: they may read. */
  async refusal(authorization: string | undefined): Promise<Reply | undefined> {
    const [, token] = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization ?? "") ?? [];
    switch (token === undefined ? "noToken" : await this.#verdict(token)) {
      case "allowed":
        return undefined;
      case "noToken":
        return NO_TOKEN;
      case "noRight":
        return NO_RIGHT;
      case "noAnswer":
        return NO_ANSWER;
      case "busy":
        return BUSY;
    }
  }

  async #verdict(token: string): Promise<Verdict | "busy"> {
    const hash = createHash("sha256").update(token).digest("base64");
    const kept = this.#allowed.get(hash) ?? this.#refused.get(hash);
    const now = this.#options.clock.monotonic();
    if (kept !== undefined && now < kept.untilMs) return kept.verdict;
    const asked = this.#underWay.get(hash);
    if (asked !== undefined) return await asked;
    if (!this.#mayAsk(this.#allowed.has(hash), now)) return "busy";
    const review = this.#review(token);
    this.#underWay.set(hash, review);
    try {
      const verdict = await review;
      this.#keep(hash, verdict, now);
      return verdict;
    } finally {
      this.#underWay.delete(hash);
    }
  }

  #mayAsk(allowedBefore: boolean, nowMs: number): boolean {
    const reserved = allowedBefore ? 0 : KEPT_FOR_ALLOWED;
    const free = this.#underWay.size < REVIEWS_AT_ONCE_MAX - reserved;
    if (free && (allowedBefore || this.#spend(nowMs))) return true;
    const cure = "a NetworkPolicy keeps out who is no scraper (manifests/network)";
    this.#complain("many ask for the metrics with tokens not known yet: some are told to try again", { cure });
    return false;
  }

  /** Takes one from the budget for unknown tokens, if there is one. */
  #spend(nowMs: number): boolean {
    const earned = ((nowMs - this.#budget.asOfMs) / 1000) * UNKNOWN_PER_SECOND;
    const left = Math.min(UNKNOWN_BURST_MAX, this.#budget.left + earned);
    this.#budget = { left: left >= 1 ? left - 1 : left, asOfMs: nowMs };
    return left >= 1;
  }

  /** Counted from before we asked. No answer says nothing: whoever was allowed before still counts as such, and is asked about. */
  #keep(hash: string, verdict: Verdict, askedAtMs: number): void {
    if (verdict === "noAnswer") return;
    this.#allowed.delete(hash);
    this.#refused.delete(hash);
    const [kept, max, lifeMs] =
      verdict === "allowed"
        ? ([this.#allowed, ALLOWED_MAX, ALLOWED_MS] as const)
        : ([this.#refused, REFUSED_MAX, REFUSED_MS] as const);
    kept.set(hash, { verdict, untilMs: askedAtMs + lifeMs });
    // A Map hands out its oldest key first.
    for (const oldest of kept.keys()) {
      if (kept.size <= max) break;
      kept.delete(oldest);
    }
  }

  async #review(token: string): Promise<Verdict> {
    try {
      const status = await this.#ask(TOKEN_REVIEWS, "TokenReview", { token });
      const user = object(status["user"]);
      if (status["authenticated"] !== true || text(user["username"]) === undefined) return "noToken";
      const access = await this.#ask(ACCESS_REVIEWS, "SubjectAccessReview", {
        user: user["username"],
        uid: user["uid"],
        groups: user["groups"],
        extra: user["extra"],
        nonResourceAttributes: { path: METRICS_PATH, verb: "get" },
      });
      return access["allowed"] === true && access["denied"] !== true ? "allowed" : "noRight";
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      const cure = "bind the ClusterRole stint-metrics-auth to the operator's service account";
      this.#complain("cannot check who asks for the metrics, so nobody gets them", { cause, cure });
      return "noAnswer";
    }
  }

  /** The status of the review. */
  async #ask(path: string, kind: string, spec: object): Promise<Readonly<Record<string, unknown>>> {
    const group = path.split("/", 4).slice(2).join("/");
    const body = { apiVersion: group, kind, spec };
    const reply = await this.#options.api.request({ method: "POST", path, body, timeoutMs: REVIEW_TIMEOUT_MS });
    const status = object(reply.body)["status"];
    if (reply.status === 201 && isObject(status)) return status;
    const said = text(object(reply.body)["message"]) ?? "";
    throw new Error(`a ${kind} was answered ${reply.status}${said === "" ? "" : `: ${said}`}`);
  }

  #complain(problem: string, fields: Readonly<Record<string, string>>): void {
    const { clock, log } = this.#options;
    const now = clock.monotonic();
    if (now - (this.#complainedAt.get(problem) ?? -Infinity) < COMPLAINT_INTERVAL_MS) return;
    this.#complainedAt.set(problem, now);
    log.warn(problem, fields);
  }
}
