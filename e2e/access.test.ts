/** Who the operator is. What it may do is in rights.test.ts. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, inject, it, type TestContext } from "vitest";
import { operatorWrites } from "./support/audit.ts";
import { asUser, type UserFields } from "./support/credentials.ts";
import { Kubectl } from "./support/kubectl.ts";
import { isOver, simulated, type TaskRun } from "./support/objects.ts";
import type { Operator } from "./support/operator.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";

const BASE = join(import.meta.dirname, "../manifests/base");

/** Who the operator is without the deployment, which needs an image. */
const IDENTITY = ["namespace", "serviceaccount", "clusterrole", "userroles", "flowschema"];

beforeAll(async () => {
  // A given cluster may have a Stint of its own under these names.
  if (inject("cluster").dir === undefined) return;
  const kubectl = new Kubectl(inject("cluster"), "stint-system");
  await kubectl.run(["apply", ...IDENTITY.flatMap((name) => ["-f", join(BASE, `${name}.yaml`)])]);
});

describe("with the service account of manifests/ the operator", () => {
  it("serves with --namespaces=a,b those two, with rights in no other", async (test) => {
    needs(test, "own cluster", "simulated nodes");
    const [a, b, other] = [await Room.open(test), await Room.open(test), await Room.open(test)];
    for (const room of [a, b]) await bind(room);
    const flags = [`--namespaces=${a.namespace},${b.namespace}`];
    const operator = await operatorAs(test, { token: await token(a) }, flags);
    const template = simulated({ "run-for": "50ms" });
    for (const room of [other, a, b]) await room.create("task", { template });

    for (const room of [a, b]) expect((await room.over("task")).status.phase).toBe("Succeeded");
    expect((await other.taskRun("task")).status).toEqual({ phase: "Pending", observedGeneration: 0 });
    expect(await other.pods()).toEqual([]);
    await expectOnlyNodesRefused(operator);
  });

  it("says which right is missing, and goes on once it is granted", async (test) => {
    needs(test, "own cluster", "simulated nodes");
    const room = await Room.open(test);
    const operator = operatorForTest(test, [`--namespaces=${room.namespace}`], await kubeconfigFor(test, room));
    const line = await operator.logged("cannot watch, will try again");
    expect(String(line["error"])).toMatch(/forbidden/i);
    expect((await operator.get("/readyz")).status).toBe(503);
    await bind(room);
    await operator.ready();
    await room.create("task", { template: simulated({ "run-for": "50ms" }) });

    expect((await room.over("task")).status.phase).toBe("Succeeded");
  });

  it("reads its token from a file, too, and reads it again when it changes", async (test) => {
    needs(test, "own cluster", "simulated nodes");
    const room = await Room.open(test);
    await bind(room);
    const folder = await tempFolder(test);
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, "not-a-token", { mode: 0o600 });
    const copy = join(folder, "config");
    await asUser(inject("cluster").kubeconfig, { tokenFile }, copy);
    const operator = operatorForTest(test, [`--namespaces=${room.namespace}`], copy);
    expect((await operator.logged("the cluster refuses us"))["cause"]).toContain("401");
    await writeFile(tokenFile, await token(room), { mode: 0o600 });
    await operator.ready();
    await room.create("task", { template: simulated({ "run-for": "50ms" }) });

    expect((await room.over("task")).status.phase).toBe("Succeeded");
  });
});

it("with a client certificate the operator works as its owner", async (test) => {
  needs(test, "own cluster", "simulated nodes");
  const room = await Room.open(test);
  await operatorForTest(test, [`--namespaces=${room.namespace}`], room.access.kubeconfig).ready();
  await room.create("task", { template: simulated({ "run-for": "50ms" }) });
  const { status }: TaskRun = await room.see("task", isOver, { what: "its end" });

  expect(status.phase).toBe("Succeeded");
  const whoami = JSON.parse(await room.kubectl.run(["auth", "whoami", "-o", "json"])) as Whoami;
  const writes = await operatorWrites(room.access.dir ?? "", room.namespace);
  expect(new Set(writes.map(({ user }) => user.username))).toEqual(new Set([whoami.status.userInfo.username]));
});

/** What of each kind; `use` is what manifests/admission ask for. */
const LOOK = ["get", "list", "watch"];
const WRITE = ["create", "update", "patch", "delete", "deletecollection"];

it.for([
  ["view", { own: LOOK, podtemplates: LOOK, use: [] }],
  ["edit", { own: [...LOOK, ...WRITE], podtemplates: [...LOOK, ...WRITE], use: [] }],
  [
    "admin",
    {
      own: [...LOOK, ...WRITE],
      podtemplates: [...LOOK, ...WRITE],
      use: ["workflows", "podtemplates", "serviceaccounts"],
    },
  ],
] as const)(
  "whoever has %s in a namespace may do this with Stint's kinds there, and nothing else",
  async ([role, want], test) => {
    needs(test, "own cluster");
    const room = await Room.open(test);
    const user = `${role}er`;
    await room.kubectl.run(["create", "rolebinding", user, `--clusterrole=${role}`, `--user=${user}`]);
    const may = async (verb: string, resource: string, subresource = ""): Promise<boolean> => {
      const group = resource === "podtemplates" || resource === "serviceaccounts" ? "" : "stint.dev";
      const resourceAttributes = { namespace: room.namespace, verb, group, resource, subresource };
      const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
      const review = await room.client.call<Review>("POST", path, { spec: { user, resourceAttributes } });
      return review.status.allowed;
    };
    const allowed = async (
      verbs: readonly string[],
      resource: string,
      subresource = "",
    ): Promise<readonly string[]> => {
      const answers = await Promise.all(verbs.map((verb) => may(verb, resource, subresource)));
      return verbs.filter((_, index) => answers[index]);
    };
    // The rights of the built-in roles are put together by a controller, a moment after ours are applied.
    await expect.poll(() => may(want.own.at(-1) ?? "", "taskruns"), { timeout: 30_000 }).toBe(true);
    if (want.use.length > 0) await expect.poll(() => may("use", "workflows"), { timeout: 30_000 }).toBe(true);

    for (const resource of ["workflows", "workflowruns", "taskruns"]) {
      expect(await allowed([...LOOK, ...WRITE], resource)).toEqual(want.own);
      expect(await allowed(WRITE, resource, "status")).toEqual([]);
    }
    expect(await allowed([...LOOK, ...WRITE], "podtemplates")).toEqual(want.podtemplates);
    const using = ["workflows", "podtemplates", "serviceaccounts"].map(async (resource) => allowed(["use"], resource));
    expect((await Promise.all(using)).flat()).toHaveLength(want.use.length);
  },
);

interface Review {
  readonly status: { readonly allowed: boolean };
}

interface Whoami {
  readonly status: { readonly userInfo: { readonly username: string } };
}

/** Without a ClusterRoleBinding nobody may read nodes: it works without, and says so once. */
async function expectOnlyNodesRefused(operator: Operator): Promise<void> {
  const refused = await operator.metric("stint_api_requests_total", { code: "403" });
  expect(await operator.metric("stint_api_requests_total", { code: "403", resource: "nodes" })).toBe(refused);
  const complaints = operator.log.filter((line) => line.level === "error" || /forbidden/i.test(JSON.stringify(line)));
  expect(complaints).toMatchObject([{ message: "works without a watch it has no right to", resource: "nodes" }]);
}

async function operatorAs(test: TestContext, user: UserFields, flags: readonly string[] = []): Promise<Operator> {
  const copy = join(await tempFolder(test), "config");
  await asUser(inject("cluster").kubeconfig, user, copy);
  return await operatorForTest(test, flags, copy).ready();
}

async function kubeconfigFor(test: TestContext, room: Room): Promise<string> {
  const copy = join(await tempFolder(test), "config");
  await asUser(inject("cluster").kubeconfig, { token: await token(room) }, copy);
  return copy;
}

async function token(room: Room): Promise<string> {
  return (await room.kubectl.run(["create", "token", "stint", "--namespace=stint-system"])).trim();
}

/** What manifests/overlays/namespaces does for each of its namespaces. */
async function bind(room: Room): Promise<void> {
  const account = "--serviceaccount=stint-system:stint";
  await room.kubectl.run(["create", "rolebinding", "stint", "--clusterrole=stint", account]);
}

async function tempFolder(test: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "stint-access-"));
  test.onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}
