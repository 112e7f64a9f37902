/** The calls about the one Lease. Whatever comes of one is a value. */
import { decodeStatusReply } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import { metered } from "../api/metered.ts";
import { collectionPath, objectPath } from "../api/paths.ts";
import { ConnectionError } from "../api/port.ts";
import type { ApiPort, ApiRequest, ApiResponse, ApiStream, Port } from "../api/port.ts";
import { LEASES, decodeLease } from "./lease.ts";
import type { Candidate, Lease } from "./lease.ts";

export type Answer =
  | { readonly kind: "lease"; readonly lease: Lease }
  /** There is no such Lease. */
  | { readonly kind: "absent" }
  /** Somebody else has written it since we read it. */
  | { readonly kind: "conflict" }
  | { readonly kind: "unreadable"; readonly cause: string }
  /** No answer, or a refusal, in the server's words. */
  | { readonly kind: "trouble"; readonly cause: string; readonly answered: boolean };

/** The server is asked to end a watch after 5 to 10 minutes by chance, as every other watch of ours. */
const WATCH_SECONDS_MIN = 300;

export class LeaseCalls {
  readonly #port: Port;
  readonly #api: ApiPort;
  readonly #us: Candidate;
  readonly #timeoutMs: number;

  constructor(port: Port, api: ApiPort, limits: { readonly us: Candidate; readonly timeoutMs: number }) {
    this.#port = port;
    this.#api = api;
    this.#us = limits.us;
    this.#timeoutMs = limits.timeoutMs;
  }

  async get(): Promise<Answer> {
    return await this.#ask("get", { method: "GET", path: this.#path });
  }

  async create(body: Json): Promise<Answer> {
    const answer = await this.#ask("create", { method: "POST", path: this.#collection, body });
    // What is missing for a create is the namespace.
    return answer.kind === "absent"
      ? { kind: "trouble", cause: `no namespace ${this.#us.namespace}`, answered: true }
      : answer;
  }

  async update(body: Json): Promise<Answer> {
    return await this.#ask("update", { method: "PUT", path: this.#path, body });
  }

  /** From the present state on. @throws ConnectionError */
  async watch(signal: AbortSignal): Promise<ApiStream> {
    const seconds = Math.floor(WATCH_SECONDS_MIN * (1 + this.#port.random()));
    const query = {
      watch: "true",
      allowWatchBookmarks: "true",
      timeoutSeconds: String(seconds),
      // By this selector the right to watch one object by its name is enough.
      fieldSelector: `metadata.name=${this.#us.name}`,
    };
    const request: ApiRequest = { method: "GET", path: this.#collection, query, timeoutMs: this.#timeoutMs };
    return await metered(this.#port, "watch", LEASES, async () => await this.#api.stream(request, signal));
  }

  get #path(): string {
    return objectPath(LEASES, this.#us.namespace, this.#us.name);
  }

  get #collection(): string {
    return collectionPath(LEASES, this.#us.namespace);
  }

  async #ask(verb: "get" | "create" | "update", request: Omit<ApiRequest, "timeoutMs">): Promise<Answer> {
    const whole: ApiRequest = { ...request, timeoutMs: this.#timeoutMs };
    try {
      return answerOf(await metered(this.#port, verb, LEASES, async () => await this.#api.request(whole)));
    } catch (error) {
      if (error instanceof ConnectionError) return { kind: "trouble", cause: error.message, answered: false };
      throw error;
    }
  }
}

function answerOf(reply: ApiResponse): Answer {
  if (reply.status === 404) return { kind: "absent" };
  if (reply.status === 409) return { kind: "conflict" };
  if (reply.status !== 200 && reply.status !== 201) {
    return { kind: "trouble", cause: refusalOf(reply), answered: true };
  }
  const lease = decodeLease(reply.body);
  return "problem" in lease ? { kind: "unreadable", cause: lease.problem } : { kind: "lease", lease };
}

/** Why the server said no, and what helps, where we know it. */
export function refusalOf(reply: ApiResponse): string {
  const { message } = decodeStatusReply(reply.body, reply.status);
  return reply.status === 403 ? `${message}; the rights are in manifests/base/leaserole.yaml` : message;
}
