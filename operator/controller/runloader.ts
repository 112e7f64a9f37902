/** A run's state, made from what the API server holds: its definition, its recorded status and its children. */
import type { TaskRunRecord, WorkflowRunRecord } from "../api/records.ts";
import type { WorkflowRunSpec, WorkflowRunStatus } from "../api/types.ts";
import { fail, openSeen } from "../decide/workflow/advance.ts";
import { DELETED, failureOf, take } from "../decide/workflow/observation.ts";
import { resolveParams } from "../decide/workflow/params.ts";
import { stop } from "../decide/workflow/progress.ts";
import { restore } from "../decide/workflow/restore.ts";
import { retryProgress } from "../decide/workflow/retry.ts";
import { slotKey } from "../decide/workflow/runstate.ts";
import type { Children, RunState } from "../decide/workflow/runstate.ts";
import { runStatus } from "../decide/workflow/status.ts";
import { beginning, retrying } from "../decide/workflow/verdict.ts";
import { stamp } from "../decide/wording.ts";
import type { WorkflowRunRoom } from "./runroom.ts";

export class RunLoader {
  readonly #room: Pick<WorkflowRunRoom, "port" | "taskRuns" | "runs" | "definitions">;

  constructor(room: Pick<WorkflowRunRoom, "port" | "taskRuns" | "runs" | "definitions">) {
    this.#room = room;
  }

  /**
   * undefined: its definition is gone.
   * @throws ApiError
   */
  async load(run: WorkflowRunRecord): Promise<RunState | undefined> {
    const { uid, namespace, status, spec } = run;
    const definition = await this.#room.definitions.use(uid, namespace, status.revision ?? "");
    if (definition === undefined) return undefined;
    const resolved = resolveParams(definition.spec.params, spec.params ?? {});
    const { progress, recordedRunning } = restore(definition.graph, recordedIn(status));
    const state: RunState = {
      definition,
      run,
      // They were found right when the run began, and neither side of them can change.
      params: "problem" in resolved ? new Map() : resolved.params,
      round: status.retry?.round ?? 0,
      retryId: status.retry?.id,
      progress,
      stopped: status.stopped,
      resumed: new Map(),
      verdicts: new Map(),
      lists: new Map(),
      joined: new Map(),
    };
    const seen = new Set<string>();
    for (const child of this.childrenOf(run)) {
      const slot = child.step && take(state, { name: child.name, step: child.step }, child);
      if (slot !== undefined) seen.add(slotKey(slot));
    }
    for (const slot of recordedRunning) if (!seen.has(slotKey(slot))) fail(state, slot, DELETED);
    // Only now: a TaskRun that was made a moment before the stop is not one that was never made.
    if (state.stopped !== undefined) {
      openSeen(state, this.lookup(run));
      stop(progress);
    }
    return state;
  }

  /**
   * The status with which an ended run goes on, or says why it cannot.
   * @throws ApiError
   */
  async retried(run: WorkflowRunRecord, retry: NonNullable<WorkflowRunSpec["retry"]>): Promise<WorkflowRunStatus> {
    const now = this.#room.port.clock.now();
    const { revision, retry: last } = run.status;
    const round = last?.round ?? 0;
    const noted = { id: retry.id, round, startTime: stamp(now) };
    // It never began (a wrong param, for instance): it begins now, if it can.
    if (revision === undefined)
      return runStatus({ run, verdict: beginning(), retry: noted, now, failureOf: () => undefined });
    const state = await this.load(run);
    if (state === undefined)
      return refused(run, {
        ...noted,
        message: `ControllerRevision ${revision} is gone, or no Workflow owns it any more. ${LOST}`,
      });
    const made = retryProgress(state.progress, retry);
    if ("problem" in made) return refused(run, { ...noted, message: made.problem });
    if (made.reset === 0) return refused(run, { ...noted, message: NOTHING_TO_RETRY });
    const children = this.lookup(run);
    return runStatus({
      run,
      progress: made.progress,
      verdict: retrying(made.reset),
      retry: { ...noted, round: round + 1 },
      now,
      failureOf: (slot) => failureOf(state, slot, children),
    });
  }

  childrenOf({ uid }: Pick<WorkflowRunRecord, "uid">): readonly (TaskRunRecord | WorkflowRunRecord)[] {
    return [...this.#room.taskRuns.byOwner(uid), ...this.#room.runs.byOwner(uid)];
  }

  lookup({ namespace, uid }: Pick<WorkflowRunRecord, "namespace" | "uid">): Children {
    const { taskRuns, runs } = this.#room;
    const own = <R extends { readonly ownerUid?: string }>(record: R | undefined): R | undefined =>
      record?.ownerUid === uid ? record : undefined;
    return {
      taskRun: (name) => own(taskRuns.get(`${namespace}/${name}`)),
      run: (name) => own(runs.get(`${namespace}/${name}`)),
    };
  }
}

/** Without the word that the run was stopped, which would end what is not known to have begun. */
function recordedIn({ states, mapped }: WorkflowRunStatus): Pick<WorkflowRunStatus, "states" | "mapped"> {
  return { ...(states !== undefined && { states }), ...(mapped !== undefined && { mapped }) };
}

const NOTHING_TO_RETRY =
  "No task failed or was cancelled, so nothing runs again; scope Tasks or TasksAndDownstream names tasks to run.";
const LOST = "It held the definition this run worked by; create another run.";

/** The id is noted, so that it is not looked at again; the outcome stays. */
function refused(run: WorkflowRunRecord, retry: NonNullable<WorkflowRunStatus["retry"]>): WorkflowRunStatus {
  return { ...observed(run), retry };
}

/** Of an ended run: its spec was seen, and changed nothing. */
export function observed({ generation, status }: WorkflowRunRecord): WorkflowRunStatus {
  const conditions = (status.conditions ?? []).map((one) => ({ ...one, observedGeneration: generation }));
  return { ...status, observedGeneration: generation, conditions };
}
