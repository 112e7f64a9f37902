/** When runs of a Workflow begin, by which definition and with which values they work, and when they go. */
import { describe, expect, it, type TestContext } from "vitest";
import { inWords, operatorWrites } from "./support/audit.ts";
import { run, runMessage, runReason, storyOf, workflow, type WorkflowRun } from "./support/flows.ts";
import { taskRunsPath, type TaskRun } from "./support/objects.ts";
import { needs, type Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";
import { flowRoom, FOREVER, SHORT, sim } from "./support/simulatedflows.ts";
import { untilAll } from "./support/waiting.ts";

const WAYS = {
  "client-side": { apply: ["apply", "-f", "-"], diff: ["diff", "-f", "-"] },
  "server-side": { apply: ["apply", "--server-side", "-f", "-"], diff: ["diff", "--server-side", "-f", "-"] },
} as const;

operatorForFile();

describe.concurrent("a Workflow that runs OnApply", () => {
  it.for(Object.entries(WAYS))(
    "starts one run when it is applied %s; applying the same Workflow again starts nothing, and differs in nothing",
    async ([, { apply, diff }], test) => {
      const { flows, room } = await flowRoom(test);
      const tracked = { annotations: { "argocd.argoproj.io/tracking-id": "shop:stint.dev/Workflow:shop/sales" } };
      const file = workflow("sales", { tasks: [sim("a")], history: { succeeded: 3 } });
      const input = { ...file, metadata: { ...file.metadata, ...tracked } };
      await room.kubectl.run(apply, { input });
      const first = await flows.over((await flows.runOf("sales")).metadata.name);
      await room.kubectl.run(apply, { input });
      // Words about it are no change of its spec.
      const labelled = { ...input, metadata: { ...input.metadata, labels: { team: "a" } } };
      await room.kubectl.run(apply, { input: labelled });
      expect(await room.kubectl.attempt(diff, { input: labelled })).toMatchObject({ code: 0, stdout: "" });
      await otherLife(test);

      expect(await flows.runs("sales")).toHaveLength(1);
      expect((await flows.workflow("sales")).metadata.annotations).toMatchObject(tracked.annotations);
      expect((await flows.run(first.metadata.name)).metadata.generation).toBe(1);
    },
  );

  it("starts another run when its spec changes; a run works by the definition as it was when it started", async (test) => {
    const { flows, room } = await flowRoom(test);
    const old = [sim("a", FOREVER), sim("b", SHORT, { dependsOn: ["a"], triggerRule: "AllDone" })];
    const first = await flows.begin("edited", { tasks: old });
    await room.running(`${first.metadata.name}-a`);
    await flows.edit("edited", { tasks: [sim("c"), sim("d"), sim("e")] });
    const second = await flows.over((await flows.runOf("edited", 2)).metadata.name);
    expect(await flows.run(first.metadata.name)).toMatchObject({ status: { phase: "Running", states: "R." } });
    // What starts now is still what the old definition says.
    await room.patch(`${first.metadata.name}-a`, { cancel: true });
    const over = await flows.over(first.metadata.name);

    expect([storyOf(over), storyOf(second)]).toEqual(["Failed TaskFailed CS", "Succeeded Succeeded SSS"]);
    expect(await flows.taskNames(first.metadata.name)).toEqual(["a", "b"]);
    expect([over.status.workflowGeneration, second.status.workflowGeneration]).toEqual([1, 2]);
    const revisions = new Map((await flows.revisions()).map((one) => [one.metadata.name, one]));
    const spec = (one: WorkflowRun): unknown => revisions.get(one.status.revision ?? "")?.data.spec.tasks;
    expect(spec(over)).toEqual(old);
    expect(revisions.get(second.status.revision ?? "")?.revision).toBe(2);
  });

  it("that changed several times while no operator looked starts one run, of the newest", async (test) => {
    const { flows, room } = await flowRoom(test);
    await flows.create("busy", { tasks: [sim("a")], suspend: true });
    await flows.seeWorkflow("busy", ({ status }) => status?.conditions?.[0]?.status === "True", { what: "Valid" });
    for (const name of ["b", "c"]) await flows.edit("busy", { tasks: [sim(name)] });
    await otherLife(test);
    expect(await flows.runs("busy")).toEqual([]);
    const { metadata } = await flows.edit("busy", { suspend: false });
    const only = await flows.over((await flows.runOf("busy", metadata.generation)).metadata.name);

    expect(await flows.runs("busy")).toHaveLength(1);
    expect(await flows.taskNames(only.metadata.name)).toEqual(["c"]);
    expect(await room.kubectl.table(["wfl"])).toMatchObject([
      { NAME: "busy", VALID: "True", STATUS: expect.any(String) as string },
    ]);
  });

  it("starts no run a second time that history has removed", async (test) => {
    const { flows } = await flowRoom(test);
    await flows.create("pruned", { tasks: [sim("a")], history: { succeeded: 0 } });
    await flows.seeWorkflow("pruned", ({ status }) => status?.startedGeneration === 1, { what: "its start" });
    await untilAll(flows.client, flows.runsPath, (all) => all.size === 0, { what: "its run to go" });
    await otherLife(test);

    expect(await flows.runs("pruned")).toEqual([]);
    // Its status may be a second behind.
    const seen = await flows.seeWorkflow("pruned", ({ status }) => status?.activeRuns === 0, { what: "no active run" });
    expect(seen.status).toMatchObject({ startedGeneration: 1 });
  });
});

describe.concurrent("a run that a person creates", () => {
  it("works with the params it is given and the defaults of the rest, about the time it is given", async (test) => {
    const { flows, room } = await flowRoom(test);
    const message = JSON.stringify({
      all: "$(params.region) $(params.day) $(run.ds) $(run.dsNodash) $(run.ts) $(run.dataIntervalEnd) $(run.name)",
    });
    await flows.create("sales", {
      run: "Manual",
      params: [{ name: "region", default: "eu", enum: ["eu", "us"] }, { name: "day" }],
      tasks: [sim("a", { ...SHORT, message }, { results: [{ name: "all" }] })],
    });
    const input = run("sales", {
      params: { day: "monday" },
      dataInterval: { start: "2026-11-21T22:00:00Z", end: "2026-11-22T22:00:00Z" },
    });
    const said = await room.kubectl.run(["create", "-f", "-"], { input });
    const name = /workflowrun\.stint\.dev\/(\S+) created/.exec(said)?.[1] ?? "";
    await flows.over(name);
    const us = await flows.start("sales", { params: { region: "us", day: "today" } }, "us");
    await flows.over("us");

    const result = async (of: string): Promise<string | undefined> =>
      (await flows.tasks(of)).get("a")?.status.results?.["all"];
    const times = "2026-11-21 20261121 2026-11-21T22:00:00Z 2026-11-22T22:00:00Z";
    expect(await result(name)).toBe(`eu monday ${times} ${name}`);
    expect(await result("us")).toContain(`us today ${us.metadata.creationTimestamp.slice(0, 10)} `);
    expect(await flows.runs("sales")).toHaveLength(2);
  });

  it("fails at once, with every reason, where params are wrong", async (test) => {
    const { flows } = await flowRoom(test);
    await flows.create("strict", {
      run: "Manual",
      params: [{ name: "region", enum: ["eu", "us"] }, { name: "day" }],
      tasks: [sim("a")],
    });
    await flows.start("strict", { params: { region: "asia", dya: "monday" } }, "wrong");
    const over = await flows.over("wrong");

    expect([over.status.phase, runReason(over)]).toEqual(["Failed", "InvalidParams"]);
    expect(runMessage(over)).toMatch(/asia.*eu.*us/);
    expect(runMessage(over)).toMatch(/dya/);
    expect(runMessage(over)).toMatch(/day/);
    expect(await flows.taskNames("wrong")).toEqual([]);
  });

  it("waits for a Workflow that is not there, and says so, and runs once it comes", async (test) => {
    const { flows } = await flowRoom(test);
    await flows.start("later", {}, "early");
    const waiting = await flows.see("early", (one) => runReason(one) === "WorkflowNotFound", {
      what: "WorkflowNotFound",
    });
    expect(waiting.status.phase).toBe("Pending");
    expect(runMessage(waiting)).toContain("later");
    await flows.create("later", { run: "Manual", tasks: [sim("a")] });

    expect(storyOf(await flows.over("early"))).toBe("Succeeded Succeeded S");
  });

  it("gets the Workflow as its owner, and nothing else of it is written", async (test) => {
    const { dir } = needs(test, "own cluster");
    const { flows, room } = await flowRoom(test);
    const { metadata } = await flows.create("mine", { run: "Manual", tasks: [sim("a")] });
    const input = run("mine", {}, "by-hand");
    await room.kubectl.run(["apply", "-f", "-"], { input });
    const over = await flows.over("by-hand");

    expect(over.metadata.ownerReferences).toMatchObject([{ kind: "Workflow", name: "mine", uid: metadata.uid }]);
    expect(over.metadata).toMatchObject({ generation: 1 });
    expect(over.metadata.labels).toBeUndefined();
    expect(await room.kubectl.attempt(["diff", "-f", "-"], { input })).toMatchObject({ code: 0, stdout: "" });
    const writes = (await operatorWrites(dir, room.namespace))
      .map(inWords)
      .filter((words) => words.includes(" by-hand:"));
    expect(writes.filter((words) => words.startsWith("patch workflowruns by-hand"))).toHaveLength(1);
    expect(writes.filter((words) => !/^(patch workflowruns|update workflowruns\/status) /.test(words))).toEqual([]);
  });
});

describe.concurrent("what has ended", () => {
  it("goes when there is more of it than history keeps, oldest first; what Git holds stays", async (test) => {
    const { flows } = await flowRoom(test);
    await flows.create("many", {
      run: "Manual",
      params: [{ name: "code", default: "0" }],
      tasks: [sim("a", { ...SHORT, "exit-code": "$(params.code)" })],
      history: { succeeded: 2, failed: 1 },
    });
    const tracked = run("many", {}, "tracked");
    await flows.client.call("POST", flows.runsPath, {
      ...tracked,
      metadata: { name: "tracked", labels: { "kustomize.toolkit.fluxcd.io/name": "shop" } },
    });
    await flows.over("tracked");
    for (const [name, code] of [
      ["s1", "0"],
      ["f1", "1"],
      ["s2", "0"],
      ["f2", "1"],
      ["s3", "0"],
    ] as const) {
      await flows.start("many", { params: { code } }, name);
      await flows.over(name);
      // Ends are told by whole seconds, and of two at once either may go first.
      await nextSecond();
    }
    const kept = (all: ReadonlyMap<string, WorkflowRun>): string =>
      [...all.keys()].toSorted((a, b) => (a < b ? -1 : 1)).join();
    const wait = { what: "only those to be left that history keeps" };
    await untilAll<WorkflowRun>(flows.client, flows.runsPath, (all) => kept(all) === "f2,s2,s3,tracked", wait);
    await otherLife(test);

    expect((await flows.runs("many")).map(({ metadata }) => metadata.name)).toHaveLength(4);
  });

  it("takes its TaskRuns and pods with it when it is deleted, also while it runs", async (test) => {
    const { flows, room } = await flowRoom(test);
    await flows.create("gone", { run: "Manual", tasks: [sim("a"), sim("b", FOREVER, { dependsOn: ["a"] })] });
    await flows.start("gone", {}, "one");
    await room.running("one-b");
    await room.kubectl.run(["delete", "workflowrun", "one", "--timeout=60s"]);
    await expectEmpty(room, "its TaskRuns and pods to go");

    expect(await flows.runs("gone")).toEqual([]);
    expect((await flows.workflow("gone")).metadata.deletionTimestamp).toBeUndefined();
  });

  it("goes with its Workflow: runs, sub-workflows' runs, definitions, TaskRuns and pods", async (test) => {
    const { flows, room } = await flowRoom(test);
    await flows.create("inner", { run: "Manual", tasks: [sim("x"), sim("y", FOREVER)] });
    const { metadata } = await flows.begin("outer", {
      tasks: [sim("a"), { name: "sub", dependsOn: ["a"], workflowRef: { name: "inner" } }],
    });
    await flows.start("outer", {}, "by-hand");
    for (const name of [metadata.name, "by-hand"]) await room.running(`${name}-sub-y`);
    for (const name of ["outer", "inner"]) await room.kubectl.run(["delete", "workflow", name, "--timeout=60s"]);
    await expectEmpty(room, "all of it to go");
    await untilAll(flows.client, flows.runsPath, (all) => all.size === 0, { what: "the runs to go" });
    const path = `/apis/apps/v1/namespaces/${room.namespace}/controllerrevisions`;
    await untilAll(flows.client, path, (all) => all.size === 0, { what: "the definitions to go" });

    expect(await room.kubectl.run(["get", "stint,pods,controllerrevisions", "-o", "name"])).toBe("");
  });

  it("leaves no definition that no run works by, but the newest", async (test) => {
    const { flows, room } = await flowRoom(test);
    await flows.through("lean", { tasks: [sim("a")], history: { succeeded: 1 } });
    for (const [generation, name] of [
      [2, "b"],
      [3, "c"],
    ] as const) {
      await flows.edit("lean", { tasks: [sim(name)] });
      await flows.over((await flows.runOf("lean", generation)).metadata.name);
      await nextSecond();
    }
    const path = `/apis/apps/v1/namespaces/${room.namespace}/controllerrevisions`;
    const left = await untilAll(flows.client, path, (all) => all.size === 1, { what: "one definition to be left" });

    expect([...left.keys()]).toEqual([(await flows.runs("lean"))[0]?.status.revision]);
    expect((await flows.revisions()).map(({ revision }) => revision)).toEqual([3]);
  });
});

/** Somebody else's whole life passes, in another namespace: what was changed before has been looked at. */
async function otherLife(test: TestContext): Promise<void> {
  const { flows } = await flowRoom(test);
  await flows.through("other", { tasks: [sim("a")] });
}

async function nextSecond(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 1_000);
  await promise;
}

async function expectEmpty(room: Room, what: string): Promise<void> {
  await untilAll<TaskRun>(room.client, taskRunsPath(room.namespace), (all) => all.size === 0, { what });
  await room.seePods((pods) => pods.size === 0, { what });
}
