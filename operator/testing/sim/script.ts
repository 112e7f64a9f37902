/** What the programs in the pods of one TaskRun do, attempt by attempt. */

/** One pod's life. Times in milliseconds; everything left out is ordinary. */
export interface PodScript {
  /** How long the scheduler finds no node. */
  readonly unschedulableMs?: number;
  /** How long the image cannot be pulled; Infinity: never. */
  readonly pullFailsMs?: number;
  /** How long the main container runs; Infinity: until it is stopped. */
  readonly runMs?: number;
  readonly exitCode?: number;
  /** Its last words, in its termination message; "" for none. */
  readonly says?: string;
  /** The main container ends by the kernel's hand. */
  readonly oom?: boolean;
  /** The main container ends by the kernel's hand unless it has this much memory. */
  readonly needsMi?: number;
  /** A second container, and how long it runs. */
  readonly sidecarMs?: number;
  /** How long the containers take to stop when asked, and with which code main then ends. */
  readonly stopMs?: number;
  readonly stopCode?: number;
  /** The kubelet evicts the pod this long after its containers started. */
  readonly evictedAfterMs?: number;
}

/** The scripts of a TaskRun's attempts; the last one also serves all later attempts. */
export type Scripts = readonly [PodScript, ...PodScript[]];

export const ORDINARY: Required<PodScript> = {
  unschedulableMs: 0,
  pullFailsMs: 0,
  runMs: 1000,
  exitCode: 0,
  says: "",
  oom: false,
  needsMi: 0,
  sidecarMs: 0,
  stopMs: 200,
  stopCode: 143,
  evictedAfterMs: Number.POSITIVE_INFINITY,
};

export function scriptOf(scripts: Scripts, attempt: number): Required<PodScript> {
  return { ...ORDINARY, ...(scripts[attempt - 1] ?? scripts.at(-1)) };
}
