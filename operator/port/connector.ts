import type { Socket } from "node:net";
import { buildConnector } from "undici";
import { SILENCE_LIMIT_MS } from "../api/port.ts";
import type { TlsSettings } from "./credentials.ts";

/** Which HTTP to speak. auto: HTTP/2 if the server can, else HTTP/1.1; 1.1: for a proxy in between that garbles the other. */
export type HttpVersion = "auto" | "1.1";

/** How a connection whose peer no longer answers is found. */
export interface Liveness {
  /** Time between two HTTP/2 pings. */
  readonly pingIntervalMs: number;
  /** An HTTP/2 connection is broken off when nothing at all, not even the answer to a ping, came for this long. */
  readonly silenceMs: number;
  /** Idle time after which the kernel probes the peer (HTTP/1.1 has no ping); libuv then sends 10 probes 1 s apart. */
  readonly keepAliveDelayMs: number;
}

/**
 * Go's client pings after 30 s and waits 15 s. Pinging every 10 s costs 17 bytes each way and finds a dead peer after
 * 30 to 35 s; the kernel's probes need 15 + 10 s. Both stay well under SILENCE_LIMIT_MS even on a busy event loop.
 */
export const DEFAULT_LIVENESS: Liveness = {
  pingIntervalMs: 10_000,
  silenceMs: SILENCE_LIMIT_MS - 15_000,
  keepAliveDelayMs: 15_000,
};

/** The kernel counts in seconds. */
const KEEP_ALIVE_MIN_MS = 1_000;
const PINGS_PER_SILENCE = 3;

/** For calls that must come through soon: a peer that is silent for so long is given up, and another connection tried. */
export function livenessWithin(silenceMs: number): Liveness {
  const pingIntervalMs = silenceMs / PINGS_PER_SILENCE;
  return { pingIntervalMs, silenceMs, keepAliveDelayMs: Math.max(KEEP_ALIVE_MIN_MS, pingIntervalMs) };
}

/** A connection that takes longer to set up than this is refused by something in between. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** Looks per silence limit: a dead peer is found at most one sixth later than promised. */
const LOOKS_PER_SILENCE = 6;

/** Opens connections that break by themselves when the peer falls silent. */
export function livelyConnector(tls: TlsSettings, http: HttpVersion, liveness: Liveness): buildConnector.connector {
  const connect = buildConnector({
    ...tls,
    allowH2: http !== "1.1",
    preferH2: http !== "1.1",
    timeout: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelay: liveness.keepAliveDelayMs,
  });
  return (options, callback) => {
    connect(options, (...result) => {
      if (result[0] === null && speaksHttp2(result[1])) breakWhenSilent(result[1], liveness.silenceMs);
      callback(...result);
    });
  };
}

function speaksHttp2(socket: Socket): boolean {
  return "alpnProtocol" in socket && socket.alpnProtocol === "h2";
}

/**
 * undici sends pings but never looks for their answers. Any byte proves life, so counting bytes is enough; counting
 * looks instead of time keeps a stall of our own event loop, during which answers wait unread, from being blamed on
 * the peer.
 */
function breakWhenSilent(socket: Socket, silenceMs: number): void {
  let seenBytes = socket.bytesRead;
  let silentLooks = 0;
  const look = setInterval(() => {
    const bytes = socket.bytesRead;
    silentLooks = bytes === seenBytes ? silentLooks + 1 : 0;
    seenBytes = bytes;
    if (silentLooks >= LOOKS_PER_SILENCE) socket.destroy(new Error(`the server has been silent for ${silenceMs} ms`));
  }, silenceMs / LOOKS_PER_SILENCE);
  look.unref();
  socket.once("close", () => clearInterval(look));
}
