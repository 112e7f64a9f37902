/** TaskRuns: store, plan and act wired together. One pass makes one TaskRun what its plan says. */
import { apply, findCreated } from "../act/apply.ts";
import type { Cluster } from "../act/cluster.ts";
import { gist, sameStatus, writeDelayMs } from "../act/status.ts";
import type { Progress } from "../act/status.ts";
import { ApiError } from "../act/errors.ts";
import type { Action, Refusal } from "../api/action.ts";
import type { Json } from "../api/decode.ts";
import { decodePod } from "../api/pod.ts";
import type { Port } from "../api/port.ts";
import { TERMINAL_PHASES } from "../api/records.ts";
import type { PodRecord, TaskRunRecord } from "../api/records.ts";
import { templateOf } from "../api/taskrun.ts";
import { TemplateError, buildPod } from "../decide/taskrun/pod.ts";
import { planTaskRun } from "../decide/taskrun/plan.ts";
import type { Plan } from "../decide/taskrun/plan.ts";
import { UNSEEN_GIVE_UP_MS, UNSEEN_MAX_MS } from "../queue/ownwrites.ts";
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
  stale?: Stale;
  /** A create of which nobody can say whether it was done. */
  unsure?: Action & { kind: "CreatePod" };
}

/** A conflict told us that the server has a newer copy than the store: no use asking again before the store has it too. */
interface Stale {
  readonly resource: "taskruns" | "pods";
  readonly uid: string;
  readonly version: string;
  readonly sinceMs: number;
  readonly renewed: boolean;
}

/** The first pause after the server refused a pod for now (quota, rights), doubled each time. */
const REFUSED_FIRST_MS = 1000;
/** Room in a quota shows in no event we watch, so it is asked for this often at last. */
const REFUSED_LONGEST_MS = 60_000;
/** Events come well under a second after the write they tell of; past this the watch is started anew, then we ask again. */
const STALE_MAX_MS = 5000;
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
    const waiting = this.#unseen(taskRun.uid) ?? this.#stale(taskRun);
    if (waiting !== undefined) return waiting;
    try {
      return await this.#carryOut(taskRun);
    } finally {
      // It went away while we waited for the server: nothing of it may stay behind.
      if (this.#room.taskRuns.get(key)?.uid !== taskRun.uid) this.drop(taskRun.uid);
    }
  }

  async #carryOut(taskRun: TaskRunRecord): Promise<Pass> {
    if (await this.#settleLostCreate(taskRun)) return { result: "waiting", againMs: 0 };
    const plan = this.#plan(taskRun);
    for (const uid of plan.forget) this.#room.pods.forget(uid);
    for (const action of plan.actions) {
      const pass = await this.#act(taskRun, action);
      if (pass !== undefined) return pass;
    }
    return await this.#writeStatus(taskRun, plan);
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
    const waited = ownWrites.waitedMs(uid) ?? 0;
    if (waited >= UNSEEN_GIVE_UP_MS) {
      // The watch was renewed and listed since: what it does not show by now is not there (a server set back in time).
      ownWrites.drop(uid);
      return undefined;
    }
    const left = UNSEEN_MAX_MS - (waited % UNSEEN_MAX_MS);
    if (waited >= UNSEEN_MAX_MS) for (const resource of missing) renew(resource);
    // The event that shows the write brings the key back; the timer is for an event that never comes.
    return { result: "waiting", againMs: left };
  }

  #stale(taskRun: TaskRunRecord): Pass | undefined {
    const memory = this.#memories.get(taskRun.uid);
    const stale = memory?.stale;
    if (memory === undefined || stale === undefined) return undefined;
    const pod = this.#room.pods.byOwner(taskRun.uid).find((one) => one.uid === stale.uid);
    const known = stale.resource === "taskruns" ? taskRun.resourceVersion : pod?.resourceVersion;
    const now = this.#room.port.clock.monotonic();
    const left = stale.sinceMs + STALE_MAX_MS - now;
    if (known !== stale.version || (left <= 0 && stale.renewed)) {
      delete memory.stale;
      return undefined;
    }
    if (left > 0) return { result: "waiting", againMs: left };
    this.#room.renew(stale.resource);
    memory.stale = { ...stale, sinceMs: now, renewed: true };
    return { result: "waiting", againMs: STALE_MAX_MS };
  }

  /** @throws whatever is no conflict */
  #conflicted(error: unknown, taskRun: TaskRunRecord, copy: Pick<Stale, "resource" | "uid" | "version">): Pass {
    if (!(error instanceof ApiError) || error.kind !== "conflict") throw error;
    const sinceMs = this.#room.port.clock.monotonic();
    this.#memory(taskRun.uid).stale = { ...copy, sinceMs, renewed: false };
    return { result: "waiting", againMs: 0 };
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

  /** undefined: done, go on. */
  async #act(taskRun: TaskRunRecord, action: Action): Promise<Pass | undefined> {
    const { port } = this.#room;
    const applied = await this.#apply(taskRun, action).catch((error: unknown) => {
      if (action.kind === "CreatePod") {
        // Nothing may be decided before it is known whether the pod is there.
        if (error instanceof ApiError && error.mayHaveActed) this.#memory(taskRun.uid).unsure = action;
        // A create has no copy that could be old: its conflicts are the server's own (a quota being counted).
        throw error;
      }
      const { uid, resourceVersion: version } = action;
      return this.#conflicted(error, taskRun, { resource: "pods", uid, version });
    });
    if ("result" in applied) return applied;
    port.log.debug("acted", { taskRun: `${taskRun.namespace}/${taskRun.name}`, action: action.kind, pod: action.name });
    if (applied.kind === "refused") {
      this.#refused(taskRun.uid, action, applied.refusal);
      // The plan is made anew with the refusal known: it may be the end.
      return { result: "done", againMs: 0 };
    }
    if (action.kind === "CreatePod") this.#created(taskRun.uid);
    this.#learn(taskRun.uid, applied.pod);
    return undefined;
  }

  #created(uid: string): void {
    const memory = this.#memory(uid);
    memory.refusals = 0;
    delete memory.refusal;
  }

  /** What a reply shows of a pod is known from now on, even if the pod is gone before any event tells of it. */
  #learn(uid: string, reply: unknown): void {
    const pod = decodePod(reply);
    if (pod === undefined) return;
    this.#room.pods.learn(pod);
    this.#room.ownWrites.note(uid, "pods", pod.resourceVersion);
  }

  /** True if a create whose reply was lost turns out to have been done. */
  async #settleLostCreate(taskRun: TaskRunRecord): Promise<boolean> {
    const memory = this.#memories.get(taskRun.uid);
    if (memory?.unsure === undefined) return false;
    const pod = await findCreated(memory.unsure, taskRun, this.#room.cluster);
    delete memory.unsure;
    if (pod === undefined) return false;
    this.#created(taskRun.uid);
    this.#learn(taskRun.uid, pod);
    return true;
  }

  #refused(uid: string, action: Action, refusal: Pick<Refusal, "kind" | "message">): void {
    if (action.kind !== "CreatePod") return;
    const { clock, random } = this.#room.port;
    const memory = this.#memory(uid);
    memory.refusals += 1;
    const pause = Math.min(REFUSED_FIRST_MS * 2 ** (memory.refusals - 1) * (1 + random()), REFUSED_LONGEST_MS);
    memory.refusal = { ...refusal, attempt: action.attempt, retryAt: clock.now() + pause };
  }

  async #apply(taskRun: TaskRunRecord, action: Action): ReturnType<typeof apply> {
    try {
      return await apply(action, taskRun, this.#room.cluster, async (create) => await this.#manifest(taskRun, create));
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

  async #writeStatus(taskRun: TaskRunRecord, plan: Plan): Promise<Pass> {
    const { port, cluster, ownWrites } = this.#room;
    // Should the event that shows a write of ours never come (its object is gone before we look), this brings us back.
    const unseenMs = ownWrites.waitedMs(taskRun.uid) === undefined ? undefined : UNSEEN_MAX_MS;
    const wakeMs = sooner(this.#untilMs(plan.wakeAt), unseenMs).againMs;
    if (sameStatus(plan.status, taskRun.status)) {
      this.#quiet(taskRun);
      return { result: "done", ...sooner(wakeMs) };
    }
    const memory = this.#memory(taskRun.uid);
    const now = port.clock.monotonic();
    const said = gist(plan.status);
    if (memory.said !== said) Object.assign(memory, { said, since: now } satisfies Progress);
    const urgency = said === gist(taskRun.status) && plan.urgency === "soon" ? "rarely" : plan.urgency;
    const delay = writeDelayMs(memory, urgency, { now, busy: cluster.busy });
    if (delay > 0) return { result: "done", ...sooner(wakeMs, delay) };
    try {
      const version = await cluster.putStatus(taskRun, plan.status, urgency === "now" ? "high" : "low");
      ownWrites.note(taskRun.uid, "taskruns", version);
    } catch (error) {
      const { uid, resourceVersion } = taskRun;
      return this.#conflicted(error, taskRun, { resource: "taskruns", uid, version: resourceVersion });
    }
    this.#told(taskRun, plan);
    return { result: "done", ...sooner(wakeMs, UNSEEN_MAX_MS) };
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

function sooner(...delays: readonly (number | undefined)[]): { againMs?: number } {
  const known = delays.filter((delay) => delay !== undefined);
  return known.length === 0 ? {} : { againMs: Math.min(...known) };
}
