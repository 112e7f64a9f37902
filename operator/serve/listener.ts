import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
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

/** A caller that sends its request this slowly is no probe. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Kubelet, Prometheus and a person; more connections are an accident. */
const CONNECTIONS_LIMIT = 64;

/** What older versions of TLS protect is known not to be safe. */
const TLS_VERSION_MIN = "TLSv1.2";

/** What a caller is told of a failure of ours: the cause is for the log, as it may name what is not theirs to know. */
const FAILED: Reply = { status: 500, text: "failed: the operator's log says why\n" };

/** Serves HTTP, or with a key pair HTTPS, at one address. */
export async function listen(at: Address, options: ListenOptions): Promise<Listener> {
  const limits = {
    maxHeaderSize: HEADERS_LIMIT_BYTES,
    headersTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
  };
  const { keyPair } = options;
  const secure =
    keyPair === undefined ? undefined : createTlsServer({ ...limits, ...keyPair, minVersion: TLS_VERSION_MIN });
  // A caller that never ends its handshake is given up as one that never ends its request.
  secure?.on("tlsClientError", (_error, socket) => socket.destroy());
  const server = secure ?? createServer(limits);
  server.maxConnections = CONNECTIONS_LIMIT;
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
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
    close: () => closing(server),
  };
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

function closing(server: Server | TlsServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
