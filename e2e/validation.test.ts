/** What the API server takes and what it refuses, by the schemas and rules of crds/; no operator runs. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { describe, expect, inject, it } from "vitest";
import type { WorkflowSpec } from "../operator/api/types.ts";
import { workflowProblems } from "../operator/decide/workflow/validate.ts";
import { admitNew } from "../operator/testing/sim/apiserver/admission.ts";
import { isRecord } from "../operator/testing/sim/objects.ts";
import { TASKRUNS, WORKFLOWRUNS, WORKFLOWS, type Resource } from "../operator/testing/sim/apiserver/resources.ts";
import { Client, type Reply } from "./support/client.ts";
import { Room } from "./support/room.ts";
import { BAD, type Bad } from "./validation/bad.ts";
import { BAD_RUNS } from "./validation/badruns.ts";
import { BAD_WORKFLOWS } from "./validation/badworkflows.ts";
import { ADDED, GOOD, type Good } from "./validation/good.ts";
import { GOOD_RUNS, GOOD_WORKFLOWS } from "./validation/goodworkflows.ts";
import { RUN_UPDATES, WORKFLOW_UPDATES } from "./validation/workflowupdates.ts";
import { UPDATES, type Update } from "./validation/updates.ts";

const ROOT = join(import.meta.dirname, "..");
const PAGES = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)]
  .map((page): readonly [string, readonly object[]] => [page, shownOn(page)])
  .filter(([, objects]) => objects.length > 0);

/** A kind, and what is right and wrong of it. */
interface Kind {
  readonly resource: Resource;
  readonly bad: readonly Bad[];
  readonly good: readonly Good[];
  /** What the server adds to every spec that does not say it. */
  readonly added: object;
  readonly updates: readonly Update[];
}

const KINDS: readonly (readonly [kind: string, Kind])[] = [
  ["TaskRun", { resource: TASKRUNS, bad: BAD, good: GOOD, added: ADDED, updates: UPDATES }],
  ["Workflow", { resource: WORKFLOWS, bad: BAD_WORKFLOWS, good: GOOD_WORKFLOWS, added: {}, updates: WORKFLOW_UPDATES }],
  ["WorkflowRun", { resource: WORKFLOWRUNS, bad: BAD_RUNS, good: GOOD_RUNS, added: {}, updates: RUN_UPDATES }],
];
/** Longer than any name may be that is a label's value. */
const LONG_NAME = "a".repeat(64);

interface Answer {
  readonly message?: string;
  readonly details?: { readonly causes?: readonly Cause[] };
  readonly spec?: unknown;
}

interface Cause {
  readonly field?: string;
  readonly message?: string;
}

interface Whole {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: unknown;
}

interface Shown {
  readonly metadata: { readonly name: string };
  readonly spec: WorkflowSpec;
}

/** The Workflows of a page may speak of others. */
const NONE_KNOWN = { refsOf: () => undefined };

const client = new Client(inject("cluster").kubeconfig);

describe.each(KINDS)("of a %s the API server", (_kind, { resource, bad, good, added, updates }) => {
  describe.concurrent("refuses what is wrong, names the field and says what would be right:", () => {
    it.each(bad)("%s", async (_it, spec, field, words) => {
      const { status, body } = await create(resource, spec);

      expect([status, body.message]).toEqual([field === "" ? 400 : 422, expect.stringMatching(words)]);
      if (field !== "") expect(namedIn(body)).toEqual([field]);
      if (field !== "") expect(simulated(resource, spec)).toEqual([field]);
    });

    it("all of them in one kubectl apply, and keeps none", async (test) => {
      const room = await Room.open(test);
      const input = documents(bad.map(([, spec], index) => whole(resource, `bad-${index}`, spec)));
      const said = (await room.kubectl.refused(["apply", "-f", "-"], { input })).trim().split("\n");

      expect(said).toHaveLength(bad.length);
      expect(
        bad.filter(([, , , words], index) => !words.test(said[index] ?? "")).map(([sentence]) => sentence),
      ).toEqual([]);
      expect(await room.kubectl.table([resource.name, "--ignore-not-found"])).toEqual([]);
    });
  });

  describe.concurrent("stores as it is what is right:", () => {
    it.each(good)("%s", async (_it, spec) => {
      const { status, body } = await create(resource, spec);

      expect([status, body.message]).toEqual([201, undefined]);
      expect(body.spec).toEqual({ ...added, ...spec });
      expect(simulated(resource, spec)).toEqual({ ...added, ...spec });
    });

    it("all of them by kubectl apply, after which kubectl diff has nothing to say", async (test) => {
      const room = await Room.open(test);
      const input = documents(good.map(([, spec], index) => whole(resource, `good-${index}`, spec)));
      await room.kubectl.run(["apply", "-f", "-"], { input });

      expect(await room.kubectl.table([resource.name])).toHaveLength(good.length);
      expect(await room.kubectl.attempt(["diff", "-f", "-"], { input })).toMatchObject({ code: 0, stdout: "" });
    });
  });

  describe.concurrent("finds that a change is", () => {
    it.for(updates)("$it", async ({ before, patch, field, words }, test) => {
      const room = await Room.open(test);
      const path = pathOf(resource, room.namespace);
      await room.client.call("POST", path, whole(resource, "one", before));
      const { status, body } = await room.client.send<Answer>("PATCH", `${path}/one`, { spec: patch });

      expect(status).toBe(field === undefined ? 200 : 422);
      if (field === undefined) return;
      expect(namedIn(body)).toEqual([field]);
      expect(body.message).toMatch(words);
    });
  });
});

it.each([WORKFLOWS, WORKFLOWRUNS])(
  "a $kind's name has at most 63 characters, as it becomes a label",
  async (resource) => {
    const spec = resource === WORKFLOWS ? GOOD_WORKFLOWS[0]?.[1] : GOOD_RUNS[0]?.[1];
    const { status, body } = await create(resource, spec, LONG_NAME);

    expect([status, namedIn(body)]).toEqual([422, ["metadata"]]);
    expect(body.message).toContain("must be at most 63 characters");
    expect(simulated(resource, spec, LONG_NAME)).toEqual(["metadata"]);
    expect((await create(resource, spec, LONG_NAME.slice(1))).status).toBe(201);
  },
);

describe.concurrent("what the documentation shows is taken by the API server:", () => {
  it.for(PAGES)("%s", async ([, objects], test) => {
    const room = await Room.open(test);
    const said = await room.kubectl.run(["apply", "--dry-run=server", "-f", "-"], { input: documents(objects) });

    expect(said.trim().split("\n")).toHaveLength(objects.length);
    // What needs the whole definition to see it is the operator's part.
    const workflows = objects.filter((one): one is Shown => "kind" in one && one.kind === "Workflow");
    const problems = workflows.flatMap(({ metadata, spec }) => workflowProblems({ ...metadata, spec }, NONE_KNOWN));
    expect(problems).toEqual([]);
  });
});

/** The objects in the YAML of a page, whole ones and specs. */
function shownOn(page: string): readonly object[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks.flatMap((block) => loadAll(block)).flatMap((one) => asObject(one as Readonly<Record<string, unknown>>));
}

function asObject(shown: Readonly<Record<string, unknown>>): readonly object[] {
  // What is created and not applied gets its name from the server.
  if (isRecord(shown["metadata"]) && "generateName" in shown["metadata"])
    return [{ ...shown, metadata: { name: "shown" } }];
  if ("kind" in shown) return [shown];
  if ("spec" in shown) return [whole(TASKRUNS, "shown", shown["spec"])];
  if ("tasks" in shown || "finally" in shown)
    return [whole(WORKFLOWS, "shown", { tasks: [{ name: "any" }], ...shown })];
  // The rest is the operator's configuration file, which has tests of its own.
  return "retry" in shown ? [whole(TASKRUNS, "shown", { podTemplateRef: { name: "any" }, ...shown })] : [];
}

/** Strict as kubectl is, and without leaving anything. */
async function create(resource: Resource, spec: unknown, name = "one"): Promise<Reply<Answer>> {
  const query = "dryRun=All&fieldValidation=Strict";
  return await client.send("POST", `${pathOf(resource, "default")}?${query}`, whole(resource, name, spec));
}

/** The fields the simulator's API server names, or the spec as it stores it: it must stay in step. */
function simulated(resource: Resource, spec: unknown, name = "one"): unknown {
  const metadata = { name, namespace: "default", uid: "u", resourceVersion: "1", creationTimestamp: "" };
  const answer = admitNew(resource, { ...whole(resource, name, spec), metadata }, true);
  return "refusal" in answer ? namedIn(answer.refusal.body as Answer) : answer.object.spec;
}

/** A cause at <nil> only says that the rules were not looked at, because a type, a bound or a name is wrong. */
function namedIn({ details }: Answer): readonly string[] {
  return [...new Set((details?.causes ?? []).map(({ field = "" }) => field))].filter((field) => field !== "<nil>");
}

function pathOf({ apiVersion, name }: Resource, namespace: string): string {
  return `/apis/${apiVersion}/namespaces/${namespace}/${name}`;
}

function whole({ apiVersion, kind }: Resource, name: string, spec: unknown): Whole {
  return { apiVersion, kind, metadata: { name }, ...(spec !== undefined && { spec }) };
}

/** A stream of documents: of one that is wrong kubectl goes on to the next. */
function documents(items: readonly object[]): string {
  return items.map((item) => JSON.stringify(item)).join("\n---\n");
}
