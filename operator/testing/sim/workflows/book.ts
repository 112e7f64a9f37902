/**
 * What really became of every run: which TaskRuns and sub-workflow runs were ever made for it, how each ended, and what its
 * status has said of each task. Fed by the API server's history; the operator's memory counts for nothing.
 */
import type { Change } from "../apiserver/store.ts";
import { controllerOf, isTerminalPhase, keyOf, type Revision, type Stored, type TaskRun } from "../objects.ts";
import {
  isFinal,
  type Letter,
  letterOfPhase,
  type MappedStatus,
  nodesOf,
  type RunRetry,
  type RunStatus,
  type WorkflowRun,
  type WorkflowSpec,
} from "./objects.ts";
import { paramsOf, type PartFact, Reading } from "./reading.ts";

/** Something made for a part of a task. */
export interface Child {
  readonly uid: string;
  readonly key: string;
  readonly kind: string;
  readonly task: string;
  readonly index: number;
  readonly round: number;
  letter: Letter;
  results: Readonly<Record<string, string>> | undefined;
  /** Of a sub-workflow's run: the retry it was last told of, and the one it last acted on. */
  toldRetryId: string | undefined;
  retryId: string | undefined;
  deleted: boolean;
  /** A status of the run has told of it. One that went before that leaves no trace: its part may be made again. */
  named: boolean;
  /** Deleted after its end: whoever did not see the end takes it for a failure. */
  unclear: boolean;
}

/** What a retry leaves as it is. */
interface Kept {
  readonly letters: ReadonlyMap<string, Letter>;
  /** Parts of reset tasks that had succeeded. */
  readonly parts: ReadonlyMap<string, ReadonlySet<number>>;
}

const NONE_KEPT: Kept = { letters: new Map(), parts: new Map() };

/** One run. */
export class RunBook {
  readonly uid: string;
  readonly key: string;
  readonly name: string;
  readonly params: Readonly<Record<string, string>>;
  readonly children: Map<string, Child> = new Map<string, Child>();
  spec: WorkflowSpec | undefined;
  revision: string | undefined;
  round = 0;
  retryId: string | undefined;
  stopped: string | undefined;
  kept: Kept = NONE_KEPT;
  /** Parts that somebody has asked for, as "task/index/round". */
  readonly asked: Set<string> = new Set<string>();
  /** Final letters that its status has told in this round. */
  readonly told: Map<string, Letter> = new Map<string, Letter>();

  constructor({ metadata, spec }: WorkflowRun) {
    this.uid = metadata.uid;
    this.key = keyOf({ metadata } as Stored);
    this.name = metadata.name;
    this.params = spec?.params ?? {};
  }

  reading(): Reading | undefined {
    const { spec } = this;
    if (spec === undefined) return undefined;
    return new Reading(spec, {
      params: paramsOf(spec.params, this.params) ?? {},
      part: (task, index) => this.part(task, index),
      known: (task) => this.kept.letters.get(task) ?? this.told.get(task),
      stopped: this.stopped,
      run: { name: this.name },
    });
  }

  /** What its status says from now on. */
  tell({ stopped, states = "", mapped = [] }: RunStatus): void {
    this.stopped = stopped;
    for (const child of this.children.values()) {
      child.named ||= isNamed(child, { spec: this.spec, states, mapped });
    }
    for (const [i, { name }] of (this.spec === undefined ? [] : nodesOf(this.spec)).entries()) {
      const letter = states[i] as Letter | undefined;
      if (letter !== undefined && isFinal(letter)) this.told.set(name, letter);
    }
  }

  /** Of the present round, or kept from an earlier one. */
  part(task: string, index: number): PartFact {
    const newest = this.newest(task, index);
    if (newest === undefined) return { letter: "." };
    const { letter, results, unclear } = newest;
    const fact = { letter, ...(results && { results }), unclear };
    const isKept = this.kept.letters.has(task) || this.kept.parts.get(task)?.has(index) === true;
    if (newest.round === this.round || isKept) return fact;
    // The failed run of a sub-workflow is not made anew but told to retry.
    if (newest.kind !== "WorkflowRun" || newest.toldRetryId !== this.childRetryId) return { letter: "." };
    return newest.retryId === this.childRetryId ? fact : { letter: "R" };
  }

  /** What a sub-workflow's run is told of this run's retry. */
  get childRetryId(): string | undefined {
    return this.retryId === undefined ? undefined : `${this.retryId}-r${this.round}`;
  }

  /** Of the highest round. */
  newest(task: string, index: number): Child | undefined {
    const all = [...this.children.values()].filter((child) => child.task === task && child.index === index);
    return all.toSorted((left, right) => right.round - left.round)[0];
  }

  /** A retry has been acted on: what it resets begins anew. */
  retry({ id, scope = "Failed", tasks = [] }: RunRetry, round: number): void {
    const before = this.reading();
    if (before === undefined) return;
    const reset = resetBy(before, { scope, tasks });
    const letters = new Map<string, Letter>();
    const parts = new Map<string, ReadonlySet<number>>();
    for (const task of nodesOf(before.spec)) {
      if (!reset.has(task.name)) letters.set(task.name, before.letter(task.name));
      else if (scope === "Failed" && keepsParts(before.spec, reset, task.name)) {
        const indexes = (before.elements(task.name) ?? []).map((_, i) => i);
        parts.set(task.name, new Set(indexes.filter((i) => before.part(task.name, i).letter === "S")));
      }
    }
    this.kept = { letters, parts };
    this.told.clear();
    this.stopped = undefined;
    this.round = round;
    this.retryId = id;
  }
}

/** What a retry runs again. */
export function resetBy(
  reading: Reading,
  { scope, tasks }: { readonly scope: string; readonly tasks: readonly string[] },
): ReadonlySet<string> {
  const { spec } = reading;
  const bad = nodesOf(spec).filter(({ name }) => ["F", "C", "U"].includes(reading.letter(name)));
  const reset = new Set(scope === "Failed" ? bad.map(({ name }) => name) : tasks);
  if (scope !== "Tasks") {
    for (const name of reset) {
      for (const below of descendants(spec, name)) {
        if (scope === "TasksAndDownstream" || reading.letter(below) !== "S") reset.add(below);
      }
    }
  }
  if (reset.size > 0) for (const { name } of spec.finally ?? []) reset.add(name);
  return reset;
}

function descendants({ tasks }: WorkflowSpec, name: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (one: string): void => {
    for (const { name: below, dependsOn = [] } of tasks) {
      if (!dependsOn.includes(one) || found.has(below)) continue;
      found.add(below);
      visit(below);
    }
  };
  visit(name);
  return found;
}

/** A mapped task runs only what did not succeed, if its list is sure to be the same. */
function keepsParts(spec: WorkflowSpec, reset: ReadonlySet<string>, name: string): boolean {
  const { forEach } = nodesOf(spec).find((task) => task.name === name) ?? {};
  if (forEach === undefined) return false;
  if (forEach.result === undefined) return true;
  return ![...reset].some((one) => descendants(spec, one).has(name));
}

function isNamed(
  { task, index }: Child,
  { spec, states, mapped }: { spec: WorkflowSpec | undefined; states: string; mapped: readonly MappedStatus[] },
): boolean {
  const nodes = spec === undefined ? [] : nodesOf(spec);
  const at = nodes.findIndex(({ name }) => name === task);
  if (nodes[at]?.forEach === undefined) return (states[at] ?? ".") !== ".";
  const { running = "", succeeded = "", failed = "", cancelled = "" } = mapped.find((one) => one.task === task) ?? {};
  return [running, succeeded, failed, cancelled].flatMap(indexesOf).includes(index);
}

/** "0-3,7" */
export function indexesOf(text: string): readonly number[] {
  if (text === "") return [];
  return text.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** All runs that ever were. */
export class Books {
  readonly runs: Map<string, RunBook> = new Map<string, RunBook>();
  /** The definitions of all revisions that ever were, by key. */
  readonly #definitions = new Map<string, WorkflowSpec>();
  readonly #children = new Map<string, Child>();

  /** To be called with every change of a TaskRun, WorkflowRun or ControllerRevision, before anybody judges it. */
  note(change: Change): void {
    const { object, resource, type } = change;
    if (resource === "controllerrevisions") this.#noteRevision(object);
    if (resource === "workflowruns" && !this.runs.has(object.metadata.uid)) {
      this.runs.set(object.metadata.uid, new RunBook(object as WorkflowRun));
    }
    if (resource === "taskruns" || resource === "workflowruns") this.#noteChild(object, type === "DELETED");
  }

  definition(key: string): WorkflowSpec | undefined {
    return this.#definitions.get(key);
  }

  child(uid: string): Child | undefined {
    return this.#children.get(uid);
  }

  /** The run an object was made for, if it was made for one. */
  ownerOf(object: Stored): RunBook | undefined {
    const controller = controllerOf(object);
    return controller?.kind === "WorkflowRun" ? this.runs.get(controller.uid) : undefined;
  }

  /** Takes over what a run's status says, after it was judged. */
  noteStatus({ metadata, spec, status = {} }: WorkflowRun): void {
    const { revision, retry } = status;
    const book = this.runs.get(metadata.uid);
    if (book === undefined) return;
    if (book.revision === undefined && revision !== undefined) {
      book.revision = revision;
      book.spec = this.definition(`${metadata.namespace}/${revision}`);
    }
    if (retry !== undefined && (retry.round ?? 0) > book.round) {
      const wish = spec?.retry?.id === retry.id ? spec.retry : { id: retry.id };
      book.retry(wish, retry.round ?? 0);
    }
    book.tell(status);
  }

  #noteRevision(object: Stored): void {
    const { data } = object as Revision;
    const { spec } = (data ?? {}) as { readonly spec?: WorkflowSpec };
    if (spec !== undefined) this.#definitions.set(keyOf(object), spec);
  }

  #noteChild(object: Stored, isGone: boolean): void {
    const child = this.#children.get(object.metadata.uid) ?? this.#newChild(object);
    if (child === undefined) return;
    if (isGone) {
      child.deleted = true;
      if (child.letter === "R") child.letter = "F";
      else if (child.letter !== "F") child.unclear = true;
      return;
    }
    const { spec, status = {} } = object as TaskRun & WorkflowRun;
    child.letter = isTerminalPhase(status.phase) ? letterOfPhase(status.phase) : "R";
    child.results = status.results;
    child.toldRetryId = object.kind === "WorkflowRun" ? spec?.retry?.id : undefined;
    child.retryId = status.retry?.id;
    // Under its last finalizer it may be taken for gone.
    if (object.metadata.deletionTimestamp !== undefined && child.letter !== "F") child.unclear = true;
  }

  #newChild(object: Stored): Child | undefined {
    const book = this.ownerOf(object);
    const { labels = {}, uid } = object.metadata;
    const task = labels["stint.dev/task"];
    if (book === undefined || task === undefined) return undefined;
    const child: Child = {
      uid,
      key: keyOf(object),
      kind: object.kind,
      task,
      index: Number(labels["stint.dev/index"] ?? 0),
      round: Number(labels["stint.dev/round"] ?? 0),
      letter: "R",
      results: undefined,
      toldRetryId: undefined,
      retryId: undefined,
      deleted: false,
      named: false,
      unclear: false,
    };
    this.#children.set(uid, child);
    const place = `${task}/${child.index}/${child.round}`;
    const earlier = book.children.get(place);
    if (earlier === undefined || (earlier.deleted && !earlier.named)) book.children.set(place, child);
    return child;
  }
}
