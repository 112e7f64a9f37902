/** Composition root: settings -> log -> cluster -> port -> core -> endpoints, then run until a signal. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Log, Port } from "./api/port.ts";
import { readConfig, type Config } from "./config/config.ts";
import { startCore } from "./controller/core.ts";
import { lead } from "./lead/lead.ts";
import { StintOperator, type LifecycleOptions } from "./lifecycle.ts";
import { systemClock } from "./port/clock.ts";
import { livenessWithin } from "./port/connector.ts";
import { kubeCredentials } from "./port/credentials.ts";
import { httpApi, type HttpApi } from "./port/http.ts";
import { loadCluster, type ClusterSettings } from "./port/kubeconfig.ts";
import { serveEndpoints, type Endpoints } from "./serve/endpoints.ts";
import { makeLog } from "./serve/log.ts";
import { makeMetrics } from "./serve/metrics.ts";
import { BUILD } from "./version.ts";

/** Kubernetes waits 30 s; calls under way end within their time, and a person at a terminal wants to go on. */
const STOP_LIMIT_MS = 4_500;

/** Of the lease time: there must be time for another connection before the lease is over. */
const LEASE_SILENCE_SHARE = 1 / 5;

/** With the name of the pod, and in one namespace, no two processes draw the same. */
const IDENTITY_CHANCE_CHARS = 8;

const { version } = BUILD;

// Not awaited: a bundle in CommonJS, which holds its source text in half the memory, knows no top-level await.
main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});

async function main(): Promise<void> {
  const { argv, env, stdout, stderr } = process;
  const wish = readConfig({ argv: argv.slice(2), env, build: BUILD, readFile: (path) => readFileSync(path, "utf8") });
  if (wish.kind === "print") {
    stdout.write(wish.text);
    return;
  }
  if (wish.kind === "wrong") {
    stderr.write(`${wish.problems.join("\n")}\n--help lists what can be set\n`);
    process.exitCode = 2;
    return;
  }
  const log = logFor(wish.config);
  endOnBug(log);
  try {
    await run(wish.config, log);
  } catch (error) {
    cannotStart(log, error);
  }
}

function cannotStart(log: Log, error: unknown): never {
  log.error("cannot start", { cause: error instanceof Error ? error.message : String(error) });
  process.exit(1);
}

async function run(config: Config, log: Log): Promise<void> {
  // The base class of the operator and credential plugins look there, too.
  if (config.kubeconfig !== undefined) process.env["KUBECONFIG"] = config.kubeconfig;
  const load = (): ClusterSettings => loadCluster(config.context, process.env["KUBECONFIG"]);
  const { cluster } = load();
  const clock = systemClock();
  const credentials = kubeCredentials(load, clock, log);
  const { server } = cluster;
  // Among several replicas the API server's audit log tells by it who wrote what.
  const identity = `${hostname()}_${randomUUID().slice(0, IDENTITY_CHANCE_CHARS)}`;
  const userAgent = config.leaderElection ? `stint/${version} (${identity})` : `stint/${version}`;
  const http = { server, credentials, clock, http: config.httpVersion, userAgent };
  const api = httpApi(http);
  const metrics = makeMetrics({ build: BUILD, watches: () => operator.watches() });
  const port: Port = { clock, random: Math.random, api, log, meter: metrics.meter };
  const leaseApi = httpApi({ ...http, liveness: livenessWithin(config.leaseDurationMs * LEASE_SILENCE_SHARE) });
  const operator: StintOperator = new StintOperator({
    port,
    version,
    // Beside the program both in the source tree and in the image, where the bundle lies in dist/.
    crdFolder: config.crdFolder ?? join(import.meta.dirname, "../crds"),
    installCrds: config.installCrds,
    begin: (door) =>
      startCore(door, {
        namespaces: config.namespaces,
        defaults: config.defaults,
        events: config.events,
        takesOver: config.leaderElection,
      }),
    onFailed: (error) => cannotStart(log, error),
    ...leading(config, { port, leaseApi, identity }),
  });
  const endpoints = await serveEndpoints({
    ...config,
    vitals: {
      notReady: () => operator.notReady(),
      standing: () => operator.standing(),
      stuck: () => operator.stuck(),
      watches: () => operator.watches(),
      scrape: () => metrics.scrape(),
      contentType: metrics.contentType,
    },
    api,
    clock,
    log,
  });
  log.info("stint starts", {
    version,
    cluster: new URL(server).host,
    namespaces: config.namespaces.join(",") || "all",
    http: config.httpVersion,
    metrics: endpoints.metricsUrl,
    health: endpoints.healthUrl,
  });
  if (cluster.skipTLSVerify) log.warn("the certificate of the API server is not checked", { cluster: cluster.name });
  endOnSignal({ operator, endpoints, apis: [api, leaseApi], log });
  await operator.start();
}

interface Seeking {
  readonly port: Port;
  readonly leaseApi: HttpApi;
  readonly identity: string;
}

/** How the lease is waited for, if there is to be one. Its loss ends the process: nothing half done may go on. */
function leading(config: Config, { port, leaseApi, identity }: Seeking): Pick<LifecycleOptions, "lead"> {
  const { leaderElection, leaseNamespace: namespace, leaseName: name, leaseDurationMs } = config;
  if (!leaderElection || namespace === undefined) return {};
  const options = { namespace, name, identity, leaseDurationMs };
  return { lead: (begin) => lead({ port, leaseApi, options, begin, onLost: () => process.exit(1) }) };
}

interface Running {
  readonly operator: StintOperator;
  readonly endpoints: Endpoints;
  readonly apis: readonly HttpApi[];
  readonly log: Log;
}

/** The first signal ends in order, the second at once. */
function endOnSignal(running: Running): void {
  let stopping = false;
  const end = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    running.log.info("stint stops", { signal });
    stopInOrder(running).then(
      () => process.exit(0),
      (error: unknown) => {
        running.log.error("stopping failed", { cause: String(error) });
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
}

async function stopInOrder({ operator, endpoints, apis, log }: Running): Promise<void> {
  const late = setTimeout(() => {
    log.warn("calls are still under way; leaving all the same");
    process.exit(0);
  }, STOP_LIMIT_MS);
  operator.stop();
  await operator.stopped();
  await Promise.all([endpoints.close(), ...apis.map(async (api) => await api.close())]);
  clearTimeout(late);
  log.info("stint stopped");
}

/** A bug may have left anything half done in memory. All that counts is in the cluster: a restart reads it afresh. */
function endOnBug(log: Log): void {
  const end = (error: unknown): void => {
    const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.error("bug: the process ends to start afresh", { cause });
    process.exit(1);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}

function logFor(config: Config): Log {
  const format = config.logFormat === "auto" ? (process.stderr.isTTY ? "text" : "json") : config.logFormat;
  const write = (line: string): void => void process.stderr.write(line);
  return makeLog({ level: config.logLevel, format, write, now: () => Date.now() });
}
