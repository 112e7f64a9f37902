/** What the API server itself knows about TaskRuns, with no operator running: refusals, defaults, explanations. */
import { describe, expect, inject, it } from "vitest";
import { Kubectl } from "./support/kubectl.ts";
import { manifest, taskRunsPath, type List, type TaskRun } from "./support/objects.ts";
import { Room } from "./support/room.ts";

const TEMPLATE = { spec: { containers: [{ name: "main", image: "busybox" }] } };

/** A spec that is wrong, and the words the user must read. */
const REFUSED: readonly (readonly [string, object, RegExp])[] = [
  ["without a template", {}, /spec\.template: Required value/],
  ["with a template that is no object", { template: "busybox" }, /spec\.template.*object/],
  ["with a field that does not exist", { template: TEMPLATE, retries: 3 }, /unknown field "spec\.retries"/],
  [
    "with a misspelt field further down",
    { template: TEMPLATE, retry: { limits: 3 } },
    /unknown field "spec\.retry\.limits"/,
  ],
  [
    "with retry.limit -1",
    { template: TEMPLATE, retry: { limit: -1 } },
    /spec\.retry\.limit.*greater than or equal to 0/,
  ],
  [
    "with retry.limit 101",
    { template: TEMPLATE, retry: { limit: 101 } },
    /spec\.retry\.limit.*less than or equal to 100/,
  ],
  ["with retry.limit as text", { template: TEMPLATE, retry: { limit: "2" } }, /spec\.retry\.limit.*integer/],
  ["with half a retry", { template: TEMPLATE, retry: { limit: 1.5 } }, /spec\.retry\.limit.*type int/],
  ["with factor 0", { template: TEMPLATE, retry: { backoff: { factor: 0 } } }, /spec\.retry\.backoff\.factor.*1/],
  [
    "with initialSeconds -1",
    { template: TEMPLATE, retry: { backoff: { initialSeconds: -1 } } },
    /backoff\.initialSeconds/,
  ],
  [
    "with maxSeconds below initialSeconds",
    { template: TEMPLATE, retry: { backoff: { initialSeconds: 20, maxSeconds: 10 } } },
    /spec\.retry\.backoff\.maxSeconds.*at least initialSeconds/,
  ],
  ["with deadline 0", { template: TEMPLATE, activeDeadlineSeconds: 0 }, /spec\.activeDeadlineSeconds.*1/],
  ["with cancel as text", { template: TEMPLATE, cancel: "yes" }, /spec\.cancel.*boolean/],
];

describe.concurrent("the API server refuses a TaskRun, and names the field,", () => {
  it.for(REFUSED)("%s", async ([, spec, words], test) => {
    const room = await Room.open(test);
    const wrong = { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", metadata: { name: "wrong" }, spec };
    expect(await room.kubectl.refused(["apply", "-f", "-"], { input: wrong })).toMatch(words);
  });

  it("that takes a cancel back", async (test) => {
    const room = await Room.open(test);
    await room.create("final", { template: TEMPLATE, cancel: true });
    for (const patch of ['{"spec":{"cancel":false}}', '{"spec":{"cancel":null}}']) {
      const words = await room.kubectl.refused(["patch", "tkr", "final", "--type=merge", "-p", patch]);
      expect(words).toMatch(/spec\.cancel.*cancel is final/);
    }
  });
});

describe.concurrent("a TaskRun nobody looked at yet", () => {
  it("reads Pending at once, and has its defaults written out", async (test) => {
    const room = await Room.open(test);
    await room.kubectl.apply(manifest("fresh", { template: TEMPLATE }));

    expect(await room.kubectl.table(["tkr"])).toMatchObject([{ NAME: "fresh", STATUS: "Pending", REASON: "" }]);
    expect((await room.taskRun("fresh")).spec).toEqual({
      template: TEMPLATE,
      cancel: false,
      retry: { limit: 0, backoff: { initialSeconds: 10, factor: 2, maxSeconds: 300 } },
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

describe.concurrent("kubectl explain", () => {
  it.each<[string, readonly RegExp[]]>([
    ["taskrun.spec.retry", [/limit\s+<integer>\n\s+How many times/, /backoff\s+<Object>\n\s+The pause/]],
    ["taskrun.spec.retry.backoff", [/initialSeconds/, /factor/, /maxSeconds\s+<integer>\n\s+The longest pause/]],
    ["taskrun.spec.template", [/PodSpec/, /InvalidTemplate/]],
    ["taskrun.status.phase", [/ENUM:\s+Pending\s+Running/, /field selector/]],
  ])("%s says what it is for", async (path, wanted) => {
    const words = (await new Kubectl(inject("cluster")).run(["explain", path])).replaceAll("\r", "");
    expect(words).toContain("DESCRIPTION:");
    for (const one of wanted) expect(words).toMatch(one);
    expect(words).not.toContain("<no description>");
  });
});
