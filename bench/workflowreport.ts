/** Figures of workflows, all rounds -> plain tables. */
import type { OwnWrites } from "./audited.ts";
import type { Hop } from "./hops.ts";
import { cell, grid } from "./report.ts";
import { spreadOf, type Spread } from "./statistics.ts";
import type { KilledFigures, WorkflowFigures } from "./throughworkflow.ts";
import type { BareFigures } from "./walk.ts";

/** One round of one case. */
export interface Round {
  /** Such as `wide 1,000`. */
  readonly title: string;
  readonly size: number;
  readonly bare: BareFigures;
  readonly operator: WorkflowFigures;
}

export interface KilledRound {
  readonly title: string;
  readonly killed: KilledFigures;
}

type Column<T> = readonly [title: string, digits: number, of: (one: T) => number | undefined];

const MAIN: readonly Column<Round>[] = [
  ["makespan s", 1, ({ operator }) => operator.seconds],
  ["R makespan s", 1, ({ bare }) => bare.seconds],
  ["times R", 2, ({ bare, operator }) => operator.seconds / bare.seconds],
  ["tasks/s", 1, ({ size, operator }) => size / operator.seconds],
  ["own CPU ms/task", 2, ({ operator }) => operator.ownCpuMs],
  ["API server CPU ms/task", 1, ({ operator }) => operator.serverCpuMs],
  ["R API server CPU", 1, ({ bare }) => bare.serverCpuMs],
  ["peak MB", 0, ({ operator }) => operator.peakMemoryMb],
  ["status bytes", 0, ({ operator }) => operator.statusBytes],
  ["valid after s", 2, ({ operator }) => operator.validSeconds],
];

function perTask(kind: Exclude<keyof OwnWrites, "words">): (round: Round) => number {
  return ({ size, operator }) => operator.writes[kind] / size;
}

const WRITES: readonly Column<Round>[] = [
  ["TaskRun creates", 3, perTask("taskRunCreates")],
  ["pod creates", 3, perTask("podCreates")],
  ["TaskRun status", 3, perTask("taskRunStatus")],
  ["WorkflowRun status", 3, perTask("workflowRunStatus")],
  ["other", 3, perTask("other")],
  ["refused", 3, perTask("refused")],
  ["changed nothing, in all", 0, ({ operator }) => operator.changedNothing],
];

const KILLED: readonly Column<KilledRound>[] = [
  ["over at the kill", 0, ({ killed }) => killed.overAtKill],
  ["start to ready ms", 0, ({ killed }) => killed.startToReadyMs],
  ["ready to first write ms", 0, ({ killed }) => killed.readyToFirstWriteMs],
  ["start to first write ms", 0, ({ killed }) => killed.startToFirstWriteMs],
  ["ends unrecorded at the start", 0, ({ killed }) => killed.backlog],
  ["all recorded after ms", 0, ({ killed }) => killed.caughtUpMs],
  ["written by unanswered calls", 0, ({ killed }) => killed.unanswered],
  ["writes that changed nothing", 0, ({ killed }) => killed.changedNothing],
  ["duplicates", 0, ({ killed }) => killed.duplicates],
  ["creates met what was there", 0, ({ killed }) => killed.repeatedCreates],
];

/** The parts of a hop, and what each of them is. */
const HOP_ROWS: readonly (readonly [string, keyof Hop])[] = [
  ["own share", "own"],
  ["  pod ended -> TaskRun status sent", "toStatus"],
  ["  status answered -> next TaskRun sent", "toTaskRun"],
  ["  TaskRun answered -> its pod sent", "toPod"],
  ["API server, on the two calls in between", "server"],
  ["whole: pod ended -> next pod sent", "whole"],
];

const HOP_NOTE = `All times are the API server's own, from its audit log (microseconds). "Sent" is when the server received the call,
"ended" and "answered" when it had answered: the pod's terminal status is written by the simulated kubelet. The own
share so holds, besides the operator, the event's way through the server's watch and the calls' way to the server, and the
wait for a CPU. So does R's, which does nothing else: what is above it is the operator's.`;

/** All there is to say; empty sections are left out. */
export function workflowReport(rounds: readonly Round[], killed: readonly KilledRound[]): string {
  const sections: string[] = [];
  if (rounds.length > 0) {
    sections.push(
      [`Workflows whose pods end at once; ${countOf(rounds)}`, "", ...table(rounds, MAIN)].join("\n"),
      "R: a bare loader that walks the same graph with the same writes of TaskRuns and pods, in the same invocation.",
      ["The operator's own writes per task, by the audit log:", "", ...table(rounds, WRITES)].join("\n"),
      ...wordsOf(rounds),
    );
  }
  for (const [title, ofTitle] of byTitle(rounds)) {
    const hops = ofTitle.flatMap(({ operator }) => operator.hops);
    const lines = hopTable(
      hops,
      ofTitle.flatMap(({ bare }) => bare.hops),
    );
    if (hops.length > 0)
      sections.push([`${title}: ms per hop, ${hops.length} hops of all rounds`, "", ...lines].join("\n"));
  }
  if (rounds.some(({ operator }) => operator.hops.length > 0)) sections.push(HOP_NOTE);
  if (killed.length > 0) {
    const head = `The operator killed (SIGKILL) when half of the tasks were over, and started at once; ${countOf(killed)}`;
    sections.push([head, "", ...table(killed, KILLED)].join("\n"));
  }
  return sections.join("\n\n");
}

/** One row for each case, columns as rows where there are more of them than fit on a line: read downwards. */
function table<T extends { readonly title: string }>(
  rounds: readonly T[],
  columns: readonly Column<T>[],
): readonly string[] {
  const groups = [...byTitle(rounds)];
  const head = ["", ...groups.map(([title]) => title)];
  const rows = columns.map(([name, digits, of]) => [name, ...groups.map(([, group]) => cell(group.map(of), digits))]);
  return grid([head, ...rows]);
}

function hopTable(own: readonly Hop[], bare: readonly Hop[]): readonly string[] {
  const cells = (hops: readonly Hop[], key: keyof Hop): readonly string[] => {
    const spread = spreadOf(hops.map((hop) => hop[key]));
    return HOP_COLUMNS.map((column) => spread?.[column].toFixed(1) ?? "-");
  };
  const rows = HOP_ROWS.map(([name, key]) => [name, ...cells(own, key), ...cells(bare, key)]);
  return grid([["", ...HOP_COLUMNS, ...HOP_COLUMNS.map((column) => `R ${column}`)], ...rows]);
}

const HOP_COLUMNS = ["p50", "p90", "p99", "max"] as const satisfies readonly (keyof Spread)[];

/** What hides behind "other" and "refused". */
function wordsOf(rounds: readonly Round[]): readonly string[] {
  return [...byTitle(rounds)].flatMap(([title, group]) => {
    const sums = new Map<string, number>();
    for (const { operator } of group) {
      for (const [word, count] of Object.entries(operator.writes.words)) sums.set(word, (sums.get(word) ?? 0) + count);
    }
    const said = [...sums].map(([word, count]) => `${count} ${word}`).join("; ");
    return said === "" ? [] : [`${title}, other and refused, all rounds: ${said}`];
  });
}

function countOf(rounds: readonly { readonly title: string }[]): string {
  const count = Math.max(...[...byTitle(rounds).values()].map((group) => group.length));
  return count === 1 ? "one round" : `median of ${count} rounds (smallest - largest)`;
}

function byTitle<T extends { readonly title: string }>(rounds: readonly T[]): ReadonlyMap<string, readonly T[]> {
  return Map.groupBy(rounds, ({ title }) => title);
}
