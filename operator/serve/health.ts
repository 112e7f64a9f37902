import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { WatchAge } from "./metrics.ts";

/** What the endpoints ask the operator. */
export interface Vitals {
  /** Why we are not ready to work, or nothing. */
  notReady(): string | undefined;
  watches(): readonly WatchAge[];
  scrape(): Promise<string>;
  readonly contentType: string;
}

/** Where to listen. */
export interface Address {
  /** "": every address, of IPv6 too where the machine has it. */
  readonly host: string;
  readonly port: number;
}

export interface HealthServer {
  readonly address: Address;
  close(): Promise<void>;
}

/**
 * A watch shows life at least every ten minutes, when the server ends it and a new one begins; bookmarks come once a
 * minute. One that is older has lost its way, and a restart is the cure. Refusals are life: no restart grants a right.
 */
export const STALE_WATCH_LIMIT_MS = 900_000;

/** A probe is a line and a scraper's headers a few hundred bytes; nobody needs more. */
const HEADERS_LIMIT_BYTES = 8_192;

/** A caller that sends its request this slowly is no probe. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Kubelet, Prometheus and a person; more connections are an accident. */
const CONNECTIONS_LIMIT = 64;

/** Serves /healthz, /readyz and /metrics. That it answers at all shows that the event loop is alive. */
export async function serveHealth(at: Address, vitals: Vitals): Promise<HealthServer> {
  const server = createServer({
    maxHeaderSize: HEADERS_LIMIT_BYTES,
    headersTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
  });
  server.maxConnections = CONNECTIONS_LIMIT;
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    answer(request, vitals).then(
      (reply) => send(response, reply),
      (error: unknown) => send(response, { status: 500, text: `${String(error)}\n` }),
    );
  });
  await listening(server, at);
  const bound = server.address();
  const address = typeof bound === "object" && bound !== null ? { host: bound.address, port: bound.port } : at;
  return { address, close: () => closing(server) };
}

/** Why the operator should be restarted, or nothing. */
export function notHealthy(watches: readonly WatchAge[]): string | undefined {
  const stale = watches.filter((watch) => watch.ageMs > STALE_WATCH_LIMIT_MS);
  if (stale.length === 0) return undefined;
  const names = stale.map(({ resource, namespace, ageMs }) => {
    return `watch of ${resource}${namespace === "" ? "" : ` in ${namespace}`} silent for ${Math.round(ageMs / 1000)} s`;
  });
  return names.join("; ");
}

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly contentType?: string;
}

async function answer(request: IncomingMessage, vitals: Vitals): Promise<Reply> {
  if (request.method !== "GET" && request.method !== "HEAD") return { status: 405, text: "GET only\n" };
  const [path = ""] = (request.url ?? "").split("?", 1);
  switch (path) {
    case "/healthz":
      return verdict(notHealthy(vitals.watches()));
    case "/readyz":
      return verdict(vitals.notReady());
    case "/metrics":
      return { status: 200, text: await vitals.scrape(), contentType: vitals.contentType };
    default:
      return { status: 404, text: "not found: try /healthz, /readyz or /metrics\n" };
  }
}

function verdict(problem: string | undefined): Reply {
  return problem === undefined ? { status: 200, text: "ok\n" } : { status: 503, text: `${problem}\n` };
}

function send(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, { "content-type": reply.contentType ?? "text/plain; charset=utf-8" });
  response.end(reply.text);
}

function listening(server: Server, at: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      const cause = `cannot serve metrics and health at ${at.host}:${at.port} (${error.message})`;
      reject(new Error(`${cause}; choose another address with --metrics-address`));
    };
    server.once("error", failed);
    // Named as "::", every address would be an error where the kernel has no IPv6; left out, Node.js then takes 0.0.0.0.
    server.listen({ port: at.port, ...(at.host !== "" && { host: at.host }) }, () => {
      server.off("error", failed);
      server.on("error", () => undefined);
      resolve();
    });
  });
}

function closing(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
