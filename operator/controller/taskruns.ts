/** TaskRuns: store, plan and act wired together. One pass makes one TaskRun what its plan says. */
import { apply, findCreated } from "../act/apply.ts";
import type { Events } from "../act/events.ts";
import { gist, sameStatus, writeDelayMs } from "../act/status.ts";
import type { Progress } from "../act/status.ts";
import { ApiError } from "../act/errors.ts";
import { unreachable } from "../api/action.ts";
import type { Action, Refusal } from "../api/action.ts";
import { resourceVersionOf } from "../api/decode.ts";
import { TASKRUNS } from "../api/paths.ts";
import { decodePod } from "../api/pod.ts";
import type { Port } from "../api/port.ts";
import { TERMINAL_PHASES } from "../api/records.ts";
import { decodeTaskRun } from "../api/taskrun.ts";
import type { PodRecord, TaskRunRecord } from "../api/records.ts";
import { eventOf } from "../decide/taskrun/event.ts";
import type { NodeFact, NodeFacts } from "../decide/taskrun/nodes.ts";
import { TemplateError } from "../decide/templateerror.ts";
import { planTaskRun } from "../decide/taskrun/plan.ts";
import type { Plan } from "../decide/taskrun/plan.ts";
import { UNSEEN_GIVE_UP_MS, UNSEEN_MAX_MS } from "../queue/ownwrites.ts";
import type { OwnWrites } from "../queue/ownwrites.ts";
import type { Waiting } from "../queue/waiting.ts";
import type { Renewal } from "../watch/reflector.ts";
import type { Store } from "../watch/store.ts";
import type { Pass } from "./controller.ts";
import { Manifests } from "./manifests.ts";
import type { ManifestRoom } from "./manifests.ts";
import { Memories } from "./memory.ts";
import type { CreatePod, DeletePod, Stale } from "./memory.ts";
import type { Nodes } from "./nodes.ts";

export interface TaskRunRoom extends ManifestRoom {
  readonly port: Port;
  readonly taskRuns: Store<TaskRunRecord>;
  readonly pods: Store<PodRecord>;
  readonly nodes: Pick<Nodes, "fact" | "synced">;
  readonly ownWrites: OwnWrites;
  /** By the monotonic clock; -Infinity where nobody worked before us whose requests could still be under way. */
  readonly keepNamesUntilMs: number;
  /** TaskRuns by the PodTemplate they wait for. */
  readonly waiting: Waiting;
  /** undefined: none are written. */
  readonly events?: Events | undefined;
  /** Starts the watch of a resource anew: an event that must have come did not. */
  readonly renew: (resource: "taskruns" | "pods", how: Renewal) => void;
}

/** What a store shows of an object. */
type Copy = Pick<Stale, "resource" | "uid" | "version">;

/** Events come well under a second after the write they tell of; past this the watch is started anew, then we ask again. */
const STALE_MAX_MS = 5000;
/** Node timers fire up to a millisecond early; so late the time has surely come. */
const WAKE_SLACK_MS = 5;

/** A node watch that is behind a pod comes up to it with the next event, or the bookmark of every minute. */
const NODES_BEHIND_MS = 15_000;

/** From this failure of a create on its words are shown: before, it mostly lost a race or the server was busy. */
const SHOWN_FROM_FAILURES = 3;

export class TaskRuns {
  readonly #room: TaskRunRoom;
  readonly #memories: Memories;
  readonly #manifests: Manifests;

  constructor(room: TaskRunRoom) {
    this.#room = room;
    this.#memories = new Memories(room.port);
    this.#manifests = new Manifests(room);
  }

  async pass(key: string): Promise<Pass> {
    const taskRun = this.#room.taskRuns.get(key);
    if (taskRun === undefined) {
      this.#room.waiting.waitsFor(key, undefined);
      return { result: "done" };
    }
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
    // A pod that cannot be deleted is tried again later and later; neither the status nor the next attempt waits for that.
    return refused === undefined ? pass : { ...pass, failed: refused };
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
    const pods = this.#room.pods.byOwner(taskRun.uid);
    const now = this.#room.port.clock.now();
    const keepMs = Math.max(0, this.#room.keepNamesUntilMs - this.#room.port.clock.monotonic());
    const nodes = this.#nodes(taskRun, pods);
    const lacking = this.#manifests.lacking(taskRun);
    const plan = planTaskRun({
      taskRun,
      pods,
      nodes,
      now,
      keepNamesUntil: now + keepMs,
      defaults: this.#room.defaults,
      ...(lacking && { lacking }),
      ...(refusal && { refusal }),
      ...(stopRefused && { stopRefused }),
    });
    this.#await(taskRun, TERMINAL_PHASES.has(plan.status.phase ?? "") ? undefined : lacking?.name);
    const behind = this.#room.nodes.synced && [...nodes.values()].some(({ state }) => state === "unknown");
    return behind ? { ...plan, wakeAt: Math.min(plan.wakeAt ?? Infinity, now + NODES_BEHIND_MS) } : plan;
  }

  /** Woken when this PodTemplate comes, or changes. */
  #await({ namespace, name }: TaskRunRecord, template: string | undefined): void {
    const key = `${namespace}/${name}`;
    this.#room.waiting.waitsFor(key, template === undefined ? undefined : `${namespace}/${template}`);
  }

  /** The nodes of its pods, and of the pod that only the status knows. */
  #nodes({ status, resourceVersion }: TaskRunRecord, pods: readonly PodRecord[]): NodeFacts {
    const facts = new Map<string, NodeFact>();
    const add = (name: string | undefined, version: string): void => {
      if (name !== undefined) facts.set(name, this.#room.nodes.fact(name, version));
    };
    if (!pods.some(({ uid }) => uid === status.podUID)) add(status.nodeName, resourceVersion);
    for (const { nodeName, placedVersion = "" } of pods) add(nodeName, placedVersion);
    return facts;
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
      return await apply(
        action,
        taskRun,
        this.#room.cluster,
        async (create) => await this.#manifests.build(taskRun, create),
      );
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return { kind: "refused", refusal: { kind: "Invalid", message: error.message } };
    }
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
      const priority = urgency === "now" ? "high" : "low";
      const written = await cluster.putStatus(TASKRUNS, taskRun, { status: plan.status, priority });
      ownWrites.note(taskRun.uid, "taskruns", resourceVersionOf(written) ?? "");
      // What becomes of a task of a run decides what comes next: known now, and not a watch's way later.
      const record = taskRun.step === undefined ? undefined : decodeTaskRun(written);
      if (record !== undefined) this.#room.taskRuns.learn(record);
    } catch (error) {
      return this.#conflicted(error, taskRun, copyOf(taskRun));
    }
    this.#told(taskRun, plan.status);
    const event = eventOf(taskRun, plan.status);
    if (event !== undefined) this.#room.events?.announce(taskRun, event);
    return { result: "done", ...sooner(wakeMs, UNSEEN_MAX_MS) };
  }

  #told({ namespace, name }: TaskRunRecord, { phase, attempt, conditions, compacted }: Plan["status"]): void {
    const taskRun = `${namespace}/${name}`;
    this.#room.port.log.info("status written", { taskRun, phase, reason: conditions?.[0]?.reason, attempt, compacted });
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
