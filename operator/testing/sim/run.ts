/** Runs a world to its end and says what came of it. */
import { endProblem } from "./ends.ts";
import type { SeenEnd } from "./link.ts";
import { keyOf, type TaskRun } from "./objects.ts";
import { keyOfPlan } from "./plan.ts";
import type { Replica } from "./replica.ts";
import { unrecordedOutcome } from "./statusrules.ts";
import { planOfRun, runEndProblem, unrested } from "./workflows/ends.ts";
import type { WorkflowRun } from "./workflows/objects.ts";
import { leaked } from "./workflows/rules.ts";
import { World } from "./world.ts";
import type { WorldPlan } from "./worldplan.ts";

export interface RunResult {
  readonly hash: string;
  readonly steps: number;
  readonly virtualMs: number;
  /** The operator's requests by verb; WATCH apart from GET, EVENT from POST. */
  readonly requests: Readonly<Record<string, number>>;
  /** The operator's requests until everything had ended, opened watches included: the number of crash points. */
  readonly requestCount: number;
  /** The same until all looked finished for the first time: later requests of a pair renew the Lease. */
  readonly busyCount: number;
  /** How often the operator was started. */
  readonly lives: number;
  /** How often a replica ended itself because it had lost the lease. */
  readonly exits: number;
  /** How many lives have led, where there are replicas. */
  readonly terms: number;
  readonly ends: Readonly<Record<string, string>>;
}

/** A TaskRun has at most retries of 5 min backoff and a deadline of minutes in any plan; an hour of virtual time is ample. */
const SETTLE_MS_MAX = 3_600_000;
/** So long must everything look finished before the operator must be silent: a dead watch may take 45 s to be noticed and 30 s to be opened anew. */
const STABLE_MS = 120_000;
const QUIET_MS = 600_000;
const LOOK_EVERY_MS = 3000;
const AFTER_STOP_MS = 60_000;
/** An ordinary run takes some thousand steps. */
const STEPS_MAX = 2_000_000;

/**
 * Runs the plan: faults, then settling, then ten quiet minutes, then an orderly stop.
 * @throws Violation
 */
export async function runWorld(plan: WorldPlan): Promise<RunResult> {
  const world = new World(plan);
  await settle(world);
  world.trace.note("world", "everything has reached its end");
  const { requestCount } = world.fleet;
  checkEnds(world);
  world.invariants.quiet = true;
  await advance(world, plan.quietMs ?? QUIET_MS);
  checkNoLeak(world);
  for (const replica of inOrder(world)) {
    world.fleet.stop(replica, () => undefined);
    await advance(world, AFTER_STOP_MS);
  }
  return resultOf(world, requestCount);
}

/** The one that works first: another takes over, and finds nothing to do. */
function inOrder({ fleet }: World): readonly Replica[] {
  return fleet.replicas.toSorted(
    (left, right) => Number(right.link === fleet.leader) - Number(left.link === fleet.leader),
  );
}

async function settle(world: World): Promise<void> {
  const limitMs = world.plan.chaosMs + (world.plan.settleMsMax ?? SETTLE_MS_MAX);
  let settledSince: number | undefined;
  const look = (): void => {
    if (!world.settled()) settledSince = undefined;
    else if (settledSince === undefined) {
      settledSince = world.clock.now;
      world.busyCount = world.fleet.requestCount;
    }
    world.clock.after(LOOK_EVERY_MS, look);
  };
  look();
  const done = (): boolean =>
    world.violation !== undefined || (settledSince !== undefined && world.clock.now - settledSince >= STABLE_MS);
  const how = await world.clock.run({ done, untilMs: limitMs, stepsMax: STEPS_MAX });
  if (how !== "done")
    world.fail("L1 EventualEnd", `not at its end after ${limitMs / 1000} s (${how}): ${unfinished(world)}`);
  raise(world);
}

async function advance(world: World, spanMs: number): Promise<void> {
  const untilMs = world.clock.now + spanMs;
  await world.clock.run({ done: () => world.violation !== undefined, untilMs, stepsMax: STEPS_MAX });
  raise(world);
}

function checkEnds(world: World): void {
  const { store } = world.server;
  const told = world.fleet.leader?.seen ?? new Map<string, SeenEnd>();
  for (const plan of world.plan.taskRuns) {
    const isGone = store.get("taskruns", keyOfPlan(plan)) === undefined;
    const taskRun = world.invariants.aftermath.wholeOf(keyOfPlan(plan));
    if (taskRun === undefined || (isGone && plan.wants === "gone")) continue;
    const records = world.truth.ofOwner(taskRun.metadata.uid);
    const problem = endProblem(plan, taskRun, records);
    if (problem !== undefined) world.fail("L1 EventualEnd", `${keyOf(taskRun)} ${problem}`);
    const lost = unrecordedOutcome(taskRun, records, told);
    if (lost !== undefined) world.fail(lost.rule, `${keyOf(taskRun)}: ${lost.message}`);
  }
  checkRuns(world);
  raise(world);
}

function checkRuns(world: World): void {
  const { server, truth, invariants } = world;
  const evidence = { store: server.store, truth, rules: invariants.workflows };
  for (const run of server.store.values("workflowruns")) {
    const plan = planOfRun(world.workflowPlans, run);
    const problem = plan && runEndProblem(plan, run as WorkflowRun, evidence);
    if (problem !== undefined) world.fail("L1 EventualEnd", `run ${keyOf(run)} ${problem}`);
  }
}

/** L2: nothing of a deleted owner is left, and nothing runs that nobody owns. */
function checkNoLeak(world: World): void {
  for (const what of leaked(world.server.store)) world.fail("L2 NoLeak", `${what} outlived its owner`);
  for (const record of world.truth.pods.values()) {
    if (record.owner !== undefined && !record.orphaned && record.alive.size > 0)
      world.fail("L2 NoLeak", `${record.key} still runs`);
  }
  raise(world);
}

function unfinished(world: World): string {
  const lines = [...world.server.store.values("taskruns")].map((object) => {
    const { metadata, status } = object as TaskRun;
    const deleting = metadata.deletionTimestamp === undefined ? "" : ", being deleted";
    return `${keyOf(object)} is ${status?.phase} (${status?.conditions?.[0]?.reason})${deleting}`;
  });
  const pods = [...world.server.store.values("pods")]
    .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
    .map((pod) => `pod ${keyOf(pod)} is being deleted`);
  const running = [...world.truth.pods.values()]
    .filter(({ alive }) => alive.size > 0)
    .map(({ key, alive }) => `${[...alive].join(", ")} of ${key} still run`);
  return [...lines, ...unrested(world.server.store), ...pods, ...running, ...world.invariants.aftermath.left()].join(
    "; ",
  );
}

function raise(world: World): void {
  if (world.violation !== undefined) throw world.violation;
}

function resultOf(world: World, requestCount: number): RunResult {
  const ends = [...world.server.store.values("taskruns")].map((object) => {
    const { status } = object as TaskRun;
    return [keyOf(object), `${status?.phase} ${status?.conditions?.[0]?.reason} attempt ${status?.attempt}`];
  });
  for (const object of world.server.store.values("workflowruns")) {
    const { status } = object as WorkflowRun;
    ends.push([`run ${keyOf(object)}`, `${status?.phase} ${status?.conditions?.[0]?.reason} ${status?.states}`]);
  }
  return {
    hash: world.trace.hash,
    steps: world.clock.steps,
    virtualMs: world.clock.now,
    requests: Object.fromEntries([...world.fleet.requests].toSorted(([left], [right]) => (left < right ? -1 : 1))),
    requestCount,
    busyCount: world.busyCount,
    lives: world.fleet.lives,
    exits: world.fleet.exits,
    terms: world.fencing?.terms ?? 0,
    ends: Object.fromEntries(ends) as Record<string, string>,
  };
}
