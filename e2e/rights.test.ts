/** What the operator may do: all it needs, nothing it does not use, read from manifests/ and from the audit log. */
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load, loadAll } from "js-yaml";
import { describe, expect, inject, it, type TestContext } from "vitest";
import { selfSigned } from "../operator/testing/selfsigned.ts";
import { auditBytes, auditEntries } from "./cluster/audit.ts";
import { Flows, type WorkflowRun } from "./support/flows.ts";
import { OPERATORS, shippedObjects } from "./support/identity.ts";
import { Kubectl } from "./support/kubectl.ts";
import { Middleman } from "./support/middleman.ts";
import { reasonOf, simulated, taskRunsPath, type List, type Metadata, type TaskRun } from "./support/objects.ts";
import type { Operator } from "./support/operator.ts";
import { boundTo, rightsOf, rightUsed, STINT, type Bound } from "./support/rights.ts";
import { namespacesAreGone, needs, Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";
import { BAD, FOREVER, sim } from "./support/simulatedflows.ts";
import { poll, until, untilAll } from "./support/waiting.ts";

/** Installations that work in some namespaces only. */
const NAMESPACED = ["overlays/namespace", "overlays/namespaces"];

/** To ask who a token belongs to takes a right of the whole cluster; only who wants metrics by TLS grants it. */
const METRICS = "stint-metrics-auth";

const ACCOUNTS: ReadonlySet<string> = new Set(
  [OPERATORS, STINT].map(({ name, namespace }) => `system:serviceaccount:${namespace}:${name}`),
);

describe("the rights of manifests/", () => {
  it("are all that the operator needs, and it uses every one", async (test) => {
    const { dir } = needs(test, "own cluster", "simulated nodes");
    await namespacesAreGone();
    const room = await Room.open(test);
    const start = await auditBytes(dir);
    const kubeconfig = join(dir, "config", "middleman.kubeconfig");
    const middleman = await Middleman.start(inject("operatorKubeconfig"), kubeconfig, ["pods"]);
    test.onTestFinished(() => middleman.close());
    const election = ["--leader-election", `--lease-namespace=${room.namespace}`];
    const operator = await operatorForTest(test, election, kubeconfig).ready();
    const standby = await operatorForTest(test, [...election, ...(await tlsFlags(test))]).ready();
    await runTaskRuns(room);
    await runWorkflows(room);
    await readMetricsByTls(room, standby);
    const owners = await ownersThatWait(room);
    expect(await operator.metric("stint_api_requests_total", { code: "403" })).toBe(0);
    expect(operator.log.filter(({ level }) => level === "error")).toEqual([]);
    // A watch is in the log once it has ended.
    await standby.stop();
    await operator.stop();

    const used = await rightsUsed(dir, start);
    const bound = boundTo(await shippedObjects(room.kubectl), STINT);
    const granted = bound.flatMap(({ rules }) => rightsOf(rules));
    // Of these a plugin of the server asks, and no request tells of it.
    for (const owner of owners) used.add(`update stint.dev/${owner}/finalizers`);
    expect([...used].toSorted()).toEqual(granted.toSorted());
  });

  it("have been enough in every test so far", async (test) => {
    const { dir } = needs(test, "own cluster");
    const bound = boundTo(await shippedObjects(new Kubectl(inject("cluster"))), STINT);
    const granted = new Set(bound.flatMap(({ rules }) => rightsOf(rules)));
    const asked = [...(await rightsUsed(dir, 0))];

    expect(asked.filter((right) => !granted.has(right))).toEqual([]);
  });

  it("are needed for owners that wait for what they own, where the server looks at that", async (test) => {
    needs(test, "own cluster");
    const room = await Room.open(test);
    await room.kubectl.run(["create", "role", "pods", "--verb=create,delete", "--resource=pods"]);
    await room.kubectl.run(["create", "rolebinding", "pods", "--role=pods", "--user=poor"]);
    const { metadata } = await room.create("task", { template: simulated({}), suspend: true });
    const owner = { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", name: "task", uid: metadata.uid };
    const ownerReferences = [{ ...owner, controller: true, blockOwnerDeletion: true }];
    const containers = [{ name: "main", image: "x" }];
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "pod", ownerReferences }, spec: { containers } };
    const said = await room.kubectl.refused(["create", "-f", "-", "--as=poor"], { input: pod });

    expect(said).toContain("cannot set blockOwnerDeletion");
  });
});

describe.each(["", ...NAMESPACED])("the installation of manifests/%s", (folder) => {
  it("grants no wildcard, no secret, no way into pods, no change of rights", async (test) => {
    needs(test, "own cluster");
    const bound = boundTo(await shippedObjects(new Kubectl(inject("cluster")), folder), STINT);
    const rules = bound.flatMap((one) => one.rules);
    const words = rules.flatMap((rule) => [rule.verbs, rule.apiGroups, rule.resources, rule.nonResourceURLs].flat());

    expect(rules.length).toBeGreaterThan(0);
    expect(words.filter((word) => word?.includes("*"))).toEqual([]);
    expect(rightsOf(rules).filter((right) => SENSITIVE.test(right))).toEqual([]);
  });
});

it.for(NAMESPACED)("the installation of manifests/%s grants nothing beyond its namespaces", async (folder, test) => {
  needs(test, "own cluster");
  const bound = boundTo(await shippedObjects(new Kubectl(inject("cluster")), folder), STINT);

  expect(bound.length).toBeGreaterThan(0);
  expect(bound.filter(({ role, namespace }) => namespace === undefined && role !== METRICS)).toEqual([]);
  expect(bound.flatMap(clusterScoped)).toEqual([]);
});

it("the network policy speaks of the pods and ports of the deployment, and the server takes it", async (test) => {
  needs(test, "own cluster");
  const kubectl = new Kubectl(inject("cluster"), "stint-system");
  const file = join(import.meta.dirname, "../manifests/network/networkpolicy.yaml");
  const { spec } = load(await readFile(file, "utf8")) as NetworkPolicy;
  const metrics = loadAll(await readFile(join(file, "../../metrics/service.yaml"), "utf8")) as readonly Service[];
  const base = loadAll(await kubectl.run(["kustomize", join(file, "../..")])) as readonly Deployment[];
  const template = base.find(({ kind }) => kind === "Deployment")?.spec.template;
  const ports = template?.spec.containers[0]?.ports.map(({ name }) => name) ?? [];

  expect(template?.metadata.labels).toMatchObject(spec.podSelector.matchLabels);
  expect(spec.ingress.flatMap((rule) => rule.ports.map(({ port }) => port))).toEqual([
    ...ports,
    ...metrics.flatMap((service) => service.spec.ports.map(({ targetPort }) => targetPort)),
  ]);
  await kubectl.run(["create", "namespace", "stint-system"]).catch(() => undefined);
  expect(await kubectl.run(["apply", "--dry-run=server", "-f", file])).toContain("networkpolicy");
});

interface NetworkPolicy {
  readonly spec: {
    readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly ingress: readonly { readonly ports: readonly { readonly port: string }[] }[];
  };
}

interface Service {
  readonly spec: { readonly ports: readonly { readonly targetPort: string }[] };
}

interface Deployment {
  readonly kind: string;
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containers: readonly { readonly ports: readonly { readonly name: string }[] }[];
      };
    };
  };
}

/** What would make an operator that was taken over more than a nuisance. */
const SENSITIVE =
  /secrets|configmaps|serviceaccounts|pods\/|rbac|escalate|bind|impersonate|admissionregistration|customresourcedefinitions/;

/** A RoleBinding grants nothing of these: a role that lists them says more than it gives. */
function clusterScoped({ rules }: Bound): readonly string[] {
  return rightsOf(rules).filter((right) => / (?:nodes|namespaces|persistentvolumes|\/.*)$/.test(right));
}

/** A certificate of its own for the metrics, and health for those who have no token. */
async function tlsFlags(test: TestContext): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), "stint-tls-"));
  test.onTestFinished(() => rm(folder, { recursive: true }));
  const { cert, key } = selfSigned();
  await writeFile(join(folder, "tls.crt"), cert);
  await writeFile(join(folder, "tls.key"), key, { mode: 0o600 });
  return [`--metrics-tls-folder=${folder}`, "--health-address=127.0.0.1:0"];
}

/** As a Prometheus of the cluster does, with and without a token and the right. */
async function readMetricsByTls(room: Room, operator: Operator): Promise<void> {
  const url = `${String(operator.log.find(({ message }) => message === "stint starts")?.["metrics"])}/metrics`;
  await room.kubectl.run(["create", "serviceaccount", "prometheus"]);
  const token = (await room.kubectl.run(["create", "token", "prometheus"])).trim();
  const read = async (headers: Readonly<Record<string, string>>): Promise<number | undefined> => {
    // Who the certificate is from is not what is looked at here.
    const asked = request(url, { headers, rejectUnauthorized: false, agent: false });
    asked.end();
    const [reply] = (await once(asked, "response")) as [IncomingMessage];
    reply.resume();
    return reply.statusCode;
  };
  const authorization = `Bearer ${token}`;
  expect(await read({})).toBe(401);
  expect(await read({ authorization: "Bearer not-a-token" })).toBe(401);
  expect(await read({ authorization })).toBe(403);
  const account = `--serviceaccount=${room.namespace}:prometheus`;
  const reader = (await shippedObjects(room.kubectl)).find(({ metadata }) => metadata.name === "stint-metrics-reader");
  const name = `${room.namespace}-reader`;
  await room.kubectl.apply({ ...reader, metadata: { name } });
  await room.kubectl.run(["create", "clusterrolebinding", name, `--clusterrole=${name}`, account]);
  // A refusal is kept for ten seconds.
  await expect.poll(() => read({ authorization }), { timeout: 30_000, interval: 500 }).toBe(200);
  await room.kubectl.run(["delete", "clusterrole,clusterrolebinding", name]);
}

/** Whatever the answer was. */
async function rightsUsed(dir: string, start: number): Promise<Set<string>> {
  const used = new Set<string>();
  for await (const entry of auditEntries(dir, start)) {
    const right = ACCOUNTS.has(entry.user.username) ? rightUsed(entry) : undefined;
    if (right !== undefined) used.add(right);
  }
  return used;
}

/** The resources of the owners that cannot be deleted in the foreground before what they own. */
async function ownersThatWait({ client, namespace }: Room): Promise<ReadonlySet<string>> {
  const stint = `/apis/stint.dev/v1alpha1/namespaces/${namespace}`;
  const kinds = [
    `${stint}/taskruns`,
    `${stint}/workflowruns`,
    `/apis/apps/v1/namespaces/${namespace}/controllerrevisions`,
    `/api/v1/namespaces/${namespace}/pods`,
  ];
  const lists = await Promise.all(kinds.map((path) => client.call<List<{ readonly metadata: Metadata }>>("GET", path)));
  const references = lists.flatMap(({ items }) => items).flatMap(({ metadata }) => metadata.ownerReferences ?? []);
  const waiting = references.filter((reference) => Reflect.get(reference, "blockOwnerDeletion") === true);
  return new Set(waiting.map(({ kind }) => `${kind.toLowerCase()}s`));
}

/** A TaskRun of every kind of end; one of them with a template too long to be kept in memory. */
async function runTaskRuns(room: Room): Promise<void> {
  const annotations = { "sim.stint.dev/run-for": "50ms", long: "x".repeat(3000) };
  await room.create("good", { template: { ...simulated({}), metadata: { annotations } } });
  const retry = { limit: 1, backoff: { initialSeconds: 0 } };
  await room.create("again", { template: simulated({ "run-for": "50ms", "exit-code": "1" }), retry });
  await room.create("short", { template: simulated({ "run-for": "50ms" }), ttlSecondsAfterFinished: 0 });
  await room.create("late", { template: simulated({ "run-for": "forever" }), activeDeadlineSeconds: 1 });
  await room.create("stopped", { template: simulated({ "run-for": "forever" }) });
  await room.running("stopped");
  await room.patch("stopped", { cancel: true });
  const ends = await Promise.all(["good", "again", "late", "stopped"].map((name) => room.over(name)));

  expect(ends.map(reasonOf)).toEqual(["Succeeded", "RetriesExhausted", "DeadlineExceeded", "Cancelled"]);
  await untilAll<TaskRun>(room.client, taskRunsPath(room.namespace), (all) => !all.has("short"), {
    what: "the TaskRun with no time to live to go",
  });
}

/** Everything that is done to what workflows make: made, adopted, suspended, cancelled, retried, removed. */
async function runWorkflows(room: Room): Promise<void> {
  const flows = new Flows(room);
  const sub = { name: "sub", workflowRef: { name: "inner" } };
  await flows.create("inner", { run: "Manual", tasks: [sim("x", FOREVER)] });
  await flows.create("outer", { tasks: [sim("a", FOREVER), sub], history: { failed: 0 } });
  const { metadata } = await flows.runOf("outer");
  const { name } = metadata;
  await room.running(`${name}-sub-x`);
  await flows.patch(name, { suspend: true });
  await flows.see(name, ({ status }) => status.phase === "Suspended", { what: "phase Suspended" });
  await flows.patch(name, { suspend: false });
  await room.attemptRuns(`${name}-sub-x`, 2);
  await flows.patch(name, { cancel: true });
  await until<WorkflowRun>(room.client, { path: flows.runsPath, name }, (one) => one === undefined, {
    what: "the run that history does not keep to go",
  });
  await flows.create("failing", { run: "Manual", tasks: [sim("bad", BAD)] });
  await flows.start("failing", {}, "by-hand");
  await flows.over("by-hand");
  await flows.patch("by-hand", { retry: { id: "1" } });
  const { status } = await flows.over("by-hand", { round: 1 });

  expect(status.phase).toBe("Failed");
  await flows.edit("failing", { tasks: [sim("good")] });
  await flows.start("failing", {}, "again");
  expect((await flows.over("again")).status.phase).toBe("Succeeded");
  const before = await flows.revisions();
  await room.kubectl.run(["delete", "workflowrun", "by-hand"]);
  const gone = async (): Promise<true | undefined> =>
    (await flows.revisions()).length < before.length ? true : undefined;
  await poll(gone, { what: "the definition that no run works by to go" });
}
