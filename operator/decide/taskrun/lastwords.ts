/**
 * What a failed main container left: a message of its own, or the end of its log. With FallbackToLogsOnError the kubelet
 * puts the last 80 lines, at most 2,048 bytes, of the log into the termination message of a container that failed and
 * wrote none (kuberuntime_container.go, convertToKubeContainerStatus), and nothing tells one from the other. So with that
 * policy every message that could be a log is taken for one: it is shown as status.log, with its lines, and its last line
 * becomes part of the sentence. A message of the task's own then stands in both places, and nothing of it is lost.
 */
import { Chars } from "../../api/bounds.ts";
import type { PodRecord } from "../../api/records.ts";
import { lastLines, sentence } from "../wording.ts";

/** The runtime's words about a container that never ran, to which the kubelet adds no log worth showing. */
const NEVER_RAN: ReadonlySet<string> = new Set(["StartError", "ContainerCannotRun", "ContainerStatusUnknown"]);

/** The end of main's log, if the kubelet has told it. */
export function logTail({ main, logOnError }: PodRecord, chars: number = Chars.LogTail): string | undefined {
  if (logOnError !== true || main.state !== "terminated" || main.exitCode === 0) return undefined;
  const { message = "", reason = "" } = main;
  // Longer than the kubelet's part of a log: it must be the task's own.
  if (message.length > Chars.LogTail || NEVER_RAN.has(reason)) return undefined;
  const lines = lastLines(message, chars);
  return lines === "" ? undefined : lines;
}

/** What main said, for a sentence: its own message, else the last line of its log. */
export function lastWords(pod: PodRecord): string | undefined {
  const tail = logTail(pod);
  const said = tail === undefined ? (pod.main.message ?? "") : tail.slice(tail.lastIndexOf("\n") + 1);
  const words = sentence(said);
  return words === "" ? undefined : words;
}
