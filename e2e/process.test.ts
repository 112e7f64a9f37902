/** The operator as a process: its endpoints, its end, and what it costs. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { inWords, operatorWrites, podSpanMs } from "./support/audit.ts";
import { simulated } from "./support/objects.ts";
import { sumOf, type Operator } from "./support/operator.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";
import { poll } from "./support/waiting.ts";

/** The operator is watched at rest for so long: half a minute holds several rounds of any timer a loop might have. */
const REST_MS = 30_000;
/** The longest pause between two statements about the same TaskRun: after it everything has been said. */
const SETTLED_MS = 12_000;
/** A task that runs for a second is worth a write that says so; the simulated kubelet of a busy machine may need as long. */
const SHORT_MS = 800;
const SHORT_TRIES_MAX = 3;
const SHOWN_LIMIT_MS = 30_000;
const IDLE_CPU_MAX = 0.01;
const IDLE_MEMORY_MAX_BYTES = 120_000_000;

describe.concurrent("the operator", () => {
  it("at rest sends no write and uses less than 1 % of a CPU", async (test) => {
    const { dir } = needs(test, "simulated nodes", "own cluster");
    const room = await Room.open(test);
    const operator = await operatorForTest(test, [`--namespaces=${room.namespace}`]).ready();
    const names = Array.from({ length: 10 }, (_, index) => `task-${index}`);
    for (const name of names) await room.create(name, { template: simulated({ "run-for": "100ms" }) });
    await room.create("runs", { template: simulated({ "run-for": "forever" }) });
    await Promise.all(names.map((name) => room.over(name)));
    await room.running("runs");
    await sleep(SETTLED_MS);
    const before = { writes: await operatorWrites(dir, room.namespace), calls: await calls(), cpu: await cpuSeconds() };
    const start = performance.now();
    await sleep(REST_MS);
    const after = { writes: await operatorWrites(dir, room.namespace), calls: await calls(), cpu: await cpuSeconds() };
    const restedSeconds = (performance.now() - start) / 1000;

    expect(after.writes.slice(before.writes.length).map(inWords)).toEqual([]);
    expect(after.calls).toEqual(before.calls);
    expect((after.cpu - before.cpu) / restedSeconds).toBeLessThan(IDLE_CPU_MAX);

    async function cpuSeconds(): Promise<number> {
      return await operator.metric("process_cpu_seconds_total");
    }

    async function calls(): Promise<Readonly<Record<string, number>>> {
      const { text } = await operator.get("/metrics");
      const of = (verb: string): number => sumOf(text, "stint_api_requests_total", { verb });
      return { get: of("get"), list: of("list"), create: of("create"), update: of("update"), delete: of("delete") };
    }
  });

  it("at rest needs less than 120 MB of memory", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    const operator = await operatorForTest(test, [`--namespaces=${room.namespace}`]).ready();
    await room.create("one", { template: simulated({ "run-for": "100ms" }) });
    await room.over("one");
    await sleep(SETTLED_MS);

    expect(await operator.metric("process_resident_memory_bytes")).toBeLessThan(IDLE_MEMORY_MAX_BYTES);
  });

  it.for(["SIGTERM", "SIGINT"] as const)("ends in order on %s, with exit code 0", async (signal, test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    const operator = await operatorForTest(test, [`--namespaces=${room.namespace}`]).ready();
    await room.create("runs", { template: simulated({ "run-for": "forever" }) });
    await room.running("runs");

    expect(await operator.stop(signal)).toBe(0);
    // A call that was under way may have ended in between.
    expect(operator.log).toContainEqual(expect.objectContaining({ message: "stint stops", signal }));
    expect(operator.log.at(-1)).toMatchObject({ level: "info", message: "stint stopped" });
    expect((await room.pods("runs")).map((pod) => pod.metadata.deletionTimestamp)).toEqual([undefined]);
  });

  it("answers /healthz, /readyz and /metrics", async (test) => {
    const room = await Room.open(test);
    const operator = await operatorForTest(test, [`--namespaces=${room.namespace}`]).ready();

    expect(await operator.get("/healthz")).toEqual({ status: 200, text: "ok\n" });
    expect(await operator.get("/readyz")).toEqual({ status: 200, text: "ok\n" });
    const { status, text } = await operator.get("/metrics");
    expect(status).toBe(200);
    for (const resource of ["taskruns", "pods"])
      expect(text).toContain(`stint_watch_age_seconds{resource="${resource}"`);
    expect(text).toMatch(/^# HELP stint_api_requests_total /m);
    expect((await operator.get("/nothing")).status).toBe(404);
  });

  it("shows TaskRuns by phase and attempts by reason as metrics", async (test) => {
    needs(test, "simulated nodes");
    const room = await Room.open(test);
    const operator = await operatorForTest(test, [`--namespaces=${room.namespace}`]).ready();
    await room.create("good", { template: simulated({ "run-for": "10ms" }) });
    await room.create("bad", { template: simulated({ "run-for": "10ms", "exit-code": "3" }) });
    await room.create("runs", { template: simulated({ "run-for": "forever" }) });
    await Promise.all([room.over("good"), room.over("bad"), room.running("runs")]);
    const shown = async (): Promise<readonly number[]> => {
      const phases = ["Succeeded", "Failed", "Running"].map((phase) => operator.metric("stint_taskruns", { phase }));
      const ends = ["Succeeded", "ExitCode"].map((reason) => operator.metric("stint_attempts_total", { reason }));
      return await Promise.all([...phases, ...ends]);
    };

    const allShown = async (): Promise<true | undefined> => (await shown()).every((count) => count === 1) || undefined;
    // The operator may learn of its own last write later than we do.
    await poll(allShown, { what: "all five", limitMs: SHOWN_LIMIT_MS }).catch(() => undefined);

    expect(await shown()).toEqual([1, 1, 1, 1, 1]);
  });

  it("says every wrong flag at once, and ends with exit code 2", async (test) => {
    const operator = operatorForTest(test, ["--log-levle=debug", "--namespaces=No_Name"]);

    expect(await operator.ended()).toBe(2);
    expect(operator.tail()).toContain("did you mean --log-level");
    expect(operator.tail()).toContain("No_Name");
  });
});

// Alone: a pod counts as short only on a machine that has time for it.
it("the operator is quiet: it makes two writes for a short TaskRun, its pod and its outcome", async (test) => {
  const { dir } = needs(test, "simulated nodes", "own cluster");
  let tries = 0;
  let room: Room;
  let operator: Operator;
  let podName: string | undefined;
  do {
    room = await Room.open(test);
    operator = await operatorForTest(test, [`--namespaces=${room.namespace}`]).ready();
    await room.create("short", { template: simulated({ "run-for": "10ms" }) });
    ({ podName } = (await room.over("short")).status);
    await sleep(SETTLED_MS);
    tries += 1;
  } while (tries < SHORT_TRIES_MAX && (await podSpanMs(dir, room.namespace)) > SHORT_MS);

  const wanted = [`create pods ${podName}: 201`, "update taskruns/status short: 200"];
  expect((await operatorWrites(dir, room.namespace)).map(inWords)).toEqual(wanted);
  const verbs = ["create", "update", "delete"];
  const writes = await Promise.all(verbs.map((verb) => operator.metric("stint_api_requests_total", { verb })));
  expect(writes).toEqual([1, 1, 0]);
});
