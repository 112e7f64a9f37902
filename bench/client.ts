/** The bench's own way to the API server: the cheapest we have, so that the loader takes as little as it can from what it measures. */
import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import { resourceVersionOf } from "../operator/api/decode.ts";
import { systemClock } from "../operator/port/clock.ts";
import { kubeCredentials } from "../operator/port/credentials.ts";
import { httpApi } from "../operator/port/http.ts";
import { settingsOf } from "../operator/port/kubeconfig.ts";
import { readEvents, type WatchEvent } from "../operator/api/watchevents.ts";

const CALL_LIMIT_MS = 60_000;
/** A server that has just started answers 429 to the first who lists a kind; one that stays busy ends the benchmark. */
const ASKS_MAX = 10;

/** How the bench introduces itself to the API server. */
export const BENCH_AGENT = "stint-bench";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

export interface BenchClient {
  /** A call that must succeed; asked again while the server says it is busy (429). */
  call(method: Method, path: string, body?: unknown): Promise<unknown>;
  /** Events from a version on. The server ends the watch of a reader that falls behind; it goes on where it stood. */
  watch(path: string, version: string, signal: AbortSignal): AsyncGenerator<readonly WatchEvent[]>;
  close(): Promise<void>;
}

export function benchClient(kubeconfig: string): BenchClient {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const clock = systemClock();
  const settings = settingsOf(config, undefined, kubeconfig);
  const credentials = kubeCredentials(() => settings, clock);
  const { server } = settings.cluster;
  const api = httpApi({ server, credentials, clock, http: "auto", userAgent: BENCH_AGENT });
  return {
    async call(method, path, body) {
      let reply = await api.request({ method, path, body, timeoutMs: CALL_LIMIT_MS });
      for (let asked = 1; reply.status === 429 && asked < ASKS_MAX; asked += 1) {
        await sleep((reply.retryAfterSeconds ?? 1) * 1000);
        reply = await api.request({ method, path, body, timeoutMs: CALL_LIMIT_MS });
      }
      if (reply.status < 300) return reply.body;
      throw new Error(
        `${method} ${path} was answered ${reply.status}: ${JSON.stringify(reply.body ?? "").slice(0, 500)}`,
      );
    },
    async *watch(path, version, signal) {
      let since = version;
      while (!signal.aborted) {
        const query = { watch: "true", resourceVersion: since };
        const stream = await api.stream({ method: "GET", path, query, timeoutMs: CALL_LIMIT_MS }, signal);
        if (stream.status !== 200) throw new Error(`the watch of ${path} was answered ${stream.status}`);
        for await (const batch of readEvents(stream.chunks)) {
          since = resourceVersionOf(batch.at(-1)?.object) ?? since;
          yield batch;
        }
      }
    },
    close: () => api.close(),
  };
}
