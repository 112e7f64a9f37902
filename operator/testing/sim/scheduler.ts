/** The scheduler: gives every new pod a node after a while. */
import { PODS } from "./apiserver/resources.ts";
import type { Change } from "./apiserver/store.ts";
import { type Pod, type PodCondition, type Stored, timestamp } from "./objects.ts";
import { NODE_NAMES } from "./nodes.ts";
import type { Random } from "./random.ts";
import { span } from "./ground.ts";
import type { Site } from "./site.ts";

const NAME = "scheduler";
const BIND_MS = [5, 60] as const;

/** Starts the actor. */
export function startScheduler(site: Site): void {
  const random = site.random.fork(NAME);
  site.server.store.listen((change) => {
    const pod = change.object as Pod;
    if (change.resource !== "pods" || change.type !== "ADDED" || pod.spec?.nodeName !== undefined) return;
    const { unschedulableMs } = site.scriptFor(pod);
    const delayMs = span(site, random, BIND_MS);
    if (unschedulableMs > 0) site.clock.after(delayMs, () => reportUnschedulable(site, change));
    if (unschedulableMs !== Number.POSITIVE_INFINITY) {
      site.clock.after(delayMs + unschedulableMs, () => bind(site, change, random));
    }
  });
}

function bind(site: Site, { key, object }: Change, random: Random): void {
  const drawn = random.pick(NODE_NAMES);
  const nodeName = site.nodes.isUp(drawn) ? drawn : (NODE_NAMES.find((name) => site.nodes.isUp(name)) ?? drawn);
  const bound = site.server.amend(PODS, { key, uid: object.metadata.uid, by: NAME }, (current): Stored | undefined => {
    if (current.metadata.deletionTimestamp !== undefined) return undefined;
    const pod = current as Pod;
    const scheduled = condition(site, { status: "True" });
    return { ...pod, spec: { containers: [], ...pod.spec, nodeName }, status: withScheduled(pod, scheduled) };
  });
  if (bound !== undefined) site.trace.note(NAME, `binds ${key} to ${nodeName}`);
}

function reportUnschedulable(site: Site, { key, object }: Change): void {
  const message = "0/3 nodes are available: 3 Insufficient cpu.";
  site.server.amend(PODS, { key, uid: object.metadata.uid, by: NAME }, (current) => {
    const scheduled = condition(site, { status: "False", reason: "Unschedulable", message });
    return { ...current, status: withScheduled(current as Pod, scheduled) };
  });
}

function condition(site: Site, rest: { status: string; reason?: string; message?: string }): PodCondition {
  return { type: "PodScheduled", lastTransitionTime: timestamp(site.clock.wallMs), ...rest };
}

function withScheduled(pod: Pod, scheduled: PodCondition): NonNullable<Pod["status"]> {
  const others = (pod.status?.conditions ?? []).filter((entry) => entry.type !== "PodScheduled");
  return { phase: "Pending", ...pod.status, conditions: [...others, scheduled] };
}
