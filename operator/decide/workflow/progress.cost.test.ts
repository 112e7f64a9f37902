/** What a run costs, counted in looks at its arrays and objects, not in time. A cost that grew with the run would show at 2,000 tasks. */
import { describe, expect, it } from "vitest";
import type { WorkflowSpec } from "../../api/types.ts";
import { recordOf } from "../../testing/workflows/record.ts";
import { aSpec, aTask, chainOf, diamondOf, layersOf, wideOf } from "../../testing/workflows/specs.ts";
import { compileGraph } from "./graph.ts";
import type { Graph } from "./model.ts";
import { allDone, observe, open, putBack, startProgress, stop, takeReady, takeStart } from "./progress.ts";
import type { RunProgress } from "./progress.ts";
import { restore } from "./restore.ts";

interface Meter {
  looks: number;
}

/** Counts every element of an array, and every property of an object, that is read or written, however deep. */
function metered<T>(value: T, meter: Meter, known: Map<object, object> = new Map()): T {
  if (typeof value !== "object" || value === null) return value;
  const before = known.get(value);
  if (before !== undefined) return before as T;
  const isBytes = ArrayBuffer.isView(value);
  const proxy: T & object = new Proxy(value, {
    get(target, key) {
      meter.looks += 1;
      const found: unknown = Reflect.get(target, key, target);
      // A method of an array or a map looks at elements by itself: it gets the proxy, a map's or a typed array's the thing.
      if (typeof found === "function")
        return isBytes || target instanceof Map ? (found as (...all: never[]) => unknown).bind(target) : found;
      return metered(found, meter, known);
    },
    set(target, key, next) {
      meter.looks += 1;
      return Reflect.set(target, key, next, target);
    },
  });
  known.set(value, proxy);
  return proxy;
}

const edgesOf = ({ nodes }: Graph): number => nodes.reduce((sum, { dependsOn }) => sum + dependsOn.length, 0);

/** Thaws a graph, so that a proxy may show other objects in place of its own. */
function thawed(spec: WorkflowSpec): Graph {
  const graph = compileGraph(spec);
  const nodes = graph.nodes.map((node) => ({
    ...node,
    dependsOn: [...node.dependsOn],
    dependents: [...node.dependents],
  }));
  return { ...graph, nodes };
}

/** Runs it to its end. @returns looks per node, edge and part */
function costOf(spec: WorkflowSpec, parts = 1): number {
  const graph = thawed(spec);
  const meter: Meter = { looks: 0 };
  const run: RunProgress = metered(startProgress(metered(graph, meter)), meter);
  let children = 0;
  while (!allDone(run)) {
    for (let node = takeReady(run); node !== undefined; node = takeReady(run)) open(run, node, parts);
    const slot = takeStart(run);
    if (slot === undefined) throw new Error("nothing is left to start");
    children += 1;
    observe(run, slot, "Active");
    observe(run, slot, "Succeeded");
  }

  expect(run.counts).toMatchObject({ total: children, succeeded: children });
  return meter.looks / (graph.nodes.length + edgesOf(graph) + children);
}

const SMALL = 100;
const LARGE = 2_000;
/** Of one task with its edges, or of one event: a handful of steps with some looks each. */
const LOOKS_MAX = 200;

describe("the cost of a run, per task, part and edge,", () => {
  it.each([
    ["wide", wideOf],
    ["a chain", chainOf],
    ["a diamond", (size: number) => diamondOf(size - 2)],
    ["layers of ten tasks", (size: number) => layersOf(size, 10)],
  ] as const)("is no more with many tasks than with few: %s", (_, specOf) => {
    const [small, large] = [costOf(specOf(SMALL)), costOf(specOf(LARGE))];

    expect(large).toBeLessThan(small * 1.1);
    expect(large).toBeLessThan(LOOKS_MAX);
  });

  it("is no more with many parts than with few, bounded or not", () => {
    const ofParts = (total: number, maxParallel?: number): number =>
      costOf(
        aSpec([aTask("load", { forEach: { items: [], ...(maxParallel === undefined ? {} : { maxParallel }) } })]),
        total,
      );

    expect(ofParts(LARGE)).toBeLessThan(ofParts(SMALL) * 1.1);
    expect(ofParts(LARGE, 7)).toBeLessThan(ofParts(SMALL, 7) * 1.1);
  });

  it("is the same for every event, also the last of many", () => {
    const meter: Meter = { looks: 0 };
    const run: RunProgress = metered(startProgress(thawed(wideOf(LARGE))), meter);
    const costs = { take: 0, back: 0, seen: 0, again: 0 };
    const costing = (what: keyof typeof costs, event: () => void): void => {
      const before = meter.looks;
      event();
      costs[what] = Math.max(costs[what], meter.looks - before);
    };
    for (let node = takeReady(run); node !== undefined; node = takeReady(run)) open(run, node, 1);
    for (let task = 0; task < LARGE; task += 1) {
      const first = takeStart(run);
      if (first === undefined) throw new Error("nothing is left to start");
      costing("back", () => putBack(run, first));
      costing("take", () => takeStart(run));
    }
    for (let node = 0; node < LARGE; node += 1) {
      costing("seen", () => observe(run, { node, part: 0 }, "Failed"));
      costing("again", () => observe(run, { node, part: 0 }, "Succeeded"));
    }

    expect(allDone(run)).toBe(true);
    expect(Math.max(...Object.values(costs))).toBeLessThan(LOOKS_MAX);
  });

  it("that is stopped, or begins anew from its record, is linear, too", () => {
    const costs = [SMALL, LARGE].map((size) => {
      const meter: Meter = { looks: 0 };
      const graph = metered(thawed(layersOf(size, 10)), meter);
      const run: RunProgress = metered(startProgress(graph), meter);
      stop(run);
      expect(allDone(run)).toBe(true);
      const { progress } = restore(graph, recordOf(run));
      expect(allDone(progress)).toBe(true);
      return meter.looks / size;
    });

    expect(costs[1]).toBeLessThan((costs[0] ?? 0) * 1.1);
  });
});
