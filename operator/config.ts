import { loadAll } from "js-yaml";
import type { HttpVersion } from "./port/connector.ts";
import type { Address } from "./serve/health.ts";
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from "./serve/log.ts";

/** Everything that can be set, checked and frozen. */
export interface Config {
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly installCrds: boolean;
  readonly crdFolder: string | undefined;
  readonly metricsAddress: Address;
  readonly httpVersion: HttpVersion;
  readonly logLevel: LogLevel;
  /** auto: text on a terminal, JSON elsewhere. */
  readonly logFormat: LogFormat | "auto";
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
  readonly version: string;
}

interface Setting<T> {
  readonly flag: string;
  readonly value: string;
  readonly help: string;
  readonly initial: T;
  readonly shown: string;
  /** The value, or what would be right. */
  readonly parse: (text: string) => { readonly ok: T } | { readonly want: string };
  /** As a flag without a value it stands for "true". */
  readonly isSwitch?: true;
}

type Settings = { readonly [K in keyof Config]: Setting<Config[K]> };

const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const HIGHEST_PORT = 65_535;
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
  metricsAddress: {
    flag: "metrics-address",
    value: "host:port",
    help: "Where /metrics, /healthz and /readyz are served. Port 0: any free one.",
    initial: { host: "127.0.0.1", port: 8080 },
    shown: "127.0.0.1:8080",
    parse: parseAddress,
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
  const flags = readFlags(around.argv);
  if (flags.values.has("help")) return { kind: "print", text: helpText() };
  if (flags.values.has("version")) return { kind: "print", text: `stint ${around.version}\n` };
  const env = readEnv(around.env);
  const path = flags.values.get("config")?.text ?? env.values.get("config")?.text;
  const file = path === undefined ? noValues() : readFileValues(path, around.readFile);
  const problems = [...flags.problems, ...env.problems, ...file.problems];
  const pick = <K extends keyof Config>(key: K): Config[K] => {
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
    metricsAddress: pick("metricsAddress"),
    httpVersion: pick("httpVersion"),
    logLevel: pick("logLevel"),
    logFormat: pick("logFormat"),
  };
  return problems.length > 0 ? { kind: "wrong", problems } : { kind: "run", config: Object.freeze(config) };
}

/** The text of --help. */
export function helpText(): string {
  const rows = Object.values(settings).map(({ flag, value, help, shown, isSwitch }) => {
    return row(isSwitch ? `--${flag}` : `--${flag}=<${value}>`, `${help} Default: ${shown}.`);
  });
  return [
    "Stint runs each TaskRun of a Kubernetes cluster in a fresh pod of its own.",
    "",
    "Usage: node dist/operator.cjs [flags]",
    "",
    ...rows,
    row("--config=<file>", "YAML file with any of the above as keys, for instance logLevel: debug."),
    row("--version", "Print the version."),
    row("--help", "Print this text."),
    "",
    "Each flag can also be given as a variable: STINT_LOG_LEVEL=debug stands for --log-level=debug.",
    "A flag beats a variable, a variable beats the file.",
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

function noValues(): Values {
  return { values: new Map(), problems: [] };
}

function readFlags(argv: readonly string[]): Values {
  const known = [...Object.values(settings).map(({ flag }) => flag), "config", "help", "version"];
  const bare = new Set(["help", "version", settings.installCrds.flag]);
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

function readFileValues(path: string, readFile: (path: string) => string): Values {
  const values = new Map<string, Given>();
  const problems: string[] = [];
  let content: unknown;
  try {
    // An empty file is a file without settings; load() would call it an error.
    content = loadAll(readFile(path))[0];
  } catch (error) {
    const cause = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    return { values, problems: [`${path}: cannot be read: ${cause}`] };
  }
  if (content === undefined || content === null) return { values, problems };
  if (typeof content !== "object" || Array.isArray(content)) {
    return { values, problems: [`${path}: must hold keys and values, for instance logLevel: debug`] };
  }
  const byKey = new Map<string, string>(Object.entries(settings).map(([key, { flag }]) => [key, flag]));
  for (const [key, value] of Object.entries(content)) {
    const flag = byKey.get(key);
    const text = textOf(value);
    if (flag === undefined)
      problems.push(`${path}: ${key}: there is no such key${suggest(key, [...byKey.keys()], "")}`);
    else if (text === undefined) problems.push(`${path}: ${key}: must be one value or a list of values`);
    else values.set(flag, { text, source: `${path}: ${key}` });
  }
  return { values, problems };
}

function textOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.every((one) => typeof one === "string") ? value.join(",") : undefined;
  return ["string", "number", "boolean"].includes(typeof value) ? String(value) : undefined;
}

function parseNamespaces(text: string): { ok: readonly string[] } | { want: string } {
  const names = text.split(",").map((name) => name.trim());
  if (text.trim() === "") return { ok: [] };
  const wrong = names.find((name) => !NAMESPACE.test(name));
  if (wrong !== undefined) return { want: `"${wrong}" cannot be a namespace; give names separated by commas` };
  return { ok: Object.freeze([...new Set(names)]) };
}

function parseAddress(text: string): { ok: Address } | { want: string } {
  const [, host, digits] = /^(\[[^\]]+\]|[^:]*):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (host === undefined || digits === undefined || port > HIGHEST_PORT) {
    return { want: "give host:port, for instance 127.0.0.1:8080, or :8080 for every address" };
  }
  return { ok: Object.freeze({ host: host.replace(/^\[|\]$/g, ""), port }) };
}

function parseText(text: string): { ok: string } | { want: string } {
  return text === "" ? { want: "must not be empty" } : { ok: text };
}

function parseSwitch(text: string): { ok: boolean } | { want: string } {
  const parsed = parseOneOf(text, ["true", "false"]);
  return "ok" in parsed ? { ok: parsed.ok === "true" } : parsed;
}

function parseOneOf<T extends string>(text: string, choices: readonly T[]): { ok: T } | { want: string } {
  const choice = choices.find((one) => one === text);
  return choice === undefined ? { want: `choose one of ${choices.join(", ")}` } : { ok: choice };
}

function row(left: string, right: string): string {
  // A long flag has its text on a line of its own.
  const gap = left.length + 3 > HELP_COLUMN_CHARS ? `\n${" ".repeat(HELP_COLUMN_CHARS + 2)}` : "";
  return `  ${gap === "" ? left.padEnd(HELP_COLUMN_CHARS) : left}${gap}${right}`;
}

function suggest(wrong: string, known: readonly string[], prefix: string): string {
  const near = known
    .map((name) => ({ name, edits: editDistance(wrong.toLowerCase(), name.toLowerCase()) }))
    .toSorted((a, b) => a.edits - b.edits)[0];
  // Half the word wrong is another word.
  if (near === undefined || near.edits > near.name.length / 2) return "";
  return `; did you mean ${prefix}${near.name}?`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let line = 1; line <= a.length; line++) {
    const current = [line];
    for (let column = 1; column <= b.length; column++) {
      const swap = (previous[column - 1] ?? 0) + (a[line - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(swap, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
