/**
 * Argo CD and Flux judge our objects: the scripts of manifests/argocd in Argo CD's interpreter, and kstatus, over what a real
 * server says in every phase.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, type TestContext } from "vitest";
import { type Flows, runMessage, type Workflow, type WorkflowRun } from "./support/flows.ts";
import { healthOf, kstatusOf, type Seen } from "./support/gitopseyes.ts";
import { podsPath, reasonOf, simulated, taskRunsPath, type TaskRun } from "./support/objects.ts";
import type { Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";
import { BAD, flowRoom, FOREVER, SHORT, sim } from "./support/simulatedflows.ts";
import { poll } from "./support/waiting.ts";

operatorForFile();

/** Argo CD's health, its message, and kstatus. */
type Want = readonly [string, RegExp, string];

const SHORT_TASK = { template: simulated(SHORT) };
const LONG_TASK = { template: simulated(FOREVER) };
const LOOK_EVERY_MS = 1_000;
/** Nothing here waits for a pause between attempts. */
const PAUSE = { limit: 1, backoff: { initialSeconds: 3600, maxSeconds: 3600 } };

describe.concurrent("Argo CD and Flux see", () => {
  it("a TaskRun as it stands, in every phase", async (test) => {
    const { room } = await flowRoom(test);
    const fresh = await room.create("fresh", { ...SHORT_TASK, managedBy: "example.com/other" });
    const before = await room.create("succeeded", SHORT_TASK);
    await room.create("failed", { template: simulated(BAD) });
    await room.create("paused", { template: simulated(BAD), retry: PAUSE });
    await room.create("suspended", { ...SHORT_TASK, suspend: true });
    for (const name of ["running", "cancelled", "lost", "stopping"]) await room.create(name, LONG_TASK);
    for (const name of ["running", "cancelled", "lost", "stopping"]) await room.running(name);
    await room.patch("cancelled", { cancel: true });
    await forget(room, "lost");
    await hold(test, room, taskRunsPath(room.namespace), "stopping");
    const succeeded = await room.over("succeeded");
    const seen: readonly TaskRun[] = [
      fresh,
      before,
      succeeded,
      await room.over("failed"),
      await room.over("cancelled"),
      await reads(room, "paused", "BackingOff"),
      await reads(room, "suspended", "Suspended"),
      await room.see("lost", (one) => reasonOf(one) === "UnknownFate", { what: "reason UnknownFate" }),
      await room.taskRun("running"),
      await room.taskRun("stopping"),
      // What was Healthy is not any more as soon as its spec is another.
      await room.patch("succeeded", { template: simulated({ ...SHORT, message: "other work" }) }),
      await again(room, "succeeded"),
    ];

    expect(await verdictsOf(seen)).toEqual(
      wanted([
        ["Progressing", /^Left to example\.com\/other \(spec\.managedBy\)$/, "InProgress"],
        ["Progressing", /^Stint has not looked at generation 1 yet$/, "InProgress"],
        ["Healthy", /^Succeeded: /, "Current"],
        ["Degraded", /^ExitCode: Container main ended with exit code 1/, "Failed"],
        ["Degraded", /^Cancelled: /, "Failed"],
        ["Progressing", /^BackingOff: .*exit code 1/, "InProgress"],
        ["Suspended", /^Suspended: .*spec\.suspend/, "InProgress"],
        ["Progressing", /^UnknownFate: .*onUnknownFate/, "InProgress"],
        ["Progressing", /^Running/, "InProgress"],
        // Argo CD says Progressing itself of what is being deleted, and asks nobody.
        ["Progressing", /./, "Terminating"],
        ["Progressing", /^Stint has not looked at generation 2 yet$/, "InProgress"],
        ["Healthy", /^Succeeded: /, "Current"],
      ]),
    );
  });

  it("a WorkflowRun as it stands, in every phase", async (test) => {
    const { flows, room } = await flowRoom(test);
    const params = [{ name: "code", default: "0" }];
    await flows.create("short", {
      run: "Manual",
      params,
      tasks: [sim("a", { ...SHORT, "exit-code": "$(params.code)" }), sim("b")],
    });
    await flows.create("long", { run: "Manual", tasks: [sim("a"), sim("b", FOREVER, { dependsOn: ["a"] })] });
    const fresh = await flows.start("nowhere", {}, "waiting");
    await flows.start("short", {}, "succeeded");
    await flows.start("short", { params: { code: "1" } }, "failed");
    for (const name of ["running", "suspended", "cancelled"]) await flows.start("long", {}, name);
    await flows.over("failed");
    for (const name of ["running", "suspended", "cancelled"]) await room.running(`${name}-b`);
    await flows.patch("suspended", { suspend: true });
    await flows.patch("cancelled", { cancel: true });
    const failed = await flows.run("failed");
    const retried = await flows.patch("failed", { retry: { id: "once-more" } });
    const phase = async (name: string, is: string): Promise<WorkflowRun> =>
      await flows.see(name, ({ status }) => status.phase === is, { what: `phase ${is}` });
    const seen: readonly WorkflowRun[] = [
      fresh,
      await flows.see("waiting", (one) => runMessage(one).includes("nowhere"), { what: "WorkflowNotFound" }),
      await flows.see("running", ({ status }) => status.progress === "1/2", { what: "1/2" }),
      await phase("suspended", "Suspended"),
      await flows.over("succeeded"),
      failed,
      await flows.over("cancelled"),
      retried,
      await flows.over("failed", { round: 1 }),
    ];

    expect(await verdictsOf(seen)).toEqual(
      wanted([
        ["Progressing", /^Stint has not looked at generation 1 yet$/, "InProgress"],
        ["Progressing", /^WorkflowNotFound: .*nowhere/, "InProgress"],
        ["Progressing", /^1\/2 Running: 1 of 2 tasks have ended/, "InProgress"],
        ["Suspended", /^Suspended: .*spec\.suspend/, "InProgress"],
        ["Healthy", /^Succeeded: 2 of 2 tasks/, "Current"],
        ["Degraded", /^TaskFailed: .*Failed: a\. First failure: a: ExitCode: /, "Failed"],
        ["Degraded", /^Cancelled: /, "Failed"],
        ["Progressing", /^Stint has not looked at generation 2 yet$/, "InProgress"],
        ["Degraded", /^TaskFailed: /, "Failed"],
      ]),
    );
  });

  it("a WorkflowRun that gets no room as in progress, with the server's words", async (test) => {
    const { flows, room } = await flowRoom(test);
    await noTaskRuns(room);
    const { metadata } = await flows.begin("full", { tasks: [sim("a")] });
    const blocked = await flows.see(metadata.name, (one) => runMessage(one).includes("exceeded quota"), {
      what: "QuotaExceeded",
    });

    expect(await verdictsOf([blocked])).toEqual(
      wanted([["Progressing", /^0\/1 QuotaExceeded: .*exceeded quota: none/, "InProgress"]]),
    );
  });

  it("a Workflow by its definition, then by its last run", async (test) => {
    const { flows } = await flowRoom(test);
    const fresh = await flows.create("broken", { tasks: [sim("a", SHORT, { dependsOn: ["b"] })] });
    await flows.create("manual", { run: "Manual", tasks: [sim("a")] });
    await flows.create("held", { suspend: true, tasks: [sim("a")] });
    const first = await flows.begin("nightly", { tasks: [sim("a", FOREVER)] });
    const underway = await settled(flows, "nightly", ({ activeRuns }) => activeRuns === 1);
    await flows.patch(first.metadata.name, { cancel: true });
    await flows.over(first.metadata.name);
    await flows.edit("nightly", { tasks: [sim("a", BAD)] });
    const second = await flows.over((await flows.runOf("nightly", 2)).metadata.name);
    const failed = await settled(flows, "nightly", ({ lastCompletedRun }) => lastCompletedRun?.name === nameOf(second));
    const byHand = await flows.start("nightly", {}, "by-hand");
    await flows.over(nameOf(byHand));
    const stale = await flows.edit("nightly", { tasks: [sim("a", FOREVER), sim("b", SHORT, { dependsOn: ["a"] })] });
    const third = await flows.runOf("nightly", 3);
    const between = await settled(flows, "nightly", ({ lastRun }) => lastRun?.name === nameOf(third));
    await flows.edit("nightly", { tasks: [sim("a")] });
    const fourth = await flows.over((await flows.runOf("nightly", 4)).metadata.name);
    const good = await settled(flows, "nightly", ({ lastCompletedRun }) => lastCompletedRun?.name === nameOf(fourth));
    // A run of an older definition that ends later hides nothing.
    await flows.patch(nameOf(third), { cancel: true });
    await flows.over(nameOf(third));
    const late = await settled(flows, "nightly", ({ activeRuns }) => activeRuns === 0);
    const seen: readonly Workflow[] = [
      fresh,
      await settled(flows, "broken", ({ conditions }) => conditions?.[0]?.status === "False"),
      await settled(flows, "manual", ({ conditions }) => conditions?.[0]?.status === "True"),
      await settled(flows, "held", ({ conditions }) => conditions?.[0]?.status === "True"),
      underway,
      failed,
      stale,
      between,
      good,
      late,
    ];
    const run = (one: WorkflowRun): string => `Run ${nameOf(one)}`;

    expect(await verdictsOf(seen)).toEqual(
      wanted([
        ["Progressing", /^Stint has not looked at generation 1 yet$/, "InProgress"],
        ["Degraded", /^InvalidWorkflow: spec\.tasks\[a\]\.dependsOn\[0\]: there is no task "b"/, "Failed"],
        ["Healthy", /^It has not run yet$/, "Current"],
        ["Suspended", /^No new run starts \(spec\.suspend\)\. It has not run yet$/, "Current"],
        [
          "Progressing",
          /^The run of generation 1 has not ended; run nightly-1-\S+ is \w+\. Before: It has not run yet$/,
          "Current",
        ],
        ["Degraded", new RegExp(`^${run(second)} Failed, TaskFailed: .*exit code 1`), "Current"],
        ["Progressing", /^Stint has not looked at generation 3 yet$/, "InProgress"],
        [
          "Progressing",
          /^The run of generation 3 has not ended; run nightly-3-\S+ is \w+\. Before: Run by-hand Failed/,
          "Current",
        ],
        ["Healthy", new RegExp(`^${run(fourth)} Succeeded: 1 of 1 tasks.*; 1 under way$`), "Current"],
        ["Healthy", new RegExp(`^${run(fourth)} Succeeded: 1 of 1 tasks[^;]*$`), "Current"],
      ]),
    );
  });

  it("a Workflow that failed as Degraded also while another run of it is under way, and says so", async (test) => {
    const { flows } = await flowRoom(test);
    const params = [
      { name: "time", default: "10ms" },
      { name: "code", default: "1" },
    ];
    const tasks = [sim("a", { "run-for": "$(params.time)", "exit-code": "$(params.code)" })];
    await flows.create("manual", { run: "Manual", params, tasks });
    await flows.start("manual", {}, "one");
    await flows.over("one");
    await flows.start("manual", { params: { time: "forever" } }, "two");
    const seen = await settled(flows, "manual", (status) => status.lastRun?.name === "two" && status.activeRuns === 1);
    const changed = await flows.edit("manual", { maxParallelTasks: 2 });
    const later = await settled(flows, "manual", (status) => status.observedGeneration === changed.metadata.generation);

    expect(await verdictsOf([seen, later])).toEqual(
      wanted([
        ["Degraded", /^Run one Failed, TaskFailed: .*; run two is \w+$/, "Current"],
        ["Healthy", /^It has not run since it was changed\. Before: Run one Failed.*; run two is \w+$/, "Current"],
      ]),
    );
  });
});

async function verdictsOf(seen: readonly Seen[]): Promise<readonly unknown[]> {
  const [health, kstatus] = [await healthOf(...seen), await kstatusOf(...seen)];
  return health.map(({ status, message }, index) => [status, message, kstatus[index]?.status]);
}

function wanted(all: readonly Want[]): readonly unknown[] {
  return all.map(([health, words, kstatus]) => [health, expect.stringMatching(words) as unknown, kstatus]);
}

function nameOf({ metadata }: WorkflowRun): string {
  return metadata.name;
}

async function reads(room: Room, name: string, reason: string): Promise<TaskRun> {
  return await room.see(name, (one) => reasonOf(one) === reason && one.status.phase !== "Running", {
    what: `reason ${reason}`,
  });
}

/** The end of its second attempt. */
async function again(room: Room, name: string): Promise<TaskRun> {
  const isIt = ({ status }: TaskRun): boolean => status.attempt === 2 && status.phase === "Succeeded";
  return await room.see(name, isIt, { what: "its second success" });
}

async function settled(
  flows: Flows,
  name: string,
  is: (status: NonNullable<Workflow["status"]>) => boolean,
): Promise<Workflow> {
  return await flows.seeWorkflow(name, ({ status }) => status !== undefined && is(status), { what: "its status" });
}

/**
 * A quota for no TaskRun at all, once it counts. On a young cluster the controller of quotas has not heard of our kinds yet, and looks
 * at a quota again only when its spec has changed.
 */
async function noTaskRuns({ client, namespace }: Room): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/resourcequotas`;
  const kind = "count/taskruns.stint.dev";
  await client.call("POST", path, { metadata: { name: "none" }, spec: { hard: { [kind]: "0" } } });
  let round = 0;
  const used = async (): Promise<string | undefined> => {
    await sleep(LOOK_EVERY_MS);
    const { status } = await client.call<Quota>("GET", `${path}/none`);
    round += 1;
    if (status?.used?.[kind] === undefined)
      await client.call("PATCH", `${path}/none`, { spec: { hard: { "count/configmaps": String(100 + round) } } });
    return status?.used?.[kind];
  };
  await poll(used, { what: "the quota to count TaskRuns" });
}

interface Quota {
  readonly status?: { readonly used?: Readonly<Record<string, string>> };
}

/** Its pod goes without a word. */
async function forget(room: Room, taskRun: string): Promise<void> {
  for (const { metadata } of await room.pods(taskRun))
    await room.client.call("DELETE", `${podsPath(room.namespace)}/${metadata.name}`, { gracePeriodSeconds: 0 });
}

/** Deletes it, and holds it until the end of the test. */
async function hold(test: TestContext, room: Room, path: string, name: string): Promise<void> {
  await room.client.call("PATCH", `${path}/${name}`, { metadata: { finalizers: ["example.com/hold"] } });
  test.onTestFinished(async () => {
    await room.client.send("PATCH", `${path}/${name}`, { metadata: { finalizers: null } });
  });
  await room.client.call("DELETE", `${path}/${name}`);
}
