import { expect, it, vi } from "vitest";
import { MAX_TIMER_MS, systemClock } from "./clock.ts";

it("runs in a later turn when there is no delay", async () => {
  const order: string[] = [];
  const done = new Promise<void>((resolve) => {
    systemClock().after(0, () => {
      order.push("later");
      resolve();
    });
  });
  order.push("now");
  await done;

  expect(order).toEqual(["now", "later"]);
});

it.each([0, 1])("does not run what was called off (delay %i)", async (delayMs) => {
  let runs = 0;
  const callOff = systemClock().after(delayMs, () => (runs += 1));
  callOff();
  await new Promise((resolve) => setTimeout(resolve, 20));

  expect(runs).toBe(0);
});

it("waits the whole of a delay longer than a timer can hold", () => {
  vi.useFakeTimers();
  let runs = 0;
  systemClock().after(MAX_TIMER_MS + 1_000, () => (runs += 1));

  vi.advanceTimersByTime(MAX_TIMER_MS + 999);
  const early = runs;
  vi.advanceTimersByTime(1);
  vi.useRealTimers();

  expect([early, runs]).toEqual([0, 1]);
});

it("measures spans with a clock that never goes back", () => {
  const clock = systemClock();
  const first = clock.monotonic();

  expect(clock.monotonic()).toBeGreaterThanOrEqual(first);
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000);
});

it("waits ten years, the longest time to live, to the millisecond", () => {
  vi.useFakeTimers();
  const tenYearsMs = 315_360_000_000;
  let runs = 0;
  systemClock().after(tenYearsMs, () => (runs += 1));

  vi.advanceTimersByTime(tenYearsMs - 1);
  const early = runs;
  vi.advanceTimersByTime(1);
  vi.useRealTimers();

  expect([early, runs]).toEqual([0, 1]);
});
