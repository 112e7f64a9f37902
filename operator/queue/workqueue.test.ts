import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aWorld } from "../testing/scripted.ts";
import type { World } from "../testing/scripted.ts";
import { ownerKey, taskRunKey } from "./route.ts";
import { WorkQueue } from "./workqueue.ts";

interface Bench extends World {
  readonly queue: WorkQueue;
  /** "a@0": a was begun that many milliseconds after the start. */
  readonly begun: string[];
  /** The most that was under way of one key at once. */
  readonly overlap: () => number;
}

function aBench(workMs = 0, random = 0): Bench {
  const world = aWorld({ random: () => random });
  const { clock } = world.port;
  const start = clock.monotonic();
  const begun: string[] = [];
  const underWay = new Map<string, number>();
  let overlap = 0;
  const work = async (key: string): Promise<void> => {
    begun.push(`${key}@${clock.monotonic() - start}`);
    const now = (underWay.get(key) ?? 0) + 1;
    underWay.set(key, now);
    overlap = Math.max(overlap, now);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    clock.after(workMs, () => resolve(undefined));
    await promise;
    underWay.set(key, now - 1);
  };
  const queue = new WorkQueue(world.port, { kind: "Test", namespace: "", work });
  return { ...world, queue, begun, overlap: () => overlap };
}

describe("a work queue", () => {
  it("takes a key once, however often it was added before its turn", async () => {
    const { queue, begun, advance } = aBench();
    for (const key of ["a", "b", "a", "a"]) queue.add(key);
    await advance(10);

    expect(begun).toEqual(["a@0", "b@0"]);
  });

  it("takes a key that is added while it is worked on once more afterwards, and never twice at once", async () => {
    const { queue, begun, advance, overlap } = aBench(100);
    queue.add("a");
    await advance(10);
    queue.add("a");
    queue.add("a");
    await advance(500);

    expect(begun).toEqual(["a@0", "a@100"]);
    expect(overlap()).toBe(1);
  });

  it("of several delays keeps the earliest", async () => {
    const { queue, begun, advance } = aBench();
    queue.addAfter("a", 300);
    queue.addAfter("a", 100);
    queue.addAfter("a", 200);
    await advance(1000);

    expect(begun).toEqual(["a@100"]);
  });

  it("keeps a delay of ten years, and takes a shorter one in its place", async () => {
    const { queue, begun, advance } = aBench();
    const tenYearsMs = 315_360_000_000;
    queue.planned("a", tenYearsMs);
    queue.planned("b", tenYearsMs);
    queue.planned("b", 5);
    await advance(tenYearsMs);

    expect(begun).toEqual(["b@5", `a@${tenYearsMs}`]);
  });

  it("keeps a delay through an earlier add", async () => {
    const { queue, begun, advance } = aBench();
    queue.addAfter("a", 300);
    queue.add("a");
    await advance(1000);

    expect(begun).toEqual(["a@0", "a@300"]);
  });

  it("pauses longer after each failure, up to a minute, and starts small again when forgotten", async () => {
    const { queue, begun, advance } = aBench();
    const pauses: number[] = [];
    for (let failure = 0; failure < 20; failure += 1) {
      const before = begun.length;
      queue.retry("a", 0);
      let waited = 0;
      while (begun.length === before) {
        await advance(5);
        waited += 5;
      }
      pauses.push(waited);
    }
    const wantFirst = [5, 10, 20, 40, 80, 160];
    expect(pauses.slice(0, 6)).toEqual(wantFirst);
    expect(Math.max(...pauses)).toBe(60_000);
    expect(queue.failures("a")).toBe(20);

    queue.forget("a");
    queue.retry("a", 0);
    const before = begun.length;
    await advance(5);

    expect(begun.length).toBe(before + 1);
  });

  it("waits after a failure as long as the server wishes", async () => {
    const { queue, begun, advance } = aBench();
    queue.retry("a", 7000);
    await advance(6999);
    const early = begun.length;
    await advance(1);

    expect([early, begun.length]).toEqual([0, 1]);
  });

  it("spreads failures by chance over up to twice the pause", async () => {
    const { queue, begun, advance } = aBench(0, 0.9);
    for (let failure = 0; failure < 11; failure += 1) queue.retry(`warm-up`, 0);
    queue.retry("a", 0);
    await advance(20_000);

    expect(begun).toContain("a@9.5");
  });

  it("lets one key that never ends hold up no other", async () => {
    const { queue, begun, advance } = aBench(10_000);
    queue.add("stuck");
    await advance(10);
    for (let key = 0; key < 200; key += 1) queue.add(String(key));
    await advance(100);

    expect(begun).toHaveLength(201);
  });

  it("starts at most 1,000 at once and the rest as places get free", async () => {
    const { queue, begun, advance } = aBench(1000);
    for (let key = 0; key < 1500; key += 1) queue.add(`${key % 100}/${key}`);
    await advance(999);
    const first = [begun.length, queue.depth];
    await advance(2000);

    // Of 100 namespaces none may take the last places from the others.
    expect(first).toEqual([990, 510]);
    expect(begun).toHaveLength(1500);
  });

  it("stops: nothing new begins, and it resolves when nothing is under way, for everybody who asked", async () => {
    const { queue, begun, advance } = aBench(100);
    queue.add("a");
    queue.addAfter("later", 50);
    await advance(10);
    queue.add("b");
    let stopped = 0;
    const both = [queue.stop(), queue.stop()].map(async (promise) => {
      await promise;
      stopped += 1;
    });
    queue.add("c");
    await advance(50);
    const early = stopped;
    await advance(10_000);
    await Promise.all(both);

    expect([early, stopped]).toEqual([0, 2]);
    expect(begun).toEqual(["a@0"]);
  });

  it("lets keys of a namespace whose work never ends hold up no other namespace, however many they are", async () => {
    const world = aWorld();
    const begun: string[] = [];
    const hangs = async (key: string): Promise<void> => {
      begun.push(key);
      await new Promise(() => undefined);
    };
    const queue = new WorkQueue(world.port, { kind: "Test", namespace: "", work: hangs });
    for (let index = 0; index < 5000; index += 1) queue.add(`hangs/${index}`);
    await world.advance(1000);
    queue.add("other/a");
    await world.advance(1);

    expect(begun).toHaveLength(501);
    expect(begun.at(-1)).toBe("other/a");
  });

  it("tells how many wait, even while all places of their namespace are taken", async () => {
    const world = aWorld();
    const queue = new WorkQueue(world.port, { kind: "Test", namespace: "", work: () => new Promise(() => undefined) });
    for (let index = 0; index < 500; index += 1) queue.add(`first/${index}`);
    await world.advance(1000);
    for (let index = 0; index < 400; index += 1) queue.add(`first/more-${index}`);

    expect(world.counted.get("queueDepth Test ")).toBe(400);
  });

  it("stops at once when nothing is under way", async () => {
    const { queue } = aBench();
    queue.add("a");

    await expect(queue.stop()).resolves.toBeUndefined();
  });

  it("never works on a key twice at once and loses no change, whatever the order", async () => {
    const step = fc.record({ key: fc.constantFrom("a", "b", "c"), wait: fc.nat(30), delay: fc.option(fc.nat(60)) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.nat(25), async (sequence, workMs) => {
        const { queue, begun, advance, overlap, port } = aBench(workMs);
        const start = port.clock.monotonic();
        const last = new Map<string, number>();
        for (const { key, wait, delay } of sequence) {
          if (delay === null) queue.add(key);
          else queue.addAfter(key, delay);
          if (delay === null) last.set(key, port.clock.monotonic() - start);
          await advance(wait);
        }
        await advance(1000);
        const lastBegun = new Map(begun.map((one) => [one.split("@")[0] ?? "", Number(one.split("@")[1])]));

        expect(overlap()).toBeLessThanOrEqual(1);
        for (const [key, added] of last) expect(lastBegun.get(key)).toBeGreaterThanOrEqual(added);
      }),
      { numRuns: 50 },
    );
  });
});

describe("routes", () => {
  it("lead from a TaskRun to itself and from a pod to its TaskRun", () => {
    expect(taskRunKey({ namespace: "ns", name: "train" })).toBe("ns/train");
    expect(ownerKey({ namespace: "ns", ownerName: "train" })).toBe("ns/train");
    expect(ownerKey({ namespace: "ns" })).toBeUndefined();
  });
});
