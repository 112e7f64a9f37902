/** The chart: what it renders is what manifests/ say, every value does something the server takes, and bad values are told. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Schema, valuesOf } from "../manifests/generate/values.ts";
import { CHART, Helm, type Manifest, parseManifests } from "./support/helm.ts";
import { Kubectl } from "./support/kubectl.ts";
import { Room } from "./support/room.ts";

const MANIFESTS = join(import.meta.dirname, "../manifests");
const NAMESPACE = "stint-system";

/** Each overlay of kustomize, and the values of the chart that stand for it. */
const OVERLAYS = {
  cluster: {},
  namespace: { watch: { scope: "OwnNamespace" } },
  namespaces: { watch: { scope: "List", namespaces: ["default"] } },
} as const;

const METRICS = { metrics: { serve: "TLS" } };

/** What can be added to them: folders of manifests/, and the values that stand for them. */
const ADDITIONS = {
  metrics: { resources: [], components: ["metrics"], values: METRICS },
  admission: { resources: ["admission"], components: [], values: { admissionPolicy: { enabled: true } } },
  network: { resources: ["network"], components: [], values: { networkPolicy: { enabled: true } } },
  monitoring: {
    resources: ["monitoring"],
    components: ["metrics"],
    values: { ...METRICS, monitoring: { serviceMonitor: true, prometheusRule: true, dashboard: true } },
  },
} as const;

/** A second release, with all that touches what is cluster-wide. */
const SECOND = {
  ...METRICS,
  shared: { create: false },
  crds: { install: false },
  admissionPolicy: { enabled: true },
  watch: { scope: "OwnNamespace" },
} as const;

const DIGEST = `sha256:${"a".repeat(64)}`;

/** Values that are not the defaults: together they set every one. The server is asked about all that they render. */
const VARIANTS: Readonly<Record<string, object>> = {
  "the defaults": {},
  "its own namespace, one replica": {
    watch: { scope: "OwnNamespace" },
    replicas: 1,
    leaderElection: { enabled: false },
    shared: { create: false },
    crds: { install: false },
  },
  "a list of namespaces, a file of settings": {
    watch: { scope: "List", namespaces: ["default", "kube-public"] },
    leaderElection: { leaseDuration: "30s" },
    config: { logLevel: "debug", events: false, defaults: { retry: { limit: 2 }, ttlSecondsAfterFinished: 600 } },
    podDisruptionBudget: { enabled: false },
    priorityClassName: "",
    crds: { keep: false },
  },
  "all that is off by default": {
    image: {
      repository: "registry.example/team/stint",
      tag: "1.2.3",
      digest: DIGEST,
      pullPolicy: "Always",
      pullSecrets: ["login"],
    },
    metrics: { serve: "TLS", tlsSecret: "own-tls" },
    admissionPolicy: { enabled: true, otherNamespaces: ["team-b", "team-c"] },
    networkPolicy: { enabled: true },
    monitoring: { labels: { release: "prometheus" }, podMonitor: true, prometheusRule: true, dashboard: true },
    resources: { requests: { cpu: "1" } },
    nodeSelector: { "kubernetes.io/os": "linux" },
    tolerations: [{ key: "control-plane", operator: "Exists" }],
    affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    podLabels: { team: "a" },
    podAnnotations: { note: "b" },
    hostNetwork: true,
    ports: { health: 9081, metrics: 9443, localMetrics: 9080 },
    env: [{ name: "NODE_OPTIONS", value: "--max-old-space-size=400" }],
    crds: { install: false },
  },
  "a ServiceMonitor": { ...METRICS, monitoring: { serviceMonitor: true }, crds: { install: false } },
};

/** Values that are refused, each with the words that say why. */
const REFUSED: readonly (readonly [object, RegExp])[] = [
  [{ replica: 3 }, /additional properties 'replica' not allowed/],
  [{ image: { tags: "1" } }, /at '\/image': additional properties 'tags' not allowed/],
  [{ replicas: "two" }, /at '\/replicas': got string, want integer/],
  [{ watch: { scope: "Cluster" } }, /at '\/watch\/scope': value must be one of 'All', 'OwnNamespace', 'List'/],
  [{ watch: { scope: "List", namespaces: ["Team_A"] } }, /at '\/watch\/namespaces\/0'/],
  [{ watch: { scope: "List" } }, /watch\.namespaces is empty: name the namespaces/],
  [{ watch: { namespaces: ["a"] } }, /watch\.namespaces is set, but watch\.scope is All/],
  [{ leaderElection: { enabled: false } }, /replicas is 2, but leaderElection\.enabled is false/],
  ...["2s", "121s", "1m"].map((leaseDuration): readonly [object, RegExp] => [
    { leaderElection: { leaseDuration } },
    /at '\/leaderElection\/leaseDuration': '.*' does not match pattern/,
  ]),
  [{ monitoring: { serviceMonitor: true } }, /need metrics\.serve TLS/],
  [{ ...METRICS, monitoring: { serviceMonitor: true, podMonitor: true } }, /count everything twice/],
  [{ ports: { health: 80 } }, /at '\/ports\/health': minimum/],
  [{ config: { logLevels: "debug" } }, /at '\/config': additional properties 'logLevels' not allowed/],
];

let folder = "";
let helm: Helm;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stint-chart-"));
  helm = await Helm.open(folder);
});

afterAll(() => rm(folder, { recursive: true }));

describe("the chart gives the objects of kustomize, one by one", () => {
  it.for(Object.entries(OVERLAYS))("overlays/%s", async ([overlay, values]) => {
    const want = [...(await kustomized("../crds")), ...(await kustomized(`overlays/${overlay}`))];

    expect(comparable(await helm.objects(NAMESPACE, values))).toEqual(comparable(want));
  });

  it.for(Object.entries(ADDITIONS))("%s", async ([, { resources, components, values }]) => {
    const want = [
      ...(await kustomized("../crds")),
      ...(await kustomizedWith(["overlays/cluster", ...resources], { components })),
    ];

    expect(comparable(await helm.objects(NAMESPACE, values))).toEqual(comparable(want));
  });

  it("in another namespace, with manifests/elsewhere", async () => {
    const namespace = "team-a";
    const added = ["network", "monitoring", "admission"];
    const more = { components: ["metrics"], transformers: ["elsewhere"], namespace };
    const want = [...(await kustomized("../crds")), ...(await kustomizedWith(["overlays/namespace", ...added], more))];
    const { values } = ADDITIONS.monitoring;
    const enabled = { enabled: true };
    const options = {
      ...values,
      watch: { scope: "OwnNamespace" },
      networkPolicy: enabled,
      admissionPolicy: enabled,
    };
    const got = await helm.objects(namespace, options);

    // Overlay and component add to the Deployment's arguments in another order; the tests above compare it with each of them.
    const others = (all: readonly Manifest[]): readonly Manifest[] => all.filter(({ kind }) => kind !== "Deployment");

    expect(comparable(others(got))).toEqual(comparable(others(want)));
    expect(JSON.stringify(want)).not.toContain(NAMESPACE);
  });

  it("and install.yaml those of manifests/kustomization.yaml", async () => {
    const written = parseManifests(await readFile(join(MANIFESTS, "install.yaml"), "utf8"));

    expect(keyed(written)).toEqual(keyed(await kustomized(".")));
  });
});

describe("values of the chart", () => {
  it("are all set by the variants of this test", async () => {
    const schema = JSON.parse(await readFile(join(CHART, "values.schema.json"), "utf8")) as Schema;
    const never = valuesOf(schema)
      .map(({ path }) => path)
      .filter((path) => Object.values(VARIANTS).every((values) => at(values, path) === undefined));

    expect(never).toEqual([]);
  });

  it.for(Object.entries(VARIANTS))("render what the API server takes: %s", async ([, values], test) => {
    const room = await Room.open(test);
    const objects = await helm.objects(room.namespace, values);
    const known = objects.filter(({ apiVersion }) => !apiVersion.startsWith("monitoring.coreos.com/"));
    for (const [namespace, items] of Map.groupBy(known, ({ metadata }) => metadata.namespace ?? room.namespace)) {
      const kubectl = new Kubectl(room.access, namespace);
      const dryRun = ["apply", "--dry-run=server", "--server-side", "--force-conflicts", "-f", "-"];
      const said = await kubectl.run(dryRun, { input: { apiVersion: "v1", kind: "List", items } });
      expect(said.trim().split("\n")).toHaveLength(items.length);
    }
    // Whatever the namespace, nothing speaks of the one that kustomize installs into.
    expect(objects.filter((object) => JSON.stringify(object).includes(NAMESPACE))).toEqual([]);
    expect(await helm.run(["lint", "--strict", CHART], values)).toContain("0 chart(s) failed");
  });

  it("let the operators of all releases pass the policies, and nobody else", async () => {
    const values = { admissionPolicy: { enabled: true, otherNamespaces: ["team-b", "team-c"] } };
    const policies = (await helm.objects("team-a", values)).filter(({ kind }) => kind === "ValidatingAdmissionPolicy");
    const passing = policies.map((policy) => /username in [^\]]*\]/.exec(JSON.stringify(policy))?.[0]);
    const account = (namespace: string): string => `'system:serviceaccount:${namespace}:stint'`;

    expect(passing).toHaveLength(4);
    expect(new Set(passing)).toEqual(
      new Set([`username in [${account("team-a")}, ${account("team-b")}, ${account("team-c")}]`]),
    );
  });

  it("name the Secret of the certificate wherever it is named", async () => {
    const values = { metrics: { serve: "TLS", tlsSecret: "own-tls" }, monitoring: { serviceMonitor: true } };
    const text = JSON.stringify(await helm.objects("a", values));

    expect(text.match(/own-tls/g)).toHaveLength(2);
    expect(text).not.toContain("stint-metrics-tls");
  });

  it("give a second release objects beside those of the first, and its own account", async () => {
    const first = await helm.objects("one", { ...METRICS, admissionPolicy: { enabled: true } });
    const second = await helm.objects("two", SECOND);
    const wide = second.filter(({ metadata }) => metadata.namespace === undefined);
    const all = keyed([...first, ...second]);
    const roles = [...JSON.stringify(second).matchAll(/"kind":"ClusterRole","name":"([^"]+)"/g)];

    expect(wide.map(({ kind, metadata: { name } }) => `${kind} ${name}`).toSorted()).toEqual([
      "ClusterRole stint-metrics-auth-two",
      "ClusterRole stint-metrics-reader-two",
      "ClusterRoleBinding stint-metrics-auth-two",
      "FlowSchema stint-lease-two",
      "FlowSchema stint-two",
    ]);
    expect(roles.map(([, name = ""]) => name).toSorted()).toEqual(["stint", "stint-metrics-auth-two"]);
    for (const [, name = ""] of roles) expect(all).toHaveProperty([`ClusterRole  ${name}`]);
    const ofAccounts = JSON.stringify(wide).match(/"name":"stint","namespace":"two"/g);
    expect(ofAccounts).toHaveLength(3);
  });

  it.for([
    [["a", "own"], "own"],
    [["a", "b"], "a"],
  ] as const)("say where helm test runs its task: of %o in %s", async ([namespaces, want]) => {
    const args = ["template", "stint", CHART, "--namespace", "own", "--show-only", "templates/tests/check.yaml"];

    expect(await helm.run(args, { watch: { scope: "List", namespaces } })).toMatch(
      new RegExp(`name: CHECK_NAMESPACE\n +value: ${want}\n`),
    );
  });

  it.for(REFUSED)("are refused: %o", async ([values, words]) => {
    expect(await helm.refused(["template", "stint", CHART], values)).toMatch(words);
  });
});

describe("the samples for metrics", () => {
  const sampleOf = async (name: string): Promise<readonly Manifest[]> =>
    parseManifests(await readFile(join(MANIFESTS, "metrics/samples", name), "utf8"));

  it("make the token that the PodMonitor takes", async () => {
    const { values } = ADDITIONS.metrics;
    const monitor = (await helm.objects(NAMESPACE, { ...values, monitoring: { podMonitor: true } })).find(
      ({ kind }) => kind === "PodMonitor",
    );
    const input = { apiVersion: "v1", kind: "List", items: await sampleOf("scraper.yaml") };
    const dryRun = ["apply", "--dry-run=client", "--validate=strict", "-o", "name", "-f", "-"];
    const said = await new Kubectl(inject("cluster"), NAMESPACE).run(dryRun, { input });

    expect(said.trim().split("\n")).toHaveLength(3);
    expect(said).toContain("secret/stint-metrics-scraper\n");
    expect(monitor).toMatchObject({
      spec: { podMetricsEndpoints: [{ authorization: { credentials: { name: "stint-metrics-scraper" } } }] },
    });
  });

  it("make a certificate for the name the monitors expect", async () => {
    const monitors = [...(await kustomized("monitoring"))].filter(({ kind }) => kind === "ServiceMonitor");
    const [, certificate] = await sampleOf("certificate.yaml");

    expect(certificate).toMatchObject({
      spec: { secretName: "stint-metrics-tls", dnsNames: ["stint-metrics.stint-system.svc"] },
    });
    const tlsConfig = {
      serverName: "stint-metrics.stint-system.svc",
      ca: { secret: { name: "stint-metrics-tls", key: "ca.crt" } },
    };
    expect(monitors).toMatchObject([{ spec: { endpoints: [{ tlsConfig }] } }]);
  });
});

/** The value at a path such as image.tag. */
function at(values: object, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => (Object(value) as Record<string, unknown>)[name], values);
}

/** What `kubectl apply -k` applies. */
async function kustomized(path: string): Promise<readonly Manifest[]> {
  return parseManifests(await new Kubectl(inject("cluster")).run(["kustomize", join(MANIFESTS, path)]));
}

interface Added {
  readonly components: readonly string[];
  readonly transformers?: readonly string[];
  readonly namespace?: string;
}

/** The same of a kustomization.yaml of one's own, of several folders of manifests/. */
async function kustomizedWith(resources: readonly string[], added: Added): Promise<readonly Manifest[]> {
  const work = await mkdtemp(join(folder, "kustomize-"));
  const place = (path: string): string => relative(work, join(MANIFESTS, path));
  const { components, transformers = [], namespace } = added;
  const folders = { resources: resources.map(place), components: components.map(place) };
  const content = { ...folders, transformers: transformers.map(place), namespace };
  await writeFile(join(work, "kustomization.yaml"), JSON.stringify(content));
  return parseManifests(await new Kubectl(inject("cluster")).run(["kustomize", work]));
}

/** By kind, namespace and name, without the namespace itself (Helm's user names it) and without Helm's own marks. */
function comparable(objects: readonly Manifest[]): Readonly<Record<string, unknown>> {
  return keyed(objects.filter(({ kind }) => kind !== "Namespace").map(bare));
}

function bare(object: Manifest): Manifest {
  const { labels = {}, annotations = {}, ...metadata } = object.metadata;
  const own = Object.entries(labels).filter(([name]) => !HELMS_LABELS.has(name));
  const kept = Object.entries(annotations).filter(([name]) => name !== "helm.sh/resource-policy");
  const rest = kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) };
  return { ...object, metadata: { ...metadata, labels: Object.fromEntries(own), ...rest } };
}

const HELMS_LABELS: ReadonlySet<string> = new Set([
  "app.kubernetes.io/instance",
  "app.kubernetes.io/version",
  "app.kubernetes.io/managed-by",
  "helm.sh/chart",
]);

function keyed(objects: readonly Manifest[]): Readonly<Record<string, unknown>> {
  const entries = objects.map((object) => [
    [object.kind, object.metadata.namespace, object.metadata.name].join(" "),
    object,
  ]);
  expect(new Set(entries.map(([key]) => key)).size).toBe(objects.length);
  return Object.fromEntries(entries) as Record<string, unknown>;
}
