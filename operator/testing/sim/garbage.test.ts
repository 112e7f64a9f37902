import { describe, expect, it } from "vitest";
import { resourceOf } from "./apiserver/resources.ts";
import { ApiServer } from "./apiserver/server.ts";
import { SimClock } from "./clock.ts";
import { startGarbageCollector } from "./garbage.ts";
import type { Stored } from "./objects.ts";
import { Random } from "./random.ts";
import { ORDINARY } from "./script.ts";
import { Trace } from "./trace.ts";
import { Truth } from "./truth.ts";

/** More than any lag of all levels together. */
const LONG_MS = 60_000;

class Cluster {
  readonly clock: SimClock = new SimClock(new Random("ties"));
  readonly server: ApiServer;

  constructor() {
    const { clock } = this;
    this.server = new ApiServer({ nowMs: () => clock.wallMs, random: new Random("uids") });
    startGarbageCollector({
      clock,
      server: this.server,
      trace: new Trace({ now: () => clock.now }),
      truth: new Truth(),
      random: new Random("site"),
      scriptFor: () => ORDINARY,
      slowness: 1,
    });
  }

  /** "Kind/name"; no admission: what is in them does not matter. */
  put(id: string, ...owners: readonly string[]): string {
    const [kind = "", name = ""] = id.split("/");
    const resource = resourceOf(kind);
    if (resource === undefined) throw new Error(`no resource of kind ${kind}`);
    const ownerReferences = owners.map((owner, i) => {
      const [ownerKind = "", ownerName = ""] = owner.split("/");
      const uid = `uid of ${owner}`;
      const reference = { apiVersion: "stint.dev/v1alpha1", kind: ownerKind, name: ownerName, uid };
      return { ...reference, controller: i === 0, blockOwnerDeletion: true };
    });
    const metadata = { name, namespace: "default", uid: `uid of ${id}`, creationTimestamp: "", ownerReferences };
    const object: Stored = { apiVersion: resource.apiVersion, kind, metadata: { ...metadata, resourceVersion: "" } };
    this.server.store.put(resource.name, object, "test");
    return id;
  }

  async remove(id: string, propagationPolicy: string): Promise<void> {
    const [kind = "", name = ""] = id.split("/");
    const resource = resourceOf(kind);
    const path = `/apis/stint.dev/v1alpha1/namespaces/default/${resource?.name}/${name}`;
    this.server.handle({ method: "DELETE", path, body: { propagationPolicy }, timeoutMs: 0 }, "test");
    await this.wait();
  }

  async wait(): Promise<void> {
    const untilMs = this.clock.now + LONG_MS;
    await this.clock.run({ done: () => false, untilMs, stepsMax: 10_000 });
  }

  get left(): readonly string[] {
    const kinds = ["workflows", "workflowruns", "taskruns", "controllerrevisions", "pods"] as const;
    return kinds.flatMap((name) =>
      [...this.server.store.values(name)].map((one) => `${one.kind}/${one.metadata.name}`),
    );
  }

  /** What was deleted, in that order. */
  get gone(): readonly string[] {
    const kinds = ["workflows", "workflowruns", "taskruns", "controllerrevisions", "pods"] as const;
    return kinds
      .flatMap((name) => this.server.store.changesAfter(name, 0))
      .filter(({ type }) => type === "DELETED")
      .toSorted((left, right) => left.version - right.version)
      .map(({ object }) => `${object.kind}/${object.metadata.name}`);
  }

  ownersOf(kind: string, name: string): readonly string[] {
    const resource = resourceOf(kind)?.name ?? "pods";
    return (this.server.store.get(resource, `default/${name}`)?.metadata.ownerReferences ?? []).map((one) => one.name);
  }
}

/** A workflow, its run, the run's task and sub-run, that one's task, and a pod of each task. */
function aTree(): Cluster {
  const cluster = new Cluster();
  const workflow = cluster.put("Workflow/w");
  cluster.put("ControllerRevision/rev", workflow);
  const run = cluster.put("WorkflowRun/run", workflow);
  cluster.put("Pod/a", cluster.put("TaskRun/a", run));
  const sub = cluster.put("WorkflowRun/sub", run);
  cluster.put("Pod/b", cluster.put("TaskRun/b", sub));
  return cluster;
}

describe("the garbage collector", () => {
  it("takes away all levels under what was deleted in the background, from the top", async () => {
    const cluster = aTree();
    await cluster.remove("Workflow/w", "Background");
    expect(cluster.left).toEqual([]);
    expect(cluster.gone[0]).toBe("Workflow/w");
    expect(cluster.gone.indexOf("WorkflowRun/run")).toBeLessThan(cluster.gone.indexOf("TaskRun/a"));
  });

  it("in the foreground lets an owner go last, at every level", async () => {
    const cluster = aTree();
    await cluster.remove("Workflow/w", "Foreground");
    expect(cluster.left).toEqual([]);
    const order = ["Pod/b", "TaskRun/b", "WorkflowRun/sub", "WorkflowRun/run", "Workflow/w"];
    expect(cluster.gone.filter((one) => order.includes(one))).toEqual(order);
  });

  it("cuts off what was orphaned, and leaves it alone from then on", async () => {
    const cluster = aTree();
    await cluster.remove("WorkflowRun/run", "Orphan");
    expect(cluster.gone).toEqual(["WorkflowRun/run"]);
    expect([...cluster.ownersOf("TaskRun", "a"), ...cluster.ownersOf("WorkflowRun", "sub")]).toEqual([]);
    expect(cluster.ownersOf("TaskRun", "b")).toEqual(["sub"]);
  });

  it("takes away one level of a tree and leaves what is beside it", async () => {
    const cluster = aTree();
    await cluster.remove("WorkflowRun/sub", "Background");
    expect(cluster.gone).toEqual(["WorkflowRun/sub", "TaskRun/b", "Pod/b"]);
  });

  it("collects what appears after its owner went, or for an owner of another uid", async () => {
    const cluster = new Cluster();
    cluster.put("TaskRun/late", "WorkflowRun/gone");
    await cluster.wait();
    expect(cluster.left).toEqual([]);
  });

  it("keeps what another owner still holds, and cuts the reference to the one that is gone", async () => {
    const cluster = aTree();
    cluster.put("TaskRun/shared", "WorkflowRun/run", "WorkflowRun/sub");
    await cluster.remove("WorkflowRun/sub", "Background");
    expect(cluster.ownersOf("TaskRun", "shared")).toEqual(["run"]);
  });

  it("leaves alone what belongs to kinds it does not know", async () => {
    const cluster = new Cluster();
    cluster.put("TaskRun/a", "ConfigMap/owner");
    await cluster.wait();
    expect(cluster.left).toEqual(["TaskRun/a"]);
  });
});
