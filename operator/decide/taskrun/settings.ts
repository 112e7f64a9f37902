/** What holds for one TaskRun: its own word, else the operator's configuration, else the built-in value. */
import type { Defaults } from "../../api/defaults.ts";
import type { TaskRunSpec } from "../../api/types.ts";

type Spec = Omit<TaskRunSpec, "template">;

export function podRetention(spec: Spec, defaults: Defaults): NonNullable<Spec["podRetention"]> {
  return spec.podRetention ?? defaults.podRetention ?? "Always";
}

/** undefined: a finished TaskRun stays for ever. */
export function ttlSeconds(spec: Spec, defaults: Defaults): number | undefined {
  return spec.ttlSecondsAfterFinished ?? defaults.ttlSecondsAfterFinished;
}
