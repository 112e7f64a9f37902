/**
 * Definitions that runs work by: read from Workflows, checked, kept as ControllerRevisions, and compiled once for all runs that
 * work by the same one.
 */
import type { Cluster } from "../act/cluster.ts";
import { ApiError } from "../act/errors.ts";
import { identityOf, object, text, whole } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import { controllerOf } from "../api/metadata.ts";
import { Label, MANAGED_BY } from "../api/names.ts";
import { REVISIONS, WORKFLOWS } from "../api/paths.ts";
import type { WorkflowRecord } from "../api/records.ts";
import { definitionOf } from "../api/definition.ts";
import { decodeRevision } from "../api/revision.ts";
import type { RevisionRecord } from "../api/records.ts";
import type { WorkflowSpec } from "../api/types.ts";
import { controllerReference } from "../decide/ownerreference.ts";
import { compileGraph } from "../decide/workflow/graph.ts";
import { revisionName } from "../decide/workflow/names.ts";
import type { Definition } from "../decide/workflow/runstate.ts";
import { problemsMessage, workflowProblems } from "../decide/workflow/validate.ts";
import type { KnownWorkflows } from "../decide/workflow/validate.ts";
import type { Store } from "../watch/store.ts";

export interface DefinitionRoom {
  readonly cluster: Cluster;
  readonly workflows: Store<WorkflowRecord>;
  readonly revisions: Store<RevisionRecord>;
}

/** A Workflow as the API server has it now. */
export interface Checked {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly spec: WorkflowSpec;
  /** What is wrong with it, for a condition; undefined: it can be run. */
  readonly problem: string | undefined;
}

export class Definitions {
  readonly #room: DefinitionRoom;
  readonly #known = new Map<string, Definition>();
  readonly #reading = new Map<string, Promise<Definition | undefined>>();
  /** The uids of the runs that work by a definition: without any it is forgotten. */
  readonly #users = new Map<string, Set<string>>();
  readonly #usedBy = new Map<string, string>();

  constructor(room: DefinitionRoom) {
    this.#room = room;
  }

  /**
   * The Workflow, read anew and checked; undefined: it is gone, or another one of its name is there.
   * @throws ApiError
   */
  async check({
    namespace,
    name,
    uid,
  }: Pick<WorkflowRecord, "namespace" | "name" | "uid">): Promise<Checked | undefined> {
    const found = await this.#get(async () => await this.#room.cluster.get(WORKFLOWS, { namespace, name }));
    const metadata = object(object(found)["metadata"]);
    if (metadata["uid"] !== uid || metadata["deletionTimestamp"] !== undefined) return undefined;
    const generation = whole(metadata["generation"]) ?? 0;
    const spec = definitionOf(found);
    // What cannot be read is judged as it is: that tells where and why.
    // oxlint-disable-next-line typescript/consistent-type-assertions -- workflowProblems takes any JSON
    const judged = spec ?? (object(found)["spec"] as WorkflowSpec);
    const problems = workflowProblems({ name, spec: judged }, this.#knownIn(namespace));
    const unreadable = "spec: this is no definition that Stint can read; compare it with kubectl explain workflow.spec";
    const problem = problems.length === 0 ? undefined : problemsMessage(problems);
    const readable = spec ?? { tasks: [] };
    return { namespace, name, uid, generation, spec: readable, problem: problem ?? (spec ? undefined : unreadable) };
  }

  /** The revision is one that we made of this Workflow, and not somebody else's of the same name. */
  isOf({ namespace, uid }: Pick<WorkflowRecord, "namespace" | "uid">, revision: string): boolean {
    return this.#room.revisions.get(`${namespace}/${revision}`)?.ownerUid === uid;
  }

  /**
   * Keeps the definition as a ControllerRevision, unless it is kept already. Returns the revision's name.
   * @throws ApiError
   */
  async keep(checked: Checked): Promise<string> {
    const { namespace, name, generation, uid } = checked;
    const revision = revisionName(name, generation, uid);
    if (this.isOf(checked, revision)) return revision;
    try {
      const made = await this.#room.cluster.create(REVISIONS, namespace, manifest(checked, revision));
      const record = decodeRevision(made);
      if (record !== undefined) this.#room.revisions.learn(record);
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== "exists") throw error;
      // Made by an earlier life of ours, or for another run a moment ago; or by somebody else, who says something else in it.
      const found = object(await this.#room.cluster.get(REVISIONS, { namespace, name: revision }));
      if (controllerOf(object(found["metadata"]), "Workflow")["uid"] !== uid) {
        const message = `ControllerRevision ${revision} exists already and is not of Workflow ${name}; delete it to go on`;
        throw new ApiError("exists", message, { code: 409, retryAfterMs: 0 });
      }
    }
    this.#known.set(`${namespace}/${revision}`, compiled({ workflow: name, revision, generation, spec: checked.spec }));
    return revision;
  }

  /**
   * The definition a run works by, kept in memory until the run is released.
   * @throws ApiError
   */
  async use(runUid: string, namespace: string, revision: string): Promise<Definition | undefined> {
    const key = `${namespace}/${revision}`;
    const known = this.#known.get(key) ?? (await this.#readOnce(key, { namespace, name: revision }));
    if (known === undefined) return undefined;
    this.#known.set(key, known);
    const users = this.#users.get(key) ?? new Set<string>();
    this.#users.set(key, users.add(runUid));
    this.#usedBy.set(runUid, key);
    return known;
  }

  /** The run needs its definition no longer. */
  release(runUid: string): void {
    const key = this.#usedBy.get(runUid);
    if (key === undefined) return;
    this.#usedBy.delete(runUid);
    const users = this.#users.get(key);
    users?.delete(runUid);
    if ((users?.size ?? 0) > 0) return;
    this.#users.delete(key);
    this.#known.delete(key);
  }

  /** After a restart all runs of a revision ask at once. */
  async #readOnce(key: string, revision: Pick<RevisionRecord, "namespace" | "name">): Promise<Definition | undefined> {
    const reading = this.#reading.get(key) ?? this.#read(revision).finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return await reading;
  }

  async #read({
    namespace,
    name: revision,
  }: Pick<RevisionRecord, "namespace" | "name">): Promise<Definition | undefined> {
    const found = await this.#get(async () => await this.#room.cluster.get(REVISIONS, { namespace, name: revision }));
    const metadata = object(object(found)["metadata"]);
    const spec = definitionOf(found);
    // Its uid is not known here: the Workflow may have another one by now, or be a sub-workflow's.
    const isOfWorkflow = controllerOf(metadata, "Workflow")["uid"] !== undefined;
    if (identityOf(metadata) === undefined || spec === undefined || !isOfWorkflow) return undefined;
    const workflow = text(object(metadata["labels"])[Label.Workflow]) ?? "";
    return compiled({ workflow, revision, generation: whole(object(found)["revision"]) ?? 0, spec });
  }

  /** undefined: it is not there. */
  async #get(read: () => Promise<unknown>): Promise<unknown> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof ApiError && error.kind === "gone") return undefined;
      throw error;
    }
  }

  #knownIn(namespace: string): KnownWorkflows {
    const find = (name: string): WorkflowRecord | undefined => this.#room.workflows.get(`${namespace}/${name}`);
    return { refsOf: (name: string) => find(name)?.refs, paramsOf: (name: string) => find(name)?.params };
  }
}

function compiled(of: Pick<Definition, "workflow" | "revision" | "generation" | "spec">): Definition {
  return { ...of, graph: compileGraph(of.spec), merged: new Map() };
}

function manifest({ namespace, name, uid, generation, spec }: Checked, revision: string): Json {
  const owner = controllerReference("Workflow", { name, uid });
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      namespace,
      name: revision,
      labels: { [Label.Workflow]: name, [Label.ManagedBy]: MANAGED_BY },
      ownerReferences: [owner],
    },
    revision: generation,
    data: { spec },
  };
}
