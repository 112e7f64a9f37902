/**
 * What a failed attempt is called and whose failure it is: one table. A sign is what a kubelet, the scheduler, a controller
 * or we ourselves say of a pod; the first sign of a pod that stands here gives the reason and the class, and so the budget.
 *
 *   Application     the task's own failure: another pod would most likely fail the same way (retry.limit)
 *   Infrastructure  not the task's doing: another pod most likely runs through (retry.infrastructureLimit)
 *   Unknown         nobody can say whether the pod still runs (onUnknownFate)
 */
import { FailureClass, Reason } from "../../api/names.ts";

const { Application, Infrastructure, Unknown } = FailureClass;

/**
 * Where a sign stands: the terminated state of a container, status.reason of the pod, the reason of its condition
 * DisruptionTarget, the state of its node, or what was asked of the attempt.
 */
export type Place = "container" | "pod" | "disruption" | "node" | "attempt";

export interface Sign {
  readonly at: Place;
  /** Compared as a whole; a "*" at its end stands for anything. */
  readonly says: string;
  readonly reason: Reason;
  readonly class: FailureClass;
  /** Where that is written or decided. */
  readonly source: string;
}

type Row = readonly [Place, string, Reason, FailureClass, string];

const rows: readonly Row[] = [
  // What the runtime says of the main container.
  [
    "container",
    "OOMKilled",
    Reason.OOMKilled,
    Application,
    "CRI plugin of containerd, exit by the cgroup's OOM killer",
  ],
  ["container", "StartError", Reason.ContainerCreateFailed, Application, "containerd: the command cannot be executed"],
  [
    "container",
    "ContainerCannotRun",
    Reason.ContainerCreateFailed,
    Application,
    "dockershim's and cri-dockerd's word for it",
  ],
  [
    "container",
    "ContainerStatusUnknown",
    Reason.PodFailed,
    Infrastructure,
    "kubelet_pods.go: the runtime has lost the container",
  ],
  [
    "container",
    "Unknown",
    Reason.PodFailed,
    Infrastructure,
    "CRI plugin of containerd: exit code 255 for an end it did not see, after a reboot or the death of a shim",
  ],
  ["container", "*", Reason.ExitCode, Application, "pod-lifecycle: exit code other than 0"],

  // What the kubelet says of the whole pod.
  [
    "pod",
    "Evicted",
    Reason.Evicted,
    Infrastructure,
    "pkg/kubelet/eviction: the node ran short of memory, disk or pids",
  ],
  ["pod", "Preempting", Reason.Preempted, Infrastructure, "pkg/kubelet/preemption: room for a critical pod"],
  ["pod", "NodeShutdown", Reason.NodeShutdown, Infrastructure, "pkg/kubelet/nodeshutdown: admission during a shutdown"],
  [
    "pod",
    "Terminated",
    Reason.NodeShutdown,
    Infrastructure,
    "pkg/kubelet/nodeshutdown: graceful node shutdown (KEP-2000)",
  ],
  [
    "pod",
    "DeadlineExceeded",
    Reason.AttemptDeadlineExceeded,
    Application,
    "pkg/kubelet/active_deadline.go: the pod's own",
  ],
  ["pod", "NodeLost", Reason.NodeLost, Infrastructure, "node life cycle controller"],
  [
    "pod",
    "OutOf*",
    Reason.NodeRefused,
    Infrastructure,
    "pkg/kubelet/lifecycle: OutOfcpu, OutOfmemory, OutOfpods, OutOf<device>",
  ],
  ["pod", "NodeAffinity", Reason.NodeRefused, Infrastructure, "pkg/kubelet/lifecycle: the node's labels have changed"],
  ["pod", "NodeName", Reason.NodeRefused, Infrastructure, "pkg/kubelet/lifecycle: predicate NodeName"],
  ["pod", "NodePorts", Reason.NodeRefused, Infrastructure, "pkg/kubelet/lifecycle: a host port is taken"],
  ["pod", "TaintToleration", Reason.NodeRefused, Infrastructure, "pkg/kubelet/lifecycle: a NoExecute taint came first"],
  [
    "pod",
    "UnexpectedAdmissionError",
    Reason.NodeRefused,
    Infrastructure,
    "pkg/kubelet/lifecycle: a device plugin failed",
  ],
  ["pod", "InvalidNodeInfo", Reason.NodeRefused, Infrastructure, "pkg/kubelet/lifecycle: the node's object is missing"],
  ["pod", "TopologyAffinityError", Reason.NodeRefused, Infrastructure, "pkg/kubelet/cm/topologymanager"],
  [
    "pod",
    "ResourcesUnavailable",
    Reason.NodeRefused,
    Infrastructure,
    "pkg/kubelet/cm: devices or memory cannot be allocated",
  ],

  // Who ended the pod on purpose (KEP-3329, condition DisruptionTarget).
  ["disruption", "PreemptionByScheduler", Reason.Preempted, Infrastructure, "KEP-3329"],
  ["disruption", "EvictionByEvictionAPI", Reason.Evicted, Infrastructure, "KEP-3329: kubectl drain, autoscalers"],
  ["disruption", "DeletionByTaintManager", Reason.Evicted, Infrastructure, "KEP-3329: a NoExecute taint"],
  ["disruption", "TerminationByKubelet", Reason.Evicted, Infrastructure, "KEP-3329: node pressure, shutdown"],
  ["disruption", "DeletionByPodGC", Reason.NodeLost, Infrastructure, "KEP-3329: its node is gone or out of service"],
  ["disruption", "*", Reason.Evicted, Infrastructure, "KEP-3329: reasons yet to come"],

  // What the pod's node tells, once the pod itself can tell nothing any more.
  [
    "node",
    "gone",
    Reason.NodeLost,
    Infrastructure,
    "the Node object is gone (StatefulSet documentation, force deletion)",
  ],
  ["node", "outOfService", Reason.NodeLost, Infrastructure, "KEP-2268: a person says that the node is off"],
  ["node", "there", Reason.UnknownFate, Unknown, "a node that may be cut off runs on"],
  ["node", "unknown", Reason.UnknownFate, Unknown, "the operator may not see nodes"],

  // What happened to the attempt from our side, or at somebody's wish.
  ["attempt", "deleted", Reason.PodDeleted, Infrastructure, "a deletion nobody gave a reason for"],
  ["attempt", "failed", Reason.PodFailed, Infrastructure, "phase Failed by a kubelet, with words of its own"],
  ["attempt", "not started in time", Reason.StartDeadlineExceeded, Infrastructure, "spec.startDeadlineSeconds"],
  ["attempt", "took too long", Reason.AttemptDeadlineExceeded, Application, "spec.attemptDeadlineSeconds"],
  ["attempt", "no result", Reason.MissingResult, Application, "spec.results"],
  ["attempt", "unreadable result", Reason.InvalidResult, Application, "spec.results"],
];

export const SIGNS: readonly Sign[] = rows.map(([at, says, reason, failureClass, source]) => {
  return { at, says, reason, class: failureClass, source };
});

const CLASSES: ReadonlyMap<string, FailureClass> = new Map(SIGNS.map((sign) => [sign.reason, sign.class]));

/** The sign that something said of a pod is; undefined if it stands in no row. */
export function signOf(at: Place, said: string): Sign | undefined {
  return SIGNS.find((sign) => sign.at === at && matches(sign.says, said));
}

/** Whose failure it is when an attempt ends for this reason; undefined for ends that are nobody's failure. */
export function classOf(reason: string): FailureClass | undefined {
  return CLASSES.get(reason);
}

function matches(pattern: string, said: string): boolean {
  return pattern.endsWith("*") ? said.startsWith(pattern.slice(0, -1)) : said === pattern;
}
