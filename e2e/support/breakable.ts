/** A cluster of a test file's own whose nodes may be broken; it is taken down after the file, whatever became of them. */
import { afterAll, beforeAll, inject } from "vitest";
import { BUSYBOX_IMAGE, down, up } from "../cluster/cluster.ts";
import { readState } from "../cluster/state.ts";
import { tracesOf } from "../localcluster/traces.ts";
import type { Access } from "./access.ts";
import { applyCrds } from "./crds.ts";
import { Kubectl } from "./kubectl.ts";
import { poll } from "./waiting.ts";

/** Far more than a kubelet on a busy machine is late with the renewal of its lease, which is due every quarter of it. */
const NODE_LOSS_SECONDS = 10;
/** What a process that helps for a moment may take to end by itself. */
const TRACES_GO_MS = 10_000;

export type Breakable = Access & { readonly dir: string };

/**
 * Real nodes `node-1`, `node-2` ..., which count as lost after ten seconds of silence, and two simulated ones. Nothing is
 * started where tests have no cluster of their own, or no containers: they are skipped then.
 */
export function breakableForFile(realNodes: number): () => Breakable {
  let access: Breakable | undefined;
  beforeAll(async () => {
    const shared = inject("cluster");
    if (shared.dir === undefined || !shared.realNodes) return;
    const dir = inject("spareDir");
    const counts = { realNodes, simulatedNodes: 2, nodeLossSeconds: NODE_LOSS_SECONDS };
    const { kubeconfig, kubectl } = await up({ dir, ...counts });
    access = { ...shared, dir, kubeconfig, kubectl, stays: false, simulatedNodes: true, image: BUSYBOX_IMAGE };
    await applyCrds(new Kubectl(access));
  });
  afterAll(async () => {
    const dir = inject("spareDir");
    const state = await readState(dir);
    await down(dir);
    if (state === undefined) return;
    // However its nodes were broken, nothing of them stays.
    const none = async (): Promise<true | undefined> => {
      const traces = await tracesOf(dir, state.id);
      if (traces.length > 0) throw new Error(`it left ${traces.join(", ")}`);
      return true;
    };
    await poll(none, { what: "the cluster to be gone without a trace", limitMs: TRACES_GO_MS });
  });
  return () => {
    if (access === undefined) throw new Error("the cluster is started before the first test");
    return access;
  };
}
