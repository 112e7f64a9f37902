import { describe, expect, it } from "vitest";
import { helpText, readConfig, type Config, type Surroundings } from "./config.ts";

describe("precedence", () => {
  const file = { "s.yaml": "logLevel: debug\nnamespaces: [a, b]\n" };

  it.each<[string, string[], Record<string, string>, Config["logLevel"]]>([
    ["a flag beats all", ["--config=s.yaml", "--log-level=error"], { STINT_LOG_LEVEL: "warn" }, "error"],
    ["a variable beats the file", ["--config=s.yaml"], { STINT_LOG_LEVEL: "warn" }, "warn"],
    ["the file beats the default", [], { STINT_CONFIG: "s.yaml" }, "debug"],
    ["the default is left", [], { STINT_LOG_LEVEL: "" }, "info"],
  ])("%s", (_name, argv, env, want) => {
    expect(configOf({ argv, env }, file).logLevel).toBe(want);
  });
});

describe("values", () => {
  it.each<[string, string[], Partial<Config>]>([
    ["nothing", [], { namespaces: [], installCrds: false, logFormat: "auto" }],
    ["a list", ["--namespaces=a, b,a"], { namespaces: ["a", "b"] }],
    ["a value as a word of its own", ["--namespaces", "a"], { namespaces: ["a"] }],
    ["a switch", ["--install-crds", "--log-level=warn"], { installCrds: true, logLevel: "warn" }],
    ["a switch turned off", ["--install-crds=false"], { installCrds: false }],
    ["an address", ["--metrics-address=0.0.0.0:0"], { metricsAddress: { host: "0.0.0.0", port: 0 } }],
    ["a span", ["--lease-duration=30s"], { leaseDurationMs: 30_000 }],
    ["a span without its unit", ["--lease-duration=4"], { leaseDurationMs: 4_000 }],
    [
      "where the Lease is",
      ["--leader-election", "--lease-namespace=a", "--lease-name=b.c"],
      { leaderElection: true, leaseNamespace: "a", leaseName: "b.c", leaseDurationMs: 15_000 },
    ],
    ["a bare port", ["--metrics-address=:9"], { metricsAddress: { host: "", port: 9 } }],
    ["an IPv6 address", ["--metrics-address=[::1]:9"], { metricsAddress: { host: "::1", port: 9 } }],
    ["an address for health", ["--health-address=:8081"], { healthAddress: { host: "", port: 8081 } }],
    ["no address for health", [], { healthAddress: undefined, metricsTlsFolder: undefined }],
    ["a folder", ["--metrics-tls-folder=/etc/stint/tls"], { metricsTlsFolder: "/etc/stint/tls" }],
    ["a path with =", ["--kubeconfig=/a=b"], { kubeconfig: "/a=b" }],
  ])("reads %s", (_name, argv, want) => {
    expect(configOf({ argv })).toMatchObject(want);
  });

  it("take the namespace of the pod for that of the Lease", () => {
    const file = { "/var/run/secrets/kubernetes.io/serviceaccount/namespace": "stint-system\n" };

    expect(configOf({ argv: ["--leader-election"] }, file).leaseNamespace).toBe("stint-system");
    expect(configOf({ argv: ["--leader-election", "--lease-namespace=a"] }, file).leaseNamespace).toBe("a");
    expect(configOf({}, file).leaseNamespace).toBeUndefined();
  });

  it("reads lists, numbers and switches from a file", () => {
    const file = { f: "namespaces: [a, b]\nhttpVersion: 1.1\ninstallCrds: true\nmetricsAddress: '127.0.0.1:1'\n" };
    const want = { namespaces: ["a", "b"], httpVersion: "1.1", installCrds: true };

    expect(configOf({ argv: ["--config=f"] }, file)).toMatchObject(want);
  });

  it.each(["", "# nothing yet\n"])("takes an empty file for no settings: %j", (f) => {
    expect(configOf({ argv: ["--config=f"] }, { f }).logLevel).toBe("info");
  });

  it("passes over what Kubernetes sets for a Service named stint-metrics", () => {
    const env = {
      STINT_METRICS_PORT: "tcp://1.2.3.4:80",
      STINT_METRICS_SERVICE_HOST: "1.2.3.4",
      STINT_METRICS_PORT_80_TCP: "",
    };

    expect(configOf({ env }).logLevel).toBe("info");
  });

  it("reads the defaults of TaskRuns from a file, and only from there", () => {
    const f = "logLevel: warn\ndefaults:\n  retry: {limit: 2}\n  podRetention: Never\n";

    expect(configOf({ argv: ["--config=f"] }, { f })).toMatchObject({
      logLevel: "warn",
      defaults: { retry: { limit: 2 }, podRetention: "Never" },
    });
    expect(configOf({}).defaults).toEqual({});
    expect(problemsOf({ argv: ["--defaults=x"] })).toEqual([expect.stringContaining("no such flag")]);
  });

  it("are frozen", () => {
    expect(Object.isFrozen(configOf({}))).toBe(true);
  });
});

describe("problems", () => {
  it.each<[string, string[], RegExp]>([
    ["an unknown flag", ["--namespace=a"], /^--namespace=a: there is no such flag; did you mean --namespaces\?$/],
    ["a flag like no other", ["--zzzzzzzzz"], /^--zzzzzzzzz: there is no such flag$/],
    ["a stray word", ["run"], /^run: there is no such flag$/],
    ["a flag without its value", ["--log-level"], /^--log-level needs a value$/],
    ["a wrong level", ["--log-level=loud"], /^--log-level: "loud" is wrong: choose one of debug, info, warn, error$/],
    ["a wrong namespace", ["--namespaces=a,B_"], /^--namespaces: "a,B_" is wrong: "B_" cannot be a namespace/],
    ["a wrong port", ["--metrics-address=h:70000"], /give host:port/],
    ["a wrong switch", ["--install-crds=maybe"], /choose one of true, false/],
    ["an empty switch", ["--install-crds="], /^--install-crds: "" is wrong: choose one of true, false$/],
    ["a short span", ["--lease-duration=2s"], /^--lease-duration: "2s" is wrong: give whole seconds from 3s to 120s$/],
    ["a span in other words", ["--lease-duration=1m"], /give whole seconds/],
    [
      "no place for the Lease",
      ["--leader-election"],
      /^--leader-election: .* say where the Lease is with --lease-namespace$/,
    ],
    ["a place that is none", ["--lease-namespace=a,b"], /give the name of one namespace/],
    ["a name that is none", ["--lease-name=A"], /give lower-case letters, digits, dashes and dots/],
    ["an empty context", ["--context="], /must not be empty/],
    ["a missing file", ["--config=none"], /^none: cannot be read: ENOENT none$/],
  ])("name %s", (_name, argv, want) => {
    expect(problemsOf({ argv })).toEqual([expect.stringMatching(want)]);
  });

  it.each([
    ["logLvel: debug", /^f: logLvel: there is no such key; did you mean logLevel\?$/],
    ["logLevel: loud", /^f: logLevel: "loud" is wrong: choose one of/],
    ['installCrds: ""', /^f: installCrds: "" is wrong: choose one of true, false$/],
    ["default: {}", /^f: default: there is no such key; did you mean defaults\?$/],
    ["defaults: {retry: {limit: x}}", /^f: defaults\.retry\.limit: must be a whole number from 0 to 100, is "x"$/],
    ["namespaces: {a: b}", /^f: namespaces: must be one value or a list of values$/],
    ["just text", /^f: must hold keys and values/],
    ["a: [", /^f: cannot be read/],
  ])("name the key of the file: %s", (file, want) => {
    expect(problemsOf({ argv: ["--config=f"] }, { f: file })).toEqual([expect.stringMatching(want)]);
  });

  it("are all reported at once, wherever they are", () => {
    const wrong = { argv: ["--log-level=loud", "--bogus", "--config=f"], env: { STINT_LOG_FORMT: "json" } };
    const got = problemsOf(wrong, { f: "httpVersion: 3\n" });

    expect(got).toHaveLength(4);
    expect(got).toContain("STINT_LOG_FORMT: there is no such variable; did you mean STINT_LOG_FORMAT?");
  });
});

it("prints help and version whatever else is wrong", () => {
  expect(readConfig(around({ argv: ["--bogus", "-h"] }))).toEqual({ kind: "print", text: helpText() });
  expect(readConfig(around({ argv: ["--version"] }))).toEqual({ kind: "print", text: "stint 1.2.3\n" });
  const text = "stint 1.2.3\ncommit abc\nnode v24.0.0\n";
  expect(readConfig(around({ argv: ["version"] }))).toEqual({ kind: "print", text });
});

it("keeps the lines of the help short enough to read", () => {
  for (const line of helpText().split("\n")) expect(line.length).toBeLessThanOrEqual(130);
});

function around(differing: Partial<Surroundings>, files: Record<string, string> = {}): Surroundings {
  const readFile = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT ${path}`);
    return text;
  };
  return { argv: [], env: {}, build: { version: "1.2.3", commit: "abc", node: "v24.0.0" }, readFile, ...differing };
}

function configOf(differing: Partial<Surroundings>, files: Record<string, string> = {}): Config {
  const got = readConfig(around(differing, files));
  if (got.kind !== "run") throw new Error(JSON.stringify(got));
  return got.config;
}

function problemsOf(differing: Partial<Surroundings>, files: Record<string, string> = {}): readonly string[] {
  const got = readConfig(around(differing, files));
  return got.kind === "wrong" ? got.problems : [];
}
