/** Where a run stands: what its progress says and what the reference's story says, in the same form. */
import type { WorkflowRunStatus } from "../../api/types.ts";
import type { Counts } from "../../decide/workflow/model.ts";
import { outcomeOf, tasksOutcome } from "../../decide/workflow/outcome.ts";
import * as progress from "../../decide/workflow/progress.ts";
import type { RunProgress } from "../../decide/workflow/progress.ts";
import { isUnopened } from "../../decide/workflow/transitions.ts";
import * as reference from "./reference.ts";
import type { Story } from "./reference.ts";

type Stopped = WorkflowRunStatus["stopped"];

/** Lists that are compared one by one; the order of tasks is that of the spec. */
export type Standing = Readonly<
  Record<"states" | "parts" | "counts" | "ready" | "next" | "children" | "done" | "outcome", readonly unknown[]>
>;

const COUNTS: readonly (keyof Counts)[] = [
  "total",
  "pending",
  "running",
  "retrying",
  "succeeded",
  "failed",
  "upstreamFailed",
  "skipped",
  "cancelled",
];

export function isSame(a: Standing, b: Standing): boolean {
  const isSameList = (one: readonly unknown[], other: readonly unknown[]): boolean =>
    one.length === other.length && one.every((value, index) => value === other[index]);
  return (
    isSameList(a.states, b.states) &&
    isSameList(a.parts, b.parts) &&
    isSameList(a.counts, b.counts) &&
    isSameList(a.ready, b.ready) &&
    isSameList(a.next, b.next) &&
    isSameList(a.children, b.children) &&
    isSameList(a.done, b.done) &&
    isSameList(a.outcome, b.outcome)
  );
}

/** `held`: names of the nodes that takeReady gave and that are not decided yet. */
export function standingOf(run: RunProgress, held: readonly string[], stopped: Stopped): Standing {
  const { nodes } = run.graph;
  const next = progress.takeStart(run);
  if (next !== undefined) progress.putBack(run, next);
  return {
    states: nodes.map(({ index }) => progress.stateOf(run, index)),
    parts: nodes.flatMap(({ index, list }) => {
      const parts = list === "none" ? undefined : progress.partsOf(run, index);
      return parts === undefined ? ["none"] : Array.from({ length: parts.total }, (_, part) => parts.stateAt(part));
    }),
    counts: COUNTS.map((count) => run.counts[count]),
    // What was stopped or seen running meanwhile is held still, to be decided without effect.
    ready: nodes.map(({ index, name }) => held.includes(name) && isUnopened(run, index)),
    next: next === undefined ? [] : [nodes[next.node]?.name, next.part],
    children: [progress.activeCount(run), progress.suspendedCount(run), progress.failedSince(run)],
    done: [progress.tasksDone(run), progress.allDone(run)],
    outcome: progress.tasksDone(run) ? ends(run, stopped) : [],
  };
}

function ends(run: RunProgress, stopped: Stopped): readonly unknown[] {
  const { phase, causes } = outcomeOf(run, stopped);
  return [tasksOutcome(run, stopped), phase, ...causes.map((node) => run.graph.nodes[node]?.name)];
}

export function standingIn(story: Story, stopped: Stopped): Standing {
  const { entries } = story;
  const states = reference.statesOf(story);
  const facts = [...story.opened.values()].flat();
  const tasks = entries.filter(({ isFinally }) => !isFinally);
  const areDone = (some: readonly reference.Entry[]): boolean =>
    some.every(({ name }) => reference.isDone(states.get(name)));
  const counts = reference.countsOf(story, states);
  const ready = reference.readyOf(story, states);
  const next = reference.nextStart(story);
  const phaseOf = (some: readonly reference.Entry[]): string => reference.outcomeOf(some, states, stopped).phase;
  return {
    states: entries.map(({ name }) => states.get(name)),
    parts: entries.flatMap(({ name, isMapped }) => {
      const parts = isMapped ? reference.partsOf(story, states, name) : undefined;
      return parts === undefined ? ["none"] : parts.map(reference.partState);
    }),
    counts: COUNTS.map((count) => counts[count]),
    ready: entries.map(({ name }) => ready.includes(name)),
    next: next === undefined ? [] : [next.name, next.part],
    children: [
      facts.filter((fact) => reference.partState(fact) === "Running").length,
      facts.filter((fact) => fact === "Suspended").length,
      counts.failed - story.failedBefore,
    ],
    done: [areDone(tasks), areDone(entries)],
    outcome: areDone(tasks)
      ? [phaseOf(tasks), phaseOf(entries), ...reference.outcomeOf(entries, states, stopped).causes.slice(0, 10)]
      : [],
  };
}
