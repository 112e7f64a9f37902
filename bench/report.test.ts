import { expect, it } from "vitest";
import { table, type Measured } from "./report.ts";

it("lines up medians with their spread, and compares round by round", () => {
  const of = (name: string, round: number, tasksPerSecond: number, own = {}): Measured => ({
    name,
    round,
    figures: { tasksPerSecond, serverCpuMs: 10, allWrites: 6, ...own },
  });
  const own = { ownCpuMs: 1.5, ownWrites: 2, peakMemoryMb: 99.6 };
  const text = table([of("R", 1, 100), of("us", 1, 90, own), of("R", 2, 50), of("us", 2, 49, own)], 300);

  expect(text.split("\n")).toEqual([
    "bursts of 300 TaskRuns whose pods end at once; median of 2 (smallest - largest)",
    "",
    "     tasks/s               API server CPU ms/task   writes/task, all     own CPU ms/task      own writes/task      peak MB",
    "R    75.0 (50.0 - 100.0)   10.0 (10.0 - 10.0)       6.00 (6.00 - 6.00)   -                    -                    -",
    "us   69.5 (49.0 - 90.0)    10.0 (10.0 - 10.0)       6.00 (6.00 - 6.00)   1.50 (1.50 - 1.50)   2.00 (2.00 - 2.00)   100 (100 - 100)",
    "",
    "us / R, tasks/s round by round: 0.94 (0.90 - 0.98)",
  ]);
});
