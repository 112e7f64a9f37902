import { expect, test } from "vitest";
import { problemsOf, type Wanted } from "./access.ts";

const demo: Wanted = { name: "demo", realNodes: 1, simulatedNodes: 0, needsContainers: true };
const tests: Wanted = { name: "e2e", realNodes: 1, simulatedNodes: 2 };
const root = { platform: "linux", isRoot: true } as const;
const user = { platform: "linux", isRoot: false } as const;

test("root on Linux with nothing set may start", () => {
  expect(problemsOf({}, demo, root)).toEqual([]);
  expect(problemsOf({ CLUSTER: "", KUBEBUILDER_ASSETS: "", REAL_NODES: "2" }, demo, root)).toEqual([]);
});

test.each([
  ["another word for CLUSTER", { CLUSTER: "exisiting" }, 'CLUSTER is "exisiting"; it may be "existing", or not set'],
  ["an API server alone", { KUBEBUILDER_ASSETS: "/assets" }, "unset it for demo and tests"],
  ["no real node", { REAL_NODES: "0" }, "without REAL_NODES=0"],
])("before anything is built, the demo refuses %s", (_, env, want) => {
  expect(problemsOf(env, demo, root)).toEqual([expect.stringContaining(want)]);
});

test("who is not root may run the tests, but not the demo", () => {
  expect(problemsOf({}, tests, user)).toEqual([]);
  expect(problemsOf({}, demo, user)).toEqual([expect.stringContaining("be root on Linux")]);
});
