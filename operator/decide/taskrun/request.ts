/** Why the current attempt's pod must stop although its task has not ended: an ordered list, the first that applies decides. */
import { timeMs } from "../../api/decode.ts";
import { Reason } from "../../api/names.ts";
import type { PodRecord } from "../../api/records.ts";
import { isStoppingFor, superseded } from "./facts.ts";
import type { Facts } from "./facts.ts";

export interface StopRequest {
  readonly reason: Reason;
  /** For the message: "Cancelled", "The deadline has passed". */
  readonly words: string;
  /** An end before this moment was not brought about by the request. Milliseconds since 1970. */
  readonly since?: number;
  /**
   * Somebody may take the wish back before the pod has stopped. The status names it before the pod is deleted, so that it
   * is still known then why the pod ends.
   */
  readonly revocable?: true;
}

export function stopRequest(facts: Facts, pod: PodRecord): StopRequest | undefined {
  const { cancel, suspend, deadlineAt, attemptDeadlineAt, startDeadlineAt } = facts;
  // A deadline that passed only after the end, however late we look, has not brought it about.
  const now = (pod.main.state === "terminated" ? timeMs(pod.main.finishedAt) : undefined) ?? facts.now;
  if (cancel) return { reason: Reason.Cancelled, words: "Cancelled" };
  if (suspend || isStoppingFor(facts, Reason.Suspended))
    return { reason: Reason.Suspended, words: "Suspended", revocable: true };
  if (superseded(facts, pod) || isStoppingFor(facts, Reason.Superseded))
    return { reason: Reason.Superseded, words: "The work has changed", revocable: true };
  if (deadlineAt !== undefined && now >= deadlineAt)
    return { reason: Reason.DeadlineExceeded, words: "The deadline has passed", since: deadlineAt };
  if (startDeadlineAt !== undefined && now >= startDeadlineAt && !startedInTime(pod, startDeadlineAt)) {
    const words = "The main container did not start in time";
    return { reason: Reason.StartDeadlineExceeded, words, since: startDeadlineAt };
  }
  if (attemptDeadlineAt !== undefined && now >= attemptDeadlineAt)
    return { reason: Reason.AttemptDeadlineExceeded, words: "The attempt took too long", since: attemptDeadlineAt };
  return undefined;
}

/** When to look again at a living pod, because a deadline will have passed by then. */
export function nextDeadline(facts: Facts, pod: PodRecord): number | undefined {
  const start = pod.main.startedAt === undefined && pod.main.state !== "terminated" ? facts.startDeadlineAt : undefined;
  const moments = [facts.deadlineAt, facts.attemptDeadlineAt, start].filter((ms) => ms !== undefined);
  return moments.length === 0 ? undefined : Math.min(...moments);
}

function startedInTime({ main, deletionAskedMs }: PodRecord, ms: number): boolean {
  // It runs, and nobody has stopped it: whatever the clock of its node says of when it started.
  if (main.state === "running" && deletionAskedMs === undefined) return true;
  if (main.state !== "running" && main.state !== "terminated") return false;
  // Reported without a start when it never ran and its pod was deleted.
  const started = timeMs(main.startedAt);
  // API times have whole seconds: a start within the second of the deadline may have come after it.
  return started !== undefined && started < ms;
}
