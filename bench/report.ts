/** Figures of all rounds -> a table of medians, each with its spread. */

import { median } from "./statistics.ts";

export interface Figures {
  readonly tasksPerSecond: number;
  /** CPU of kube-apiserver per task. */
  readonly serverCpuMs: number;
  /** Writes of pods and TaskRuns per task, whoever made them. */
  readonly allWrites: number;
  /** The operator's alone: */
  readonly ownCpuMs?: number;
  readonly ownWrites?: number;
  readonly peakMemoryMb?: number;
}

export interface Measured {
  readonly name: string;
  readonly round: number;
  readonly figures: Figures;
}

const COLUMNS: readonly { readonly key: keyof Figures; readonly title: string; readonly digits: number }[] = [
  { key: "tasksPerSecond", title: "tasks/s", digits: 1 },
  { key: "serverCpuMs", title: "API server CPU ms/task", digits: 1 },
  { key: "allWrites", title: "writes/task, all", digits: 2 },
  { key: "ownCpuMs", title: "own CPU ms/task", digits: 2 },
  { key: "ownWrites", title: "own writes/task", digits: 2 },
  { key: "peakMemoryMb", title: "peak MB", digits: 0 },
];
const GAP = "   ";

/** A row for each contestant, and the ratio of the last one's rate to the first one's, round by round. */
export function table(measured: readonly Measured[], tasks: number): string {
  const names = [...new Set(measured.map(({ name }) => name))];
  const rows = names.map((name) => {
    const own = measured.filter((one) => one.name === name).map((one) => one.figures);
    return [
      name,
      ...COLUMNS.map(({ key, digits }) =>
        cell(
          own.map((figures) => figures[key]),
          digits,
        ),
      ),
    ];
  });
  const lines = grid([["", ...COLUMNS.map(({ title }) => title)], ...rows]);
  const rounds = Math.max(...measured.map(({ round }) => round));
  const head = `bursts of ${tasks} TaskRuns whose pods end at once; median of ${rounds} (smallest - largest)`;
  return [head, "", ...lines, "", ratioLine(measured, names)].join("\n");
}

/** Lines whose columns stand below each other. */
export function grid(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

function ratioLine(measured: readonly Measured[], names: readonly string[]): string {
  const rate = (name: string | undefined, round: number): number | undefined =>
    measured.find((one) => one.name === name && one.round === round)?.figures.tasksPerSecond;
  const rounds = [...new Set(measured.map(({ round }) => round))];
  const ratios = rounds.map((round) => {
    const [base, ours] = [rate(names[0], round), rate(names.at(-1), round)];
    return base === undefined || ours === undefined ? undefined : ours / base;
  });
  return `${names.at(-1)} / ${names[0]}, tasks/s round by round: ${cell(ratios, 2)}`;
}

/** Median, smallest and largest of those that are known. */
export function cell(values: readonly (number | undefined)[], digits: number): string {
  const known = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  const [least, most] = [known[0], known.at(-1)];
  if (least === undefined || most === undefined) return "-";
  const show = (value: number): string => value.toFixed(digits);
  return known.length === 1 ? show(least) : `${show(median(known))} (${show(least)} - ${show(most)})`;
}
