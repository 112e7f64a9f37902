/** What can be set: each setting with its flag, its words for --help, and how its text is read. */
import type { Defaults } from "../api/defaults.ts";
import type { HttpVersion } from "../port/connector.ts";
import type { Address } from "../serve/listener.ts";
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from "../serve/log.ts";
import {
  parseAddress,
  parseNamespace,
  parseNamespaces,
  parseObjectName,
  parseOneOf,
  parseSeconds,
  parseSwitch,
  parseText,
  type Parsed,
} from "./parse.ts";

/** Everything that can be set, checked and frozen. */
export interface Config {
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly installCrds: boolean;
  readonly crdFolder: string | undefined;
  /** Write events about attempts that ended. */
  readonly events: boolean;
  readonly metricsAddress: Address;
  /** undefined: at metricsAddress alone. */
  readonly healthAddress: Address | undefined;
  /** undefined: no TLS, no token. */
  readonly metricsTlsFolder: string | undefined;
  /** Work only while holding a Lease, for there may be other replicas. */
  readonly leaderElection: boolean;
  /** Where it is; set when leaderElection is. */
  readonly leaseNamespace: string | undefined;
  readonly leaseName: string;
  readonly leaseDurationMs: number;
  readonly httpVersion: HttpVersion;
  readonly logLevel: LogLevel;
  /** auto: text on a terminal, JSON elsewhere. */
  readonly logFormat: LogFormat | "auto";
  /** What TaskRuns get that do not say it themselves; only a file can hold it. */
  readonly defaults: Defaults;
}

export interface Setting<T> {
  readonly flag: string;
  readonly value: string;
  readonly help: string;
  readonly initial: T;
  readonly shown: string;
  readonly parse: (text: string) => Parsed<T>;
  /** As a flag without a value it stands for "true". */
  readonly isSwitch?: true;
}

/** What a flag can say. */
export type FlagConfig = Omit<Config, "defaults">;
export type Settings = { readonly [K in keyof FlagConfig]: Setting<FlagConfig[K]> };

/**
 * In a shorter time a pause of the garbage collector or a slow answer would cost the lease; a longer one is no help to
 * anybody who waits for a dead replica.
 */
const LEASE_SECONDS = { min: 3, max: 120 };

/** Every flag there is, in the order of --help. */
export const settings: Settings = {
  namespaces: {
    flag: "namespaces",
    value: "a,b",
    help: "Namespaces to work in. Empty: all.",
    initial: [],
    shown: "all",
    parse: parseNamespaces,
  },
  kubeconfig: {
    flag: "kubeconfig",
    value: "file",
    help: "Cluster to work on.",
    initial: undefined,
    shown: "$KUBECONFIG, ~/.kube/config, or the pod's service account",
    parse: parseText,
  },
  context: {
    flag: "context",
    value: "name",
    help: "Context of the kubeconfig.",
    initial: undefined,
    shown: "its current context",
    parse: parseText,
  },
  installCrds: {
    flag: "install-crds",
    value: "true|false",
    help: "Create and update the custom resource definitions at start.",
    initial: false,
    shown: "false",
    parse: parseSwitch,
    isSwitch: true,
  },
  crdFolder: {
    flag: "crd-folder",
    value: "folder",
    help: "Where their files are.",
    initial: undefined,
    shown: "crds/ beside the program",
    parse: parseText,
  },
  events: {
    flag: "events",
    value: "true|false",
    help: "Write an event when an attempt ends, for kubectl describe.",
    initial: true,
    shown: "true",
    parse: parseSwitch,
    isSwitch: true,
  },
  metricsAddress: {
    flag: "metrics-address",
    value: "host:port",
    help: "Where /metrics, /healthz and /readyz are served. Port 0: any free one.",
    initial: { host: "127.0.0.1", port: 8080 },
    shown: "127.0.0.1:8080",
    parse: parseAddress,
  },
  healthAddress: {
    flag: "health-address",
    value: "host:port",
    help: "Where /healthz and /readyz are served, too, without TLS.",
    initial: undefined,
    shown: "at --metrics-address only",
    parse: parseAddress,
  },
  metricsTlsFolder: {
    flag: "metrics-tls-folder",
    value: "folder",
    help: "Of tls.crt and tls.key: metrics by TLS, for those with a token.",
    initial: undefined,
    shown: "neither",
    parse: parseText,
  },
  leaderElection: {
    flag: "leader-election",
    value: "true|false",
    help: "For several replicas: work only while holding a Lease.",
    initial: false,
    shown: "false",
    parse: parseSwitch,
    isSwitch: true,
  },
  leaseNamespace: {
    flag: "lease-namespace",
    value: "name",
    help: "Where the Lease is.",
    initial: undefined,
    shown: "the pod's own",
    parse: parseNamespace,
  },
  leaseName: {
    flag: "lease-name",
    value: "name",
    help: "What it is called.",
    initial: "stint",
    shown: "stint",
    parse: parseObjectName,
  },
  leaseDurationMs: {
    flag: "lease-duration",
    value: "seconds",
    help: "How long after a replica fell silent another takes over.",
    initial: 15_000,
    shown: "15s",
    parse: (text) => parseSeconds(text, LEASE_SECONDS),
  },
  httpVersion: {
    flag: "http-version",
    value: "auto|1.1",
    help: "HTTP to the API server. auto: HTTP/2 where the server can.",
    initial: "auto",
    shown: "auto",
    parse: (text) => parseOneOf(text, ["auto", "1.1"]),
  },
  logLevel: {
    flag: "log-level",
    value: LOG_LEVELS.join("|"),
    help: "The least important lines to log.",
    initial: "info",
    shown: "info",
    parse: (text) => parseOneOf(text, LOG_LEVELS),
  },
  logFormat: {
    flag: "log-format",
    value: "json|text|auto",
    help: "auto: text on a terminal, else JSON.",
    initial: "auto",
    shown: "auto",
    parse: (text) => parseOneOf(text, [...LOG_FORMATS, "auto"]),
  },
};
