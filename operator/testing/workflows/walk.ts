/**
 * A run walked through in any order of events, in the product's progress and in the reference's story at once. The walk is the world:
 * it knows which TaskRuns there are and how they are. After every event both must say the same.
 */
import { deepStrictEqual } from "node:assert/strict";
import type { WorkflowRunSpec, WorkflowRunStatus, WorkflowSpec } from "../../api/types.ts";
import { compileGraph } from "../../decide/workflow/graph.ts";
import type { FinalState, Graph, Observed, Slot } from "../../decide/workflow/model.ts";
import * as progress from "../../decide/workflow/progress.ts";
import type { RunProgress } from "../../decide/workflow/progress.ts";
import { restore } from "../../decide/workflow/restore.ts";
import { retryProgress } from "../../decide/workflow/retry.ts";
import { recordOf } from "./record.ts";
import * as reference from "./reference.ts";
import type { Part, Story } from "./reference.ts";
import { isSame, standingIn, standingOf } from "./standing.ts";
import * as storyline from "./storyline.ts";

type Retry = NonNullable<WorkflowRunSpec["retry"]>;
type Stopped = WorkflowRunStatus["stopped"];

const ENDS: readonly Observed[] = ["Succeeded", "Succeeded", "Succeeded", "Failed", "Failed", "Cancelled"];
const UNDER_WAY: readonly Observed[] = ["Active", "Retrying", "Suspended"];
const CONCLUSIONS: readonly FinalState[] = ["Skipped", "Skipped", "Failed"];
/** A run of the largest definition ends in fewer. */
const STEPS_MAX = 5_000;

/** A finite list of numbers that answers every question; once it is used up, with zeros, which lead a run to its end. */
export class Choices {
  readonly #numbers: readonly number[];
  #next = 0;
  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }
  get isOver(): boolean {
    return this.#next >= this.#numbers.length;
  }
  below(count: number): number {
    const number = this.#numbers[this.#next] ?? 0;
    this.#next += 1;
    return count === 0 ? 0 : number % count;
  }
  oneOf<T>(values: readonly T[]): T | undefined {
    return values[this.below(values.length)];
  }
}

/** A TaskRun, as it is now, whether that was seen already or not. */
interface Child {
  readonly part: Part;
  seen: Observed;
}

interface Snapshot {
  readonly story: Story;
  readonly status: Pick<WorkflowRunStatus, "states" | "mapped" | "stopped">;
}

/** What when and forEach came to; the same whenever they are asked within a round. */
type Decision = { readonly open: number } | { readonly conclude: FinalState };

export class Walk {
  readonly graph: Graph;
  /** What the walk came by, so that a test can tell that nothing was left out. */
  readonly happened: Set<string> = new Set<string>();
  #choices: Choices;
  #run: RunProgress;
  #story: Story;
  #stopped: Stopped = undefined;
  /** Ready nodes that are neither opened nor concluded yet. */
  #held: string[] = [];
  #decisions = new Map<string, Decision>();
  #children: Child[] = [];
  /** Parts whose TaskRun is being made, by a call that has not come back. */
  #making: Part[] = [];
  #recorded: Snapshot;
  #hasChanged = false;
  readonly #events: readonly (() => void)[];

  constructor(spec: WorkflowSpec, choices: Choices) {
    this.graph = compileGraph(spec);
    this.#choices = choices;
    this.#run = progress.startProgress(this.graph);
    this.#story = reference.newStory(spec);
    this.#recorded = this.#snapshot();
    this.#events = this.#weighted();
    this.compare();
  }

  #weighted(): readonly (() => void)[] {
    const [decide, start, end] = [() => this.#decide(), () => this.#start(), () => this.#end()];
    const often = [decide, decide, start, start, start, end, end];
    const seldom = [
      () => this.#see(),
      () => this.#seeAgain(),
      () => this.#seeNonsense(),
      () => this.#record(),
      () => this.#restart(),
      () => this.#delete(),
    ];
    const made = (): void => this.#made();
    const rare = [() => this.#concludeAny(), () => this.#stopNow(), () => this.#putBackAny()];
    return [...often, ...often, ...often, made, made, made, ...seldom, ...seldom, ...rare];
  }

  /** Events as long as there are choices, then all that is left to the end. @throws AssertionError where the two differ */
  play(): void {
    while (!this.#choices.isOver) this.#step();
    this.#finish();
  }

  #step(): void {
    this.#hasChanged = false;
    this.#choices.oneOf(this.#events)?.();
    this.#failFast();
    if (this.#hasChanged) this.compare();
  }

  #finish(): void {
    for (const part of this.#making.splice(0)) this.#putBack(part);
    for (const child of this.#children) this.#observe(child);
    for (let steps = 0; !progress.allDone(this.#run); steps += 1) {
      if (steps > STEPS_MAX) throw new Error("the run does not end");
      this.#decide();
      this.#start();
      this.#end();
      this.#failFast();
    }
    for (const state of reference.statesOf(this.#story).values()) this.#happened(state);
    this.compare();
  }

  /** Of a run that has ended, which then goes on by other choices. */
  retry(retry: Retry, choices: Choices): void {
    this.#choices = choices;
    const retried = retryProgress(this.#run, retry);
    const want = storyline.retriedStory(this.#story, retry);
    if ("problem" in retried) throw new Error(retried.problem);
    deepStrictEqual(retried.reset, want.reset);
    if (want.reset === 0) {
      deepStrictEqual(retried.progress === this.#run, true);
      return;
    }
    [this.#run, this.#story, this.#stopped, this.#held] = [retried.progress, want.story, undefined, []];
    this.#children = [];
    this.#making = [];
    this.#decisions.clear();
    this.#recorded = this.#snapshot();
    this.#happened(`retry ${retry.scope ?? "Failed"}`);
    if (this.#story.kept.size > 0) this.#happened("kept parts");
    this.compare();
  }

  /** @throws AssertionError that shows where progress (actual) and story (expected) differ */
  compare(): void {
    this.#takeReady();
    const found = standingOf(this.#run, this.#held, this.#stopped);
    const want = standingIn(this.#story, this.#stopped);
    if (!isSame(found, want)) deepStrictEqual(found, want);
  }

  #takeReady(): void {
    const taken: number[] = [];
    for (let node = progress.takeReady(this.#run); node !== undefined; node = progress.takeReady(this.#run))
      taken.push(node);
    const isInOrder = taken.every((node, at) => at === 0 || node > (taken[at - 1] ?? node));
    if (!isInOrder) throw new Error(`nodes ${taken.join(", ")} became ready by one event`);
    this.#held.push(...taken.map((node) => this.graph.nodes[node]?.name ?? ""));
  }

  #decide(): void {
    this.#takeReady();
    const name = this.#choices.oneOf(this.#held);
    if (name === undefined) return;
    this.#happened("decide");
    this.#held = this.#held.filter((other) => other !== name);
    const decision = this.#decisions.get(name) ?? this.#newDecision(name);
    this.#decisions.set(name, decision);
    if ("conclude" in decision) {
      progress.conclude(this.#run, this.#node(name), decision.conclude);
      storyline.tellDecided(this.#story, name, decision.conclude);
    } else {
      deepStrictEqual(progress.open(this.#run, this.#node(name), decision.open), true);
      storyline.tellOpen(this.#story, name, decision.open);
    }
    this.#takeReady();
  }

  #newDecision(name: string): Decision {
    if (this.#choices.below(6) === 5) return { conclude: this.#choices.oneOf(CONCLUSIONS) ?? "Skipped" };
    const kept = this.#story.kept.get(name)?.length;
    const isMapped = this.graph.nodes[this.#node(name)]?.list !== "none";
    // Most often as many as before a retry.
    if (kept !== undefined && this.#choices.below(4) < 3) return { open: kept };
    return { open: isMapped ? (this.#choices.below(5) + 2) % 5 : 1 };
  }

  /** Somebody concludes a task that waits, is held, or is open, where it must have no effect. */
  #concludeAny(): void {
    const name = this.#choices.oneOf(this.#story.entries)?.name;
    if (name === undefined) return;
    this.#happened("conclude");
    this.#decisions.set(name, { conclude: "Skipped" });
    this.#held = this.#held.filter((other) => other !== name);
    progress.conclude(this.#run, this.#node(name), "Skipped");
    storyline.tellDecided(this.#story, name, "Skipped");
  }

  /** A TaskRun is made. */
  #start(): void {
    const slot = progress.takeStart(this.#run);
    if (slot === undefined) return;
    this.#happened("start");
    const part = this.#partOf(slot);
    storyline.tellStart(this.#story, part);
    // Sometimes the call takes its time.
    if (this.#choices.below(4) === 3) this.#making.push(part);
    else this.#children.push({ part, seen: "Active" });
  }

  /** A call comes back: it made a TaskRun, or could not. */
  #made(): void {
    const part = this.#choices.oneOf(this.#making);
    if (part === undefined) return;
    this.#happened("made");
    this.#making = this.#making.filter((other) => other !== part);
    if (this.#choices.below(2) === 0) this.#children.push({ part, seen: "Active" });
    else this.#putBack(part);
  }

  #putBack({ name, part }: Part): void {
    progress.putBack(this.#run, { node: this.#node(name), part });
    storyline.tellPutBack(this.#story, { name, part });
    this.#takeReady();
  }

  /** What is put back although it was seen, was never handed out, or is nothing. */
  #putBackAny(): void {
    const name = this.#choices.oneOf(this.#story.entries)?.name;
    const part = this.#choices.below(4);
    if (name === undefined || this.#story.opened.get(name)?.[part] === "Unseen") return;
    this.#happened("putBack");
    this.#putBack({ name, part });
  }

  #end(): void {
    const child = this.#choices.oneOf(this.#children.filter(({ seen }) => UNDER_WAY.includes(seen)));
    if (child === undefined) return;
    child.seen = this.#choices.oneOf(ENDS) ?? "Succeeded";
    // Sometimes nobody looks until later.
    if (this.#choices.below(8) < 7) this.#observe(child);
  }

  #see(): void {
    const child = this.#choices.oneOf(this.#children.filter(({ seen }) => UNDER_WAY.includes(seen)));
    if (child === undefined) return;
    child.seen = this.#choices.oneOf(UNDER_WAY) ?? "Active";
    this.#observe(child);
  }

  #seeAgain(): void {
    const child = this.#choices.oneOf(this.#children);
    if (child !== undefined) this.#observe(child);
  }

  /** What was seen before comes again late, out of order, and of parts there are not. */
  #seeNonsense(): void {
    const child = this.#choices.oneOf(this.#children);
    const late = child !== undefined && !UNDER_WAY.includes(child.seen) && this.#isOver(child.part);
    if (late) this.#observe({ ...child, seen: this.#choices.oneOf([...UNDER_WAY, ...ENDS]) ?? "Active" });
    this.#happened("nonsense");
    for (const slot of [
      { node: this.graph.nodes.length, part: 0 },
      { node: -1, part: 0 },
      { node: 0, part: 10_000 },
      { node: 0, part: -1 },
    ])
      progress.observe(this.#run, slot, "Failed");
  }

  #isOver({ name, part }: Part): boolean {
    const fact = this.#story.opened.get(name)?.[part];
    return fact !== undefined && reference.isDone(reference.partState(fact));
  }

  /** Somebody deletes a TaskRun. */
  #delete(): void {
    const child = this.#choices.oneOf(this.#children);
    if (child === undefined) return;
    this.#children = this.#children.filter((other) => other !== child);
    this.#observe({ ...child, seen: "Failed" });
  }

  #observe({ part, seen }: Child): void {
    this.#happened("observe");
    progress.observe(this.#run, { node: this.#node(part.name), part: part.part }, seen);
    storyline.tellSeen(this.#story, part, seen);
    if (this.#story.early.size > 0) this.#happened("seen early");
    this.#takeReady();
  }

  #failFast(): void {
    if (this.graph.failFast && progress.failedSince(this.#run) > 0) this.#stop("FailFast");
  }

  #stopNow(): void {
    this.#stop(this.#choices.below(2) === 0 ? "Cancelled" : "DeadlineExceeded");
  }

  /** It is recorded at once, with what follows from it. */
  #stop(reason: NonNullable<Stopped>): void {
    if (this.#stopped !== undefined) return;
    this.#happened(reason);
    this.#stopped = reason;
    progress.stop(this.#run);
    storyline.tellStop(this.#story);
    this.#record();
  }

  #record(): void {
    this.#recorded = this.#snapshot();
  }

  #snapshot(): Snapshot {
    const status = { ...recordOf(this.#run), ...(this.#stopped === undefined ? {} : { stopped: this.#stopped }) };
    return { status, story: storyline.retold(this.#story) };
  }

  /** The operator begins anew, from the last record, and looks at all TaskRuns, in any order. */
  #restart(): void {
    this.#happened("restart");
    if (this.#choices.below(2) === 0) this.#record();
    const { progress: run, recordedRunning } = restore(this.graph, this.#recorded.status);
    this.#run = run;
    this.#story = storyline.retold(this.#recorded.story);
    this.#held = [];
    this.#making = [];
    deepStrictEqual(
      recordedRunning.map((slot) => this.#partOf(slot)),
      reference.runningOf(this.#story),
    );
    this.compare();
    const isThere = ({ name, part }: Part): boolean =>
      this.#children.some((child) => child.part.name === name && child.part.part === part);
    for (const child of this.#shuffled(this.#children)) this.#observe(child);
    for (const part of recordedRunning.map((slot) => this.#partOf(slot)))
      if (!isThere(part)) this.#observe({ part, seen: "Failed" });
  }

  #happened(what: string): void {
    this.#hasChanged = true;
    this.happened.add(what);
  }

  #shuffled<T>(values: readonly T[]): readonly T[] {
    const left = [...values];
    return values.flatMap(() => left.splice(this.#choices.below(left.length), 1));
  }

  #node(name: string): number {
    return this.graph.byName.get(name) ?? -1;
  }

  #partOf({ node, part }: Slot): Part {
    return { name: this.graph.nodes[node]?.name ?? "", part };
  }
}
