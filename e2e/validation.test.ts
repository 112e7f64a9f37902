/** What the API server takes and what it refuses, by schema and rules of crds/taskruns.yaml; no operator runs. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { describe, expect, inject, it } from "vitest";
import { admitNew } from "../operator/testing/sim/apiserver/admission.ts";
import { TASKRUNS } from "../operator/testing/sim/apiserver/resources.ts";
import { Client, type Reply } from "./support/client.ts";
import { taskRunsPath } from "./support/objects.ts";
import { Room } from "./support/room.ts";
import { BAD } from "./validation/bad.ts";
import { UPDATES } from "./validation/updates.ts";
import { ADDED, GOOD } from "./validation/good.ts";

const ROOT = join(import.meta.dirname, "..");
const PAGES = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)]
  .map((page): readonly [string, readonly object[]] => [page, shownOn(page)])
  .filter(([, objects]) => objects.length > 0);

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

const client = new Client(inject("cluster").kubeconfig);

describe.concurrent("the API server refuses a TaskRun, names the field and says what would be right:", () => {
  it.each(BAD)("%s", async (_it, spec, field, words) => {
    const { status, body } = await create(spec);

    expect([status, body.message]).toEqual([field === "" ? 400 : 422, expect.stringMatching(words)]);
    if (field !== "") expect(namedIn(body)).toEqual([field]);
    if (field !== "") expect(simulated(spec)).toEqual([field]);
  });

  it("all of them in one kubectl apply, and keeps none", async (test) => {
    const room = await Room.open(test);
    const input = documents(BAD.map(([, spec], index) => whole(`bad-${index}`, spec)));
    const said = (await room.kubectl.refused(["apply", "-f", "-"], { input })).trim().split("\n");

    expect(said).toHaveLength(BAD.length);
    expect(BAD.filter(([, , , words], index) => !words.test(said[index] ?? "")).map(([sentence]) => sentence)).toEqual(
      [],
    );
    expect(await room.kubectl.table(["tkr", "--ignore-not-found"])).toEqual([]);
  });
});

describe.concurrent("the API server stores a TaskRun as it is:", () => {
  it.each(GOOD)("%s", async (_it, spec) => {
    const { status, body } = await create(spec);

    expect([status, body.message]).toEqual([201, undefined]);
    expect(body.spec).toEqual({ ...ADDED, ...spec });
    expect(simulated(spec)).toEqual({ ...ADDED, ...spec });
  });

  it("all of them by kubectl apply, after which kubectl diff has nothing to say", async (test) => {
    const room = await Room.open(test);
    const input = documents(GOOD.map(([, spec], index) => whole(`good-${index}`, spec)));
    await room.kubectl.run(["apply", "-f", "-"], { input });

    expect(await room.kubectl.table(["tkr"])).toHaveLength(GOOD.length);
    expect(await room.kubectl.attempt(["diff", "-f", "-"], { input })).toMatchObject({ code: 0, stdout: "" });
  });
});

describe.concurrent("a change of a TaskRun is", () => {
  it.for(UPDATES)("$it", async ({ before, patch, field, words }, test) => {
    const room = await Room.open(test);
    await room.client.call("POST", taskRunsPath(room.namespace), whole("one", before));
    const path = `${taskRunsPath(room.namespace)}/one`;
    const { status, body } = await room.client.send<Answer>("PATCH", path, { spec: patch });

    expect(status).toBe(field === undefined ? 200 : 422);
    if (field === undefined) return;
    expect(namedIn(body)).toEqual([field]);
    expect(body.message).toMatch(words);
  });
});

describe.concurrent("what the documentation shows is taken by the API server:", () => {
  it.for(PAGES)("%s", async ([, objects], test) => {
    const room = await Room.open(test);
    const said = await room.kubectl.run(["apply", "--dry-run=server", "-f", "-"], { input: documents(objects) });

    expect(said.trim().split("\n")).toHaveLength(objects.length);
  });
});

/** The objects in the YAML of a page, whole ones and specs of TaskRuns. */
function shownOn(page: string): readonly object[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks.flatMap((block) => loadAll(block)).flatMap((one) => asObject(one as Readonly<Record<string, unknown>>));
}

function asObject(shown: Readonly<Record<string, unknown>>): readonly object[] {
  if ("kind" in shown) return [shown];
  if ("spec" in shown) return [whole("shown", shown["spec"])];
  // The rest is the operator's configuration file, which has tests of its own.
  return "retry" in shown ? [whole("shown", { podTemplateRef: { name: "any" }, ...shown })] : [];
}

/** Strict as kubectl is, and without leaving anything. */
async function create(spec: unknown): Promise<Reply<Answer>> {
  const query = "dryRun=All&fieldValidation=Strict";
  return await client.send("POST", `${taskRunsPath("default")}?${query}`, whole("one", spec));
}

/** The fields the simulator's API server names, or the spec as it stores it: it must stay in step. */
function simulated(spec: unknown): unknown {
  const metadata = { name: "one", namespace: "default", uid: "u", resourceVersion: "1", creationTimestamp: "" };
  const answer = admitNew(TASKRUNS, { ...whole("one", spec), metadata }, true);
  return "refusal" in answer ? namedIn(answer.refusal.body as Answer) : answer.object.spec;
}

/** A cause at <nil> only says that the rules were not looked at, because a type, a bound or a name is wrong. */
function namedIn({ details }: Answer): readonly string[] {
  return [...new Set((details?.causes ?? []).map(({ field = "" }) => field))].filter((field) => field !== "<nil>");
}

function whole(name: string, spec: unknown): Whole {
  return { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", metadata: { name }, ...(spec !== undefined && { spec }) };
}

/** A stream of documents: of one that is wrong kubectl goes on to the next. */
function documents(items: readonly object[]): string {
  return items.map((item) => JSON.stringify(item)).join("\n---\n");
}
