/** Trigger rules: from how many of a task's upstream tasks came to what, whether it runs. */
import { TaskState } from "./model.ts";
import type { TriggerRule } from "./model.ts";

/** How many of the tasks under dependsOn. done = succeeded + failed + skipped. */
export interface UpstreamCounts {
  readonly upstream: number;
  readonly done: number;
  readonly succeeded: number;
  /** Failed, Cancelled or UpstreamFailed. */
  readonly failed: number;
  readonly skipped: number;
}

export type Verdict = "wait" | "run" | typeof TaskState.Skipped | typeof TaskState.UpstreamFailed;

/**
 * "run" as soon as it is certain; a verdict not to run only once all upstream tasks are done, so that it does not depend on the
 * order in which they end. A verdict other than "wait" never changes as more of them end. A task without any runs at once.
 */
export function verdictOf(rule: TriggerRule, counts: UpstreamCounts): Verdict {
  if (counts.upstream === 0 || runsNow(rule, counts)) return "run";
  return counts.done < counts.upstream ? "wait" : whyNot(rule, counts);
}

function runsNow(rule: TriggerRule, { upstream, done, succeeded, failed, skipped }: UpstreamCounts): boolean {
  const allDone = done === upstream;
  switch (rule) {
    case "AllSucceeded":
      return succeeded === upstream;
    case "AllDone":
      return allDone;
    case "AllFailed":
      return failed === upstream;
    case "OneSucceeded":
      return succeeded > 0;
    case "OneFailed":
      return failed > 0;
    case "NoneFailed":
      return allDone && failed === 0;
    case "NoneFailedMinOneSuccess":
      return allDone && failed === 0 && succeeded > 0;
    case "NoneSkipped":
      return allDone && skipped === 0;
    case "Always":
      return true;
  }
}

/** All upstream tasks are done, and the rule does not hold. */
function whyNot(rule: TriggerRule, { upstream, failed, skipped }: UpstreamCounts): Verdict {
  switch (rule) {
    case "AllSucceeded":
    case "NoneFailed":
    case "NoneFailedMinOneSuccess":
      return failed > 0 ? TaskState.UpstreamFailed : TaskState.Skipped;
    case "OneSucceeded":
      return skipped === upstream ? TaskState.Skipped : TaskState.UpstreamFailed;
    case "AllDone":
    case "AllFailed":
    case "OneFailed":
    case "NoneSkipped":
    case "Always":
      return TaskState.Skipped;
  }
}
