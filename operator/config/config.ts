import { loadAll } from "js-yaml";
import { NO_DEFAULTS } from "../api/defaults.ts";
import type { Defaults } from "../api/defaults.ts";
import type { HttpVersion } from "../port/connector.ts";
import type { Address } from "../serve/listener.ts";
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from "../serve/log.ts";
import { readDefaults } from "./defaults.ts";
import { parseAddress, parseNamespaces, parseOneOf, parseSwitch, parseText, type Parsed } from "./parse.ts";
import { suggest } from "./suggest.ts";

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
  readonly httpVersion: HttpVersion;
  readonly logLevel: LogLevel;
  /** auto: text on a terminal, JSON elsewhere. */
  readonly logFormat: LogFormat | "auto";
  /** What TaskRuns get that do not say it themselves; only a file can hold it. */
  readonly defaults: Defaults;
}

/** What the command line asks for. */
export type Invocation =
  | { readonly kind: "run"; readonly config: Config }
  | { readonly kind: "print"; readonly text: string }
  | { readonly kind: "wrong"; readonly problems: readonly string[] };

/** The process's surroundings, handed in so that reading the settings stays a function of values. */
export interface Surroundings {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @throws when the file cannot be read */
  readonly readFile: (path: string) => string;
  readonly build: { readonly version: string; readonly commit: string; readonly node: string };
}

interface Setting<T> {
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
type FlagConfig = Omit<Config, "defaults">;
type Settings = { readonly [K in keyof FlagConfig]: Setting<FlagConfig[K]> };

/** The key of the file that no flag has. */
const DEFAULTS_KEY = "defaults";

const HELP_COLUMN_CHARS = 32;

const settings: Settings = {
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

/** Reads the settings; a flag beats a variable beats the file beats the default. Every problem is reported at once. */
export function readConfig(around: Surroundings): Invocation {
  const { argv, build } = around;
  if (argv.length === 1 && argv[0] === "version") return { kind: "print", text: versionText(build) };
  const flags = readFlags(argv);
  if (flags.values.has("help")) return { kind: "print", text: helpText() };
  if (flags.values.has("version")) return { kind: "print", text: `stint ${build.version}\n` };
  const env = readEnv(around.env);
  const path = flags.values.get("config")?.text ?? env.values.get("config")?.text;
  const file = path === undefined ? NO_FILE : readFileValues(path, around.readFile);
  const problems = [...flags.problems, ...env.problems, ...file.problems];
  const pick = <K extends keyof FlagConfig>(key: K): FlagConfig[K] => {
    const { flag, parse, initial } = settings[key];
    const given = flags.values.get(flag) ?? env.values.get(flag) ?? file.values.get(flag);
    if (given === undefined) return initial;
    const parsed = parse(given.text);
    if ("ok" in parsed) return parsed.ok;
    problems.push(`${given.source}: "${given.text}" is wrong: ${parsed.want}`);
    return initial;
  };
  const config: Config = {
    namespaces: pick("namespaces"),
    kubeconfig: pick("kubeconfig"),
    context: pick("context"),
    installCrds: pick("installCrds"),
    crdFolder: pick("crdFolder"),
    events: pick("events"),
    metricsAddress: pick("metricsAddress"),
    healthAddress: pick("healthAddress"),
    metricsTlsFolder: pick("metricsTlsFolder"),
    httpVersion: pick("httpVersion"),
    logLevel: pick("logLevel"),
    logFormat: pick("logFormat"),
    defaults: file.defaults,
  };
  return problems.length > 0 ? { kind: "wrong", problems } : { kind: "run", config: Object.freeze(config) };
}

/** What to put into a report of a fault. */
function versionText({ version, commit, node }: Surroundings["build"]): string {
  return `stint ${version}\ncommit ${commit}\nnode ${node}\n`;
}

/** The text of --help. */
export function helpText(): string {
  const rows = Object.values(settings).map(({ flag, value, help, shown, isSwitch }) => {
    return row(isSwitch && shown === "false" ? `--${flag}` : `--${flag}=<${value}>`, `${help} Default: ${shown}.`);
  });
  return [
    "Stint runs each TaskRun of a Kubernetes cluster in a fresh pod of its own.",
    "",
    "Usage: node dist/operator.cjs [flags]",
    "       node dist/operator.cjs version    print the version, the commit it was made from, and that of Node.js",
    "",
    ...rows,
    row("--config=<file>", "YAML file with any of the above as keys (logLevel: debug), and with defaults (below)."),
    row("--version", "Print the version."),
    row("--help", "Print this text."),
    "",
    "Each flag can also be given as a variable: STINT_LOG_LEVEL=debug stands for --log-level=debug.",
    "A flag beats a variable, a variable beats the file.",
    "",
    "The key defaults of the file holds what TaskRuns get that do not say it themselves: podTemplate, retry (limit,",
    "infrastructureLimit, backoff), activeDeadlineSeconds, attemptDeadlineSeconds, startDeadlineSeconds, podRetention,",
    "ttlSecondsAfterFinished; each as in the spec of a TaskRun (kubectl explain taskrun.spec), podTemplate as its template.",
    "",
  ].join("\n");
}

interface Given {
  readonly text: string;
  /** Where it was given, as the user would spell it. */
  readonly source: string;
}

/** By name of the flag. */
interface Values {
  readonly values: ReadonlyMap<string, Given>;
  readonly problems: readonly string[];
}

interface FileValues extends Values {
  readonly defaults: Defaults;
}

const NO_FILE: FileValues = { values: new Map(), problems: [], defaults: NO_DEFAULTS };

function readFlags(argv: readonly string[]): Values {
  const known = [...Object.values(settings).map(({ flag }) => flag), "config", "help", "version"];
  const switches = Object.values(settings).flatMap(({ flag, isSwitch }) => (isSwitch ? [flag] : []));
  const bare = new Set(["help", "version", ...switches]);
  const values = new Map<string, Given>();
  const problems: string[] = [];
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [, name = "", assigned] = /^--([^=]*)(?:=(.*))?$/s.exec(word === "-h" ? "--help" : word) ?? [];
    if (!known.includes(name)) {
      problems.push(`${word}: there is no such flag${suggest(name === "" ? word : name, known, "--")}`);
      continue;
    }
    const text = assigned ?? (bare.has(name) ? "true" : words.shift());
    if (text === undefined) problems.push(`--${name} needs a value`);
    else values.set(name, { text, source: `--${name}` });
  }
  return { values, problems };
}

function readEnv(env: Surroundings["env"]): Values {
  const flags = [...Object.values(settings).map(({ flag }) => flag), "config"];
  const byVariable = new Map(flags.map((flag) => [`STINT_${flag.toUpperCase().replaceAll("-", "_")}`, flag]));
  const values = new Map<string, Given>();
  const problems: string[] = [];
  for (const [name, text] of Object.entries(env)) {
    // Kubernetes itself sets STINT_..._SERVICE_HOST and the like in every pod beside a Service called stint-something.
    if (!name.startsWith("STINT_") || text === undefined || /_(?:SERVICE|PORT)(?:_|$)/.test(name)) continue;
    const flag = byVariable.get(name);
    if (flag === undefined) {
      problems.push(`${name}: there is no such variable${suggest(name, [...byVariable.keys()], "")}`);
    } else if (text !== "") values.set(flag, { text, source: name });
  }
  return { values, problems };
}

function readFileValues(path: string, readFile: (path: string) => string): FileValues {
  let content: unknown;
  try {
    // An empty file is a file without settings; load() would call it an error.
    content = loadAll(readFile(path))[0];
  } catch (error) {
    const cause = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    return { ...NO_FILE, problems: [`${path}: cannot be read: ${cause}`] };
  }
  if (content === undefined || content === null) return NO_FILE;
  if (typeof content !== "object" || Array.isArray(content)) {
    return { ...NO_FILE, problems: [`${path}: must hold keys and values, for instance logLevel: debug`] };
  }
  const values = new Map<string, Given>();
  const problems: string[] = [];
  const byKey = new Map<string, string>(Object.entries(settings).map(([key, { flag }]) => [key, flag]));
  for (const [key, value] of Object.entries(content)) {
    if (key === DEFAULTS_KEY) continue;
    const flag = byKey.get(key);
    const text = textOf(value);
    if (flag === undefined) {
      problems.push(`${path}: ${key}: there is no such key${suggest(key, [...byKey.keys(), DEFAULTS_KEY], "")}`);
    } else if (text === undefined) problems.push(`${path}: ${key}: must be one value or a list of values`);
    else values.set(flag, { text, source: `${path}: ${key}` });
  }
  const section: unknown = Reflect.get(content, DEFAULTS_KEY);
  return { values, problems, defaults: readDefaults(section, `${path}: ${DEFAULTS_KEY}`, problems) };
}

function textOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.every((one) => typeof one === "string") ? value.join(",") : undefined;
  return ["string", "number", "boolean"].includes(typeof value) ? String(value) : undefined;
}

function row(left: string, right: string): string {
  // A long flag has its text on a line of its own.
  const gap = left.length + 3 > HELP_COLUMN_CHARS ? `\n${" ".repeat(HELP_COLUMN_CHARS + 2)}` : "";
  return `  ${gap === "" ? left.padEnd(HELP_COLUMN_CHARS) : left}${gap}${right}`;
}
