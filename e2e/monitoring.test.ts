/** What Prometheus itself says of the metrics, the alerts and the dashboard. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { Kubectl } from "./support/kubectl.ts";
import { BAD, flowRoom, sim } from "./support/simulatedflows.ts";
import { dashboardQueries, readDashboard, readRules } from "./support/monitoring.ts";
import { NOWHERE, simulated } from "./support/objects.ts";
import { exportedBy, missingIn } from "./support/promql.ts";
import { operatorForTest } from "./support/running.ts";
import { poll } from "./support/waiting.ts";
import { toolPath } from "./tools/tools.ts";

/** Some seconds; a busy machine takes longer. */
const PROMTOOL_LIMIT_MS = 120_000;
const SHOWN_LIMIT_MS = 60_000;

let folder = "";
let promtool = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "stint-monitoring-"));
  promtool = await toolPath("promtool");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs promtool; what it says and how it ended. */
async function check(args: readonly string[], input = ""): Promise<{ readonly code: unknown; readonly said: string }> {
  return await new Promise((resolve) => {
    const options = { cwd: folder, timeout: PROMTOOL_LIMIT_MS };
    const child = execFile(promtool, [...args], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, said: `${stdout}${stderr}` }),
    );
    child.stdin?.end(input);
  });
}

function write(name: string, content: unknown): string {
  writeFileSync(join(folder, name), JSON.stringify(content));
  return name;
}

it("a running operator exports every metric and label that alerts and dashboard ask for, by Prometheus' rules", async (test) => {
  const { room, flows } = await flowRoom(test);
  const operator = await operatorForTest(test, [`--namespaces=${room.namespace}`]).ready();
  await room.create("bad", { template: simulated(BAD) });
  await room.create("held-up", { template: NOWHERE });
  await room.over("bad");
  await flows.through("flow", { tasks: [sim("one"), sim("two", BAD, { dependsOn: ["one"] })] });
  const page = async (): Promise<string> => (await operator.get("/metrics")).text;
  const queries = readRules().groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));
  queries.push(...dashboardQueries(readDashboard()).values());
  const missing = async (): Promise<readonly string[]> => {
    const exported = exportedBy(await page());
    return [...new Set(queries.flatMap((query) => missingIn(query, exported)))];
  };
  // Some come with time: an event is written apart, and garbage is collected when there is some.
  const none = async (): Promise<true | undefined> => ((await missing()).length === 0 ? true : undefined);
  await poll(none, { what: "all metrics", limitMs: SHOWN_LIMIT_MS }).catch(() => undefined);

  expect(await missing()).toEqual([]);
  expect(await check(["check", "metrics"], await page())).toEqual({ code: 0, said: "" });
  const text = await page();
  expect(text).toMatch(/^stint_taskruns_ended_total\{phase="Failed",reason="ExitCode"\} 2$/m);
  expect(text).toMatch(/^stint_workflowruns_ended_total\{phase="Failed",reason="TaskFailed"\} 1$/m);
  expect(text).toMatch(/^stint_attempts_total\{reason="ExitCode",class="Application"\} 2$/m);
  expect(text).toMatch(/^stint_taskrun_start_delay_seconds_count 3$/m);
  // The one that no node takes has its pod, too.
  expect(text).toMatch(/^stint_taskrun_pod_delay_seconds_count 4$/m);
  expect(text).toMatch(/^stint_leader 1$/m);
});

describe("promtool", () => {
  it("takes the rules, and they fire when they should and not otherwise", async () => {
    const rules = readRules();
    const whole = await check(["check", "rules", write("annotated.json", rules)]);
    expect(whole).toMatchObject({ code: 0, said: expect.stringContaining("SUCCESS") as string });

    const groups = rules.groups.map((group) => ({
      ...group,
      rules: group.rules.map(({ annotations: _words, ...rule }) => rule),
    }));
    write("rules.json", { groups });
    copyFileSync(join(import.meta.dirname, "monitoring/alerts.yaml"), join(folder, "alerts.yaml"));
    const tested = await check(["test", "rules", "alerts.yaml"]);
    expect(tested).toMatchObject({ code: 0, said: expect.stringContaining("SUCCESS") as string });
    // Every alert is in it, firing at least once.
    const cases = readFileSync(join(folder, "alerts.yaml"), "utf8");
    const fires = new Set([...cases.matchAll(/- alertname: (\w+)\n/g)].map(([, name = ""]) => name));
    expect([...fires].toSorted()).toEqual(groups.flatMap((one) => one.rules.map(({ alert }) => alert)).toSorted());
  });

  it("gets rules and dashboard from the folder as it is applied", async () => {
    const kubectl = new Kubectl(inject("cluster"));
    const applied = await kubectl.run(["kustomize", join(import.meta.dirname, "../manifests/monitoring")]);
    const objects = loadAll(applied) as readonly { readonly kind: string; readonly data?: Record<string, string> }[];

    expect(objects.map(({ kind }) => kind).toSorted()).toEqual(["ConfigMap", "PrometheusRule", "ServiceMonitor"]);
    const shown = objects.find(({ kind }) => kind === "ConfigMap")?.data?.["stint.json"] ?? "";
    expect(JSON.parse(shown)).toEqual(readDashboard());
  });

  it("can read every query of the dashboard, and finds a wrong one", async () => {
    const asRules = (queries: Iterable<readonly [string, string]>): object => ({
      groups: [
        { name: "dashboard", rules: Array.from(queries, ([, expr], index) => ({ record: `q:${index}`, expr })) },
      ],
    });
    const queries = dashboardQueries(readDashboard());
    const right = await check(["check", "rules", write("dashboard.json", asRules(queries))]);
    expect(right).toMatchObject({ code: 0, said: expect.stringContaining(`SUCCESS: ${queries.size} rules`) as string });

    const wrong = await check(["check", "rules", write("wrong.json", asRules([["x", "sum by (a) (rate(b[5m])"]]))]);
    expect(wrong).toMatchObject({ said: expect.stringContaining("could not parse expression") as string });
    expect(wrong.code).not.toBe(0);
  });
});
