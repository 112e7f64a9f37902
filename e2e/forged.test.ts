/** Objects that somebody made under the names that the operator gives, with the uid of what would own them. */
import { expect, it } from "vitest";
import { childName, revisionName } from "../operator/decide/workflow/names.ts";
import { Flows, type WorkflowRun } from "./support/flows.ts";
import { simulated } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";

it("no run works by a definition, or takes a result, that another kind controls, though name and uid are right", async (test) => {
  needs(test, "simulated nodes");
  const room = await Room.open(test);
  const flows = new Flows(room);
  const { namespace } = room;
  await operatorForTest(test, [`--namespaces=${namespace}`]).ready();
  const quick = simulated({ "run-for": "50ms" });
  const { metadata: made } = await flows.create("deploy", { run: "Manual", tasks: [{ name: "a", template: quick }] });
  const definition = revisionName("deploy", 1, made.uid);
  const forged = foreign("Workflow", "deploy", made.uid);
  await room.kubectl.apply({
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: { name: definition, namespace, labels: { "stint.dev/workflow": "deploy" }, ownerReferences: [forged] },
    revision: 1,
    data: { spec: { tasks: [{ name: "evil", template: quick }] } },
  });
  const { metadata: run } = await flows.start("deploy", { suspend: true }, "one");
  await flows.see("one", tells(`ControllerRevision ${definition} exists already and is not of Workflow deploy`), {
    what: "the run to refuse the definition",
  });
  await room.kubectl.run(["delete", "controllerrevision", definition]);
  await flows.see("one", ({ status }) => status.revision === definition, { what: "the run to begin" });

  const result = childName("one", "a", undefined, 0);
  const labels = { "stint.dev/workflow": "deploy", "stint.dev/workflowrun": "one", "stint.dev/task": "a" };
  const ownerReferences = [foreign("WorkflowRun", "one", run.uid)];
  await room.kubectl.apply({
    apiVersion: "stint.dev/v1alpha1",
    kind: "TaskRun",
    metadata: { name: result, namespace, labels, ownerReferences },
    spec: { template: quick },
  });
  expect((await room.over(result)).status.phase).toBe("Succeeded");
  await flows.patch("one", { suspend: false });
  await flows.see("one", tells(`TaskRun ${result} exists already and belongs to something else`), {
    what: "the run to refuse the result",
  });
  await room.kubectl.run(["delete", "taskrun", result]);

  const over = await flows.over("one");
  expect(over.status).toMatchObject({ phase: "Succeeded", progress: "1/1" });
  expect([...(await flows.tasks("one")).keys()]).toEqual(["a"]);
});

/** Of a group that is not Stint's: no admission policy of ours looks at it. */
function foreign(kind: string, name: string, uid: string): object {
  return { apiVersion: "x.example/v1", kind, name, uid, controller: true };
}

function tells(words: string): (run: WorkflowRun) => boolean {
  return ({ status }) => (status?.conditions ?? []).some(({ message }) => message?.includes(words) ?? false);
}
