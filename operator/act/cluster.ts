/** The calls we make, each named; everything that leaves the operator goes through here, limited, counted and judged. */
import { object, resourceVersionOf } from "../api/decode.ts";
import type { Identity, Json } from "../api/decode.ts";
import { API_VERSION } from "../api/names.ts";
import { EVENTS, PODS, collectionPath, objectPath } from "../api/paths.ts";
import type { Kind, OwnResource } from "../api/paths.ts";
import { ConnectionError } from "../api/port.ts";
import type { ApiRequest, ApiResponse, Port } from "../api/port.ts";
import type { TaskRunStatus, WorkflowRunStatus, WorkflowStatus } from "../api/types.ts";
import { ApiError, errorOf } from "./errors.ts";
import { InFlight } from "./inflight.ts";
import type { Lane, Priority } from "./inflight.ts";

/** The longest life of a call; the API server ends its own after 60 s, and we must not wait for a dead one much longer. */
const CALL_TIMEOUT_MS = 30_000;
/** Nobody waits for an event. */
const EVENT_TIMEOUT_MS = 5000;

interface Call {
  readonly verb: "get" | "list" | "create" | "update" | "patch" | "delete";
  readonly resource: Kind;
  readonly namespace: string;
  readonly request: Omit<ApiRequest, "timeoutMs">;
  readonly priority: Priority;
}

/** The object, and the state of it, that a decision was made about. */
interface Seen {
  readonly uid: string;
  readonly resourceVersion: string;
}

type Named = Pick<Identity, "namespace" | "name">;

interface StatusWrite {
  readonly status: Readonly<TaskRunStatus | WorkflowRunStatus | WorkflowStatus>;
  readonly priority: Priority;
}

/** All methods throw ApiError. */
export class Cluster {
  readonly #port: Port;
  readonly #inFlight: InFlight;

  constructor(port: Port) {
    this.#port = port;
    this.#inFlight = new InFlight(port);
  }

  /** Calls of this namespace wait for a place: progress can wait longer. */
  busy(namespace: string): boolean {
    return this.#inFlight.busy(namespace);
  }

  /** There is more room than our own calls need: what nobody waits for may be sent. */
  get idle(): boolean {
    return this.#inFlight.idle;
  }

  /**
   * Beside the limit on calls and without a word to it: the server may limit events apart (429), and whatever it says of
   * them must hold up nothing else.
   */
  async createEvent(namespace: string, body: Json): Promise<void> {
    const request = { method: "POST", path: collectionPath(EVENTS, namespace), body } as const;
    const { outcome } = await this.#timed({ verb: "create", resource: EVENTS, request }, EVENT_TIMEOUT_MS);
    if (outcome instanceof ApiError) throw outcome;
  }

  async get(resource: Kind, { namespace, name }: Named): Promise<unknown> {
    return await this.#get(resource, namespace, name);
  }

  /** Returns the object as created. */
  async create(resource: Kind, namespace: string, body: Json): Promise<unknown> {
    const request = { method: "POST", path: collectionPath(resource, namespace), body } as const;
    return await this.#call({ verb: "create", resource, namespace, request, priority: "high" });
  }

  /**
   * A merge patch (RFC 7386), only if the object is still the one with this uid: of another one the server calls the uid an
   * immutable field (422), and the one that was meant is gone. Returns the object as patched.
   */
  async patch(resource: Kind, { namespace, name, uid }: Named & { uid: string }, change: Json): Promise<unknown> {
    const body = { ...change, metadata: { ...object(change["metadata"]), uid } };
    const request = { method: "PATCH", path: objectPath(resource, namespace, name), body } as const;
    try {
      return await this.#call({ verb: "patch", resource, namespace, request, priority: "high" });
    } catch (error) {
      const isOther = error instanceof ApiError && error.kind === "invalid" && error.message.includes("metadata.uid");
      if (isOther) throw new ApiError("gone", error.message, { code: error.code, retryAfterMs: 0 });
      throw error;
    }
  }

  /** What it owns follows in the background. Only if it is still the one, and in the state, we decided about. */
  async remove(resource: Kind, { namespace, name }: Named, seen: Seen): Promise<void> {
    const { uid, resourceVersion } = seen;
    const preconditions = { uid, resourceVersion };
    const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions, propagationPolicy: "Background" };
    const request = { method: "DELETE", path: objectPath(resource, namespace, name), body } as const;
    await this.#call({ verb: "delete", resource, namespace, request, priority: "low" });
  }

  async getPod(namespace: string, name: string): Promise<unknown> {
    return await this.#get(PODS, namespace, name);
  }

  /** The version at which the server's pods stand now: one that has seen every write answered, or lost, before. */
  async podsVersion(namespace: string): Promise<string> {
    const { labelSelector = "" } = PODS;
    const request = {
      method: "GET",
      path: collectionPath(PODS, namespace),
      query: { limit: "1", labelSelector },
    } as const;
    const list = await this.#call({ verb: "list", resource: PODS, namespace, request, priority: "high" });
    return resourceVersionOf(list) ?? "";
  }

  /** Unknown fields are errors: a misspelt one would otherwise be dropped in silence. Returns the pod as created. */
  async createPod(namespace: string, body: Json): Promise<unknown> {
    const path = collectionPath(PODS, namespace);
    const request = { method: "POST", path, query: { fieldValidation: "Strict" }, body } as const;
    return await this.#call({ verb: "create", resource: PODS, namespace, request, priority: "high" });
  }

  /** Graceful, and only if the pod is still the one, and in the state, we decided about. */
  async deletePod(namespace: string, name: string, seen: Seen): Promise<unknown> {
    const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions: seen };
    const request = { method: "DELETE", path: objectPath(PODS, namespace, name), body } as const;
    return await this.#call({ verb: "delete", resource: PODS, namespace, request, priority: "high" });
  }

  /**
   * Compare-and-swap: the server takes it only if the object is still the version we read. Only the status is sent; the
   * server keeps the rest (measured as the cheapest form of a status write). Returns the object as written.
   */
  async putStatus(of: OwnResource, seen: Named & Seen, write: StatusWrite): Promise<unknown> {
    const { namespace, name, uid, resourceVersion } = seen;
    const { status, priority } = write;
    const path = `${objectPath(of, namespace, name)}/status`;
    const body = {
      apiVersion: API_VERSION,
      kind: of.kind,
      metadata: { namespace, name, uid, resourceVersion },
      status,
    };
    const request = { method: "PUT", path, query: { fieldValidation: "Ignore" }, body } as const;
    return await this.#call({ verb: "update", resource: of, namespace, request, priority });
  }

  async #get(resource: Kind, namespace: string, name: string): Promise<unknown> {
    const request = { method: "GET", path: objectPath(resource, namespace, name) } as const;
    return await this.#call({ verb: "get", resource, namespace, request, priority: "high" });
  }

  async #call(call: Call): Promise<unknown> {
    const { verb, resource, namespace, priority } = call;
    const lane: Lane = { namespace, kind: `${verb} ${resource.name}`, priority };
    await this.#inFlight.enter(lane);
    const { outcome, tookMs } = await this.#timed(call, CALL_TIMEOUT_MS);
    this.#inFlight.done(lane, tookMs, outcome instanceof ApiError ? outcome : undefined);
    if (outcome instanceof ApiError) throw outcome;
    // A 2xx that holds no object says nothing: whatever was asked for may have been done.
    const empty = verb !== "delete" && resourceVersionOf(outcome.body) === undefined;
    if (empty) throw new ApiError("lost", "the answer holds no object", { code: 0, retryAfterMs: 0 });
    return outcome.body;
  }

  async #timed(
    { verb, resource, request }: Pick<Call, "verb" | "resource" | "request">,
    timeoutMs: number,
  ): Promise<{ readonly outcome: ApiResponse | ApiError; readonly tookMs: number }> {
    const started = this.#port.clock.monotonic();
    const outcome = await this.#send({ ...request, timeoutMs });
    const tookMs = this.#port.clock.monotonic() - started;
    const labels = { verb, resource: resource.name };
    const code = outcome instanceof ApiError ? outcome.code : outcome.status;
    this.#port.meter.count("apiRequests", { ...labels, code: code === 0 ? "none" : String(code) });
    this.#port.meter.observe("apiRequest", labels, tookMs / 1000);
    return { outcome, tookMs };
  }

  async #send(request: ApiRequest): Promise<ApiResponse | ApiError> {
    try {
      const reply = await this.#port.api.request(request);
      return reply.status >= 200 && reply.status < 300 ? reply : errorOf(reply);
    } catch (error) {
      const details = { code: 0, retryAfterMs: 0 };
      if (error instanceof ConnectionError) return new ApiError("lost", error.message, details);
      return new ApiError("lost", `the call could not be made: ${String(error)}`, details);
    }
  }
}
