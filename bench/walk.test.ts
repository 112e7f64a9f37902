import { expect, it } from "vitest";
import { Steps } from "./walk.ts";

function given(steps: Steps): readonly string[] {
  const names = [];
  for (let name = steps.next(); name !== undefined; name = steps.next()) names.push(name);
  return names;
}

it("gives out every task once, when all that it waits for is done", () => {
  const steps = new Steps([
    { name: "a", dependsOn: [] },
    { name: "b", dependsOn: [] },
    { name: "c", dependsOn: ["a", "b"] },
    { name: "d", dependsOn: ["a"] },
    { name: "e", dependsOn: ["c", "d"] },
  ]);
  expect(given(steps)).toEqual(["a", "b"]);
  steps.done("a");
  expect(given(steps)).toEqual(["d"]);
  steps.done("b");
  steps.done("d");
  expect(given(steps)).toEqual(["c"]);
  steps.done("c");
  expect(given(steps)).toEqual(["e"]);
  steps.done("e");
  expect(given(steps)).toEqual([]);
});
