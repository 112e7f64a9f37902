/**
 * The API server as the tests see it: plain calls and watches, on client-node's credentials only. None of it is code of
 * the operator, so that a test never judges the operator by the operator's own eyes.
 */
import { once } from "node:events";
import { Agent, request, type RequestOptions } from "node:https";
import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";

const CALL_LIMIT_MS = 60_000;
/** A server that has just started answers 429 ("storage is (re)initializing") to the first who reads a kind. */
const BUSY_PAUSE_MS = 200;
const BUSY_ASKS_MAX = 150;
/** Test runs create hundreds of objects; this many calls at once keep one core busy and no more. */
const CONNECTIONS_MAX = 16;

export interface Reply<T> {
  readonly status: number;
  readonly body: T;
}

export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

interface Call {
  readonly body?: unknown;
  /** Media type of the body. */
  readonly type?: string | undefined;
  readonly signal: AbortSignal;
}

export class Client {
  readonly #config = new KubeConfig();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });

  readonly #user: string | undefined;

  /** As the kubeconfig's owner, or as somebody else whom they impersonate. */
  constructor(kubeconfig: string, user?: string) {
    this.#config.loadFromFile(kubeconfig);
    this.#user = user;
  }

  /** Any answer is a result, except that a read is asked again while the server is busy; only a broken connection rejects. */
  async send<T>(method: string, path: string, body?: unknown, type?: string): Promise<Reply<T>> {
    const asksMax = method === "GET" ? BUSY_ASKS_MAX : 1;
    let reply = await this.#sendOnce<T>(method, path, { body, type });
    for (let asked = 1; reply.status === 429 && asked < asksMax; asked += 1) {
      await sleep(BUSY_PAUSE_MS);
      reply = await this.#sendOnce<T>(method, path, { body, type });
    }
    return reply;
  }

  async #sendOnce<T>(method: string, path: string, what: Omit<Call, "signal">): Promise<Reply<T>> {
    const reply = await this.#open(method, path, { ...what, signal: AbortSignal.timeout(CALL_LIMIT_MS) });
    const chunks: Buffer[] = [];
    for await (const chunk of reply) chunks.push(Buffer.from(chunk as Buffer));
    const text = Buffer.concat(chunks).toString();
    const isJson = reply.headers["content-type"]?.includes("json") === true;
    return { status: reply.statusCode ?? 0, body: (isJson ? JSON.parse(text) : text) as T };
  }

  /** A call that must succeed. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const { status, body: answer } = await this.send<T>(method, path, body);
    if (status < 300) return answer;
    throw new Error(`${method} ${path} was answered ${status}: ${JSON.stringify(answer).slice(0, 1000)}`);
  }

  /** The events from a version on, until the server ends the watch or `signal` does. */
  async *watch<T>(path: string, version: string, signal: AbortSignal): AsyncGenerator<WatchEvent<T>> {
    const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${version}`;
    const reply = await this.#open("GET", `${path}${path.includes("?") ? "&" : "?"}${query}`, { signal });
    if (reply.statusCode !== 200) throw new Error(`watch of ${path} was answered ${reply.statusCode ?? 0}`);
    // A consumer that leaves in the middle makes the stream fail with nobody left to hear it.
    reply.on("error", () => undefined);
    reply.setEncoding("utf8");
    let rest = "";
    for await (const chunk of reply) {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield JSON.parse(line) as WatchEvent<T>;
    }
  }

  async #open(method: string, path: string, options: Call): Promise<IncomingMessage> {
    const cluster = this.#config.getCurrentCluster();
    if (cluster === null) throw new Error("the kubeconfig names no current cluster");
    const { hostname, port, pathname } = new URL(cluster.server);
    const { body: given } = options;
    // Text is sent as it is: a test may want to say what JSON.stringify cannot.
    const text = typeof given === "string" ? given : JSON.stringify(given);
    const body = given === undefined ? undefined : Buffer.from(text);
    const settings: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(settings);
    const sent = request({
      ...settings,
      agent: options.body === undefined && path.includes("watch=true") ? false : this.#agent,
      hostname,
      port: port || 443,
      method,
      path: `${pathname.replace(/\/$/, "")}${path}`,
      signal: options.signal,
      headers: {
        ...(settings.headers as Record<string, string> | undefined),
        ...(this.#user !== undefined && { "impersonate-user": this.#user }),
        ...(body && { "content-type": options.type ?? contentType(method), "content-length": body.length }),
      },
    });
    sent.end(body);
    const [reply] = (await once(sent, "response")) as [IncomingMessage];
    return reply;
  }
}

function contentType(method: string): string {
  return method === "PATCH" ? "application/merge-patch+json" : "application/json";
}
