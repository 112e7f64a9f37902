/** From the last release to this one under load, back, and on again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, inject, it, type TestContext } from "vitest";
import type { TaskRunSpec } from "../operator/api/types.ts";
import { BUILD } from "../operator/version.ts";
import { inWords, operatorWrites } from "./support/audit.ts";
import { applyCrds } from "./support/crds.ts";
import { Flows, isEnded, type WorkflowRun } from "./support/flows.ts";
import { Kubectl } from "./support/kubectl.ts";
import { PodLedger } from "./support/ledger.ts";
import { isOver, reasonOf, simulated, taskRunsPath, type TaskRun } from "./support/objects.ts";
import type { Operator } from "./support/operator.ts";
import { bundleReleased, cannotBundleReleased, type Released } from "./support/released.ts";
import { needs, Room } from "./support/room.ts";
import { operatorForTest } from "./support/running.ts";
import { FOREVER, SHORT, sim } from "./support/simulatedflows.ts";
import { untilAll } from "./support/waiting.ts";

/** Between two TaskRuns that come while operators change. */
const PACE_MS = 150;
/** Each operator works at least so long: retries come due, tasks end and others start. */
const TERM_MS = 3_000;
/** Longer than the operators before the last one live, so that these are carried through all of it. */
const LONG = { "run-for": "20s" } as const;
const PARTS = 60;
const ALL_OVER_LIMIT_MS = 240_000;
const TEST_LIMIT_MS = 480_000;

/** What ended before the upgrade. */
const ENDED: Readonly<Record<string, TaskRunSpec>> = {
  "ended-well": { template: simulated(SHORT) },
  "ended-badly": {
    template: simulated({ ...SHORT, "exit-code": "3" }),
    retry: { limit: 1, backoff: { initialSeconds: 1 } },
  },
  "ended-early": { template: simulated(FOREVER), cancel: true },
};

it(
  "an upgrade under load, a rollback and another upgrade lose nothing, run nothing twice and leave what has ended alone",
  { timeout: TEST_LIMIT_MS },
  async (test) => {
    const { dir } = needs(test, "simulated nodes", "own cluster");
    const cannot = cannotBundleReleased();
    test.skip(cannot !== undefined, cannot);
    const released = await installReleased(test);
    const room = await Room.open(test);
    const bed = await Bed.make(test, room);
    const old = async (): Promise<Operator> => await startReleased(test, room, released);

    const first = await old();
    expect(await first.metric("stint_build_info", { version: released.version })).toBe(1);
    const before = await bed.begin();
    const upgradedAt = await serverTime(room);
    await sleep(TERM_MS);
    // The definitions first, while the old operator works; then it goes as in a roll-out, and the new one comes.
    await applyCrds(room.kubectl);
    expect(await first.stop()).toBe(0);
    const second = await startCurrent(test, room);
    expect(await second.metric("stint_build_info", { version: BUILD.version })).toBe(1);
    await sleep(TERM_MS);
    await second.kill();
    const rolledBack = await old();
    await sleep(TERM_MS);
    await rolledBack.kill();
    await startCurrent(test, room);
    await sleep(TERM_MS);
    await bed.over();

    expect(await bed.wrong()).toEqual([]);
    expect(await madeTwice(dir, room)).toEqual([]);
    const after = await bed.ended();
    expect(after.map(({ status }) => status)).toEqual(before.map(({ status }) => status));
    expect(after.map(({ metadata }) => metadata.resourceVersion)).toEqual(
      before.map(({ metadata }) => metadata.resourceVersion),
    );
    expect(await writesAbout(dir, room, { names: bed.endedNames, since: upgradedAt })).toEqual([]);
  },
);

/** Bundles the release, and applies its definitions; those of the checkout come back whatever happens. */
async function installReleased(test: TestContext): Promise<Released> {
  const folder = mkdtempSync(join(tmpdir(), "stint-released-"));
  test.onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const released = bundleReleased(folder);
  const kubectl = new Kubectl(inject("cluster"));
  test.onTestFinished(async () => await applyCrds(kubectl));
  await applyCrds(kubectl, ["-k", released.crds]);
  return released;
}

/** As 0.1.0 was installed: one replica, no election. */
async function startReleased(test: TestContext, { namespace, access }: Room, of: Released): Promise<Operator> {
  return await operatorForTest(test, [`--namespaces=${namespace}`], access.kubeconfig, of.program).ready();
}

/** As the manifests start it. */
async function startCurrent(test: TestContext, { namespace, access }: Room): Promise<Operator> {
  const lease = ["--leader-election", `--lease-namespace=${namespace}`, "--lease-duration=6s"];
  const operator = operatorForTest(test, [`--namespaces=${namespace}`, ...lease], access.kubeconfig);
  await operator.logged("leads");
  return await operator.ready();
}

/** Work of every kind, and those who watch it. */
class Bed {
  readonly #room: Room;
  readonly #flows: Flows;
  readonly #pods: PodLedger;
  readonly #loading = new AbortController();
  #load: Promise<void> | undefined;
  #loaded = 0;

  private constructor(room: Room, pods: PodLedger) {
    this.#room = room;
    this.#flows = new Flows(room);
    this.#pods = pods;
  }

  static async make(test: TestContext, room: Room): Promise<Bed> {
    const pods = await PodLedger.start(room.client, room.namespace);
    const bed = new Bed(room, pods);
    test.onTestFinished(() => {
      pods.stop();
      bed.#loading.abort();
    });
    return bed;
  }

  get endedNames(): readonly string[] {
    return [...Object.keys(ENDED), "brief-1", "brief-1-a"];
  }

  /** Ends some, then starts the rest. What has ended. */
  async begin(): Promise<readonly (TaskRun | WorkflowRun)[]> {
    for (const [name, spec] of Object.entries(ENDED)) await this.#room.create(name, spec);
    await this.#flows.create("brief", { run: "Manual", tasks: [sim("a")] });
    await this.#flows.start("brief", {}, "brief-1");
    await Promise.all(Object.keys(ENDED).map(async (name) => await this.#room.over(name)));
    await this.#flows.over("brief-1");
    // Nobody changes their work: were its hash another one for the new operator, they would run anew.
    await this.#room.create("long", { template: simulated(LONG) });
    await this.#room.create("long-limited", {
      template: simulated(LONG),
      activeDeadlineSeconds: 3600,
      rerun: "OnSpecChange",
    });
    const retry = { limit: 3, backoff: { initialSeconds: 3, factor: 1 } };
    await this.#room.create("retried", { template: simulated({ "run-for": "2s", "exit-code": "4" }), retry });
    await this.#room.create("held", { template: simulated(SHORT), suspend: true });
    const parts = sim(
      "part",
      { "run-for": "1s" },
      { dependsOn: ["first"], forEach: { range: { end: PARTS }, maxParallel: 8 } },
    );
    await this.#flows.create("wide", {
      run: "Manual",
      tasks: [sim("first"), parts, sim("last", SHORT, { dependsOn: ["part"] })],
    });
    await this.#flows.start("wide", {}, "wide-1");
    await this.#room.running("long");
    this.#load = this.#keepLoading(this.#loading.signal);
    return await this.ended();
  }

  async ended(): Promise<readonly (TaskRun | WorkflowRun)[]> {
    const runs = await Promise.all(Object.keys(ENDED).map(async (name) => await this.#room.taskRun(name)));
    return [...runs, await this.#flows.run("brief-1")];
  }

  /** Ends the load, lets go what was held, and waits until all has ended. */
  async over(): Promise<void> {
    this.#loading.abort();
    await this.#load;
    await this.#room.patch("held", { suspend: false });
    const allOver = (seen: ReadonlyMap<string, TaskRun>): boolean => [...seen.values()].every(isOver);
    await this.#flows.over("wide-1", { limitMs: ALL_OVER_LIMIT_MS });
    const wait = { what: "all TaskRuns to end", limitMs: ALL_OVER_LIMIT_MS };
    await untilAll<TaskRun>(this.#room.client, taskRunsPath(this.#room.namespace), allOver, wait);
  }

  /** Everything that is not as it must be, in sentences. */
  async wrong(): Promise<readonly string[]> {
    const wide = await this.#flows.run("wide-1");
    const tasks = await this.#flows.tasks("wide-1");
    const { items } = await this.#room.client.call<{ readonly items: readonly TaskRun[] }>(
      "GET",
      taskRunsPath(this.#room.namespace),
    );
    const odd = items.filter((one) => storyOf(one) !== expectedStory(one.metadata.name));
    const loaded = items.filter(({ metadata }) => metadata.name.startsWith("load-")).length;
    return [
      ...this.#pods.violations(),
      ...odd.map((one) => `${one.metadata.name}: ${storyOf(one)}, and not ${expectedStory(one.metadata.name)}`),
      ...(isEnded(wide) && wide.status.phase === "Succeeded" ? [] : [`the workflow is ${wide.status.phase ?? "new"}`]),
      ...(tasks.size === PARTS + 2 ? [] : [`the workflow has ${tasks.size} TaskRuns`]),
      ...(loaded === this.#loaded && loaded > 0 ? [] : [`${loaded} of ${this.#loaded} TaskRuns are there`]),
    ];
  }

  async #keepLoading(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#room.create(`load-${this.#loaded}`, { template: simulated({ "run-for": "500ms" }) });
      this.#loaded += 1;
      await sleep(PACE_MS);
    }
  }
}

/** Phase, reason, and how many attempts it took. */
function storyOf(taskRun: TaskRun): string {
  const { phase, attempts = [] } = taskRun.status;
  return `${phase ?? "new"} ${reasonOf(taskRun) ?? ""} ${attempts.length}`;
}

function expectedStory(name: string): string {
  if (name === "ended-badly") return "Failed RetriesExhausted 2";
  if (name === "ended-early") return "Cancelled Cancelled 0";
  if (name === "retried") return "Failed RetriesExhausted 4";
  return "Succeeded Succeeded 1";
}

/** What was made more than once, by the server's own books. */
async function madeTwice(dir: string, { namespace }: Room): Promise<readonly string[]> {
  const writes = (await operatorWrites(dir, namespace)).map(inWords);
  const made = writes.filter((said) => /^create (pods|taskruns|workflowruns) \S+: 201$/.test(said));
  expect(made.length).toBeGreaterThan(2 * PARTS);
  return made.filter((said, index) => made.indexOf(said) !== index);
}

/** The server's clock. */
async function serverTime({ client, namespace }: Room): Promise<number> {
  const body = { metadata: { generateName: "now-" } };
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const made = await client.call<TaskRun>("POST", path, body);
  return Date.parse(made.metadata.creationTimestamp);
}

/** What operators wrote about objects, from the audit log. */
async function writesAbout(
  dir: string,
  { namespace }: Room,
  { names, since }: { readonly names: readonly string[]; readonly since: number },
): Promise<readonly string[]> {
  const writes = await operatorWrites(dir, namespace);
  const about = writes.filter(({ objectRef, stageTimestamp }) => {
    const kinds = ["taskruns", "workflowruns"].includes(objectRef?.resource ?? "");
    return kinds && names.includes(objectRef?.name ?? "") && Date.parse(stageTimestamp) >= since;
  });
  return about.map(inWords);
}
