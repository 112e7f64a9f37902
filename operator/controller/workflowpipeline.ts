/**
 * The part of a scope that is about Workflows: their stores, watches and queues. It shares the store of TaskRuns with the
 * pipeline that runs them, and learns from it what became of a run's tasks.
 */
import type { Cluster } from "../act/cluster.ts";
import type { Events } from "../act/events.ts";
import { REVISIONS, WORKFLOWRUNS, WORKFLOWS } from "../api/paths.ts";
import type { Port } from "../api/port.ts";
import type { ObjectRecord, RevisionRecord, TaskRunRecord, WorkflowRecord, WorkflowRunRecord } from "../api/records.ts";
import { decodeRevision } from "../api/revision.ts";
import { decodeWorkflow } from "../api/workflow.ts";
import { decodeWorkflowRun } from "../api/workflowrun.ts";
import { seenOf } from "../decide/workflow/observation.ts";
import { Waiting } from "../queue/waiting.ts";
import type { WorkQueue } from "../queue/workqueue.ts";
import { Reflector } from "../watch/reflector.ts";
import type { ReflectorOptions, WatchState } from "../watch/reflector.ts";
import { Store, keyOf } from "../watch/store.ts";
import { startController } from "./controller.ts";
import { Definitions } from "./definitions.ts";
import type { Tally } from "./tally.ts";
import { WorkflowRuns } from "./workflowruns.ts";
import { Workflows } from "./workflows.ts";

export interface WorkflowScope {
  readonly port: Port;
  readonly cluster: Cluster;
  /** "" for all namespaces. */
  readonly namespace: string;
  readonly events: Events | undefined;
  readonly taskRuns: Store<TaskRunRecord>;
  readonly tally: Tally;
  /** A first list is complete, or was refused. */
  readonly onSettled: () => void;
}

const WITHOUT = "Workflows and their runs stay as they are; TaskRuns run all the same";

export class WorkflowPipeline {
  readonly #scope: WorkflowScope;
  readonly #workflows: Store<WorkflowRecord>;
  readonly #runs: Store<WorkflowRunRecord>;
  readonly #revisions: Store<RevisionRecord>;
  readonly #runKeys = new Map<string, string>();
  readonly #watches: readonly Watch[];
  readonly #waiting = new Waiting();
  readonly #workflowPasses: Workflows;
  readonly #runPasses: WorkflowRuns;
  readonly #workflowQueue: WorkQueue;
  readonly #runQueue: WorkQueue;
  readonly #running: readonly Promise<void>[];
  #started = false;

  constructor(scope: WorkflowScope) {
    const { port, cluster, events, taskRuns, namespace } = scope;
    this.#scope = scope;
    this.#workflows = new Store({ onChange: (before, after) => this.#workflowChanged(before, after) });
    this.#runs = new Store({ onChange: (before, after) => this.#runChanged(before, after), dependsOn: workflowOf });
    this.#revisions = new Store({ onChange: (before, after) => this.#revisionChanged(after ?? before) });
    this.#watches = this.#watchAll();
    const stores = { workflows: this.#workflows, runs: this.#runs, revisions: this.#revisions };
    const definitions = new Definitions({ cluster, ...stores });
    this.#workflowPasses = new Workflows({ port, cluster, definitions, ...stores });
    this.#runPasses = new WorkflowRuns({
      port,
      cluster,
      events,
      taskRuns,
      definitions,
      waiting: this.#waiting,
      ...stores,
    });
    this.#workflowQueue = startController(port, {
      kind: "Workflow",
      namespace,
      pass: async (key) => await this.#workflowPasses.pass(key),
    });
    this.#runQueue = startController(port, {
      kind: "WorkflowRun",
      namespace,
      pass: async (key) => await this.#runPasses.pass(key),
    });
    this.#running = this.#watches.map(async (watch) => await watch.run());
  }

  #watchAll(): readonly Watch[] {
    const { port, namespace, onSettled } = this.#scope;
    const optional = { without: WITHOUT, onForbidden: onSettled };
    const watch = <R extends ObjectRecord>(source: Source<R>): Reflector<R> =>
      new Reflector(port, { namespace, onSynced: onSettled, optional, ...source });
    return [
      watch({ resource: WORKFLOWS, store: this.#workflows, decode: decodeWorkflow }),
      watch({ resource: WORKFLOWRUNS, store: this.#runs, decode: decodeWorkflowRun }),
      watch({ resource: REVISIONS, store: this.#revisions, decode: decodeRevision }),
    ];
  }

  /** Nobody has to wait for the first lists any longer. */
  get settled(): boolean {
    return this.#watches.every((watch) => watch.settled);
  }

  get watches(): readonly WatchState[] {
    return this.#watches.map((watch) => watch.watchState);
  }

  /** All first lists are complete, TaskRuns' too. Without the right to one of ours nothing is decided here. */
  begin(): void {
    if (!this.#watches.every((watch) => watch.synced)) return;
    this.#started = true;
    this.lookAtAll();
  }

  lookAtAll(): void {
    if (!this.#started) return;
    for (const key of this.#runs.keys()) this.#runQueue.add(key);
    for (const key of this.#workflows.keys()) this.#workflowQueue.add(key);
  }

  async stop(): Promise<void> {
    for (const watch of this.#watches) watch.stop();
    await Promise.all([this.#workflowQueue.stop(), this.#runQueue.stop(), ...this.#running]);
  }

  /** A task of a run may have ended. Most changes of a TaskRun are none for its run. */
  taskRunChanged(before: TaskRunRecord | undefined, after: TaskRunRecord | undefined): void {
    this.#childChanged(before, after);
  }

  #childChanged<R extends TaskRunRecord | WorkflowRunRecord>(before: R | undefined, after: R | undefined): void {
    const child = after ?? before;
    if (child?.step === undefined || child.ownerUid === undefined) return;
    if (before !== undefined && after !== undefined && seenOf(before) === seenOf(after)) return;
    const key = this.#runKeys.get(child.ownerUid);
    if (key === undefined) return;
    this.#runPasses.childChanged(child.ownerUid, child.name, child.step);
    if (this.#started) this.#runQueue.add(key);
  }

  #runChanged(before: WorkflowRunRecord | undefined, after: WorkflowRunRecord | undefined): void {
    this.#scope.tally.workflowRun(before, after);
    if (before !== undefined && before.uid !== after?.uid) {
      this.#runKeys.delete(before.uid);
      this.#runPasses.drop(before);
    }
    if (after !== undefined) this.#runKeys.set(after.uid, keyOf(after));
    this.#childChanged(before, after);
    const known = after ?? before;
    if (known === undefined || !this.#started) return;
    this.#runQueue.add(keyOf(known));
    if (isNewsToWorkflow(before, after)) this.#workflowQueue.add(workflowOf(known));
  }

  #workflowChanged(before: WorkflowRecord | undefined, after: WorkflowRecord | undefined): void {
    if (before !== undefined && before.uid !== after?.uid) this.#workflowPasses.drop(before.uid);
    const known = after ?? before;
    if (known === undefined || !this.#started) return;
    const key = keyOf(known);
    this.#workflowQueue.add(key);
    for (const waiting of this.#waiting.keysFor(key)) this.#runQueue.add(waiting);
    if (before?.generation !== after?.generation || before?.uid !== after?.uid) this.#recheckThoseWhoName(known);
  }

  /** Through its references a Workflow may have come to contain another one, or itself. */
  #recheckThoseWhoName({ namespace, name, uid }: WorkflowRecord): void {
    for (const key of this.#namedBy(namespace, name)) {
      const other = this.#workflows.get(key);
      if (other === undefined || other.uid === uid) continue;
      this.#workflowPasses.recheck(other.uid);
      this.#workflowQueue.add(key);
    }
  }

  /** The Workflows that refer to this one, directly or by way of others. */
  #namedBy(namespace: string, name: string): readonly string[] {
    // A walk over all Workflows, but only when the definition of one has changed.
    const all = [...this.#workflows.keys()].map((key) => this.#workflows.get(key));
    const others = all.filter((one) => one?.namespace === namespace && one.refs.length > 0);
    const names = new Set([name]);
    // A set hands out what is added to it on the way, too.
    for (const next of names)
      for (const other of others) if (other?.refs.includes(next) === true) names.add(other.name);
    return others.flatMap((other) => (other !== undefined && names.has(other.name) ? [keyOf(other)] : []));
  }

  #revisionChanged(revision: RevisionRecord | undefined): void {
    if (revision?.workflow === undefined || !this.#started) return;
    this.#workflowQueue.add(`${revision.namespace}/${revision.workflow}`);
  }
}

/** A reflector of whichever kind. */
interface Watch {
  readonly settled: boolean;
  readonly synced: boolean;
  readonly watchState: WatchState;
  run(): Promise<void>;
  stop(): void;
}

type Source<R extends ObjectRecord> = Pick<ReflectorOptions<R>, "resource" | "store" | "decode">;

/** The key of the Workflow that a run executes. */
function workflowOf({ namespace, spec }: WorkflowRunRecord): string {
  return `${namespace}/${spec.workflowRef.name}`;
}

/** Whatever a Workflow's status or the history it keeps goes by. A retry that finds nothing to do changes no phase. */
function isNewsToWorkflow(before: WorkflowRunRecord | undefined, after: WorkflowRunRecord | undefined): boolean {
  if (before === undefined || after === undefined || before.uid !== after.uid) return true;
  const facts = ({ ownerUid, tracked, status }: WorkflowRunRecord): readonly unknown[] => {
    const { phase, completionTime, workflowGeneration, retry } = status;
    return [ownerUid, tracked, phase, completionTime, workflowGeneration, retry?.id];
  };
  const [old, now] = [facts(before), facts(after)];
  return old.some((fact, index) => fact !== now[index]);
}
