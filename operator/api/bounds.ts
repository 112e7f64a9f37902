/** How much of foreign words is kept: the bounds of crds/taskruns.yaml, and what a kubelet writes at most. */

/** UTF-16 units. The schema counts code points, of which there are never more. */
export const Chars = {
  /** A name of an object, a node, a container. */
  Name: 253,
  /** A reason, a class, a type: one word. */
  Word: 64,
  Uid: 64,
  Hash: 32,
  Quantity: 32,
  Duration: 32,
  Message: 1024,
  Result: 4096,
  ResultName: 63,
  LogTail: 2048,
  AttemptLogTail: 1024,
} as const;

export const Count = { Attempts: 10, Conditions: 8, Results: 32 } as const;

/** What a kubelet keeps of one container's termination message (pkg/kubelet/container, MaxContainerTerminationMessageLength). */
export const TERMINATION_BYTES = 4096;
/** For all containers of a pod together, in equal shares (MaxPodTerminationMessageLogLength). */
export const POD_TERMINATION_BYTES = 12_288;
