/**
 * The policies of manifests/admission/: whoever says what pods do must be allowed to make pods and to use what these name.
 * Every way around that we know of is tried by somebody without the right, and refused; and by somebody with it.
 */
import { join } from "node:path";
import { beforeAll, afterAll, describe, expect, inject, it } from "vitest";
import { Client, type Reply } from "./support/client.ts";
import { Flows } from "./support/flows.ts";
import { OPERATORS } from "./support/identity.ts";
import { Kubectl } from "./support/kubectl.ts";
import { simulated } from "./support/objects.ts";
import { STINT, type Account } from "./support/rights.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";
import { poll } from "./support/waiting.ts";

const MANIFESTS = join(import.meta.dirname, "../manifests");
const POLICIES = join(MANIFESTS, "admission");
const NAMESPACE = "stint-admission";
const OURS = "/apis/stint.dev/v1alpha1";
const APPLY_PATCH = "application/apply-patch+yaml";
/** A server looks at a new policy within a second or two. */
const POLICY_LIMIT_MS = 60_000;
/** A Workflow may have five times as many; a busy server then takes longer for it than it has, policy or not. */
const TASKS_MANY = 2_000;
/** So many different names are looked at one by one. */
const NAMES_MAX = 12;

const WRITE = ["create", "update", "patch", "delete"];

/** Who may do what, beyond writing all kinds that matter here. `maker` may make pods; `trusted` may use what others made, too. */
const PEOPLE: Readonly<Record<string, readonly object[]>> = {
  poor: [],
  maker: [
    { apiGroups: [""], resources: ["pods"], verbs: ["create"] },
    { apiGroups: [""], resources: ["serviceaccounts"], resourceNames: ["builder"], verbs: ["use"] },
  ],
  trusted: [
    { apiGroups: [""], resources: ["pods"], verbs: ["create"] },
    { apiGroups: [""], resources: ["serviceaccounts"], resourceNames: ["builder", "deployer"], verbs: ["use"] },
    { apiGroups: [""], resources: ["podtemplates"], resourceNames: ["risky"], verbs: ["use"] },
    { apiGroups: ["stint.dev"], resources: ["workflows"], resourceNames: ["guarded"], verbs: ["use"] },
  ],
  button: [{ apiGroups: ["stint.dev"], resources: ["workflows"], resourceNames: ["guarded"], verbs: ["use"] }],
  master: [
    { apiGroups: [""], resources: ["pods"], verbs: ["create"] },
    { apiGroups: [""], resources: ["serviceaccounts"], verbs: ["use"] },
  ],
  // What a team's role often says: it takes in the status, and makes nobody the operator.
  team: [{ apiGroups: ["stint.dev"], resources: ["*"], verbs: ["*"] }],
  deputy: [{ apiGroups: [""], resources: ["serviceaccounts"], verbs: ["impersonate"] }],
};

let kubectl: Kubectl;

beforeAll(async () => {
  const { dir } = inject("cluster");
  if (dir === undefined) return;
  kubectl = new Kubectl(inject("cluster"), NAMESPACE);
  const objects: object[] = [{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }];
  for (const [name, rules] of Object.entries(PEOPLE)) objects.push(...rightsOf(name, rules));
  objects.push(bindingOf("editor", "ClusterRole", "edit"));
  // What somebody else made, who was allowed to.
  objects.push(
    podTemplate("risky", { serviceAccountName: "deployer" }),
    workflow("guarded", { run: "Manual", tasks: [task({ serviceAccountName: "deployer" })] }),
    taskRun({}, "mine"),
    taskRun({}, "claimed", { ownerReferences: [foreign("WorkflowRun")] }),
  );
  await kubectl.run(["apply", "-f", "-"], { input: { apiVersion: "v1", kind: "List", items: objects } });
  await kubectl.run(["apply", "-f", join(MANIFESTS, "base/userroles.yaml")]);
  // The operators of the tests have an account of their own, so the policies name it, as those of a chart name theirs.
  const policies = await kubectl.run(["kustomize", POLICIES]);
  await kubectl.run(["apply", "-f", "-"], { input: policies.replaceAll(userOf(STINT), userOf(OPERATORS)) });
  // Each policy, and each right of the built-in roles, begins to count on its own.
  const counts = async (name: string, path: string, body: object, want: number): Promise<true | undefined> =>
    (await post(as(name), path, body)).status === want ? true : undefined;
  const first = [
    () => counts("poor", "taskruns", taskRun({}), 403),
    () => counts("maker", "taskruns", taskRun(POWERFUL), 403),
    () => counts("maker", "workflowruns", runOf("guarded"), 403),
    () => counts("maker", "taskruns", owned(), 403),
    () => counts("editor", "taskruns", taskRun({}), 201),
  ];
  for (const look of first) await poll(look, { what: "policies and roles to count", limitMs: POLICY_LIMIT_MS });
});

afterAll(async () => {
  if (inject("cluster").dir === undefined) return;
  await kubectl.run(["delete", "-k", POLICIES]);
  await kubectl.run(["delete", "namespace", NAMESPACE, "--wait=false"]);
});

interface Path {
  readonly path: string;
  readonly go: (user: Client) => Promise<Reply<Said>>;
  /** Who has not the right, and who has; `maker` and `trusted` unless said. */
  readonly without?: string;
  readonly having?: string;
  readonly says: RegExp;
}

interface Said {
  readonly message?: string;
}

const MAY_NOT_USE =
  /user maker may not use service account deployer in namespace stint-admission: it takes the verb use on serviceaccounts/;
const POWERFUL = { serviceAccountName: "deployer" };

const PATHS: readonly Path[] = [
  {
    path: "a TaskRun of somebody who may make no pods",
    go: (user) => post(user, "taskruns", taskRun({})),
    without: "poor",
    having: "maker",
    says: /user poor may not create pods in namespace stint-admission.*grants the verb create on pods/,
  },
  {
    path: "a TaskRun of somebody who may do all there is with what is Stint's",
    go: (user) => post(user, "taskruns", taskRun({})),
    without: "team",
    having: "maker",
    says: /user team may not create pods/,
  },
  {
    path: "a Workflow of somebody who may make no pods",
    go: (user) => post(user, "workflows", workflow("w", {})),
    without: "poor",
    having: "maker",
    says: /user poor may not create pods/,
  },
  {
    path: "a PodTemplate, which the next task of somebody else is built on",
    go: (user) => post(user, "podtemplates", podTemplate("stint-default", {})),
    without: "poor",
    having: "maker",
    says: /user poor may not create pods/,
  },
  {
    path: "a service account in a TaskRun",
    go: (user) => post(user, "taskruns", taskRun(POWERFUL)),
    says: MAY_NOT_USE,
  },
  {
    path: "a service account under the old name of the field",
    go: (user) => post(user, "taskruns", taskRun({ serviceAccount: "deployer" })),
    says: MAY_NOT_USE,
  },
  {
    path: "a service account in a task of a Workflow",
    go: (user) => post(user, "workflows", workflow("w", { tasks: [task({}), task(POWERFUL, "b")] })),
    says: /serviceAccountName of task b: user maker may not use service account deployer/,
  },
  {
    path: "a service account in finally, under the old name",
    go: (user) => post(user, "workflows", workflow("w", { finally: [task({ serviceAccount: "deployer" }, "last")] })),
    says: /serviceAccountName of task last: user maker may not use/,
  },
  {
    path: "a service account in taskDefaults",
    go: (user) => post(user, "workflows", workflow("w", { taskDefaults: { template: { spec: POWERFUL } } })),
    says: MAY_NOT_USE,
  },
  {
    path: "a service account in the namespace's PodTemplate stint-default",
    go: (user) => post(user, "podtemplates", podTemplate("stint-default", POWERFUL)),
    says: MAY_NOT_USE,
  },
  {
    path: "a service account that a param chooses when the run starts",
    go: (user) => post(user, "workflows", workflow("w", { tasks: [task({ serviceAccountName: "$(params.who)" })] })),
    having: "master",
    says: /user maker may not use service account \$\(params\.who\)/,
  },
  {
    path: "a name that the server makes up",
    go: (user) =>
      post(user, "taskruns", { ...taskRun(POWERFUL), metadata: { generateName: "x-", namespace: NAMESPACE } }),
    says: MAY_NOT_USE,
  },
  {
    path: "a change of a TaskRun that was harmless",
    go: (user) => patch(user, "taskruns/mine", { spec: { template: { spec: POWERFUL } } }),
    says: MAY_NOT_USE,
  },
  {
    path: "server-side apply over a TaskRun that was harmless",
    go: (user) => apply(user, "taskruns/mine", taskRun(POWERFUL, "mine")),
    says: MAY_NOT_USE,
  },
  {
    path: "a PodTemplate of somebody else in a TaskRun",
    go: (user) => post(user, "taskruns", { ...taskRun({}), spec: { podTemplateRef: { name: "risky" } } }),
    says: /podTemplateRef.name: user maker may not build on PodTemplate risky.*the verb use on podtemplates/,
  },
  {
    path: "a PodTemplate of somebody else in a task of a Workflow",
    go: (user) => post(user, "workflows", workflow("w", { tasks: [{ name: "a", podTemplateRef: { name: "risky" } }] })),
    says: /podTemplateRef.name of task a: user maker may not build on/,
  },
  {
    path: "a run of somebody else's Workflow",
    go: (user) => post(user, "workflowruns", runOf("guarded")),
    says: /workflowRef.name: user maker may not start Workflow guarded.*the verb use on workflows.stint.dev/,
  },
  {
    path: "a run of somebody else's Workflow, by a button",
    go: (user) => post(user, "workflowruns", runOf("guarded")),
    without: "poor",
    having: "button",
    says: /user poor may not start Workflow guarded/,
  },
  {
    path: "a run of somebody else's Workflow, by whoever may act as any service account but make no pods",
    go: (user) => post(user, "workflowruns", runOf("guarded")),
    without: "deputy",
    having: "button",
    says: /user deputy may not start Workflow guarded/,
  },
  {
    path: "somebody else's Workflow as a sub-workflow",
    go: (user) =>
      post(user, "workflows", workflow("w", { tasks: [{ name: "sub", workflowRef: { name: "guarded" } }] })),
    says: /workflowRef.name of task sub: user maker may not start Workflow guarded/,
  },
  {
    path: "more names than are looked at one by one",
    go: (user) => post(user, "workflows", workflow("w", { tasks: manyNames(NAMES_MAX + 1) })),
    having: "master",
    says: /serviceAccountName of task t0: user maker may not use service account sa-0/,
  },
];

describe("refused without the right, and let through with it:", () => {
  it.for(PATHS.map((one) => [one.path, one] as const))("%s", async ([, one], test) => {
    needs(test, "own cluster");
    const { go, without = "maker", having = "trusted", says } = one;
    const refusal = await go(as(without));

    expect(refusal.body.message).toMatch(says);
    expect(refusal.status).toBe(403);
    expect(await go(as(having))).toMatchObject({ status: expect.toBeOneOf([200, 201]) as number });
  });
});

describe("refused to everybody but the operator:", () => {
  const alone = /written by the operator alone: leave them out of/;

  it.for([
    ["a definition that a run is to work by", "controllerrevisions", revision()],
    ["a TaskRun that says a run made it", "taskruns", owned()],
    ["a run that names another definition than its Workflow's", "workflowruns", runOf("guarded", otherDefinition())],
  ] as const)("%s", async ([, path, body], test) => {
    needs(test, "own cluster");
    const refusal = await post(as("trusted"), path, body);

    expect(refusal).toMatchObject({ status: 403, body: { message: expect.stringMatching(alone) as string } });
  });

  it.for([
    ["a run as owner where another kind has its uid", "claimed", { ownerReferences: [owner("WorkflowRun")] }],
    ["a run as controller where another kind is", "claimed", { ownerReferences: [controller("WorkflowRun")] }],
    ["the word that a run suspended a task", "mine", { annotations: { "stint.dev/suspended-by": "guarded" } }],
  ] as const)("%s", async ([, name, metadata], test) => {
    needs(test, "own cluster");

    for (const who of ["trusted", "team"]) {
      expect(await patch(as(who), `taskruns/${name}`, { metadata })).toMatchObject({
        status: 403,
        body: { message: expect.stringMatching(alone) as string },
      });
    }
  });

  it("the status, which no policy needs to look at", async (test) => {
    needs(test, "own cluster");
    const status = { status: { phase: "Succeeded" } };
    const reply = await as("editor").send<Said>("PATCH", pathOf("taskruns/mine/status"), status);

    expect(reply).toMatchObject({
      status: 403,
      body: { message: expect.stringMatching(/taskruns\/status/) as string },
    });
  });
});

describe("let through:", () => {
  it("whatever edit may do anyway, without a further grant", async (test) => {
    needs(test, "own cluster");
    const editor = as("editor");
    const replies = [
      await post(editor, "taskruns", taskRun(POWERFUL)),
      await post(editor, "workflows", workflow("w", { tasks: manyNames(NAMES_MAX + 1) })),
      await post(editor, "taskruns", { ...taskRun({}), spec: { podTemplateRef: { name: "risky" } } }),
      await post(editor, "workflowruns", runOf("guarded")),
    ];

    expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  });

  it("the service account default, a null, a token of the pod's own account, labels, and deletion", async (test) => {
    needs(test, "own cluster");
    const maker = as("maker");
    const token = { name: "t", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } };
    const replies = [
      await post(maker, "taskruns", taskRun({ serviceAccountName: "default" })),
      await post(maker, "taskruns", taskRun({ serviceAccountName: null })),
      await post(maker, "taskruns", taskRun({ serviceAccountName: "builder", volumes: [token] })),
      await patch(as("poor"), "taskruns/mine", { metadata: { labels: { team: "a" } } }),
      await as("poor").send("DELETE", `${pathOf("taskruns/mine")}?dryRun=All`),
    ];

    expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 200, 200]);
  });

  it("a Workflow of many tasks, if it may use the service account of its last one; and none of too many names", async (test) => {
    needs(test, "own cluster");
    const last = task(POWERFUL, "last");
    const tasks = [...Array.from({ length: TASKS_MANY - 1 }, (_, index) => task({}, `t${index}`)), last];
    const refusal = await post(as("maker"), "workflows", workflow("w", { tasks }));
    const allowed = await post(as("trusted"), "workflows", workflow("w", { tasks }));
    const different = await post(as("maker"), "workflows", workflow("w", { tasks: manyNames(TASKS_MANY) }));

    expect(refusal.body.message).toMatch(
      /serviceAccountName of task last: user maker may not use service account deployer/,
    );
    expect(allowed.status).toBe(201);
    expect(different.status).toBe(403);
  });

  it("what the operator makes of a Workflow for its author, although it may use no service account itself", async (test) => {
    needs(test, "own cluster", "simulated nodes");
    const room = await Room.open(test);
    const flows = new Flows(room);
    await operatorForTest(test, [`--namespaces=${room.namespace}`]).ready();
    await room.kubectl.run(["create", "serviceaccount", "deployer"]);
    const plain = simulated({ "run-for": "50ms" });
    const template = { ...plain, spec: { ...(plain["spec"] as object), serviceAccountName: "deployer" } };
    await flows.create("deploy", { tasks: [{ name: "a", template }] });
    await flows.create("outer", { tasks: [{ name: "sub", workflowRef: { name: "deploy" } }] });
    const { metadata } = await flows.runOf("outer");

    expect((await flows.over(metadata.name)).status.phase).toBe("Succeeded");
    const [pod] = await room.pods();
    expect(Reflect.get(pod?.spec ?? {}, "serviceAccountName")).toBe("deployer");
  });
});

it("a name that is no text is refused, though the server cannot judge it", async (test) => {
  needs(test, "own cluster");
  const refusal = await post(as("maker"), "taskruns", taskRun({ serviceAccountName: { a: "b" } }));

  expect(refusal.status).toBeGreaterThanOrEqual(400);
});

function as(name: string): Client {
  return new Client(inject("cluster").kubeconfig, name);
}

/** The name by which the API server knows a service account. */
function userOf({ namespace, name }: Account): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

function pathOf(path: string): string {
  const groups: Readonly<Record<string, string>> = { podtemplates: "/api/v1", controllerrevisions: "/apis/apps/v1" };
  return `${groups[path] ?? OURS}/namespaces/${NAMESPACE}/${path}`;
}

async function post(user: Client, path: string, body: object): Promise<Reply<Said>> {
  return await user.send("POST", `${pathOf(path)}?dryRun=All`, body);
}

async function patch(user: Client, path: string, body: object): Promise<Reply<Said>> {
  return await user.send("PATCH", `${pathOf(path)}?dryRun=All`, body);
}

async function apply(user: Client, path: string, body: object): Promise<Reply<Said>> {
  return await user.send("PATCH", `${pathOf(path)}?dryRun=All&fieldManager=e2e&force=true`, body, APPLY_PATCH);
}

function podSpec(more: object): object {
  return { containers: [{ name: "main", image: "x" }], ...more };
}

function taskRun(spec: object, name = "new", metadata: object = {}): object {
  return {
    apiVersion: "stint.dev/v1alpha1",
    kind: "TaskRun",
    metadata: { name, namespace: NAMESPACE, ...metadata },
    spec: { template: { spec: podSpec(spec) } },
  };
}

function task(spec: object, name = "a"): object {
  return { name, template: { spec: podSpec(spec) } };
}

function workflow(name: string, spec: object): object {
  const metadata = { name, namespace: NAMESPACE };
  return { apiVersion: "stint.dev/v1alpha1", kind: "Workflow", metadata, spec: { tasks: [task({})], ...spec } };
}

function podTemplate(name: string, spec: object): object {
  const template = { spec: podSpec(spec) };
  return { apiVersion: "v1", kind: "PodTemplate", metadata: { name, namespace: NAMESPACE }, template };
}

function runOf(name: string, metadata: object = {}): object {
  return {
    apiVersion: "stint.dev/v1alpha1",
    kind: "WorkflowRun",
    metadata: { name: "new", namespace: NAMESPACE, ...metadata },
    spec: { workflowRef: { name } },
  };
}

function owner(kind: string): object {
  return { apiVersion: "stint.dev/v1alpha1", kind, name: "guarded", uid: "00000000-0000-0000-0000-000000000001" };
}

function controller(kind: string): object {
  return { ...owner(kind), controller: true };
}

/** Of a group that is not Stint's, with the uid of somebody who is. */
function foreign(kind: string): object {
  return { ...controller(kind), apiVersion: "x.example/v1" };
}

function owned(): object {
  return taskRun({}, "guarded-a", { ownerReferences: [owner("WorkflowRun")] });
}

function otherDefinition(): object {
  return { annotations: { "stint.dev/revision": "guarded-other" } };
}

function revision(): object {
  const metadata = { name: "guarded-1", namespace: NAMESPACE, ownerReferences: [owner("Workflow")] };
  return { apiVersion: "apps/v1", kind: "ControllerRevision", metadata, revision: 1, data: { spec: {} } };
}

function manyNames(count: number): object[] {
  return Array.from({ length: count }, (_, index) => task({ serviceAccountName: `sa-${index}` }, `t${index}`));
}

function rightsOf(name: string, rules: readonly object[]): readonly object[] {
  const writing = [
    { apiGroups: ["stint.dev"], resources: ["taskruns", "workflows", "workflowruns"], verbs: WRITE },
    { apiGroups: [""], resources: ["podtemplates"], verbs: WRITE },
    { apiGroups: ["apps"], resources: ["controllerrevisions"], verbs: WRITE },
  ];
  const role = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name, namespace: NAMESPACE },
    rules: [...writing, ...rules],
  };
  return [role, bindingOf(name, "Role", name)];
}

function bindingOf(name: string, kind: "Role" | "ClusterRole", role: string): object {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name, namespace: NAMESPACE },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: role },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name }],
  };
}
