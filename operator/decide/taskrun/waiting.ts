/** What the status says while an attempt is under way or about to start: the reason a user wants to read at once. */
import { Phase, Reason } from "../../api/names.ts";
import type { PodRecord } from "../../api/records.ts";
import type { Refusal } from "../../api/action.ts";
import { shownMessage, shownReason } from "../conditions.ts";
import { closed, sentence } from "../wording.ts";
import type { Facts, LackingTemplate } from "./facts.ts";
import type { View } from "./status.ts";

export function waitingView(facts: Facts): View {
  const { pod, refusal } = facts;
  if (pod === undefined) return refusal === undefined ? notCreated() : refusedView(refusal);
  if (pod.deletionAskedMs !== undefined) return stoppingPodView(facts, pod);
  if (pod.main.state === "running") return running(pod);
  return pendingView(facts, pod);
}

function notCreated(): View {
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

/** The pod is to stop as a whole. */
export function stoppingPodView(facts: Facts, pod: PodRecord): View {
  const late = facts.deadlineAt !== undefined && facts.now >= facts.deadlineAt;
  const why = facts.cancel ? "Cancelled" : late ? "The deadline has passed" : "The pod is being deleted";
  const phase = pod.main.state === "running" ? Phase.Running : Phase.Pending;
  return {
    phase,
    reason: Reason.Stopping,
    message: `${why}; waiting for pod ${pod.name} to stop.${refusedStop(facts, pod)}`,
  };
}

/** A sentence for the end of a message, if the pod cannot be deleted. */
export function refusedStop({ stopRefused }: Facts, pod: PodRecord): string {
  if (stopRefused?.uid !== pod.uid || pod.deletionAskedMs !== undefined) return "";
  return ` It cannot be deleted, tried again with growing pauses: ${stopRefused.message}`;
}

/** The kubelet's words get this much of a message, so that the way out always fits after them. */
const WORDS_CHARS = 800;
const STUCK_ADVICE =
  "The kubelet keeps trying. A corrected template is used by the next attempt only: delete the pod if retries are left, " +
  "else create the TaskRun again.";

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
