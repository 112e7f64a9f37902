/**
 * What every status of a WorkflowRun must satisfy: by itself, against the one before, and against what became of the run's
 * TaskRuns (I11 RunStatus, I12 RunEnd). `book` has taken the new status over.
 */
import { abnormalityProblem, isTerminalPhase } from "../objects.ts";
import type { Problem } from "../statusrules.ts";
import { indexesOf, resetBy, type RunBook } from "./book.ts";
import { isFinal, type Letter, type MappedStatus, nodesOf, type RunStatus, type WorkflowRun } from "./objects.ts";
import type { Reading } from "./reading.ts";

/** Ends of runs that have started nothing. */
const NEVER_STARTED: ReadonlySet<string> = new Set(["InvalidWorkflow", "InvalidParams", "TooDeep"]);

/** What does not need to know the run: a status beside the one before. */
export function changeProblem(was: WorkflowRun, is: WorkflowRun): Problem | undefined {
  const { status: before = {} } = was;
  const { status: after = {} } = is;
  const isRetry = before.retry?.id !== after.retry?.id;
  const moved = FIXED.find((field) => before[field] !== undefined && before[field] !== after[field]);
  if (moved !== undefined) {
    const rule = moved === "startTime" ? "I11 RunStatus" : "I8 OneDefinition";
    return { rule, message: `${moved} changed from ${before[moved]} to ${after[moved]}` };
  }
  if ((after.observedGeneration ?? 0) < (before.observedGeneration ?? 0)) return status("observedGeneration went back");
  return (
    (isRetry ? retryProblem(is, before, after) : (stoppedProblem(is, before) ?? finalProblem(before, after))) ??
    agreement(after) ??
    countProblem(after)
  );
}

/** Why a run was stopped is said once, and truly. */
function stoppedProblem({ spec, status: after = {} }: WorkflowRun, before: RunStatus): Problem | undefined {
  if (before.stopped === after.stopped) return undefined;
  if (before.stopped !== undefined) return status(`stopped changed from ${before.stopped} to ${after.stopped}`);
  return after.stopped === "Cancelled" && spec?.cancel !== true ? end("cancelled, but nobody said so") : undefined;
}

/** What never changes once it stands. */
const FIXED = ["revision", "workflowGeneration", "startTime"] as const;

function finalProblem(before: RunStatus, after: RunStatus): Problem | undefined {
  if (!isTerminalPhase(before.phase)) return undefined;
  for (const field of ["phase", "completionTime", "states"] as const) {
    if (before[field] !== after[field])
      return end(`${field} changed from ${before[field]} to ${after[field]} after the end`);
  }
  return undefined;
}

function retryProblem(run: WorkflowRun, before: RunStatus, after: RunStatus): Problem | undefined {
  const { retry } = after;
  if (retry === undefined) return end("the record of a retry vanished");
  if (!isTerminalPhase(before.phase)) return end(`acted on the retry "${retry.id}" before the end`);
  const { spec } = run;
  if (spec?.retry?.id !== retry.id) return end(`acted on a retry "${retry.id}" that nobody asked for`);
  if (spec.cancel === true) return end(`acted on the retry "${retry.id}" of a run that is to be cancelled`);
  return roundProblem(before, after, retry);
}

function roundProblem(
  before: RunStatus,
  after: RunStatus,
  retry: NonNullable<RunStatus["retry"]>,
): Problem | undefined {
  const round = before.retry?.round ?? 0;
  if (retry.message !== undefined) {
    if ((retry.round ?? 0) !== round)
      return end(`round ${retry.round} of a retry that ran nothing, after round ${round}`);
    return finalProblem(before, after);
  }
  // What never began begins now, if it can.
  if (before.revision === undefined) return undefined;
  if (retry.round !== round + 1) return end(`round ${retry.round} follows round ${round}`);
  const isOpen = !isTerminalPhase(after.phase) && after.completionTime === undefined && after.stopped === undefined;
  return isOpen ? undefined : end(`${after.phase}, ${after.completionTime}, ${after.stopped} at the start of a retry`);
}

/** Phase and condition come from one thought. */
function agreement(after: RunStatus): Problem | undefined {
  const condition = after.conditions?.find(({ type }) => type === "Succeeded");
  const isOver = isTerminalPhase(after.phase);
  const want = isOver ? (after.phase === "Succeeded" ? "True" : "False") : "Unknown";
  if (condition?.status !== want) return status(`phase ${after.phase} but condition Succeeded=${condition?.status}`);
  const abnormality = abnormalityProblem(after.phase, after.conditions);
  if (abnormality !== "") return status(abnormality);
  if (isOver !== (after.completionTime !== undefined))
    return status(`phase ${after.phase}, completionTime ${after.completionTime}`);
  return undefined;
}

function countProblem({ tasks, progress }: RunStatus): Problem | undefined {
  const { total = 0, pending = 0, running = 0, retrying = 0, ...ends } = tasks ?? {};
  const done = Object.values(ends).reduce((sum, count) => sum + count, 0);
  if (pending + running + done !== total) return status(`counts do not come to ${total}: ${JSON.stringify(tasks)}`);
  if (retrying > running) return status(`${retrying} of ${running} running tasks are retrying`);
  if (progress !== undefined && progress !== `${done}/${total}`)
    return status(`progress ${progress}, counts say ${done}/${total}`);
  return undefined;
}

/** Against what became of the run's children. `told`: final letters before this status. */
export function truthProblem(run: WorkflowRun, book: RunBook, told: ReadonlyMap<string, Letter>): Problem | undefined {
  const { status: now = {} } = run;
  const reading = book.reading();
  const reason = now.conditions?.find(({ type }) => type === "Succeeded")?.reason ?? "";
  const open = [...book.children.values()].find(({ letter, deleted }) => letter === "R" && !deleted);
  const isOver = isTerminalPhase(now.phase);
  // Nobody can say what is to follow from the end of a TaskRun once the definition is gone.
  if (reason === "RevisionLost") return undefined;
  if (isOver && open !== undefined) return end(`${now.phase} while ${open.key} has not ended`);
  if (NEVER_STARTED.has(reason)) return book.children.size === 0 ? undefined : end(`${reason} after it had started`);
  if (reading === undefined)
    return isOver && now.phase !== "Cancelled" ? end(`${now.phase} (${reason}) before it had started`) : undefined;
  return statesProblem(now, { reading, told, book }) ?? mappedProblem(now, reading) ?? outcomeProblem(now, reading);
}

interface Known {
  readonly reading: Reading;
  readonly told: ReadonlyMap<string, Letter>;
  readonly book: RunBook;
}

function statesProblem({ states }: RunStatus, { reading, told, book }: Known): Problem | undefined {
  const nodes = nodesOf(reading.spec);
  if (states === undefined) return told.size === 0 ? undefined : status("states are gone");
  if (states.length !== nodes.length) return status(`${states.length} states of ${nodes.length} tasks`);
  for (const [i, { name }] of nodes.entries()) {
    const letter = states[i] as Letter;
    const before = book.kept.letters.get(name) ?? told.get(name);
    if (before !== undefined && letter !== before) return status(`"${name}" was ${before}, is ${letter}`);
    if (before !== undefined || letter === ".") continue;
    const expected = reading.expected(name);
    if (isFinal(letter) && !expected.includes(letter))
      return status(`"${name}" is said to be ${letter}, it is ${expected.join(" or ")} (${states})`);
    if (letter === "R" && !beganAny(reading, name)) return status(`"${name}" is said to run, nothing was made for it`);
  }
  return undefined;
}

function beganAny(reading: Reading, name: string): boolean {
  return (reading.elements(name) ?? []).some((_, i) => reading.part(name, i).letter !== ".");
}

function mappedProblem({ mapped = [] }: RunStatus, reading: Reading): Problem | undefined {
  for (const entry of mapped) {
    const problem = partsProblem(entry, reading);
    if (problem !== undefined) return status(`parts of "${entry.task}": ${problem}`);
  }
  return undefined;
}

function partsProblem({ task, total, ...said }: MappedStatus, reading: Reading): string | undefined {
  if (reading.task(task)?.forEach === undefined) return "it has none";
  if (reading.elements(task)?.length !== total) return `${total}, not ${reading.elements(task)?.length}`;
  const { running = "", succeeded = "", failed = "", cancelled = "" } = said;
  const all = [running, succeeded, failed, cancelled].flatMap(indexesOf);
  if (new Set(all).size !== all.length || all.some((i) => i >= total)) return JSON.stringify(said);
  return endedAs(succeeded, "S", task, reading) ?? endedAs(failed, "F", task, reading);
}

function endedAs(indexes: string, want: Letter, task: string, reading: Reading): string | undefined {
  const wrong = indexesOf(indexes).find((i) => {
    const { letter, unclear } = reading.part(task, i);
    return letter !== want && unclear !== true;
  });
  return wrong === undefined ? undefined : `${wrong} is said to be ${want}, it is ${reading.part(task, wrong).letter}`;
}

function outcomeProblem({ phase, states = "" }: RunStatus, reading: Reading): Problem | undefined {
  if (!isTerminalPhase(phase)) return undefined;
  const open = nodesOf(reading.spec).find((_, i) => !isFinal(states[i] as Letter));
  if (open !== undefined) return end(`${phase} with states ${states}`);
  const want = reading.outcome();
  return phase === want ? undefined : end(`${phase}, the states ${states} come to ${want}`);
}

/** Of a retry that has just been recorded: what it resets is open again, and it is right where it resets nothing. */
export function resetProblem(run: WorkflowRun, before: Reading | undefined): Problem | undefined {
  const { status: { retry, states = "" } = {}, spec } = run;
  if (before === undefined || retry === undefined) return undefined;
  const { scope = "Failed", tasks = [] } = spec?.retry ?? {};
  const isKnown = tasks.every((name) => before.task(name) !== undefined);
  const reset = isKnown ? resetBy(before, { scope, tasks }) : new Set<string>();
  if (retry.message !== undefined)
    return reset.size === 0 ? undefined : end(`the retry ran nothing, it was to run ${[...reset].join(", ")}`);
  if (reset.size === 0) return end("the retry began although there is nothing to run again");
  return reopenedProblem(before, reset, states);
}

function reopenedProblem(before: Reading, reset: ReadonlySet<string>, states: string): Problem | undefined {
  for (const [i, { name }] of nodesOf(before.spec).entries()) {
    const letter = states[i] as Letter;
    // What depends on something that is kept as it ended may have come to its own end by that at once.
    const isOpen = !isFinal(letter) || letter === "K" || letter === "U";
    if (reset.has(name) && !isOpen) return end(`the retry does not reset "${name}": ${states}`);
    if (!reset.has(name) && letter !== before.letter(name)) return end(`the retry resets "${name}": ${states}`);
  }
  return undefined;
}

function status(message: string): Problem {
  return { rule: "I11 RunStatus", message };
}

function end(message: string): Problem {
  return { rule: "I12 RunEnd", message };
}
