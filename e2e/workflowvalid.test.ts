/** Workflows that the API server takes and that cannot be run: the condition Valid says all that is wrong and where, and nothing starts. */
import { describe, expect, it } from "vitest";
import type { WorkflowSpec } from "../operator/api/types.ts";
import { runMessage, runReason, type Workflow } from "./support/flows.ts";
import { operatorForFile } from "./support/running.ts";
import { flowRoom, SHORT, sim, type FlowRoom } from "./support/simulatedflows.ts";

operatorForFile();

const RESULT = { results: [{ name: "rows" }] };

/** What is wrong, the spec, and what the message has to say. */
const WRONG: readonly (readonly [it: string, spec: WorkflowSpec, ...words: RegExp[]])[] = [
  [
    "tasks that wait for each other",
    {
      tasks: [
        sim("a", SHORT, { dependsOn: ["c"] }),
        sim("b", SHORT, { dependsOn: ["a"] }),
        sim("c", SHORT, { dependsOn: ["b"] }),
      ],
    },
    /^spec\.tasks\[a\]/,
    /a -> c -> b -> a/,
  ],
  [
    "a task that waits for itself",
    { tasks: [sim("a", SHORT, { dependsOn: ["a"] })] },
    /spec\.tasks\[a\]\.dependsOn\[0\]/,
    /itself|a -> a/,
  ],
  [
    "a task nobody knows",
    { tasks: [sim("extract"), sim("load", SHORT, { dependsOn: ["extrct"] })] },
    /spec\.tasks\[load\]\.dependsOn\[0\]: .*extrct.*did you mean.*extract/,
  ],
  ["two tasks of one name", { tasks: [sim("a"), sim("b"), sim("a")] }, /spec\.tasks\[\w+\]: .*"a"/],
  [
    "two tasks of finally of one name",
    { tasks: [sim("a")], finally: [sim("z"), sim("z")] },
    /spec\.finally\[\w+\]: .*"z"/,
  ],
  ["a name among tasks and finally", { tasks: [sim("a")], finally: [sim("a")] }, /spec\.finally\[a\]: /, /\ba\b/],
  [
    "a name that a part of another task would have",
    { tasks: [sim("load", SHORT, { forEach: { range: { end: 2 } } }), sim("load-0")] },
    /load-0/,
  ],
  [
    "a result nobody declares",
    {
      tasks: [
        sim("a", SHORT, RESULT),
        sim("b", { ...SHORT, message: "$(tasks.a.results.cols)" }, { dependsOn: ["a"] }),
      ],
    },
    /spec\.tasks\[b\]\.template.*cols/,
  ],
  [
    "a result of a task that is not waited for",
    { tasks: [sim("a", SHORT, RESULT), sim("b", { ...SHORT, message: "$(tasks.a.results.rows)" })] },
    /spec\.tasks\[b\]\.template.*add "a" to dependsOn/,
  ],
  [
    "a param nobody declares",
    { tasks: [sim("a", { ...SHORT, message: "$(params.day)" })] },
    /spec\.tasks\[a\]\.template.*day/,
  ],
  [
    "a default that is not allowed",
    { params: [{ name: "r", default: "asia", enum: ["eu"] }], tasks: [sim("a")] },
    /spec\.params\[r\]\.default.*eu/,
  ],
  ["a when that is no expression", { tasks: [sim("a", SHORT, { when: "params.x ==" })] }, /spec\.tasks\[a\]\.when/],
  ["a when that is no condition", { tasks: [sim("a", SHORT, { when: '"yes"' })] }, /spec\.tasks\[a\]\.when.*bool/i],
  [
    "a when about a task that is not waited for",
    { tasks: [sim("a"), sim("b", SHORT, { when: 'tasks.a.status == "Failed"' })] },
    /spec\.tasks\[b\]\.when.*\ba\b/,
  ],
  [
    "two lists",
    { tasks: [sim("a", SHORT, { forEach: { items: ["x"], range: { end: 1 } } })] },
    /spec\.tasks\[a\]\.forEach.*exactly one of/,
  ],
  [
    "a list that is none",
    { tasks: [sim("a", SHORT, { forEach: { result: "a,b" } })] },
    /spec\.tasks\[a\]\.forEach\.result/,
  ],
  [
    "an element outside a list",
    { tasks: [sim("a", { ...SHORT, message: "$(item)" })] },
    /spec\.tasks\[a\]\.template.*\$\(item\).*forEach/,
  ],
  [
    "more than 10,000 parts",
    { tasks: [sim("a", SHORT, { forEach: { range: { end: 9_999 } } }), sim("b"), sim("c")] },
    /10001.*at most 10000/,
  ],
  ["no pod", { tasks: [{ name: "a" }] }, /spec\.tasks\[a\].*template/],
  [
    "a pod and a workflow",
    { tasks: [sim("a", SHORT, { workflowRef: { name: "b" } })] },
    /spec\.tasks\[a\].*workflowRef/,
  ],
  [
    "a pod that restarts by itself",
    {
      tasks: [
        { name: "a", template: { spec: { restartPolicy: "Always", containers: [{ name: "main", image: "x" }] } } },
      ],
    },
    /spec\.tasks\[a\]\.template\.spec\.restartPolicy/,
  ],
];

describe.concurrent("nothing starts, and the condition Valid says why, of", () => {
  it.for(WRONG)("%s", async ([, spec, ...words], test) => {
    const place = await flowRoom(test);
    await place.flows.create("wrong", spec);
    const seen = await judged(place, "wrong", 1);
    const condition = seen.status?.conditions?.find(({ type }) => type === "Valid");

    expect(condition).toMatchObject({ status: "False", reason: "InvalidWorkflow" });
    for (const one of words) expect(condition?.message).toMatch(one);
    expect(condition?.message.length).toBeLessThanOrEqual(1024);
    expect(await place.flows.runs("wrong")).toEqual([]);
    expect(await place.room.kubectl.table(["wfl", "-o", "wide"])).toMatchObject([{ VALID: "False", STATUS: "" }]);
  });
});

describe.concurrent("a Workflow that cannot be run", () => {
  it("is told all that is wrong with it, the first things whole", async (test) => {
    const place = await flowRoom(test);
    const tasks = Array.from({ length: 200 }, (_, i) => sim(`task-${i}`, SHORT, { dependsOn: [`missing-${i}`] }));
    await place.flows.create("wrong", { tasks });
    const message = (await judged(place, "wrong", 1)).status?.conditions?.[0]?.message ?? "";

    expect(message).toMatch(/^spec\.tasks\[task-0\]\.dependsOn\[0\]: .*spec\.tasks\[task-1\]\.dependsOn\[0\]: /s);
    expect(message).toMatch(/\(and (at least )?\d+ more\)$/);
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(1024);
  });

  it("starts a run once it is mended; runs of the definition before it go on", async (test) => {
    const { flows, room } = await flowRoom(test);
    const first = await flows.begin("mended", {
      tasks: [sim("a", { "run-for": "2s" }), sim("b", SHORT, { dependsOn: ["a"] })],
    });
    await flows.edit("mended", { tasks: [sim("a", SHORT, { dependsOn: ["b"] })] });
    await judged({ flows, room }, "mended", 2);
    await flows.edit("mended", { tasks: [sim("c")] });
    const third = await flows.over((await flows.runOf("mended", 3)).metadata.name);

    expect((await flows.over(first.metadata.name)).status).toMatchObject({ phase: "Succeeded", states: "SS" });
    expect(third.status).toMatchObject({ phase: "Succeeded", states: "S" });
    expect(await flows.runs("mended")).toHaveLength(2);
  });

  it("fails a run that a person creates, with its words", async (test) => {
    const { flows } = await flowRoom(test);
    await flows.create("wrong", { run: "Manual", tasks: [sim("a", SHORT, { dependsOn: ["a"] })] });
    await flows.start("wrong", {}, "one");
    const over = await flows.over("one");

    expect([over.status.phase, runReason(over)]).toEqual(["Failed", "InvalidWorkflow"]);
    expect(runMessage(over)).toContain("spec.tasks[a].dependsOn[0]");
  });

  it("runs itself, through others: all of them are told the way around", async (test) => {
    const place = await flowRoom(test);
    const ref = (name: string): WorkflowSpec => ({ tasks: [{ name: "sub", workflowRef: { name } }] });
    // The first two know nothing wrong of themselves until the third is there.
    await place.flows.create("sales", { ...ref("shipping"), suspend: true });
    await place.flows.create("shipping", { ...ref("billing"), suspend: true });
    await place.flows.create("billing", { ...ref("sales"), suspend: true });
    for (const name of ["sales", "shipping", "billing"]) {
      const invalid = ({ status }: Workflow): boolean => status?.conditions?.[0]?.status === "False";
      const { status } = await place.flows.seeWorkflow(name, invalid, { what: "Valid to be False" });
      expect(status?.conditions?.[0]?.message).toMatch(
        /sales -> shipping -> billing -> sales|shipping -> billing -> sales -> shipping|billing -> sales -> shipping -> billing/,
      );
    }
    // Once the ring is broken all are well again.
    await place.flows.edit("billing", { tasks: [sim("bill")] });
    for (const name of ["sales", "shipping", "billing"]) {
      const valid = ({ status }: Workflow): boolean => status?.conditions?.[0]?.status === "True";
      await place.flows.seeWorkflow(name, valid, { what: "Valid to be True" });
    }
  });

  it("gives a sub-workflow params it does not have: said once that is known", async (test) => {
    const place = await flowRoom(test);
    await place.flows.create("inner", { run: "Manual", params: [{ name: "day" }], tasks: [sim("a")] });
    const sub = { name: "sub", workflowRef: { name: "inner", params: { dya: "monday" } } };
    await place.flows.create("outer", { tasks: [sub], suspend: true });
    const invalid = ({ status }: Workflow): boolean => status?.conditions?.[0]?.status === "False";
    const { status } = await place.flows.seeWorkflow("outer", invalid, { what: "Valid to be False" });

    expect(status?.conditions?.[0]?.message).toMatch(/spec\.tasks\[sub\]\.workflowRef\.params.*dya/);
  });
});

/** Waits until the operator has judged that generation. */
async function judged({ flows }: FlowRoom, name: string, generation: number): Promise<Workflow> {
  const wait = { what: `generation ${generation} to be judged` };
  return await flows.seeWorkflow(name, ({ status }) => status?.observedGeneration === generation, wait);
}
