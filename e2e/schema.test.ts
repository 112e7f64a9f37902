/** What the API server itself knows about TaskRuns, with no operator running: defaults, selectors, explanations. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { describe, expect, inject, it } from "vitest";
import { json, nodesOf, type Json, type Node } from "../crds/conventions.ts";
import { Kubectl } from "./support/kubectl.ts";
import { manifest, taskRunsPath, type List, type TaskRun } from "./support/objects.ts";
import { Room } from "./support/room.ts";

const TEMPLATE = { spec: { containers: [{ name: "main", image: "busybox" }] } };

describe.concurrent("a TaskRun nobody looked at yet", () => {
  it("reads Pending at once, and has its defaults written out", async (test) => {
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

  it("is part of kubectl get stint", async (test) => {
    const room = await Room.open(test);
    await room.create("one", { template: TEMPLATE });
    expect(await room.kubectl.run(["get", "stint", "-o", "name"])).toBe("taskrun.stint.dev/one\n");
  });
});

/** Fields of spec and status with their descriptions, as the file of the CRD has them. */
const FIELDS: readonly Node[] = nodesOf({ path: "", schema: taskRunSchema() }).filter(({ path }) =>
  /^(spec|status)\b/.test(path),
);

describe.concurrent("kubectl explain", () => {
  it("taskrun --recursive shows every field", async () => {
    const words = await new Kubectl(inject("cluster")).run(["explain", "taskrun", "--recursive"]);
    const shown = new Set(outline(words));

    expect(FIELDS.length).toBeGreaterThan(80);
    // An item of a list or map has no line of its own.
    expect(FIELDS.map(({ path }) => bare(path)).filter((path) => !shown.has(path))).toEqual([]);
  });

  it("says of every field what the schema says", async () => {
    const kubectl = new Kubectl(inject("cluster"));
    const holders = FIELDS.filter(({ schema }) => schema["properties"] !== undefined);
    const pages = new Map<string, string>();
    for (const { path } of holders) {
      const name = ["taskrun", ...bare(path).split(".")].join(".");
      pages.set(path, oneLine(await kubectl.run(["explain", name])));
    }
    const named = FIELDS.filter(({ path }) => /\w$/.test(path));
    const missing = named.filter(({ path, schema }) => {
      const holder = holders.find((one) => one.path === path.slice(0, path.lastIndexOf(".")));
      return holder !== undefined && !pages.get(holder.path)?.includes(oneLine(String(schema["description"])));
    });

    expect(missing.map(({ path }) => path)).toEqual([]);
    expect([...pages.values()].filter((page) => page.includes("<no description>"))).toEqual([]);
  });

  it.each<[string, readonly RegExp[]]>([
    ["taskrun.spec.retry", [/limit\s+<integer>\n\s+How many times/, /backoff\s+<Object>\n\s+The pause/]],
    ["taskrun.spec.template", [/PodSpec/, /InvalidTemplate/]],
    ["taskrun.status.phase", [/ENUM:\s+Pending\s+Running/, /field selector/]],
  ])("%s reads well", async (path, wanted) => {
    const words = (await new Kubectl(inject("cluster")).run(["explain", path])).replaceAll("\r", "");
    expect(words).toContain("DESCRIPTION:");
    for (const one of wanted) expect(words).toMatch(one);
  });
});

function taskRunSchema(): Json {
  const crd = json(load(readFileSync(join(import.meta.dirname, "../crds/taskruns.yaml"), "utf8")));
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
