import type { Reason } from "./names.ts";

/** What earlier attempts of a TaskRun teach the pod of the next one. */
export interface PodShape {
  /** The main container's memory limit, if the template has less. */
  readonly memory?: string;
  /** Nodes to keep away from. */
  readonly avoid?: { readonly how: "Prefer" | "Require"; readonly names: readonly string[] };
}

/** Everything a plan may ask for besides a status: built by decide/, carried out by act/. */
export type Action =
  | ({
      readonly kind: "CreatePod";
      readonly name: string;
      readonly attempt: number;
      /** The last attempt's pod, if only its disappearance speaks for its end: looked up once more before this one is made. */
      readonly onlyIfGone?: { readonly name: string; readonly uid: string };
    } & PodShape)
  | {
      readonly kind: "DeletePod";
      readonly name: string;
      readonly uid: string;
      /** Only if the pod is still as we saw it: an end reported meanwhile must not be lost. */
      readonly resourceVersion: string;
      /** PodRetention, TimeToLive: its end is recorded, and it need not stay any longer. */
      readonly because: Reason | "PodRetention" | "TimeToLive";
    }
  | {
      /** The TaskRun itself, with all that it owns: its time after its end is over. */
      readonly kind: "DeleteTaskRun";
      /** Only if it is still as we saw it: changed work is to run again, and not to be deleted. */
      readonly uid: string;
      readonly resourceVersion: string;
    };

/** Why the API server (or our own check of the template) did not let us create a pod. Remembered until the pod is created. */
export interface Refusal {
  readonly attempt: number;
  /** Of the TaskRun whose pod it was: a changed one is asked for afresh. */
  readonly generation: number;
  readonly kind: "Invalid" | "NameTaken" | "PolicyForbidden" | "Forbidden" | "Quota" | "Unavailable";
  /** The server's words. */
  readonly message: string;
  /** Not asked again before this moment, milliseconds since 1970. */
  readonly retryAt: number;
}

/** Room in a quota shows in no event we watch, so it is asked for this often at last. */
export const REFUSAL_PAUSE_MAX_MS = 60_000;

/** The server does not let us delete a pod. */
export interface StopRefusal {
  /** Of the pod. */
  readonly uid: string;
  /** The server's words. */
  readonly message: string;
}

/**
 * How soon a status must be written: a record that later steps rely on (now), news for the user (soon), what the default
 * says already (later), other words for the same thing (rarely).
 */
export type Urgency = "now" | "soon" | "later" | "rarely";

export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** The end of an exhaustive switch: does not compile while a case is missing. */
export function unreachable(value: never): never {
  throw new UnreachableError(`unexpected value: ${JSON.stringify(value)}`);
}
