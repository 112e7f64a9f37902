/** From a cluster that knows no TaskRun to one that runs them. */
import { execFileSync } from "node:child_process";
import { expect, inject, it } from "vitest";
import { applyCrds, CRDS } from "./support/crds.ts";
import { Kubectl } from "./support/kubectl.ts";
import { simulated } from "./support/objects.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";

const CRD = "taskruns.stint.dev";

it("an operator started before its definitions says so, and goes on once they are applied", async (test) => {
  needs(test, "own cluster", "simulated nodes");
  const kubectl = new Kubectl(inject("cluster"));
  // Whatever happens, the next test finds its kinds.
  test.onTestFinished(() => applyCrds(kubectl));
  await kubectl.run(["delete", "crd", CRD, "--timeout=120s"], { limitMs: 130_000 });
  const operator = operatorForTest(test);
  const line = await operator.logged("custom resource definitions are missing");
  expect(line).toMatchObject({ level: "warn" });
  expect(line["cause"]).toContain(CRD);
  expect(await operator.get("/readyz")).toMatchObject({ status: 503, text: expect.stringContaining(CRD) as string });
  expect((await operator.get("/healthz")).status).toBe(200);

  await applyCrds(kubectl);
  await operator.ready();
  const room = await Room.open(test);
  await room.create("first", { template: simulated({ "run-for": "10ms" }) });
  expect((await room.over("first")).status.phase).toBe("Succeeded");
});

it("--install-crds applies the definitions whole, and again without a change", async (test) => {
  needs(test, "own cluster", "simulated nodes");
  const kubectl = new Kubectl(inject("cluster"));
  // Whatever happens, the next test finds its kinds.
  test.onTestFinished(() => applyCrds(kubectl));
  await kubectl.run(["delete", "crd", CRD, "--timeout=120s"], { limitMs: 130_000 });
  await (await operatorForTest(test, ["--install-crds"], inject("cluster").kubeconfig).ready()).stop();
  const generation = await kubectl.run(["get", "crd", CRD, "-o", "jsonpath={.metadata.generation}"]);
  const operator = await operatorForTest(test, ["--install-crds"], inject("cluster").kubeconfig).ready();

  // What kubectl would install is what is there: no field was lost on the way.
  expect(await kubectl.attempt(["diff", ...CRDS])).toMatchObject({ code: 0 });
  expect(await kubectl.run(["get", "crd", CRD, "-o", "jsonpath={.metadata.generation}"])).toBe(generation);
  expect(operator.log.some((line) => line.message.includes("up to date"))).toBe(true);
});

it("--help, --version and version answer without a cluster", () => {
  const say = (flag: string): string => {
    return execFileSync(process.execPath, ["operator/main.ts", flag], { encoding: "utf8", env: {}, timeout: 60_000 });
  };
  expect(say("--help")).toMatch(/--namespaces=<a,b>/);
  expect(say("--version")).toMatch(/^stint \d+\.\d+\.\d+\n$/);
  expect(say("version")).toMatch(/^stint \d+\.\d+\.\d+\ncommit unknown\nnode v\d+/);
});
