import { describe, expect, it } from "vitest";
import { object } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import { planTaskRun } from "../decide/taskrun/plan.ts";
import { NODE, aStatus, aTaskRun, atMs, podJson, taskRunJson } from "../testing/make.ts";
import { aWorld, frame, refusal } from "../testing/scripted.ts";
import type { Opened, Script, Seen } from "../testing/scripted.ts";
import { startController } from "./controller.ts";
import { startCore } from "./core.ts";

const listEnd = frame("BOOKMARK", {
  metadata: { resourceVersion: "500", annotations: { "k8s.io/initial-events-end": "true" } },
});

interface More {
  readonly namespaces?: readonly string[];
  readonly podtemplates?: Opened["chunks"] | Opened;
  readonly nodes?: Opened["chunks"] | Opened;
  readonly workflows?: Opened["chunks"] | Opened;
  readonly workflowruns?: Opened["chunks"] | Opened;
  readonly controllerrevisions?: Opened["chunks"] | Opened;
}

/** A server whose watches say this, by resource. */
function serving(taskRuns: Opened["chunks"], pods: Opened["chunks"], more: More = {}) {
  const { namespaces = [], ...others } = more;
  const said = new Map<string, Opened["chunks"] | Opened>(Object.entries({ taskruns: taskRuns, pods, ...others }));
  const script: Script = {
    stream: ({ path }) => {
      const told = said.get(path.split("/").at(-1) ?? "") ?? [listEnd];
      return "at" in told ? { chunks: told } : told;
    },
    request: ({ method }) => ({
      status: method === "POST" ? 201 : 200,
      body: { metadata: { uid: "uid-pod-1", resourceVersion: "600" } },
    }),
  };
  const world = aWorld(script);
  const core = startCore(world.port, { namespaces });
  const writes = (): readonly string[] =>
    world.seen
      .filter(({ kind }) => kind === "request")
      .map(({ method, path }) => `${method} ${path.split("/").at(-1)}`);
  return { ...world, core, writes };
}

const taskRun = (wish = {}): string => frame("ADDED", taskRunJson(wish));
const pod = (...args: Parameters<typeof podJson>): string => frame("ADDED", podJson(...args));

describe("the core", () => {
  it("makes a pod for a TaskRun it finds", async () => {
    const { core, advance, writes } = serving([taskRun(), listEnd], [listEnd]);
    await advance(100);

    expect(writes()).toEqual(["POST pods"]);
    expect(core.ready()).toBe(true);
    await core.stop();
  });

  it.each([
    ["TaskRuns", [taskRun(), 5000, listEnd], [listEnd]],
    ["pods", [taskRun(), listEnd], [5000, listEnd]],
  ])("decides nothing before the list of %s is complete, too", async (_, taskRuns, pods) => {
    const { core, advance, writes } = serving(taskRuns, pods);
    await advance(4999);
    const early = [core.ready(), writes().length];
    await advance(100);

    expect(early).toEqual([false, 0]);
    expect([core.ready(), writes().length]).toEqual([true, 1]);
    await core.stop();
  });

  it("finds the outcome of a pod that ended while it was away", async () => {
    const { core, advance, writes, seen } = serving([taskRun(), listEnd], [pod("ended", { exitCode: 3 }), listEnd]);
    await advance(100);

    expect(writes()).toEqual(["PUT status", "POST events"]);
    expect(seen.at(-2)?.body).toMatchObject({ status: { phase: "Failed", exitCode: 3 } });
    await core.stop();
  });

  it("hears of a pod's end from its watch", async () => {
    const running = pod("running");
    const over = frame("MODIFIED", podJson("ended", { resourceVersion: "501" }));
    const { core, advance, seen } = serving([taskRun(), listEnd], [running, listEnd, 300, over]);
    await advance(400);

    expect(seen.at(-1)?.body).toMatchObject({ status: { phase: "Succeeded" } });
    await core.stop();
  });

  it("looks again when a pod loses its owner", async () => {
    const orphan = { ...podJson("running", { resourceVersion: "501" }) };
    const metadata = { ...object(orphan["metadata"]), ownerReferences: [] };
    const lost = frame("MODIFIED", { ...orphan, metadata });
    const { core, advance, writes } = serving([taskRun(), listEnd], [pod("running"), listEnd, 300, lost]);
    await advance(400);

    expect(writes()).toEqual(["POST pods"]);
    await core.stop();
  });

  it("is not disturbed by TaskRuns and pods it cannot read, or whose pods it cannot make", async () => {
    const hostile = frame("ADDED", JSON.parse('{"metadata":{"__proto__":{"x":1},"name":7},"spec":[]}'));
    const broken = taskRun({ name: "broken", uid: "uid-broken", spec: { template: { spec: 5 } } });
    const { core, advance, writes } = serving([hostile, broken, taskRun(), listEnd], [hostile, listEnd]);
    await advance(100);

    expect(writes().toSorted()).toEqual(["POST events", "POST pods", "PUT status"]);
    await core.stop();
  });

  it("counts an attempt whose end was recorded, though the reply to its write was lost", async () => {
    const status = {
      phase: "Failed",
      attempt: 1,
      attempts: [{ number: 1, reason: "ExitCode", class: "Application" }],
    } as const;
    const after = frame(
      "MODIFIED",
      taskRunJson({ resourceVersion: "501", status: { ...status, attempts: [...status.attempts] } }),
    );
    const { core, advance, counted } = serving([taskRun(), listEnd, after], [listEnd]);
    await advance(100);

    expect(counted.get("attempts ExitCode Application")).toBe(1);
    await core.stop();
  });

  it("takes a success for one that it saw before the pod was deleted in the same second, whatever cancel says", async () => {
    const running = pod("running", { resourceVersion: "200" });
    const ended = frame("MODIFIED", podJson("ended", { finishedAt: 60, resourceVersion: "501" }));
    const deleted = frame("MODIFIED", podJson("ended", { finishedAt: 60, deletedAt: 60, resourceVersion: "502" }));
    const { core, advance, seen } = serving(
      [taskRun({ spec: { cancel: true } }), listEnd],
      [running, listEnd, ended + deleted],
    );
    await advance(5000);

    const puts = seen.filter(({ method }) => method === "PUT");
    expect(puts.at(-1)).toMatchObject({ body: { status: { phase: "Succeeded" } } });
    await core.stop();
  });

  it("serves the namespaces it is told, each once", async () => {
    const { core, advance, seen } = serving([listEnd], [listEnd], { namespaces: ["a", "b", "a"] });
    await advance(0);

    const inOne = (namespace: string): readonly string[] => [
      `/apis/stint.dev/v1alpha1/namespaces/${namespace}/workflows`,
      `/apis/stint.dev/v1alpha1/namespaces/${namespace}/workflowruns`,
      `/apis/apps/v1/namespaces/${namespace}/controllerrevisions`,
      `/apis/stint.dev/v1alpha1/namespaces/${namespace}/taskruns`,
      `/api/v1/namespaces/${namespace}/pods`,
      `/api/v1/namespaces/${namespace}/podtemplates`,
    ];
    expect(seen.map(({ path }) => path)).toEqual([...inOne("a"), ...inOne("b"), "/api/v1/nodes"]);
    expect(seen.filter(({ metadataOnly }) => metadataOnly === true)).toHaveLength(2);
    expect(core.watches().map(({ resource, namespace }) => `${namespace}/${resource}`)).toHaveLength(13);
    await core.stop();
  });

  it("counts TaskRuns by phase", async () => {
    const done = taskRun({ name: "done", uid: "uid-done", status: { phase: "Succeeded" } });
    const moved = frame("MODIFIED", taskRunJson({ resourceVersion: "501", status: { phase: "Running" } }));
    const { core, advance, counted } = serving([taskRun(), done, listEnd, moved], [listEnd]);
    await advance(0);

    expect(["Pending", "Running", "Succeeded"].map((phase) => counted.get(`taskRuns ${phase}`))).toEqual([0, 1, 1]);
    await core.stop();
  });

  it("once stopped, does nothing more", async () => {
    const { core, advance, seen } = serving([taskRun(), listEnd], [listEnd]);
    await advance(100);
    await core.stop();
    const calls = seen.length;
    await advance(3_600_000);

    expect(seen.length).toBe(calls);
  });

  it("idle, sends nothing but its watches", async () => {
    const bookmarks = Array.from({ length: 60 }, (_, minute) => [
      60_000,
      frame("BOOKMARK", { metadata: { resourceVersion: String(501 + minute) } }),
    ]).flat();
    const done = taskRun({ status: { phase: "Succeeded", observedGeneration: 1 } });
    const { core, advance, writes, seen } = serving([done, listEnd, ...bookmarks], [listEnd, ...bookmarks], {
      podtemplates: [listEnd, ...bookmarks],
      nodes: [listEnd, ...bookmarks],
      workflows: [listEnd, ...bookmarks],
      workflowruns: [listEnd, ...bookmarks],
      controllerrevisions: [listEnd, ...bookmarks],
    });
    await advance(3_500_000);

    expect(writes()).toEqual([]);
    expect(seen).toHaveLength(7);
    await core.stop();
  });
});

const forbidden: Opened = { ...refusal(403, "Forbidden", "podtemplates is forbidden") };

describe("without a right to watch", () => {
  it.each([
    ["nodes", { nodes: forbidden }],
    ["PodTemplates", { podtemplates: forbidden }],
  ])("%s the core works, and asks again in case it is granted", async (_, more) => {
    const { core, advance, writes, seen } = serving([taskRun(), listEnd], [listEnd], more);
    await advance(100);
    const ready = core.ready();
    const [resource] = Object.keys(more);
    await advance(600_000);
    const asked = seen.filter(({ path }) => path.endsWith(`/${resource}`));

    expect([ready, writes()[0]]).toEqual([true, "POST pods"]);
    // The pauses of any refused watch: 0.8 s at first, half a minute to a minute at last.
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.length).toBeLessThan(30);
    await core.stop();
  });

  it("says once that it works without", async () => {
    const { core, advance, said } = serving([listEnd], [listEnd], { nodes: forbidden });
    await advance(600_000);

    expect(said.filter((line) => line === "works without a watch it has no right to")).toHaveLength(1);
    expect(said).not.toContain("cannot watch, will try again");
    await core.stop();
  });

  it.each([
    ["nodes", { nodes: [5000, listEnd] }],
    ["PodTemplates", { podtemplates: [5000, listEnd] }],
  ])("refused, the core decides nothing before it knows all %s", async (_, more) => {
    const { core, advance, writes } = serving([taskRun(), listEnd], [listEnd], more);
    await advance(4999);
    const early = [core.ready(), writes().length];
    await advance(100);

    expect(early).toEqual([false, 0]);
    expect([core.ready(), writes().length]).toEqual([true, 1]);
    await core.stop();
  });
});

const podTemplate = (name: string, resourceVersion = "501"): string =>
  frame("ADDED", {
    metadata: { namespace: "default", name, uid: `uid-${name}`, resourceVersion },
    template: { spec: { containers: [{ name: "main", image: "python" }] } },
  });

describe("a PodTemplate", () => {
  const waits = taskRun({ spec: { podTemplateRef: { name: "gpu" }, template: undefined } });

  it("that appears starts those who wait for it, at once", async () => {
    const podtemplates = [podTemplate("other"), listEnd, 500, podTemplate("gpu")];
    const { core, advance, writes } = serving([waits, listEnd], [listEnd], { podtemplates });
    await advance(499);
    const early = writes();
    await advance(100);

    expect([early, writes()]).toEqual([[], ["POST pods"]]);
    await core.stop();
  });

  it("that changes makes nobody look at anything", async () => {
    const podtemplates = [podTemplate("gpu"), listEnd, 1000, podTemplate("gpu", "502")];
    const done = taskRun({
      spec: { podTemplateRef: { name: "gpu" } },
      status: { phase: "Succeeded", observedGeneration: 1 },
    });
    const { core, advance, counted } = serving([done, listEnd], [listEnd], { podtemplates });
    await advance(500);
    const before = counted.get("reconciles TaskRun done");
    await advance(5000);

    expect(counted.get("reconciles TaskRun done")).toBe(before);
    await core.stop();
  });
});

const node = (type: string, resourceVersion: string, spec = {}): string =>
  frame(type, {
    metadata: { name: NODE, uid: "uid-node", resourceVersion, creationTimestamp: "2029-01-01T00:00:00Z" },
    spec,
  });
const taint = { taints: [{ key: "node.kubernetes.io/out-of-service", effect: "NoExecute" }] };

describe("a node", () => {
  const shown = { phase: "Running", attempt: 1, podName: "p1", podUID: "uid-p1", nodeName: NODE } as const;
  const kept = frame("MODIFIED", podJson("lostToPodGC", { deletedAt: 90, resourceVersion: "400" }));

  it.each([
    ["that goes away", node("DELETED", "600"), "NodeLost"],
    ["that is marked out-of-service", node("MODIFIED", "600", taint), "NodeLost"],
  ])("%s ends the attempt whose pod was last seen there", async (_, change, wantReason) => {
    const nodes = [node("ADDED", "300"), listEnd, 500, change];
    const { core, advance, seen } = serving([taskRun(), listEnd], [kept, listEnd], { nodes });
    await advance(499);
    const early = statusesIn(seen);
    await advance(100);

    expect(early).toEqual([]);
    expect(statusesIn(seen)).toMatchObject([{ attempts: [{ reason: wantReason }] }]);
    await core.stop();
  });

  it("that was gone before the first lists proves the end of the pod that the status names", async () => {
    const { core, advance, seen } = serving([taskRun({ status: shown }), listEnd], [listEnd]);
    await advance(100);

    expect(statusesIn(seen).at(-1)).toMatchObject({ attempts: [{ reason: "NodeLost" }] });
    await core.stop();
  });

  it("that reports about itself makes nobody look at anything", async () => {
    const nodes = [node("ADDED", "300"), listEnd, 1000, node("MODIFIED", "600"), node("MODIFIED", "601")];
    const { core, advance, counted } = serving([taskRun(), listEnd], [pod("running"), listEnd], { nodes });
    await advance(900);
    const before = counted.get("reconciles TaskRun done");
    await advance(90);
    const between = counted.get("reconciles TaskRun done");
    await advance(9);

    expect([before, between]).toEqual([between, counted.get("reconciles TaskRun done")]);
    await core.stop();
  });

  it("not heard of yet is not gone: a pod can be told of before its new node is", async () => {
    const lost = frame("MODIFIED", podJson("lostToPodGC", { deletedAt: 90, resourceVersion: "700" }));
    const { core, advance, seen } = serving([taskRun(), listEnd], [listEnd, 1000, lost], { nodes: [listEnd] });
    await advance(30_000);

    expect(JSON.stringify(statusesIn(seen))).not.toContain("NodeLost");
    await core.stop();
  });
});

function statusesIn(seen: readonly Seen[]): readonly Json[] {
  return seen.filter(({ method }) => method === "PUT").map(({ body }) => object(object(body)["status"]));
}

describe("the wall clock", () => {
  /** A pause of 10 s after an attempt that ended at 60 s, as the operator wrote it. */
  const spec = { retry: { limit: 2 } };
  const recorded = aTaskRun({ spec, status: aStatus({ attempts: [{}] }) });
  const { status } = planTaskRun({ taskRun: recorded, pods: [], now: atMs(61) });

  it.each([
    ["set back an hour for a moment", -3_600_000],
    ["set ahead an hour for a moment", 3_600_000],
  ])("that was %s delays no retry by so much, and brings none twice", async (_, wrongMs) => {
    const script: Script = {
      stream: ({ path }) => ({ chunks: path.endsWith("taskruns") ? [taskRun({ spec, status }), listEnd] : [listEnd] }),
      request: ({ method }) => ({
        status: method === "POST" ? 201 : 200,
        body: podJson("waitsForNode", { attempt: 2, resourceVersion: "600" }),
      }),
    };
    const world = aWorld(script);
    const { clock } = world.port;
    let aheadMs = wrongMs;
    const port = { ...world.port, clock: { ...clock, now: () => clock.now() + aheadMs } };
    const core = startCore(port, { namespaces: [] });
    await world.advance(10_000);
    aheadMs = 0;
    await world.advance(120_000);
    await core.stop();

    expect(world.seen.filter(({ method }) => method === "POST")).toHaveLength(1);
  });
});

describe("the loop", () => {
  it("lets a pass that throws disturb no other key, and tries it again later and later", async () => {
    const world = aWorld({ random: () => 0 });
    const passes: string[] = [];
    const queue = startController(world.port, {
      kind: "Test",
      namespace: "",
      pass: async (key) => {
        passes.push(key);
        if (key === "bad") throw new TypeError("a fault of ours");
        return await Promise.resolve({ result: "done" });
      },
    });
    queue.add("bad");
    queue.add("good");
    await world.advance(1000);

    expect(passes.filter((key) => key === "good")).toHaveLength(1);
    expect(passes.filter((key) => key === "bad").length).toBeLessThan(10);
    expect(world.counted.get("reconciles Test failed")).toBe(passes.length - 1);
    expect(world.said).toContain("pass failed");
    await queue.stop();
  });

  it("looks again when a pass says so", async () => {
    const world = aWorld();
    let passes = 0;
    const queue = startController(world.port, {
      kind: "Test",
      namespace: "",
      pass: async () => {
        passes += 1;
        return await Promise.resolve(passes === 1 ? { result: "waiting", againMs: 700 } : { result: "done" });
      },
    });
    queue.add("a");
    await world.advance(699);
    const early = passes;
    await world.advance(10_000);

    expect([early, passes]).toEqual([1, 2]);
    await queue.stop();
  });
});
