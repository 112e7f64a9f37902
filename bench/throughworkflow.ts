/** One Workflow through the operator, from the create of its run to the run's end, with or without a kill in the middle. */
import { mkdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { auditBytes } from "../e2e/cluster/cluster.ts";
import { Operator } from "../e2e/support/operator.ts";
import { API_VERSION } from "../operator/api/names.ts";
import { childName } from "../operator/decide/workflow/names.ts";
import { changedNothing, ownWritesOf, writesIn, type OwnWrites, type Write } from "./audited.ts";
import { inNamespace, kindPath, serverCost, type Bed } from "./bed.ts";
import { cpuSeconds, peakMemoryMb } from "./cost.ts";
import { nodesOf, titleOf, workflowSpecOf, type Case } from "./graph.ts";
import { hopsOf, type Hop } from "./hops.ts";
import { restartFactsOf, type RestartFacts, type Restarted } from "./restart.ts";
import { Witness, type Sight } from "./witness.ts";

export interface WorkflowFigures {
  /** From the create of the WorkflowRun to its terminal phase, as a watcher of our own saw it. */
  readonly seconds: number;
  /** From the create of the Workflow until it was said to be valid. */
  readonly validSeconds: number;
  /** CPU of kube-apiserver per task. */
  readonly serverCpuMs: number;
  /** The operator's CPU per task, the validation of the Workflow included. */
  readonly ownCpuMs: number;
  readonly peakMemoryMb: number;
  readonly writes: OwnWrites;
  /** The operator's writes that were done and left everything as it was. */
  readonly changedNothing: number;
  /** JSON of the run's last status. */
  readonly statusBytes: number;
  /** Of a chain; empty for other shapes. */
  readonly hops: readonly Hop[];
}

export interface KilledFigures extends RestartFacts {
  readonly overAtKill: number;
  readonly changedNothing: number;
  /** The whole run, the kill included. */
  readonly seconds: number;
}

const FLOW = "flow";
const RUN = "run";
/** Far more than the slowest of the cases needs on a busy machine; a run that is stuck must not hold up the benchmark for ever. */
const RUN_LIMIT_MS = 45 * 60_000;
/** The last audit lines and events come right after the end; what comes later than this never comes. */
const QUIET_MS = 1_500;
/** How fine the moment is told at which a started operator says that it is ready. */
const READY_PAUSE_MS = 5;

interface Stage {
  readonly bed: Bed;
  readonly which: Case;
  readonly namespace: string;
  readonly witness: Witness;
  readonly signal: AbortSignal;
}

export async function throughWorkflow(bed: Bed, which: Case): Promise<WorkflowFigures> {
  return await onStage(bed, which, async (stage, auditStart) => {
    const operator = await started(stage);
    try {
      const before = { own: await cpuSeconds(operator.pid), server: (await serverCost(bed)).cpu };
      const validSeconds = await defined(stage);
      const seconds = await ran(stage);
      const after = { own: await cpuSeconds(operator.pid), server: (await serverCost(bed)).cpu };
      const memory = await peakMemoryMb(operator.pid);
      await sleep(QUIET_MS);
      await operator.stop();
      const writes = await checked(stage, auditStart);
      const names = nodesOf(which).map(({ name }) => childName(RUN, name, undefined, 0));
      return {
        seconds,
        validSeconds,
        serverCpuMs: ((after.server - before.server) * 1000) / which.size,
        ownCpuMs: ((after.own - before.own) * 1000) / which.size,
        peakMemoryMb: memory,
        writes: ownWritesOf(writes),
        changedNothing: changedNothing(writes, stage.witness.sight),
        statusBytes: Buffer.byteLength(JSON.stringify(stage.witness.sight.run?.status ?? {})),
        hops: which.shape === "chain" ? hopsOf(writes, names) : [],
      };
    } finally {
      await operator.stop();
    }
  });
}

/** The operator is killed when half of the TaskRuns have ended, and started anew at once. */
export async function throughKill(bed: Bed, which: Case): Promise<KilledFigures> {
  return await onStage(bed, which, async (stage, auditStart) => {
    let operator = await started(stage);
    try {
      await defined(stage);
      const running = ran(stage);
      running.catch(() => undefined);
      const half = Math.floor(which.size / 2);
      await stage.witness.until(({ over }) => over.size >= half, stage.signal);
      await operator.kill();
      const overAtKill = stage.witness.sight.over.size;
      const startedAt = now();
      operator = start(stage);
      const ready = await readyAt(operator);
      const restarted: Restarted = { startedAt, spokeAt: spokeAt(operator), readyAt: ready };
      const seconds = await running;
      await sleep(QUIET_MS);
      await operator.stop();
      const writes = await checked(stage, auditStart);
      return {
        ...restartFactsOf(writes, restarted),
        overAtKill,
        changedNothing: changedNothing(writes, stage.witness.sight),
        seconds,
      };
    } finally {
      await operator.stop();
    }
  });
}

async function onStage<T>(bed: Bed, which: Case, work: (stage: Stage, auditStart: number) => Promise<T>): Promise<T> {
  return await inNamespace(bed.client, async (namespace) => {
    const auditStart = await auditBytes(bed.dir);
    const witness = await Witness.start(bed, namespace);
    const signal = AbortSignal.any([bed.signal, AbortSignal.timeout(RUN_LIMIT_MS)]);
    try {
      return await work({ bed, which, namespace, witness, signal }, auditStart);
    } finally {
      witness.stop();
    }
  });
}

function start({ bed, namespace }: Stage): Operator {
  return Operator.start(bed.kubeconfig, [`--namespaces=${namespace}`]);
}

async function started(stage: Stage): Promise<Operator> {
  const operator = start(stage);
  try {
    return await operator.ready();
  } catch (error) {
    await operator.kill();
    throw error;
  }
}

/** Creates the Workflow; seconds until its condition is there. */
async function defined({ bed, which, namespace, witness, signal }: Stage): Promise<number> {
  const begun = performance.now();
  const workflow = {
    apiVersion: API_VERSION,
    kind: "Workflow",
    metadata: { name: FLOW },
    spec: workflowSpecOf(which),
  };
  await bed.client.call("POST", kindPath(namespace, "workflows"), workflow);
  await witness.until((sight) => validity(sight) !== undefined, signal);
  const seconds = (performance.now() - begun) / 1000;
  const condition = validity(witness.sight);
  if (condition?.status !== "True") throw new Error(`the Workflow is not valid: ${condition?.message}`);
  return seconds;
}

function validity({ workflow }: Sight): { readonly status: string; readonly message?: string } | undefined {
  return workflow?.status?.conditions?.find(({ type }) => type === "Valid");
}

/** Creates the run; seconds until it has ended, as the witness saw it. */
async function ran({ bed, namespace, witness, signal }: Stage): Promise<number> {
  const begun = performance.now();
  const run = {
    apiVersion: API_VERSION,
    kind: "WorkflowRun",
    metadata: { name: RUN },
    spec: { workflowRef: { name: FLOW } },
  };
  await bed.client.call("POST", kindPath(namespace, "workflowruns"), run);
  await witness.until((sight) => sight.run?.status?.completionTime !== undefined, signal);
  return (performance.now() - begun) / 1000;
}

/** What a run must have come to before its figures mean anything. Returns the writes in its namespace. */
async function checked(stage: Stage, auditStart: number): Promise<readonly Write[]> {
  const { bed, which, namespace, witness } = stage;
  const { over, run } = witness.sight;
  if (run?.status?.phase !== "Succeeded") throw new Error(`${titleOf(which)}: the run is ${run?.status?.phase}`);
  const succeeded = [...over.values()].filter(({ status }) => status.phase === "Succeeded").length;
  if (succeeded !== which.size) throw new Error(`${titleOf(which)}: ${succeeded} TaskRuns of ${which.size} succeeded`);
  return await writesIn(bed.dir, namespace, auditStart);
}

async function readyAt(operator: Operator): Promise<number> {
  const deadline = AbortSignal.timeout(RUN_LIMIT_MS);
  while (!deadline.aborted) {
    const reply = await operator.get("/readyz").catch(() => undefined);
    if (reply?.status === 200) return now();
    await sleep(READY_PAUSE_MS);
  }
  throw new Error(`the operator was not ready in time; the end of its log:\n${operator.tail()}`);
}

/** By its log; in whole milliseconds. */
function spokeAt(operator: Operator): number {
  return Date.parse(String(operator.log.find(({ message }) => message === "stint starts")?.["time"]));
}

/** Milliseconds since 1970, with fractions; the same clock as the API server's, for it is the same machine. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Makes every operator that is started from now on write a CPU profile into the folder when it stops. */
export async function profileInto(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  process.env["NODE_OPTIONS"] = `--cpu-prof --cpu-prof-dir=${folder}`;
}
