/**
 * An API server that replies at once, in this process, and whose pods end as soon as they are made: what is left to measure is
 * what the operator itself spends. It does what the core relies on (versions, compare-and-swap, conflicts, watches as text) at
 * a cost that does not depend on how many objects there are, and nothing else: the simulator is the strict one.
 */
import { Buffer } from "node:buffer";
import { object, text, type Json } from "../operator/api/decode.ts";
import type { ApiPort, ApiRequest, ApiResponse, ApiStream } from "../operator/api/port.ts";

const PATH = /^((?:\/api|\/apis\/[^/]+)\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?(?:\/(status))?$/;
const START = "2030-01-01T00:00:00Z";

interface Stored extends Json {
  readonly metadata: Json & { readonly name: string; readonly resourceVersion: string };
}

interface Target {
  /** Of all namespaces: "/api/v1/pods". */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly isStatus: boolean;
}

export class InstantServer implements ApiPort {
  readonly #objects = new Map<string, Map<string, Stored>>();
  readonly #watches = new Map<string, Set<Feed>>();
  #version = 1;
  /** Calls by method and kind, such as `POST pods`. */
  readonly calls: Map<string, number> = new Map<string, number>();

  // eslint-disable-next-line typescript/require-await -- the port's form
  async request(request: ApiRequest): Promise<ApiResponse> {
    const target = targetOf(request.path);
    const call = `${request.method} ${target.kind.split("/").at(-1)}${target.isStatus ? "/status" : ""}`;
    this.calls.set(call, (this.calls.get(call) ?? 0) + 1);
    switch (request.method) {
      case "GET":
        return target.name === "" ? this.#list(target) : replyOf(this.get(target));
      case "POST":
        return this.#create(target, object(request.body));
      case "PUT":
        return this.#replaceStatus(target, object(request.body));
      case "PATCH":
        return this.#patch(target, object(request.body));
      case "DELETE":
        return replyOf(undefined);
      default:
        return request.method satisfies never;
    }
  }

  // eslint-disable-next-line typescript/require-await -- the port's form
  async stream({ path }: ApiRequest, signal: AbortSignal): Promise<ApiStream> {
    const { kind } = targetOf(path);
    const feed = new Feed(signal);
    for (const one of this.#of(kind).values()) feed.push("ADDED", one);
    const annotations = { "k8s.io/initial-events-end": "true" };
    feed.push("BOOKMARK", { metadata: { resourceVersion: String(this.#version), annotations } });
    const feeds = this.#watches.get(kind) ?? new Set();
    this.#watches.set(kind, feeds.add(feed));
    return { status: 200, body: undefined, chunks: feed };
  }

  get({ kind, namespace, name }: Pick<Target, "kind" | "namespace" | "name">): Stored | undefined {
    return this.#of(kind).get(`${namespace}/${name}`);
  }

  #of(kind: string): Map<string, Stored> {
    const known = this.#objects.get(kind) ?? new Map<string, Stored>();
    this.#objects.set(kind, known);
    return known;
  }

  #list({ kind }: Target): ApiResponse {
    const metadata = { resourceVersion: String(this.#version) };
    return { status: 200, body: { metadata, items: [...this.#of(kind).values()] } };
  }

  #create(target: Target, body: Json): ApiResponse {
    const metadata = object(body["metadata"]);
    const name = text(metadata["name"]) ?? "";
    const whole = { ...target, name };
    if (this.get(whole) !== undefined) return failure(409, "AlreadyExists");
    const made = this.#put(whole, "ADDED", {
      ...body,
      metadata: {
        ...metadata,
        name,
        namespace: target.namespace,
        uid: `uid-${target.kind}-${name}`,
        generation: 1,
        creationTimestamp: START,
      },
    });
    if (target.kind === PODS) setImmediate(() => this.#play(whole));
    return { ...replyOf(made), status: 201 };
  }

  #replaceStatus(target: Target, body: Json): ApiResponse {
    const known = this.get(target);
    if (known === undefined) return failure(404, "NotFound");
    if (object(body["metadata"])["resourceVersion"] !== known.metadata.resourceVersion) return failure(409, "Conflict");
    return replyOf(this.#put(target, "MODIFIED", { ...known, status: body["status"] }));
  }

  /** One level deep below metadata: what the core patches are labels, owners and fields of a spec. */
  #patch(target: Target, body: Json): ApiResponse {
    const known = this.get(target);
    if (known === undefined) return failure(404, "NotFound");
    const spec = { ...object(known["spec"]), ...object(body["spec"]) };
    const metadata = { ...known.metadata, ...object(body["metadata"]) };
    return replyOf(this.#put(target, "MODIFIED", { ...known, spec, metadata }));
  }

  #put(target: Target, type: "ADDED" | "MODIFIED", made: Json): Stored {
    this.#version += 1;
    const metadata = { ...object(made["metadata"]), name: target.name, resourceVersion: String(this.#version) };
    const stored: Stored = { ...made, metadata };
    this.#of(target.kind).set(`${target.namespace}/${target.name}`, stored);
    for (const feed of this.#watches.get(target.kind) ?? []) feed.push(type, stored);
    return stored;
  }

  /** The scheduler's and the kubelet's words about a pod that ends at once. */
  #play(target: Target): void {
    for (const phase of ["Pending", "Running", "Succeeded"] as const) {
      const pod = this.get(target);
      if (pod === undefined) return;
      const spec = { ...object(pod["spec"]), nodeName: "node-1" };
      this.#put(target, "MODIFIED", { ...pod, spec, status: podStatus(phase) });
    }
  }
}

const PODS = "/api/v1/pods";
const STATES = {
  Pending: undefined,
  Running: { running: { startedAt: START } },
  Succeeded: { terminated: { exitCode: 0, reason: "Completed", startedAt: START, finishedAt: START } },
} as const;

function podStatus(phase: keyof typeof STATES): Json {
  const condition = (type: string): Json => ({ type, status: "True", lastTransitionTime: START });
  const state = STATES[phase];
  return {
    phase,
    conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition),
    ...(state !== undefined && { containerStatuses: [{ name: "main", image: "simulated", restartCount: 0, state }] }),
  };
}

function targetOf(path: string): Target {
  const [, prefix = "", namespace = "", resource = "", name = "", status] = PATH.exec(path) ?? [];
  return { kind: `${prefix}/${resource}`, namespace, name, isStatus: status !== undefined };
}

/** As it comes off the wire: read anew, shared with nobody. */
function replyOf(stored: Stored | undefined): ApiResponse {
  if (stored === undefined) return failure(404, "NotFound");
  return { status: 200, body: JSON.parse(JSON.stringify(stored)) as unknown };
}

function failure(code: number, reason: string): ApiResponse {
  return { status: code, body: { kind: "Status", status: "Failure", code, reason, message: reason } };
}

/** The events of one watch, as the lines of a reply: those of one turn of the event loop come as one chunk. */
class Feed implements AsyncIterable<string> {
  readonly #signal: AbortSignal;
  #lines: string[] = [];
  #wake: PromiseWithResolvers<undefined> = Promise.withResolvers<undefined>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake.resolve(undefined), { once: true });
  }

  push(type: string, of: Json): void {
    this.#lines.push(JSON.stringify({ type, object: of }));
    this.#wake.resolve(undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    while (!this.#signal.aborted) {
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<undefined>();
      const lines = this.#lines;
      this.#lines = [];
      // Off the wire a chunk is bytes first.
      if (lines.length > 0) yield Buffer.from(`${lines.join("\n")}\n`).toString();
    }
  }
}
