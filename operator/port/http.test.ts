import { createServer as createHttp1 } from "node:http";
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import { connect, createServer as createTcp, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ConnectionError, type ApiRequest } from "../api/port.ts";
import { systemClock } from "./clock.ts";
import type { HttpVersion, Liveness } from "./connector.ts";
import type { CredentialSource } from "./credentials.ts";
import { httpApi, type HttpApi, type HttpOptions } from "./http.ts";
import { selfSigned } from "../testing/selfsigned.ts";

type Answer = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

const pair = selfSigned();
const QUICK: Liveness = { pingIntervalMs: 50, silenceMs: 2_000, keepAliveDelayMs: 15_000 };
const closing: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

describe.each(["auto", "1.1"] as const)("with HTTP version %s", (http) => {
  it("sends JSON and reads JSON", async () => {
    const api = await apiTo(http, (request, response) => {
      collect(request, (text) => {
        const { method, url, headers, httpVersion } = request;
        reply(response, 201, JSON.stringify({ method, url, text, agent: headers["user-agent"], httpVersion }));
      });
    });

    const got = await api.request(call({ method: "POST", path: "/a", query: { q: "x y" }, body: { n: 1 } }));

    const want = { method: "POST", url: "/a?q=x+y", text: '{"n":1}', agent: "stint/test" };
    expect(got.status).toBe(201);
    expect(got.body).toMatchObject({ ...want, httpVersion: http === "auto" ? "2.0" : "1.1" });
  });

  it("decodes text whose characters are split over chunks", async () => {
    const bytes = Buffer.from("ä€😀\n");
    const api = await apiTo(http, (_request, response) => {
      response.writeHead(200);
      drip(
        response,
        [...bytes].map((byte) => Buffer.from([byte])),
      );
    });

    const stream = await api.stream(call(), new AbortController().signal);

    expect(await textOf(stream.chunks)).toBe("ä€😀\n");
  });

  it("ends a stream with ConnectionError when the server resets the connection", async () => {
    const server = await tlsServer((_request, response) => {
      response.writeHead(200);
      response.write("first");
    });
    const proxy = await silentProxy(portOf(server));
    const api = open({ server: `https://127.0.0.1:${proxy.port}`, http });
    const stream = await api.stream(call(), new AbortController().signal);
    const text = textOf(stream.chunks);

    proxy.reset();

    await expect(text).rejects.toBeInstanceOf(ConnectionError);
  });

  it("never sends a create twice, whatever breaks", async () => {
    let creates = 0;
    const api = await apiTo(http, (request) => {
      creates += 1;
      setTimeout(() => request.socket.destroy(), 20);
    });

    const calls = Array.from({ length: 20 }, () => api.request(call({ method: "POST", body: {} })));
    const results = await Promise.allSettled(calls);
    await pause(200);

    expect(results.every((one) => one.status === "rejected" && one.reason instanceof ConnectionError)).toBe(true);
    expect(creates).toBeLessThanOrEqual(20);
  });

  it("sends nothing that may not leave any more when it has got a connection, and then sends other requests", async () => {
    const reached: (string | undefined)[] = [];
    const api = await apiTo(http, (request, response) => {
      reached.push(request.url);
      reply(response, 200, "{}");
    });
    let may = true;
    const late = api.request(call({ method: "POST", path: "/late", body: {}, mayLeave: () => may }));
    may = false;

    await expect(late).rejects.toThrow(/held back: it came too late to be sent/);
    await expect(late).rejects.toBeInstanceOf(ConnectionError);
    await api.request(call({ method: "POST", path: "/next", body: {}, mayLeave: () => true }));
    expect(reached).toEqual(["/next"]);
  });

  it("gives a late reply up, and then sends other requests all the same", async () => {
    const api = await apiTo(http, (request, response) => {
      if (request.url === "/slow") return;
      reply(response, 200, "{}");
    });

    await expect(api.request(call({ path: "/slow", timeoutMs: 100 }))).rejects.toThrow(/no whole reply within \d+ ms/);
    expect((await api.request(call({ path: "/quick" }))).status).toBe(200);
  });

  it("refuses a reply larger than the limit", async () => {
    const api = await apiTo(http, (_request, response) => reply(response, 200, `"${"x".repeat(5_000)}"`), {
      replyLimitBytes: 1_000,
    });

    await expect(api.request(call())).rejects.toThrow(/larger than 1000 bytes/);
  });

  it("lets writes through while watches are stuck", async () => {
    const api = await apiTo(http, (request, response) => {
      if (request.url !== "/watch") return reply(response, 200, "{}");
      response.writeHead(200);
      response.write("x".repeat(4_000_000));
    });
    const off = new AbortController();
    await Promise.all(Array.from({ length: 10 }, () => api.stream(call({ path: "/watch" }), off.signal)));

    const replies = await Promise.all(Array.from({ length: 50 }, () => api.request(call())));

    expect(replies.every((one) => one.status === 200)).toBe(true);
    off.abort();
  });

  it("leaves no listener behind after thousands of streams on one signal", async () => {
    const api = await apiTo(http, (_request, response) => reply(response, 200, "{}"));
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.name);
    process.on("warning", note);
    const { signal } = new AbortController();

    for (let round = 0; round < 40; round++) {
      const streams = await Promise.all(Array.from({ length: 50 }, () => api.stream(call(), signal)));
      await Promise.all(streams.map((stream) => textOf(stream.chunks)));
    }
    await pause(1);

    process.off("warning", note);
    expect(warnings).toEqual([]);
  }, 20_000);

  it("ends a stream at once when its signal is aborted", async () => {
    const api = await apiTo(http, (_request, response) => {
      response.writeHead(200);
      response.write("first");
    });
    const off = new AbortController();
    const stream = await api.stream(call(), off.signal);
    const text = textOf(stream.chunks);
    await pause(50);

    off.abort();

    expect(await text).toBe("first");
    await expect(api.stream(call(), off.signal)).rejects.toBeInstanceOf(ConnectionError);
  });
});

describe("a silent peer", () => {
  it("breaks the streams and requests of an HTTP/2 connection within the limit", async () => {
    const server = await tlsServer((request, response) => {
      if (request.url === "/never") return;
      response.writeHead(200);
      response.write("alive");
    });
    const proxy = await silentProxy(portOf(server));
    const api = open({ server: `https://127.0.0.1:${proxy.port}`, http: "auto", liveness: QUICK });
    const stream = await api.stream(call(), new AbortController().signal);
    const text = textOf(stream.chunks);
    const never = api.request(call({ path: "/never", timeoutMs: 60_000 }));
    const ended = Promise.allSettled([text, never]);
    // Longer than the limit: pings alone keep a quiet connection.
    await pause(QUICK.silenceMs * 1.5);
    expect(proxy.alive()).toBe(2);

    proxy.fallSilent();
    const start = performance.now();
    const [streamEnd, requestEnd] = await ended;

    expect(performance.now() - start).toBeLessThan(QUICK.silenceMs * 3);
    const wanted = {
      status: "rejected",
      reason: { name: "ConnectionError", message: expect.stringMatching(/silent/) },
    };
    expect(streamEnd).toMatchObject(wanted);
    expect(requestEnd).toMatchObject(wanted);
  });

  it("is replaced by a new connection for the next request", async () => {
    const server = await tlsServer((_request, response) => reply(response, 200, "{}"));
    const proxy = await silentProxy(portOf(server));
    const api = open({ server: `https://127.0.0.1:${proxy.port}`, http: "auto", liveness: QUICK });
    await api.request(call());
    proxy.fallSilent();
    await expect(api.request(call({ timeoutMs: 5_000 }))).rejects.toThrow(/silent/);

    proxy.speak();

    expect((await api.request(call())).status).toBe(200);
  });
});

describe("replies", () => {
  it.each([
    ["seconds", "7", 7],
    ["a date gone by", "Wed, 21 Oct 2015 07:28:00 GMT", 0],
    ["nonsense", "soon", undefined],
  ])("reads Retry-After as %s", async (_name, header, want) => {
    const api = await plainApi((response) => {
      response.writeHead(429, { "retry-after": header });
      response.end("Too many requests, please try again later.\n");
    });

    const got = await api.request(call());

    expect(got.retryAfterSeconds).toBe(want);
    expect(got.body).toMatchObject({
      kind: "Status",
      code: 429,
      message: "Too many requests, please try again later.",
    });
  });

  it("takes a page where an object should be for a broken reply", async () => {
    const api = await plainApi((response) => response.end("<html>sign in</html>"));

    await expect(api.request(call())).rejects.toThrow(/is no JSON/);
  });

  it("has no body when the server sends none", async () => {
    const api = await plainApi((response) => response.end());

    expect(await api.request(call())).toEqual({ status: 200, body: undefined });
  });

  it("hands over the refusal of a watch and no events", async () => {
    const api = await plainApi((response) => {
      response.writeHead(410);
      response.end('{"reason":"Expired"}');
    });

    const stream = await api.stream(call(), new AbortController().signal);

    expect(stream).toMatchObject({ status: 410, body: { reason: "Expired" } });
    expect(await textOf(stream.chunks)).toBe("");
  });
});

describe("credentials", () => {
  it("are renewed after a 401 and the call made once more", async () => {
    const seen: unknown[] = [];
    const api = await plainApi(
      (response, authorization) => {
        seen.push(authorization);
        response.writeHead(authorization === "Bearer new" ? 200 : 401);
        response.end("{}");
      },
      tokens("old", "new"),
    );

    expect((await api.request(call())).status).toBe(200);
    expect((await api.stream(call(), new AbortController().signal)).status).toBe(200);
    expect(seen).toEqual(["Bearer old", "Bearer new", "Bearer new"]);
  });

  it("that stay refused give the 401 after one more try", async () => {
    let calls = 0;
    const api = await plainApi(
      (response) => {
        calls += 1;
        response.writeHead(401);
        response.end("{}");
      },
      tokens("old", "older"),
    );

    expect((await api.request(call())).status).toBe(401);
    expect(calls).toBe(2);
  });

  it("that cannot be had are a ConnectionError", async () => {
    const source = {
      current: () => Promise.reject(new Error("plugin failed")),
      renew: () => Promise.reject(new Error()),
    };
    const api = open({ server: "http://127.0.0.1:1", credentials: source });

    await expect(api.request(call())).rejects.toMatchObject({ name: "ConnectionError", message: /plugin failed/ });
  });
});

it("names the host and the cause when nobody listens", async () => {
  const server = createTcp();
  await listen(server);
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  const api = open({ server: `https://127.0.0.1:${port}`, credentials: tokens("secret") });

  const wrong = await api.request(call()).catch((error: unknown) => error);

  expect(wrong).toBeInstanceOf(ConnectionError);
  expect(String(wrong)).toContain(`127.0.0.1:${port}: connect ECONNREFUSED`);
  expect(JSON.stringify(wrong) + String(wrong)).not.toContain("secret");
});

it("refuses a server whose certificate it cannot check", async () => {
  const server = await tlsServer((_request, response) => reply(response, 200, "{}"));
  const trusting: CredentialSource = tokens("t");
  const api = open({ server: `https://127.0.0.1:${portOf(server)}`, credentials: trusting });

  await expect(api.request(call())).rejects.toThrow(/self-signed certificate/);
});

function call(differing: Partial<ApiRequest> = {}): ApiRequest {
  return { method: "GET", path: "/", timeoutMs: 5_000, ...differing };
}

function tokens(...values: string[]): CredentialSource {
  const all = values.map((value) => ({ tls: {}, tlsKey: "", headers: { authorization: `Bearer ${value}` } }));
  let at = 0;
  return {
    current: () => Promise.resolve(all[at]!),
    renew: () => Promise.resolve(all[(at = Math.min(at + 1, all.length - 1))]!),
  };
}

function open(differing: Partial<HttpOptions>): HttpApi {
  const trusting = { tls: { ca: pair.cert }, tlsKey: "own", headers: {} };
  const credentials = { current: () => Promise.resolve(trusting), renew: () => Promise.resolve(trusting) };
  const api = httpApi({
    server: "",
    credentials,
    userAgent: "stint/test",
    clock: systemClock(),
    http: "auto",
    ...differing,
  });
  closing.push(() => api.close());
  return api;
}

async function apiTo(http: HttpVersion, answer: Answer, differing: Partial<HttpOptions> = {}): Promise<HttpApi> {
  const server = await tlsServer(answer);
  return open({ server: `https://127.0.0.1:${portOf(server)}`, http, ...differing });
}

async function tlsServer(answer: Answer): Promise<Http2SecureServer> {
  const server = createSecureServer({ ...pair, allowHTTP1: true, maxSessionMemory: 100 }, answer);
  const sockets = socketsOf(server);
  await listen(server);
  closing.push(() => endServer(server, sockets));
  return server;
}

async function plainApi(
  answer: (
    response: { writeHead(status: number, headers?: object): unknown; end(text?: string): unknown },
    authorization: unknown,
  ) => void,
  credentials: CredentialSource = tokens("t"),
): Promise<HttpApi> {
  const server = createHttp1((request, response) => answer(response, request.headers.authorization));
  const sockets = socketsOf(server);
  await listen(server);
  closing.push(() => endServer(server, sockets));
  return open({ server: `http://127.0.0.1:${portOf(server)}`, credentials });
}

/** A TCP proxy that can stop forwarding while it keeps its connections: what a dead peer looks like from here. */
async function silentProxy(
  target: number,
): Promise<{ port: number; fallSilent(): void; speak(): void; reset(): void; alive(): number }> {
  const held = new Set<Socket>();
  let silent = false;
  const server = createTcp((near) => {
    const far = connect(target, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("data", (data) => (silent ? undefined : to.write(data)));
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
    }
    held.add(near);
    near.on("close", () => held.delete(near));
  });
  await listen(server);
  closing.push(() => endServer(server, held));
  return {
    port: portOf(server),
    fallSilent: () => void (silent = true),
    speak: () => void (silent = false),
    reset: () => {
      for (const socket of held) socket.resetAndDestroy();
    },
    alive: () => held.size,
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}

function portOf(server: Server): number {
  const address = server.address() as AddressInfo;
  return address.port;
}

function socketsOf(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  return sockets;
}

function endServer(server: Server, sockets: Set<Socket>): Promise<unknown> {
  for (const socket of sockets) socket.destroy();
  return new Promise((resolve) => server.close(resolve));
}

function reply(response: Http2ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(text);
}

function collect(request: Http2ServerRequest, done: (text: string) => void): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => done(Buffer.concat(chunks).toString()));
}

function drip(response: Http2ServerResponse, chunks: Buffer[]): void {
  const chunk = chunks.shift();
  if (chunk === undefined) response.end();
  else response.write(chunk, () => setTimeout(() => drip(response, chunks), 5));
}

async function textOf(chunks: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const chunk of chunks) text += chunk;
  return text;
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
