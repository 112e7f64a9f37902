/**
 * WorkflowRuns: one pass brings one run forward. A run is in one of these situations; the first that applies decides:
 *   collected   it is being deleted: the garbage collector ends what it owns
 *   ended       nothing changes any more, but for a retry with a new id
 *   unstarted   no definition is recorded: found, checked, kept and recorded first (runstart.ts)
 *   under way   children that changed are taken in; then: stop it, decide, start, tell children, write the status
 */
import { sameStatus } from "../act/status.ts";
import { RunReason } from "../api/names.ts";
import { WORKFLOWRUNS } from "../api/paths.ts";
import { TERMINAL_PHASES } from "../api/records.ts";
import type { Step, WorkflowRunRecord } from "../api/records.ts";
import type { WorkflowRunStatus } from "../api/types.ts";
import { decodeWorkflowRun } from "../api/workflowrun.ts";
import { decideReady, deadlineOf, openSeen, stopWish } from "../decide/workflow/advance.ts";
import { failureOf, take } from "../decide/workflow/observation.ts";
import { stop } from "../decide/workflow/progress.ts";
import { runEventOf } from "../decide/workflow/runevent.ts";
import type { Children } from "../decide/workflow/runstate.ts";
import { runStatus } from "../decide/workflow/status.ts";
import { verdictOf } from "../decide/workflow/verdict.ts";
import { RunChildren } from "./runchildren.ts";
import type { Pass } from "./controller.ts";
import { RunLoader, observed } from "./runloader.ts";
import { RunMemories } from "./runmemories.ts";
import type { RunMemory } from "./runmemories.ts";
import type { WorkflowRunRoom } from "./runroom.ts";
import { RunStart } from "./runstart.ts";

/** Tasks decided in one pass: a `when` is evaluated in some ten microseconds, and watches and probes must not wait long. */
const DECIDED_MAX = 500;
/** A run's progress is written so often at most; its beginnings and its end at once. */
const WRITE_EVERY_MS = 1000;

export class WorkflowRuns {
  readonly #room: WorkflowRunRoom;
  readonly #memories: RunMemories;
  readonly #start: RunStart;
  readonly #loader: RunLoader;
  readonly #children: RunChildren;

  constructor(room: WorkflowRunRoom) {
    this.#room = room;
    this.#memories = new RunMemories(room.port);
    this.#start = new RunStart(room, this.write.bind(this));
    this.#loader = new RunLoader(room);
    this.#children = new RunChildren(room, this.#memories);
  }

  async pass(key: string): Promise<Pass> {
    const run = this.#room.runs.get(key);
    if (run === undefined) {
      this.#room.waiting.waitsFor(key, undefined);
      return { result: "done" };
    }
    try {
      return await this.#bring(run);
    } finally {
      if (this.#room.runs.get(key)?.uid !== run.uid) this.drop(run);
    }
  }

  /** A child changed, or is gone. */
  childChanged(runUid: string, name: string, step: Step): void {
    this.#memories.of(runUid)?.changed.set(name, step);
  }

  /** The run is gone, or has ended: nothing of it is kept. */
  drop({ uid }: Pick<WorkflowRunRecord, "uid">): void {
    this.#memories.drop(uid);
    this.#room.definitions.release(uid);
  }

  /** Compare-and-swap; the store shows the reply at once. @throws ApiError */
  async write(run: WorkflowRunRecord, status: WorkflowRunStatus, priority: "high" | "low"): Promise<void> {
    const written = await this.#room.cluster.putStatus(WORKFLOWRUNS, run, { status, priority });
    const record = decodeWorkflowRun(written);
    const { phase, conditions, progress } = status;
    const name = `${run.namespace}/${run.name}`;
    this.#room.port.log.info("status written", { workflowRun: name, phase, reason: conditions?.[0]?.reason, progress });
    const event = runEventOf(run, status);
    if (event !== undefined) this.#room.events?.announce(run, event);
    if (record !== undefined) this.#room.runs.learn(record);
  }

  async #bring(run: WorkflowRunRecord): Promise<Pass> {
    if (run.deletion !== undefined) {
      this.drop(run);
      return { result: "done" };
    }
    if (TERMINAL_PHASES.has(run.status.phase ?? "")) return await this.#ended(run);
    if (run.status.revision === undefined) return await this.#start.pass(run);
    const memory = this.#memories.of(run.uid) ?? (await this.#load(run));
    if (memory === undefined) return await this.#start.lost(run);
    return await this.#goOn(run, memory);
  }

  async #load(run: WorkflowRunRecord): Promise<RunMemory | undefined> {
    const state = await this.#loader.load(run);
    if (state === undefined) return undefined;
    const memory = this.#memories.begin(state);
    // Its beginning was written a moment ago, or it was written before a restart.
    memory.writtenAt = this.#room.port.clock.monotonic();
    this.#children.enlist(run, memory);
    return memory;
  }

  async #goOn(run: WorkflowRunRecord, memory: RunMemory): Promise<Pass> {
    const { state } = memory;
    const { port } = this.#room;
    const children = this.#loader.lookup(run);
    await this.#children.settleLost(run, memory);
    this.#takeIn(memory, children);
    const stopped = stopWish(state, run, port.clock.now());
    if (stopped !== undefined && run.status.stopped === undefined) {
      state.stopped = stopped;
      openSeen(state, children);
      stop(state.progress);
      // Written before any task is told: after a crash in between nobody must wonder why they were cancelled.
      await this.#write(run, memory, children);
      return { result: "done", againMs: 0 };
    }
    const began = port.clock.now();
    const more = decideReady(state, children, DECIDED_MAX);
    const isSuspended = run.spec.suspend === true && state.stopped === undefined;
    const started = isSuspended ? undefined : await this.#children.start(run, memory, children);
    const told = await this.#children.tell(run, memory, children);
    const waitMs = await this.#status(run, memory, children);
    const failed = started?.failed ?? told.failed;
    // What failed is asked again after a pause, and not as long as it fails.
    const asks = failed === undefined && (started?.more === true || told.more);
    const again = more || asks || memory.changed.size > 0;
    const againMs = again ? 0 : sooner(waitMs, this.#wakeMs(run, memory, began));
    return { result: "done", ...(againMs !== undefined && { againMs }), ...(failed && { failed }) };
  }

  #takeIn(memory: RunMemory, children: Children): void {
    const changed = [...memory.changed];
    memory.changed.clear();
    // A task that has ended may have left room in the quota.
    if (changed.length > 0 && memory.blocked?.reason === RunReason.QuotaExceeded) {
      memory.blocked = { ...memory.blocked, retryAt: this.#room.port.clock.now() };
    }
    for (const [name, step] of changed) {
      const child = children.taskRun(name) ?? children.run(name);
      take(memory.state, { name, step }, child);
      // A suspension whose reply was lost may show only after the run has gone on.
      if (child !== undefined && (memory.mode !== "run" || child.suspendedBy !== undefined)) memory.toTell.add(name);
    }
  }

  /** Returns after how many milliseconds there is something to write; undefined: there is nothing. */
  async #status(run: WorkflowRunRecord, memory: RunMemory, children: Children): Promise<number | undefined> {
    const said = gist(run, memory);
    if (said === memory.said) return undefined;
    const isEnd = TERMINAL_PHASES.has(verdictOf(memory.state, run, memory.blocked).phase);
    const left = memory.writtenAt + WRITE_EVERY_MS - this.#room.port.clock.monotonic();
    // Not even made before it is time: it takes a walk over all tasks.
    if (!isEnd && left > 0) return left;
    await this.#write(run, memory, children, isEnd);
    return undefined;
  }

  async #write(run: WorkflowRunRecord, memory: RunMemory, children: Children, isHigh = true): Promise<void> {
    const status = this.#statusOf(run, memory, children);
    const said = gist(run, memory);
    if (!sameStatus(status, run.status)) {
      memory.writtenAt = this.#room.port.clock.monotonic();
      await this.write(run, status, isHigh ? "high" : "low");
    }
    memory.said = said;
  }

  #statusOf(run: WorkflowRunRecord, { state, blocked }: RunMemory, children: Children): WorkflowRunStatus {
    const now = this.#room.port.clock.now();
    const verdict = verdictOf(state, run, blocked);
    return runStatus({
      run,
      progress: state.progress,
      verdict,
      now,
      ...(state.stopped !== undefined && { stopped: state.stopped }),
      ...(TERMINAL_PHASES.has(verdict.phase) && { completedAt: now }),
      failureOf: (slot) => failureOf(state, slot, children),
    });
  }

  /** Until the first moment after the pass began at which time itself changes something. It may have come by now. */
  #wakeMs(run: WorkflowRunRecord, { state, blocked }: RunMemory, began: number): number | undefined {
    const deadline = state.stopped === undefined ? deadlineOf(state, run) : undefined;
    const ahead = [deadline, blocked?.retryAt].filter((at) => at !== undefined && at > began);
    const at = sooner(...ahead);
    return at === undefined ? undefined : Math.max(0, at - this.#room.port.clock.now()) + WAKE_SLACK_MS;
  }

  /** Somebody changed the spec of an ended run: only that this was seen can be said. */
  async #acknowledge(run: WorkflowRunRecord): Promise<Pass> {
    if (run.status.observedGeneration === run.generation) return { result: "done" };
    await this.write(run, observed(run), "low");
    return { result: "done" };
  }

  async #ended(run: WorkflowRunRecord): Promise<Pass> {
    const { retry, cancel } = run.spec;
    const isNew = retry !== undefined && retry.id !== run.status.retry?.id && cancel !== true;
    this.drop(run);
    if (!isNew) return await this.#acknowledge(run);
    const status = await this.#loader.retried(run, retry);
    this.#room.definitions.release(run.uid);
    await this.write(run, status, "high");
    return { result: "done", againMs: 0 };
  }
}

/** The least of those that are given. */
function sooner(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Changes whenever the status does, and takes no walk over the tasks. */
function gist(run: WorkflowRunRecord, { state, blocked }: RunMemory): string {
  const { phase, reason } = verdictOf(state, run, blocked);
  return [phase, reason, run.generation, blocked?.message, ...Object.values(state.progress.counts)].join("|");
}

/** Node timers fire up to a millisecond early; so late the time has surely come. */
const WAKE_SLACK_MS = 5;
