/**
 * The promises of the operator, checked at every change of the simulated world. Each rule sees the truth (what really ran)
 * and the API's history; the operator's own word counts for nothing.
 */
import type { ApiRequest } from "../../api/port.ts";
import { LEASES, type Route, routeOf } from "./apiserver/resources.ts";
import type { Change, Store } from "./apiserver/store.ts";
import { Aftermath } from "./aftermath.ts";
import { EventRules } from "./eventrules.ts";
import type { Fencing } from "./fencing.ts";
import { LEASE_NAME, LEASE_NAMESPACE } from "./fencing.ts";
import type { Link } from "./link.ts";
import { POD_GC, TAINT_MANAGER } from "./nodes.ts";
import { isRecord, isTerminalPhase, type Pod, type Stored, type TaskRun } from "./objects.ts";
import { changedStatusProblem, sentStatusProblem } from "./statusrules.ts";
import type { Problem } from "./statusrules.ts";
import { BASE_LABEL } from "./templates.ts";
import type { PodRecord, Truth } from "./truth.ts";
import { WorkflowRules } from "./workflows/rules.ts";

export interface InvariantOptions {
  readonly store: Store;
  readonly truth: Truth;
  /** Where there are replicas. */
  readonly fencing: Fencing | undefined;
  /** Wall clock, milliseconds. */
  readonly nowMs: () => number;
  /** How far the clock of an operator has ever been ahead of it. */
  readonly aheadMs: () => number;
  /** Called with the rule and what broke it; the run ends after the current step. */
  readonly fail: (rule: string, message: string) => void;
}

/** Watches a run. */
export class Invariants {
  readonly #options: InvariantOptions;
  /** Set once everything has reached its end: from then on the operator must not write. */
  quiet = false;
  readonly aftermath: Aftermath;
  readonly workflows: WorkflowRules;
  readonly #events: EventRules;

  constructor(options: InvariantOptions) {
    this.#options = options;
    this.#events = new EventRules(options.store);
    this.aftermath = new Aftermath(options);
    this.workflows = new WorkflowRules(options.store);
    options.truth.onStart = (record) => this.#noOverlap(record);
    options.store.listen((change) => {
      const problem = this.workflows.change(change);
      const late = change.type === "ADDED" && options.fencing?.isGhost(change.object.metadata.uid) === true;
      if (!late) this.#report(problem);
      if (change.resource === "pods") this.#podChanged(change);
      else if (change.resource === "taskruns") this.#taskRunChanged(change);
      else if (change.resource === "workflowruns") this.#events.noteRun(change);
    });
  }

  /** To be called with everything the operator sends, before the server sees it. */
  checkRequest(link: Link, request: ApiRequest): void {
    const route = routeOf(request.path);
    const { fail } = this.#options;
    if (!isAllowed(request)) fail("Contract", `the operator sent ${request.method} ${request.path}`);
    if (this.quiet) this.#disturbs(link, request);
    if (route === undefined || route.resource === LEASES) return;
    if (route.resource.name === "events") this.#report(this.#events.sent(request));
    if (request.method === "DELETE") this.#adoptOnlyOwn(request);
    this.#report(this.workflows.request(request));
    if (request.method === "PUT" && route.resource.name === "taskruns") {
      const problem = sentStatusProblem(request.body, { seen: link.seen, truth: this.#options.truth });
      if (problem !== undefined) fail(problem.rule, problem.message);
    }
  }

  /** Nothing is written any more but who leads, and what is read is read anew only by one who has just taken over. */
  #disturbs(link: Link, request: ApiRequest): void {
    const { fencing, fail } = this.#options;
    const isRead = request.method === "GET";
    if (routeOf(request.path)?.resource === LEASES) {
      if (isRead) fencing?.quietLook(link);
      else fencing?.quietLeaseWrite(link, request);
    } else if (!isReadForWatch(request) && !(isRead && fencing?.hasJustBegun(link) === true)) {
      fail("L1 Quiescence", `${request.method} ${request.path} although nothing is left to do`);
    }
  }

  #podChanged(change: Change): void {
    const { truth } = this.#options;
    const known = truth.pods.get(change.object.metadata.uid);
    const wasBound = known?.node !== undefined;
    if (isDeletion(change) && known?.deletionBy === undefined) {
      this.#report(this.aftermath.podDeletion((change.before ?? change.object) as Pod));
    }
    truth.note(change);
    const record = truth.pods.get(change.object.metadata.uid);
    if (record?.owner === undefined) return;
    if (!wasBound && record.node !== undefined) this.#onePodPerAttempt(record);
    if (change.type === "ADDED" && change.by === "operator") this.#podCreated(record, record.owner, change.object);
  }

  #podCreated(record: PodRecord, { key, uid }: NonNullable<PodRecord["owner"]>, pod: Stored): void {
    const { store, fail } = this.#options;
    if (this.#isGhost(record)) return;
    if (record.restartPolicy !== "Never") fail("I1 OnePodPerAttempt", `${record.key} may restart its containers`);
    const owner = store.get("taskruns", key) as TaskRun | undefined;
    if (owner?.metadata.uid !== uid) return;
    const phase = owner.status?.phase;
    const { name = "" } = owner.spec?.podTemplateRef ?? {};
    const built = pod.metadata.labels?.[BASE_LABEL] ?? "";
    if (built !== name) fail("I7 BuiltOnTemplate", `pod ${record.key} is made from "${built}", not from "${name}"`);
    if (isTerminalPhase(phase)) fail("I3 NoResurrection", `pod ${record.key} created after its TaskRun was ${phase}`);
  }

  #taskRunChanged(change: Change): void {
    const { type, object, before, by } = change;
    const taskRun = object as TaskRun;
    this.#markNamed(taskRun);
    this.#events.note(taskRun);
    if (type !== "ADDED" && by === "operator") this.#report(this.aftermath.taskRunChange(change));
    if (type !== "MODIFIED" || before === undefined) return;
    const problem = changedStatusProblem(before as TaskRun, taskRun, { by, truth: this.#options.truth });
    this.#report(problem && { ...problem, message: `${object.metadata.name}: ${problem.message}` });
  }

  #report(problem: Problem | undefined): void {
    if (problem !== undefined) this.#options.fail(problem.rule, problem.message);
  }

  #markNamed({ status }: TaskRun): void {
    for (const uid of [status?.podUID, ...(status?.attempts ?? []).map(({ podUID }) => podUID)]) {
      const record = uid === undefined ? undefined : this.#options.truth.pods.get(uid);
      if (record !== undefined) record.named = true;
    }
  }

  /**
   * I1. A pod that a user removed (or the garbage collector, with the TaskRun a user deleted) before anybody wrote its uid
   * down leaves no trace: its attempt may be made again.
   */
  #onePodPerAttempt(record: PodRecord): void {
    const { owner } = record;
    if (owner === undefined || this.#isGhost(record)) return;
    for (const other of this.#options.truth.ofOwner(owner.uid)) {
      if (other === record || other.owner?.attempt !== owner.attempt || other.node === undefined) continue;
      if (leftNoTrace(other) || this.#isGhost(other)) continue;
      this.#options.fail(
        "I1 OnePodPerAttempt",
        `attempt ${owner.attempt} has pods ${other.uid} and ${record.uid} (${record.key})`,
      );
    }
  }

  #isGhost({ uid }: PodRecord): boolean {
    return this.#options.fencing?.isGhost(uid) === true;
  }

  /** I2. Judged by what the kubelet runs, not by what the API says it runs. */
  #noOverlap(record: PodRecord): void {
    if (record.owner === undefined || this.#isGhost(record)) return;
    for (const other of this.#options.truth.ofOwner(record.owner.uid)) {
      if (other === record || other.alive.size === 0 || this.#isGhost(other)) continue;
      if (other.owner?.attempt === record.owner.attempt && leftNoTrace(other)) continue;
      const numbers = `attempt ${record.owner.attempt} starts while attempt ${other.owner?.attempt} still runs`;
      this.#options.fail("I2 NoOverlap", `${numbers}: ${[...other.alive].join(", ")} of ${other.key}`);
    }
  }

  /** I5. Every deletion says of which object, in which state; and of pods, only those that belong to a TaskRun. */
  #adoptOnlyOwn(request: ApiRequest): void {
    const preconditions = isRecord(request.body) ? request.body["preconditions"] : undefined;
    const uid = isRecord(preconditions) ? preconditions["uid"] : undefined;
    const version = isRecord(preconditions) ? preconditions["resourceVersion"] : undefined;
    if (typeof uid !== "string" || typeof version !== "string") {
      this.#options.fail("I5 AdoptOnlyOwn", `DELETE ${request.path} without preconditions on uid and resourceVersion`);
      return;
    }
    const record = this.#options.truth.pods.get(uid);
    if (record === undefined || record.owner !== undefined) return;
    this.#options.fail("I5 AdoptOnlyOwn", `DELETE ${request.path} of a pod that belongs to no TaskRun`);
  }
}

/** By the operator. */
function isDeletion({ type, object, by }: Change): boolean {
  return by === "operator" && (type === "DELETED" || object.metadata.deletionTimestamp !== undefined);
}

/** Who deletes pods besides the operator. */
const OTHERS: ReadonlySet<string> = new Set(["user", "gc", TAINT_MANAGER, POD_GC]);

function leftNoTrace({ named, removedBy, deletionBy }: PodRecord): boolean {
  return !named && removedBy !== undefined && OTHERS.has(deletionBy ?? "");
}

/** What the operator makes, deletes, patches, and of which it writes the status. */
const MADE: ReadonlySet<string> = new Set(["pods", "taskruns", "workflowruns", "controllerrevisions", "events"]);
const DELETED: ReadonlySet<string> = new Set(["pods", "taskruns", "workflowruns", "controllerrevisions"]);
const PATCHED: ReadonlySet<string> = new Set(["taskruns", "workflowruns"]);
const WRITTEN: ReadonlySet<string> = new Set(["taskruns", "workflowruns", "workflows"]);

function isAllowed({ method, path }: ApiRequest): boolean {
  const route = routeOf(path);
  if (route === undefined) return false;
  if (route.resource === LEASES) return isOurLease(method, route);
  const { name } = route.resource;
  const isWhole = route.name !== undefined && route.subresource === undefined;
  switch (method) {
    case "GET":
      return route.subresource === undefined && name !== "events";
    case "POST":
      return MADE.has(name) && route.name === undefined && route.namespace !== undefined;
    case "DELETE":
      return DELETED.has(name) && isWhole;
    case "PATCH":
      return PATCHED.has(name) && isWhole;
    case "PUT":
      return WRITTEN.has(name) && route.name !== undefined && route.subresource === "status";
  }
}

/** The one Lease, read, made and updated; never deleted or patched. */
function isOurLease(method: ApiRequest["method"], { namespace, name }: Route): boolean {
  if (namespace !== LEASE_NAMESPACE || (name !== undefined && name !== LEASE_NAME)) return false;
  return method === "GET" || (method === "POST" && name === undefined) || (method === "PUT" && name !== undefined);
}

function isReadForWatch({ method, path }: ApiRequest): boolean {
  return method === "GET" && routeOf(path)?.name === undefined;
}
