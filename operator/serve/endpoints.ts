/** What is served where: /healthz and /readyz for the kubelet, /metrics for Prometheus. */
import type { IncomingMessage } from "node:http";
import type { ApiPort, Clock, Log } from "../api/port.ts";
import { followKeyPair, readKeyPair } from "./certificate.ts";
import { healthAnswer, type Vitals } from "./health.ts";
import { listen, type Address, type KeyPair, type Listener, type Reply } from "./listener.ts";
import { Scrapers } from "./scrapers.ts";

export interface EndpointOptions {
  /** /metrics, and /healthz and /readyz too. */
  readonly metricsAddress: Address;
  /** /healthz and /readyz alone, always without TLS: a kubelet has no token, and what they say is no secret. */
  readonly healthAddress: Address | undefined;
  /** tls.crt and tls.key. Given: TLS at metricsAddress, and a token for /metrics. */
  readonly metricsTlsFolder: string | undefined;
  readonly vitals: Vitals;
  /** To ask who a token belongs to. */
  readonly api: ApiPort;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Endpoints {
  readonly metricsUrl: string;
  readonly healthUrl: string | undefined;
  close(): Promise<void>;
}

/** A probe of a kubelet sends its request at once, and gives up after a few seconds. */
const PROBE_TIMEOUT_MS = 3_000;
/** As long as a scrape takes at most by Prometheus' defaults; a handshake comes on top. */
const SCRAPE_TIMEOUT_MS = 10_000;

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);

/** Begins to serve. @throws with the name of the flag when an address or a certificate is of no use */
export async function serveEndpoints(options: EndpointOptions): Promise<Endpoints> {
  const { metricsAddress, healthAddress, metricsTlsFolder, log } = options;
  const keyPair = metricsTlsFolder === undefined ? undefined : readKeyPair(metricsTlsFolder);
  const metrics = await serveMetrics(options, keyPair);
  const health = healthAddress && (await serveHealth(healthAddress, options));
  const stop =
    metricsTlsFolder === undefined || keyPair === undefined
      ? undefined
      : followKeyPair(metricsTlsFolder, keyPair, { ...options, use: (next) => metrics.renew(next) });
  if (keyPair === undefined && !LOOPBACK.has(metricsAddress.host)) {
    const cure =
      "--metrics-tls-folder asks for a token; --metrics-address=127.0.0.1:8080 serves them to this machine only";
    log.warn("whoever reaches this address may read the metrics", { metrics: metrics.url, cure });
  }
  return {
    metricsUrl: metrics.url,
    healthUrl: health?.url,
    close: async () => {
      stop?.();
      await Promise.all([metrics.close(), health?.close()]);
    },
  };
}

function serveMetrics(options: EndpointOptions, keyPair: KeyPair | undefined): Promise<Listener> {
  const { vitals } = options;
  const scrapers = keyPair === undefined ? undefined : new Scrapers(options);
  const answer = async (path: string, request: IncomingMessage): Promise<Reply> => {
    const health = healthAnswer(path, vitals);
    if (health !== undefined) return health;
    if (path !== "/metrics") return { status: 404, text: "not found: try /healthz, /readyz or /metrics\n" };
    const refusal = await scrapers?.refusal(request.headers.authorization);
    return refusal ?? { status: 200, text: await vitals.scrape(), contentType: vitals.contentType };
  };
  const flag = "--metrics-address";
  return listen(options.metricsAddress, {
    flag,
    answer,
    log: options.log,
    callerTimeoutMs: SCRAPE_TIMEOUT_MS,
    ...(keyPair && { keyPair }),
  });
}

function serveHealth(at: Address, { vitals, log }: EndpointOptions): Promise<Listener> {
  const nothing: Reply = { status: 404, text: "not found: try /healthz or /readyz\n" };
  const answer = (path: string): Promise<Reply> => Promise.resolve(healthAnswer(path, vitals) ?? nothing);
  return listen(at, { flag: "--health-address", answer, log, callerTimeoutMs: PROBE_TIMEOUT_MS, oneRequest: true });
}
