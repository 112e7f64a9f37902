/** The operator as most users run it: its image, and a Deployment made of manifests/ as they are. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { operatorWrites } from "./support/audit.ts";
import {
  Deployed,
  isDeployment,
  MANIFESTS,
  OPERATOR_NAMESPACE,
  OPERATOR_SELECTOR,
  POD_SECURITY,
  secondsToReady,
  type Applied,
  type Deployment,
  type OperatorPod,
} from "./support/deployed.ts";
import { Flows } from "./support/flows.ts";
import { parseTable } from "./support/kubectl.ts";
import { OBEDIENT, shell, template } from "./support/objects.ts";
import { sumOf, type LogLine } from "./support/operator.ts";
import { loadOperatorImage } from "./support/operatorimage.ts";
import { namespacesAreGone, needs, Room } from "./support/room.ts";

const ACCOUNT = `system:serviceaccount:${OPERATOR_NAMESPACE}:stint`;
/** Of every service account in that namespace. */
const ACCOUNT_GROUPS = [
  "system:serviceaccounts",
  `system:serviceaccounts:${OPERATOR_NAMESPACE}`,
  "system:authenticated",
];
/** The local cluster has one real node, and what is on the host's network needs a node each. */
const REPLICAS = 1;
/** The promise is 1.5 s on a quiet machine; tests share theirs with a whole cluster. */
const READY_LIMIT_SECONDS = 60;

/** The kinds of what manifests/ put outside of any namespace. */
const CLUSTER_SCOPED = [
  "namespaces",
  "clusterroles",
  "clusterrolebindings",
  "priorityclasses.scheduling.k8s.io",
  "flowschemas.flowcontrol.apiserver.k8s.io",
  "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
].join();

/** What the operator may not do: verb, resource with its group, subresource. */
const REFUSED = [
  ["get", "secrets"],
  ["list", "secrets"],
  ["get", "pods", "log"],
  ["create", "pods", "exec"],
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

/** What a pod of the operator must say for itself, whatever else there is. */
const LOCKED_DOWN = {
  securityContext: {
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    seccompProfile: { type: "RuntimeDefault" },
  },
  containers: [
    {
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      },
    },
  ],
};

/** Tells of the process it runs in what the kernel knows. */
const WHO = `
const fs = require("node:fs");
const status = fs.readFileSync("/proc/self/status", "utf8");
const line = (name) => new RegExp("^" + name + ":(.*)$", "m").exec(status)[1].trim();
const writable = ["/", "/tmp", "/stint", "/etc", "/usr/local/bin", "/var"].filter((folder) => {
  try { fs.writeFileSync(folder + "/probe", ""); return true; } catch { return false; }
});
console.log(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(), writable,
  capabilities: line("CapEff"), seccomp: line("Seccomp"), noNewPrivileges: line("NoNewPrivs") }));
`;

let operator: Deployed;

/** The local cluster is ours and has containers; everything below is skipped without. */
function possible(): boolean {
  const { dir, realNodes } = inject("cluster");
  return dir !== undefined && realNodes;
}

beforeAll(async () => {
  const { dir } = inject("cluster");
  if (!possible() || dir === undefined) return;
  await namespacesAreGone();
  operator = new Deployed(inject("cluster"));
  await loadOperatorImage(dir);
  await operator.apply(await operator.manifests(), REPLICAS);
});

afterAll(async () => {
  if (possible()) await operator.undeploy();
});

describe("applied as manifests/ say, the operator", () => {
  it("runs inside the cluster with its service account and the rights of the manifests alone", async (test) => {
    const { dir } = needs(test, "own cluster", "real nodes");
    test.onTestFailed(() => operator.show());
    const room = await Room.open(test);
    const done = template(shell(room.access.image, "echo done"));
    await room.create("task", { template: done });
    const flows = new Flows(room);
    const { metadata } = await flows.begin("two", {
      tasks: [
        { name: "one", template: done },
        { name: "then", dependsOn: ["one"], template: done },
      ],
    });

    expect((await room.over("task")).status.phase).toBe("Succeeded");
    expect(await room.kubectl.run(["logs", "--selector=stint.dev/taskrun=task"])).toContain("done");
    expect((await flows.over(metadata.name)).status.phase).toBe("Succeeded");
    expect(await flows.log(metadata.name, "then")).toContain("done");
    const writes = await operatorWrites(dir, room.namespace);
    expect(new Set(writes.map(({ user }) => user.username))).toEqual(new Set([ACCOUNT]));
    await expectNothingRefused();
  });

  it("is ready soon after its container starts, which runs as nobody, without a shell and with a root that nobody can write", async (test) => {
    needs(test, "own cluster", "real nodes");
    const pod = await onlyPod();
    const seconds = secondsToReady(pod);
    console.log(
      `the operator's container was ready ${seconds} s after its start (whole seconds, as its status has them)`,
    );

    expect(seconds).toBeLessThan(READY_LIMIT_SECONDS);
    expect(pod).toMatchObject({ spec: LOCKED_DOWN });
    const { stderr } = await operator.kubectl.attempt(["exec", pod.metadata.name, "--", "sh", "-c", "true"]);
    expect(stderr).toMatch(/"sh": executable file not found/);
    expect(await inContainer(pod, WHO)).toEqual({
      uid: 65532,
      gid: 65532,
      groups: [65532],
      // Of "/" and of every folder that programs like to write to.
      writable: [],
      capabilities: "0000000000000000",
      // Filtered.
      seccomp: "2",
      noNewPrivileges: "1",
    });
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
    expect(await Promise.all(REFUSED.map((question) => isAllowed(room, question)))).toEqual(REFUSED.map(() => false));
    // It would say so if it were.
    expect(await isAllowed(room, ["list", "pods"])).toBe(true);
  });

  it("fits into a namespace with the strictest Pod Security level", async (test) => {
    needs(test, "own cluster", "real nodes");
    const room = await Room.open(test);
    await room.kubectl.run(["create", "serviceaccount", "stint"]);
    await room.kubectl.run(["label", "namespace", room.namespace, `${POD_SECURITY}=restricted`]);
    const deployment = (await operator.manifests()).find(isDeployment);
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "stint" }, spec: deployment?.spec.template.spec };
    const dryRun = ["create", "--dry-run=server", "-f", "-"];

    expect(await room.kubectl.run(dryRun, { input: pod })).toContain("pod/stint created");
    const open = { ...pod, spec: { ...pod.spec, hostNetwork: true } };
    expect(await room.kubectl.refused(dryRun, { input: open })).toContain("PodSecurity");
  });

  it("is made anew when its pod is deleted, and the new one goes on with the work", async (test) => {
    needs(test, "own cluster", "real nodes");
    test.onTestFailed(() => operator.show());
    const room = await Room.open(test);
    const old = await onlyPod();
    const goesOn = template(shell(room.access.image, "until [ -e /tmp/go ]; do sleep 0.2; done"));
    await room.create("across", { template: goesOn });
    const { status } = await room.running("across");
    await operator.kubectl.run(["delete", "pod", "--wait=false", old.metadata.name]);
    await room.create("meanwhile", { template: template(shell(room.access.image, "true")) });
    await operator.pods((pods) => !pods.has(old.metadata.name), { what: "the deleted pod of the operator to be gone" });
    await room.kubectl.run(["exec", status.podName ?? "", "--", "touch", "/tmp/go"]);

    expect((await room.over("meanwhile")).status.phase).toBe("Succeeded");
    expect((await room.over("across")).status).toMatchObject({ phase: "Succeeded", podName: status.podName });
    expect(await room.pods("across")).toHaveLength(1);
    await operator.available();
    await expectNothingRefused();
  });

  it("can be removed at any time: make undeploy leaves TaskRuns, pods and definitions as they are", async (test) => {
    needs(test, "own cluster", "real nodes");
    const room = await Room.open(test);
    await room.create("left", { template: template(shell(room.access.image, OBEDIENT)) });
    const { metadata } = await room.running("left");
    const [pod] = await room.pods("left");
    await operator.undeploy();

    expect(await room.kubectl.run(["get", CLUSTER_SCOPED, `--selector=${OPERATOR_SELECTOR}`, "-o", "name"])).toBe("");
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
  test.onTestFailed(() => operator.show());
  const [listed, other] = [await Room.open(test), await Room.open(test)];
  const objects = await operator.manifests(join(MANIFESTS, "overlays/namespaces"));
  await operator.undeploy();
  // The list of the manifests is "default": a namespace of this test takes its place in both files.
  for (const { metadata, ...binding } of objects.filter(servedNamespace)) {
    await listed.kubectl.apply({ ...binding, metadata: { ...metadata, namespace: listed.namespace } });
  }
  const rest = objects.filter((object) => !servedNamespace(object));
  await operator.apply(
    rest.map((object) => serving(object, listed.namespace)),
    REPLICAS,
  );
  const done = template(shell(listed.access.image, "true"));
  for (const room of [other, listed]) await room.create("task", { template: done });

  expect((await listed.over("task")).status.phase).toBe("Succeeded");
  expect((await other.taskRun("task")).status).toEqual({ phase: "Pending", observedGeneration: 0 });
  expect(Object.keys(await rightsIn(listed))).toContain("pods");
  expect(await rightsIn(other)).toEqual({});
  await operator.undeploy();
});

/** The binding that gives it the namespace of the list; the other one is of its own. */
function servedNamespace({ kind, metadata }: Applied): boolean {
  return kind === "RoleBinding" && metadata.name === "stint";
}

/** The Deployment of manifests/overlays/namespaces with another namespace in its list. */
function serving(object: Applied, namespace: string): Applied {
  if (!isDeployment(object)) return object;
  const text = JSON.stringify(object);
  const inManifests = '"--namespaces=default"';
  expect(text).toContain(inManifests);
  return JSON.parse(text.replace(inManifests, `"--namespaces=${namespace}"`)) as Deployment;
}

/** What a script prints as JSON that runs in the operator's container, by the one program that is in there. */
async function inContainer(pod: OperatorPod, script: string): Promise<unknown> {
  return JSON.parse(await operator.kubectl.run(["exec", pod.metadata.name, "--", "node", "-e", script]));
}

async function onlyPod(): Promise<OperatorPod> {
  const [pod] = await operator.pods((all) => all.size === 1, { what: "one pod of the operator" });
  if (pod === undefined) throw new Error("the operator has no pod");
  return pod;
}

/** Asks the API server what `kubectl auth can-i` asks. */
async function isAllowed({ client, namespace }: Room, question: readonly [string, string, string?]): Promise<boolean> {
  const [verb, resource, subresource] = question;
  const [plural = "", ...group] = resource.split(".");
  const asked = { namespace, verb, resource: plural, group: plural === "*" ? "*" : group.join("."), subresource };
  const review = { spec: { user: ACCOUNT, groups: ACCOUNT_GROUPS, resourceAttributes: asked } };
  const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
  return (await client.call<{ status: { allowed: boolean } }>("POST", path, review)).status.allowed;
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

/** Neither its log nor its metrics know of a refusal. */
async function expectNothingRefused(): Promise<void> {
  const lines = (await operator.log()).trimEnd().split("\n");
  const log = lines.map((line) => JSON.parse(line) as LogLine);
  expect(log[0]).toMatchObject({ message: "stint starts", namespaces: "all" });
  const complaints = log.filter(({ level }) => level !== "info" && level !== "debug");
  expect([...complaints, ...lines.filter((line) => /forbidden|unauthorized/i.test(line))]).toEqual([]);
  const metrics = await operator.metrics(await onlyPod());
  expect(sumOf(metrics, "stint_api_requests_total", { verb: "update", resource: "taskruns" })).toBeGreaterThan(0);
  for (const code of ["401", "403"]) expect(sumOf(metrics, "stint_api_requests_total", { code })).toBe(0);
}
