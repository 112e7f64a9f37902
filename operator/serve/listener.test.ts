/** Real connections: whoever holds many of them must not keep a kubelet's probe out. */
import { once } from "node:events";
import { request as requestTls } from "node:https";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { aWorld } from "../testing/scripted.ts";
import { selfSigned } from "../testing/selfsigned.ts";
import { CONNECTIONS_MAX, listen, type Listener, type ListenOptions } from "./listener.ts";

const keyPair = selfSigned();
const REQUEST = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
/** No test waits for it. */
const LONG_MS = 600_000;

let listener: Listener | undefined;
let sockets: Socket[] = [];

beforeEach(() => {
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await listener?.close();
  listener = undefined;
});

it.each<[string, string]>([
  ["say nothing", ""],
  ["have sent half a request", "GET /healthz HTTP/1.1\r\nhost: "],
  ["have got an answer, and stay", REQUEST],
])("a probe is answered though as many connections as there may be %s; the oldest goes", async (_name, said) => {
  await serve();
  const idle = await connections(CONNECTIONS_MAX, said);
  const gone = once(idle[0] as Socket, "close");

  expect(await answerTo(await connection())).toMatch(/^HTTP\/1.1 200 OK/);
  await gone;
  expect(idle.slice(1).filter(({ closed }) => closed)).toEqual([]);
});

it("a probe is answered while somebody opens connections without end", async () => {
  await serve({ oneRequest: true });
  await connections(3 * CONNECTIONS_MAX);

  expect(await answerTo(await connection())).toMatch(/^HTTP\/1.1 200 OK/);
});

it("with TLS likewise, where nobody ends a handshake", async () => {
  await serve({ keyPair });
  const idle = await connections(CONNECTIONS_MAX);
  const gone = once(idle[0] as Socket, "close");

  expect(await statusByTls()).toBe(200);
  await gone;
});

it("for one request each: the answer says so, and the connection ends", async () => {
  await serve({ oneRequest: true });
  const socket = await connection();
  const closed = once(socket, "close");
  const answer = await answerTo(socket);
  await closed;

  expect(answer).toMatch(/connection: close/i);
});

it.each<[string, Partial<ListenOptions>, string]>([
  ["a request", {}, "GET /hea"],
  ["the first word", {}, ""],
  ["a handshake", { keyPair }, ""],
])("a caller that does not end %s in time is left", async (_name, options, said) => {
  await serve({ ...options, callerTimeoutMs: 50 });
  const socket = await connection(said);
  await once(socket, "close");

  expect(socket.destroyed).toBe(true);
});

it("closes at once though a handshake is under way", async () => {
  await serve({ keyPair });
  const socket = await connection();
  const gone = once(socket, "close");
  await listener?.close();
  await gone;

  expect(socket.destroyed).toBe(true);
});

async function serve(differing: Partial<ListenOptions> = {}): Promise<void> {
  const options: ListenOptions = {
    flag: "--x",
    answer: () => Promise.resolve({ status: 200, text: "ok\n" }),
    log: aWorld().port.log,
    callerTimeoutMs: LONG_MS,
  };
  listener = await listen({ host: "127.0.0.1", port: 0 }, { ...options, ...differing });
}

/** One that is taken note of by the server, and has said this. */
async function connection(said = ""): Promise<Socket> {
  const socket = connect(listener?.address.port ?? 0, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.resume();
  if (said !== "") socket.write(said);
  if (said === REQUEST) await once(socket, "data");
  return socket;
}

async function connections(count: number, said = ""): Promise<readonly Socket[]> {
  const all: Socket[] = [];
  while (all.length < count) all.push(await connection(said));
  return all;
}

async function answerTo(socket: Socket): Promise<string> {
  socket.write(REQUEST);
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return chunk.toString();
}

async function statusByTls(): Promise<number | undefined> {
  const asked = requestTls(`${listener?.url}/healthz`, { ca: keyPair.cert, agent: false });
  asked.end();
  const [response] = (await once(asked, "response")) as [{ statusCode?: number; resume(): void }];
  response.resume();
  return response.statusCode;
}
