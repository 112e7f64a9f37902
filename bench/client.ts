/** The bench's own way to the API server: the cheapest we have, so that the loader takes as little as it can from what it measures. */
import { KubeConfig } from "@kubernetes/client-node";
import { systemClock } from "../operator/port/clock.ts";
import { kubeCredentials } from "../operator/port/credentials.ts";
import { httpApi } from "../operator/port/http.ts";
import { settingsOf } from "../operator/port/kubeconfig.ts";
import { readEvents, type WatchEvent } from "../operator/watch/stream.ts";

const CALL_LIMIT_MS = 60_000;

export type Method = "GET" | "POST" | "PUT" | "DELETE";

export interface BenchClient {
  /** A call that must succeed. */
  call(method: Method, path: string, body?: unknown): Promise<unknown>;
  /** Events from a version on. */
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
  const api = httpApi({ server, credentials, clock, http: "auto", userAgent: "stint-bench" });
  return {
    async call(method, path, body) {
      const reply = await api.request({ method, path, body, timeoutMs: CALL_LIMIT_MS });
      if (reply.status < 300) return reply.body;
      throw new Error(
        `${method} ${path} was answered ${reply.status}: ${JSON.stringify(reply.body ?? "").slice(0, 500)}`,
      );
    },
    async *watch(path, version, signal) {
      const query = { watch: "true", resourceVersion: version, timeoutSeconds: "1800" };
      const stream = await api.stream({ method: "GET", path, query, timeoutMs: CALL_LIMIT_MS }, signal);
      if (stream.status !== 200) throw new Error(`the watch of ${path} was answered ${stream.status}`);
      yield* readEvents(stream.chunks);
    },
    close: () => api.close(),
  };
}
