/** Definitions of every shape, small enough to be walked through a thousand times a second. */
import * as fc from "fast-check";
import { TRIGGER_RULES } from "../../api/names.ts";
import type { WorkflowSpec } from "../../api/types.ts";
import type { FinallySpec, TaskSpec, TriggerRule } from "../../decide/workflow/model.ts";
import { aFinallyTask, aTask } from "./specs.ts";

const TASKS_MAX = 12;
const FINALLY_MAX = 2;

interface Draw {
  /** Bit i: it depends on the i-th of those that may come before it. */
  readonly upstream: number;
  readonly rule: TriggerRule;
  readonly list: "none" | "static" | "result";
  readonly maxParallel: number | undefined;
}

const sometimes = (max: number): fc.Arbitrary<number | undefined> =>
  fc.option(fc.integer({ min: 1, max }), { nil: undefined, freq: 2 });
const edges = fc.nat(2 ** TASKS_MAX - 1);
const lists = fc.constantFrom<Draw["list"]>("none", "none", "static", "result");
const draws: fc.Arbitrary<Draw> = fc.record({
  // Three in eight of all edges.
  upstream: fc.tuple(edges, edges, edges).map(([a, b, c]) => a & (b | c)),
  rule: fc.constantFrom("AllSucceeded", ...TRIGGER_RULES),
  list: lists,
  maxParallel: sometimes(3),
});

/** Valid but for results that a list is made of. Tasks are not in the order of their dependencies. */
export const anySpec: fc.Arbitrary<WorkflowSpec> = fc
  .record({
    tasks: fc.array(draws, { maxLength: TASKS_MAX, size: "max" }),
    last: fc.array(draws, { maxLength: FINALLY_MAX, size: "max" }),
    turn: fc.nat(TASKS_MAX),
    maxParallelTasks: sometimes(4),
    failFast: fc.constantFrom(false, false, true),
  })
  .map(({ tasks, last, turn, maxParallelTasks, failFast }) => {
    const made = tasks.map((draw, index) => taskOf(draw, index));
    const shift = made.length === 0 ? 0 : turn % made.length;
    return {
      tasks: [...made.slice(shift), ...made.slice(0, shift)],
      ...(last.length > 0 ? { finally: last.map((draw, index) => finallyOf(draw, index)) } : {}),
      ...(maxParallelTasks === undefined ? {} : { maxParallelTasks }),
      ...(failFast ? { onFailure: "FailFast" as const } : {}),
    };
  });

function taskOf(draw: Draw, index: number): TaskSpec {
  const before = Array.from({ length: index }, (_, other) => other).filter((other) => (draw.upstream >> other) & 1);
  return aTask(`t${index}`, {
    ...(before.length > 0 ? { dependsOn: before.map((other) => `t${other}`) } : {}),
    ...(draw.rule === "AllSucceeded" ? {} : { triggerRule: draw.rule }),
    ...forEachOf(draw),
  });
}

function finallyOf(draw: Draw, index: number): FinallySpec {
  return aFinallyTask(`f${index}`, forEachOf(draw));
}

function forEachOf({ list, maxParallel }: Draw): Pick<TaskSpec, "forEach"> {
  const bound = maxParallel === undefined ? {} : { maxParallel };
  switch (list) {
    case "none":
      return {};
    case "static":
      return { forEach: { range: { end: 1 }, ...bound } };
    case "result":
      return { forEach: { result: "$(tasks.t0.results.list)", ...bound } };
  }
}
