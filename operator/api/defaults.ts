/** What TaskRuns get that do not say it themselves: from the operator's configuration file. Built-in values: decide/taskrun/settings.ts. */
import type { Json } from "./decode.ts";
import type { TaskRunSpec } from "./types.ts";

export interface Defaults extends Pick<
  TaskRunSpec,
  | "activeDeadlineSeconds"
  | "attemptDeadlineSeconds"
  | "startDeadlineSeconds"
  | "podRetention"
  | "ttlSecondsAfterFinished"
> {
  /** A PodTemplateSpec under all others. */
  readonly podTemplate?: Json;
  readonly retry?: Pick<NonNullable<TaskRunSpec["retry"]>, "limit" | "infrastructureLimit" | "backoff">;
}

export const NO_DEFAULTS: Defaults = Object.freeze({});
