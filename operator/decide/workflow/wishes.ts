/** What a run wants of children that are under way: stop, pause, or go on. */
import type { Json } from "../../api/decode.ts";
import { Annotation } from "../../api/names.ts";
import type { TaskRunRecord, WorkflowRunRecord } from "../../api/records.ts";
import { hasEnded } from "./observation.ts";

/** stop: its tasks are cancelled. suspend: they are suspended. run: what the run itself suspended goes on. */
export type Mode = "run" | "suspend" | "stop";

/** The merge patch that makes a child what its run wants; undefined: it is so already, or has ended. */
export function patchFor(child: TaskRunRecord | WorkflowRunRecord, mode: Mode, runName: string): Json | undefined {
  const { spec, deletion, suspendedBy } = child;
  if (deletion !== undefined || hasEnded(child)) return undefined;
  switch (mode) {
    case "stop":
      // A suspended one is cancelled at once; a WorkflowRun's finally must run, so it must not stay suspended.
      return spec.cancel === true ? undefined : { spec: { cancel: true, suspend: false } };
    case "suspend":
      return spec.suspend === true
        ? undefined
        : { metadata: { annotations: { [Annotation.SuspendedBy]: runName } }, spec: { suspend: true } };
    case "run":
      // What a person suspended stays suspended.
      return suspendedBy === runName
        ? { metadata: { annotations: { [Annotation.SuspendedBy]: null } }, spec: { suspend: false } }
        : undefined;
  }
}
