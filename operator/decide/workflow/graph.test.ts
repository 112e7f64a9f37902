import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aFinallyTask, aSpec, aTask, chainOf, diamondOf, tasksOf } from "../../testing/workflows/specs.ts";
import { ancestorsOf, compileGraph, findCycle } from "./graph.ts";

describe("a graph", () => {
  it("has the tasks in order, then finally, with their edges both ways", () => {
    const graph = compileGraph(
      aSpec(tasksOf("list", "load: list", "check: list", "report: check load"), { finally: [aFinallyTask("clean")] }),
    );

    expect(graph.nodes.map(({ name }) => name)).toEqual(["list", "load", "check", "report", "clean"]);
    expect(graph.nodes.map(({ dependsOn }) => dependsOn)).toEqual([[], [0], [0], [2, 1], []]);
    expect(graph.nodes.map(({ dependents }) => dependents)).toEqual([[1, 2], [3], [3], [], []]);
    expect(graph.nodes.map(({ isFinally }) => isFinally)).toEqual([false, false, false, false, true]);
    expect(graph.taskCount).toBe(4);
    expect(graph.byName.get("report")).toBe(3);
  });

  it("knows rules, lists and bounds, and their defaults", () => {
    const graph = compileGraph(
      aSpec(
        [
          aTask("plain"),
          aTask("items", { forEach: { items: ["a"] }, triggerRule: "AllDone" }),
          aTask("range", { forEach: { range: { end: 3 }, maxParallel: 2 } }),
          aTask("result", { dependsOn: ["plain"], forEach: { result: "$(tasks.plain.results.r)" } }),
          aTask("sub", { workflowRef: { name: "other" } }),
        ],
        { maxParallelTasks: 7, onFailure: "FailFast" },
      ),
    );

    expect(graph.nodes.map(({ list }) => list)).toEqual(["none", "static", "static", "result", "none"]);
    expect(graph.nodes.map(({ rule }) => rule.slice(0, 4))).toEqual(["AllS", "AllD", "AllS", "AllS", "AllS"]);
    expect(graph.nodes.map(({ maxParallel }) => maxParallel)).toEqual([undefined, undefined, 2, undefined, undefined]);
    expect(graph.nodes.map(({ isWorkflow }) => isWorkflow)).toEqual([false, false, false, false, true]);
    expect([graph.maxParallel, graph.failFast]).toEqual([7, true]);
    expect(compileGraph(aSpec([aTask("a")]))).toMatchObject({ failFast: false });
  });

  it("leaves out edges to what is no task, and those said twice", () => {
    const graph = compileGraph(aSpec(tasksOf("a", "b: a nobody clean a"), { finally: [aFinallyTask("clean")] }));

    expect(graph.nodes.map(({ dependsOn }) => dependsOn)).toEqual([[], [0], []]);
  });
});

describe("a cycle", () => {
  it.each([
    ["a: b|b: a", "a b a"],
    ["a: a", "a a"],
    ["a|b: a|c: b", undefined],
    ["a: c|b|c: d b|d: a", "a c d a"],
    ["x: a|a: b|b: c|c: a", "a b c a"],
    ["first|a: first b|b: c|c: d|d: b", "b c d b"],
    ["a: b c|b: c|c: a", "a c a"],
    ["a: nobody b|b: a", "a b a"],
    ["u: a|a: b|b: a|v: b", "a b a"],
  ])("in %s: %s", (lines, want) => {
    expect(findCycle(aSpec(tasksOf(...lines.split("|"))))?.join(" ")).toBe(want);
  });

  it("of 10,000 tasks is found, and none in a chain of as many", () => {
    const chain = chainOf(10_000);
    const [first, ...others] = chain.tasks;
    const ring = { tasks: [{ ...first!, dependsOn: ["t9999"] }, ...others] };

    expect(findCycle(chain)).toBeUndefined();
    expect(findCycle(ring)).toHaveLength(10_001);
  });

  it("is one, the shortest through the first task that is on any, and found if there is one", () => {
    fc.assert(
      fc.property(graphs, (upstream) => {
        const tasks = upstream.map((others, index) => aTask(`t${index}`, { dependsOn: others.map((i) => `t${i}`) }));
        const lengths = upstream.map((_, index) => wayBack(upstream, index));
        const first = lengths.findIndex((length) => length !== undefined);
        const found = findCycle(aSpec(tasks));

        expect(found?.length).toBe(first < 0 ? undefined : lengths[first]! + 1);
        if (found === undefined) return;
        expect([found[0], found.at(-1)]).toEqual([`t${first}`, `t${first}`]);
        const edges = found.slice(1).map((name, index) => [found[index], name] as const);
        expect(edges.every(([from, to]) => tasks.find(({ name }) => name === from)?.dependsOn?.includes(to))).toBe(
          true,
        );
      }),
      { numRuns: 3000 },
    );
  });
});

/** By task, the indexes it depends on: any, also itself. */
const graphs = fc
  .integer({ min: 1, max: 8 })
  .chain((size) => fc.array(fc.uniqueArray(fc.nat(size - 1), { maxLength: 2 }), { minLength: size, maxLength: size }));

/** How many edges lead from a task back to itself, at least; by trying all walks of each length. */
function wayBack(upstream: readonly (readonly number[])[], start: number): number | undefined {
  let reached = new Set([start]);
  for (let length = 1; length <= upstream.length; length += 1) {
    reached = new Set([...reached].flatMap((index) => upstream[index] ?? []));
    if (reached.has(start)) return length;
  }
  return undefined;
}

describe("upstream of a task", () => {
  it("is what it depends on, directly or through others, in any graph", () => {
    const dags = graphs.map((upstream) => upstream.map((others, index) => others.filter((other) => other < index)));
    fc.assert(
      fc.property(dags, (upstream) => {
        const tasks = upstream.map((others, index) => aTask(`t${index}`, { dependsOn: others.map((i) => `t${i}`) }));
        const isAncestor = ancestorsOf(compileGraph(aSpec(tasks)));
        const naive = (node: number): ReadonlySet<number> =>
          new Set(upstream[node]!.flatMap((other) => [other, ...naive(other)]));
        const all = upstream.map((_, index) => index);

        for (const node of all.toReversed())
          expect(all.filter((other) => isAncestor(node, other))).toEqual([...naive(node)].toSorted((a, b) => a - b));
      }),
      { numRuns: 1000 },
    );
  });

  it("is known in a chain and in a diamond of 10,000 tasks", () => {
    const inChain = ancestorsOf(compileGraph(chainOf(10_000)));
    const inDiamond = ancestorsOf(compileGraph(diamondOf(9998)));

    expect([inChain(9999, 0), inChain(5000, 4999), inChain(4999, 5000), inChain(7, 7)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([inDiamond(9999, 0), inDiamond(9999, 5000), inDiamond(5000, 5001)]).toEqual([true, true, false]);
  });

  it("ends on a cycle, and is nothing for what is no task", () => {
    const isAncestor = ancestorsOf(compileGraph(aSpec(tasksOf("a: c", "b: a", "c: b"))));

    expect(isAncestor(2, 1)).toBe(true);
    expect([isAncestor(3, 0), isAncestor(0, 3), isAncestor(-1, 0)]).toEqual([false, false, false]);
  });
});
