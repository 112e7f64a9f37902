/**
 * Which event a change of a run's status is worth: one, at its end, and one more at the end of each retry. Its tasks have
 * events of their own.
 */
import { EventReason, Phase } from "../../api/names.ts";
import type { Announcement, WorkflowRunRecord } from "../../api/records.ts";
import type { WorkflowRunStatus } from "../../api/types.ts";
import { podName } from "../childname.ts";
import { shownMessage, shownReason } from "../conditions.ts";
import { closed, note } from "../wording.ts";

/** `before` as the store had it when the status was written. */
export function runEventOf(before: WorkflowRunRecord, after: Readonly<WorkflowRunStatus>): Announcement | undefined {
  const [reason, was] = [endOf(after), endOf(before.status)];
  if (reason === undefined || was !== undefined) return undefined;
  return {
    kind: "WorkflowRun",
    // A run that never began keeps its round when it is retried: the id tells the ends apart.
    name: podName(before.name, after.retry?.round ?? 0, `${before.uid}${after.retry?.id ?? ""}`),
    type: reason === EventReason.Failed ? "Warning" : "Normal",
    reason,
    note: noteOf(reason, after),
  };
}

type End = "Succeeded" | "Failed" | "Cancelled";

function endOf({ phase }: Readonly<WorkflowRunStatus>): End | undefined {
  return phase === Phase.Succeeded || phase === Phase.Failed || phase === Phase.Cancelled ? phase : undefined;
}

function noteOf(end: End, status: Readonly<WorkflowRunStatus>): string {
  const [message, why] = [shownMessage(status) ?? "", shownReason(status) ?? ""];
  // "Succeeded" and "Cancelled" are the event's own reason already.
  const head = why === end || why === "" ? message : `${why}: ${message}`;
  const took = status.duration === undefined ? "" : ` It took ${status.duration}.`;
  return `${note(closed(head === "" ? end : head), took.length)}${took}`;
}
