/** The operator dies at any moment, again and again: nothing is lost, nothing runs twice. */
import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { TaskRunSpec } from "../operator/api/types.ts";
import { podCreations } from "./support/audit.ts";
import { PodLedger } from "./support/ledger.ts";
import { isOver, reasonOf, simulated, taskRunsPath, type TaskRun } from "./support/objects.ts";
import { randomOf } from "./support/random.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";
import { untilAll } from "./support/waiting.ts";

const TASK_RUNS = 200;
const KILLS = 20;
/** It dies so long after its start, or after it was ready, which it is a second after its start. */
const LIFE_MIN_MS = 300;
const LIFE_MAX_MS = 2_000;
/** Of so many lives one may end before its first list. */
const EARLY_EVERY = 4;
const ALL_OVER_LIMIT_MS = 180_000;
/** A minute on an idle machine; two and a half have been seen on a busy one. */
const TEST_LIMIT_MS = 420_000;

/** How a TaskRun is played, and how it must end. */
interface Play {
  readonly spec: TaskRunSpec;
  readonly want: { readonly phase: string; readonly reason: string; readonly attempts: number };
}

it(
  `a crashed operator picks up where it was: killed ${KILLS} times, it ends ${TASK_RUNS} TaskRuns as it should and runs no attempt twice`,
  { timeout: TEST_LIMIT_MS },
  async (test) => {
    const { dir } = needs(test, "simulated nodes", "own cluster");
    const seed = Number(process.env["SEED"]) || randomInt(1, 2 ** 31);
    console.log(`crash test: SEED=${seed} plays the same tasks and kills again`);
    const random = randomOf(seed);
    const room = await Room.open(test);
    const ledger = await PodLedger.start(room.client, room.namespace);
    test.onTestFinished(() => ledger.stop());
    const plays = new Map(Array.from({ length: TASK_RUNS }, (_, index) => [`task-${index}`, play(random)]));
    const creating = createAll(room, plays);
    // Its failure is told where it is awaited, which may be later.
    creating.catch(() => undefined);
    for (let kills = 0; kills < KILLS; kills += 1) {
      const operator = operatorForTest(test);
      // However slow the machine, most of them have worked before they die.
      if (kills % EARLY_EVERY !== 0) await operator.ready();
      await sleep(LIFE_MIN_MS + random() * (LIFE_MAX_MS - LIFE_MIN_MS));
      await operator.kill();
    }
    await creating;
    operatorForTest(test);
    const allOver = (seen: ReadonlyMap<string, TaskRun>): boolean =>
      seen.size === TASK_RUNS && [...seen.values()].every(isOver);
    const seen = await untilAll<TaskRun>(room.client, taskRunsPath(room.namespace), allOver, {
      what: "all TaskRuns to end",
      limitMs: ALL_OVER_LIMIT_MS,
    });

    const wrong = [...seen.values()].flatMap((taskRun) => {
      const { want } = plays.get(taskRun.metadata.name) as Play;
      const { status } = taskRun;
      const found = { phase: status.phase, reason: reasonOf(taskRun), attempts: status.attempts?.length };
      // All of its status: a rare case may not come again.
      return JSON.stringify(found) === JSON.stringify(want) ? [] : [JSON.stringify({ want, ...taskRun })];
    });
    expect(wrong).toEqual([]);
    expect(ledger.violations()).toEqual([]);
    const attempts = [...plays.values()].reduce((sum, { want }) => sum + want.attempts, 0);
    expect(ledger.podsPerAttempt().size).toBe(attempts);
    // The server's own books agree. (It answers 504 to a create whose sender died, though the pod was made: those are missing.)
    const creations = await podCreations(dir, room.namespace);
    expect([...creations].filter(([, count]) => count !== 1)).toEqual([]);
    expect(creations.size).toBeGreaterThan(attempts / 2);
    expect(creations.size).toBeLessThanOrEqual(attempts);
  },
);

async function createAll(room: Room, plays: ReadonlyMap<string, Play>): Promise<void> {
  // Spread over the time of the kills, so that every kind of moment is hit.
  const pauseMs = (KILLS * (LIFE_MIN_MS + LIFE_MAX_MS)) / 2 / TASK_RUNS / 2;
  for (const [name, { spec }] of plays) {
    await room.create(name, spec);
    await sleep(pauseMs);
  }
}

function play(random: () => number): Play {
  const ms = (from: number, to: number): string => `${Math.round(from + random() * (to - from))}ms`;
  const times = { "run-for": ms(10, 4_000), "start-after": ms(0, 500) };
  const limit = Math.floor(random() * 3);
  const retry = { limit, backoff: { initialSeconds: Math.floor(random() * 3), factor: 1, maxSeconds: 3 } };
  const failed = (reason: string): Play["want"] => {
    return { phase: "Failed", reason: limit === 0 ? reason : "RetriesExhausted", attempts: limit + 1 };
  };
  const kind = random();
  if (kind < 0.5) {
    return {
      spec: { template: simulated(times), retry },
      want: { phase: "Succeeded", reason: "Succeeded", attempts: 1 },
    };
  }
  if (kind < 0.75) {
    return { spec: { template: simulated({ ...times, "exit-code": "9" }), retry }, want: failed("ExitCode") };
  }
  if (kind < 0.9) {
    return { spec: { template: simulated({ ...times, "oom-killed": "true" }), retry }, want: failed("OOMKilled") };
  }
  const endless = { "run-for": "forever", "stop-after": ms(0, 1_000) };
  const late = { phase: "Failed", reason: "DeadlineExceeded", attempts: 1 };
  return { spec: { template: simulated(endless), retry, activeDeadlineSeconds: 1 + limit }, want: late };
}
