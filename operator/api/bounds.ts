/** How much of foreign words is kept: the bounds of crds/*.yaml, and what a kubelet writes at most. */

/** UTF-16 units. The schema counts code points, of which there are never more. */
export const Chars = {
  /** A name of an object, a node, a container. */
  Name: 253,
  /** A reason, a class, a type: one word. */
  Word: 64,
  /** What the API server takes as the value of a label. */
  LabelValue: 63,
  Uid: 64,
  Hash: 32,
  Quantity: 32,
  Duration: 32,
  Message: 1024,
  Result: 4096,
  ResultName: 63,
  LogTail: 2048,
  AttemptLogTail: 1024,
  /** Of a Workflow and its runs (crds/workflows.yaml, crds/workflowruns.yaml). */
  TaskName: 63,
  ParamName: 63,
  RetryId: 63,
  Phase: 32,
  Progress: 32,
  States: 16_384,
  Intervals: 65_536,
} as const;

export const Count = { Attempts: 10, Conditions: 8, Results: 32, Params: 64, Failures: 10, Mapped: 16_384 } as const;

/** What a kubelet keeps of one container's termination message (pkg/kubelet/container, MaxContainerTerminationMessageLength). */
export const TERMINATION_BYTES = 4096;
/** For all containers of a pod together, in equal shares (MaxPodTerminationMessageLogLength). */
export const POD_TERMINATION_BYTES = 12_288;
