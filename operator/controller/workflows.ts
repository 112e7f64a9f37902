/**
 * Workflows: one pass checks a definition whose generation is new, starts the run that OnApply asks for, removes runs and
 * definitions that are to be kept no longer, and writes the status.
 */
import { sameStatus } from "../act/status.ts";
import type { Cluster } from "../act/cluster.ts";
import { ApiError } from "../act/errors.ts";
import { object } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import { controllerOf } from "../api/metadata.ts";
import { API_VERSION, Annotation, ConditionType, Label, MANAGED_BY } from "../api/names.ts";
import { REVISIONS, WORKFLOWRUNS, WORKFLOWS } from "../api/paths.ts";
import type { Resource } from "../api/paths.ts";
import type { Port } from "../api/port.ts";
import type { ObjectRecord, RevisionRecord, WorkflowRecord, WorkflowRunRecord } from "../api/records.ts";
import { decodeWorkflow } from "../api/workflow.ts";
import { decodeWorkflowRun } from "../api/workflowrun.ts";
import { controllerReference } from "../decide/ownerreference.ts";
import { expiredRuns, unusedRevisions } from "../decide/workflow/history.ts";
import { runName } from "../decide/workflow/names.ts";
import { workflowStatus } from "../decide/workflow/workflowstatus.ts";
import { keyOf } from "../watch/store.ts";
import type { Store } from "../watch/store.ts";
import type { Pass } from "./controller.ts";
import type { Checked, Definitions } from "./definitions.ts";

export interface WorkflowRoom {
  readonly port: Port;
  readonly cluster: Cluster;
  readonly workflows: Store<WorkflowRecord>;
  readonly runs: Store<WorkflowRunRecord>;
  readonly revisions: Store<RevisionRecord>;
  readonly definitions: Definitions;
}

/** Runs come and go in bursts; what they mean for their Workflow is written so often at most. */
const WRITE_EVERY_MS = 1000;

/** What is remembered of a Workflow; losing it costs a call. */
interface Memory {
  /** The generation that was checked last, and what is wrong with it. */
  readonly generation: number;
  readonly problem: string | undefined;
  writtenAt: number;
}

export class Workflows {
  readonly #room: WorkflowRoom;
  readonly #memories = new Map<string, Memory>();

  constructor(room: WorkflowRoom) {
    this.#room = room;
  }

  async pass(key: string): Promise<Pass> {
    const workflow = this.#room.workflows.get(key);
    if (workflow === undefined || workflow.deletion !== undefined) return { result: "done" };
    const memory = this.#memories.get(workflow.uid) ?? this.#recorded(workflow);
    // What is to be started is read anyway, and judged anew: its status may be the word of an older operator.
    const isKnown = memory?.generation === workflow.generation && !(isDue(workflow) && memory.problem === undefined);
    const checked = isKnown ? undefined : await this.#check(workflow);
    const known = this.#memories.get(workflow.uid) ?? memory;
    // It was changed or replaced meanwhile: the store will show that.
    if (known?.generation !== workflow.generation) return { result: "waiting" };
    const started = checked === undefined || !isDue(workflow) ? false : await this.#start(workflow, checked);
    const pass = await this.#write(workflow, known, started === true);
    // Only what the status tells of may go: that a run was started, and what the last one came to.
    if (pass.againMs === undefined) await this.#clean(workflow);
    return started instanceof ApiError ? { ...pass, failed: started } : pass;
  }

  /** What it refers to has changed, so that it may have become right or wrong. */
  recheck(uid: string): void {
    this.#memories.set(uid, { generation: -1, problem: undefined, writtenAt: Number.NEGATIVE_INFINITY });
  }

  drop(uid: string): void {
    this.#memories.delete(uid);
  }

  /** An earlier look at this generation, as the status tells of it. What it refers to may have changed since. */
  #recorded({ status, generation, refs }: WorkflowRecord): Memory | undefined {
    if (refs.length > 0) return undefined;
    const valid = status.conditions?.find(({ type }) => type === ConditionType.Valid);
    if (valid === undefined || status.observedGeneration !== generation) return undefined;
    const problem = valid.status === "False" ? valid.message : undefined;
    return { generation, problem, writtenAt: Number.NEGATIVE_INFINITY };
  }

  async #check(workflow: WorkflowRecord): Promise<Checked | undefined> {
    const checked = await this.#room.definitions.check(workflow);
    if (checked === undefined) return undefined;
    const { generation, problem } = checked;
    const writtenAt = this.#memories.get(workflow.uid)?.writtenAt ?? Number.NEGATIVE_INFINITY;
    this.#memories.set(workflow.uid, { generation, problem, writtenAt });
    return checked;
  }

  /** Starts the run of this generation. True: it is there now. ApiError: it cannot be made. */
  async #start(workflow: WorkflowRecord, checked: Checked): Promise<boolean | ApiError> {
    if (checked.problem !== undefined) return false;
    try {
      const revision = await this.#room.definitions.keep(checked);
      const made = decodeWorkflowRun(await this.#create(workflow, revision));
      if (made !== undefined) this.#room.runs.learn(made);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return error;
    }
  }

  /** @throws ApiError */
  async #create(workflow: WorkflowRecord, revision: string): Promise<unknown> {
    const { namespace, uid, generation } = workflow;
    const { cluster } = this.#room;
    const name = runName(workflow.name, generation, uid);
    try {
      return await cluster.create(WORKFLOWRUNS, namespace, manifest(workflow, { name, revision }));
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== "exists") throw error;
      const found = await cluster.get(WORKFLOWRUNS, { namespace, name });
      if (controllerOf(object(object(found)["metadata"]), "Workflow")["uid"] === uid) return found;
      throw new ApiError("exists", `WorkflowRun ${name} exists already and belongs to something else; delete it`, {
        code: 409,
        retryAfterMs: 0,
      });
    }
  }

  /** Runs beyond the history, and definitions that no run works by. */
  async #clean(workflow: WorkflowRecord): Promise<void> {
    const { runs, revisions } = this.#room;
    for (const run of expiredRuns(workflow, runs.byOwner(workflow.uid))) await this.#remove(WORKFLOWRUNS, run);
    // Those of sub-workflows too, which other runs own.
    const all = runs.dependingOn(keyOf(workflow));
    for (const one of unusedRevisions(workflow, revisions.byOwner(workflow.uid), all))
      await this.#remove(REVISIONS, one);
  }

  async #remove(resource: Resource, record: ObjectRecord): Promise<void> {
    try {
      await this.#room.cluster.remove(resource, record, record);
      this.#room.port.log.info("deleted, as the history of its workflow asks", { [resource.name]: keyOf(record) });
    } catch (error) {
      // Gone, or changed since: the store will show it.
      if (!(error instanceof ApiError) || (error.kind !== "gone" && error.kind !== "conflict")) throw error;
    }
  }

  async #write(workflow: WorkflowRecord, memory: Memory, started: boolean): Promise<Pass> {
    const { clock, log } = this.#room.port;
    const { problem } = memory;
    const status = workflowStatus({
      workflow,
      runs: this.#room.runs.byOwner(workflow.uid),
      validity: problem === undefined ? { isValid: true } : { isValid: false, message: problem },
      now: clock.now(),
      ...(started && { startedGeneration: workflow.generation }),
    });
    if (sameStatus(status, workflow.status)) return { result: "done" };
    const isRecord = started || status.observedGeneration !== workflow.status.observedGeneration;
    const left = memory.writtenAt + WRITE_EVERY_MS - clock.monotonic();
    if (!isRecord && left > 0) return { result: "done", againMs: left };
    memory.writtenAt = clock.monotonic();
    this.#memories.set(workflow.uid, memory);
    const write = { status, priority: isRecord ? "high" : "low" } as const;
    const written = decodeWorkflow(await this.#room.cluster.putStatus(WORKFLOWS, workflow, write));
    if (written !== undefined) this.#room.workflows.learn(written);
    const { activeRuns, startedGeneration, conditions } = status;
    const valid = conditions?.[0]?.status;
    log.info("status written", { workflow: keyOf(workflow), valid, activeRuns, startedGeneration });
    return { result: "done" };
  }
}

/** OnApply asks for a run of this generation, and none was started yet. */
function isDue({ run, suspend, generation, status }: WorkflowRecord): boolean {
  return run === "OnApply" && !suspend && generation > (status.startedGeneration ?? 0);
}

function manifest(
  workflow: WorkflowRecord,
  { name, revision }: { readonly name: string; readonly revision: string },
): Json {
  return {
    apiVersion: API_VERSION,
    kind: "WorkflowRun",
    metadata: {
      namespace: workflow.namespace,
      name,
      labels: { [Label.Workflow]: workflow.name, [Label.ManagedBy]: MANAGED_BY },
      annotations: { [Annotation.Revision]: revision },
      ownerReferences: [controllerReference("Workflow", workflow)],
    },
    spec: { workflowRef: { name: workflow.name } },
  };
}
