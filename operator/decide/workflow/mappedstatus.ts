/** status.mapped: the parts of mapped tasks as intervals, as an Indexed Job writes them. */
import type { WorkflowRunStatus } from "../../api/types.ts";
import { formatIntervals } from "./intervals.ts";
import { TaskState } from "./model.ts";
import type { PartState } from "./model.ts";
import { partsOf, stateOf } from "./progress.ts";
import type { RunProgress } from "./progress.ts";

type Entry = NonNullable<WorkflowRunStatus["mapped"]>[number];

/**
 * No status is above 256 KiB, and the rest of it needs less than 56. One mapped task with 10,000 parts in the worst order takes 48; only
 * thousands of mapped tasks come to more.
 */
const MAPPED_BYTES_MAX: number = 200 * 1024;
/** Names of fields, quotes, commas and the total of one entry. */
const ENTRY_BYTES = 90;

/**
 * In the order of the definition; undefined if there is none. What does not fit is left out, first what a restart can do without: tasks
 * whose parts all ended as they did themselves, then others that have ended; of those that run, what is left out is
 * found again by its TaskRuns.
 */
export function mappedStatus(progress: RunProgress): Entry[] | undefined {
  const entries: Entry[] = [];
  for (const node of progress.graph.nodes) {
    const parts = node.list === "none" ? undefined : partsOf(progress, node.index);
    if (parts === undefined) continue;
    entries.push(entryOf(node.name, parts));
  }
  if (entries.length === 0) return undefined;
  if (sum(entries) <= MAPPED_BYTES_MAX) return entries;
  return fitting(progress, entries);
}

function entryOf(
  task: string,
  parts: { readonly total: number; readonly stateAt: (part: number) => PartState },
): Entry {
  const { total, stateAt } = parts;
  const entry: Entry = { task, total };
  for (const [field, state] of FIELDS) {
    const intervals = formatIntervals(total, (part) => stateAt(part) === state);
    if (intervals !== "") entry[field] = intervals;
  }
  return entry;
}

const FIELDS = [
  ["running", TaskState.Running],
  ["succeeded", TaskState.Succeeded],
  ["failed", TaskState.Failed],
  ["cancelled", TaskState.Cancelled],
] as const;

function fitting(progress: RunProgress, entries: readonly Entry[]): Entry[] {
  const kept = new Set<Entry>();
  let left = MAPPED_BYTES_MAX;
  // Stable, so that within a rank the first in the definition stay.
  const byNeed = entries.toSorted((a, b) => needOf(progress, b) - needOf(progress, a));
  for (const entry of byNeed) {
    left -= bytesOf(entry);
    if (left >= 0) kept.add(entry);
  }
  return entries.filter((entry) => kept.has(entry));
}

function needOf(progress: RunProgress, entry: Entry): number {
  const node = progress.graph.byName.get(entry.task);
  const state = node === undefined ? TaskState.Pending : stateOf(progress, node);
  if (state === TaskState.Running || state === TaskState.Pending) return 2;
  const named = [entry.succeeded, entry.failed, entry.cancelled].filter((text) => text !== undefined);
  return named.length > 1 ? 1 : 0;
}

function sum(entries: readonly Entry[]): number {
  return entries.reduce((bytes, entry) => bytes + bytesOf(entry), 0);
}

/** At least as many as its JSON has: nothing in it needs an escape, or more than one byte. */
function bytesOf({ task, running = "", succeeded = "", failed = "", cancelled = "" }: Entry): number {
  return ENTRY_BYTES + task.length + running.length + succeeded.length + failed.length + cancelled.length;
}
