/** What Argo CD's actions send (manifests/argocd) is sent to a real server, and seen to work. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import type { WorkflowRun } from "./support/flows.ts";
import { actionsOf, effectsOf, type Seen } from "./support/gitopseyes.ts";
import { simulated, type TaskRun } from "./support/objects.ts";
import { Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";
import { BAD, flowRoom, FOREVER, SHORT, sim } from "./support/simulatedflows.ts";
import { untilAll } from "./support/waiting.ts";

operatorForFile();

const ARGOCD = join(import.meta.dirname, "../manifests/argocd");
const LONG = simulated(FOREVER);

describe.concurrent("an action of Argo CD", () => {
  it("suspends, resumes, cancels a TaskRun and runs it again, and changes nothing else of it", async (test) => {
    const { room } = await flowRoom(test);
    // Lua knows no difference between an empty list and an empty map, and Argo CD's patch must not have one for the other.
    const volumes = [{ name: "v", emptyDir: {} }];
    const spec = { ...(LONG["spec"] as object), volumes, securityContext: {}, imagePullSecrets: [] };
    const made = await room.create("task", { template: { ...LONG, spec } });
    await room.create("short", { template: simulated(SHORT) });
    const running = await room.running("task");
    expect(await actionsOf(running)).toEqual({ enabled: "cancel suspend", disabled: "resume run-again" });
    expect(await effectsOf(running, "suspend")).toEqual([{ operation: "patch", body: { spec: { suspend: true } } }]);
    await acts(room, running, "suspend");
    const held = await room.see("task", ({ status }) => status.phase === "Suspended", { what: "phase Suspended" });
    expect(await actionsOf(held)).toEqual({ enabled: "cancel resume", disabled: "run-again suspend" });
    await acts(room, held, "resume");
    const resumed = await room.attemptRuns("task", 2);
    expect(resumed.spec.template).toEqual(made.spec.template);
    await acts(room, resumed, "cancel");
    const cancelled = await room.over("task");
    expect(cancelled.status.phase).toBe("Cancelled");
    expect(await actionsOf(cancelled)).toEqual({ enabled: "", disabled: "cancel resume run-again suspend" });

    const short = await room.over("short");
    expect(await actionsOf(short)).toEqual({ enabled: "run-again", disabled: "cancel resume suspend" });
    await acts(room, short, "run-again");
    const isIt = ({ status }: TaskRun): boolean => status.attempt === 2 && status.phase === "Succeeded";
    await room.see("short", isIt, { what: "its second success" });
  });

  it("suspends, resumes and cancels a run, and retries what failed or was cancelled", async (test) => {
    const { flows, room } = await flowRoom(test);
    await flows.create("long", { run: "Manual", tasks: [sim("a", FOREVER)] });
    const { metadata } = await flows.begin("bad", { tasks: [sim("a"), sim("b", BAD)] });
    await flows.start("long", {}, "one");
    await room.running("one-a");
    const running = await flows.run("one");
    expect(await actionsOf(running)).toEqual({ enabled: "cancel suspend", disabled: "resume retry" });
    await acts(room, running, "suspend");
    const held = await flows.see("one", ({ status }) => status.phase === "Suspended", { what: "phase Suspended" });
    expect(await actionsOf(held)).toEqual({ enabled: "cancel resume", disabled: "retry suspend" });
    await acts(room, held, "resume");
    await room.attemptRuns("one-a", 2);
    await acts(room, await flows.run("one"), "cancel");
    const cancelled = await flows.over("one");
    expect(await actionsOf(cancelled)).toEqual({ enabled: "retry", disabled: "cancel resume suspend" });
    await acts(room, cancelled, "retry");
    await room.running("one-a-r1");

    const failed = await flows.over(metadata.name);
    expect(await actionsOf(failed)).toEqual({ enabled: "retry", disabled: "cancel resume suspend" });
    await acts(room, failed, "retry");
    const over = await flows.over(metadata.name, { round: 1 });
    expect(over.status.retry?.id).toMatch(/^argocd-\d{8}-\d{6}$/);
    expect(await flows.taskNames(metadata.name)).toEqual(["a", "b", "b-r1"]);
  });

  it("suspends and resumes a Workflow, and runs it now where nobody needs to be asked for values", async (test) => {
    const { flows, room } = await flowRoom(test);
    await flows.create("asks", { run: "Manual", params: [{ name: "day" }], tasks: [sim("a")] });
    await flows.create("broken", { run: "Manual", tasks: [sim("a", SHORT, { dependsOn: ["b"] })] });
    // As long as a name may be: what the run is called still fits.
    const name = "w".repeat(63);
    const fresh = await flows.create(name, {
      run: "Manual",
      params: [{ name: "day", default: "monday" }],
      tasks: [sim("a")],
    });
    expect(await actionsOf(fresh)).toEqual({ enabled: "run-now suspend", disabled: "resume" });
    expect(await actionsOf(await flows.workflow("asks"))).toEqual({ enabled: "suspend", disabled: "resume run-now" });
    const broken = await flows.seeWorkflow("broken", ({ status }) => status?.conditions?.[0]?.status === "False", {
      what: "Valid False",
    });
    expect(await actionsOf(broken)).toEqual({ enabled: "suspend", disabled: "resume run-now" });
    await acts(room, fresh, "run-now");
    const [run] = [
      ...(
        await untilAll<WorkflowRun>(room.client, flows.runsPath, (all) => all.size === 1, { what: "a run" })
      ).values(),
    ];
    const over = await flows.over(run!.metadata.name);
    expect(over.metadata.ownerReferences).toMatchObject([{ kind: "Workflow", uid: fresh.metadata.uid }]);
    expect(over.status.phase).toBe("Succeeded");
    await acts(room, await flows.workflow(name), "suspend");
    const held = await flows.workflow(name);
    expect([held.spec.suspend, await actionsOf(held)]).toEqual([
      true,
      { enabled: "resume run-now", disabled: "suspend" },
    ]);
    await acts(room, held, "resume");
    expect((await flows.workflow(name)).spec).toEqual({ ...fresh.spec, suspend: false });
  });
});

it("what Argo CD is told is added to its ConfigMap, by kubectl patch as by the kustomize component", async (test) => {
  const room = await Room.open(test);
  const own = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "argocd-cm" },
    data: { url: "https://argocd.example.com" },
  };
  await room.kubectl.apply(own);
  await room.kubectl.run([
    "patch",
    "configmap",
    "argocd-cm",
    "--type=merge",
    `--patch-file=${join(ARGOCD, "argocd-cm.yaml")}`,
  ]);
  const patched = JSON.parse(await room.kubectl.run(["get", "configmap", "argocd-cm", "-o", "json"])) as typeof own;
  const folder = mkdtempSync(join(tmpdir(), "stint-argocd-"));
  test.onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    join(folder, "argocd-cm.json"),
    JSON.stringify({ ...own, metadata: { ...own.metadata, namespace: "argocd" } }),
  );
  writeFileSync(
    join(folder, "kustomization.yaml"),
    `resources: [argocd-cm.json]\ncomponents: [${relative(realpathSync(folder), ARGOCD)}]\n`,
  );
  const built = load(await room.kubectl.run(["kustomize", folder])) as typeof own;

  expect(Object.keys(patched.data)).toHaveLength(7);
  expect(patched.data.url).toBe(own.data.url);
  expect(built.data).toEqual(patched.data);
});

/** Does what Argo CD would do. */
async function acts(room: Room, object: Seen, action: string): Promise<void> {
  const path = `/apis/stint.dev/v1alpha1/namespaces/${room.namespace}`;
  const own = `${path}/${object.kind?.toLowerCase() ?? ""}s/${object.metadata.name}`;
  for (const { operation, body } of await effectsOf(object, action)) {
    if (operation === "create") await room.client.call("POST", `${path}/workflowruns`, body);
    else await room.client.call("PATCH", own, body);
  }
}
