/**
 * The repository of manifests/samples/gitops as Argo CD and Flux would apply it: in waves, with hooks, again and again. The tools
 * themselves are not here; what they look at is (support/gitopseyes.ts).
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { describe, expect, it } from "vitest";
import { Flows, type Workflow } from "./support/flows.ts";
import { byExpressions, healthOf, kstatusOf, type Expressions } from "./support/gitopseyes.ts";
import { isOver, shell, taskRunsPath, template, type Metadata, type TaskRun } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";
import { flowRoom, BAD, sim, SHORT } from "./support/simulatedflows.ts";
import { until } from "./support/waiting.ts";

const FOLDER = join(import.meta.dirname, "../manifests/samples/gitops");
const HOOK = "argocd.argoproj.io/hook";
const WAVE = "argocd.argoproj.io/sync-wave";

interface Applied {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Partial<Metadata>;
  readonly spec: object;
}

interface Kustomization {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly dependsOn?: readonly { readonly name: string }[];
    readonly path: string;
    readonly healthCheckExprs: readonly ({ readonly kind: string } & Expressions)[];
  };
}

operatorForFile();

describe.concurrent("the sample repository", () => {
  it("is applied wave by wave, then its hook; a second sync changes nothing", async (test) => {
    needs(test, "real nodes");
    const room = await Room.open(test);
    const flows = new Flows(room);
    const objects = (await rendered(room, "production")).map((one) => tracked(one, room.namespace));
    const hooks = objects.filter((one) => noteOf(one, HOOK) !== undefined);
    const waves = objects
      .filter((one) => !hooks.includes(one))
      .toSorted((a, b) => Number(noteOf(a, WAVE) ?? 0) - Number(noteOf(b, WAVE) ?? 0));
    const names = (all: readonly Applied[]): readonly unknown[] => all.map(({ metadata }) => metadata.name);
    expect([names(waves), names(hooks)]).toEqual([["migrate", "sales"], ["check"]]);
    for (const input of waves) {
      await room.kubectl.run(["apply", "--server-side", "-f", "-"], { input });
      await healthy(room, input);
    }
    const { metadata } = await flows.runOf("sales");
    expect(await flows.log(metadata.name, "load-1")).toBe("b.csv into us\n");
    for (const input of hooks) await syncHook(room, input);

    for (const input of waves) await room.kubectl.run(["apply", "--server-side", "-f", "-"], { input });
    for (const input of hooks) await syncHook(room, input);
    for (const input of waves) {
      const diff = await room.kubectl.attempt(["diff", "--server-side", "-f", "-"], { input });
      expect(diff).toMatchObject({ code: 0, stdout: "" });
      expect((await live(room, input)).metadata.generation).toBe(1);
    }
    expect(await flows.runs("sales")).toHaveLength(1);
  });

  it("is taken by the server in its other overlay, too", async (test) => {
    const room = await Room.open(test);
    const items = await rendered(room, "staging");
    const input = { apiVersion: "v1", kind: "List", items };
    const said = await room.kubectl.run(["create", "--dry-run=server", "-f", "-"], { input });

    expect(said.trim().split("\n")).toHaveLength(3);
    expect(JSON.stringify(items)).toContain('"default":"eu"');
  });

  it("tells Flux by its expressions to wait for the run of what was applied, and whether it failed", async (test) => {
    const { spec } = kustomization();
    expect(readdirSync(join(FOLDER, spec.path))).toContain("kustomization.yaml");
    const { flows } = await flowRoom(test);
    const [exprs] = spec.healthCheckExprs;
    const seen: Workflow[] = [await flows.create("w", { tasks: [sim("a", BAD)] })];
    const ended = async (generation: number): Promise<Workflow> => {
      const { metadata } = await flows.over((await flows.runOf("w", generation)).metadata.name);
      const what = "it to be told of";
      return await flows.seeWorkflow("w", ({ status }) => status?.lastCompletedRun?.name === metadata.name, { what });
    };
    seen.push(await ended(1), await flows.edit("w", { tasks: [sim("b", { "run-for": "2s" })] }));
    await flows.runOf("w", 2);
    const observed = ({ status }: Workflow): boolean => status?.observedGeneration === 2;
    seen.push(await flows.seeWorkflow("w", observed, { what: "generation 2" }), await ended(2));
    await flows.edit("w", { tasks: [sim("b", SHORT, { dependsOn: ["c"] })] });
    const invalid = ({ status }: Workflow): boolean => status?.conditions?.[0]?.status === "False";
    seen.push(await flows.seeWorkflow("w", invalid, { what: "Valid False" }));

    expect(spec.healthCheckExprs.map(({ kind }) => kind)).toEqual(["Workflow"]);
    const want = ["InProgress", "Failed", "InProgress", "InProgress", "Current", "Failed"];
    expect(await byExpressions(exprs!, ...seen)).toEqual(want);
    // Without them it only has to be one that can be run.
    const bare = (await kstatusOf(...seen)).map(({ status }) => status);
    expect(bare).toEqual(["InProgress", "Current", "InProgress", "Current", "Current", "Failed"]);
  });

  it("lets Flux wait for the migration before it applies the Workflow", () => {
    const [first, second] = kustomizations();
    const files = (one?: Kustomization): readonly string[] =>
      readdirSync(join(FOLDER, one?.spec.path ?? "?")).toSorted();

    expect([files(first), files(second)]).toEqual([
      ["kustomization.yaml", "migrate.yaml"],
      ["kustomization.yaml", "workflow.yaml"],
    ]);
    expect(first?.spec).toMatchObject({ wait: true });
    expect(second?.spec.dependsOn).toEqual([{ name: first?.metadata.name }]);
  });

  it("has the expressions that docs/gitops.md shows", () => {
    const page = readFileSync(join(import.meta.dirname, "../docs/gitops.md"), "utf8");
    const [, shown = ""] = /^```yaml\n(healthCheckExprs:.*?)^```$/ms.exec(page) ?? [];

    expect(loadAll(shown)).toEqual([{ healthCheckExprs: kustomization().spec.healthCheckExprs }]);
  });

  it("has folders where its Applications look for them", () => {
    const [application] = loadAll(readFileSync(join(FOLDER, "argocd/application.yaml"), "utf8")) as {
      readonly spec: { readonly source: { readonly path: string } };
    }[];
    expect(readdirSync(join(FOLDER, application?.spec.source.path ?? "?"))).toEqual(["kustomization.yaml"]);
    expect(readFileSync(join(FOLDER, "argocd/applicationset.yaml"), "utf8")).toContain('path: "*/overlays/*"');
    expect(readdirSync(join(FOLDER, "sales/overlays")).toSorted()).toEqual(["production", "staging"]);
  });
});

it("a TaskRun as a hook with generateName runs under the name Argo CD makes, and goes with its pod when the hook is deleted", async (test) => {
  const { image } = needs(test, "real nodes");
  const room = await Room.open(test);
  const finalizer = "argocd.argoproj.io/hook-finalizer";
  // Argo CD makes the name of the revision, the phase and the time of the sync.
  const name = "migrate-the-tables-of-sales-1a2b3c4-presync-1795868623";
  const annotations = { [HOOK]: "PreSync", "argocd.argoproj.io/hook-delete-policy": "HookSucceeded" };
  const hook = {
    apiVersion: "stint.dev/v1alpha1",
    kind: "TaskRun",
    metadata: { name, generateName: "migrate-the-tables-of-sales-", annotations, finalizers: [finalizer] },
    spec: { template: template(shell(image, "echo done")), ttlSecondsAfterFinished: 3600 },
  };
  const made = await room.client.call<TaskRun>("POST", taskRunsPath(room.namespace), hook);
  expect((await healthOf(made))[0]?.status).toBe("Progressing");
  await healthy(room, hook);
  await room.client.call("DELETE", `${taskRunsPath(room.namespace)}/${name}`);
  await room.client.call("PATCH", `${taskRunsPath(room.namespace)}/${name}`, { metadata: { finalizers: null } });
  await room.seePods((pods) => pods.size === 0, { what: "its pod to go" });

  expect((await room.client.send("GET", `${taskRunsPath(room.namespace)}/${name}`)).status).toBe(404);
});

async function rendered(room: Room, overlay: string): Promise<readonly Applied[]> {
  return loadAll(await room.kubectl.run(["kustomize", join(FOLDER, "sales/overlays", overlay)])) as Applied[];
}

/** With what Argo CD adds to know its own. */
function tracked(one: Applied, namespace: string): Applied {
  const id = `sales:stint.dev/${one.kind}:${namespace}/${one.metadata.name ?? ""}`;
  const annotations = { ...one.metadata.annotations, "argocd.argoproj.io/tracking-id": id };
  return { ...one, metadata: { ...one.metadata, annotations } };
}

function noteOf({ metadata }: Applied, key: string): string | undefined {
  return metadata.annotations?.[key];
}

/** The one of the Workflow. */
function kustomization(): Kustomization {
  const found = kustomizations().find(({ metadata }) => metadata.name === "sales");
  if (found === undefined) throw new Error("flux/sales.yaml has no Kustomization sales");
  return found;
}

function kustomizations(): readonly Kustomization[] {
  return loadAll(readFileSync(join(FOLDER, "flux/sales.yaml"), "utf8")) as readonly Kustomization[];
}

function pathOf({ namespace }: Room, { kind }: Pick<Applied, "kind">): string {
  return `/apis/stint.dev/v1alpha1/namespaces/${namespace}/${kind.toLowerCase()}s`;
}

async function live(room: Room, object: Applied): Promise<TaskRun> {
  return await room.client.call("GET", `${pathOf(room, object)}/${object.metadata.name ?? ""}`);
}

/** What Argo CD waits for before the next wave. */
async function healthy(room: Room, object: Applied): Promise<void> {
  const where = { path: pathOf(room, object), name: object.metadata.name ?? "" };
  const isDone = ({ status }: TaskRun & Workflow): boolean =>
    object.kind === "TaskRun" ? isOver({ status } as TaskRun) : status.lastCompletedRun !== undefined;
  const what = `${object.kind} ${where.name} to be done`;
  await until<TaskRun & Workflow>(room.client, where, (one) => one !== undefined && isDone(one), { what });
  const [[health], [kstatus]] = [await healthOf(await live(room, object)), await kstatusOf(await live(room, object))];
  expect([health?.status, kstatus?.status, health?.message]).toEqual(["Healthy", "Current", expect.any(String)]);
}

/** BeforeHookCreation: the one of the last sync goes first. */
async function syncHook(room: Room, hook: Applied): Promise<void> {
  const where = { path: pathOf(room, hook), name: hook.metadata.name ?? "" };
  await room.client.send("DELETE", `${where.path}/${where.name}`);
  await until(room.client, where, (one) => one === undefined, { what: "the last sync's hook to be gone" });
  await room.client.call("POST", where.path, hook);
  await healthy(room, hook);
}
