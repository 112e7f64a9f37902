/** TaskRuns: store, plan and act wired together. One pass makes one TaskRun what its plan says. */
import { apply, findCreated } from "../act/apply.ts";
import type { Cluster } from "../act/cluster.ts";
import { gist, sameStatus, writeDelayMs } from "../act/status.ts";
import type { Progress } from "../act/status.ts";
import { ApiError } from "../act/errors.ts";
import { unreachable } from "../api/action.ts";
import type { Action, Refusal } from "../api/action.ts";
import { object } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import type { Defaults } from "../api/defaults.ts";
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
import type { Renewal } from "../watch/reflector.ts";
import type { Store } from "../watch/store.ts";
import type { Pass } from "./controller.ts";
import { Memories } from "./memory.ts";
import type { CreatePod, DeletePod, Stale } from "./memory.ts";

export interface TaskRunRoom {
  readonly port: Port;
  readonly cluster: Cluster;
  readonly taskRuns: Store<TaskRunRecord>;
  readonly pods: Store<PodRecord>;
  readonly ownWrites: OwnWrites;
  readonly defaults: Defaults;
  /** Starts the watch of a resource anew: an event that must have come did not. */
  readonly renew: (resource: "taskruns" | "pods", how: Renewal) => void;
}

/** What a store shows of an object. */
type Copy = Pick<Stale, "resource" | "uid" | "version">;

/** Events come well under a second after the write they tell of; past this the watch is started anew, then we ask again. */
const STALE_MAX_MS = 5000;
/** Node timers fire up to a millisecond early; so late the time has surely come. */
const WAKE_SLACK_MS = 5;

/** From this failure of a create on its words are shown: before, it mostly lost a race or the server was busy. */
const SHOWN_FROM_FAILURES = 3;

export class TaskRuns {
  readonly #room: TaskRunRoom;
  readonly #memories: Memories;

  constructor(room: TaskRunRoom) {
    this.#room = room;
    this.#memories = new Memories(room.port);
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
    let refused: ApiError | undefined;
    for (const action of plan.actions) {
      const pass = await this.#act(taskRun, action);
      if (pass instanceof ApiError) refused = pass;
      else if (pass !== undefined) return pass;
    }
    const pass = await this.#writeStatus(taskRun, plan);
    // A pod that cannot be deleted is tried again later and later; what the status says of it must not wait for that.
    if (refused !== undefined) throw refused;
    return pass;
  }

  /** The TaskRun is gone from the store: nothing of it is kept. */
  drop(uid: string): void {
    this.#memories.drop(uid);
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
    if (waited >= UNSEEN_MAX_MS) for (const resource of missing) renew(resource, "resume");
    // The event that shows the write brings the key back; the timer is for an event that never comes.
    return { result: "waiting", againMs: left };
  }

  #stale(taskRun: TaskRunRecord): Pass | undefined {
    const memory = this.#memories.known(taskRun.uid);
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
    this.#room.renew(stale.resource, "distrust");
    memory.stale = { ...stale, sinceMs: now, renewed: true };
    return { result: "waiting", againMs: STALE_MAX_MS };
  }

  /** @throws whatever is no conflict */
  #conflicted(error: unknown, taskRun: TaskRunRecord, copy: Copy): Pass {
    if (!(error instanceof ApiError) || error.kind !== "conflict") throw error;
    return this.#outdated(taskRun, copy);
  }

  /** The server has something newer than this copy: nothing is decided before the store has it, too. */
  #outdated(taskRun: TaskRunRecord, copy: Copy): Pass {
    const sinceMs = this.#room.port.clock.monotonic();
    this.#memories.of(taskRun.uid).stale = { ...copy, sinceMs, renewed: false };
    return { result: "waiting", againMs: 0 };
  }

  #plan(taskRun: TaskRunRecord): Plan {
    const { refusal, stopRefused } = this.#memories.known(taskRun.uid) ?? {};
    return planTaskRun({
      taskRun,
      pods: this.#room.pods.byOwner(taskRun.uid),
      now: this.#room.port.clock.now(),
      defaults: this.#room.defaults,
      ...(refusal && { refusal }),
      ...(stopRefused && { stopRefused }),
    });
  }

  /** undefined: done, go on. ApiError: a pod could not be deleted. */
  async #act(taskRun: TaskRunRecord, action: Action): Promise<Pass | ApiError | undefined> {
    const applied = await this.#apply(taskRun, action).catch((error: unknown) => this.#failed(taskRun, action, error));
    if (applied instanceof ApiError || "result" in applied) return applied;
    const key = `${taskRun.namespace}/${taskRun.name}`;
    const pod = action.kind === "DeleteTaskRun" ? undefined : action.name;
    this.#room.port.log.debug("acted", { taskRun: key, action: action.kind, pod });
    if (applied.kind === "refused") return this.#refused(taskRun, action, applied.refusal);
    if (action.kind === "DeleteTaskRun") return this.#outdated(taskRun, copyOf(taskRun));
    if (action.kind === "CreatePod") this.#memories.created(taskRun.uid);
    else delete this.#memories.known(taskRun.uid)?.stopRefused;
    this.#learn(taskRun.uid, applied.pod);
    return undefined;
  }

  #failed(taskRun: TaskRunRecord, action: Action, error: unknown): Pass | ApiError {
    switch (action.kind) {
      case "CreatePod":
        return this.#createFailed(taskRun, action, error);
      case "DeletePod":
        return this.#deleteFailed(taskRun, action, error);
      case "DeleteTaskRun":
        // A refusal is logged and asked again with growing pauses. The status stays as it is: an outcome is final.
        return this.#conflicted(error, taskRun, copyOf(taskRun));
      default:
        return unreachable(action);
    }
  }

  /** @throws unless it has failed often enough to be worth a word in the status */
  #createFailed(taskRun: TaskRunRecord, action: CreatePod, error: unknown): Pass {
    if (!(error instanceof ApiError)) throw error;
    const memory = this.#memories.of(taskRun.uid);
    // Nothing may be decided before it is known whether the pod is there.
    if (error.mayHaveActed) memory.unsure = { action, lost: error.kind === "lost" };
    memory.failedCreates += 1;
    // A server with too much to do is no news of this TaskRun, and writing it down would be more to do.
    if (error.overloaded || memory.failedCreates < SHOWN_FROM_FAILURES) throw error;
    return this.#refused(taskRun, action, { kind: "Unavailable", message: error.message });
  }

  /** @throws whatever is no answer of the server */
  #deleteFailed(taskRun: TaskRunRecord, action: DeletePod, error: unknown): Pass | ApiError {
    if (!(error instanceof ApiError)) throw error;
    const { uid, resourceVersion: version } = action;
    if (error.kind === "conflict") return this.#conflicted(error, taskRun, { resource: "pods", uid, version });
    if (!error.overloaded && error.kind !== "lost")
      this.#memories.of(taskRun.uid).stopRefused = { uid, message: error.message };
    return error;
  }

  /** What a reply shows of a pod is known from now on, even if the pod is gone before any event tells of it. */
  #learn(uid: string, reply: unknown): void {
    const pod = decodePod(reply);
    if (pod === undefined) return;
    this.#room.pods.learn(pod);
    this.#room.ownWrites.note(uid, "pods", pod.resourceVersion);
  }

  /** False: there is no create whose reply was lost. True: its pod is known now, or will be once the store is far enough. */
  async #settleLostCreate(taskRun: TaskRunRecord): Promise<boolean> {
    const memory = this.#memories.known(taskRun.uid);
    if (memory?.unsure === undefined) return false;
    const { cluster, ownWrites, renew } = this.#room;
    const pod = await findCreated(memory.unsure.action, taskRun, cluster);
    if (pod === undefined) {
      const { lost } = memory.unsure;
      // Not there now. A failure was told over a living connection, and so is all that happened to the pod.
      if (lost) ownWrites.note(taskRun.uid, "pods", await cluster.podsVersion(taskRun.namespace));
      delete memory.unsure;
      // A lost reply may have taken the watch with it: the pod may have ended and been removed meanwhile. The watch tells, once
      // it has come so far; it begins anew, in case its connection is dead.
      if (lost) renew("pods", "resume");
      return lost;
    }
    delete memory.unsure;
    this.#memories.created(taskRun.uid);
    this.#learn(taskRun.uid, pod);
    return true;
  }

  #refused(taskRun: TaskRunRecord, action: Action, refusal: Pick<Refusal, "kind" | "message">): Pass {
    if (action.kind === "CreatePod") this.#memories.refused(taskRun, action.attempt, refusal);
    // The plan is made anew with the refusal known: it may be the end.
    return { result: "done", againMs: 0 };
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
    const metadata = object(object(fresh)["metadata"]);
    if (metadata["uid"] !== taskRun.uid || metadata["deletionTimestamp"] !== undefined) {
      // Deleted, perhaps made again under its name; the store will show it.
      throw new ApiError("gone", "the TaskRun was deleted", { code: 404, retryAfterMs: 0 });
    }
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
    const memory = this.#memories.of(taskRun.uid);
    const now = port.clock.monotonic();
    const said = gist(plan.status);
    if (memory.said !== said) Object.assign(memory, { said, since: now } satisfies Progress);
    const urgency = said === gist(taskRun.status) && plan.urgency === "soon" ? "rarely" : plan.urgency;
    const delay = writeDelayMs(memory, urgency, { now, busy: cluster.busy(taskRun.namespace) });
    if (delay > 0) return { result: "done", ...sooner(wakeMs, delay) };
    try {
      const version = await cluster.putStatus(taskRun, plan.status, urgency === "now" ? "high" : "low");
      ownWrites.note(taskRun.uid, "taskruns", version);
    } catch (error) {
      return this.#conflicted(error, taskRun, copyOf(taskRun));
    }
    this.#told(taskRun, plan.status);
    return { result: "done", ...sooner(wakeMs, UNSEEN_MAX_MS) };
  }

  #told({ namespace, name }: TaskRunRecord, { phase, attempt, conditions }: Plan["status"]): void {
    const taskRun = `${namespace}/${name}`;
    this.#room.port.log.info("status written", { taskRun, phase, reason: conditions?.[0]?.reason, attempt });
  }

  #quiet(taskRun: TaskRunRecord): void {
    if (TERMINAL_PHASES.has(taskRun.status.phase ?? "")) this.#memories.drop(taskRun.uid);
    const memory = this.#memories.known(taskRun.uid);
    if (memory !== undefined) memory.said = "";
  }

  #untilMs(wakeAt: number | undefined): number | undefined {
    return wakeAt === undefined ? undefined : Math.max(0, wakeAt - this.#room.port.clock.now()) + WAKE_SLACK_MS;
  }
}

function copyOf({ uid, resourceVersion }: TaskRunRecord): Copy {
  return { resource: "taskruns", uid, version: resourceVersion };
}

function sooner(...delays: readonly (number | undefined)[]): { againMs?: number } {
  const known = delays.filter((delay) => delay !== undefined);
  return known.length === 0 ? {} : { againMs: Math.min(...known) };
}
