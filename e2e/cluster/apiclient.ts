/** HTTPS calls with the cluster's own certificates: to the API server as admin, and to etcd. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request, type RequestOptions } from "node:https";
import type { IncomingMessage } from "node:http";
import { paths } from "./state.ts";

/** Long enough for a list of thousands of pods on a busy machine. */
const CALL_TIMEOUT_MS = 30_000;

/** Whose certificates a call uses. */
export type Caller = "admin" | "etcd";

export interface Call {
  readonly dir: string;
  readonly as: Caller;
  readonly port: number;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Makes one call; rejects when there is no connection, not when the answer is an error. */
export async function call(what: Call): Promise<Answer> {
  const { dir, as } = what;
  const [ca, cert, key] = await Promise.all([
    readFile(paths.pki(dir, as === "etcd" ? "etcd-ca.crt" : "ca.crt")),
    readFile(paths.pki(dir, `${as}.crt`)),
    readFile(paths.pki(dir, `${as}.key`)),
  ]);
  const body = what.body === undefined ? undefined : Buffer.from(JSON.stringify(what.body));
  const options: RequestOptions = {
    host: "127.0.0.1",
    port: what.port,
    method: what.method,
    path: what.path,
    ca,
    cert,
    key,
    agent: false,
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    headers: body === undefined ? {} : { "content-type": contentType(what.method), "content-length": body.length },
  };
  const sent = request(options);
  sent.end(body);
  const [reply] = (await once(sent, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of reply) chunks.push(Buffer.from(chunk as Buffer));
  return { status: reply.statusCode ?? 0, text: Buffer.concat(chunks).toString() };
}

/** A call that must succeed, and its answer as JSON. */
export async function callJson<T>(what: Call): Promise<T> {
  const { status, text } = await call(what);
  if (status >= 300) throw new Error(`${what.method} ${what.path} was answered ${status}: ${text.slice(0, 500)}`);
  return JSON.parse(text) as T;
}

function contentType(method: Call["method"]): string {
  return method === "PATCH" ? "application/merge-patch+json" : "application/json";
}
