/**
 * What a run must come to, worked out the slow way: a story is what has been decided and seen so far, told plainly, and every
 * question walks over all of it again. No counters, no queues, no order of events but where the rules speak of one.
 */
import type { WorkflowRunStatus, WorkflowSpec } from "../../api/types.ts";
import type { Counts, FinalState, Observed, PartState, TaskState, TriggerRule } from "../../decide/workflow/model.ts";

/** What is known of a part. Unseen: handed out to be started. */
export type PartFact = Observed | "Unstarted" | "Unseen";

export interface Story {
  readonly spec: WorkflowSpec;
  readonly entries: readonly Entry[];
  /** Ends that do not come from a rule or from parts: by when, by a stop, from a record, from an earlier round. */
  readonly decided: Map<string, FinalState>;
  /** In the order in which they were opened. */
  readonly opened: Map<string, PartFact[]>;
  /** Parts of what waits that stay if it is opened with as many. */
  readonly kept: Map<string, PartFact[]>;
  /** Seen of parts of a mapped task before it was opened. */
  readonly early: Map<string, Map<number, Observed>>;
  /** Names of tasks, once for each of their parts that was started in this round. */
  readonly made: string[];
  isStopped: boolean;
  /** How many tasks and parts had failed when the story began, or began anew. */
  failedBefore: number;
}

export function newStory(spec: WorkflowSpec): Story {
  return {
    spec,
    entries: entriesOf(spec),
    decided: new Map(),
    opened: new Map(),
    kept: new Map(),
    early: new Map(),
    made: [],
    isStopped: false,
    failedBefore: 0,
  };
}

export interface Entry {
  readonly name: string;
  readonly isFinally: boolean;
  readonly dependsOn: readonly string[];
  readonly rule: TriggerRule;
  readonly isMapped: boolean;
  readonly listIsStatic: boolean;
  readonly maxParallel: number;
}

function entriesOf({ tasks, finally: last = [] }: WorkflowSpec): readonly Entry[] {
  const plain = (entry: (typeof tasks)[number], isFinally: boolean): Entry => ({
    name: entry.name,
    isFinally,
    dependsOn: entry.dependsOn ?? [],
    rule: entry.triggerRule ?? "AllSucceeded",
    isMapped: entry.forEach !== undefined,
    listIsStatic: entry.forEach?.result === undefined,
    maxParallel: entry.forEach?.maxParallel ?? Infinity,
  });
  return [...tasks.map((task) => plain(task, false)), ...last.map((task) => plain(task, true))];
}

export function isDone(state: TaskState | undefined): state is FinalState {
  return state !== undefined && state !== "Pending" && state !== "Running";
}

function isFailed(state: TaskState | undefined): boolean {
  return state === "Failed" || state === "Cancelled" || state === "UpstreamFailed";
}

type Upstream = readonly (TaskState | undefined)[];

/** The table of trigger rules: when a task runs, and what it comes to if everything upstream is done and it does not. */
const RULES: Readonly<Record<TriggerRule, readonly [(up: Upstream) => boolean, (up: Upstream) => FinalState]>> = {
  AllSucceeded: [
    (up) => up.every((state) => state === "Succeeded"),
    (up) => (up.some(isFailed) ? "UpstreamFailed" : "Skipped"),
  ],
  AllDone: [(up) => up.every(isDone), () => "Skipped"],
  AllFailed: [(up) => up.every(isFailed), () => "Skipped"],
  OneSucceeded: [
    (up) => up.includes("Succeeded"),
    (up) => (up.every((state) => state === "Skipped") ? "Skipped" : "UpstreamFailed"),
  ],
  OneFailed: [(up) => up.some(isFailed), () => "Skipped"],
  NoneFailed: [(up) => up.every(isDone) && !up.some(isFailed), () => "UpstreamFailed"],
  NoneFailedMinOneSuccess: [
    (up) => up.every(isDone) && !up.some(isFailed) && up.includes("Succeeded"),
    (up) => (up.some(isFailed) ? "UpstreamFailed" : "Skipped"),
  ],
  NoneSkipped: [(up) => up.every(isDone) && !up.includes("Skipped"), () => "Skipped"],
  Always: [() => true, () => "Skipped"],
};

export type States = ReadonlyMap<string, TaskState>;

/** Where every task stands: looked at again and again until nothing changes any more. */
export function statesOf(story: Story): States {
  const states = new Map<string, TaskState>();
  for (let changed = true; changed;) {
    changed = false;
    for (const entry of story.entries) {
      const state = stateNow(story, entry, states);
      changed ||= states.get(entry.name) !== state;
      states.set(entry.name, state);
    }
  }
  return states;
}

function stateNow(story: Story, entry: Entry, states: States): TaskState {
  const decided = story.decided.get(entry.name);
  if (decided !== undefined) return decided;
  const facts = story.opened.get(entry.name);
  if (facts !== undefined) return stateOfParts(story, entry.name, facts);
  if (entry.isFinally || entry.dependsOn.length === 0) return "Pending";
  const upstream = entry.dependsOn.map((name) => states.get(name));
  const [runs, otherwise] = RULES[entry.rule];
  return runs(upstream) || !upstream.every(isDone) ? "Pending" : otherwise(upstream);
}

function stateOfParts(story: Story, name: string, facts: readonly PartFact[]): TaskState {
  const states = facts.map(partState);
  if (!states.every(isDone)) return story.made.includes(name) ? "Running" : "Pending";
  if (states.includes("Failed")) return "Failed";
  return states.includes("Cancelled") ? "Cancelled" : "Succeeded";
}

export function partState(fact: PartFact): PartState {
  switch (fact) {
    case "Unstarted":
      return "Pending";
    case "Unseen":
    case "Active":
    case "Retrying":
    case "Suspended":
      return "Running";
    case "Succeeded":
    case "Failed":
    case "Cancelled":
      return fact;
  }
}

/** Names of what is to be opened or concluded now, in the order of the spec. */
export function readyOf(story: Story, states: States): readonly string[] {
  const tasksAreDone = story.spec.tasks.every(({ name }) => isDone(states.get(name)));
  return story.entries.flatMap(({ name, isFinally, dependsOn, rule }) => {
    if (isDone(states.get(name)) || story.opened.has(name)) return [];
    const upstream = dependsOn.map((other) => states.get(other));
    const runs = isFinally ? tasksAreDone : upstream.length === 0 || RULES[rule][0](upstream);
    return runs ? [name] : [];
  });
}

/** What a task counts by: its parts where they are known, else itself. */
export function countedOf(story: Story, states: States, name: string): readonly (PartFact | TaskState)[] {
  const state = states.get(name) ?? "Pending";
  return partsOf(story, states, name) ?? [state];
}

export function countsOf(story: Story, states: States): Counts {
  const all = story.entries.flatMap(({ name }) => countedOf(story, states, name));
  const count = (...which: readonly (PartFact | TaskState)[]): number =>
    all.filter((one) => which.includes(one)).length;
  return {
    total: all.length,
    pending: count("Pending", "Unstarted"),
    running: count("Unseen", "Active", "Retrying", "Suspended"),
    retrying: count("Retrying"),
    succeeded: count("Succeeded"),
    failed: count("Failed"),
    upstreamFailed: count("UpstreamFailed"),
    skipped: count("Skipped"),
    cancelled: count("Cancelled"),
  };
}

/** Of a task whose parts are known, or were, and stay for when it is opened. */
export function partsOf(story: Story, states: States, name: string): readonly PartFact[] | undefined {
  return story.opened.get(name) ?? (isDone(states.get(name)) ? undefined : story.kept.get(name));
}

export function runningOf({ opened }: Story): readonly Part[] {
  return [...opened].flatMap(([name, facts]) =>
    [...facts.entries()].flatMap(([part, fact]) => (partState(fact) === "Running" ? [{ name, part }] : [])),
  );
}

export interface Part {
  readonly name: string;
  readonly part: number;
}

/** The part that starts next, if any may. */
export function nextStart(story: Story): Part | undefined {
  if (runningOf(story).length >= (story.spec.maxParallelTasks ?? Infinity)) return undefined;
  for (const [name, facts] of story.opened) {
    const { isFinally, maxParallel } = entryOf(story, name);
    const underWay = facts.filter((fact) => partState(fact) === "Running").length;
    const part = facts.indexOf("Unstarted");
    if (part >= 0 && underWay < maxParallel && (isFinally || !story.isStopped)) return { name, part };
  }
  return undefined;
}

export function entryOf({ entries }: Story, name: string): Entry {
  const entry = entries.find((one) => one.name === name);
  if (entry === undefined) throw new Error(`there is no task ${name}`);
  return entry;
}

const HANDLING: ReadonlySet<TriggerRule> = new Set<TriggerRule>(["AllFailed", "OneFailed", "OneSucceeded"]);

/** What these tasks came to, and those that failed and that nothing dealt with. */
export function outcomeOf(
  entries: readonly Entry[],
  states: States,
  stopped: WorkflowRunStatus["stopped"],
): { readonly phase: string; readonly causes: readonly string[] } {
  const hasHandled = (other: Entry): boolean => HANDLING.has(other.rule) && states.get(other.name) === "Succeeded";
  const isHandled = (name: string): boolean =>
    entries.some((other) => other.dependsOn.includes(name) && hasHandled(other));
  const causes = entries
    .map(({ name }) => name)
    .filter((name) => states.get(name) === "Failed" || (states.get(name) === "Cancelled" && stopped === undefined))
    .filter((name) => !isHandled(name));
  if (stopped === "Cancelled") return { phase: "Cancelled", causes };
  return { phase: stopped !== undefined || causes.length > 0 ? "Failed" : "Succeeded", causes };
}
