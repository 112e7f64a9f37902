/** The operator as most users run it: a Deployment in the cluster, made of manifests/ as they are. */
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { freePorts } from "./cluster/ports.ts";
import { operatorWrites } from "./support/audit.ts";
import { Client } from "./support/client.ts";
import { serverOf } from "./support/credentials.ts";
import { Kubectl, parseTable } from "./support/kubectl.ts";
import { OBEDIENT, podsPath, shell, template, type Metadata, type Pod } from "./support/objects.ts";
import { sumOf, type LogLine } from "./support/operator.ts";
import { loadOperatorImage } from "./support/operatorimage.ts";
import { namespacesAreGone, needs, Room } from "./support/room.ts";
import { until, untilAll } from "./support/waiting.ts";

const MANIFESTS = join(import.meta.dirname, "../manifests");
const NAMESPACE = "stint-system";
const ACCOUNT = `system:serviceaccount:${NAMESPACE}:stint`;
const SELECTOR = "app.kubernetes.io/name=stint";
const POD_SECURITY = "pod-security.kubernetes.io/enforce";
/** A namespace goes when the last of its pods has stopped. */
const REMOVAL_LIMIT_MS = 300_000;
const SCRAPE_LIMIT_MS = 10_000;

/** The kinds of what manifests/ put outside of any namespace. */
const CLUSTER_SCOPED = [
  "namespaces",
  "clusterroles",
  "clusterrolebindings",
  "priorityclasses.scheduling.k8s.io",
  "flowschemas.flowcontrol.apiserver.k8s.io",
  "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
].join();

/** Questions for `kubectl auth can-i` with the answer no. */
const REFUSED = [
  ["get", "secrets"],
  ["list", "secrets"],
  ["get", "pods", "--subresource=log"],
  ["create", "pods", "--subresource=exec"],
  ["update", "pods"],
  ["patch", "pods"],
  ["update", "taskruns.stint.dev"],
  ["update", "workflowruns.stint.dev"],
  ["create", "workflows.stint.dev"],
  ["update", "workflows.stint.dev"],
  ["patch", "workflows.stint.dev"],
  ["delete", "workflows.stint.dev"],
  ["patch", "controllerrevisions.apps"],
  ["get", "configmaps"],
  ["create", "deployments.apps"],
  ["impersonate", "serviceaccounts"],
  ["*", "*"],
] as const;

/** Where the operator serves metrics and health. On the host's network they must be ports that nobody has. */
let port = 0;
let healthPort = 0;

/** The local cluster is ours and has containers; everything below is skipped without. */
function possible(): boolean {
  const { dir, realNodes } = inject("cluster");
  return dir !== undefined && realNodes;
}

beforeAll(async () => {
  const { dir } = inject("cluster");
  if (!possible() || dir === undefined) return;
  await namespacesAreGone();
  await loadOperatorImage(dir);
  await deploy(await manifests());
});

afterAll(async () => {
  if (possible()) await undeploy();
});

describe("applied as manifests/ say, the operator", () => {
  it("runs inside the cluster with its service account and the rights of the manifests alone", async (test) => {
    const { dir } = needs(test, "own cluster", "real nodes");
    test.onTestFailed(showLog);
    const room = await Room.open(test);
    await room.create("task", { template: template(shell(room.access.image, "echo done")) });

    expect((await room.over("task")).status.phase).toBe("Succeeded");
    expect(await room.kubectl.run(["logs", "--selector=stint.dev/taskrun=task"])).toContain("done");
    const writes = await operatorWrites(dir, room.namespace);
    expect(new Set(writes.map(({ user }) => user.username))).toEqual(new Set([ACCOUNT]));
    await expectNothingRefused();
  });

  it("may do what the README says and nothing else: no secrets, no logs, no commands in pods", async (test) => {
    needs(test, "own cluster", "real nodes");
    const room = await Room.open(test);

    expect(await rightsIn(room)).toEqual({
      "controllerrevisions.apps": ["create", "delete", "get", "list", "watch"],
      "events.events.k8s.io": ["create"],
      nodes: ["list", "watch"],
      pods: ["create", "delete", "get", "list", "watch"],
      podtemplates: ["list", "watch"],
      "taskruns.stint.dev": ["create", "delete", "get", "list", "patch", "watch"],
      // Lets it name a TaskRun as the owner of a pod; there is no such part of a TaskRun to write.
      "taskruns.stint.dev/finalizers": ["update"],
      "taskruns.stint.dev/status": ["update"],
      "workflowruns.stint.dev": ["create", "delete", "get", "list", "patch", "watch"],
      "workflowruns.stint.dev/finalizers": ["update"],
      "workflowruns.stint.dev/status": ["update"],
      "workflows.stint.dev": ["get", "list", "watch"],
      "workflows.stint.dev/finalizers": ["update"],
      "workflows.stint.dev/status": ["update"],
    });
    const answers: string[] = [];
    for (const question of REFUSED) {
      const { stdout } = await room.kubectl.attempt(["auth", "can-i", ...question, `--as=${ACCOUNT}`]);
      answers.push(`${question.join(" ")}: ${stdout.trim()}`);
    }
    expect(answers).toEqual(REFUSED.map((question) => `${question.join(" ")}: no`));
  });

  it("fits into a namespace with the strictest Pod Security level", async (test) => {
    needs(test, "own cluster", "real nodes");
    const room = await Room.open(test);
    await room.kubectl.run(["create", "serviceaccount", "stint"]);
    await room.kubectl.run(["label", "namespace", room.namespace, `${POD_SECURITY}=restricted`]);
    const deployment = (await manifests()).find(isDeployment);
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "stint" }, spec: deployment?.spec.template.spec };
    const dryRun = ["create", "--dry-run=server", "-f", "-"];

    expect(await room.kubectl.run(dryRun, { input: pod })).toContain("pod/stint created");
    const open = { ...pod, spec: { ...pod.spec, hostNetwork: true } };
    expect(await room.kubectl.refused(dryRun, { input: open })).toContain("PodSecurity");
  });

  it("is made anew when its pod is deleted, and the new one goes on with the work", async (test) => {
    needs(test, "own cluster", "real nodes");
    test.onTestFailed(showLog);
    const room = await Room.open(test);
    const [old] = await operatorPods(room.client);
    const goesOn = template(shell(room.access.image, "until [ -e /tmp/go ]; do sleep 0.2; done"));
    await room.create("across", { template: goesOn });
    const { status } = await room.running("across");
    await system().run(["delete", "pod", "--wait=false", old?.metadata.name ?? ""]);
    await room.create("meanwhile", { template: template(shell(room.access.image, "true")) });
    await untilAll<Pod>(room.client, operatorPath(), (pods) => !pods.has(old?.metadata.name ?? ""), {
      what: "the deleted pod of the operator to be gone",
    });
    await room.kubectl.run(["exec", status.podName ?? "", "--", "touch", "/tmp/go"]);

    expect((await room.over("meanwhile")).status.phase).toBe("Succeeded");
    expect((await room.over("across")).status).toMatchObject({ phase: "Succeeded", podName: status.podName });
    expect(await room.pods("across")).toHaveLength(1);
    await available();
    await expectNothingRefused();
  });

  it("can be removed at any time: make undeploy leaves TaskRuns, pods and definitions as they are", async (test) => {
    needs(test, "own cluster", "real nodes");
    const room = await Room.open(test);
    await room.create("left", { template: template(shell(room.access.image, OBEDIENT)) });
    const { metadata } = await room.running("left");
    const [pod] = await room.pods("left");
    await undeploy();

    expect(await room.kubectl.run(["get", CLUSTER_SCOPED, `--selector=${SELECTOR}`, "-o", "name"])).toBe("");
    expect(await room.taskRun("left")).toMatchObject({ metadata: { uid: metadata.uid }, status: { phase: "Running" } });
    const [still] = await room.pods("left");
    expect(still).toMatchObject({ metadata: { uid: pod?.metadata.uid }, status: { phase: "Running" } });
    // Nothing of the operator's holds back what its user deletes afterwards.
    await room.kubectl.run(["delete", "taskrun.stint.dev", "left", "--timeout=30s"]);
    await room.seePods((pods) => pods.size === 0, { what: "its pod to go with it" });
  });
});

it("applied as manifests/overlays/namespaces says, the operator serves the namespaces of its list and has rights there only", async (test) => {
  needs(test, "own cluster", "real nodes");
  test.onTestFailed(showLog);
  const [listed, other] = [await Room.open(test), await Room.open(test)];
  const objects = await manifests(join(MANIFESTS, "overlays/namespaces"));
  await undeploy();
  // The list of the manifests is "default": a namespace of this test takes its place in both files.
  for (const { metadata, ...binding } of objects.filter(servedNamespace)) {
    await listed.kubectl.apply({ ...binding, metadata: { ...metadata, namespace: listed.namespace } });
  }
  const rest = objects.filter((object) => !servedNamespace(object));
  await deploy(rest.map((object) => serving(object, listed.namespace)));
  const done = template(shell(listed.access.image, "true"));
  for (const room of [other, listed]) await room.create("task", { template: done });

  expect((await listed.over("task")).status.phase).toBe("Succeeded");
  expect((await other.taskRun("task")).status).toEqual({ phase: "Pending", observedGeneration: 0 });
  expect(Object.keys(await rightsIn(listed))).toContain("pods");
  expect(await rightsIn(other)).toEqual({});
  await undeploy();
});

/** The binding that gives it the namespace of the list; the other one is of its own. */
function servedNamespace({ kind, metadata }: Manifest): boolean {
  return kind === "RoleBinding" && metadata.name === "stint";
}

interface Manifest {
  readonly kind: string;
  readonly metadata: Pick<Metadata, "name" | "labels">;
}

interface Container {
  readonly args: readonly string[];
  readonly ports: readonly object[];
}

interface Deployment extends Manifest {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}

function isDeployment(object: Manifest): object is Deployment {
  return object.kind === "Deployment";
}

/** What `kubectl apply -k` applies. */
async function manifests(folder: string = MANIFESTS): Promise<readonly Manifest[]> {
  return loadAll(await system().run(["kustomize", folder])) as Manifest[];
}

/** Applies the objects, fitted to the local cluster, and waits until the operator works. */
async function deploy(objects: readonly Manifest[]): Promise<void> {
  const server = await serverOf(inject("cluster").kubeconfig);
  [port = 0, healthPort = 0] = await freePorts(2);
  const items = objects.map((object) => fitted(object, server.port));
  await system().apply({ apiVersion: "v1", kind: "List", items });
  await available();
}

/** The Deployment of manifests/overlays/namespaces with another namespace in its list. */
function serving(object: Manifest, namespace: string): Manifest {
  if (!isDeployment(object)) return object;
  const text = JSON.stringify(object);
  const inManifests = '"--namespaces=default"';
  expect(text).toContain(inManifests);
  return JSON.parse(text.replace(inManifests, `"--namespaces=${namespace}"`)) as Deployment;
}

/** Changes what the local cluster (e2e/cluster/README.md, Limits) needs changed, and leaves the rest as it is. */
function fitted(object: Manifest, serverPort: string): Manifest {
  // A pod on the host's network is refused by every level but this one.
  if (object.kind === "Namespace") return labelled(object, { [POD_SECURITY]: "privileged" });
  if (!isDeployment(object)) return object;
  const { spec } = object.spec.template;
  const containers = spec.containers.map((container) => ({
    ...container,
    args: container.args.map((arg) =>
      arg
        .replace(/^--metrics-address=.*$/, `--metrics-address=127.0.0.1:${port}`)
        .replace(/^--health-address=.*$/, `--health-address=:${healthPort}`),
    ),
    ports: [{ name: "health", containerPort: healthPort }],
    env: [
      { name: "KUBERNETES_SERVICE_HOST", value: "127.0.0.1" },
      { name: "KUBERNETES_SERVICE_PORT", value: serverPort },
    ],
  }));
  const pod = { ...object.spec.template, spec: { ...spec, hostNetwork: true, containers } };
  // Two on the one node would want the same ports.
  return {
    ...object,
    spec: { ...object.spec, replicas: 1, strategy: { type: "Recreate" }, template: pod },
  } as Deployment;
}

function labelled(object: Manifest, labels: Readonly<Record<string, string>>): Manifest {
  return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } } };
}

function system(): Kubectl {
  return new Kubectl(inject("cluster"), NAMESPACE);
}

interface DeploymentStatus {
  readonly metadata: Metadata;
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Waits until the probes of the manifests, and nothing else, have made the Deployment available. */
async function available(): Promise<void> {
  const client = new Client(inject("cluster").kubeconfig);
  const where = { path: `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, name: "stint" };
  const wanted = (seen: DeploymentStatus | undefined): boolean =>
    seen?.status.conditions?.some(({ type, status }) => type === "Available" && status === "True") === true;
  try {
    await until<DeploymentStatus>(client, where, wanted, { what: "Available" });
  } catch (error) {
    await showLog();
    throw error;
  }
}

/** `make undeploy` */
async function undeploy(): Promise<void> {
  const folder = join(MANIFESTS, "overlays/cluster");
  await system().run(["delete", "--ignore-not-found", "-k", folder], { limitMs: REMOVAL_LIMIT_MS });
}

function operatorPath(): string {
  return `${podsPath(NAMESPACE)}?labelSelector=${encodeURIComponent(SELECTOR)}`;
}

async function operatorPods(client: Client): Promise<readonly Pod[]> {
  const pods = await untilAll<Pod>(client, operatorPath(), (all) => all.size === 1, {
    what: "one pod of the operator",
  });
  return [...pods.values()];
}

/** The resources of Kubernetes and Stint that the account may use in a namespace, each with its sorted verbs. */
async function rightsIn(room: Room): Promise<Readonly<Record<string, readonly string[]>>> {
  const table = parseTable(await room.kubectl.run(["auth", "can-i", "--list", `--as=${ACCOUNT}`]));
  const rows = table.map((row) => [row["Resources"] ?? "", words(row["Verbs"]).toSorted()] as const);
  // Everybody may ask who they are and what they may do, and read the addresses without a resource.
  const own = rows.filter(
    ([resource]) => resource !== "" && !/\.(authorization|authentication)\.k8s\.io$/.test(resource),
  );
  return Object.fromEntries(own);
}

/** kubectl prints lists as `[get list]`. */
function words(list = ""): readonly string[] {
  return list.replaceAll(/[[\]]/g, "").split(" ");
}

async function operatorLog(): Promise<string> {
  return await system().run(["logs", `--selector=${SELECTOR}`, "--tail=-1"]);
}

async function showLog(): Promise<void> {
  console.error(`the operator's pod:\n${await system().run(["describe", "pods", `--selector=${SELECTOR}`])}`);
  console.error(`the operator's log:\n${(await system().attempt(["logs", `--selector=${SELECTOR}`])).stdout}`);
}

/** Neither its log nor its metrics know of a refusal. */
async function expectNothingRefused(): Promise<void> {
  const lines = (await operatorLog()).trimEnd().split("\n");
  const log = lines.map((line) => JSON.parse(line) as LogLine);
  expect(log[0]).toMatchObject({ message: "stint starts", namespaces: "all" });
  const complaints = log.filter(({ level }) => level !== "info" && level !== "debug");
  expect([...complaints, ...lines.filter((line) => /forbidden|unauthorized/i.test(line))]).toEqual([]);
  const signal = AbortSignal.timeout(SCRAPE_LIMIT_MS);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`, { signal })).text();
  expect(sumOf(metrics, "stint_api_requests_total", { verb: "update", resource: "taskruns" })).toBeGreaterThan(0);
  for (const code of ["401", "403"]) expect(sumOf(metrics, "stint_api_requests_total", { code })).toBe(0);
}
