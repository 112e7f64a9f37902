import { describe, expect, it } from "vitest";
import { SimClock } from "./clock.ts";
import { Random } from "./random.ts";

const LIMITS = { done: (): boolean => false, untilMs: 1_000_000, stepsMax: 1000 };

describe("virtual time", () => {
  it("runs events in the order of their times and stands still in between", async () => {
    const clock = new SimClock(new Random("1"));
    const seen: [string, number][] = [];
    clock.after(500, () => seen.push(["late", clock.now]));
    clock.after(10, () => seen.push(["early", clock.now]));
    await expect(clock.run(LIMITS)).resolves.toBe("empty");
    expect(seen).toEqual([
      ["early", 10],
      ["late", 500],
    ]);
  });

  it("orders simultaneous events by the seed, and by nothing else", async () => {
    const orderOf = async (seed: string): Promise<string> => {
      const clock = new SimClock(new Random(seed));
      let order = "";
      for (const name of "abcdefgh") clock.after(5, () => (order += name));
      await clock.run(LIMITS);
      return order;
    };
    const wantSame = await orderOf("1");
    await expect(orderOf("1")).resolves.toBe(wantSame);
    const others = await Promise.all(["2", "3", "4"].map(orderOf));
    expect(others.some((order) => order !== wantSame)).toBe(true);
  });

  it("drains promises after an event that wakes somebody, before the next one", async () => {
    const clock = new SimClock(new Random("1"));
    const seen: string[] = [];
    const chain = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) await Promise.resolve();
      seen.push("chain");
    };
    clock.wake(1, () => void chain());
    clock.after(2, () => seen.push("next"));
    await clock.run(LIMITS);
    expect(seen).toEqual(["chain", "next"]);
  });

  it("forgets what was called off and stops at its limits", async () => {
    const clock = new SimClock(new Random("1"));
    let runs = 0;
    const off = clock.after(5, () => runs++);
    off();
    const again = (): void => {
      clock.after(10, again);
    };
    again();
    await expect(clock.run({ ...LIMITS, untilMs: 95 })).resolves.toBe("time");
    expect(clock.now).toBe(95);
    expect(runs).toBe(0);
    await expect(clock.run({ ...LIMITS, stepsMax: 20 })).resolves.toBe("steps");
  });
});
