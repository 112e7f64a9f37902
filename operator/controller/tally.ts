/**
 * What becomes of TaskRuns, their pods and WorkflowRuns, counted as it changes: nothing is ever walked over to count it. Ends
 * are counted when a store shows them: then they are recorded, whatever became of the reply to our write. What had ended before
 * this process began is in no counter.
 */
import { timeMs } from "../api/decode.ts";
import { Phase, Reason } from "../api/names.ts";
import type { Port } from "../api/port.ts";
import { TERMINAL_PHASES } from "../api/records.ts";
import type { PodRecord, TaskRunRecord, WorkflowRunRecord } from "../api/records.ts";
import { isForeign } from "../decide/taskrun/facts.ts";

/** A status can be written by others, too: no word of theirs is counted apart. */
const REASONS: ReadonlySet<string> = new Set(["none", ...Object.values(Reason)]);

/** An object whose status has times, a phase and conditions. */
type Ending = TaskRunRecord | WorkflowRunRecord;

export class Tally {
  readonly #port: Port;
  readonly #taskRuns: Counts;
  readonly #unfinished: Counts;
  readonly #workflowRuns: Counts;

  constructor(port: Port) {
    this.#port = port;
    const { meter } = port;
    this.#taskRuns = new Counts((phase, count) => meter.set("taskRuns", { phase }, count));
    this.#unfinished = new Counts((reason, count) => meter.set("taskRunsUnfinished", { reason }, count));
    this.#workflowRuns = new Counts((phase, count) => meter.set("workflowRuns", { phase }, count));
  }

  /** A TaskRun came, changed or went. */
  taskRun(before: TaskRunRecord | undefined, after: TaskRunRecord | undefined): void {
    const { meter } = this.#port;
    this.#taskRuns.move(before?.status.phase, after?.status.phase);
    this.#unfinished.move(unfinishedFor(before), unfinishedFor(after));
    if (before === undefined || before.uid !== after?.uid) return;
    this.#attemptsEnded(before, after);
    const phase = newEnd(before, after);
    if (phase === undefined) return;
    meter.count("taskRunsEnded", { phase, reason: reasonOf(after) });
    const seconds = spanSeconds(after.status.startTime, after.status.completionTime);
    if (seconds !== undefined) meter.observe("taskRunDuration", { phase }, seconds);
  }

  /** A WorkflowRun came, changed or went. */
  workflowRun(before: WorkflowRunRecord | undefined, after: WorkflowRunRecord | undefined): void {
    const { meter } = this.#port;
    this.#workflowRuns.move(before?.status.phase, after?.status.phase);
    if (before === undefined || before.uid !== after?.uid) return;
    const phase = newEnd(before, after);
    if (phase === undefined) return;
    meter.count("workflowRunsEnded", { phase, reason: reasonOf(after) });
    const { retry, startTime, completionTime } = after.status;
    // A retry has a start of its own: the days until somebody retried are not its time.
    const seconds = spanSeconds(retry?.startTime ?? startTime, completionTime);
    if (seconds !== undefined) meter.observe("workflowRunDuration", { phase }, seconds);
  }

  /** A pod came or changed, after the first lists. */
  pod(before: PodRecord | undefined, after: PodRecord, owner: TaskRunRecord | undefined): void {
    const { meter } = this.#port;
    if (before === undefined && owner?.uid === after.ownerUid && owner?.status.phase !== Phase.Suspended) {
      const seconds = spanSeconds(owner?.unstartedSince, after.createdAt);
      if (seconds !== undefined) meter.observe("podDelay", {}, seconds);
    }
    if (before?.main.startedAt !== undefined || after.main.startedAt === undefined) return;
    const seconds = spanSeconds(after.createdAt, after.main.startedAt);
    if (seconds !== undefined) meter.observe("startDelay", {}, seconds);
  }

  #attemptsEnded(before: TaskRunRecord, after: TaskRunRecord): void {
    const recorded = before.status.attempts?.at(-1)?.number ?? 0;
    for (const { number, reason, class: whose = "none" } of after.status.attempts ?? []) {
      if (number > recorded) this.#port.meter.count("attempts", { reason, class: whose });
    }
  }
}

/** How many there are of each word. */
class Counts {
  readonly #set: (word: string, count: number) => void;
  readonly #counts = new Map<string, number>();

  constructor(set: (word: string, count: number) => void) {
    this.#set = set;
  }

  move(from: string | undefined, to: string | undefined): void {
    if (from === to) return;
    this.#add(from, -1);
    this.#add(to, 1);
  }

  #add(word: string | undefined, by: number): void {
    if (word === undefined) return;
    const count = (this.#counts.get(word) ?? 0) + by;
    this.#counts.set(word, count);
    this.#set(word, count);
  }
}

/** What is left to another controller waits for nothing of ours, and would wait for ever where nobody writes its status. */
function unfinishedFor(taskRun: TaskRunRecord | undefined): string | undefined {
  if (taskRun === undefined || isForeign(taskRun) || TERMINAL_PHASES.has(taskRun.status.phase ?? "")) return undefined;
  const reason = reasonOf(taskRun);
  return REASONS.has(reason) ? reason : "other";
}

function reasonOf({ status }: Ending): string {
  return status.conditions?.find(({ type }) => type === "Succeeded")?.reason ?? "none";
}

/** The final phase, if it was not reached before, or was reached anew. */
function newEnd(before: Ending, after: Ending): string | undefined {
  const phase = after.status.phase ?? "";
  if (!TERMINAL_PHASES.has(phase) || TERMINAL_PHASES.has(before.status.phase ?? "")) return undefined;
  return phase;
}

/** Nothing where a time is missing; never less than 0: clocks of nodes differ from the API server's. */
function spanSeconds(from: string | undefined, to: string | undefined): number | undefined {
  const [fromMs, toMs] = [timeMs(from), timeMs(to)];
  return fromMs === undefined || toMs === undefined ? undefined : Math.max(0, toMs - fromMs) / 1000;
}
