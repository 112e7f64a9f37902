/** What can happen to a story of reference.ts, one function for each event. */
import type { WorkflowRunSpec } from "../../api/types.ts";
import type { FinalState, Observed } from "../../decide/workflow/model.ts";
import { countedOf, countsOf, entryOf, isDone, newStory, partState, statesOf } from "./reference.ts";
import type { Part, PartFact, Story } from "./reference.ts";

export function tellOpen(story: Story, name: string, total: number): void {
  if (isOver(story, name) || story.opened.has(name)) return;
  if (total === 0) {
    tellDecided(story, name, "Skipped");
    return;
  }
  const kept = story.kept.get(name);
  story.opened.set(name, kept?.length === total ? kept : Array.from({ length: total }, () => "Unstarted"));
  const early = story.early.get(name) ?? [];
  story.early.delete(name);
  for (const [part, seen] of early) tellSeen(story, { name, part }, seen);
}

export function tellDecided(story: Story, name: string, state: FinalState): void {
  if (!isOver(story, name) && !story.opened.has(name)) story.decided.set(name, state);
}

export function tellStart(story: Story, { name, part }: Part): void {
  setFact(story, { name, part }, "Unseen");
}

export function tellPutBack(story: Story, { name, part }: Part): void {
  if (story.opened.get(name)?.[part] !== "Unseen") return;
  setFact(story, { name, part }, story.isStopped && !entryOf(story, name).isFinally ? "Cancelled" : "Unstarted");
  story.made.splice(story.made.indexOf(name), 1);
}

export function tellSeen(story: Story, { name, part }: Part, seen: Observed): void {
  if (isOver(story, name)) return;
  const isMapped = entryOf(story, name).isMapped;
  if (!story.opened.has(name) && isMapped) {
    story.early.set(name, (story.early.get(name) ?? new Map<number, Observed>()).set(part, seen));
    return;
  }
  if (!story.opened.has(name)) story.opened.set(name, ["Unstarted"]);
  const fact = story.opened.get(name)?.[part];
  if (fact !== undefined && !isDone(partState(fact))) setFact(story, { name, part }, seen);
}

/** Everything without a TaskRun is Cancelled. */
export function tellStop(story: Story): void {
  if (story.isStopped) return;
  const states = statesOf(story);
  story.isStopped = true;
  for (const { name } of story.spec.tasks) {
    if (isDone(states.get(name))) continue;
    const facts = story.opened.get(name) ?? factsAtStop(story, name);
    if (facts.length === 0) story.decided.set(name, "Cancelled");
    else
      story.opened.set(
        name,
        facts.map((fact) => (fact === "Unstarted" ? "Cancelled" : fact)),
      );
  }
}

/** A task that was not open may have parts from before this round, and parts whose TaskRuns were seen. */
function factsAtStop(story: Story, name: string): readonly PartFact[] {
  const early = story.early.get(name) ?? new Map<number, Observed>();
  const kept = story.kept.get(name) ?? [];
  const total = Math.max(kept.length, ...[...early.keys()].map((part) => part + 1));
  story.made.push(...[...early.keys()].map(() => name));
  return Array.from({ length: total }, (_, part) => {
    const before = total === kept.length ? kept[part] : undefined;
    return before !== undefined && isDone(partState(before)) ? before : (early.get(part) ?? "Unstarted");
  });
}

function isOver(story: Story, name: string): boolean {
  return isDone(statesOf(story).get(name));
}

function setFact(story: Story, { name, part }: Part, fact: PartFact): void {
  const facts = story.opened.get(name) ?? [];
  if (facts[part] === "Unstarted") story.made.push(name);
  facts[part] = fact;
}

/**
 * What a record of the story tells again: ends, and the parts of mapped tasks. What was under way is Active; what was opened without
 * having started anything is open no more; the order of opening is lost.
 */
export function retold(story: Story): Story {
  const states = statesOf(story);
  const again = newStory(story.spec);
  again.isStopped = story.isStopped;
  for (const { name, isMapped } of story.entries) {
    const state = states.get(name) ?? "Pending";
    const facts = countedOf(story, states, name).map((fact): PartFact => plain(fact));
    const hasParts = story.opened.has(name) || (story.kept.has(name) && !isDone(state));
    if (state === "Pending" && hasParts && isMapped) again.kept.set(name, facts);
    else if (state === "Running" || (isDone(state) && hasParts)) again.opened.set(name, facts);
    else if (isDone(state)) again.decided.set(name, state);
    if (state === "Running") again.made.push(...facts.filter((fact) => fact !== "Unstarted").map(() => name));
  }
  return begun(again);
}

function begun(story: Story): Story {
  story.failedBefore = countsOf(story, statesOf(story)).failed;
  return story;
}

function plain(fact: string): PartFact {
  switch (fact) {
    case "Unseen":
    case "Active":
    case "Retrying":
    case "Suspended":
      return "Active";
    case "Succeeded":
    case "Failed":
    case "Cancelled":
      return fact;
    default:
      return "Unstarted";
  }
}

type Retry = NonNullable<WorkflowRunSpec["retry"]>;

/** The story of the next round, and how many tasks and parts run again; the same story if none. */
export function retriedStory(story: Story, retry: Retry): { readonly story: Story; readonly reset: number } {
  const states = statesOf(story);
  const reset = resetBy(story, retry);
  if (reset.size === 0) return { story, reset: 0 };
  const again = newStory(story.spec);
  let count = 0;
  for (const { name } of story.entries) {
    const state = states.get(name);
    const facts = story.opened.get(name);
    if (reset.has(name)) {
      const kept = keptFacts(story, name, { retry, reset });
      if (kept !== undefined) again.kept.set(name, kept);
      count += (kept ?? facts)?.filter((fact) => kept === undefined || fact === "Unstarted").length ?? 1;
    } else if (facts !== undefined) again.opened.set(name, [...facts]);
    else if (isDone(state)) again.decided.set(name, state);
  }
  return { story: begun(again), reset: count };
}

/** Of a mapped task that is reset, if some stay: those that succeeded, the others unstarted. */
function keptFacts(
  story: Story,
  name: string,
  { retry, reset }: { readonly retry: Retry; readonly reset: ReadonlySet<string> },
): PartFact[] | undefined {
  const { isFinally, isMapped, listIsStatic } = entryOf(story, name);
  const isSameList = listIsStatic || !isDownstreamOf(story, name, reset);
  if ((retry.scope ?? "Failed") !== "Failed" || isFinally || !isMapped || !isSameList) return undefined;
  return story.opened.get(name)?.map((fact) => (fact === "Succeeded" ? fact : "Unstarted"));
}

function resetBy(story: Story, retry: Retry): ReadonlySet<string> {
  const states = statesOf(story);
  const named = new Set(retry.tasks ?? []);
  const failed = new Set<string>();
  for (const [name, state] of states) if (state !== "Succeeded" && state !== "Skipped") failed.add(name);
  const isInScope = (name: string): boolean => {
    switch (retry.scope ?? "Failed") {
      case "Tasks":
        return named.has(name);
      case "TasksAndDownstream":
        return named.has(name) || isDownstreamOf(story, name, named);
      case "Failed":
        return failed.has(name) || (states.get(name) !== "Succeeded" && isDownstreamOf(story, name, failed));
    }
  };
  const hit = story.entries.filter(({ name }) => isInScope(name));
  return new Set(
    [...hit, ...story.entries.filter(({ isFinally }) => isFinally && hit.length > 0)].map(({ name }) => name),
  );
}

function isDownstreamOf(story: Story, name: string, others: ReadonlySet<string>): boolean {
  return entryOf(story, name).dependsOn.some((other) => others.has(other) || isDownstreamOf(story, other, others));
}
