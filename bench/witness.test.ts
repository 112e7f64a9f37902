import { expect, it } from "vitest";
import { Sight } from "./witness.ts";

const metadata = {
  name: "run",
  namespace: "bench",
  uid: "u",
  resourceVersion: "1",
  generation: 1,
  creationTimestamp: "",
};

it("tells changes from writes that left the object as it was", () => {
  const sight = new Sight();
  const take = (type: "ADDED" | "MODIFIED", version: string, status: object): void =>
    sight.take("workflowruns", { type, object: { metadata: { ...metadata, resourceVersion: version }, status } });
  take("ADDED", "1", { phase: "Pending" });
  take("MODIFIED", "2", { phase: "Running" });
  take("MODIFIED", "3", { phase: "Running" });
  take("MODIFIED", "4", { phase: "Succeeded" });
  expect([sight.changes.get("workflowruns/run"), sight.sameAgain]).toEqual([3, 1]);
  expect(sight.run?.status?.phase).toBe("Succeeded");
});

it("takes an adoption for a change", () => {
  const sight = new Sight();
  sight.take("workflowruns", { type: "ADDED", object: { metadata } });
  const ownerReferences = [{ kind: "Workflow", name: "flow", uid: "w" }];
  sight.take("workflowruns", { type: "MODIFIED", object: { metadata: { ...metadata, ownerReferences } } });
  expect([sight.changes.get("workflowruns/run"), sight.sameAgain]).toEqual([1, 0]);
});

it("knows which TaskRuns have ended, and leaves bookmarks alone", () => {
  const sight = new Sight();
  const named = (name: string, phase: string): object => ({ metadata: { ...metadata, name }, status: { phase } });
  sight.take("taskruns", { type: "ADDED", object: named("a", "Pending") });
  sight.take("taskruns", { type: "ADDED", object: named("b", "Pending") });
  sight.take("taskruns", { type: "MODIFIED", object: named("b", "Failed") });
  sight.take("taskruns", { type: "BOOKMARK", object: { metadata: { resourceVersion: "9" } } });
  expect([...sight.over.keys()]).toEqual(["b"]);
});
