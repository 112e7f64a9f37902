/**
 * What became of the TaskRuns of one node, one code per part. The parts of a node that is not mapped are one; such nodes share
 * one array of codes per run, so that 10,000 of them cost no 10,000 arrays.
 */
import { addIndex, deleteIndex, fullSet, firstIndex } from "./indexset.ts";
import type { IndexSet } from "./indexset.ts";
import { TaskState } from "./model.ts";
import type { Counts, Observed, PartState } from "./model.ts";

/** More than a PartState says. From Succeeded on they are final. */
export const Code = {
  Unstarted: 0,
  /** Handed out to be started; nothing is seen of it yet. */
  Starting: 1,
  Active: 2,
  Retrying: 3,
  Suspended: 4,
  Succeeded: 5,
  Failed: 6,
  Cancelled: 7,
} as const;
export type Code = (typeof Code)[keyof typeof Code];

export const CODE_OF: Readonly<Record<Observed, Code>> = {
  Active: Code.Active,
  Retrying: Code.Retrying,
  Suspended: Code.Suspended,
  Succeeded: Code.Succeeded,
  Failed: Code.Failed,
  Cancelled: Code.Cancelled,
};

/** By code. */
const STATE_OF: readonly PartState[] = [
  TaskState.Pending,
  TaskState.Running,
  TaskState.Running,
  TaskState.Running,
  TaskState.Running,
  TaskState.Succeeded,
  TaskState.Failed,
  TaskState.Cancelled,
];

/** By code: where it is counted. */
const COUNTED_AS: readonly Exclude<keyof Counts, "total" | "retrying">[] = [
  "pending",
  "running",
  "running",
  "running",
  "running",
  "succeeded",
  "failed",
  "cancelled",
];

export interface Parts {
  readonly total: number;
  /** Its codes begin at `at`. */
  readonly cells: Uint8Array;
  readonly at: number;
  /** Of a mapped node: the parts with code Unstarted. */
  readonly unstartedSet: IndexSet | undefined;
  unstarted: number;
  /** Started and not finished. */
  active: number;
  failed: number;
  cancelled: number;
  /** How many were started in this round, or before and seen in it. */
  made: number;
  /** Its place in the order in which nodes were opened; -1: it has not been opened yet, but has parts that are kept. */
  place: number;
}

/** All unstarted. `cells` and `at`: where to keep the only part of a node that is not mapped. */
export function newParts(total: number, shared?: { readonly cells: Uint8Array; readonly at: number }): Parts {
  const own = shared ?? { cells: new Uint8Array(total), at: 0 };
  own.cells[own.at] = Code.Unstarted;
  return {
    total,
    cells: own.cells,
    at: own.at,
    unstartedSet: shared === undefined ? fullSet(total) : undefined,
    unstarted: total,
    active: 0,
    failed: 0,
    cancelled: 0,
    made: 0,
    place: -1,
  };
}

export function codeAt(parts: Parts, part: number): number {
  return parts.cells[parts.at + part] ?? Code.Unstarted;
}

export function partStateAt(parts: Parts, part: number): PartState {
  return STATE_OF[codeAt(parts, part)] ?? TaskState.Pending;
}

/** Whether it is one of its parts. */
export function hasPart(parts: Parts, part: number): boolean {
  return Number.isInteger(part) && part >= 0 && part < parts.total;
}

/** Its counters follow; those of the run are the caller's. */
export function setCode(parts: Parts, part: number, to: Code): void {
  tally(parts, codeAt(parts, part), -1);
  tally(parts, to, 1);
  parts.cells[parts.at + part] = to;
  if (parts.unstartedSet === undefined) return;
  if (to === Code.Unstarted) addIndex(parts.unstartedSet, part);
  else deleteIndex(parts.unstartedSet, part);
}

function tally(parts: Parts, code: number, by: 1 | -1): void {
  if (code === Code.Unstarted) parts.unstarted += by;
  else if (isUnderWay(code)) parts.active += by;
  else if (code === Code.Failed) parts.failed += by;
  else if (code === Code.Cancelled) parts.cancelled += by;
}

/** Started and not finished. */
export function isUnderWay(code: number): boolean {
  return code >= Code.Starting && code <= Code.Suspended;
}

/** The least part that has not started. */
export function firstUnstarted(parts: Parts): number | undefined {
  if (parts.unstartedSet !== undefined) return firstIndex(parts.unstartedSet);
  return parts.unstarted > 0 ? 0 : undefined;
}

/** What the node came to; undefined while a part has not finished. */
export function endOf(parts: Parts): "Succeeded" | "Failed" | "Cancelled" | undefined {
  if (parts.unstarted + parts.active > 0) return undefined;
  if (parts.failed > 0) return TaskState.Failed;
  return parts.cancelled > 0 ? TaskState.Cancelled : TaskState.Succeeded;
}

/** One part more, or less, with this code in the counts of the run. */
export function countCode(counts: Counts, code: number, by: 1 | -1): void {
  counts[COUNTED_AS[code] ?? "pending"] += by;
  if (code === Code.Retrying) counts.retrying += by;
}

/** Added to the counts of the run, or taken out of them. */
export function countParts(counts: Counts, parts: Parts, by: 1 | -1): void {
  counts.total += by * parts.total;
  for (let part = 0; part < parts.total; part += 1) countCode(counts, codeAt(parts, part), by);
}
