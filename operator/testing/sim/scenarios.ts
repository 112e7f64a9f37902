/** Small worlds with a known end. To extend: add an entry; every run test then takes it up. */
import { NO_FAULTS, type RequestFault, ScriptedFaults } from "./faults.ts";
import type { NodeLoss } from "./nodes.ts";
import type { TaskRunPlan } from "./plan.ts";
import type { Act } from "./users.ts";
import { WORKFLOW_SCENARIOS } from "./workflows/scenarios.ts";
import type { PairPlan, StartOperator, WorldPlan } from "./worldplan.ts";

const FOREVER = Number.POSITIVE_INFINITY;

/** Retries without long pauses: crash points are about order, not about waiting. */
function retry(limit: number): Readonly<Record<string, unknown>> {
  return { retry: { limit, backoff: { initialSeconds: 3, factor: 2, maxSeconds: 60 } } };
}

function only(plan: Omit<TaskRunPlan, "name">): readonly TaskRunPlan[] {
  return [{ name: "task", ...plan }];
}

/** The pod ended and went while no operator looked, and no such failure may be retried. */
const UNSEEN = { phase: "Failed", reason: "UnknownFate", attempts: 1 } as const;

const TRACKED = { annotations: { "argocd.argoproj.io/tracking-id": "shop:stint.dev/TaskRun:default/task" } };

/** Its node fails 3 s after the task has begun. */
function lost(loss: NodeLoss): readonly Act[] {
  return [{ when: "running", afterMs: 3000, deed: { kind: "loseNode", loss } }];
}

export const SCENARIOS: Readonly<Record<string, readonly TaskRunPlan[]>> = {
  success: only({ scripts: [{ runMs: 5000 }] }),
  shortSuccess: only({ scripts: [{ runMs: 300 }] }),
  failure: only({ scripts: [{ runMs: 2000, exitCode: 3 }] }),
  retryThenSuccess: only({ spec: retry(2), scripts: [{ runMs: 1000, exitCode: 1 }, { runMs: 1000 }] }),
  retriesExhausted: only({ spec: retry(1), scripts: [{ runMs: 500, exitCode: 7 }] }),
  deadline: only({ spec: { activeDeadlineSeconds: 8 }, scripts: [{ runMs: FOREVER }] }),
  deadlineWhilePulling: only({ spec: { activeDeadlineSeconds: 8 }, scripts: [{ pullFailsMs: FOREVER }] }),
  deadlineWhileBackingOff: only({
    spec: { activeDeadlineSeconds: 8, retry: { limit: 3, backoff: { initialSeconds: 60, factor: 1, maxSeconds: 60 } } },
    scripts: [{ runMs: 500, exitCode: 1 }],
    wants: [{ phase: "Failed", reason: "DeadlineExceeded", attempts: 1 }],
  }),
  cancelWhilePending: only({
    scripts: [{ pullFailsMs: FOREVER }],
    acts: [{ when: "podPending", afterMs: 2000, deed: { kind: "cancel" } }],
    wants: [{ phase: "Cancelled", reason: "Cancelled" }],
  }),
  cancelWhileUnschedulable: only({
    scripts: [{ unschedulableMs: FOREVER }],
    acts: [{ when: "podCreated", afterMs: 3000, deed: { kind: "cancel" } }],
    wants: [{ phase: "Cancelled", reason: "Cancelled" }],
  }),
  cancelWhileRunning: only({
    scripts: [{ runMs: FOREVER, stopMs: 1500 }],
    acts: [{ when: "running", afterMs: 3000, deed: { kind: "cancel" } }],
    wants: [{ phase: "Cancelled", reason: "Cancelled" }],
  }),
  cancelWhileBackingOff: only({
    spec: { retry: { limit: 3, backoff: { initialSeconds: 60, factor: 1, maxSeconds: 60 } } },
    scripts: [{ runMs: 500, exitCode: 1 }],
    acts: [{ when: "backingOff", afterMs: 2000, deed: { kind: "cancel" } }],
    wants: [{ phase: "Cancelled", reason: "Cancelled", attempts: 1 }],
  }),
  /** The program answers SIGTERM with 0: that is the end of a cancelled task, not a success. */
  cancelAnsweredWithZero: only({
    scripts: [{ runMs: FOREVER, stopMs: 2500, stopCode: 0 }],
    acts: [{ when: "running", afterMs: 3000, deed: { kind: "cancel" } }],
    wants: [{ phase: "Cancelled", reason: "Cancelled" }],
  }),
  oom: only({ scripts: [{ runMs: 1500, oom: true }] }),
  evictedThenSuccess: only({ spec: retry(1), scripts: [{ runMs: 60_000, evictedAfterMs: 2000 }, {}] }),
  /** 64Mi, 128Mi, an eviction in between, 256Mi: more than it needs, though no more was allowed. */
  oomGrowth: only({
    spec: {
      template: {
        spec: {
          containers: [{ name: "main", image: "registry.example/task:1", resources: { limits: { memory: "64Mi" } } }],
        },
      },
      retry: {
        limit: 2,
        backoff: { initialSeconds: 1, factor: 1, maxSeconds: 1 },
        rules: [{ reasons: ["OOMKilled"], action: "Retry", memory: { factor: "2", max: "256Mi" } }],
      },
    },
    scripts: [{ needsMi: 200 }, { needsMi: 200 }, { runMs: 60_000, evictedAfterMs: 500 }, { needsMi: 200 }],
    wants: [{ phase: "Succeeded", attempts: 4, memory: "256Mi" }],
  }),
  sidecar: only({ scripts: [{ runMs: 1500, sidecarMs: FOREVER }] }),
  sidecarOfFailure: only({ spec: retry(1), scripts: [{ runMs: 1500, exitCode: 2, sidecarMs: FOREVER, stopMs: 2000 }] }),
  results: only({
    spec: { results: [{ name: "rows" }] },
    scripts: [{ runMs: 1500, says: '{"rows":42,"other":1}', sidecarMs: FOREVER }],
    wants: [{ phase: "Succeeded", results: { rows: "42" } }],
  }),
  resultsMissingAtFirst: only({
    spec: { ...retry(1), results: [{ name: "rows" }] },
    scripts: [
      { runMs: 500, says: '{"other":1}' },
      { runMs: 500, says: '{"rows":"all"}' },
    ],
    wants: [{ phase: "Succeeded", attempts: 2, results: { rows: "all" } }],
  }),
  resultsInvalid: only({
    spec: { results: [{ name: "rows" }] },
    scripts: [{ runMs: 500, says: "42 rows" }],
    wants: [{ phase: "Failed", reason: "InvalidResult", exitCode: 0 }],
  }),
  imagePullFailure: only({ scripts: [{ pullFailsMs: 20_000, runMs: 1000 }] }),
  invalidTemplate: only({
    spec: { template: { spec: {} } },
    wants: [{ phase: "Failed", reason: "InvalidTemplate" }],
  }),
  refusedTemplate: only({
    spec: { template: { spec: { containers: [{ name: "Not A Name", image: "x" }] } } },
    wants: [{ phase: "Failed", reason: "InvalidTemplate" }],
  }),
  podSecurity: only({ forbidden: true, wants: [{ phase: "Failed" }] }),
  /** A pod deleted by hand is retried; where its end was not seen, once somebody has said that it has ended. */
  podDeletedByHand: only({
    spec: retry(1),
    scripts: [{ runMs: FOREVER }, { runMs: 1000 }],
    acts: [{ when: "running", afterMs: 3000, deed: { kind: "deletePod" } }],
    wants: [{ phase: "Succeeded", attempts: 2 }],
  }),
  /** It waits until somebody who knows that nothing runs any more says so. */
  podForceDeleted: only({
    spec: retry(2),
    scripts: [{ runMs: FOREVER, stopMs: 8000 }, { runMs: 1000 }],
    acts: [{ when: "shownRunning", afterMs: 3000, deed: { kind: "deletePod", graceSeconds: 0 } }],
    wants: [{ phase: "Succeeded", attempts: 2 }],
  }),
  unknownFateCancelled: only({
    scripts: [{ runMs: FOREVER, stopMs: 60_000 }],
    acts: [
      { when: "shownRunning", afterMs: 3000, deed: { kind: "deletePod", graceSeconds: 0 } },
      { when: "shownRunning", afterMs: 9000, deed: { kind: "cancel" } },
    ],
    wants: [{ phase: "Cancelled", attempts: 1 }],
  }),
  /** Two failures of its own and two evictions, with one and two retries. */
  twoBudgets: only({
    spec: { retry: { limit: 1, infrastructureLimit: 2, backoff: { initialSeconds: 1, factor: 1, maxSeconds: 1 } } },
    scripts: [
      { runMs: 60_000, evictedAfterMs: 500 },
      { exitCode: 3 },
      { runMs: 60_000, evictedAfterMs: 500 },
      { exitCode: 4 },
    ],
    wants: [{ phase: "Failed", reason: "RetriesExhausted", attempts: 4, exitCode: 4 }],
  }),
  ruleFails: only({
    spec: {
      retry: {
        limit: 5,
        backoff: { initialSeconds: 1, factor: 1, maxSeconds: 1 },
        rules: [{ exitCodes: { operator: "In", values: [64] }, action: "Fail" }],
      },
    },
    scripts: [{ exitCode: 3 }, { exitCode: 64 }],
    wants: [{ phase: "Failed", reason: "ExitCode", attempts: 2, exitCode: 64 }],
  }),
  startDeadline: only({
    spec: {
      startDeadlineSeconds: 5,
      retry: { infrastructureLimit: 1, backoff: { initialSeconds: 1, factor: 1, maxSeconds: 1 } },
    },
    scripts: [{ pullFailsMs: FOREVER }, { runMs: 1000 }],
    wants: [{ phase: "Succeeded", attempts: 2 }],
  }),
  attemptDeadline: only({
    spec: { attemptDeadlineSeconds: 6, ...retry(1) },
    scripts: [
      { runMs: FOREVER, stopMs: 1500 },
      { runMs: FOREVER, stopCode: 0 },
    ],
    // The third where the end of one was not seen: that is no failure of the task.
    wants: [2, 3].map((attempts) => ({ phase: "Failed", reason: "RetriesExhausted", attempts })),
  }),
  suspendedAndResumed: only({
    scripts: [{ runMs: FOREVER, stopMs: 1500, stopCode: 0 }, { runMs: 1000 }],
    acts: [
      { when: "running", afterMs: 3000, deed: { kind: "suspend" } },
      { when: "suspended", afterMs: 2000, deed: { kind: "resume" } },
    ],
    wants: [{ phase: "Succeeded", attempts: 2 }],
  }),
  /** The wish is taken back while the pod stops: no failure, no budget. */
  resumedWhileStopping: only({
    spec: { retry: { infrastructureLimit: 0 } },
    scripts: [{ runMs: FOREVER, stopMs: 4000 }, { runMs: 1000 }],
    acts: [
      { when: "running", afterMs: 3000, deed: { kind: "suspend" } },
      { when: "stopping", afterMs: 1000, deed: { kind: "resume" } },
    ],
    wants: [{ phase: "Succeeded", attempts: 2 }, UNSEEN],
  }),
  suspendedFromTheStart: only({
    spec: { suspend: true, activeDeadlineSeconds: 10 },
    scripts: [{ runMs: 1000 }],
    acts: [{ when: "suspended", afterMs: 30_000, deed: { kind: "resume" } }],
    wants: [{ phase: "Succeeded", attempts: 1 }],
  }),
  rerunAfterSuccess: only({
    scripts: [{ runMs: 1000 }, { runMs: 1000, exitCode: 5 }],
    acts: [{ when: "ended", afterMs: 2000, deed: { kind: "changeWork", to: "b" } }],
    wants: [{ phase: "Failed", reason: "ExitCode", attempts: 2 }],
  }),
  rerunWhileRunning: only({
    spec: { retry: { infrastructureLimit: 0 } },
    scripts: [{ runMs: FOREVER, stopMs: 1500, stopCode: 0 }, { runMs: 1000 }],
    acts: [{ when: "running", afterMs: 3000, deed: { kind: "changeWork", to: "b" } }],
    wants: [{ phase: "Succeeded", attempts: 2 }, UNSEEN],
  }),
  rerunWhileBackingOff: only({
    spec: { retry: { limit: 1, backoff: { initialSeconds: 60, factor: 1, maxSeconds: 60 } } },
    scripts: [{ runMs: 500, exitCode: 1 }, { exitCode: 1 }, { runMs: 1000 }],
    acts: [{ when: "backingOff", afterMs: 2000, deed: { kind: "changeWork", to: "b" } }],
    wants: [{ phase: "Succeeded", attempts: 3 }],
  }),
  rerunOfCompacted: only({
    spec: { ttlSecondsAfterFinished: 3 },
    metadata: TRACKED,
    scripts: [{ runMs: 1000 }, { runMs: 1000 }],
    acts: [{ when: "compacted", afterMs: 2000, deed: { kind: "changeWork", to: "b" } }],
    wants: [{ phase: "Succeeded", attempts: 2 }],
  }),
  changedButNeverRerun: only({
    spec: { rerun: "Never" },
    scripts: [{ runMs: 4000 }],
    acts: [
      { when: "running", afterMs: 1500, deed: { kind: "changeWork", to: "b" } },
      { when: "ended", afterMs: 1500, deed: { kind: "changeWork", to: "c" } },
    ],
    wants: [{ phase: "Succeeded", attempts: 1 }],
  }),
  recreated: only({
    scripts: [{ runMs: 6000 }],
    acts: [{ when: "running", afterMs: 2000, deed: { kind: "recreate" } }],
    wants: [{ phase: "Succeeded", attempts: 1 }],
  }),
  foregroundDeletion: only({
    scripts: [{ runMs: FOREVER, stopMs: 3000 }],
    acts: [{ when: "running", afterMs: 2000, deed: { kind: "delete", mode: "Foreground" } }],
    wants: "gone",
  }),
  backgroundDeletion: only({
    scripts: [{ runMs: FOREVER }],
    acts: [{ when: "running", afterMs: 2000, deed: { kind: "delete", mode: "Background" } }],
    wants: "gone",
  }),
  neverKept: only({
    spec: { ...retry(2), podRetention: "Never" },
    scripts: [{ runMs: 300, exitCode: 1 }, { runMs: 300 }],
  }),
  neverKeptSidecar: only({
    spec: { ...retry(1), podRetention: "Never" },
    scripts: [{ runMs: 1500, exitCode: 2, sidecarMs: 3000, stopMs: 2000 }, { runMs: 1000 }],
  }),
  keptOnFailure: only({
    spec: { ...retry(2), podRetention: "OnFailure" },
    scripts: [{ runMs: 300, exitCode: 1 }, { runMs: 300 }],
  }),
  timeToLive: only({ spec: { ttlSecondsAfterFinished: 20 }, scripts: [{ runMs: 1000, exitCode: 4 }] }),
  noTimeToLive: only({ spec: { ttlSecondsAfterFinished: 0, podRetention: "Never" }, scripts: [{ runMs: 1000 }] }),
  timeToLiveHeld: only({
    spec: { ttlSecondsAfterFinished: 5 },
    metadata: { finalizers: ["example.com/hold"] },
    acts: [{ when: "deleting", afterMs: 20_000, deed: { kind: "dropFinalizers" } }],
    wants: "gone",
  }),
  compacted: only({
    spec: { ...retry(1), ttlSecondsAfterFinished: 10 },
    metadata: TRACKED,
    scripts: [{ runMs: 1000, exitCode: 1 }, { runMs: 1000 }],
  }),
  /** The same file again, then one with a change that is none of the work. */
  compactedAndApplied: only({
    spec: { ttlSecondsAfterFinished: 3, podRetention: "OnFailure" },
    metadata: TRACKED,
    acts: [
      { when: "compacted", afterMs: 100, deed: { kind: "applyAgain" } },
      { when: "compacted", afterMs: 5000, deed: { kind: "setRetryLimit", limit: 7 } },
    ],
    wants: [{ phase: "Succeeded", attempts: 1 }],
  }),
  trackedAndOwned: only({
    spec: { ttlSecondsAfterFinished: 3 },
    metadata: {
      ...TRACKED,
      ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: "uid-owner", controller: true }],
    },
  }),
  /** Somebody wants it to stay longer at the moment its time is over. */
  longerLife: only({
    spec: { ttlSecondsAfterFinished: 5 },
    acts: [{ when: "ended", afterMs: 4500, deed: { kind: "setTtl", seconds: 30 } }],
    wants: [{ phase: "Succeeded", attempts: 1 }],
  }),
  /** A node loses its power and is taken out of the cluster: nothing else tells that its pod has ended. */
  nodeGone: only({
    spec: retry(1),
    scripts: [{ runMs: FOREVER }, { runMs: 1000 }],
    acts: lost({ how: "power", evictAfterMs: 4000, told: { as: "gone", afterMs: 8000 }, backAfterMs: 60_000 }),
    wants: [{ phase: "Succeeded" }],
  }),
  nodeOutOfService: only({
    spec: retry(1),
    scripts: [{ runMs: FOREVER }, { runMs: 1000 }],
    acts: lost({ how: "power", told: { as: "outOfService", afterMs: 8000 }, backAfterMs: 60_000 }),
    wants: [{ phase: "Succeeded" }],
  }),
  /** Its task runs on, so nothing may be tried until it is heard of again; an operator that is away then cannot know its fate. */
  nodeSilent: only({
    spec: retry(1),
    scripts: [{ runMs: FOREVER, stopMs: 1000 }, { runMs: 1000 }],
    acts: lost({ how: "silence", evictAfterMs: 4000, backAfterMs: 20_000 }),
    wants: [
      { phase: "Succeeded", attempts: 2 },
      { phase: "Failed", reason: "UnknownFate", attempts: 1 },
    ],
  }),
  nodeSilentForAWhile: only({
    scripts: [{ runMs: 15_000 }],
    acts: lost({ how: "silence", backAfterMs: 20_000 }),
    wants: [{ phase: "Succeeded", attempts: 1 }],
  }),
  nodeRebooted: only({
    spec: retry(1),
    scripts: [{ runMs: FOREVER }, { runMs: 1000 }],
    acts: lost({ how: "power", backAfterMs: 10_000 }),
    wants: [{ phase: "Succeeded", attempts: 2 }],
  }),
  templateThere: only({ base: { fromMs: 0 }, createAtMs: 10, scripts: [{ runMs: 300 }] }),
  templateMissing: only({ base: { fromMs: 20_000 }, scripts: [{ runMs: 1000 }] }),
  templateEdited: only({ base: { fromMs: 0, editedAtMs: 3000 }, createAtMs: 10, scripts: [{ runMs: 6000 }] }),
  templateMissingForTheRetry: only({
    base: { fromMs: 0, away: [2500, 30_000] },
    createAtMs: 10,
    spec: retry(1),
    scripts: [{ runMs: 2000, exitCode: 1 }, { runMs: 1000 }],
  }),
  strangersPod: only({ stranger: true }),
};

/** Only for pairs: a task every second or so, so that whoever leads writes all the time. */
const STEADY_WORK: readonly TaskRunPlan[] = Array.from({ length: 30 }, (_, i) => ({
  name: `task-${i}`,
  createAtMs: i * 900,
  scripts: [{ runMs: 300 }],
}));

/** Two replicas renew the Lease all the time, and that costs. */
const PAIR_QUIET_MS = 60_000;

/** Two replicas on good clocks. */
export const STEADY: PairPlan = { clockRates: [1, 1] };

/** The world of a scenario without faults, or with faults at exactly the given requests. */
export function scenarioPlan(
  name: string,
  options: {
    readonly startOperator: StartOperator;
    readonly at?: ReadonlyMap<number, RequestFault>;
    readonly print?: (line: string) => void;
    readonly initialEvents?: boolean;
    readonly pair?: PairPlan;
  },
): WorldPlan {
  const taskRuns = name === "steadyWork" ? STEADY_WORK : SCENARIOS[name];
  const workflows = WORKFLOW_SCENARIOS[name];
  if (taskRuns === undefined && workflows === undefined) {
    const known = [...Object.keys(SCENARIOS), ...Object.keys(WORKFLOW_SCENARIOS)];
    throw new Error(`no scenario ${name}; there are ${known.join(", ")}`);
  }
  const { at } = options;
  const points = [...(at ?? [])].map(([index, fault]) => `${index}:${fault.kind}`).join(",");
  return {
    seed: `scenario-${name}`,
    replay: `node operator/testing/sim/main.ts --scenario=${name}${points === "" ? "" : ` --at=${points}`}`,
    taskRuns: taskRuns ?? [],
    workflows: workflows ?? [],
    startOperator: options.startOperator,
    faults: () => (at === undefined ? NO_FAULTS : new ScriptedFaults(at)),
    // Scripted faults strike by count, whenever that is.
    chaosMs: at === undefined ? 1 : 120_000,
    initialEvents: options.initialEvents ?? true,
    slowness: 1,
    pageItemsMax: 0,
    restartMs: [500, 3000],
    ...(options.pair === undefined ? {} : { pair: options.pair, quietMs: PAIR_QUIET_MS }),
    ...(options.print === undefined ? {} : { print: options.print }),
  };
}
