/** What the stores hold of a watched object: the few fields decisions read, never the whole object. All values are frozen. */
import type { Identity } from "./decode.ts";
import type { EventReason } from "./names.ts";
import type { TaskRunSpec, TaskRunStatus, WorkflowRunSpec, WorkflowRunStatus, WorkflowStatus } from "./types.ts";

/** What every record has, so that store, queue and own writes can treat all kinds alike. */
export interface ObjectRecord extends Identity {
  /** The uid of the controller, if that is of the kind of ours which makes such objects. */
  readonly ownerUid?: string;
}

export interface TaskRunRecord extends ObjectRecord {
  readonly generation: number;
  /** Somebody else controls it. */
  readonly foreignOwner?: true;
  /**
   * A deletion was asked for, and finalizers keep the object. "collected": by the garbage collector, which deletes the pods
   * (foreground deletion) or sets them free (orphan). "held": by somebody else, for as long as they please.
   */
  readonly deletion?: "collected" | "held";
  /** Argo CD, Flux or Helm keeps the object as a repository says: were it deleted, they would make it again. */
  readonly tracked?: true;
  readonly spec: Omit<TaskRunSpec, "template">;
  /** A hash of the work the spec asks for (work.ts). */
  readonly work: string;
  /**
   * The template as JSON text ("null": there is none) while it may still be needed and is small (TEMPLATE_KEPT_CHARS); otherwise the object is
   * read when a pod is about to be made.
   */
  readonly template?: string;
  readonly status: Readonly<TaskRunStatus>;
  /** Its creation, as long as its status tells of no pod. */
  readonly unstartedSince?: string;
  /** The following four: only of the tasks of a workflow's run, as their labels and annotations say. */
  readonly step?: Step;
  /** Names; `workflow` is "" if the label is missing. */
  readonly workflow?: { readonly run: string; readonly workflow: string };
  /** The run that suspended it, and will let it go on. */
  readonly suspendedBy?: string;
  /** RFC 3339. */
  readonly dataInterval?: { readonly start: string; readonly end: string };
}

/** Which part of a run an object is, from its labels. */
export interface Step {
  readonly task: string;
  /** Of a mapped task, from 0. */
  readonly index?: number;
  /** In which retry of the run it was made; 0 before the first. */
  readonly round: number;
}

/** All but the tasks of a Workflow: those are read when a run starts, or the definition is checked. */
export interface WorkflowRecord extends ObjectRecord {
  readonly generation: number;
  readonly deletion?: "collected" | "held";
  readonly createdAt: string;
  readonly run: "OnApply" | "Manual";
  readonly suspend: boolean;
  /** How many ended runs stay. */
  readonly history: { readonly succeeded: number; readonly failed: number };
  /** Names of the Workflows that its tasks refer to, each once, in their order, at most WORKFLOW_REFS_MAX. */
  readonly refs: readonly string[];
  readonly params: readonly WorkflowParam[];
  readonly status: Readonly<WorkflowStatus>;
}

export interface WorkflowParam {
  readonly name: string;
  /** Without one a run must give a value. */
  readonly hasDefault: boolean;
}

/** As many as a Workflow has tasks. */
export const WORKFLOW_REFS_MAX = 10_000;

export interface WorkflowRunRecord extends ObjectRecord {
  readonly generation: number;
  readonly deletion?: "collected" | "held";
  readonly createdAt: string;
  readonly tracked?: true;
  /** Somebody else controls it. */
  readonly foreignOwner?: true;
  /** The controller: a Workflow, or the WorkflowRun that this is a task of. */
  readonly ownerKind?: string;
  readonly ownerName?: string;
  readonly spec: WorkflowRunSpec;
  /** How many runs it has above it. */
  readonly depth: number;
  /** The ControllerRevision it was started for, if OnApply started it. */
  readonly revision?: string;
  /** Of a sub-workflow's run. */
  readonly step?: Step;
  readonly suspendedBy?: string;
  /**
   * Without `states`, `mapped` and `firstFailures` once the run has ended and there is nothing left to do about it: its status was made
   * from this generation, and spec.retry has no new id. Such a status must not be written back.
   */
  readonly status: Readonly<WorkflowRunStatus>;
}

/** A ControllerRevision, of which only the metadata is watched. */
export interface RevisionRecord extends ObjectRecord {
  /** The Workflow whose definition it holds, as its label says. */
  readonly workflow?: string;
  /** Of the Workflow, as its name says. */
  readonly generation?: number;
  readonly createdAt: string;
}

export interface PodRecord extends ObjectRecord {
  /** The owner's name, as its reference says. */
  readonly ownerName?: string;
  /** From the label; undefined when missing or no whole number. */
  readonly attempt?: number;
  readonly createdAt: string;
  readonly phase: string;
  /** status.reason and status.message: what the kubelet or a controller says of the whole pod. */
  readonly reason?: string;
  readonly message?: string;
  readonly nodeName?: string;
  /** When the scheduler gave it the node. */
  readonly placedAt?: string;
  /** The first version of the pod that we saw with its node: whoever knows all nodes as of then has seen that node. */
  readonly placedVersion?: string;
  /** The moment the deletion was asked for (deletionTimestamp less the grace period), in milliseconds since 1970, whole seconds. */
  readonly deletionAskedMs?: number;
  /** A state of the pod without any deletion showed its main container terminated: no request brought that about. */
  readonly endedUnasked?: true;
  /** The work it runs, as its annotation says. */
  readonly work?: string;
  /** The memory limit of the main container, as its pod says ("512Mi"). */
  readonly memoryLimit?: string;
  /** The container whose end is the task's end: the one named "main", else the first. */
  readonly main: ContainerRecord;
  /** Its template asks the kubelet to put the end of the log where a failed container left no message of its own. */
  readonly logOnError?: true;
  /** Bytes. Its termination message is as long as a kubelet lets it be, so part of it may be missing. */
  readonly wordsCutAt?: number;
  /** The first init container that failed, if one did. */
  readonly failedInit?: ContainerRecord;
  /** The first container that cannot start, with the kubelet's reason (ErrImagePull ...). */
  readonly stuck?: ContainerRecord;
  /** Every container of the spec has a terminated state written by a kubelet. */
  readonly allTerminated: boolean;
  /** All that still runs are native sidecars, which the kubelet is about to end by itself. */
  readonly onlySidecarsRun?: true;
  /** The scheduler's words, while it finds no node. */
  readonly unschedulable?: string;
  /** The DisruptionTarget condition (KEP-3329): somebody ended the pod on purpose. */
  readonly disruption?: { readonly reason: string; readonly message: string };
  /**
   * Set once the object is gone. "seen": this record is the last state the server sent with the deletion. "missed":
   * it was found missing in a new list; its last state is unknown.
   */
  readonly gone?: "seen" | "missed";
}

export interface PodTemplateRecord extends ObjectRecord {
  /** The PodTemplateSpec as JSON text; undefined if it is longer than POD_TEMPLATE_KEPT_CHARS. */
  readonly template?: string;
}

export interface NodeRecord extends ObjectRecord {
  readonly createdAt?: string;
  /** It has the taint by which a person says that it is shut down and that nothing runs there (KEP-2268). */
  readonly outOfService: boolean;
}

export interface ContainerRecord {
  readonly name: string;
  readonly state: "none" | "waiting" | "running" | "terminated";
  readonly reason?: string;
  readonly message?: string;
  readonly exitCode?: number;
  readonly startedAt?: string;
  readonly finishedAt?: string;
}

/**
 * Templates up to this length are kept with the record: most are a few hundred characters, and keeping them saves one
 * read per TaskRun; the bound keeps the store small whatever users write.
 */
export const TEMPLATE_KEPT_CHARS = 2048;

/** A pod with so long a template could hardly be stored itself (etcd takes 1.5 MiB); the bound keeps the store small. */
export const POD_TEMPLATE_KEPT_CHARS: number = 256 * 1024;

/** An event about a TaskRun or a WorkflowRun, for people. */
export interface Announcement {
  /** What it is about; a TaskRun unless said otherwise. */
  readonly kind?: "WorkflowRun";
  /** The same whenever the same thing is told again. */
  readonly name: string;
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  /** At most 1,024 bytes. */
  readonly note: string;
}

export const TERMINAL_PHASES: ReadonlySet<string> = new Set(["Succeeded", "Failed", "Cancelled"]);
