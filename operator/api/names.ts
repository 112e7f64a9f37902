/** The words of the API: group, kinds, labels, phases, reasons. Spelled here once. */

export const GROUP = "stint.dev";
export const VERSION = "v1alpha1";
export const API_VERSION: string = `${GROUP}/${VERSION}`;

/** Labels on every child; values longer than 63 characters are shortened by decide/childname.ts. */
export const Label = {
  TaskRun: "stint.dev/taskrun",
  Attempt: "stint.dev/attempt",
  /** What a TaskRun, its pods and a WorkflowRun belong to. */
  Workflow: "stint.dev/workflow",
  WorkflowRun: "stint.dev/workflowrun",
  /** Which task of the workflow a TaskRun or a sub-workflow's run is, ... */
  Task: "stint.dev/task",
  /** ... which part of a mapped one, from 0, ... */
  Index: "stint.dev/index",
  /** ... and in which retry of the run it was made; absent before the first. */
  Round: "stint.dev/round",
  ManagedBy: "app.kubernetes.io/managed-by",
} as const;

/** On every pod: which work it runs (api/work.ts), and so whether the TaskRun has changed since. */
export const WORK_ANNOTATION: string = `${GROUP}/work`;

/** On what a WorkflowRun makes. */
export const Annotation = {
  /** How many WorkflowRuns a sub-workflow's run has above it. */
  Depth: "stint.dev/depth",
  /** The run that suspended the object, and will let it go on. */
  SuspendedBy: "stint.dev/suspended-by",
  /** On a run that OnApply started: the ControllerRevision of the generation it was started for. */
  Revision: "stint.dev/revision",
  DataIntervalStart: "stint.dev/data-interval-start",
  DataIntervalEnd: "stint.dev/data-interval-end",
} as const;

export const MANAGED_BY = "stint";

/** The one value of spec.managedBy, besides none, that means us. */
export const OPERATOR_NAME: string = `${GROUP}/operator`;

/**
 * What tools that keep objects as a repository says put on them. Such an object must not be deleted by us: they would
 * make it again, and its task would run again.
 */
export const TRACKING_LABELS: readonly string[] = [
  "argocd.argoproj.io/instance",
  "app.kubernetes.io/instance",
  "kustomize.toolkit.fluxcd.io/name",
];
export const TRACKING_ANNOTATIONS: readonly string[] = ["argocd.argoproj.io/tracking-id", "meta.helm.sh/release-name"];

/** The PodTemplate that every TaskRun of its namespace builds on. */
export const NAMESPACE_TEMPLATE = "stint-default";

export const Phase = {
  Pending: "Pending",
  Running: "Running",
  Succeeded: "Succeeded",
  Failed: "Failed",
  Cancelled: "Cancelled",
  Suspended: "Suspended",
} as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

export const ConditionType = {
  Succeeded: "Succeeded",
  Valid: "Valid",
  /** What tools that know no kind of ours go by (kstatus): there only while it is True. Not at its end yet. */
  Reconciling: "Reconciling",
  /** Likewise: it will not come to what was asked for unless somebody does something. */
  Stalled: "Stalled",
} as const;
export type ConditionType = (typeof ConditionType)[keyof typeof ConditionType];

/** Why a TaskRun or an attempt stands where it stands: the closed list a user can meet in the REASON column. */
export const Reason = {
  /** Not started yet: the pod is waiting to be scheduled or its containers to be created. */
  Pending: "Pending",
  Running: "Running",
  Succeeded: "Succeeded",
  /** An attempt failed; the next one starts at status.nextAttemptTime. */
  BackingOff: "BackingOff",
  /** The attempt is over and its pod is being stopped (other containers, or a deletion). */
  Stopping: "Stopping",
  /** The main container ended with a code other than 0. */
  ExitCode: "ExitCode",
  OOMKilled: "OOMKilled",
  Evicted: "Evicted",
  Preempted: "Preempted",
  NodeShutdown: "NodeShutdown",
  NodeLost: "NodeLost",
  /** The kubelet did not admit the pod: no room left, an affinity that no longer holds, a device that failed. */
  NodeRefused: "NodeRefused",
  /** The pod failed and the kubelet gave a reason of its own, which the message quotes. */
  PodFailed: "PodFailed",
  /** Somebody deleted the pod before the task ended. */
  PodDeleted: "PodDeleted",
  /** The pod vanished and nobody can say whether its containers have ended. */
  UnknownFate: "UnknownFate",
  ImagePullFailed: "ImagePullFailed",
  /** The containers cannot be created, for instance because a config map is missing. */
  ContainerCreateFailed: "ContainerCreateFailed",
  Unschedulable: "Unschedulable",
  /** spec.podTemplateRef names a PodTemplate that is not there; waits. */
  TemplateNotFound: "TemplateNotFound",
  InvalidTemplate: "InvalidTemplate",
  /** The namespace's quota has no room; waits. */
  QuotaExceeded: "QuotaExceeded",
  /** The API server forbids the pod: Pod Security, an admission policy, or missing rights of the operator. */
  Forbidden: "Forbidden",
  /** The API server cannot take the pod just now; tried again. */
  CreateFailed: "CreateFailed",
  /** Another object's pod has the name this attempt's pod must have. */
  PodNameTaken: "PodNameTaken",
  DeadlineExceeded: "DeadlineExceeded",
  AttemptDeadlineExceeded: "AttemptDeadlineExceeded",
  /** The main container did not start in time. */
  StartDeadlineExceeded: "StartDeadlineExceeded",
  /** The task ended well but did not hand over a result it declares. */
  MissingResult: "MissingResult",
  /** What the task handed over is no JSON object. */
  InvalidResult: "InvalidResult",
  Suspended: "Suspended",
  /** The attempt was stopped because the TaskRun's work had changed. */
  Superseded: "Superseded",
  RetriesExhausted: "RetriesExhausted",
  Cancelled: "Cancelled",
} as const;
export type Reason = (typeof Reason)[keyof typeof Reason];

/** What a task can ask of those it depends on; decide/workflow/trigger.ts says what each means. */
export const TRIGGER_RULES = [
  "AllSucceeded",
  "AllDone",
  "AllFailed",
  "OneSucceeded",
  "OneFailed",
  "NoneFailed",
  "NoneFailedMinOneSuccess",
  "NoneSkipped",
  "Always",
] as const;

/** Why a WorkflowRun stands where it stands. */
export const RunReason = {
  /** Nothing has been started yet. */
  Pending: "Pending",
  /** There is no Workflow of this name; waits. */
  WorkflowNotFound: "WorkflowNotFound",
  /** The Workflow cannot be run; its condition Valid says why. */
  InvalidWorkflow: "InvalidWorkflow",
  InvalidParams: "InvalidParams",
  /** Sub-workflows in sub-workflows, more levels than allowed. */
  TooDeep: "TooDeep",
  /** The definition the run worked by is gone. */
  RevisionLost: "RevisionLost",
  Running: "Running",
  /** Tasks are being suspended, or all are. */
  Suspended: "Suspended",
  /** Tasks are being stopped: cancelled, out of time, or one failed with FailFast. */
  Stopping: "Stopping",
  /** All tasks have ended, those of finally run. */
  Finalizing: "Finalizing",
  /** The API server does not take the run's TaskRuns just now; tried again. */
  CreateFailed: "CreateFailed",
  QuotaExceeded: "QuotaExceeded",
  Forbidden: "Forbidden",
  Succeeded: "Succeeded",
  TaskFailed: "TaskFailed",
  DeadlineExceeded: "DeadlineExceeded",
  Cancelled: "Cancelled",
} as const;
export type RunReason = (typeof RunReason)[keyof typeof RunReason];

/** Why a task of a run failed without a word from a TaskRun. */
export const TaskReason = {
  /** Its `when` cannot be evaluated. */
  InvalidWhen: "InvalidWhen",
  /** Its forEach does not come to a list. */
  InvalidForEach: "InvalidForEach",
  /** The run would have more than 10,000 tasks and parts. */
  TooManyParts: "TooManyParts",
  /** A result it refers to is not there. */
  MissingInput: "MissingInput",
  /** A value it refers to is too large. */
  InputTooLarge: "InputTooLarge",
  /** The API server refuses its TaskRun. */
  InvalidTemplate: "InvalidTemplate",
  /** An object of somebody else's has the name its TaskRun must have. */
  NameTaken: "NameTaken",
  /** Somebody deleted its TaskRun before it ended. */
  TaskRunDeleted: "TaskRunDeleted",
} as const;
export type TaskReason = (typeof TaskReason)[keyof typeof TaskReason];

/** Reasons of a Workflow's condition Valid. */
export const ValidReason = { Valid: "Valid", InvalidWorkflow: "InvalidWorkflow" } as const;
export type ValidReason = (typeof ValidReason)[keyof typeof ValidReason];

/** What an event tells of: the end of an attempt, or of the TaskRun. */
export const EventReason = {
  AttemptFailed: "AttemptFailed",
  Succeeded: "Succeeded",
  Failed: "Failed",
  Cancelled: "Cancelled",
  Suspended: "Suspended",
  Superseded: "Superseded",
} as const;
export type EventReason = (typeof EventReason)[keyof typeof EventReason];

/** Whose failure an attempt's end is; each class has a budget of its own. */
export const FailureClass = {
  Application: "Application",
  Infrastructure: "Infrastructure",
  /** Nobody can say whether the pod still runs. */
  Unknown: "Unknown",
} as const;
export type FailureClass = (typeof FailureClass)[keyof typeof FailureClass];
