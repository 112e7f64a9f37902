/** The chart on a cluster, from its installation to its end, and what becomes of work meanwhile. */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { freePorts } from "./cluster/ports.ts";
import { applyCrds } from "./support/crds.ts";
import { serverOf } from "./support/credentials.ts";
import { Flows } from "./support/flows.ts";
import { CHART, Helm } from "./support/helm.ts";
import { Kubectl } from "./support/kubectl.ts";
import { OBEDIENT, shell, template, type Template } from "./support/objects.ts";
import { loadOperatorImage } from "./support/operatorimage.ts";
import { namespacesAreGone, needs, Room } from "./support/room.ts";

const RELEASE = "stint";
const NAMESPACE = "helm-e2e";
const IN_NAMESPACE = ["--namespace", NAMESPACE];
/** A field of today's definition that the one of the earlier chart does not have. */
const NEW_FIELD = "podRetention";
const WRITTEN = `"${NEW_FIELD}":`;
/** What the configuration of the second version puts on every pod. */
const LABEL = { "example.com/team": "a" };
const EARLIER = "0.0.9";
const WAIT = ["--wait", "--timeout=180s"];
/** A namespace goes when the last of its pods has stopped. */
const REMOVAL_LIMIT_MS = 130_000;
/** What users make, and what the operator makes of it. */
const OURS = "workflows.stint.dev,workflowruns.stint.dev,taskruns.stint.dev,pods,controllerrevisions";

/** Every kind of which the chart could leave something behind. */
const KINDS = [
  "deployments,serviceaccounts,configmaps,services,roles,rolebindings,poddisruptionbudgets,pods,leases.coordination.k8s.io",
  "clusterroles,clusterrolebindings,priorityclasses,flowschemas,prioritylevelconfigurations",
  "networkpolicies,validatingadmissionpolicies,validatingadmissionpolicybindings,customresourcedefinitions",
].join(",");

let folder = "";
let helm: Helm;
let values: object = {};

beforeAll(async () => {
  const { dir, realNodes, kubeconfig } = inject("cluster");
  if (dir === undefined || !realNodes) return;
  folder = await mkdtemp(join(tmpdir(), "stint-helm-"));
  helm = await Helm.open(folder, kubeconfig);
  await loadOperatorImage(dir);
  await namespacesAreGone();
  values = await fitting(kubeconfig);
});

afterAll(async () => {
  if (folder === "") return;
  const kubectl = new Kubectl(inject("cluster"));
  await helm.attempt(["uninstall", RELEASE, ...IN_NAMESPACE, "--ignore-not-found"]);
  await kubectl.attempt(["delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false"]);
  // Whatever happened, the next test finds the definitions as they are.
  await applyCrds(kubectl);
  await rm(folder, { recursive: true });
});

/** What the local cluster needs: no pod network reaches its API server. And one replica: two would want the same ports. */
async function fitting(kubeconfig: string): Promise<object> {
  const server = await serverOf(kubeconfig);
  const [health = 0, localMetrics = 0] = await freePorts(2);
  return {
    image: { pullPolicy: "Never" },
    replicas: 1,
    // So that helm test shows that it passes it, too.
    admissionPolicy: { enabled: true },
    hostNetwork: true,
    ports: { health, localMetrics },
    env: [
      { name: "KUBERNETES_SERVICE_HOST", value: "127.0.0.1" },
      { name: "KUBERNETES_SERVICE_PORT", value: server.port },
    ],
  };
}

it("with Helm the operator is installed, tested, upgraded under running tasks, and removed but for its Lease and the data", async (test) => {
  needs(test, "own cluster", "real nodes");
  test.onTestFailed(showState);
  const room = await Room.open(test);
  const flows = new Flows(room);

  await install();
  expect(await definition()).not.toContain(WRITTEN);
  const { long, pod } = await beginWork(room, flows);
  await check();

  const config = { defaults: { podTemplate: { metadata: { labels: LABEL } } } };
  expect(await helm.run(["upgrade", RELEASE, CHART, ...IN_NAMESPACE, ...WAIT], { ...values, config })).toContain(
    "REVISION: 2",
  );
  expect(await definition()).toContain(WRITTEN);
  await room.create("after", { template: template(shell(room.access.image, "true")), podRetention: "Always" });
  expect((await room.over("after")).status.phase).toBe("Succeeded");
  expect((await room.pods("after")).map(({ metadata }) => metadata.labels)).toMatchObject([LABEL]);
  // The task that ran meanwhile goes on in its one pod.
  await room.kubectl.run(["exec", pod, "--", "touch", "/tmp/go"]);
  expect((await flows.over(long)).status.phase).toBe("Succeeded");
  const tasks = await flows.tasks(long);
  expect([...tasks.values()].map(({ status }) => status.attempt)).toEqual([1, 1]);
  expect(tasks.get("first")?.status.podName).toBe(pod);

  await uninstall(room);
});

/** Over definitions that are there, as after kubectl apply: the release takes them over. */
async function install(): Promise<void> {
  const takeOver = ["--take-ownership", "--force-conflicts"];
  const args = ["install", RELEASE, await earlierChart(), ...IN_NAMESPACE, "--create-namespace", ...takeOver, ...WAIT];
  const notes = await helm.run(args, values);

  expect(notes).toContain(`is installed in namespace ${NAMESPACE}`);
  expect(notes).toContain(`helm test ${RELEASE} --namespace ${NAMESPACE}`);
}

/** A chart of an earlier version, whose definition of a TaskRun lacks a field that today's has. */
async function earlierChart(): Promise<string> {
  const chart = join(folder, "earlier");
  await cp(CHART, chart, { recursive: true });
  await rewrite(join(chart, "Chart.yaml"), (text) => text.replace(/^version: .*$/m, `version: ${EARLIER}`));
  await rewrite(join(chart, "files/crds/taskruns.yaml"), (text) => {
    const crd = load(text) as Definition;
    for (const { schema } of crd.spec.versions) delete schema.openAPIV3Schema.properties.spec.properties[NEW_FIELD];
    return JSON.stringify(crd);
  });
  return chart;
}

interface Definition {
  readonly spec: {
    readonly versions: readonly {
      readonly schema: {
        readonly openAPIV3Schema: {
          readonly properties: { readonly spec: { readonly properties: Record<string, unknown> } };
        };
      };
    }[];
  };
}

async function rewrite(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, "utf8")));
}

/** A workflow that ends, and one whose first task goes on until it finds a file in its pod. */
async function beginWork(room: Room, flows: Flows): Promise<{ readonly long: string; readonly pod: string }> {
  const task = (script: string): Template => template(shell(room.access.image, script));
  const then = { name: "then", dependsOn: ["first"], template: task("true") };
  const first = { name: "first", template: task("until [ -e /tmp/go ]; do sleep 0.2; done") };
  const long = (await flows.begin("long", { tasks: [first, then] })).metadata.name;
  const short = await flows.through("short", { tasks: [{ name: "first", template: task("true") }, then] });

  expect(short.status.phase).toBe("Succeeded");
  const { status } = await room.running(`${long}-first`);
  return { long, pod: status.podName ?? "" };
}

/** `helm test` passes, says what it did, and what it took goes. */
async function check(): Promise<void> {
  const { code, stdout, stderr } = await helm.attempt(["test", RELEASE, ...IN_NAMESPACE, "--timeout=180s"]);

  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("Stint works") as string });
  expect(stdout).toMatch(/Phase: +Succeeded/);
  expect((await objectsOf(RELEASE)).filter((name) => name.includes("check"))).toEqual([]);
  expect(await system().run(["get", "taskruns.stint.dev", "-o", "name"])).toBe("");
}

/** Nothing of the release stays but the definitions and what users made, which nothing holds back from going. */
async function uninstall(room: Room): Promise<void> {
  await room.create("left", { template: template(shell(room.access.image, OBEDIENT)) });
  const { metadata } = await room.running("left");
  const said = await helm.run(["uninstall", RELEASE, ...IN_NAMESPACE, ...WAIT]);

  expect(said).toMatch(/kept due to the resource policy[^]*taskruns\.stint\.dev/);
  expect(await objectsOf(RELEASE)).toEqual(
    ["taskruns", "workflowruns", "workflows"].map(
      (name) => `customresourcedefinition.apiextensions.k8s.io/${name}.stint.dev`,
    ),
  );
  expect(await system().run(["get", "leases,deployments,services", "-o", "name"])).toBe(
    "lease.coordination.k8s.io/stint\n",
  );
  expect(await room.taskRun("left")).toMatchObject({ metadata: { uid: metadata.uid }, status: { phase: "Running" } });
  const finalizers = "jsonpath={.items[*].metadata.finalizers}";
  expect(await room.kubectl.run(["get", OURS, "-o", finalizers])).toBe("");
  for (const namespace of [room.namespace, NAMESPACE]) {
    await room.kubectl.run(["delete", "namespace", namespace, "--timeout=120s"], { limitMs: REMOVAL_LIMIT_MS });
  }
}

/** The names of all objects with the label of the release. */
async function objectsOf(release: string): Promise<readonly string[]> {
  const names = await system().run(["get", KINDS, `--selector=app.kubernetes.io/instance=${release}`, "-o", "name"]);
  return names.split("\n").filter((name) => name !== "");
}

async function definition(): Promise<string> {
  return await system().run(["get", "crd", "taskruns.stint.dev", "-o", "json"]);
}

function system(): Kubectl {
  return new Kubectl(inject("cluster"), NAMESPACE);
}

async function showState(): Promise<void> {
  for (const args of [
    ["get", "all", "-o", "wide"],
    ["describe", "pods"],
    ["logs", "deployment/stint", "--tail=50"],
  ]) {
    const { stdout, stderr } = await system().attempt(args);
    console.error(`kubectl ${args.join(" ")}:\n${stdout}${stderr}`);
  }
}
