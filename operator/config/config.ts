import { loadAll } from "js-yaml";
import { NO_DEFAULTS } from "../api/defaults.ts";
import type { Defaults } from "../api/defaults.ts";
import { readDefaults } from "./defaults.ts";
import { settings, type Config, type FlagConfig } from "./settings.ts";
import { suggest } from "./suggest.ts";

export type { Config } from "./settings.ts";

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

/** The key of the file that no flag has. */
const DEFAULTS_KEY = "defaults";

const HELP_COLUMN_CHARS = 32;

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
    ...pickLease(pick, around.readFile, problems),
    httpVersion: pick("httpVersion"),
    logLevel: pick("logLevel"),
    logFormat: pick("logFormat"),
    defaults: file.defaults,
  };
  return problems.length > 0 ? { kind: "wrong", problems } : { kind: "run", config: Object.freeze(config) };
}

/** Where a pod finds the name of its namespace. */
const POD_NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

type PickSetting = <K extends keyof FlagConfig>(key: K) => FlagConfig[K];
type LeaseConfig = Pick<Config, "leaderElection" | "leaseNamespace" | "leaseName" | "leaseDurationMs">;

function pickLease(pick: PickSetting, readFile: Surroundings["readFile"], problems: string[]): LeaseConfig {
  const leaderElection = pick("leaderElection");
  let leaseNamespace = pick("leaseNamespace");
  if (leaderElection && leaseNamespace === undefined) {
    try {
      leaseNamespace = readFile(POD_NAMESPACE_FILE).trim();
    } catch {
      problems.push(
        "--leader-election: this is no pod with a namespace of its own: say where the Lease is with --lease-namespace",
      );
    }
  }
  return { leaderElection, leaseNamespace, leaseName: pick("leaseName"), leaseDurationMs: pick("leaseDurationMs") };
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
