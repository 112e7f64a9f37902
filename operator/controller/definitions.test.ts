import { describe, expect, it } from "vitest";
import { Cluster } from "../act/cluster.ts";
import type { ApiRequest, ApiResponse } from "../api/port.ts";
import type { RevisionRecord, WorkflowRecord } from "../api/records.ts";
import { decodeRevision } from "../api/revision.ts";
import { revisionName } from "../decide/workflow/names.ts";
import { WORKFLOW, controlledBy, revisionJson } from "../testing/makeworkflow.ts";
import { aWorld, refusal } from "../testing/scripted.ts";
import { aSpec, tasksOf } from "../testing/workflows/specs.ts";
import { Store } from "../watch/store.ts";
import { Definitions } from "./definitions.ts";

const SPEC = aSpec(tasksOf("load"));
const CHECKED = { ...WORKFLOW, generation: 1, spec: SPEC, problem: undefined };
const NAME = revisionName(WORKFLOW.name, 1, WORKFLOW.uid);
const STRANGER = { name: "another", uid: "uid-another" };

function aRoom(answer: (request: ApiRequest) => ApiResponse | undefined, kept: readonly RevisionRecord[] = []) {
  const world = aWorld({
    request: (request) => answer(request) ?? { status: 200, body: revisionJson({ name: NAME, spec: SPEC }) },
  });
  const revisions = new Store<RevisionRecord>({ onChange: () => {} });
  revisions.replace(kept, "500");
  const workflows = new Store<WorkflowRecord>({ onChange: () => {} });
  const definitions = new Definitions({ cluster: new Cluster(world.port), workflows, revisions });
  return { definitions, asked: () => world.seen.map(({ method }) => method) };
}

const revision = (owner: { name: string; uid: string }): RevisionRecord | undefined =>
  decodeRevision(revisionJson({ name: NAME, ownerReferences: [controlledBy("Workflow", owner)] }));

describe("definitions", () => {
  it("are read once for all runs that ask at the same time, and again once none needs them", async () => {
    const { definitions, asked } = aRoom(() => undefined);
    const [a, b] = await Promise.all(
      ["a", "b"].map(async (run) => await definitions.use(run, WORKFLOW.namespace, NAME)),
    );
    definitions.release("a");
    definitions.release("b");
    await definitions.use("c", WORKFLOW.namespace, NAME);

    expect(a).toBe(b);
    expect(asked()).toEqual(["GET", "GET"]);
  });

  it("that are kept already cost no call", async () => {
    const { definitions, asked } = aRoom(
      () => undefined,
      [revision(WORKFLOW)].filter((one) => one !== undefined),
    );

    expect(await definitions.keep(CHECKED)).toBe(NAME);
    expect(asked()).toEqual([]);
  });

  it("that an earlier life has kept are taken for ours", async () => {
    const { definitions } = aRoom(({ method }) => (method === "POST" ? refusal(409, "AlreadyExists") : undefined));

    expect(await definitions.keep(CHECKED)).toBe(NAME);
  });

  it.each([
    ["of somebody else", controlledBy("Workflow", STRANGER)],
    ["of another group's Workflow with its uid", { ...controlledBy("Workflow", WORKFLOW), apiVersion: "x.example/v1" }],
    ["of another kind with its uid", controlledBy("WorkflowRun", WORKFLOW)],
    ["of a Workflow that does not control them", { ...controlledBy("Workflow", WORKFLOW), controller: false }],
  ])("%s under the same name are not worked by", async (_, owner) => {
    const body = revisionJson({ name: NAME, spec: SPEC, ownerReferences: [owner] });
    const { definitions } = aRoom(
      ({ method }) => (method === "POST" ? refusal(409, "AlreadyExists") : { status: 200, body }),
      [decodeRevision(body)].filter((one) => one !== undefined),
    );

    expect(definitions.isOf(WORKFLOW, NAME)).toBe(false);
    await expect(definitions.keep(CHECKED)).rejects.toMatchObject({ kind: "exists" });
  });

  it("that no Workflow controls are not read for a run under way, either", async () => {
    const owner = { ...controlledBy("Workflow", WORKFLOW), apiVersion: "x.example/v1" };
    const { definitions } = aRoom(() => ({
      status: 200,
      body: revisionJson({ name: NAME, spec: SPEC, ownerReferences: [owner] }),
    }));

    expect(await definitions.use("a", WORKFLOW.namespace, NAME)).toBeUndefined();
  });
});
