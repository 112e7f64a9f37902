/**
 * What must be true when the operator makes something for a run: I7 DagOrder (nothing starts before what it depends on allows it,
 * nothing twice, nothing after the end), I8 OneDefinition, I9 Inputs, I10 Bounds. Each is judged by the simulator's own reading.
 */
import { isTerminalPhase, isRecord, type Stored, type TaskRun } from "../objects.ts";
import type { Problem } from "../statusrules.ts";
import type { Child, RunBook } from "./book.ts";
import { isFinal, type TaskDefinition, type WorkflowRun } from "./objects.ts";
import { type Reading, textsOf } from "./reading.ts";

interface Moment {
  readonly book: RunBook;
  /** The run as it is in the API now. */
  readonly run: WorkflowRun;
  readonly child: Child;
  readonly object: Stored;
}

/** What is wrong with an object that the operator has just made for a run. */
export function creationProblem(moment: Moment): Problem | undefined {
  const { book, run, child, object } = moment;
  if (isTerminalPhase(run.status?.phase)) return order(`${child.key} made after its run was ${run.status?.phase}`);
  const reading = book.reading();
  if (reading === undefined) return definition(`${child.key} made before its run has recorded a revision`);
  const task = reading.task(child.task);
  if (task === undefined)
    return definition(`${child.key} made for "${child.task}", which ${book.revision} does not have`);
  const isRun = object.kind === "WorkflowRun";
  if (isRun !== (task.workflowRef !== undefined)) return definition(`${child.key} is a ${object.kind}`);
  return (
    placeProblem(moment, task, reading) ??
    orderProblem(moment, reading) ??
    boundProblem(moment, task, reading) ??
    contentProblem(moment, task, reading)
  );
}

/** Which task, part and round it says it is. */
function placeProblem({ book, child, object }: Moment, task: TaskDefinition, reading: Reading): Problem | undefined {
  const { labels = {} } = object.metadata;
  const isMapped = task.forEach !== undefined;
  if (isMapped !== (labels["stint.dev/index"] !== undefined))
    return order(`${child.key}: labels ${JSON.stringify(labels)}`);
  if (labels["stint.dev/workflowrun"] !== book.name) return order(`${child.key} has the label of another run`);
  if (child.round !== book.round) return order(`${child.key} made for round ${child.round} of round ${book.round}`);
  const place = `${child.task}/${child.index}/${child.round}`;
  if (book.children.get(place) !== child)
    return order(`${child.key}: part ${child.index} of "${task.name}" made twice`);
  const count = reading.elements(child.task)?.length ?? 0;
  if (child.index >= count) return order(`${child.key}: part ${child.index} of ${count}`);
  if (book.kept.letters.has(task.name) || book.kept.parts.get(task.name)?.has(child.index) === true)
    return order(`${child.key} made although the retry keeps what it came to`);
  return undefined;
}

function orderProblem({ book, child }: Moment, reading: Reading): Problem | undefined {
  const isFinally = reading.isFinally(child.task);
  if (book.stopped !== undefined && !isFinally)
    return order(`${child.key} made after the run was stopped (${book.stopped})`);
  const told = book.told.get(child.task);
  if (told !== undefined) return order(`${child.key} made although its task had ended (${told})`);
  if (isFinally) {
    const open = reading.spec.tasks.find(({ name }) => !isFinal(reading.letter(name)));
    if (open !== undefined) return order(`${child.key} of finally made before "${open.name}" has ended`);
  }
  const verdict = reading.verdict(child.task);
  if (verdict === "run") return undefined;
  const upstream = (reading.task(child.task)?.dependsOn ?? []).map((name) => `${name}=${reading.letter(name)}`);
  return order(`${child.key} made, its dependencies say "${verdict}": ${upstream.join(" ")}`);
}

function boundProblem({ book, child }: Moment, task: TaskDefinition, reading: Reading): Problem | undefined {
  const open = [...book.children.values()].filter(({ letter, deleted }) => letter === "R" && !deleted);
  const { maxParallelTasks = Infinity } = reading.spec;
  if (open.length > maxParallelTasks)
    return bound(`${open.length} under way in ${book.key}, at most ${maxParallelTasks} may be`);
  const { maxParallel = Infinity } = task.forEach ?? {};
  const parts = open.filter((one) => one.task === child.task);
  if (parts.length > maxParallel)
    return bound(`${parts.length} parts of "${task.name}" under way, at most ${maxParallel} may be`);
  return undefined;
}

/** Parts are asked for in the order of their indexes, whatever order the server makes them in. */
export function askingProblem(book: RunBook, metadata: unknown): Problem | undefined {
  const { labels = {} } = metadata as { readonly labels?: Readonly<Record<string, string>> };
  const [task = "", index = "0", round = "0"] = ["task", "index", "round"].map((name) => labels[`stint.dev/${name}`]);
  const place = (i: number): string => `${task}/${i}/${round}`;
  book.asked.add(place(Number(index)));
  const reading = book.reading();
  for (let i = 0; i < Number(index); i++) {
    if (!book.asked.has(place(i)) && reading?.part(task, i).letter === ".")
      return order(`part ${index} of "${task}" in ${book.key} asked for before part ${i}`);
  }
  return undefined;
}

/** What it was given: the texts of the definition, with values in the place of references. */
function contentProblem({ child, object }: Moment, task: TaskDefinition, reading: Reading): Problem | undefined {
  if (object.kind === "WorkflowRun") {
    const { params = {} } = (object as WorkflowRun).spec ?? {};
    return textProblem(child, reading, { defined: task.workflowRef?.params ?? {}, made: params });
  }
  const { spec } = object as TaskRun & { readonly spec?: { readonly rerun?: string } };
  if (spec?.rerun !== "Never") return definition(`${child.key} would run again when it is edited`);
  return textProblem(child, reading, { defined: task.template ?? {}, made: spec.template ?? {} });
}

function textProblem(
  child: Child,
  reading: Reading,
  { defined, made }: { readonly defined: unknown; readonly made: unknown },
): Problem | undefined {
  const texts = new Set(textsOf(made));
  for (const text of textsOf(defined)) {
    const want = reading.text(child.task, child.index, text);
    if (want === undefined)
      return { rule: "I9 Inputs", message: `${child.key} made, but there is no value for ${text}` };
    if (!texts.has(want)) {
      const rule = text === want ? "I8 OneDefinition" : "I9 Inputs";
      return { rule, message: `${child.key} lacks the text "${want}" (${text}): ${JSON.stringify(made)}` };
    }
  }
  return undefined;
}

/** What the operator may send in a patch: to its own children their wishes, to a person's run the owner alone. */
export function patchProblem(
  body: unknown,
  target: Stored | undefined,
  book: RunBook | undefined,
): Problem | undefined {
  if (!isRecord(body)) return contract("a patch that is no object");
  const { metadata = {}, spec = {}, ...rest } = body;
  if (Object.keys(rest).length > 0 || !isRecord(metadata) || !isRecord(spec)) return contract(JSON.stringify(body));
  const { uid, resourceVersion, ...sent } = metadata;
  if (typeof uid !== "string" && typeof resourceVersion !== "string") return contract(`a patch of no certain object`);
  const isChild = book !== undefined;
  const allowed = isChild ? ["annotations"] : ["ownerReferences"];
  const wishes = isChild ? ["cancel", "suspend", "retry"] : [];
  const odd = [
    ...Object.keys(sent).filter((name) => !allowed.includes(name)),
    ...Object.keys(spec).filter((name) => !wishes.includes(name)),
  ];
  if (odd.length > 0) return contract(`${target?.kind} ${target?.metadata.name} patched in ${odd.join(", ")}`);
  return undefined;
}

function order(message: string): Problem {
  return { rule: "I7 DagOrder", message };
}

function definition(message: string): Problem {
  return { rule: "I8 OneDefinition", message };
}

function bound(message: string): Problem {
  return { rule: "I10 Bounds", message };
}

function contract(message: string): Problem {
  return { rule: "Contract", message };
}
