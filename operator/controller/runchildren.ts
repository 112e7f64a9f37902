/** The calls that make a run's children, and tell them to stop, pause or go on. */
import { ApiError } from "../act/errors.ts";
import { object } from "../api/decode.ts";
import { TaskReason } from "../api/names.ts";
import { TASKRUNS, WORKFLOWRUNS } from "../api/paths.ts";
import type { TaskRunRecord, WorkflowRunRecord } from "../api/records.ts";
import { controllerOf } from "../api/metadata.ts";
import { decodeTaskRun } from "../api/taskrun.ts";
import { decodeWorkflowRun } from "../api/workflowrun.ts";
import { fail, nextStart } from "../decide/workflow/advance.ts";
import type { Start } from "../decide/workflow/advance.ts";
import { isRun, take } from "../decide/workflow/observation.ts";
import { putBack } from "../decide/workflow/progress.ts";
import { nodeOf } from "../decide/workflow/runstate.ts";
import type { Children } from "../decide/workflow/runstate.ts";
import type { Blocked } from "../decide/workflow/verdict.ts";
import { patchFor } from "../decide/workflow/wishes.ts";
import type { Mode } from "../decide/workflow/wishes.ts";
import { blockedBy } from "./blocked.ts";
import type { WorkflowRunRoom } from "./runroom.ts";
import type { RunMemories, RunMemory } from "./runmemories.ts";

/** Calls sent together in one pass: enough to keep the API server busy, few enough that a cancel is seen soon. */
const TOGETHER_MAX = 64;

export interface Done {
  /** There may be more to do at once. */
  readonly more: boolean;
  /** What could not be done, beside all that was. */
  readonly failed?: ApiError | undefined;
}

const NOTHING: Done = { more: false };

export class RunChildren {
  readonly #room: WorkflowRunRoom;
  readonly #memories: RunMemories;

  constructor(room: WorkflowRunRoom, memories: RunMemories) {
    this.#room = room;
    this.#memories = memories;
  }

  /** Makes the next TaskRuns and sub-workflow runs. */
  async start(run: WorkflowRunRecord, memory: RunMemory, children: Children): Promise<Done> {
    const { state, blocked } = memory;
    if (blocked !== undefined && this.#room.port.clock.now() < blocked.retryAt) return NOTHING;
    const starts: Start[] = [];
    // Where the last one was refused, the next is asked about alone.
    const max = memory.refusals > 0 ? 1 : TOGETHER_MAX;
    while (starts.length < max) {
      const next = nextStart(state, children);
      if (next === undefined) break;
      starts.push(next);
    }
    if (starts.length === 0) return NOTHING;
    const ended = await Promise.allSettled(starts.map(async (one) => await this.#startOne(run, memory, one)));
    const replies = ended.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const refusal = replies.find((reply) => typeof reply === "object");
    if (replies.includes("done")) this.#memories.accepted(memory);
    if (refusal !== undefined) this.#memories.refused(memory, refusal);
    return { more: true, failed: failureOf(ended) };
  }

  /**
   * Creates that were not answered: what was made by them is known before anything else is decided.
   * @throws ApiError
   */
  async settleLost({ namespace, uid }: WorkflowRunRecord, memory: RunMemory): Promise<void> {
    for (const [name, resource] of memory.unsure) {
      try {
        const found = await this.#room.cluster.get(resource, { namespace, name });
        if (controllerOf(object(object(found)["metadata"]), "WorkflowRun")["uid"] === uid) this.#learn(memory, found);
      } catch (error) {
        if (!(error instanceof ApiError) || error.kind !== "gone") throw error;
      }
      memory.unsure.delete(name);
    }
  }

  /** Tells children what their run wants of them. Those that cannot be told now come after all the others. */
  async tell(run: WorkflowRunRecord, memory: RunMemory, children: Children): Promise<Done> {
    const mode = modeOf(run, memory);
    if (mode !== memory.mode) this.enlist(run, memory, mode);
    const names = [...memory.toTell].slice(0, TOGETHER_MAX);
    if (names.length === 0) return NOTHING;
    const ended = await Promise.allSettled(
      names.map(async (name) => await this.#tellOne(run, memory, { name, children })),
    );
    return { more: memory.toTell.size > 0, failed: failureOf(ended) };
  }

  /** Finds the children that are not what this mode wants of them. All are looked at, but only when the mode changes. */
  enlist(run: WorkflowRunRecord, memory: RunMemory, mode: Mode = modeOf(run, memory)): void {
    memory.mode = mode;
    memory.toTell.clear();
    for (const child of [...this.#room.taskRuns.byOwner(run.uid), ...this.#room.runs.byOwner(run.uid)]) {
      if (patchFor(child, modeFor(memory, child), run.name) !== undefined) memory.toTell.add(child.name);
    }
  }

  /** Blocked: the API server does not take it for now. @throws whatever is no word about this child */
  async #startOne(run: WorkflowRunRecord, memory: RunMemory, start: Start): Promise<"done" | Blocked> {
    const { state } = memory;
    try {
      this.#learn(memory, await this.#make(run, start));
      return "done";
    } catch (error) {
      if (error instanceof ApiError && error.kind === "invalid") {
        fail(state, start.slot, { reason: TaskReason.InvalidTemplate, message: error.message });
        return "done";
      }
      putBack(state.progress, start.slot);
      const isUnsure = error instanceof ApiError && error.mayHaveActed && start.kind !== "RetryWorkflowRun";
      if (isUnsure) memory.unsure.set(start.name, start.kind === "CreateTaskRun" ? TASKRUNS : WORKFLOWRUNS);
      const blocked = error instanceof ApiError ? blockedBy(error) : undefined;
      if (blocked === undefined) throw error;
      return blocked;
    }
  }

  async #make(run: WorkflowRunRecord, start: Start): Promise<unknown> {
    const { cluster } = this.#room;
    if (start.kind === "RetryWorkflowRun") {
      // One that was being stopped when it failed still says cancel, and would never act on the retry.
      const spec = { cancel: false, retry: { id: start.id, scope: "Failed", tasks: null } };
      return await cluster.patch(WORKFLOWRUNS, start.child, { spec });
    }
    const resource = start.kind === "CreateTaskRun" ? TASKRUNS : WORKFLOWRUNS;
    const { namespace, uid } = run;
    try {
      return await cluster.create(resource, namespace, start.manifest);
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== "exists") throw error;
      // Ours, made by an earlier life or by a call whose reply was lost; or somebody else's.
      const found = await cluster.get(resource, { namespace, name: start.name });
      if (controllerOf(object(object(found)["metadata"]), "WorkflowRun")["uid"] === uid) return found;
      const message =
        `${resource.kind} ${start.name} exists already and belongs to something else (an earlier run of this name that is ` +
        "still being deleted, perhaps). Waits until it is gone.";
      throw new ApiError("exists", message, { code: 409, retryAfterMs: 0 });
    }
  }

  async #tellOne(
    run: WorkflowRunRecord,
    memory: RunMemory,
    { name, children }: { readonly name: string; readonly children: Children },
  ): Promise<void> {
    const child = children.taskRun(name) ?? children.run(name);
    const patch = child && patchFor(child, modeFor(memory, child), run.name);
    memory.toTell.delete(name);
    if (child === undefined || patch === undefined) return;
    try {
      this.#learn(memory, await this.#room.cluster.patch(isRun(child) ? WORKFLOWRUNS : TASKRUNS, child, patch));
    } catch (error) {
      if (error instanceof ApiError && error.kind === "gone") return;
      memory.toTell.add(name);
      throw error;
    }
  }

  /** A reply is news, ahead of its event. */
  #learn({ state }: RunMemory, reply: unknown): void {
    const isOfRun = object(reply)["kind"] === WORKFLOWRUNS.kind;
    const run = isOfRun ? decodeWorkflowRun(reply) : undefined;
    const taskRun = isOfRun ? undefined : decodeTaskRun(reply);
    if (run !== undefined) this.#room.runs.learn(run);
    if (taskRun !== undefined) this.#room.taskRuns.learn(taskRun);
    const child = run ?? taskRun;
    if (child?.step !== undefined) take(state, { name: child.name, step: child.step }, child);
  }
}

/** The first answer that was a failure. @throws what is no answer: a bug */
function failureOf(ended: readonly PromiseSettledResult<unknown>[]): ApiError | undefined {
  const reasons = ended.flatMap((one): unknown[] => (one.status === "rejected" ? [one.reason] : []));
  const failures = reasons.filter((reason) => reason instanceof ApiError);
  if (failures.length < reasons.length) throw reasons.find((reason) => !(reason instanceof ApiError));
  return failures[0];
}

function modeOf(run: WorkflowRunRecord, { state }: RunMemory): Mode {
  if (state.stopped !== undefined) return "stop";
  return run.spec.suspend === true ? "suspend" : "run";
}

/** The tasks of finally run also when the run was stopped, and go on if they were suspended before. */
function modeFor({ state, mode }: RunMemory, { step }: TaskRunRecord | WorkflowRunRecord): Mode {
  if (mode !== "stop" || step === undefined) return mode;
  const { graph } = state.definition;
  const index = graph.byName.get(step.task);
  return index !== undefined && nodeOf(graph, index).isFinally ? "run" : mode;
}
