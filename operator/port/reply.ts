import type { IncomingHttpHeaders } from "node:http";
import { ConnectionError, type ApiResponse } from "../api/port.ts";
import type { Head } from "./exchange.ts";

/** The largest reply we hold: 500 pods of the largest size etcd takes. More would be a server gone wrong. */
export const REPLY_LIMIT_BYTES = 268_435_456;

/** So much of a reply that is no JSON goes into its message. */
const FOREIGN_TEXT_LIMIT_CHARS = 500;

/** Puts one whole reply together. */
export class ReplyCollector {
  readonly #limitBytes: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #head: Head | undefined;

  constructor(limitBytes: number = REPLY_LIMIT_BYTES) {
    this.#limitBytes = limitBytes;
  }

  head(head: Head): void {
    this.#head = head;
  }

  /** @throws ConnectionError when the reply is too large to hold */
  data(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limitBytes) throw new ConnectionError(`the reply is larger than ${this.#limitBytes} bytes`);
    this.#chunks.push(chunk);
  }

  /** @throws ConnectionError when the reply is cut off or is no JSON though the call succeeded */
  finish(nowMs: number): ApiResponse {
    if (this.#head === undefined) throw new ConnectionError("the reply has no head");
    const { status, headers } = this.#head;
    const body = bodyOf(status, Buffer.concat(this.#chunks).toString("utf8"));
    const retryAfterSeconds = retryAfter(headers, nowMs);
    return { status, body, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
  }
}

/** Retry-After is a number of seconds, or a date. */
export function retryAfter(headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  const value = headers["retry-after"];
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - nowMs) / 1000));
}

/**
 * Overload filters and proxies in front of the API server answer in plain text. Such a refusal becomes a Status like
 * any other, so that its text reaches the reader; text where an object should be is a broken reply.
 */
function bodyOf(status: number, text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    if (status < 400) throw new ConnectionError(`the reply (status ${status}) is no JSON`);
    const message = text.trim().slice(0, FOREIGN_TEXT_LIMIT_CHARS);
    return { kind: "Status", apiVersion: "v1", status: "Failure", code: status, message };
  }
}
