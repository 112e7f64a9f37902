/** What a run is told on its way, and after: bounds, a deadline, suspension, retries. */
import { describe, expect, it } from "vitest";
import { runMessage, storyOf, type WorkflowRun } from "./support/flows.ts";
import { reasonOf, simulated, taskRunsPath, type Simulation, type TaskRun } from "./support/objects.ts";
import { operatorForFile } from "./support/running.ts";
import { flowRoom, FOREVER, seeStates, SHORT, sim } from "./support/simulatedflows.ts";
import { states } from "./support/waiting.ts";

operatorForFile();

describe.concurrent("a run", () => {
  it("has no more tasks under way than maxParallelTasks and maxParallel say", async (test) => {
    const { flows, room } = await flowRoom(test);
    const most = new Map<string, number>();
    const done = new AbortController();
    const watching = (async () => {
      for await (const all of states<TaskRun>(room.client, taskRunsPath(room.namespace), done.signal)) {
        for (const [of, names] of Object.entries(underWay(all))) most.set(of, Math.max(most.get(of) ?? 0, names));
      }
    })();
    const range = { end: 12 };
    const part: Simulation = { "run-for": "300ms" };
    const run = await flows.through("bounds", {
      maxParallelTasks: 5,
      tasks: [
        sim("wide", part, { forEach: { range } }),
        sim("narrow", part, { forEach: { range, maxParallel: 2 } }),
        ...Array.from({ length: 6 }, (_, i) => sim(`t${i}`, part)),
      ],
    });
    done.abort();
    await watching;

    expect(storyOf(run)).toBe("Succeeded Succeeded SSSSSSSS");
    expect(most.get("all")).toBe(5);
    expect(most.get("narrow")).toBeLessThanOrEqual(2);
  });

  it("that takes longer than activeDeadlineSeconds is stopped, and finally still runs", async (test) => {
    const { flows } = await flowRoom(test);
    const run = await flows.through("late", {
      activeDeadlineSeconds: 2,
      tasks: [sim("ok"), sim("long", FOREVER, { dependsOn: ["ok"] }), sim("next", SHORT, { dependsOn: ["long"] })],
      finally: [sim("clean", { "run-for": "1500ms" })],
    });

    expect(storyOf(run)).toBe("Failed DeadlineExceeded SCCS");
    expect(run.status.stopped).toBe("DeadlineExceeded");
    expect(runMessage(run)).toMatch(/activeDeadlineSeconds/);
  });

  it("is suspended with all that runs, and goes on where it was", async (test) => {
    const { flows, room } = await flowRoom(test);
    const { metadata } = await flows.begin("pause", {
      tasks: [
        sim("done"),
        sim("running", { "run-for": "6s" }, { dependsOn: ["done"] }),
        sim("mine", FOREVER, { dependsOn: ["done"] }),
        sim("next", SHORT, { dependsOn: ["running"] }),
      ],
    });
    const { name } = metadata;
    await room.running(`${name}-running`);
    await room.running(`${name}-mine`);
    // Somebody suspends one task alone: going on with the run is not going on with that.
    await room.patch(`${name}-mine`, { suspend: true });
    await room.see(`${name}-mine`, ({ status }) => status.phase === "Suspended", { what: "it to be suspended" });
    await flows.patch(name, { suspend: true });
    const held = await flows.see(name, ({ status }) => status.phase === "Suspended", { what: "phase Suspended" });
    expect(storyOf(held)).toBe("Suspended Suspended SRR.");
    expect((await room.taskRun(`${name}-running`)).status.phase).toBe("Suspended");
    expect(await room.kubectl.table(["workflowruns"])).toMatchObject([{ STATUS: "Suspended", PROGRESS: "1/4" }]);

    await flows.patch(name, { suspend: false });
    await seeStates(flows, held, "SSRS");
    expect((await room.taskRun(`${name}-mine`)).spec.suspend).toBe(true);
    await room.patch(`${name}-mine`, { cancel: true });
    expect(storyOf(await flows.over(name))).toBe("Failed TaskFailed SSCS");
    expect(reasonOf(await room.taskRun(`${name}-running`))).toBe("Succeeded");
  });

  it("suspended from the start has no task until it may; cancelled in that state it never has", async (test) => {
    const { flows } = await flowRoom(test);
    await flows.create("held", { run: "Manual", tasks: [sim("a")], finally: [sim("z")] });
    const names = ["one", "two"];
    for (const name of names) await flows.start("held", { suspend: true }, name);
    for (const name of names) {
      const { status } = await flows.see(name, (one) => one.status.phase === "Suspended", { what: "phase Suspended" });
      expect(status.states).toBe("..");
      expect(await flows.taskNames(name)).toEqual([]);
    }
    await flows.patch("one", { suspend: false });
    await flows.patch("two", { cancel: true });

    expect(storyOf(await flows.over("one"))).toBe("Succeeded Succeeded SS");
    expect(storyOf(await flows.over("two"))).toBe("Cancelled Cancelled CS");
  });

  it("is retried by task, too: the named ones, or all that depends on them as well", async (test) => {
    const { flows } = await flowRoom(test);
    const tasks = [sim("a"), sim("b", SHORT, { dependsOn: ["a"] }), sim("c", SHORT, { dependsOn: ["b"] }), sim("d")];
    const { metadata } = await flows.through("chosen", { tasks, finally: [sim("z")] });
    const { name } = metadata;
    await flows.patch(name, { retry: { id: "1", scope: "Tasks", tasks: ["b"] } });
    expect(storyOf(await flows.over(name, { round: 1 }))).toBe("Succeeded Succeeded SSSSS");
    expect(await flows.taskNames(name)).toEqual(["a", "b", "b-r1", "c", "d", "z", "z-r1"]);
    await flows.patch(name, { retry: { id: "2", scope: "TasksAndDownstream", tasks: ["b"] } });
    expect(storyOf(await flows.over(name, { round: 2 }))).toBe("Succeeded Succeeded SSSSS");
    expect(await flows.taskNames(name)).toEqual(["a", "b", "b-r1", "b-r2", "c", "c-r2", "d", "z", "z-r1", "z-r2"]);
  });

  it("is not retried twice for one id, nor for a task it does not have, nor where nothing failed", async (test) => {
    const { flows } = await flowRoom(test);
    const { metadata } = await flows.through("nothing", { tasks: [sim("load"), sim("z")] });
    const { name } = metadata;
    const answered = async (id: string, more: object = {}): Promise<WorkflowRun> => {
      await flows.patch(name, { retry: { id, ...more } });
      return await flows.see(name, ({ status }) => status.retry?.id === id, { what: `an answer to retry ${id}` });
    };
    const nothing = await answered("a");
    const unknown = await answered("b", { scope: "Tasks", tasks: ["laod"] });
    await flows.patch(name, { retry: { id: "c", scope: "Tasks", tasks: ["load"] } });
    const retried = await flows.over(name, { round: 1 });
    // The same id once more, with another wish.
    await flows.patch(name, { retry: { id: "c", scope: "Tasks", tasks: ["z"] } });
    const same = await flows.see(
      name,
      ({ metadata: { generation }, status }) => status.observedGeneration === generation,
      {
        what: "it to be seen",
      },
    );

    expect([nothing.status.phase, nothing.status.retry?.round ?? 0]).toEqual(["Succeeded", 0]);
    expect(nothing.status.retry?.message).toMatch(/nothing/i);
    expect(unknown.status.retry?.message).toMatch(/spec\.retry\.tasks\[0\].*laod.*load/);
    expect(retried.status.retry).toMatchObject({ id: "c", round: 1 });
    expect(same.status.retry).toEqual(retried.status.retry);
    expect(await flows.taskNames(name)).toEqual(["load", "load-r1", "z"]);
  });

  it("keeps the parts of a mapped task that succeeded, and runs only the others again", async (test) => {
    const { flows } = await flowRoom(test);
    const part = simulated({ "run-for": "10ms", "exit-code": "$(item)" });
    const run = await flows.through("half", {
      tasks: [{ name: "m", template: part, forEach: { items: ["0", "1", "0", "1"] } }],
    });
    const { name } = run.metadata;
    await flows.patch(name, { retry: { id: "1" } });
    const again = await flows.over(name, { round: 1 });

    expect(storyOf(again)).toBe("Failed TaskFailed F");
    expect(again.status.mapped).toEqual([{ task: "m", total: 4, succeeded: "0,2", failed: "1,3" }]);
    expect(await flows.taskNames(name)).toEqual(["m-0", "m-1", "m-1-r1", "m-2", "m-3", "m-3-r1"]);
  });
});

/** How many TaskRuns have not ended, in all and by task. */
function underWay(all: ReadonlyMap<string, TaskRun>): Readonly<Record<string, number>> {
  const counts: Record<string, number> = { all: 0 };
  for (const { metadata, status } of all.values()) {
    if (status.completionTime !== undefined) continue;
    const task = metadata.labels?.["stint.dev/task"] ?? "?";
    counts[task] = (counts[task] ?? 0) + 1;
    counts["all"] = (counts["all"] ?? 0) + 1;
  }
  return counts;
}
