/** `make demo` as a user types it, on the cluster of this test run as on one of the user's. */
import { dirname } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { judgeRun } from "./demo/flow.ts";
import { judge, SAMPLES } from "./demo/samples.ts";
import { Command } from "./localcluster/command.ts";
import type { Access } from "./support/access.ts";
import { applyCrds } from "./support/crds.ts";
import { Client } from "./support/client.ts";
import type { WorkflowRun } from "./support/flows.ts";
import { Kubectl } from "./support/kubectl.ts";
import { taskRunsPath, type TaskRun } from "./support/objects.ts";
import { needs } from "./support/room.ts";
import { until } from "./support/waiting.ts";

const NAMESPACE = "stint-demo";

describe("make demo", () => {
  it("shows every sample to its end, and leaves nothing, not even what a killed demo had left", async (test) => {
    const access = await readyFor(test);
    const kubectl = new Kubectl(access);
    await kubectl.run(["create", "namespace", NAMESPACE]);
    await kubectl.run(["label", "namespace", NAMESPACE, "stint.dev/demo=true"]);
    const shown = await demo(access).finished();
    const { output } = shown;

    expect(shown).toMatchObject({ code: 0 });
    expect(output).toContain("an earlier demo had left");
    expect(output).toMatch(/^oom +Failed +OOMKilled +1 /m);
    expect(output).toMatch(/^retry +Pending +BackingOff +1 /m);
    expect(output).toMatch(/^retry +Succeeded +Succeeded +2 /m);
    expect(output).toMatch(/^\[pod\/succeed-1-\w+\/main\] done$/m);
    // The workflow: a line whenever a task of it changes, and the whole tree at the end.
    expect(output).toMatch(/^transform\/2 +Running$/m);
    expect(output).toMatch(/^TASK +STATE +DURATION +REASON$/m);
    expect(output).toMatch(/^orders-1-\w+ +Succeeded +\d+s +7\/7$/m);
    expect(output).toMatch(/^├─ transform +Succeeded +3 of 3\n│ {2}├─ 0 +Succeeded +\d+s$/m);
    expect(output).toMatch(
      /^├─ receipts +Succeeded +\d+s +1\/1\n│ {2}└─ send +Succeeded +\d+s\n└─ clean-up \(finally\) /m,
    );
    expect(output).toMatch(/^orders-1-\w+ +orders +Succeeded +7\/7 /m);
    expect(output).toContain('loaded ["100","200","300"]');
    expect(output).toContain("Every sample ended as it should");
    expect(await kubectl.refused(["get", "namespace", NAMESPACE])).toContain("not found");
    // It was there before.
    await kubectl.run(["get", "crd", "taskruns.stint.dev"]);
  });

  it("says what is wrong when a sample does not end as it should, and fails", async (test) => {
    const access = await readyFor(test);
    const running = demo(access);
    const where = { path: taskRunsPath(NAMESPACE), name: "retry" };
    const client = new Client(access.kubeconfig);
    await until<TaskRun>(client, where, (one) => one !== undefined, { what: "to be there" });
    await client.call("PATCH", `${where.path}/${where.name}`, { spec: { cancel: true } });
    const { code, output } = await running.finished();

    expect(code).not.toBe(0);
    expect(output).toContain("NOT AS IT SHOULD BE");
    expect(output).toMatch(/^retry: wanted Succeeded \(Succeeded\) in attempt 2, saw Cancelled \(Cancelled\)/m);
  });

  it("does not touch a namespace of its name that it did not make", async (test) => {
    const access = await readyFor(test);
    const kubectl = new Kubectl(access);
    await kubectl.run(["create", "namespace", NAMESPACE]);
    test.onTestFinished(async () => {
      await kubectl.run(["delete", "namespace", NAMESPACE, "--wait=false"]);
    });
    const { code, output } = await demo(access).finished();

    expect(code).not.toBe(0);
    expect(output).toContain(`kubectl delete namespace ${NAMESPACE}, then try again`);
    await kubectl.run(["get", "namespace", NAMESPACE]);
  });
});

describe("a sample", () => {
  const good = new Map(
    SAMPLES.map(({ name, phase, reason, attempt }): [string, TaskRun] => [name, taskRun(phase, reason, attempt)]),
  );
  const bad = (name: string, ending: TaskRun): ReadonlyMap<string, TaskRun> => new Map(good).set(name, ending);

  it("that ended as it should is not complained about", () => {
    expect(judge(good)).toEqual([]);
  });

  it.each([
    ["another phase", bad("succeed", taskRun("Failed", "ExitCode", 1)), "saw Failed (ExitCode) in attempt 1. Why."],
    ["another reason", bad("oom", taskRun("Failed", "ExitCode", 1)), "wanted Failed (OOMKilled) in attempt 1, saw"],
    ["another attempt", bad("retry", taskRun("Succeeded", "Succeeded", 1)), "saw Succeeded (Succeeded) in attempt 1"],
    ["no status yet", bad("oom", { ...taskRun("", "", 0), status: {} }), "saw no phase (no reason) in attempt 0"],
    [
      "no TaskRun at all",
      new Map([...good].slice(1)),
      "succeed: wanted Succeeded (Succeeded) in attempt 1, but it is not",
    ],
  ])("with %s is", (_, seen, want) => {
    expect(judge(seen)).toEqual([expect.stringContaining(want)]);
  });
});

describe("the workflow of the demo", () => {
  it("has to have a run, with every task succeeded", () => {
    const run = (phase: string, states: string): WorkflowRun =>
      ({ metadata: { name: "orders-1" }, status: { phase, states } }) as unknown as WorkflowRun;

    expect(judgeRun(run("Succeeded", "SSSSS"))).toEqual([]);
    expect(judgeRun(run("Succeeded", "SSSKS"))).toEqual([expect.stringContaining("saw Succeeded, tasks SSSKS")]);
    expect(judgeRun(run("Running", "SSSR."))).toEqual([expect.stringContaining("saw Running, tasks SSSR.")]);
    expect(judgeRun(undefined)).toEqual([expect.stringContaining("there is none")]);
  });
});

/** A cluster in which containers run, with the definitions applied, as other tests leave it. */
async function readyFor(test: TestContext): Promise<Access> {
  const access = needs(test, "own cluster", "real nodes");
  await applyCrds(new Kubectl(access));
  return access;
}

function demo({ kubeconfig, kubectl }: Access): Command {
  const PATH = `${dirname(kubectl)}:${process.env["PATH"] ?? ""}`;
  return new Command(["make", "demo"], { CLUSTER: "existing", KUBECONFIG: kubeconfig, PATH });
}

function taskRun(phase: string, reason: string, attempt: number): TaskRun {
  const condition = { type: "Succeeded", status: "False", reason, message: "Why." };
  return { status: { phase, attempt, conditions: [condition] } } as unknown as TaskRun;
}
