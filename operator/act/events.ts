/**
 * Events for people who read `kubectl describe`. They are worth less than anything else we send: one at a time, beside the
 * limit on calls and only while half of its places are free, at a bounded rate, each tried once. What does not fit is
 * dropped and counted; nothing ever waits for an event.
 */
import type { Identity } from "../api/decode.ts";
import { API_VERSION, OPERATOR_NAME } from "../api/names.ts";
import type { Port } from "../api/port.ts";
import type { Announcement } from "../api/records.ts";
import type { Cluster } from "./cluster.ts";
import { ApiError } from "./errors.ts";

/** Ten a second at most: a namespace full of failing tasks must not fill etcd with words about them. */
const EVENT_PAUSE_MS = 100;
/** Ten seconds' worth. */
const EVENTS_WAITING_MAX = 100;
/** After a refusal (missing rights, a namespace on its way out) its namespace is left alone for so long. */
const REFUSED_PAUSE_MS = 60_000;
/** Namespaces remembered as refused; more are forgotten all at once, which costs one call each. */
const REFUSED_MAX = 1000;

interface Waiting {
  readonly about: Identity;
  readonly event: Announcement;
  readonly at: number;
}

export class Events {
  readonly #port: Port;
  readonly #cluster: Cluster;
  readonly #waiting: Waiting[] = [];
  /** Until when, in monotonic milliseconds. */
  readonly #refused = new Map<string, number>();
  #underWay: Promise<void> | undefined;
  #pausing: (() => void) | undefined;
  #stopped = false;

  constructor(port: Port, cluster: Cluster) {
    this.#port = port;
    this.#cluster = cluster;
  }

  announce(about: Identity, event: Announcement): void {
    if (this.#stopped) return;
    if (this.#waiting.length >= EVENTS_WAITING_MAX) {
      this.#count("full");
      return;
    }
    this.#waiting.push({ about, event, at: this.#port.clock.now() });
    this.#next();
  }

  /** Resolves when no event is under way; those that wait are dropped. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#pausing?.();
    await this.#underWay;
  }

  #next(): void {
    if (this.#underWay !== undefined || this.#pausing !== undefined || this.#stopped) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#underWay = this.#write(next).finally(() => {
      this.#underWay = undefined;
      if (this.#stopped) return;
      this.#pausing = this.#port.clock.after(EVENT_PAUSE_MS, () => {
        this.#pausing = undefined;
        this.#next();
      });
    });
  }

  async #write({ about, event, at }: Waiting): Promise<void> {
    const { namespace } = about;
    if (!this.#cluster.idle) {
      this.#count("busy");
      return;
    }
    if ((this.#refused.get(namespace) ?? 0) > this.#port.clock.monotonic()) {
      this.#count("refused");
      return;
    }
    try {
      await this.#cluster.createEvent(namespace, manifest(about, event, at));
      this.#count("written");
    } catch (error) {
      this.#failed(namespace, error);
    }
  }

  #failed(namespace: string, error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    // Written by an earlier life of ours that died before it heard so.
    if (error.kind === "exists") {
      this.#count("written");
      return;
    }
    const isRefused = error.kind === "forbidden" || error.kind === "gone";
    this.#count(isRefused ? "refused" : "failed");
    if (!isRefused) return;
    if (!this.#refused.has(namespace)) {
      this.#port.log.warn("events cannot be written; all else goes on", { namespace, cause: error.message });
    }
    if (this.#refused.size >= REFUSED_MAX) this.#refused.clear();
    this.#refused.set(namespace, this.#port.clock.monotonic() + REFUSED_PAUSE_MS);
  }

  #count(result: "written" | "busy" | "full" | "refused" | "failed"): void {
    this.#port.meter.count("events", { result });
  }
}

function manifest(
  { namespace, name, uid }: Identity,
  event: Announcement,
  at: number,
): Readonly<Record<string, unknown>> {
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { namespace, name: event.name },
    // A MicroTime: six digits, no more and no fewer.
    eventTime: `${new Date(at).toISOString().slice(0, -1)}000Z`,
    reportingController: OPERATOR_NAME,
    reportingInstance: "stint",
    action: "Run",
    type: event.type,
    reason: event.reason,
    note: event.note,
    regarding: { apiVersion: API_VERSION, kind: event.kind ?? "TaskRun", namespace, name, uid },
  };
}
