/** What the status says while an attempt is under way or about to start: the reason a user wants to read at once. */
import { Phase, Reason } from "../../api/names.ts";
import type { PodRecord } from "../../api/records.ts";
import type { Refusal } from "../../api/action.ts";
import { shownMessage, shownReason } from "../conditions.ts";
import { closed, sentence } from "../wording.ts";
import { superseded } from "./facts.ts";
import type { Facts, LackingTemplate } from "./facts.ts";
import { stopRequest } from "./request.ts";
import type { StopRequest } from "./request.ts";
import type { View } from "./status.ts";

export function waitingView(facts: Facts): View {
  const { pod } = facts;
  if (pod === undefined) return startingView(facts);
  if (pod.deletionAskedMs !== undefined) return stoppingPodView(facts, pod, stopRequest(facts, pod));
  if (pod.main.state === "running") return running(pod);
  return pendingView(facts, pod);
}

/** The next pod is about to be made, or was refused for now. */
export function startingView({ refusal }: Pick<Facts, "refusal">): View {
  if (refusal !== undefined) return refusedView(refusal);
  return { phase: Phase.Pending, reason: Reason.Pending, message: "Its pod is about to be created." };
}

/** Costs nothing until the PodTemplate appears: its watch tells. */
export function lackingView({ name, refused }: LackingTemplate): View {
  if (refused === undefined) {
    const cure = "Create it there, or correct spec.podTemplateRef; the task then starts at once.";
    return pending(Reason.TemplateNotFound, `Waits for PodTemplate ${name}, which is not in this namespace. ${cure}`);
  }
  const cure = "Grant the operator list and watch on podtemplates, as manifests/base/clusterrole.yaml does.";
  return pending(
    Reason.Forbidden,
    `Waits for PodTemplate ${name}, which the operator may not read. ${cure} ${refused}`,
  );
}

function running(pod: PodRecord): View {
  return {
    phase: Phase.Running,
    reason: Reason.Running,
    message: `Pod ${pod.name} runs on node ${pod.nodeName ?? "?"}.`,
  };
}

/** The pod is to stop as a whole. A wish that can be taken back is named by the reason, so that it is not forgotten. */
export function stoppingPodView(facts: Facts, pod: PodRecord, request: StopRequest | undefined): View {
  const why = request?.words ?? "The pod is being deleted";
  const phase = pod.main.state === "running" ? Phase.Running : Phase.Pending;
  const reason = request?.revocable === true ? request.reason : Reason.Stopping;
  return { phase, reason, message: `${why}; waiting for pod ${pod.name} to stop.${refusedStop(facts, pod)}` };
}

export function suspendedView(): View {
  const message = "Suspended by spec.suspend; it goes on with a new pod once that is false.";
  return { phase: Phase.Suspended, reason: Reason.Suspended, message };
}

/** The work has changed: what the status says from now on is about the new one. */
export function resetView(facts: Facts): View {
  const { pod } = facts;
  // The proof that the last pod has ended is still to come: that must not be forgotten.
  if (pod !== undefined && pod.gone === undefined && superseded(facts, pod))
    return stoppingPodView(facts, pod, { reason: Reason.Superseded, words: "The work has changed", revocable: true });
  return {
    phase: pod?.main.state === "running" ? Phase.Running : Phase.Pending,
    reason: keptReason(facts) ?? Reason.Pending,
    message: "The work has changed, so the task runs again with a new pod.",
  };
}

/** What must still be known of the current pod once the status speaks of other work. */
function keptReason({ before, pod, vanished }: Facts): Reason | undefined {
  const isNamed = before.podUID !== undefined && before.podUID === (pod?.uid ?? vanished?.uid);
  // Why we ask a pod to stop, were the wish taken back meanwhile: its end is no failure.
  const wishes = isNamed ? [Reason.Suspended, Reason.Superseded] : [];
  return [Reason.Stopping, Reason.UnknownFate, ...wishes].find((reason) => reason === shownReason(before));
}

/** Nobody can say whether the last pod still runs. */
export function unknownFateView({ before, pod, taskRun }: Facts, what: string): View {
  const ran = before.phase === Phase.Running || pod?.main.state === "running";
  const phase = ran ? Phase.Running : Phase.Pending;
  const nodeName = pod?.nodeName ?? before.nodeName;
  const node = nodeName === undefined ? "its node" : `node ${nodeName}`;
  const way =
    `Waits, to never run the task twice at once, until ${node} is gone or has the taint node.kubernetes.io/out-of-service. ` +
    `Once you are sure that it has ended: kubectl -n ${taskRun.namespace} patch taskruns.stint.dev ${taskRun.name} ` +
    `--type=merge -p '{"spec":{"onUnknownFate":"Retry"}}', or cancel it.`;
  return { phase, reason: Reason.UnknownFate, message: `${what} ${way}` };
}

/** A sentence for the end of a message, if the pod cannot be deleted. */
export function refusedStop({ stopRefused }: Facts, pod: PodRecord): string {
  if (stopRefused?.uid !== pod.uid || pod.deletionAskedMs !== undefined) return "";
  return ` It cannot be deleted, tried again with growing pauses: ${stopRefused.message}`;
}

/** The kubelet's words get this much of a message, so that the way out always fits after them. */
const WORDS_CHARS = 800;
const STUCK_ADVICE =
  "The kubelet keeps trying. If the template is wrong, change it and apply it: the task then runs again with a new pod " +
  "(with rerun Never, only the next attempt uses it).";

/** kubelet's words for an image it cannot get (pkg/kubelet/images and the CRI errors it passes on). */
const IMAGE_REASONS: ReadonlySet<string> = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
  "ImageInspectError",
  "RegistryUnavailable",
  "SignatureValidationFailed",
]);

function pendingView(facts: Facts, pod: PodRecord): View {
  const { stuck, unschedulable } = pod;
  if (stuck?.reason === "ImagePullBackOff" && shownReason(facts.before) === Reason.ImagePullFailed) {
    // The kubelet's words swing between the error and "back-off" for ever; the first ones stay, or each swing cost a write.
    return pending(Reason.ImagePullFailed, shownMessage(facts.before) ?? "");
  }
  if (stuck !== undefined) {
    const image = IMAGE_REASONS.has(stuck.reason ?? "");
    const reason = image ? Reason.ImagePullFailed : Reason.ContainerCreateFailed;
    const what = image ? "The image of container" : "Container";
    const crashes = stuck.reason === "CrashLoopBackOff";
    const cannot = image ? "cannot be pulled" : crashes ? "ends again and again" : "cannot be created";
    const words = `${what} ${stuck.name} ${cannot} (${stuck.reason ?? ""}): ${stuck.message ?? "no details given"}`;
    return pending(reason, `${closed(sentence(words).slice(0, WORDS_CHARS))} ${STUCK_ADVICE}`);
  }
  if (unschedulable !== undefined) return pending(Reason.Unschedulable, `No node fits the pod: ${unschedulable}`);
  if (pod.nodeName === undefined) return pending(Reason.Pending, `Pod ${pod.name} waits for a node.`);
  const advice = `If this lasts, kubectl describe pod ${pod.name} says why.`;
  return pending(Reason.Pending, `Pod ${pod.name} is being started on node ${pod.nodeName}. ${advice}`);
}

function refusedView(refusal: Refusal): View {
  switch (refusal.kind) {
    case "Quota":
      return pending(Reason.QuotaExceeded, `Waits for room in the namespace's quota: ${refusal.message}`);
    case "Forbidden":
    case "PolicyForbidden":
      return pending(
        Reason.Forbidden,
        `The API server forbids the pod, tried again with growing pauses: ${refusal.message}`,
      );
    case "Invalid":
    case "NameTaken":
    case "Unavailable":
      return pending(
        Reason.CreateFailed,
        `The pod could not be created, tried again with growing pauses: ${refusal.message}`,
      );
  }
}

function pending(reason: Reason, message: string): View {
  return { phase: Phase.Pending, reason, message };
}
