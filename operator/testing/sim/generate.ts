/** The world of a seed: its TaskRuns, what people do to them, and which faults strike. */
import { drawFaultPlan, RandomFaults } from "./faults.ts";
import { CLOCK_SKEW_MAX } from "./fencing.ts";
import type { NodeLoss } from "./nodes.ts";
import type { TaskRunPlan } from "./plan.ts";
import { POISONS } from "./poison.ts";
import { Random } from "./random.ts";
import type { PodScript, Scripts } from "./script.ts";
import type { BasePlan } from "./templates.ts";
import type { Act, Deed, Moment } from "./users.ts";
import { drawWorkflows } from "./workflows/generate.ts";
import type { StartOperator, WorldPlan } from "./worldplan.ts";

const FOREVER = Number.POSITIVE_INFINITY;
const TASK_RUNS_MAX = 6;
const PAIR_EVERY = 3;
const CHAOS_MS = [20_000, 120_000] as const;

/** Derives everything from the seed. */
export function planForSeed(
  seed: number,
  options: { readonly startOperator: StartOperator; readonly print?: (line: string) => void },
): WorldPlan {
  const random = new Random(String(seed));
  const drawn = drawFaultPlan(random.fork("faults")).rates;
  // What outlives its sender is judged by who led when (fencing.ts); one operator without election frees names at once, and knows of it.
  const rates = isPair(seed) ? drawn : { ...drawn, held: 0 };
  const setting = random.fork("setting");
  const chaosMs = setting.int(...CHAOS_MS);
  const users = setting.chance(0.6) ? setting.pick([0.2, 0.5, 0.9]) : 0;
  const poison = setting.chance(0.3) ? 0.3 : 0;
  const count = setting.int(1, TASK_RUNS_MAX);
  const taskRuns = Array.from({ length: count }, (_, i) => {
    const own = random.fork(`taskrun-${i}`);
    return drawTaskRun(own, { name: `task-${i}`, createAtMs: own.int(0, chaosMs / 2), chaosMs, users, poison });
  });
  return {
    seed: String(seed),
    replay: `make sim SEED=${seed}`,
    taskRuns,
    workflows: drawWorkflows(random.fork("workflows"), { chaosMs, users }),
    startOperator: options.startOperator,
    faults: (own) => new RandomFaults({ rates }, own),
    rates,
    ...pairOf(seed, random.fork("pair")),
    chaosMs,
    initialEvents: setting.chance(0.6),
    pageItemsMax: random.fork("pages").pick([0, 1, 2]),
    slowness: setting.pick([1, 1, 3, 10]),
    restartMs: setting.pick([
      [10, 500],
      [500, 5000],
      [5000, 30_000],
    ]),
    ...(options.print === undefined ? {} : { print: options.print }),
  };
}

/** Every third seed has two replicas. */
export function isPair(seed: number): boolean {
  return seed % PAIR_EVERY === 0;
}

function pairOf(seed: number, random: Random): Pick<WorldPlan, "pair"> {
  if (!isPair(seed)) return {};
  const rate = (): number => 1 + random.pick([0, 0, 0.4, -0.4, 1, -1]) * CLOCK_SKEW_MAX;
  return { pair: { clockRates: [rate(), rate()] } };
}

interface Ground {
  readonly name: string;
  readonly createAtMs: number;
  readonly chaosMs: number;
  /** How probable it is that people touch this TaskRun. */
  readonly users: number;
  readonly poison: number;
}

function drawTaskRun(random: Random, ground: Ground): TaskRunPlan {
  const { name, createAtMs } = ground;
  const namespace = random.chance(0.2) ? "team-a" : "default";
  if (random.fork("poison").chance(ground.poison)) {
    return { name, namespace, createAtMs, ...random.pick(POISONS) };
  }
  if (random.fork("stranger").chance(0.04)) return { name, namespace, createAtMs, stranger: true };
  const limit = random.pick([0, 0, 1, 2, 4]);
  const hasDeadline = random.chance(0.3);
  const scripts: Scripts = [
    drawScript(random, hasDeadline),
    ...Array.from({ length: limit }, () => drawScript(random, hasDeadline)),
  ];
  const results = drawResults(random.fork("results"), scripts);
  const acts = random.fork("acts").chance(ground.users) ? drawActs(random.fork("acts")) : [];
  return {
    name,
    namespace,
    createAtMs,
    spec: {
      retry: {
        limit,
        ...(random.fork("infrastructure").chance(0.3)
          ? { infrastructureLimit: random.fork("infrastructure").int(0, 2) }
          : {}),
        backoff: { initialSeconds: random.pick([0, 1, 5, 20]), factor: random.int(1, 3), maxSeconds: 60 },
      },
      ...(hasDeadline ? { activeDeadlineSeconds: random.pick([1, 5, 20, 90]) } : {}),
      ...drawDeadlines(random.fork("deadlines")),
      ...drawAftermath(random.fork("aftermath")),
      ...(results !== undefined && { results: [{ name: "rows" }] }),
    },
    ...drawMetadata(random.fork("metadata")),
    ...drawBase(random.fork("base"), ground.chaosMs),
    scripts: results ?? scripts,
    ...(acts.length === 0 ? {} : { acts }),
  };
}

/** Often it comes after the TaskRun, and sometimes it is away when the next attempt needs it. */
function drawBase(random: Random, chaosMs: number): Pick<TaskRunPlan, "base"> {
  if (random.chance(0.8)) return {};
  const fromMs = random.int(0, chaosMs);
  const editedAtMs = random.chance(0.4) ? { editedAtMs: fromMs + random.int(100, 20_000) } : {};
  const awayMs = fromMs + random.int(100, 20_000);
  const away: Pick<BasePlan, "away"> = random.chance(0.4) ? { away: [awayMs, awayMs + random.int(1000, 60_000)] } : {};
  return { base: { fromMs, ...editedAtMs, ...away } };
}

const HANDED_OVER = ['{"rows":"42"}', '{"rows":42}', '{"other":1}', "42 rows", "[]", '{"rows":'] as const;

/** The scripts of a task that declares a result, and mostly hands it over; undefined: it declares none. */
function drawResults(random: Random, scripts: Scripts): Scripts | undefined {
  if (random.chance(0.8)) return undefined;
  const says = (): string => (random.chance(0.6) ? HANDED_OVER[0] : random.pick(HANDED_OVER));
  const [first, ...rest] = scripts;
  return [{ ...first, says: says() }, ...rest.map((script) => ({ ...script, says: says() }))];
}

function drawDeadlines(random: Random): Readonly<Record<string, unknown>> {
  if (random.chance(0.7)) return {};
  const start = random.chance(0.5) ? { startDeadlineSeconds: random.pick([3, 10, 60]) } : {};
  return random.chance(0.5) ? { ...start, attemptDeadlineSeconds: random.pick([3, 10, 60]) } : start;
}

/** What is to remain of it: mostly what the defaults say. */
function drawAftermath(random: Random): Readonly<Record<string, unknown>> {
  const retention = random.chance(0.4) ? { podRetention: random.pick(["Always", "OnFailure", "Never"]) } : {};
  if (random.chance(0.6)) return retention;
  const action = random.chance(0.4) ? { ttlAction: random.pick(["Delete", "Compact"]) } : {};
  return { ...retention, ...action, ttlSecondsAfterFinished: random.pick([0, 1, 5, 60]) };
}

function drawMetadata(random: Random): Pick<TaskRunPlan, "metadata"> {
  if (random.chance(0.6)) return {};
  const owner = { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: "uid-owner", controller: true };
  const metadata = {
    ...(random.chance(0.5) && { labels: { "argocd.argoproj.io/instance": "shop" } }),
    ...(random.chance(0.3) && { annotations: { "argocd.argoproj.io/tracking-id": "shop:x" } }),
    ...(random.chance(0.3) && { ownerReferences: [owner] }),
  };
  return { metadata };
}

/** Only a task with a deadline may hang for ever: all others must reach an end by themselves. */
function drawScript(random: Random, mayHang: boolean): PodScript {
  const fails = random.chance(0.45);
  const runMs = random.pick([0, 200, 1000, 4000, 15_000]);
  const base: PodScript = {
    runMs: mayHang && random.chance(0.3) ? FOREVER : runMs,
    exitCode: fails ? random.pick([1, 2, 137, 143]) : 0,
    stopMs: random.pick([0, 500, 5000]),
    stopCode: random.chance(0.25) ? 0 : 143,
  };
  if (random.chance(0.1)) return { ...base, oom: true };
  if (random.chance(0.1)) return { ...base, runMs: 30_000, evictedAfterMs: random.pick([100, 2000]) };
  if (random.chance(0.15)) return { ...base, sidecarMs: random.pick([100, 3000, FOREVER]) };
  if (random.chance(0.1)) return { ...base, pullFailsMs: mayHang && random.chance(0.5) ? FOREVER : 12_000 };
  if (random.chance(0.08)) return { ...base, unschedulableMs: mayHang && random.chance(0.5) ? FOREVER : 9000 };
  return base;
}

function drawLoss(random: Random): NodeLoss {
  const evict = random.chance(0.6) ? { evictAfterMs: random.pick([100, 2000, 10_000]) } : {};
  const told = { as: random.pick(["gone", "outOfService"] as const), afterMs: random.pick([500, 4000, 15_000]) };
  return {
    how: random.pick(["power", "silence"]),
    ...evict,
    ...(random.chance(0.7) && { told }),
    backAfterMs: random.pick([1000, 6000, 30_000, 90_000]),
  };
}

const MOMENTS: readonly [Moment, ...Moment[]] = [
  "created",
  "podCreated",
  "podBound",
  "podPending",
  "running",
  "shownRunning",
  "backingOff",
  "suspended",
  "stopping",
  "ended",
  "compacted",
];

function drawActs(random: Random): readonly Act[] {
  const deeds: readonly [Deed, ...Deed[]] = [
    { kind: "deletePod" },
    { kind: "deletePod", graceSeconds: 0 },
    { kind: "deletePod", graceSeconds: 1 },
    { kind: "preemptPod" },
    { kind: "cancel" },
    { kind: "cancel" },
    { kind: "delete", mode: "Background" },
    { kind: "delete", mode: "Foreground" },
    { kind: "delete", mode: "Orphan" },
    { kind: "recreate" },
    { kind: "setRetryLimit", limit: random.int(0, 3) },
    { kind: "loseNode", loss: drawLoss(random.fork("loss")) },
    { kind: "loseNode", loss: drawLoss(random.fork("another loss")) },
    { kind: "setTtl", seconds: random.pick([0, 3, 20]) },
    { kind: "applyAgain" },
    { kind: "suspend" },
    { kind: "resume" },
    { kind: "changeWork", to: random.pick(["a", "b"]) },
  ];
  return Array.from({ length: random.int(1, 3) }, () => ({
    when: random.pick(MOMENTS),
    afterMs: random.pick([0, 10, 200, 1500, 6000]),
    deed: random.pick(deeds),
  }));
}
