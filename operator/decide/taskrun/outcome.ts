/**
 * How one attempt ended, read from its pod alone and from what was asked of it. An ordered list of small rules; the
 * order is the documentation, the first that applies decides.
 */
import { timeMs } from "../../api/decode.ts";
import { Reason } from "../../api/names.ts";
import type { ContainerRecord, PodRecord } from "../../api/records.ts";
import { shownMessage, shownReason } from "../conditions.ts";
import { closed, sentence } from "../wording.ts";
import { signOf } from "./failures.ts";
import type { Facts } from "./facts.ts";
import { lastWords } from "./lastwords.ts";
import { readResults } from "./results.ts";
import { nodeProof } from "./nodes.ts";
import { endedWithNode, provenEnded } from "./proof.ts";
import { stopRequest } from "./request.ts";

/** The end of an attempt. */
export interface AttemptEnd {
  readonly reason: Reason;
  readonly message: string;
  readonly exitCode?: number;
  /** When the main container ended, else when the end was noticed. Milliseconds since 1970. */
  readonly at: number;
  /** Nobody knows whether its containers have ended. It ends the TaskRun; work that changes later must wait all the same. */
  readonly unproven?: true;
}

type Rule = (pod: PodRecord, facts: Facts) => AttemptEnd | undefined;

const rules: readonly Rule[] = [
  endedByRequest,
  mainSucceeded,
  mainEndedByOthers,
  mainFailed,
  initFailed,
  lostWithNode,
  podOver,
  neverPlaced,
  vanished,
];

/** undefined while the attempt goes on. */
export function attemptEnd(facts: Facts): AttemptEnd | undefined {
  const { pod } = facts;
  if (pod === undefined) return facts.vanished === undefined ? undefined : unseenEnd(facts);
  for (const rule of rules) {
    const end = rule(pod, facts);
    if (end !== undefined) return { ...end, message: sentence(end.message), at: plausible(end.at, pod, facts) };
  }
  return undefined;
}

/** An end lies between the pod's creation and now, whatever the clock of its node says (a start error is reported at 1970). */
function plausible(at: number, pod: PodRecord, facts: Facts): number {
  return Math.min(Math.max(at, timeMs(pod.createdAt) ?? at), Math.max(facts.now, timeMs(pod.createdAt) ?? 0));
}

/**
 * We asked the pod to stop and it stopped after that: what it says then, even exit code 0, is its answer to the signal and
 * not the outcome of the task. Anything that ended before is judged by the rules below, so success wins over a deadline.
 */
function endedByRequest(pod: PodRecord, facts: Facts): AttemptEnd | undefined {
  const asked = pod.deletionAskedMs;
  const finished = timeMs(pod.main.finishedAt) ?? facts.now;
  if (asked === undefined || pod.endedUnasked === true || pod.main.state !== "terminated") return undefined;
  const request = stopRequest(facts, pod);
  if (request === undefined || finished < asked || finished < (request.since ?? asked)) return undefined;
  // A container that never ran is reported without times when its pod is deleted, and with a code that means nothing.
  if (timeMs(pod.main.startedAt) === undefined)
    return { reason: request.reason, message: `${request.words}.${stuckWords(facts)}`, at: finished };
  return ended(
    pod,
    request.reason,
    `${request.words}; the main container ended with exit code ${code(pod)}.`,
    finished,
  );
}

/** What kept the pod from starting, as the status has said so far. */
function stuckWords({ before }: Facts): string {
  const shown = shownReason(before) ?? "";
  return STUCK_REASONS.has(shown) ? ` Until then it was ${shown}: ${shownMessage(before) ?? ""}` : "";
}

const STUCK_REASONS: ReadonlySet<string> = new Set([
  Reason.ImagePullFailed,
  Reason.ContainerCreateFailed,
  Reason.Unschedulable,
]);

function mainSucceeded(pod: PodRecord, facts: Facts): AttemptEnd | undefined {
  const { main } = pod;
  const clean = main.state === "terminated" ? main.exitCode === 0 : pod.phase === "Succeeded";
  if (!clean) return undefined;
  const at = timeMs(main.finishedAt) ?? facts.now;
  const handed = readResults(pod, facts.taskRun.spec.results);
  if ("results" in handed) return { reason: Reason.Succeeded, message: "", exitCode: 0, at };
  return { ...handed, exitCode: 0, at };
}

/** Somebody else ended the pod while main ran: main's exit code is then only the echo of the signal. */
function mainEndedByOthers(pod: PodRecord, facts: Facts): AttemptEnd | undefined {
  const { main } = pod;
  if (main.state !== "terminated" || main.reason === "OOMKilled") return undefined;
  const at = timeMs(main.finishedAt) ?? facts.now;
  const cause = whoEnded(pod, at);
  if (cause === undefined) return undefined;
  return ended(pod, cause.reason, `${cause.message} The main container ended with exit code ${code(pod)}.`, at);
}

/** Shells and most runtimes report death by signal n as 128+n; these are the two a kubelet sends. */
const SIGNAL_NAMES: ReadonlyMap<number, string> = new Map([
  [137, " (SIGKILL)"],
  [143, " (SIGTERM)"],
]);

function mainFailed(pod: PodRecord, facts: Facts): AttemptEnd | undefined {
  const { main } = pod;
  if (main.state !== "terminated") return undefined;
  const at = timeMs(main.finishedAt) ?? facts.now;
  const reason = signOf("container", main.reason ?? "")?.reason ?? Reason.ExitCode;
  return ended(pod, reason, mainFailedWords(pod, reason), at);
}

function mainFailedWords(pod: PodRecord, reason: Reason): string {
  const { main } = pod;
  if (reason === Reason.OOMKilled) return tooMuchMemory(main, "containers");
  if (reason === Reason.ContainerCreateFailed) return `Container ${main.name} could not start: ${said(main)}`;
  if (reason === Reason.PodFailed) {
    const words = main.message === undefined ? "." : closed(`: ${main.message}`);
    return `The node lost container ${main.name}, as after a reboot; how it ended is not known${words}`;
  }
  const signal = SIGNAL_NAMES.get(main.exitCode ?? 0) ?? "";
  const own = lastWords(pod);
  const words = own === undefined ? "." : closed(`: ${own}`);
  const kubelet = pod.reason === undefined ? "" : ` ${podWords(pod, "")}`;
  return `Container ${main.name} ended with exit code ${code(pod)}${signal}${words}${kubelet}`;
}

function tooMuchMemory({ name }: ContainerRecord, list: "containers" | "initContainers"): string {
  const what = list === "containers" ? "Container" : "Init container";
  const advice = `raise spec.template.spec.${list}[].resources.limits.memory or let it use less.`;
  return `${what} ${name} used more memory than its limit and was killed; ${advice}`;
}

function initFailed(pod: PodRecord, facts: Facts): AttemptEnd | undefined {
  const { failedInit: init } = pod;
  if (init === undefined || pod.phase !== "Failed" || !provenEnded(pod, facts.nodes)) return undefined;
  const at = timeMs(init.finishedAt) ?? facts.now;
  const cause = askedToStop(pod, facts) ?? whoEnded(pod, at);
  if (cause !== undefined) return { ...cause, at };
  if (init.reason === "OOMKilled")
    return { reason: Reason.OOMKilled, message: tooMuchMemory(init, "initContainers"), at };
  const message = `Init container ${init.name} ended with exit code ${init.exitCode ?? 1}; the task itself never started.`;
  return { reason: Reason.ExitCode, message, at };
}

/** No kubelet reported an end, and none will: its node is gone for good. */
function lostWithNode(pod: PodRecord, facts: Facts): AttemptEnd | undefined {
  const proof = endedWithNode(pod, facts.nodes);
  return proof === undefined ? undefined : nodeLost(facts, proof, pod);
}

function nodeLost(facts: Facts, proof: string, pod: PodRecord | undefined): AttemptEnd {
  const request = (pod === undefined ? shownRequest(facts) : askedToStop(pod, facts)) ?? finalRequest(facts);
  const name = pod?.name ?? facts.vanished?.name ?? "of this attempt";
  const words = `${proof} Pod ${name} was there, and nobody reported how it ended.`;
  if (request === undefined) return { reason: Reason.NodeLost, message: words, at: facts.now };
  return { ...request, message: `${request.message} ${words}`, at: facts.now };
}

/** The pod as a whole was declared over and main never reported an end: evicted, refused by its node, shut down. */
function podOver(pod: PodRecord, facts: Facts): AttemptEnd | undefined {
  if (pod.phase !== "Failed" || !provenEnded(pod, facts.nodes)) return undefined;
  const cause = askedToStop(pod, facts) ?? whoEnded(pod, facts.now);
  if (cause !== undefined) return { ...cause, at: facts.now };
  return { reason: Reason.PodFailed, message: podWords(pod, "The pod failed."), at: facts.now };
}

function neverPlaced(pod: PodRecord, facts: Facts): AttemptEnd | undefined {
  if (pod.gone !== "seen" || pod.nodeName !== undefined) return undefined;
  const { now: at } = facts;
  const request = askedToStop(pod, facts);
  if (request !== undefined) return { ...request, at };
  return { reason: Reason.PodDeleted, message: "The pod was deleted before it had a node.", at };
}

/** Gone, with its node: nothing of it can run any more. */
function vanished(pod: PodRecord, facts: Facts): AttemptEnd | undefined {
  return pod.gone === undefined ? undefined : unseenEnd(facts, pod);
}

/** A pod that is gone without a word of its kubelet, and whose node tells nothing either: unless no further attempt follows. */
function unseenEnd(facts: Facts, pod?: PodRecord): AttemptEnd {
  const { name = "of this attempt", nodeName: node } = pod ?? facts.vanished ?? {};
  const proof = pod === undefined ? nodeProof({ ...facts.vanished }, facts.nodes) : undefined;
  if (proof !== undefined) return nodeLost(facts, proof, undefined);
  const words = `Pod ${name}${node === undefined ? "" : ` on node ${node}`} is gone`;
  const final = finalRequest(facts);
  if (final !== undefined) {
    const message = `${final.message} ${words} and nobody reported how it ended.`;
    return { ...final, message, at: facts.now, unproven: true };
  }
  const asked = facts.taskRun.spec.onUnknownFate === "Retry" ? shownRequest(facts) : undefined;
  if (asked !== undefined) return { ...asked, message: `${asked.message} ${words}.`, at: facts.now };
  const message = `${words} and no kubelet reported its end, so its containers may still run there.`;
  return { reason: Reason.UnknownFate, message, at: facts.now };
}

/** What the status says we had asked the pod for, while no record of the pod is left: no failure, whatever became of it. */
function shownRequest({ before, vanished: lost, pod }: Facts): Pick<AttemptEnd, "reason" | "message"> | undefined {
  const shown = shownReason(before);
  if (before.podUID !== (pod?.uid ?? lost?.uid)) return undefined;
  if (shown === Reason.Suspended) return { reason: shown, message: "Suspended." };
  return shown === Reason.Superseded ? { reason: shown, message: "The work has changed." } : undefined;
}

/** No further attempt depends on the fate of a pod that went away after a cancel or past the deadline: that is the reason. */
function finalRequest({ cancel, now, deadlineAt }: Facts): Pick<AttemptEnd, "reason" | "message"> | undefined {
  if (cancel) return { reason: Reason.Cancelled, message: "Cancelled." };
  if (deadlineAt === undefined || now < deadlineAt) return undefined;
  return { reason: Reason.DeadlineExceeded, message: "The deadline has passed." };
}

/** The pod was told to stop at somebody's wish or at a deadline, and main never ran to say anything else. */
function askedToStop(pod: PodRecord, facts: Facts): Pick<AttemptEnd, "reason" | "message"> | undefined {
  const request = pod.deletionAskedMs === undefined ? undefined : stopRequest(facts, pod);
  return request && { reason: request.reason, message: `${request.words}.${stuckWords(facts)}` };
}

/** These are only announced, by whoever then deletes the pod; a pod that was not deleted after all ended by itself. */
const ANNOUNCED: ReadonlySet<string> = new Set([
  "PreemptionByScheduler",
  "DeletionByTaintManager",
  "EvictionByEvictionAPI",
]);

function whoEnded(pod: PodRecord, mainEndedAt: number): Pick<AttemptEnd, "reason" | "message"> | undefined {
  const byKubelet = signOf("pod", pod.reason ?? "");
  if (byKubelet !== undefined)
    return { reason: byKubelet.reason, message: podWords(pod, "The kubelet ended the pod.") };
  const { disruption, deletionAskedMs } = pod;
  const asked = deletionAskedMs !== undefined && pod.endedUnasked !== true && mainEndedAt >= deletionAskedMs;
  if (deletionAskedMs !== undefined && !asked) return undefined;
  if (disruption !== undefined && (asked || !ANNOUNCED.has(disruption.reason))) {
    const words = disruption.message === "" ? disruption.reason : disruption.message;
    return {
      reason: signOf("disruption", disruption.reason)?.reason ?? Reason.Evicted,
      message: closed(`The pod was disrupted: ${words}`),
    };
  }
  if (!asked) return undefined;
  return { reason: Reason.PodDeleted, message: "The pod was deleted before the task ended." };
}

function ended(pod: PodRecord, reason: Reason, message: string, at: number): AttemptEnd {
  return { reason, message, at, exitCode: pod.main.exitCode ?? 0 };
}

function code(pod: PodRecord): number {
  return pod.main.exitCode ?? 0;
}

function said(container: ContainerRecord): string {
  return closed(container.message ?? container.reason ?? "the kubelet gave no reason");
}

function podWords(pod: PodRecord, otherwise: string): string {
  const words = [pod.reason, pod.message].filter((part) => part !== undefined).join(": ");
  return words === "" ? otherwise : closed(words);
}
