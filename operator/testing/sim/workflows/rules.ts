/** The promises about workflows, checked at every change of the simulated world and at everything the operator sends. */
import { isDeepStrictEqual } from "node:util";
import type { ApiRequest } from "../../../api/port.ts";
import { resourceOf, routeOf } from "../apiserver/resources.ts";
import { loadSchema, problemsOf, pruned } from "../apiserver/schema.ts";
import type { Change, Store } from "../apiserver/store.ts";
import { controllerOf, isRecord, isTerminalPhase, keyOf, type Revision, type Stored } from "../objects.ts";
import type { Problem } from "../statusrules.ts";
import { Books } from "./book.ts";
import { askingProblem, creationProblem, patchProblem } from "./childrules.ts";
import type { Workflow, WorkflowRun } from "./objects.ts";
import { changeProblem, resetProblem, truthProblem } from "./runstatus.ts";

/** Far below etcd's limit; 10,000 tasks must fit in 64 KiB. */
const STATUS_BYTES_MAX = 256 * 1024;
/** Unless the Workflow says otherwise. */
export const HISTORY_DEFAULT = 10;

const TRACKED =
  /^(argocd\.argoproj\.io\/|app\.kubernetes\.io\/instance$|kustomize\.toolkit\.fluxcd\.io\/|meta\.helm\.sh\/)/;

export class WorkflowRules {
  readonly books: Books = new Books();
  readonly #store: Store;
  /** The runs that OnApply has made: "uid of the Workflow/generation". */
  readonly #applied = new Map<string, string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** To be called with every change. */
  change(change: Change): Problem | undefined {
    this.books.note(change);
    const { type, object, by } = change;
    const isByOperator = by === "operator";
    if (change.resource === "workflowruns") {
      const problem = isByOperator ? this.#runChange(change) : undefined;
      this.books.noteStatus(object as WorkflowRun);
      if (problem !== undefined) return problem;
    }
    if (change.resource === "workflows" && isByOperator) return workflowChange(change);
    if (change.resource === "controllerrevisions" && isByOperator && type === "DELETED") return this.#pruned(object);
    const isMade = type === "ADDED" && (change.resource === "taskruns" || change.resource === "workflowruns");
    return isMade && isByOperator ? this.#made(object) : undefined;
  }

  /** To be called with everything the operator sends. */
  request(request: ApiRequest): Problem | undefined {
    const route = routeOf(request.path);
    if (request.method === "POST") return this.#asked(request.body);
    if (route?.name === undefined) return undefined;
    const current = this.#store.get(route.resource.name, `${route.namespace}/${route.name}`);
    if (request.method === "PATCH") {
      this.#askedAgain(request.body, current);
      return patchProblem(request.body, current, current && this.books.ownerOf(current));
    }
    if (request.method !== "PUT" || route.resource.name === "taskruns") return undefined;
    return sentProblem(route.resource.name, request.body) ?? emptyWrite(request.body, current);
  }

  #asked(body: unknown): Problem | undefined {
    const { kind } = body as Stored;
    const book = kind === "TaskRun" || kind === "WorkflowRun" ? this.books.ownerOf(body as Stored) : undefined;
    return book && askingProblem(book, (body as Stored).metadata);
  }

  /** A sub-workflow's run that is told to retry is a part asked for. */
  #askedAgain(body: unknown, current: Stored | undefined): void {
    const child = current && this.books.child(current.metadata.uid);
    const book = current && this.books.ownerOf(current);
    const { spec } = Object(body) as { readonly spec?: { readonly retry?: unknown } };
    if (child !== undefined && spec?.retry !== undefined) book?.asked.add(`${child.task}/${child.index}/${book.round}`);
  }

  #made(object: Stored): Problem | undefined {
    const book = this.books.ownerOf(object);
    if (book === undefined) return this.#applyRun(object);
    const run = this.#store.get("workflowruns", book.key) as WorkflowRun | undefined;
    const child = this.books.child(object.metadata.uid);
    if (child === undefined)
      return { rule: "I7 DagOrder", message: `${keyOf(object)} made for no task of ${book.key}` };
    // The collector takes away what was made for a run that has just gone.
    if (run?.metadata.uid !== book.uid) return undefined;
    return creationProblem({ book, run, child, object });
  }

  /** A run that the operator makes by itself: one for each generation of a Workflow, ever. */
  #applyRun(object: Stored): Problem | undefined {
    const wrong = (message: string): Problem => ({
      rule: "I13 OneRunPerGeneration",
      message: `${keyOf(object)}: ${message}`,
    });
    const controller = controllerOf(object);
    if (object.kind !== "WorkflowRun" || controller?.kind !== "Workflow") return wrong("made for nobody");
    const key = `${object.metadata.namespace}/${controller.name}`;
    const workflow = this.#store.get("workflows", key) as Workflow | undefined;
    if (workflow?.metadata.uid !== controller.uid) return undefined;
    if (workflow.spec?.run === "Manual") return wrong("made although run is Manual");
    const generation = /-(\d+)-[^-]+$/.exec(object.metadata.name)?.[1] ?? "";
    const id = `${controller.uid}/${generation}`;
    const earlier = this.#applied.get(id);
    this.#applied.set(id, object.metadata.name);
    if (earlier !== undefined) return wrong(`generation ${generation} of ${key} has run already, as ${earlier}`);
    return Number(generation) <= (workflow.metadata.generation ?? 0) ? undefined : wrong("made for no generation");
  }

  #runChange({ type, object, before }: Change): Problem | undefined {
    const run = object as WorkflowRun;
    const was = (before ?? object) as WorkflowRun;
    const isMarked = run.metadata.deletionTimestamp !== undefined && was.metadata.deletionTimestamp === undefined;
    if (type === "DELETED" || isMarked) return named(this.#historyProblem(was), run);
    // Its owner, or a wish of the run above it, changes no status.
    if (type !== "MODIFIED" || isDeepStrictEqual(was.status, run.status)) return undefined;
    return named(changeProblem(was, run) ?? this.#statusProblem(was, run), run);
  }

  #statusProblem(was: WorkflowRun, run: WorkflowRun): Problem | undefined {
    const book = this.books.runs.get(run.metadata.uid);
    if (book === undefined) return undefined;
    const told = new Map(book.told);
    const { retry } = run.status ?? {};
    const isRetry = was.status?.retry?.id !== retry?.id;
    const problem = isRetry ? resetProblem(run, book.reading()) : undefined;
    this.books.noteStatus(run);
    return problem ?? truthProblem(run, book, isRetry && retry?.message === undefined ? new Map() : told);
  }

  /** Only what has ended, belongs to a Workflow, is nobody else's, and is older than those that stay. */
  #historyProblem(run: WorkflowRun): Problem | undefined {
    const wrong = (message: string): Problem => ({
      rule: "Retention",
      message: `${run.status?.phase}, deleted ${message}`,
    });
    if (!isTerminalPhase(run.status?.phase)) return wrong("before its end");
    if (isTracked(run)) return wrong("although a tool tracks it");
    const controller = controllerOf(run);
    const workflow = this.#store.get("workflows", `${run.metadata.namespace}/${controller?.name}`) as
      Workflow | undefined;
    if (controller?.kind !== "Workflow" || workflow?.metadata.uid !== controller.uid)
      return wrong("without a Workflow");
    const newer = endedRuns(this.#store, workflow, run.status?.phase === "Succeeded").filter(
      (one) =>
        one.metadata.uid !== run.metadata.uid &&
        one.metadata.deletionTimestamp === undefined &&
        (one.status?.completionTime ?? "") >= (run.status?.completionTime ?? ""),
    );
    const limit = historyLimit(workflow, run.status?.phase === "Succeeded");
    return newer.length >= limit ? undefined : wrong(`with ${newer.length} newer ones, ${limit} are to stay`);
  }

  #pruned(object: Stored): Problem | undefined {
    const { revision = 0, metadata } = object as Revision;
    const wrong = (message: string): Problem => ({
      rule: "Retention",
      message: `revision ${metadata.name} ${message}`,
    });
    for (const run of this.#store.values("workflowruns") as IterableIterator<WorkflowRun>) {
      if (run.status?.revision === metadata.name && run.metadata.namespace === metadata.namespace)
        return wrong(`deleted, ${run.metadata.name} works by it`);
    }
    const controller = controllerOf(object);
    const workflow = this.#store.get("workflows", `${metadata.namespace}/${controller?.name}`);
    const isNewest = workflow?.metadata.uid === controller?.uid && revision >= (workflow?.metadata.generation ?? 0);
    return isNewest ? wrong("deleted, it is the newest") : undefined;
  }
}

export function isTracked({ metadata }: Stored): boolean {
  return [...Object.keys(metadata.labels ?? {}), ...Object.keys(metadata.annotations ?? {})].some((name) =>
    TRACKED.test(name),
  );
}

/** The ended runs that a Workflow controls, those that succeeded or the others. */
export function endedRuns(store: Store, workflow: Workflow, succeeded: boolean): readonly WorkflowRun[] {
  return ([...store.values("workflowruns")] as readonly WorkflowRun[]).filter(
    (run) =>
      controllerOf(run)?.uid === workflow.metadata.uid &&
      isTerminalPhase(run.status?.phase) &&
      (run.status?.phase === "Succeeded") === succeeded,
  );
}

export function historyLimit({ spec }: Workflow, succeeded: boolean): number {
  return (succeeded ? spec?.history?.succeeded : spec?.history?.failed) ?? HISTORY_DEFAULT;
}

function named(problem: Problem | undefined, { metadata }: Stored): Problem | undefined {
  return problem && { ...problem, message: `run ${metadata.name}: ${problem.message}` };
}

function workflowChange({ type, object, before }: Change): Problem | undefined {
  const wrong = (message: string): Problem => ({ rule: "I14 WorkflowStatus", message: `${keyOf(object)}: ${message}` });
  if (type !== "MODIFIED" || before === undefined) return wrong(`${type} by the operator`);
  const { status: was = {} } = before as Workflow;
  const { status: is = {} } = object as Workflow;
  for (const field of ["observedGeneration", "startedGeneration"] as const) {
    if ((is[field] ?? 0) < (was[field] ?? 0)) return wrong(`${field} went back from ${was[field]} to ${is[field]}`);
    if ((is[field] ?? 0) > (object.metadata.generation ?? 0)) return wrong(`${field} ${is[field]} is ahead`);
  }
  const valid = is.conditions?.find((condition) => condition.type === "Valid");
  return valid === undefined ? wrong("without the condition Valid") : undefined;
}

function sentProblem(plural: string, body: unknown): Problem | undefined {
  const wrong = (message: string): Problem => ({ rule: "I6 MonotonicStatus", message });
  if (!isRecord(body) || !isRecord(body["metadata"])) return wrong("a status write without metadata");
  if (typeof body["metadata"]["resourceVersion"] !== "string") return wrong("a status write without resourceVersion");
  const size = Buffer.byteLength(JSON.stringify(body["status"] ?? null));
  if (size > STATUS_BYTES_MAX) return wrong(`a status of ${size} bytes`);
  const schema = loadSchema(plural).properties?.["status"];
  if (schema === undefined) return wrong(`${plural} have no status`);
  const dropped: string[] = [];
  const kept = pruned(schema, body["status"], "status", dropped);
  if (dropped.length > 0) return wrong(`fields that are not in the schema: ${dropped.join(", ")}`);
  const [first] = problemsOf(schema, kept, "status");
  return first && wrong(`${first.field} ${first.message}: ${JSON.stringify(body["status"])}`);
}

/** A write of what stands there already. */
function emptyWrite(body: unknown, current: Stored | undefined): Problem | undefined {
  if (current === undefined || !isRecord(body) || !isRecord(body["metadata"])) return undefined;
  if (body["metadata"]["resourceVersion"] !== current.metadata.resourceVersion) return undefined;
  const [is, was] = [body["status"], current.status].map((status) => JSON.stringify(sorted(status)));
  return is === was ? { rule: "QuietWrites", message: `${keyOf(current)}: a status that changes nothing` } : undefined;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  const names = Object.keys(value).toSorted();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name])]));
}

/** The kinds whose objects belong to somebody here. */
export function leaked(store: Store): readonly string[] {
  const kinds = ["pods", "taskruns", "workflowruns", "controllerrevisions"] as const;
  return kinds.flatMap((name) =>
    [...store.values(name)]
      .filter(({ metadata }) =>
        (metadata.ownerReferences ?? []).some(({ kind, name: owner, uid }) => {
          const resource = kind === "ConfigMap" ? undefined : resourceOf(kind);
          return (
            resource !== undefined && store.get(resource.name, `${metadata.namespace}/${owner}`)?.metadata.uid !== uid
          );
        }),
      )
      .map((object) => `${object.kind} ${keyOf(object)}`),
  );
}
