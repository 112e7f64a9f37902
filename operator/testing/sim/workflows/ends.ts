/** Whether every Workflow and every run has come to rest, and whether a run came to what its scripts alone predict. */
import type { Store } from "../apiserver/store.ts";
import { predictedEnds } from "../ends.ts";
import { controllerOf, isTerminalPhase, keyOf, type Revision, type Stored } from "../objects.ts";
import { scriptOf, type Scripts } from "../script.ts";
import type { Truth } from "../truth.ts";
import type { RunBook } from "./book.ts";
import { letterOfPhase, nodesOf, type Workflow, type WorkflowRun } from "./objects.ts";
import { keyOfWorkflow, scriptsAt, type WorkflowPlan } from "./plan.ts";
import { paramsOf, type PartFact, Reading } from "./reading.ts";
import { endedRuns, historyLimit, isTracked, type WorkflowRules } from "./rules.ts";

/** What has not come to rest yet, as sentences. */
export function unrested(store: Store): readonly string[] {
  const workflows = [...store.values("workflows")] as readonly Workflow[];
  const runs = [...store.values("workflowruns")] as readonly WorkflowRun[];
  const revisions = [...store.values("controllerrevisions")] as readonly Revision[];
  return [
    ...workflows.flatMap((workflow) => workflowUnrest(store, workflow)),
    ...runs.flatMap((run) => runUnrest(store, run)),
    ...revisions.flatMap((revision) => revisionUnrest(store, revision)),
  ];
}

function workflowUnrest(store: Store, workflow: Workflow): readonly string[] {
  const { metadata, spec, status = {} } = workflow;
  const name = `Workflow ${keyOf(workflow)}`;
  if (metadata.deletionTimestamp !== undefined) return [`${name} is being deleted`];
  if (status.observedGeneration !== metadata.generation) return [`${name} was not looked at`];
  const isValid = status.conditions?.find(({ type }) => type === "Valid")?.status === "True";
  const starts = isValid && spec?.suspend !== true && spec?.run !== "Manual";
  if (starts && status.startedGeneration !== metadata.generation)
    return [`${name} has not started generation ${metadata.generation}`];
  const active = ([...store.values("workflowruns")] as readonly WorkflowRun[]).filter(
    (run) => controllerOf(run)?.uid === metadata.uid && !isTerminalPhase(run.status?.phase),
  );
  if ((status.activeRuns ?? 0) !== active.length)
    return [`${name} says ${status.activeRuns} runs are active, ${active.length} are`];
  return [true, false].flatMap((succeeded) => {
    const kept = endedRuns(store, workflow, succeeded).length;
    const tracked = endedRuns(store, workflow, succeeded).filter(isTracked).length;
    const limit = historyLimit(workflow, succeeded);
    return kept > limit + tracked ? [`${name} keeps ${kept} ended runs, ${limit} are to stay`] : [];
  });
}

function runUnrest(store: Store, run: WorkflowRun): readonly string[] {
  const { metadata, spec, status = {} } = run;
  const name = `WorkflowRun ${keyOf(run)} (${status.phase} ${status.conditions?.[0]?.reason} ${status.states})`;
  if (metadata.deletionTimestamp !== undefined) return [`${name} is being deleted`];
  if (status.observedGeneration !== metadata.generation) return [`${name} was not looked at`];
  if (spec?.cancel !== true && mayWait(store, run)) return [];
  if (!isTerminalPhase(status.phase)) return [`${name} has not ended`];
  const isOpen = spec?.retry !== undefined && spec.cancel !== true && status.retry?.id !== spec.retry.id;
  return isOpen ? [`${name} has not acted on its retry`] : [];
}

/** For its Workflow, or for somebody to resume it. */
function mayWait(store: Store, run: WorkflowRun): boolean {
  const { phase, stopped, conditions = [] } = run.status ?? {};
  if (run.spec?.suspend === true && phase === "Suspended" && stopped === undefined) return true;
  return conditions.some(({ reason }) => reason === "WorkflowNotFound") && isUnfound(store, run);
}

function isUnfound(store: Store, { metadata, spec, status }: WorkflowRun): boolean {
  const key = `${metadata.namespace}/${spec?.workflowRef.name}`;
  return status?.revision === undefined && store.get("workflows", key) === undefined;
}

/** Of those that are kept of its Workflow. */
function isNewest(store: Store, { metadata, revision = 0 }: Revision): boolean {
  const owner = metadata.ownerReferences?.[0]?.uid;
  const all = [...store.values("controllerrevisions")] as readonly Revision[];
  return all.every((one) => one.metadata.ownerReferences?.[0]?.uid !== owner || (one.revision ?? 0) <= revision);
}

function revisionUnrest(store: Store, revision: Revision): readonly string[] {
  const { metadata } = revision;
  const workflow = store.get("workflows", `${metadata.namespace}/${controllerOf(revision)?.name}`);
  if (workflow === undefined || workflow.metadata.uid !== controllerOf(revision)?.uid) return [];
  if (isNewest(store, revision)) return [];
  const runs = [...store.values("workflowruns")] as readonly WorkflowRun[];
  const isUsed = runs.some(
    ({ metadata: { namespace, annotations = {} }, status }) =>
      namespace === metadata.namespace &&
      (status?.revision === metadata.name || annotations["stint.dev/revision"] === metadata.name),
  );
  return isUsed ? [] : [`ControllerRevision ${keyOf(revision)} serves no run`];
}

interface Evidence {
  readonly store: Store;
  readonly truth: Truth;
  readonly rules: WorkflowRules;
}

/** Why a run's end is wrong; undefined if it is right, or if so much was done to it that nothing can be predicted. */
export function runEndProblem(plan: WorkflowPlan, run: WorkflowRun, evidence: Evidence): string | undefined {
  const { status = {} } = run;
  const is = `${status.phase} (${status.conditions?.[0]?.reason}) with ${status.states}`;
  if (plan.wants === "gone") return `exists, ${is}`;
  if (!isTerminalPhase(status.phase)) return undefined;
  if (plan.wants !== undefined) {
    const met = plan.wants.some(
      ({ phase, states = status.states, reason = status.conditions?.[0]?.reason }) =>
        phase === status.phase && states === status.states && reason === status.conditions?.[0]?.reason,
    );
    return met ? undefined : `ended as ${is}; expected ${plan.wants.map((want) => JSON.stringify(want)).join(" or ")}`;
  }
  const book = evidence.rules.books.runs.get(run.metadata.uid);
  if (book === undefined || isTouched(book, evidence)) return undefined;
  const predicted = predictedLetters(plan, book);
  if (predicted === undefined || predicted === status.states) return undefined;
  return `ended as ${is}; its scripts predict ${predicted}`;
}

/** Something happened that the scripts do not tell of. */
function isTouched(book: RunBook, { store, truth }: Evidence): boolean {
  if (book.stopped !== undefined || book.spec === undefined || !isTerminalPhase(runOf(store, book)?.status?.phase))
    return true;
  return [...book.children.values()].some(({ uid, kind, key, deleted }) => {
    if (deleted) return true;
    const child = store.get(kind === "TaskRun" ? "taskruns" : "workflowruns", key) as WorkflowRun | undefined;
    if (kind === "WorkflowRun") return false;
    // A person's word for a pod that nobody can answer for, a cancellation, a lost node: not in the scripts.
    if (child?.spec?.cancel === true || Object(child?.spec).onUnknownFate === "Retry") return true;
    return truth
      .ofOwner(uid)
      .some(({ nodeLost, deletionBy }) => nodeLost || (deletionBy !== undefined && deletionBy !== "kubelet"));
  });
}

function runOf(store: Store, { key, uid }: RunBook): WorkflowRun | undefined {
  const run = store.get("workflowruns", key) as WorkflowRun | undefined;
  return run?.metadata.uid === uid ? run : undefined;
}

/** The letters that follow from the scripts alone; undefined if one of its tasks has more than one possible end. */
export function predictedLetters(plan: WorkflowPlan, book: RunBook): string | undefined {
  const { spec } = book;
  if (spec === undefined) return undefined;
  const params = paramsOf(spec.params, book.params);
  if (params === undefined) return undefined;
  let unsure = false;
  const part = (task: string, index: number): PartFact => {
    const definition = nodesOf(spec).find(({ name }) => name === task);
    // What a sub-workflow comes to is predicted for its own run.
    const isKept = book.kept.letters.has(task) || book.kept.parts.get(task)?.has(index) === true;
    if (isKept || definition?.workflowRef !== undefined) return book.part(task, index);
    if (!reading.hasInputs(task, index)) return { letter: "F" };
    const place = { workflow: plan.name, task, index: definition?.forEach && index, round: book.round };
    const scripts = scriptsAt(plan, place);
    const [end, ...others] = predictedEnds({
      name: task,
      spec: definition as unknown as Readonly<Record<string, unknown>>,
      scripts,
    });
    if (end === undefined || others.length > 0) unsure = true;
    const letter = letterOfPhase(end?.phase);
    return letter === "S" ? { letter, results: handedOver(scripts, end?.attempts ?? 1) } : { letter };
  };
  const reading: Reading = new Reading(spec, {
    params,
    part,
    known: (task) => book.kept.letters.get(task),
    stopped: undefined,
    run: { name: book.name },
  });
  const letters = nodesOf(spec).map(({ name }) => reading.letter(name));
  return unsure ? undefined : letters.join("");
}

function handedOver(scripts: Scripts, attempt: number): Readonly<Record<string, string>> {
  const { says } = scriptOf(scripts, attempt);
  if (says === "") return {};
  const values = JSON.parse(says) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** The plan a run belongs to. */
export function planOfRun(plans: ReadonlyMap<string, WorkflowPlan>, run: Stored): WorkflowPlan | undefined {
  const { metadata, spec } = run as WorkflowRun;
  return plans.get(
    keyOfWorkflow({ namespace: metadata.namespace, name: spec?.workflowRef.name ?? "" } as WorkflowPlan),
  );
}
