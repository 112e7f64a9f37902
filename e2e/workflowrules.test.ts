/** Which tasks of a run start, and when: trigger rules, skips, lists, and what a failure does to the rest. */
import { describe, expect, it } from "vitest";
import { runMessage, storyOf, type TaskSpec } from "./support/flows.ts";
import { simulated, taskRunsPath } from "./support/objects.ts";
import { operatorForFile } from "./support/running.ts";
import { BAD, flowRoom, FOREVER, seeStates, SHORT, sim } from "./support/simulatedflows.ts";

operatorForFile();

type Rule = NonNullable<TaskSpec["triggerRule"]>;

/** Upstream tasks by what they come to: succeeded, failed, skipped, upstream failed. */
const UPSTREAM = { S: "ok", F: "bad", K: "skip", U: "orphan" } as const;

/** What becomes of a task with that rule after upstream tasks that came to what the columns say. */
const COLUMNS = ["S", "F", "K", "U", "SF", "SK", "FK", "SU"] as const;
const TABLE: Readonly<Record<Rule, string>> = {
  AllSucceeded: "SUKUUKUU",
  AllDone: "SSSSSSSS",
  AllFailed: "KSKSKKKK",
  OneSucceeded: "SUKUSSUS",
  OneFailed: "KSKSSKSS",
  NoneFailed: "SUSUUSUU",
  NoneFailedMinOneSuccess: "SUKUUSUU",
  NoneSkipped: "SSKSSKKS",
  Always: "SSSSSSSS",
};

describe.concurrent("a task", () => {
  it("starts as its trigger rule says, is skipped, or counts as failed upstream", async (test) => {
    const { flows } = await flowRoom(test);
    const rules = Object.keys(TABLE) as Rule[];
    const tasks = rules.flatMap((triggerRule) =>
      COLUMNS.map((column) => {
        const dependsOn = column.split("").map((letter) => UPSTREAM[letter as keyof typeof UPSTREAM]);
        return sim(`${triggerRule.toLowerCase()}-${column.toLowerCase()}`, SHORT, { triggerRule, dependsOn });
      }),
    );
    const upstream = [
      sim("ok"),
      sim("bad", BAD),
      sim("skip", SHORT, { when: "false" }),
      sim("orphan", SHORT, { dependsOn: ["bad"] }),
    ];
    const { status } = await flows.through("rules", { tasks: [...upstream, ...tasks] });
    const all = status.states ?? "";

    expect(all.slice(0, 4)).toBe("SFKU");
    const found = rules.map((rule, row) => [rule, all.slice(4 + row * COLUMNS.length).slice(0, COLUMNS.length)]);
    expect(Object.fromEntries(found)).toEqual(TABLE);
    // One that depends on it directly, by a rule that asks for failures, dealt with the failure.
    expect(status.phase).toBe("Succeeded");
  });

  it("with OneSucceeded, OneFailed or Always does not wait for what still runs", async (test) => {
    const { flows } = await flowRoom(test);
    const run = await flows.begin("hasty", {
      tasks: [
        sim("ok"),
        sim("bad", BAD),
        sim("endless", FOREVER),
        sim("good-news", SHORT, { dependsOn: ["ok", "endless"], triggerRule: "OneSucceeded" }),
        sim("bad-news", SHORT, { dependsOn: ["bad", "endless"], triggerRule: "OneFailed" }),
        sim("no-news", SHORT, { dependsOn: ["endless"], triggerRule: "Always" }),
        sim("patient", SHORT, { dependsOn: ["endless", "ok"] }),
      ],
    });
    await seeStates(flows, run, "SFRSSS.");
    await flows.patch(run.metadata.name, { cancel: true });

    expect(storyOf(await flows.over(run.metadata.name))).toBe("Cancelled Cancelled SFCSSSC");
  });

  it("is skipped by a when that is false, and fails by one that cannot be evaluated, or by a value that is not there", async (test) => {
    const { flows } = await flowRoom(test);
    const run = await flows.through("when", {
      params: [{ name: "region", default: "eu" }],
      tasks: [
        sim("count", { ...SHORT, message: '{"rows":"12"}' }, { results: [{ name: "rows" }] }),
        sim("yes", SHORT, { dependsOn: ["count"], when: 'params.region == "eu" && tasks.count.results.rows == "12"' }),
        sim("no", SHORT, { dependsOn: ["count"], when: 'tasks.count.results.rows != "12" || params.region == "us"' }),
        sim("number", SHORT, { dependsOn: ["count"], when: "int(tasks.count.results.rows) > 10" }),
        sim("broken", SHORT, { dependsOn: ["count"], when: "int(params.region) > 10" }),
        sim("after-no", SHORT, { dependsOn: ["no"] }),
      ],
    });

    expect(storyOf(run)).toBe("Failed TaskFailed SSKSFK");
    expect(run.status.firstFailures).toMatchObject([{ task: "broken", reason: "InvalidWhen" }]);
    expect(run.status.tasks).toMatchObject({ total: 6, succeeded: 3, failed: 1, skipped: 2 });
    expect(await flows.taskNames(run.metadata.name)).toEqual(["count", "number", "yes"]);
  });

  it("runs once for each element of a list that is a result, and not at all for an empty one", async (test) => {
    const { flows } = await flowRoom(test);
    const list = (name: string, value: string): TaskSpec =>
      sim(name, { ...SHORT, message: JSON.stringify({ all: value }) }, { results: [{ name: "all" }] });
    const each = (name: string, of: string): TaskSpec =>
      sim(name, SHORT, { dependsOn: [of], forEach: { result: `$(tasks.${of}.results.all)` } });
    const run = await flows.through("lists", {
      tasks: [
        list("three", '[1,"b",{"c":3}]'),
        list("none", "[]"),
        list("text", "a, b"),
        each("of-three", "three"),
        each("of-none", "none"),
        each("of-text", "text"),
        sim("after-none", SHORT, { dependsOn: ["of-none"], triggerRule: "NoneFailed" }),
      ],
    });

    expect(storyOf(run)).toBe("Failed TaskFailed SSSSKFS");
    expect(run.status.firstFailures).toMatchObject([{ task: "of-text", reason: "InvalidForEach" }]);
    expect(run.status.mapped).toEqual([{ task: "of-three", total: 3, succeeded: "0-2" }]);
    expect(run.status.progress).toBe("9/9");
  });

  it("of many parts has failed if one of them has, and says which", async (test) => {
    const { flows } = await flowRoom(test);
    const part = simulated({ "run-for": "10ms", "exit-code": "$(item)" });
    const run = await flows.through("parts", {
      tasks: [
        { name: "m", template: part, forEach: { items: ["0", "3", "0", "0", "4"] } },
        sim("next", SHORT, { dependsOn: ["m"] }),
      ],
    });

    expect(storyOf(run)).toBe("Failed TaskFailed FU");
    expect(run.status.mapped).toEqual([{ task: "m", total: 5, succeeded: "0,2-3", failed: "1,4" }]);
    expect(run.status.firstFailures).toMatchObject([
      { task: "m", index: 1, reason: "ExitCode", message: expect.stringContaining("exit code 3") as string },
      { task: "m", index: 4, reason: "ExitCode", message: expect.stringContaining("exit code 4") as string },
    ]);
    expect(run.status.tasks).toMatchObject({ total: 6, succeeded: 3, failed: 2, upstreamFailed: 1 });
  });

  it("that is cancelled alone counts as failed; one that is deleted has failed, and is not made again", async (test) => {
    const { flows, room } = await flowRoom(test);
    const run = await flows.begin("single", {
      tasks: [sim("a", FOREVER), sim("b", FOREVER), sim("after-a", SHORT, { dependsOn: ["a"] })],
    });
    const { name } = run.metadata;
    for (const task of ["a", "b"]) await room.running(`${name}-${task}`);
    await room.patch(`${name}-a`, { cancel: true });
    await room.client.call("DELETE", `${taskRunsPath(room.namespace)}/${name}-b`);
    const over = await flows.over(name);

    expect(storyOf(over)).toBe("Failed TaskFailed CFU");
    expect(over.status.firstFailures).toMatchObject([{ task: "b", reason: "TaskRunDeleted" }]);
    expect(runMessage(over)).toContain("Failed: a, b.");
    expect(await flows.taskNames(name)).toEqual(["a"]);
  });
});

describe.concurrent("a failure", () => {
  it("leaves other branches alone, and what depends on it does not run (Continue)", async (test) => {
    const { flows } = await flowRoom(test);
    const run = await flows.through("continue", {
      tasks: [
        sim("bad", BAD),
        sim("after-bad", SHORT, { dependsOn: ["bad"] }),
        sim("slow", { "run-for": "2s" }),
        sim("after-slow", SHORT, { dependsOn: ["slow"] }),
      ],
      finally: [sim("clean")],
    });

    expect(storyOf(run)).toBe("Failed TaskFailed FUSSS");
    expect(run.status.stopped).toBeUndefined();
    expect(runMessage(run)).toMatch(/bad/);
  });

  it("stops the run with FailFast: what runs is stopped, the rest does not start, finally runs", async (test) => {
    const { flows } = await flowRoom(test);
    const run = await flows.through("failfast", {
      onFailure: "FailFast",
      tasks: [
        sim("long", FOREVER),
        sim("after-long", SHORT, { dependsOn: ["long"] }),
        sim("bad", { "run-for": "500ms", "exit-code": "1" }),
        sim("aside", SHORT, { dependsOn: ["long"], triggerRule: "AllDone" }),
      ],
      finally: [sim("clean"), sim("only-if-well", SHORT, { when: 'run.status == "Succeeded"' })],
    });

    expect(storyOf(run)).toBe("Failed TaskFailed CCFCSK");
    expect(run.status.stopped).toBe("FailFast");
    expect(await flows.taskNames(run.metadata.name)).toEqual(["bad", "clean", "long"]);
  });

  it("that another task deals with does not fail the run; one of finally always does", async (test) => {
    const { flows } = await flowRoom(test);
    const tasks = [sim("bad", BAD), sim("repair", SHORT, { dependsOn: ["bad"], triggerRule: "OneFailed" })];
    const handled = await flows.through("handled", { tasks });
    const late = await flows.through("late", { tasks, finally: [sim("clean", BAD)] });

    expect(storyOf(handled)).toBe("Succeeded Succeeded FS");
    expect(storyOf(late)).toBe("Failed TaskFailed FSF");
  });

  it("is tried again first, as the task's retry says, and counted as retrying meanwhile", async (test) => {
    const { flows } = await flowRoom(test);
    const retry = { limit: 1, backoff: { initialSeconds: 2 } };
    const run = await flows.begin("retrying", { taskDefaults: { retry }, tasks: [sim("bad", BAD), sim("ok")] });
    await flows.see(run.metadata.name, ({ status }) => status.tasks?.retrying === 1, { what: "one that retries" });
    const over = await flows.over(run.metadata.name);

    expect(storyOf(over)).toBe("Failed TaskFailed FS");
    expect((await flows.tasks(run.metadata.name)).get("bad")?.status.attempts).toHaveLength(2);
    expect(over.status.firstFailures).toMatchObject([{ task: "bad", reason: "RetriesExhausted" }]);
  });
});
