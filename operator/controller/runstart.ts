/** The beginning of a run: its Workflow is found and checked, its definition kept and recorded, before anything is made. */
import { list, object } from "../api/decode.ts";
import { Phase, RunReason } from "../api/names.ts";
import { WORKFLOWRUNS } from "../api/paths.ts";
import { TERMINAL_PHASES } from "../api/records.ts";
import type { WorkflowRecord, WorkflowRunRecord } from "../api/records.ts";
import type { WorkflowRunStatus } from "../api/types.ts";
import { decodeWorkflowRun } from "../api/workflowrun.ts";
import { controllerReference } from "../decide/ownerreference.ts";
import { DEPTH_MAX } from "../decide/workflow/model.ts";
import { resolveParams } from "../decide/workflow/params.ts";
import { startProgress } from "../decide/workflow/progress.ts";
import type { Definition } from "../decide/workflow/runstate.ts";
import { runStatus } from "../decide/workflow/status.ts";
import { begun, impossible, waiting } from "../decide/workflow/verdict.ts";
import type { RunVerdict } from "../decide/workflow/verdict.ts";
import { stamp } from "../decide/wording.ts";
import { ApiError } from "../act/errors.ts";
import { sameStatus } from "../act/status.ts";
import { blockedBy } from "./blocked.ts";
import type { Pass } from "./controller.ts";
import type { WorkflowRunRoom } from "./runroom.ts";

/** What a run waits for tells by an event; this is for what has none, such as a Workflow that is being replaced. */
const WAITING_MS = 30_000;

type Write = (run: WorkflowRunRecord, status: WorkflowRunStatus, priority: "high" | "low") => Promise<void>;

export class RunStart {
  readonly #room: WorkflowRunRoom;
  readonly #write: Write;

  constructor(room: WorkflowRunRoom, write: Write) {
    this.#room = room;
    this.#write = write;
  }

  /** @throws ApiError */
  async pass(run: WorkflowRunRecord): Promise<Pass> {
    const { namespace, name, spec } = run;
    const key = `${namespace}/${spec.workflowRef.name}`;
    const workflow = this.#room.workflows.get(key);
    const isThere = workflow !== undefined && workflow.deletion === undefined;
    this.#room.waiting.waitsFor(`${namespace}/${name}`, isThere ? undefined : key);
    if (run.spec.cancel === true) {
      return await this.#say(run, {
        phase: Phase.Cancelled,
        reason: RunReason.Cancelled,
        message: "Cancelled before it began.",
      });
    }
    if (!isThere) return await this.#wait(run);
    if (run.depth > DEPTH_MAX) {
      const message = `This run is ${run.depth} levels below the first one, and ${DEPTH_MAX} are allowed. Make the nesting of workflowRef flatter.`;
      return await this.#say(run, impossible(RunReason.TooDeep, message));
    }
    try {
      return await this.#begin(run, workflow);
    } catch (error) {
      const blocked = error instanceof ApiError ? blockedBy(error) : undefined;
      if (!(error instanceof ApiError) || blocked === undefined) throw error;
      return { ...(await this.#say(run, waiting(blocked.reason, blocked.message))), failed: error };
    }
  }

  async #begin(run: WorkflowRunRecord, workflow: WorkflowRecord): Promise<Pass> {
    const definition = await this.#definition(run, workflow);
    if ("reason" in definition) return await this.#say(run, definition);
    const params = resolveParams(definition.spec.params, run.spec.params ?? {});
    if ("problem" in params) return await this.#say(run, impossible(RunReason.InvalidParams, params.problem));
    // An object has one controller: what somebody else controls is run without.
    if (run.ownerUid === undefined && run.foreignOwner === undefined) return await this.#adopt(run, workflow);
    const now = this.#room.port.clock.now();
    const { revision, generation: workflowGeneration, graph } = definition;
    const progress = startProgress(graph);
    const view = { run, progress, verdict: begun(progress.counts.total), revision, workflowGeneration, now };
    await this.#write(run, runStatus({ ...view, startTime: stamp(now), failureOf: () => undefined }), "high");
    return { result: "done", againMs: 0 };
  }

  /** What the run worked by is gone: it cannot go on, and must not go on by something else. */
  async lost(run: WorkflowRunRecord): Promise<Pass> {
    const message =
      `ControllerRevision ${run.status.revision ?? "?"}, the definition this run works by, is gone, or no Workflow owns it any more. ` +
      "TaskRuns that are under way go on; create another run.";
    return await this.#say(run, impossible(RunReason.RevisionLost, message));
  }

  async #wait(run: WorkflowRunRecord): Promise<Pass> {
    const message = `Waits for Workflow ${run.spec.workflowRef.name}, which is not in this namespace. Create it there; the run then starts at once.`;
    return await this.#say(run, waiting(RunReason.WorkflowNotFound, message));
  }

  async #say(run: WorkflowRunRecord, verdict: RunVerdict): Promise<Pass> {
    const now = this.#room.port.clock.now();
    const isEnd = TERMINAL_PHASES.has(verdict.phase);
    const status = runStatus({ run, verdict, now, failureOf: () => undefined, ...(isEnd && { completedAt: now }) });
    if (!sameStatus(status, run.status)) await this.#write(run, status, "high");
    return isEnd ? { result: "done" } : { result: "done", againMs: WAITING_MS };
  }

  async #definition(run: WorkflowRunRecord, workflow: WorkflowRecord): Promise<Definition | RunVerdict> {
    const { definitions } = this.#room;
    const { namespace, uid } = run;
    // OnApply names it: the run is of the generation it was started for, whatever was applied since.
    const named = run.revision !== undefined && definitions.isOf(workflow, run.revision) ? run.revision : undefined;
    const given = named === undefined ? undefined : await definitions.use(uid, namespace, named);
    if (given !== undefined) return given;
    const checked = await definitions.check(workflow);
    if (checked === undefined) {
      return waiting(RunReason.WorkflowNotFound, `Workflow ${workflow.name} is being deleted or replaced.`);
    }
    if (checked.problem !== undefined) {
      const message = `Workflow ${workflow.name} cannot be run. ${checked.problem}`;
      return impossible(RunReason.InvalidWorkflow, message);
    }
    const revision = await definitions.keep(checked);
    const kept = await definitions.use(uid, namespace, revision);
    return kept ?? waiting(RunReason.Pending, `Waits for ControllerRevision ${revision}.`);
  }

  /** So that it goes when its Workflow is deleted. */
  async #adopt(run: WorkflowRunRecord, { name, uid }: WorkflowRecord): Promise<Pass> {
    const owner = controllerReference("Workflow", { name, uid });
    const { cluster } = this.#room;
    // A merge patch replaces the whole list, and somebody may have put other owners there.
    const { resourceVersion, ownerReferences } = object(object(await cluster.get(WORKFLOWRUNS, run))["metadata"]);
    const metadata = { resourceVersion, ownerReferences: [...list(ownerReferences), owner] };
    const patched = decodeWorkflowRun(await cluster.patch(WORKFLOWRUNS, run, { metadata }));
    if (patched !== undefined) this.#room.runs.learn(patched);
    return { result: "done", againMs: 0 };
  }
}
