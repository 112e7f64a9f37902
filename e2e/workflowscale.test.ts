/** Large runs: how much is written about them, how large that is, and an operator that dies again and again on the way. */
import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { inWords, operatorWrites } from "./support/audit.ts";
import { Flows, isEnded, type TaskSpec, type WorkflowRun } from "./support/flows.ts";
import { PodLedger } from "./support/ledger.ts";
import { simulated } from "./support/objects.ts";
import { randomOf } from "./support/random.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";
import { flowRoom, FOREVER, SHORT, sim } from "./support/simulatedflows.ts";
import { TaskLedger } from "./support/taskledger.ts";

const KIB = 1024;
const STATUS_BYTES_MAX = 64 * KIB;
/** Of the tasks of the run that is killed. */
const TASKS = 300;
const KILLS = 20;
const LIFE_MIN_MS = 300;
const LIFE_MAX_MS = 2_000;
const EARLY_EVERY = 4;
const END_LIMIT_MS = 240_000;
const TEST_LIMIT_MS = 480_000;

it("however many tasks a run has, its status stays below 64 KiB: 10,000 parts of which every second fails", async (test) => {
  const { flows } = await flowRoom(test);
  operatorForTest(test, [`--namespaces=${flows.namespace}`]);
  const run = await flows.begin("parts", {
    tasks: [
      {
        name: "m",
        template: simulated({ "run-for": "10ms", "exit-code": "$(item)" }),
        forEach: { items: Array.from({ length: 9_999 }, (_, i) => String(i % 2)), maxParallel: 20 },
      },
      sim("after", SHORT, { dependsOn: ["m"] }),
    ],
  });
  const { name } = run.metadata;
  const half = await flows.see(name, ({ status }) => (status.tasks?.failed ?? 0) >= 100, { what: "100 failures" });
  await flows.patch(name, { cancel: true });
  const over = await flows.over(name);

  for (const { status } of [half, over]) {
    const { total, succeeded = 0, failed = 0, running = 0, pending = 0, cancelled = 0 } = status.tasks ?? {};
    expect(total).toBe(10_000);
    expect(succeeded + failed + running + pending + cancelled).toBe(10_000);
    expect(sizeOf(status)).toBeLessThan(STATUS_BYTES_MAX);
    expect(status.firstFailures).toHaveLength(10);
    expect(status.firstFailures?.map(({ index }) => index)).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
  }
  expect(over.status).toMatchObject({ phase: "Cancelled", states: "FC", progress: "10000/10000" });
  expect((await flows.tasks(name)).size).toBeLessThan(1_000);
});

it("and 10,000 tasks by name, of which the first holds up the others", async (test) => {
  const { flows } = await flowRoom(test);
  operatorForTest(test, [`--namespaces=${flows.namespace}`]);
  const others = Array.from({ length: 9_999 }, (_, i): TaskSpec => ({
    name: `t${i}`,
    dependsOn: i === 0 ? ["gate"] : [`t${i - 1}`],
  }));
  const run = await flows.begin("names", {
    taskDefaults: { template: simulated(FOREVER) },
    tasks: [{ name: "gate" }, ...others],
  });
  const { name } = run.metadata;
  const states = `R${".".repeat(9_999)}`;
  const { status } = await flows.see(name, (one) => one.status.states === states, { what: "the gate to run" });
  expect(sizeOf(status)).toBeLessThan(STATUS_BYTES_MAX);
  await flows.patch(name, { cancel: true });
  const over = await flows.over(name);

  expect(over.status).toMatchObject({ phase: "Cancelled", states: "C".repeat(10_000), progress: "10000/10000" });
  expect(sizeOf(over.status)).toBeLessThan(STATUS_BYTES_MAX);
});

it("a run costs one create per task, and at most about one status write a second", async (test) => {
  const { dir } = needs(test, "own cluster");
  const { flows, room } = await flowRoom(test);
  operatorForTest(test, [`--namespaces=${flows.namespace}`]);
  const run = await flows.through("cost", {
    maxParallelTasks: 10,
    tasks: [
      sim("m", { "run-for": "300ms" }, { forEach: { range: { end: 100 } } }),
      sim("z", SHORT, { dependsOn: ["m"] }),
    ],
  });
  const { name } = run.metadata;
  const all = await operatorWrites(dir, room.namespace);
  const writes = all.map((entry) => ({ words: inWords(entry), at: Date.parse(entry.stageTimestamp) }));
  const times = (words: string): readonly number[] => writes.filter((one) => one.words === words).map(({ at }) => at);

  expect(run.status.phase).toBe("Succeeded");
  const creates = writes.filter(({ words }) => words.startsWith("create taskruns ")).map(({ words }) => words);
  expect(new Set(creates).size).toBe(101);
  expect(creates).toHaveLength(101);
  expect(creates.filter((words) => !words.endsWith(": 201"))).toEqual([]);
  const updates = times(`update workflowruns/status ${name}: 200`);
  const seconds = ((updates.at(-1) ?? 0) - (updates[0] ?? 0)) / 1000;
  // Beside one a second: the start, its end, and what may not wait.
  expect(updates.length).toBeLessThanOrEqual(seconds + 3);
  // What is left are the definition, the run itself, its Workflow's status, and its TaskRuns' own two writes each.
  const rest = writes.filter(
    ({ words }) => !/^(create taskruns|create pods|update taskruns\/status|update workflowruns\/status) /.test(words),
  );
  expect(
    rest.filter(
      ({ words }) =>
        !/^(create controllerrevisions|create workflowruns|update workflows\/status|create events) /.test(words),
    ),
  ).toEqual([]);
  expect(times(`create workflowruns ${name}: 201`)).toHaveLength(1);
});

it(
  `each task of a run is started once, after what it depends on, also if the operator is killed ${KILLS} times`,
  { timeout: TEST_LIMIT_MS },
  async (test) => {
    const { dir } = needs(test, "simulated nodes", "own cluster");
    const seed = Number(process.env["SEED"]) || randomInt(1, 2 ** 31);
    console.log(`workflow crash test: SEED=${seed} plays the same tasks and kills again`);
    const random = randomOf(seed);
    const room = await Room.open(test);
    const flows = new Flows(room);
    const tasks = Array.from({ length: TASKS }, (_, i) => play(i, random));
    const ledger = await TaskLedger.start(room.client, room.namespace);
    const pods = await PodLedger.start(room.client, room.namespace);
    test.onTestFinished(() => {
      ledger.stop();
      pods.stop();
    });
    await flows.create("big", { tasks, maxParallelTasks: 25, finally: [sim("clean")] });
    for (let kills = 0; kills < KILLS; kills += 1) {
      const operator = operatorForTest(test);
      if (kills % EARLY_EVERY !== 0) await operator.ready();
      await sleep(LIFE_MIN_MS + random() * (LIFE_MAX_MS - LIFE_MIN_MS));
      await operator.kill();
    }
    const last = operatorForTest(test);
    const { metadata } = await flows.runOf("big");
    const over = await flows.over(metadata.name, { limitMs: END_LIMIT_MS });

    expect(await flows.runs("big")).toHaveLength(1);
    expect(over.status.states).toBe(wantedStates(tasks));
    expect(ledger.violations(new Map(tasks.map(({ name, dependsOn = [] }) => [name, dependsOn])))).toEqual([]);
    expect(pods.violations()).toEqual([]);
    expect(new Set(ledger.started())).toEqual(
      new Set([...tasks.filter((_, i) => over.status.states?.[i] !== "U").map(({ name }) => name), "clean"]),
    );
    // A new operator finds nothing left to do.
    await last.stop();
    const before = (await operatorWrites(dir, room.namespace)).length;
    await operatorForTest(test).ready();
    const other = new Flows(await Room.open(test));
    await other.through("other", { tasks: [sim("a")] });
    expect((await operatorWrites(dir, room.namespace)).slice(before).map(inWords)).toEqual([]);
    expect(await flows.run(metadata.name)).toEqual(over satisfies WorkflowRun);
    expect(isEnded(over)).toBe(true);
  },
);

/** A task that waits for up to three of the forty before it; one of twenty fails. */
function play(i: number, random: () => number): TaskSpec {
  const before = (): string => `t${Math.max(0, i - 1 - Math.floor(random() * 40))}`;
  const dependsOn = i === 0 ? [] : [...new Set(Array.from({ length: Math.floor(random() * 4) }, before))];
  const plays = { "run-for": `${Math.round(random() * 1_000)}ms`, "start-after": `${Math.round(random() * 200)}ms` };
  return sim(`t${i}`, random() < 0.05 ? { ...plays, "exit-code": "1" } : plays, { dependsOn });
}

/** What must become of each by its own plays, and then of finally. */
function wantedStates(tasks: readonly TaskSpec[]): string {
  const states = new Map<string, string>();
  for (const { name, dependsOn = [], template } of tasks) {
    const blocked = dependsOn.some((one) => states.get(one) !== "S");
    const fails = JSON.stringify(template).includes('"sim.stint.dev/exit-code":"1"');
    states.set(name, blocked ? "U" : fails ? "F" : "S");
  }
  return `${[...states.values()].join("")}S`;
}

function sizeOf(status: WorkflowRun["status"]): number {
  return Buffer.byteLength(JSON.stringify(status));
}
