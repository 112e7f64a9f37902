import { describe, expect, it } from "vitest";
import { Cluster } from "../act/cluster.ts";
import { object } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import type { ApiRequest, ApiResponse } from "../api/port.ts";
import type { RevisionRecord, WorkflowRecord, WorkflowRunRecord } from "../api/records.ts";
import type { WorkflowStatus } from "../api/types.ts";
import { WORKFLOW, aWorkflow, aWorkflowRun, revisionJson, workflowJson } from "../testing/makeworkflow.ts";
import type { WorkflowWish } from "../testing/makeworkflow.ts";
import { aWorld, refusal } from "../testing/scripted.ts";
import { Store } from "../watch/store.ts";
import { Definitions } from "./definitions.ts";
import { Workflows } from "./workflows.ts";

const VALID = [
  {
    type: "Valid",
    status: "True",
    reason: "Valid",
    message: "The definition can be run.",
    lastTransitionTime: "2030-01-01T00:00:00Z",
  },
] as const;

/** The passes of one Workflow. What `answer` gives no answer to the server takes. */
function aRoom(
  wish: WorkflowWish,
  runs: readonly WorkflowRunRecord[],
  answer: (call: string) => ApiResponse | undefined,
) {
  const world = aWorld({
    request: (request, index) => answer(callOf(request)) ?? { status: 200, body: taken(request, wish, index) },
  });
  const cluster = new Cluster(world.port);
  const stores = {
    workflows: new Store<WorkflowRecord>({ onChange: () => {} }),
    runs: new Store<WorkflowRunRecord>({ onChange: () => {} }),
    revisions: new Store<RevisionRecord>({ onChange: () => {} }),
  };
  stores.workflows.replace([aWorkflow(wish)], "500");
  stores.runs.replace(runs, "500");
  const passes = new Workflows({
    port: world.port,
    cluster,
    ...stores,
    definitions: new Definitions({ cluster, ...stores }),
  });
  const pass = async (): Promise<unknown> => await passes.pass(`${WORKFLOW.namespace}/${WORKFLOW.name}`);
  const status = (): WorkflowStatus | undefined =>
    world.seen
      .filter(({ method }) => method === "PUT")
      .map(({ body }) => object(body)["status"] as WorkflowStatus)
      .at(-1);
  return { pass, status, asked: () => world.seen.map(callOf) };
}

function callOf({ method, path }: ApiRequest): string {
  return `${method} ${path.split("/").at(-1)}`;
}

function taken({ method, path, body }: ApiRequest, wish: WorkflowWish, index: number): Json {
  const resourceVersion = String(1000 + index);
  if (method === "GET") return workflowJson(wish);
  if (method === "PUT")
    return workflowJson({ ...wish, resourceVersion, status: object(body)["status"] as WorkflowStatus });
  if (path.endsWith("/controllerrevisions")) return revisionJson({ resourceVersion });
  return { ...object(body), metadata: { ...object(object(body)["metadata"]), uid: `uid-${index}`, resourceVersion } };
}

describe("a Workflow that runs OnApply", () => {
  it("starts no run of a definition that was found right by somebody else and is wrong", async () => {
    const spec = { tasks: [{ name: "load", dependsOn: ["nothing"] }] };
    const room = aRoom({ spec, status: { observedGeneration: 1, conditions: [...VALID] } }, [], () => undefined);
    await room.pass();

    expect(room.asked()).not.toContain("POST workflowruns");
    expect(room.status()?.conditions?.[0]).toMatchObject({ status: "False", reason: "InvalidWorkflow" });
  });

  it("is said to be valid although its run cannot be made, and asks again", async () => {
    const room = aRoom({}, [], (call) => (call === "POST workflowruns" ? refusal(403, "Forbidden") : undefined));
    const pass = await room.pass();

    expect(room.status()).toMatchObject({ conditions: [{ type: "Valid", status: "True" }] });
    expect(room.status()?.startedGeneration).toBeUndefined();
    expect(pass).toMatchObject({ failed: { kind: "forbidden" } });
  });

  it("has what became of a run in its status before history removes the run", async () => {
    const completionTime = "2030-01-01T00:00:09Z";
    const run = aWorkflowRun({ status: { phase: "Succeeded", observedGeneration: 1, completionTime } });
    const status = { observedGeneration: 1, conditions: [...VALID] };
    const room = aRoom({ spec: { history: { succeeded: 0 } }, status }, [run], () => undefined);
    await room.pass();
    const asked = room.asked();

    expect(room.status()).toMatchObject({ startedGeneration: 1, lastCompletedRun: { name: run.name } });
    expect(asked.indexOf("PUT status")).toBeLessThan(asked.indexOf(`DELETE ${run.name}`));
    expect(asked).toContain(`DELETE ${run.name}`);
  });

  it("keeps its runs while its status cannot be written", async () => {
    const run = aWorkflowRun({ status: { phase: "Succeeded", observedGeneration: 1 } });
    const room = aRoom({ spec: { history: { succeeded: 0 } } }, [run], (call) =>
      call === "PUT status" ? refusal(409, "Conflict") : undefined,
    );

    await expect(room.pass()).rejects.toMatchObject({ kind: "conflict" });
    expect(room.asked()).not.toContain(`DELETE ${run.name}`);
  });
});
