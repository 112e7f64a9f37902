import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { childName, generationOfRun, revisionName, runName } from "./names.ts";

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const OBJECT_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

describe("the name of a task's TaskRun", () => {
  it.each([
    ["a task", ["sales-1-bcdfgh", "load", undefined, 0], "sales-1-bcdfgh-load"],
    ["a part", ["sales-1-bcdfgh", "load", 7, 0], "sales-1-bcdfgh-load-7"],
    ["a task that is retried", ["sales-1-bcdfgh", "load", undefined, 2], "sales-1-bcdfgh-load-r2"],
    ["a part that is retried", ["sales-1-bcdfgh", "load", 0, 2], "sales-1-bcdfgh-load-0-r2"],
    ["63 characters", ["r".repeat(30), "t".repeat(32), undefined, 0], `${"r".repeat(30)}-${"t".repeat(32)}`],
  ] as const)("says all of %s", (_, [run, task, index, round], want) => {
    expect(childName(run, task, index, round)).toBe(want);
  });

  it("is cut where it would be too long, and says run, task, part and round all the same", () => {
    const [run, task] = ["nightly-import-of-all-sales-12-bcdfgh", "load-customers-from-the-warehouse"];

    expect(childName(run, task, 9999, 12)).toMatch(
      /^nightly-import-[a-z0-9-]*load-customers-from-[a-z-]*-[a-z0-9]{10}-9999-r12$/,
    );
  });

  const label = fc.stringMatching(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
  const objectName = fc
    .stringMatching(/^[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?){0,5}$/)
    .filter((name) => name.length <= 63);
  const index = fc.option(fc.nat(9999), { nil: undefined });
  const round = fc.nat(100);

  it("is a DNS label if the run's name is one", () => {
    fc.assert(
      fc.property(label, label, index, round, (run, task, part, retry) => {
        const name = childName(run, task, part, retry);

        expect(name).toMatch(LABEL);
        expect(name.length).toBeLessThanOrEqual(63);
      }),
    );
  });

  it("is the name of an object if the run's name is one", () => {
    fc.assert(
      fc.property(objectName, label, index, round, (run, task, part, retry) => {
        const name = childName(run, task, part, retry);

        expect(name).toMatch(OBJECT_NAME);
        expect(name.length).toBeLessThanOrEqual(63);
      }),
    );
  });

  it("is another one for each of 10,000 tasks and parts with long names", () => {
    const run = "nightly-import-of-all-sales-of-all-regions-12-bcdfgh";
    const task = (number: number): string => `load-customers-from-the-warehouse-of-region-${number}`;
    const tasks = Array.from({ length: 10_000 }, (_, number) => childName(run, task(number), undefined, 0));
    const parts = Array.from({ length: 10_000 }, (_, number) => childName(run, task(0), number, 1));

    expect(new Set([...tasks, ...parts]).size).toBe(20_000);
  });

  it("that was cut is never that of another run's or task's child, though both begin alike", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(label, label, index, round), { selector: String, maxLength: 50 }), (all) => {
        const long = all.map(
          ([run, task, ...rest]) => [`${"x".repeat(25)}${run}`, `${"y".repeat(35)}${task}`, ...rest] as const,
        );

        expect(new Set(long.map((one) => childName(...one))).size).toBe(long.length);
      }),
    );
  });

  it("is another one where run and task share their letters differently", () => {
    const [a, b] = ["a".repeat(40), "b".repeat(40)];

    expect(childName(`${a}-c`, b, undefined, 0)).not.toBe(childName(a, `c-${b}`, undefined, 0));
  });
});

describe("the names of runs and revisions", () => {
  it("say workflow and generation, and differ if the Workflow was created again", () => {
    expect(runName("sales", 12, "uid-1")).toMatch(/^sales-12-[a-z0-9]{6}$/);
    expect(runName("sales", 12, "uid-2")).not.toBe(runName("sales", 12, "uid-1"));
    expect(revisionName("sales", 12, "uid-1")).toMatch(/^sales-12-[a-z0-9]{6}$/);
  });

  it("tell the runs that OnApply started from all others, and for which generation", () => {
    const cut = "w".repeat(63);

    expect(generationOfRun(runName("sales-7", 12, "uid-1"), "sales-7", "uid-1")).toBe(12);
    expect(generationOfRun(runName(cut, 1_000_000, "uid-1"), cut, "uid-1")).toBe(1_000_000);
    expect(generationOfRun(runName("sales", 12, "uid-2"), "sales", "uid-1")).toBeUndefined();
    expect(generationOfRun("sales-12-bcdfgh", "sales", "uid-1")).toBeUndefined();
    expect(generationOfRun("by-hand", "sales", "uid-1")).toBeUndefined();
  });

  it("fit a label", () => {
    expect(runName("w".repeat(63), 1_000_000, "uid-1")).toHaveLength(63);
  });
});
