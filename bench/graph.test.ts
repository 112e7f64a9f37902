import { expect, it } from "vitest";
import { nodesOf, parseCase, SHAPES, SIZE_MAX, titleOf, workflowSpecOf, type Case } from "./graph.ts";

const SEED = 7;

it.each(SHAPES)("%s has as many tasks as it says, each after all that it depends on", (shape) => {
  for (const size of [1, 2, 100, 1_000]) {
    const which = parseCase(`${shape}:${size}`, SEED);
    const seen = new Set<string>();
    for (const { name, dependsOn } of nodesOf(which)) {
      expect(dependsOn.every((one) => seen.has(one))).toBe(true);
      expect(new Set(dependsOn).size).toBe(dependsOn.length);
      seen.add(name);
    }
    expect(seen.size).toBe(which.size);
  }
});

it("makes as many diamonds as each is wide, the most that fit", () => {
  expect(parseCase("diamonds:110", SEED).size).toBe(110);
  expect(parseCase("diamonds:131", SEED).size).toBe(110);
  expect(parseCase("diamonds:132", SEED).size).toBe(132);
  expect(parseCase("diamonds:1", SEED).size).toBe(2);
  expect(parseCase("diamonds:10000", SEED).size).toBe(9900);
  expect(nodesOf(parseCase("diamonds:6", SEED))).toEqual([
    { name: "layer-0-0", dependsOn: [] },
    { name: "layer-0-1", dependsOn: [] },
    { name: "join-0", dependsOn: ["layer-0-0", "layer-0-1"] },
    { name: "layer-1-0", dependsOn: ["join-0"] },
    { name: "layer-1-1", dependsOn: ["join-0"] },
    { name: "join-1", dependsOn: ["layer-1-0", "layer-1-1"] },
  ]);
});

it("draws the same random graph from the same seed, and another one from another", () => {
  const of = (seed: number): unknown => nodesOf({ shape: "random", size: 200, seed });
  expect(of(1)).toEqual(of(1));
  expect(of(1)).not.toEqual(of(2));
});

it("draws random graphs that are neither flat nor a chain", () => {
  const depth = new Map<string, number>();
  for (const { name, dependsOn } of nodesOf({ shape: "random", size: 1_000, seed: SEED })) {
    depth.set(name, 1 + Math.max(0, ...dependsOn.map((one) => depth.get(one) ?? 0)));
  }
  const deepest = Math.max(...depth.values());
  expect(deepest).toBeGreaterThan(20);
  expect(deepest).toBeLessThan(200);
});

it("writes a wide workflow as one mapped task, and the others task by task", () => {
  const specOf = (shape: Case["shape"]): unknown => workflowSpecOf({ shape, size: 3, seed: SEED }).tasks;
  expect(specOf("wide")).toEqual([{ name: "part", forEach: { range: { end: 3 } } }]);
  expect(specOf("tasks")).toEqual([{ name: "task-0" }, { name: "task-1" }, { name: "task-2" }]);
  expect(specOf("chain")).toEqual([
    { name: "task-0" },
    { name: "task-1", dependsOn: ["task-0"] },
    { name: "task-2", dependsOn: ["task-1"] },
  ]);
});

it.each(["wide", "wide:", "wide:0", "wide:-1", "wide:1e3", `wide:${SIZE_MAX + 1}`, "ring:10", "wide:10:10", ""])(
  'refuses the case "%s" with the way out',
  (text) => {
    expect(() => parseCase(text, SEED)).toThrow("write SHAPE:SIZE, wide, tasks, chain, diamonds, random");
  },
);

it("names a case as people read it", () => {
  expect(titleOf(parseCase("wide:10000", SEED))).toBe("wide 10,000");
  expect(titleOf(parseCase("random:100", SEED))).toBe("random 100 (seed 7)");
});
