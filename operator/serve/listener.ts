import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Log } from "../api/port.ts";

/** Where to listen. */
export interface Address {
  /** "": every address, of IPv6 too where the machine has it. */
  readonly host: string;
  readonly port: number;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A certificate chain and its key, as PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface ListenOptions {
  /** The flag that the address came from: an error names it. */
  readonly flag: string;
  /** What is answered to a GET or HEAD of this path. */
  readonly answer: (path: string, request: IncomingMessage) => Promise<Reply>;
  readonly log: Log;
  /** Given: TLS, with this to begin with. */
  readonly keyPair?: KeyPair;
  /** A caller that takes longer for a handshake, for a request or until the next one, is no caller of ours. */
  readonly callerTimeoutMs: number;
  /** A connection ends with its first answer, so that nobody keeps one. */
  readonly oneRequest?: boolean;
}

export interface Listener {
  readonly address: Address;
  /** As somebody would ask for it. */
  readonly url: string;
  /** Connections made from now on get this certificate. Throws if key and certificate do not fit. */
  renew(keyPair: KeyPair): void;
  close(): Promise<void>;
}

/** A probe is a line, and a scraper's headers with its token a few thousand bytes; nobody needs more. */
const HEADERS_LIMIT_BYTES = 8_192;

/**
 * Kubelet, Prometheus and a person; more connections are an accident, or meant ill. The oldest one goes then: a probe has its
 * answer within milliseconds, and whoever holds connections must not keep it out, or the kubelet would restart us.
 */
export const CONNECTIONS_MAX = 64;

/** Node.js looks for callers that are late this often; by itself every 30 s. */
const LATE_CHECK_MS = 1_000;

/** What older versions of TLS protect is known not to be safe. */
const TLS_VERSION_MIN = "TLSv1.2";

/** What a caller is told of a failure of ours: the cause is for the log, as it may name what is not theirs to know. */
const FAILED: Reply = { status: 500, text: "failed: the operator's log says why\n" };

/** Serves HTTP, or with a key pair HTTPS, at one address. */
export async function listen(at: Address, options: ListenOptions): Promise<Listener> {
  const { server, secure } = serverFor(options);
  const connections = keepFew(server);
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    // Node.js then says "connection: close", and does so; told by maxRequestsPerSocket it only says so.
    if (options.oneRequest === true) response.shouldKeepAlive = false;
    answer(request, options).then(
      (reply) => send(response, reply),
      (error: unknown) => {
        options.log.error("an endpoint failed", { path: pathOf(request), cause: String(error) });
        send(response, FAILED);
      },
    );
  });
  await listening(server, at, options.flag);
  const bound = server.address();
  const address = typeof bound === "object" && bound !== null ? { host: bound.address, port: bound.port } : at;
  return {
    address,
    url: urlOf(address, secure === undefined ? "http" : "https"),
    renew: (next) => secure?.setSecureContext({ ...next, minVersion: TLS_VERSION_MIN }),
    close: () => closing(server, connections),
  };
}

function serverFor({ keyPair, callerTimeoutMs }: ListenOptions): {
  readonly server: Server | TlsServer;
  readonly secure: TlsServer | undefined;
} {
  const limits = {
    maxHeaderSize: HEADERS_LIMIT_BYTES,
    headersTimeout: callerTimeoutMs,
    requestTimeout: callerTimeoutMs,
    keepAliveTimeout: callerTimeoutMs,
    connectionsCheckingInterval: Math.min(LATE_CHECK_MS, callerTimeoutMs),
  };
  const tls = { handshakeTimeout: callerTimeoutMs, minVersion: TLS_VERSION_MIN } as const;
  const secure = keyPair === undefined ? undefined : createTlsServer({ ...limits, ...tls, ...keyPair });
  // Where a handshake fails or takes too long.
  secure?.on("tlsClientError", (_error, socket) => socket.destroy());
  const server = secure ?? createServer(limits);
  return { server, secure };
}

/** The connections there are, the oldest first. */
function keepFew(server: Server | TlsServer): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
    const [oldest] = connections;
    if (connections.size > CONNECTIONS_MAX) oldest?.destroy();
  });
  return connections;
}

async function answer(request: IncomingMessage, options: ListenOptions): Promise<Reply> {
  if (request.method !== "GET" && request.method !== "HEAD") return { status: 405, text: "GET only\n" };
  return await options.answer(pathOf(request), request);
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

function urlOf({ host, port }: Address, scheme: string): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function send(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, {
    "content-type": reply.contentType ?? "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    ...reply.headers,
  });
  response.end(reply.text);
}

function listening(server: Server | TlsServer, at: Address, flag: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      reject(
        new Error(`cannot serve at ${at.host}:${at.port} (${error.message}); choose another address with ${flag}`),
      );
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

function closing(server: Server | TlsServer, connections: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const connection of connections) connection.destroy();
  });
}
