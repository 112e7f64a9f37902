/** Workflows on a real kubelet: what tasks hand to each other, how a run ends, and how it goes on after that. */
import { describe, expect, it, type TestContext } from "vitest";
import { Flows, runMessage, storyOf, type TaskSpec } from "./support/flows.ts";
import { OBEDIENT, shell, template, type TaskRun } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForFile } from "./support/running.ts";
import { poll } from "./support/waiting.ts";

operatorForFile();

/** Nothing that a shell, Kubernetes or Stint would read in it must be read. */
const HOSTILE = `it's "so" $(HOME) $$x $(STINT_RUN) $(params.p) \`id\` \${PATH} ü✓ {"a": [1]}`;

/** What a person gives once it is seen to be missing. */
const FACTOR = { valueFrom: { configMapKeyRef: { name: "prices", key: "factor", optional: true } } };
const GIVE_FACTOR = ["create", "configmap", "prices", "--from-literal=factor=3"];

interface Given {
  /** Values as text, or where they come from. */
  readonly env?: Readonly<Record<string, string | object>>;
  readonly args?: readonly string[];
  readonly results?: readonly string[];
}

/** A place for workflows, and a way to write tasks that run a script. */
interface Place {
  readonly flows: Flows;
  readonly room: Room;
  readonly task: (name: string, script: string, given?: Given & Omit<Partial<TaskSpec>, "results">) => TaskSpec;
}

describe.concurrent("a Workflow", () => {
  it("hands results on: extract, three transforms, and a load that reads them all", async (test) => {
    const { flows, task } = await place(test);
    const run = await flows.through("etl", {
      tasks: [
        task("extract", say({ files: ["a.csv", "b.csv", "c.csv"] }), { results: ["files"] }),
        task("transform", 'echo "{\\"rows\\": \\"$FILE has $STINT_INDEX\\"}" > /dev/termination-log', {
          dependsOn: ["extract"],
          forEach: { result: "$(tasks.extract.results.files)" },
          env: { FILE: "$(item)" },
          results: ["rows"],
        }),
        task("load", 'echo "$ROWS"; env | grep ^STINT_ | sort', {
          dependsOn: ["transform"],
          env: { ROWS: "$(tasks.transform.results.rows)" },
        }),
      ],
    });
    const { name } = run.metadata;

    expect(storyOf(run)).toBe("Succeeded Succeeded SSS");
    expect(run.status).toMatchObject({
      progress: "5/5",
      tasks: { total: 5, succeeded: 5, pending: 0, running: 0, failed: 0 },
      mapped: [{ task: "transform", total: 3, succeeded: "0-2" }],
      duration: expect.stringMatching(/s$/) as string,
    });
    const log = (await flows.log(name, "load")).split("\n");
    expect(log[0]).toBe('["a.csv has 0","b.csv has 1","c.csv has 2"]');
    const start = log.find((line) => line.startsWith("STINT_DATA_INTERVAL_START="));
    expect(log.slice(1).filter((line) => line !== "")).toEqual([
      "STINT_ATTEMPT=1",
      `STINT_DATA_INTERVAL_END=${start?.split("=")[1] ?? ""}`,
      `STINT_DATA_INTERVAL_START=${run.metadata.creationTimestamp}`,
      `STINT_RUN=${name}`,
      "STINT_TASK=load",
      "STINT_WORKFLOW=etl",
    ]);
    const tasks = await flows.tasks(name);
    expect([...tasks.keys()].toSorted()).toEqual(["extract", "load", "transform-0", "transform-1", "transform-2"]);
    expectOrder(tasks, "extract", "transform-0", "load");
    expectOrder(tasks, "extract", "transform-2", "load");
  });

  it("hands a value on as it is, whatever it looks like, to env as to args", async (test) => {
    const { flows, task } = await place(test);
    const run = await flows.through("values", {
      params: [
        { name: "p", default: HOSTILE },
        { name: "json", default: JSON.stringify({ value: HOSTILE }) },
      ],
      tasks: [
        task("from", 'printf %s "$JSON" > /dev/termination-log', {
          env: { JSON: "$(params.json)" },
          results: ["value"],
        }),
        task("env", 'printf "%s\\n%s" "$RESULT" "$PARAM"', {
          dependsOn: ["from"],
          env: { RESULT: "$(tasks.from.results.value)", PARAM: "$(params.p)", HOME: "/secret" },
        }),
        task("arg", 'printf %s "$1"', { dependsOn: ["from"], args: ["-", "$(tasks.from.results.value)"] }),
      ],
    });

    expect(storyOf(run)).toBe("Succeeded Succeeded SSS");
    expect(await flows.log(run.metadata.name, "env")).toBe(`${HOSTILE}\n${HOSTILE}`);
    expect(await flows.log(run.metadata.name, "arg")).toBe(HOSTILE);
  });

  it("runs a matrix, each part with its own values", async (test) => {
    const { flows, task } = await place(test);
    const build = task("build", 'echo "$ARCH $GO"', {
      forEach: { matrix: { go: ["1.25", "1.26"], arch: ["amd64", "arm64"] } },
      env: { ARCH: "$(item.arch)", GO: "$(item.go)" },
    });
    const run = await flows.through("matrix", { tasks: [build] });
    const logs = await Promise.all([0, 1, 2, 3].map((part) => flows.log(run.metadata.name, `build-${part}`)));

    expect(logs.map((log) => log.trim())).toEqual(["amd64 1.25", "amd64 1.26", "arm64 1.25", "arm64 1.26"]);
    const index = (one: TaskRun): string | undefined => one.metadata.labels?.["stint.dev/index"];
    const tasks = await flows.tasks(run.metadata.name);
    expect([...tasks].map(([name, one]) => name === `build-${index(one) ?? "?"}`)).toEqual([true, true, true, true]);
  });

  it("goes on from the failed task: what succeeded is not run again, and its results are still used", async (test) => {
    const { flows, room, task } = await place(test);
    const run = await flows.through("again", {
      tasks: [
        task("extract", say({ amount: "14" }), { results: ["amount"] }),
        task(
          "load",
          '[ -n "$FACTOR" ] || { echo "no factor" | tee /dev/termination-log; exit 7; }; echo $((AMOUNT * FACTOR))',
          {
            dependsOn: ["extract"],
            env: { AMOUNT: "$(tasks.extract.results.amount)", FACTOR },
          },
        ),
        task("report", "echo done", { dependsOn: ["load"] }),
        task("aside", "echo aside"),
      ],
      finally: [task("clean", 'echo "$RUN"', { env: { RUN: "$(run.status)" } })],
    });
    const { name } = run.metadata;
    expect(storyOf(run)).toBe("Failed TaskFailed SFUSS");
    expect(run.status.firstFailures).toMatchObject([{ task: "load", reason: "ExitCode", taskRun: `${name}-load` }]);
    expect(run.status.firstFailures?.[0]?.message).toContain("no factor");
    expect(await flows.log(name, "clean")).toBe("Failed\n");

    await room.kubectl.run(GIVE_FACTOR);
    await flows.patch(name, { retry: { id: "first" } });
    const again = await flows.over(name, { round: 1 });
    expect(storyOf(again)).toBe("Succeeded Succeeded SSSSS");
    expect(again.status).toMatchObject({ retry: { id: "first", round: 1 }, progress: "5/5" });
    expect(again.status.firstFailures ?? []).toEqual([]);
    expect(await flows.log(name, "load-r1")).toBe("42\n");
    expect(await flows.log(name, "clean-r1")).toBe("Succeeded\n");
    expect(await flows.taskNames(name)).toEqual(
      ["aside", "clean", "clean-r1", "extract", "load", "load-r1", "report-r1"].toSorted(),
    );
    // The logs of the failed one are still there.
    expect(await flows.log(name, "load")).toContain("no factor");
  });

  it("that is cancelled stops its pods gracefully, and then finally runs", async (test) => {
    const { flows, room, task } = await place(test);
    const { metadata } = await flows.begin("stopped", {
      tasks: [
        task("first", "echo first"),
        task("long", OBEDIENT, { dependsOn: ["first"] }),
        task("after", "echo after", { dependsOn: ["long"] }),
      ],
      finally: [
        task("clean", 'echo "$RUN, long $LONG, after $AFTER"', {
          env: { RUN: "$(run.status)", LONG: "$(tasks.long.status)", AFTER: "$(tasks.after.status)" },
        }),
      ],
    });
    await room.running(`${metadata.name}-long`);
    await flows.patch(metadata.name, { cancel: true });
    const run = await flows.over(metadata.name);
    const tasks = await flows.tasks(metadata.name);

    expect(storyOf(run)).toBe("Cancelled Cancelled SCCS");
    expect(run.status).toMatchObject({ stopped: "Cancelled", progress: "4/4" });
    // Exit code 3 is the task's own answer to SIGTERM: it was asked, not killed.
    expect(tasks.get("long")?.status).toMatchObject({ phase: "Cancelled", exitCode: 3 });
    expect([...tasks.keys()].toSorted()).toEqual(["clean", "first", "long"]);
    expect(await flows.log(metadata.name, "clean")).toBe("Cancelled, long Cancelled, after Cancelled\n");
    expectOrder(tasks, "long", "clean");
  });

  it("runs another one as its task; a failure in there fails it, and a retry goes on in there", async (test) => {
    const { flows, room, task } = await place(test);
    await flows.create("inner", {
      run: "Manual",
      params: [{ name: "who" }],
      tasks: [
        task("one", 'echo "$WHO"', { env: { WHO: "$(params.who)" } }),
        task("two", '[ -n "$FACTOR" ]', { dependsOn: ["one"], env: { FACTOR } }),
      ],
    });
    const outer = await flows.through("outer", {
      tasks: [
        task("before", say({ name: "world" }), { results: ["name"] }),
        {
          name: "sub",
          dependsOn: ["before"],
          workflowRef: { name: "inner", params: { who: "hello $(tasks.before.results.name)" } },
        },
        task("after", "echo after", { dependsOn: ["sub"] }),
      ],
    });
    const { name } = outer.metadata;
    const inner = await flows.run(`${name}-sub`);
    expect(storyOf(outer)).toBe("Failed TaskFailed SFU");
    expect(storyOf(inner)).toBe("Failed TaskFailed SF");
    expect(outer.status.firstFailures).toMatchObject([{ task: "sub", reason: "TaskFailed", taskRun: `${name}-sub` }]);
    expect(outer.status.firstFailures?.[0]?.message).toContain("two");
    expect(await flows.log(`${name}-sub`, "one")).toBe("hello world\n");
    expect(inner.metadata.ownerReferences).toMatchObject([{ kind: "WorkflowRun", name }]);

    await room.kubectl.run(GIVE_FACTOR);
    await flows.patch(name, { retry: { id: "1" } });
    const again = await flows.over(name, { round: 1 });
    expect(storyOf(again)).toBe("Succeeded Succeeded SSS");
    expect(storyOf(await flows.run(`${name}-sub`))).toBe("Succeeded Succeeded SS");
    expect(await flows.taskNames(`${name}-sub`)).toEqual(["one", "two", "two-r1"]);
    expect(await flows.taskNames(name)).toEqual(["after-r1", "before"]);
    expect(await flows.runs("inner")).toHaveLength(1);
  });

  it("tells in kubectl what it did: columns, waits, and what failed first", async (test) => {
    const { flows, room, task } = await place(test);
    await room.kubectl.apply({
      apiVersion: "stint.dev/v1alpha1",
      kind: "Workflow",
      metadata: { name: "told" },
      spec: { tasks: [task("fine", "echo fine"), task("bad", "echo 'disk full' > /dev/termination-log; exit 28")] },
    });
    const { metadata } = await flows.runOf("told");
    const anyEnd = "--for=jsonpath={.status.completionTime}";
    await room.kubectl.run(["wait", anyEnd, `workflowrun/${metadata.name}`, "--timeout=100s"], { limitMs: 110_000 });
    const [row] = await room.kubectl.table(["workflowruns", "-o", "wide"]);
    const seen = await flows.seeWorkflow("told", ({ status }) => status?.activeRuns === 0, { what: "no active run" });
    const [flow] = await room.kubectl.table(["workflows"]);

    expect(row).toMatchObject({ NAME: metadata.name, WORKFLOW: "told", STATUS: "Failed", PROGRESS: "2/2" });
    expect(row).toMatchObject({ REASON: "TaskFailed", DURATION: expect.stringMatching(/s$/) as string });
    expect(row?.["MESSAGE"]).toMatch(/First failure: bad: ExitCode: .*exit code 28: disk full/);
    expect(flow).toMatchObject({
      NAME: "told",
      VALID: "True",
      "LAST RUN": metadata.name,
      STATUS: "Failed",
      ACTIVE: "0",
    });
    expect(seen.status?.lastCompletedRun).toMatchObject({ name: metadata.name, phase: "Failed" });
    expect(runMessage(await flows.run(metadata.name))).toBe(row?.["MESSAGE"]);
    const told = async (): Promise<true | undefined> => {
      const words = await room.kubectl.run(["describe", "workflowrun", metadata.name]);
      return /Warning +Failed .*bad/.test(words) || undefined;
    };
    await poll(told, { what: "an event about its end" });
  });
});

async function place(test: TestContext): Promise<Place> {
  const { image } = needs(test, "real nodes");
  const room = await Room.open(test);
  const task: Place["task"] = (name, script, { env = {}, args, results = [], ...more } = {}) => {
    const variables = Object.entries(env).map(([variable, value]) =>
      typeof value === "string" ? { name: variable, value } : { name: variable, ...value },
    );
    const main = shell(image, script, { ...(variables.length > 0 && { env: variables }), ...(args && { args }) });
    const named = results.length > 0 ? { results: results.map((result) => ({ name: result })) } : {};
    return { name, template: template(main), ...named, ...more };
  };
  return { flows: new Flows(room), room, task };
}

/** A script that hands over results. */
function say(results: object): string {
  return `cat > /dev/termination-log <<'EOF'\n${JSON.stringify(results)}\nEOF`;
}

/** Each of them was made only after the one before it had ended. Times have whole seconds. */
function expectOrder(tasks: ReadonlyMap<string, TaskRun>, ...names: readonly string[]): void {
  const times = names.flatMap((name) => {
    const one = tasks.get(name);
    return [one?.metadata.creationTimestamp, one?.status.completionTime].map((time) => Date.parse(time ?? ""));
  });
  expect(times).not.toContain(NaN);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
}
