import { describe, expect, it } from "vitest";
import { EPOCH_MS, SimClock } from "./clock.ts";
import { Machine } from "./machine.ts";
import { Random } from "./random.ts";

interface Bench {
  readonly clock: SimClock;
  readonly machine: Machine;
  /** What happened, and when in true time. */
  readonly log: (readonly [string, number])[];
  readonly note: (what: string) => () => void;
  readonly run: () => Promise<unknown>;
}

function bench(rate = 1): Bench {
  const clock = new SimClock(new Random("machine"));
  const log: (readonly [string, number])[] = [];
  return {
    clock,
    machine: new Machine({ clock, rate }),
    log,
    note: (what) => () => log.push([what, clock.now]),
    run: () => clock.run({ done: () => false, untilMs: 100_000, stepsMax: 1000 }),
  };
}

describe("a machine", () => {
  it("with a slow clock lets timers come late", async () => {
    const { machine, log, note, run } = bench(0.5);
    machine.after(1000, note("timer"));
    machine.arrive(1000, note("reply"));
    await run();
    expect(log).toEqual([["reply", 1000], ["timer", 2000]]); // prettier-ignore
  });

  it("that is stopped looks at everything afterwards, in the order in which it came", async () => {
    const { clock, machine, log, note, run } = bench();
    machine.pause("stopped");
    machine.arrive(100, note("first"));
    machine.after(200, note("timer"));
    machine.arrive(300, note("second"));
    clock.after(5000, () => machine.resume(false));
    await run();
    expect(log).toEqual([["first", 5000], ["timer", 5000], ["second", 5000]]); // prettier-ignore
  });

  it("may look at its timers first", async () => {
    const { clock, machine, log, note, run } = bench();
    machine.pause("stopped");
    machine.arrive(100, note("reply"));
    machine.after(200, note("timer"));
    clock.after(5000, () => machine.resume(true));
    await run();
    expect(log.map(([what]) => what)).toEqual(["timer", "reply"]);
  });

  it("that sleeps counts no monotonic time meanwhile, but wall time", async () => {
    const { clock, machine, log, note, run } = bench();
    machine.after(2000, note("timer"));
    clock.after(500, () => machine.pause("asleep"));
    clock.after(10_500, () => {
      machine.resume(false);
      expect([machine.monotonicMs, machine.wallMs]).toEqual([500, EPOCH_MS + 10_500]);
    });
    await run();
    expect(log).toEqual([["timer", 12_000]]);
  });

  it("runs nothing of a process that is gone", async () => {
    const { clock, machine, log, note, run } = bench();
    machine.pause("stopped");
    machine.arrive(100, note("reply"));
    clock.after(500, () => machine.forget());
    await run();
    expect(log).toEqual([]);
  });
});
