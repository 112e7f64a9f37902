/** TaskRuns: store, plan and act wired together. One pass makes one TaskRun what its plan says. */
import { apply } from "../act/apply.ts";
import type { Cluster } from "../act/cluster.ts";
import { gist, sameStatus, writeDelayMs } from "../act/status.ts";
import type { Progress } from "../act/status.ts";
import type { Action, Refusal } from "../api/action.ts";
import type { Json } from "../api/decode.ts";
import type { Port } from "../api/port.ts";
import { TERMINAL_PHASES } from "../api/records.ts";
import type { PodRecord, TaskRunRecord } from "../api/records.ts";
import { templateOf } from "../api/taskrun.ts";
import { TemplateError, buildPod } from "../decide/taskrun/pod.ts";
import { planTaskRun } from "../decide/taskrun/plan.ts";
import type { Plan } from "../decide/taskrun/plan.ts";
import { UNSEEN_MAX_MS } from "../queue/ownwrites.ts";
import type { OwnWrites } from "../queue/ownwrites.ts";
import type { Store } from "../watch/store.ts";
import type { Pass } from "./controller.ts";

export interface TaskRunRoom {
  readonly port: Port;
  readonly cluster: Cluster;
  readonly taskRuns: Store<TaskRunRecord>;
  readonly pods: Store<PodRecord>;
  readonly ownWrites: OwnWrites;
  /** Starts the watch of a resource anew: an event that must have come did not. */
  readonly renew: (resource: "taskruns" | "pods") => void;
}

/** What is remembered of a TaskRun between passes; losing it (a restart) costs a repeated question, never a wrong answer. */
interface Memory extends Progress {
  refusal?: Refusal;
  refusals: number;
}

/** The first pause after the server refused a pod for now (quota, rights), doubled each time. */
const REFUSED_FIRST_MS = 1000;
/** Room in a quota shows in no event we watch, so it is asked for this often at last. */
const REFUSED_LONGEST_MS = 60_000;
/** Node timers fire up to a millisecond early; so late the time has surely come. */
const WAKE_SLACK_MS = 5;

export class TaskRuns {
  readonly #room: TaskRunRoom;
  readonly #memories = new Map<string, Memory>();

  constructor(room: TaskRunRoom) {
    this.#room = room;
  }

  async pass(key: string): Promise<Pass> {
    const taskRun = this.#room.taskRuns.get(key);
    if (taskRun === undefined) return { result: "done" };
    const unseen = this.#unseen(taskRun.uid);
    if (unseen !== undefined) return unseen;
    try {
      return await this.#carryOut(taskRun);
    } finally {
      // It went away while we waited for the server: nothing of it may stay behind.
      if (this.#room.taskRuns.get(key)?.uid !== taskRun.uid) this.drop(taskRun.uid);
    }
  }

  async #carryOut(taskRun: TaskRunRecord): Promise<Pass> {
    const plan = this.#plan(taskRun);
    for (const uid of plan.forget) this.#room.pods.forget(uid);
    for (const action of plan.actions) {
      const refused = await this.#act(taskRun, action);
      // The plan is made anew with the refusal known: it may be the end.
      if (refused) return { result: "done", againMs: 0 };
    }
    const againMs = await this.#writeStatus(taskRun, plan);
    return { result: "done", ...sooner(againMs, this.#untilMs(plan.wakeAt)) };
  }

  /** The TaskRun is gone from the store: nothing of it is kept. */
  drop(uid: string): void {
    this.#memories.delete(uid);
    this.#room.ownWrites.drop(uid);
    for (const pod of this.#room.pods.byOwner(uid)) this.#room.pods.forget(pod.uid);
  }

  #unseen(uid: string): Pass | undefined {
    const { ownWrites, taskRuns, pods, renew } = this.#room;
    const stores = { taskruns: taskRuns, pods };
    const missing = ownWrites.unseen(uid, (resource) => stores[resource].resourceVersion);
    if (missing.length === 0) return undefined;
    const left = UNSEEN_MAX_MS - ownWrites.waitedMs(uid);
    if (left <= 0) for (const resource of missing) renew(resource);
    // The event that shows the write brings the key back; the timer is for an event that never comes.
    return { result: "waiting", againMs: left > 0 ? left : UNSEEN_MAX_MS };
  }

  #plan(taskRun: TaskRunRecord): Plan {
    const refusal = this.#memories.get(taskRun.uid)?.refusal;
    return planTaskRun({
      taskRun,
      pods: this.#room.pods.byOwner(taskRun.uid),
      now: this.#room.port.clock.now(),
      ...(refusal && { refusal }),
    });
  }

  /** True if the server (or our own check) refused it. */
  async #act(taskRun: TaskRunRecord, action: Action): Promise<boolean> {
    const { cluster, ownWrites, port } = this.#room;
    const applied = await this.#apply(taskRun, action, cluster);
    port.log.debug("acted", { taskRun: `${taskRun.namespace}/${taskRun.name}`, action: action.kind, pod: action.name });
    const memory = this.#memory(taskRun.uid);
    if (applied.kind === "refused" && action.kind === "CreatePod") {
      memory.refusals += 1;
      const pause = Math.min(REFUSED_FIRST_MS * 2 ** (memory.refusals - 1), REFUSED_LONGEST_MS);
      const retryAt = port.clock.now() + pause * (1 + port.random());
      memory.refusal = { ...applied.refusal, attempt: action.attempt, retryAt };
      return true;
    }
    if (action.kind === "CreatePod") {
      delete memory.refusal;
      memory.refusals = 0;
    }
    if (applied.kind === "done" && applied.podsVersion !== "") ownWrites.note(taskRun.uid, "pods", applied.podsVersion);
    return false;
  }

  async #apply(taskRun: TaskRunRecord, action: Action, cluster: Cluster): ReturnType<typeof apply> {
    try {
      return await apply(action, taskRun, cluster, async (create) => await this.#manifest(taskRun, create));
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return { kind: "refused", refusal: { kind: "Invalid", message: error.message } };
    }
  }

  /** @throws TemplateError */
  async #manifest(taskRun: TaskRunRecord, pod: { name: string; attempt: number }): Promise<Json> {
    if (taskRun.template !== undefined) return buildPod(taskRun, pod, JSON.parse(taskRun.template));
    const fresh = await this.#room.cluster.getTaskRun(taskRun.namespace, taskRun.name);
    return buildPod(taskRun, pod, templateOf(fresh));
  }

  /** Milliseconds until a status that is due later; undefined if there is nothing (more) to write. */
  async #writeStatus(taskRun: TaskRunRecord, plan: Plan): Promise<number | undefined> {
    const { port, cluster, ownWrites } = this.#room;
    if (sameStatus(plan.status, taskRun.status)) {
      this.#quiet(taskRun);
      return undefined;
    }
    const memory = this.#memory(taskRun.uid);
    const now = port.clock.monotonic();
    const said = gist(plan.status);
    if (memory.said !== said) Object.assign(memory, { said, since: now } satisfies Progress);
    const urgency = said === gist(taskRun.status) && plan.urgency === "soon" ? "later" : plan.urgency;
    const delay = writeDelayMs(memory, urgency, { now, busy: cluster.busy });
    if (delay > 0) return delay;
    const version = await cluster.putStatus(taskRun, plan.status, urgency === "now" ? "high" : "low");
    ownWrites.note(taskRun.uid, "taskruns", version);
    this.#told(taskRun, plan);
    return undefined;
  }

  #told(taskRun: TaskRunRecord, plan: Plan): void {
    const { port } = this.#room;
    const { phase, attempts = [], conditions } = plan.status;
    const recorded = taskRun.status.attempts?.at(-1)?.number ?? 0;
    const ended = attempts.filter((attempt) => attempt.number > recorded);
    for (const { reason } of ended) port.meter.count("attempts", { reason });
    const key = `${taskRun.namespace}/${taskRun.name}`;
    port.log.info("status written", {
      taskRun: key,
      phase,
      reason: conditions?.[0]?.reason,
      attempt: plan.status.attempt,
    });
  }

  #memory(uid: string): Memory {
    const known = this.#memories.get(uid) ?? { said: "", since: 0, refusals: 0 };
    this.#memories.set(uid, known);
    return known;
  }

  #quiet(taskRun: TaskRunRecord): void {
    if (TERMINAL_PHASES.has(taskRun.status.phase ?? "")) this.#memories.delete(taskRun.uid);
    const memory = this.#memories.get(taskRun.uid);
    if (memory !== undefined) memory.said = "";
  }

  #untilMs(wakeAt: number | undefined): number | undefined {
    return wakeAt === undefined ? undefined : Math.max(0, wakeAt - this.#room.port.clock.now()) + WAKE_SLACK_MS;
  }
}

function sooner(a: number | undefined, b: number | undefined): { againMs?: number } {
  if (a === undefined && b === undefined) return {};
  return { againMs: Math.min(a ?? Number.POSITIVE_INFINITY, b ?? Number.POSITIVE_INFINITY) };
}
