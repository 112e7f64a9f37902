import { describe, expect, it } from "vitest";
import { aWorld } from "../testing/scripted.ts";
import type { World } from "../testing/scripted.ts";
import { ApiError } from "./errors.ts";
import { InFlight } from "./inflight.ts";
import type { Lane } from "./inflight.ts";

interface Gate extends World {
  readonly inFlight: InFlight;
  readonly entered: string[];
  readonly enter: (name: string, lane?: Lane) => void;
}

const creates = (namespace: string): Lane => ({ namespace, kind: "create pods", priority: "high" });
const CREATES = creates("a");
const OUTCOMES: Lane = { namespace: "a", kind: "update taskruns", priority: "high" };
const PROGRESS: Lane = { ...OUTCOMES, priority: "low" };

function aGate(): Gate {
  const world = aWorld();
  const inFlight = new InFlight(world.port);
  const entered: string[] = [];
  const enter = (name: string, lane: Lane = CREATES): void => {
    void inFlight.enter(lane).then(() => entered.push(name));
  };
  return { ...world, inFlight, entered, enter };
}

const busy = (retryAfterMs = 0): ApiError => new ApiError("busy", "", { code: 429, retryAfterMs });
const lost = new ApiError("lost", "", { code: 0, retryAfterMs: 0 });
const conflict = new ApiError("conflict", "", { code: 409, retryAfterMs: 0 });

/** So many calls one after another, each ending as told. */
function calls(gate: Gate, count: number, tookMs: number, error?: ApiError): void {
  for (let index = 0; index < count; index += 1) {
    gate.enter("");
    gate.inFlight.done(CREATES, tookMs, error);
  }
}

describe("the limit on calls under way", () => {
  it("lets half of 32 in at first from one lane, and the next when one is done", async () => {
    const gate = aGate();
    for (let index = 0; index < 40; index += 1) gate.enter(String(index));
    await gate.advance(0);
    const first = [gate.entered.length, gate.inFlight.busy("a")];
    gate.inFlight.done(CREATES, 5, undefined);
    await gate.advance(0);

    expect(first).toEqual([16, true]);
    expect(gate.entered).toHaveLength(17);
  });

  it("lets creates and outcomes go before progress, each in the order they came", async () => {
    const gate = aGate();
    calls(gate, 1, 5, busy(5000));
    await gate.advance(0);
    gate.entered.length = 0;
    gate.enter("progress 1", PROGRESS);
    gate.enter("progress 2", PROGRESS);
    gate.enter("create 1");
    gate.enter("create 2");
    gate.enter("outcome", OUTCOMES);
    await gate.advance(6000);

    expect(gate.entered).toEqual(["create 1", "outcome", "create 2", "progress 1"]);
  });

  it.each([1, 4, 40, 1000])("leaves places for others while the creates of %i namespaces hang", async (count) => {
    const gate = aGate();
    for (let namespace = 0; namespace < count; namespace += 1) {
      for (let index = 0; index < 100; index += 1) gate.enter("hangs", creates(`hanging-${namespace}`));
    }
    await gate.advance(0);
    const hung = gate.entered.length;
    gate.enter("outcome", OUTCOMES);
    gate.enter("progress", PROGRESS);
    await gate.advance(0);

    expect(hung).toBeLessThan(32);
    expect(gate.entered.slice(hung)).toEqual(["outcome", "progress"]);
  });

  it("is busy for the namespace whose calls wait, and for no other", async () => {
    const gate = aGate();
    for (let index = 0; index < 40; index += 1) gate.enter("create");
    await gate.advance(0);

    expect([gate.inFlight.busy("a"), gate.inFlight.busy("b")]).toEqual([true, false]);
  });

  it("gives lanes their turns: one that waits long is not passed over by a full one", async () => {
    const gate = aGate();
    for (let index = 0; index < 100; index += 1) gate.enter("create");
    for (let index = 0; index < 100; index += 1) gate.enter("outcome", OUTCOMES);
    for (let index = 0; index < 40; index += 1) {
      await gate.advance(0);
      gate.inFlight.done(gate.entered.at(-1) === "create" ? CREATES : OUTCOMES, 5, undefined);
    }
    const outcomes = gate.entered.filter((name) => name === "outcome").length;

    expect(outcomes).toBeGreaterThan(15);
  });

  it("grows while answers stay quick, up to 200", () => {
    const gate = aGate();
    calls(gate, 100, 5);
    const after100 = gate.inFlight.limit;
    calls(gate, 100_000, 5);

    expect(after100).toBeGreaterThan(32);
    expect(gate.inFlight.limit).toBe(200);
  });

  it("does not grow while answers are slow against the best seen", () => {
    const gate = aGate();
    calls(gate, 1, 20);
    const before = gate.inFlight.limit;
    calls(gate, 50, 200);

    expect(gate.inFlight.limit).toBe(before);
  });

  it("learns a server that became slower for good", () => {
    const gate = aGate();
    calls(gate, 1, 20);
    calls(gate, 1000, 200);

    expect(gate.inFlight.limit).toBeGreaterThan(40);
  });

  it("halves once when the server is busy, however many calls hear it, and never below 2", async () => {
    const gate = aGate();
    calls(gate, 30, 5, busy());
    const once = gate.inFlight.limit;
    await gate.advance(1000);
    calls(gate, 1, 5, busy());
    const twice = gate.inFlight.limit;
    for (let second = 0; second < 20; second += 1) {
      await gate.advance(1000);
      calls(gate, 1, 5, busy());
    }

    expect([once, twice, gate.inFlight.limit]).toEqual([16, 8, 2]);
  });

  it.each([
    ["a webhook that is down", 500, 'failed calling webhook "x": no endpoints available'],
    ["a webhook that does not answer", 504, 'failed calling webhook "x": context deadline exceeded'],
    ["a fault of the server", 500, ""],
  ])("does not shrink for %s", (_, code, message) => {
    const gate = aGate();
    calls(gate, 100, 5, new ApiError("busy", message, { code, retryAfterMs: 60_000 }));

    expect([gate.inFlight.limit, gate.inFlight.busy("a")]).toEqual([32, false]);
  });

  it("neither grows nor shrinks on lost replies; a conflict is an answer like any other", () => {
    const gate = aGate();
    calls(gate, 100, 5, lost);
    const afterLost = gate.inFlight.limit;
    calls(gate, 100, 5, conflict);

    expect(afterLost).toBe(32);
    expect(gate.inFlight.limit).toBeGreaterThan(32);
  });

  it("lets nobody in before Retry-After is over, then everybody", async () => {
    const gate = aGate();
    calls(gate, 1, 5, busy(5000));
    await gate.advance(0);
    gate.entered.length = 0;
    gate.enter("a");
    gate.enter("b", PROGRESS);
    await gate.advance(5000);
    const early = [...gate.entered];
    await gate.advance(1000);

    expect(early).toEqual([]);
    expect(gate.entered).toEqual(["a", "b"]);
    expect(gate.inFlight.busy("a")).toBe(false);
  });

  it("says it is busy while it pauses", () => {
    const gate = aGate();
    calls(gate, 1, 5, busy(5000));

    expect(gate.inFlight.busy("a")).toBe(true);
  });
});
