/** What the API server itself knows about our kinds, with no operator running: defaults, selectors, explanations. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { describe, expect, inject, it } from "vitest";
import { json, nodesOf, type Json, type Node } from "../crds/conventions.ts";
import { Kubectl } from "./support/kubectl.ts";
import { manifest, taskRunsPath, type List, type TaskRun } from "./support/objects.ts";
import { Room } from "./support/room.ts";

const TEMPLATE = { spec: { containers: [{ name: "main", image: "busybox" }] } };

describe.concurrent("what nobody looked at yet", () => {
  it("reads Pending at once as a TaskRun, and has its defaults written out", async (test) => {
    const room = await Room.open(test);
    await room.kubectl.apply(manifest("fresh", { template: TEMPLATE }));

    expect(await room.kubectl.table(["tkr"])).toMatchObject([{ NAME: "fresh", STATUS: "Pending", REASON: "" }]);
    expect((await room.taskRun("fresh")).spec).toEqual({
      template: TEMPLATE,
      cancel: false,
      onUnknownFate: "Wait",
      rerun: "OnSpecChange",
      suspend: false,
    });
  });

  it("is found by kubectl get with --field-selector status.phase", async (test) => {
    const room = await Room.open(test);
    await room.create("one", { template: TEMPLATE });
    await room.create("other", { template: TEMPLATE });
    // The operator's part is played by hand here: no operator runs.
    const status = { status: { phase: "Failed" } };
    await room.client.call("PATCH", `${taskRunsPath(room.namespace)}/other/status`, status);

    const names = async (selector: string): Promise<readonly string[]> => {
      const path = `${taskRunsPath(room.namespace)}?fieldSelector=${encodeURIComponent(selector)}`;
      return (await room.client.call<List<TaskRun>>("GET", path)).items.map((item) => item.metadata.name);
    };
    expect(await room.kubectl.table(["tkr", "--field-selector=status.phase=Failed"])).toMatchObject([
      { NAME: "other" },
    ]);
    expect(await names("status.phase=Pending")).toEqual(["one"]);
    expect(await names("status.phase!=Pending")).toEqual(["other"]);
  });

  it("reads Pending at once as a WorkflowRun, too, with nothing added to what was said", async (test) => {
    const room = await Room.open(test);
    const spec = { workflowRef: { name: "sales" } };
    await room.kubectl.apply({
      apiVersion: "stint.dev/v1alpha1",
      kind: "WorkflowRun",
      metadata: { name: "fresh" },
      spec,
    });
    const [row] = await room.kubectl.table(["wfr"]);
    const said = JSON.parse(await room.kubectl.run(["get", "wfr", "fresh", "-o", "json"])) as TaskRun;

    expect(row).toMatchObject({ NAME: "fresh", WORKFLOW: "sales", STATUS: "Pending", PROGRESS: "", REASON: "" });
    expect([said.spec, said.status]).toEqual([spec, { phase: "Pending", observedGeneration: 0 }]);
    expect(await room.kubectl.table(["wfr", "--field-selector=spec.workflowRef.name=sales"])).toHaveLength(1);
    expect(await room.kubectl.table(["wfr", "--field-selector=status.phase=Failed", "--ignore-not-found"])).toEqual([]);
  });

  it("as a Workflow has nothing added to what was said, and a status that says nobody has looked at it", async (test) => {
    const room = await Room.open(test);
    const spec = { tasks: [{ name: "a", template: TEMPLATE }] };
    await room.kubectl.apply({ apiVersion: "stint.dev/v1alpha1", kind: "Workflow", metadata: { name: "fresh" }, spec });
    const said = JSON.parse(await room.kubectl.run(["get", "wfl", "fresh", "-o", "json"])) as TaskRun;

    expect(await room.kubectl.table(["workflows"])).toMatchObject([{ NAME: "fresh", VALID: "", "LAST RUN": "" }]);
    expect([said.spec, said.status]).toEqual([spec, { observedGeneration: 0 }]);
  });

  it("is part of kubectl get stint", async (test) => {
    const room = await Room.open(test);
    await room.create("one", { template: TEMPLATE });
    expect(await room.kubectl.run(["get", "stint", "-o", "name"])).toBe("taskrun.stint.dev/one\n");
  });
});

/** The kinds, each with how many fields it has at least, so that a walk that finds few would be noticed. */
const KINDS = [
  ["taskrun", 80],
  ["workflow", 150],
  ["workflowrun", 60],
] as const;

describe.concurrent.each(KINDS)("kubectl explain of a %s", (kind, fieldsMin) => {
  /** Fields of spec and status with their descriptions, as the file of the CRD has them. */
  const fields: readonly Node[] = nodesOf({ path: "", schema: schemaOf(kind) }).filter(({ path }) =>
    /^(spec|status)\b/.test(path),
  );

  it("shows every field with --recursive", async () => {
    const words = await new Kubectl(inject("cluster")).run(["explain", kind, "--recursive"]);
    const shown = new Set(outline(words));

    expect(fields.length).toBeGreaterThan(fieldsMin);
    // An item of a list or map has no line of its own.
    expect(fields.map(({ path }) => bare(path)).filter((path) => !shown.has(path))).toEqual([]);
  });

  it("says of every field what the schema says", async () => {
    const kubectl = new Kubectl(inject("cluster"));
    const holders = fields.filter(({ schema }) => schema["properties"] !== undefined);
    const pages = new Map<string, string>();
    for (const { path } of holders) {
      const name = [kind, ...bare(path).split(".")].join(".");
      pages.set(path, oneLine(await kubectl.run(["explain", name])));
    }
    const named = fields.filter(({ path }) => /\w$/.test(path));
    const missing = named.filter(({ path, schema }) => {
      const holder = holders.find((one) => one.path === path.slice(0, path.lastIndexOf(".")));
      return holder !== undefined && !pages.get(holder.path)?.includes(oneLine(String(schema["description"])));
    });

    expect(missing.map(({ path }) => path)).toEqual([]);
    expect([...pages.values()].filter((page) => page.includes("<no description>"))).toEqual([]);
  });
});

describe.concurrent("kubectl explain", () => {
  it.each<[string, readonly RegExp[]]>([
    ["taskrun.spec.retry", [/limit\s+<integer>\n\s+How many times/, /backoff\s+<Object>\n\s+The pause/]],
    ["taskrun.spec.template", [/PodSpec/, /InvalidTemplate/]],
    ["workflow.spec.tasks", [/dependsOn\s+<\[\]string>\n\s+The tasks this one waits for/, /AllSucceeded/]],
    ["workflow.spec.tasks.forEach", [/range\s+<Object>\n\s+The whole numbers/, /JSON array/]],
    ["workflowrun.spec.retry", [/scope\s+<string>\n\s+enum: Failed, Tasks, TasksAndDownstream/]],
    ["workflowrun.status.states", [/One letter per task/]],
    ["taskrun.status.phase", [/ENUM:\s+Pending\s+Running/, /field selector/]],
  ])("%s reads well", async (path, wanted) => {
    const words = (await new Kubectl(inject("cluster")).run(["explain", path])).replaceAll("\r", "");
    expect(words).toContain("DESCRIPTION:");
    for (const one of wanted) expect(words).toMatch(one);
  });
});

function schemaOf(kind: string): Json {
  const crd = json(load(readFileSync(join(import.meta.dirname, `../crds/${kind}s.yaml`), "utf8")));
  const versions = json(crd["spec"])["versions"];
  return json(json(json(Array.isArray(versions) ? versions[0] : undefined)["schema"])["openAPIV3Schema"]);
}

function bare(path: string): string {
  return path.replaceAll(/\[\]|\{\}/g, "");
}

function oneLine(words: string): string {
  return words.replaceAll(/\s+/g, " ").trim();
}

/** The paths of an indented list of fields: two blanks for each level. */
function outline(words: string): readonly string[] {
  const above: string[] = [];
  return words.split("\n").flatMap((line) => {
    const { indent = "", name } = /^(?<indent> {2,})(?<name>[A-Za-z]+)\t/.exec(line)?.groups ?? {};
    if (name === undefined) return [];
    above.splice(indent.length / 2 - 1, above.length, name);
    return [above.join(".")];
  });
}
