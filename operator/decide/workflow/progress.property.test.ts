/** Any definition, walked through in any order of events, restarts and retries, stands where the reference says it stands. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WorkflowRunSpec, WorkflowSpec } from "../../api/types.ts";
import { anySpec } from "../../testing/workflows/anyspec.ts";
import { Choices, Walk } from "../../testing/workflows/walk.ts";

type Retry = NonNullable<WorkflowRunSpec["retry"]>;

/** WALKS=200000 looks longer for what is rare. */
const WALKS = Number(process.env["WALKS"] ?? 10_000);
/** One takes 1 ms on a machine that has nothing else to do. */
const WALK_MS_MAX = 60;

const choices = (maxLength: number): fc.Arbitrary<readonly number[]> =>
  fc.array(fc.nat(0xffff), { maxLength, size: "max" });
const retry = fc.record({
  scope: fc.constantFrom("Failed" as const, "Failed" as const, "Tasks" as const, "TasksAndDownstream" as const),
  named: fc.array(fc.nat(20), { maxLength: 2 }),
  numbers: choices(25),
});
const retries = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 2, arbitrary: fc.tuple(retry) },
  { weight: 1, arbitrary: fc.tuple(retry, retry) },
);

function retryOf(spec: WorkflowSpec, scope: NonNullable<Retry["scope"]>, named: readonly number[]): Retry {
  const names = [...spec.tasks, ...(spec.finally ?? [])].map(({ name }) => name);
  const tasks = named.flatMap((number) => names[number % Math.max(1, names.length)] ?? []);
  return { id: "again", scope, ...(scope === "Failed" ? {} : { tasks }) };
}

/** What walks must have come by, each in at least one of a hundred. */
const HAPPENED = [
  "decide",
  "conclude",
  "start",
  "made",
  "putBack",
  "observe",
  "nonsense",
  "seen early",
  "restart",
  "Cancelled",
  "DeadlineExceeded",
  "FailFast",
  "retry Failed",
  "retry Tasks",
  "retry TasksAndDownstream",
  "kept parts",
  "Succeeded",
  "Failed",
  "UpstreamFailed",
  "Skipped",
];

describe("a run", () => {
  it(
    "stands where the reference says after every event",
    () => {
      const happened = new Map<string, number>();
      fc.assert(
        fc.property(anySpec, choices(40), retries, (spec, numbers, rounds) => {
          const walk = new Walk(spec, new Choices(numbers));
          walk.play();
          for (const { scope, named, numbers: more } of rounds) {
            walk.retry(retryOf(spec, scope, named), new Choices(more));
            walk.play();
          }
          for (const what of walk.happened) happened.set(what, (happened.get(what) ?? 0) + 1);
        }),
        { numRuns: WALKS },
      );

      expect(HAPPENED.filter((what) => (happened.get(what) ?? 0) < WALKS / 100)).toEqual([]);
    },
    WALKS * WALK_MS_MAX,
  );
});
