/** The alphabet of the differential suite: what can be asked of an API server, as plain values that name no version and no uid. */

export type Kind = "pods" | "taskruns";

/** Which resourceVersion goes with a write: the newest this side was told, an older one, or none. */
export type Version = "current" | "stale" | "none";
/** Which uid goes with a write. `former`: of an earlier object of the same name, if there was one. */
export type Uid = "current" | "former" | "none";
export type Propagation = "Background" | "Foreground" | "Orphan";

export interface Labels {
  readonly [key: string]: string;
}

/** Objects are named by one short word; each run of a sequence puts its own prefix before it. */
export interface Target {
  readonly kind: Kind;
  readonly name: string;
}

export interface Create extends Target {
  readonly do: "create";
  readonly shape: string;
  readonly labels?: Labels;
  readonly finalizer?: boolean;
  /** The TaskRun that controls the pod. */
  readonly owner?: string;
  /** Ask for fieldValidation=Strict, as the operator does for pods. */
  readonly strict?: boolean;
}

export interface Get extends Target {
  readonly do: "get";
}

export interface List {
  readonly do: "list";
  readonly kind: Kind;
  readonly selector?: string;
  readonly limit?: number;
  /** The page after the last list of this kind that ended in a continue token. */
  readonly next?: boolean;
  /** `newest`: not older than the newest version this side was told; `future`: one nobody has reached. */
  readonly from?: "newest" | "future";
}

/** PUT of the object as last seen, with one change. */
export interface Update extends Target {
  readonly do: "update";
  readonly change: string;
  readonly version: Version;
  readonly uid: Uid;
}

/** PUT of the status alone, in the operator's form. */
export interface PutStatus extends Target {
  readonly do: "putStatus";
  readonly shape: string;
  readonly version: Version;
  readonly uid: Uid;
}

/** Puts a pod on a node without a kubelet. */
export interface Bind {
  readonly do: "bind";
  readonly kind: "pods";
  readonly name: string;
}

export interface Delete extends Target {
  readonly do: "delete";
  readonly uid?: Uid;
  readonly version?: Version;
  readonly graceSeconds?: number;
  readonly propagation?: Propagation;
}

/** Opens a watch that is read until the sequence ends. */
export interface Watch {
  readonly do: "watch";
  readonly kind: Kind;
  /** `listed`: from the last list; `start`: from before the sequence; `none`: no version; `ancient`: the first version ever. */
  readonly from: "listed" | "start" | "none" | "ancient";
  readonly selector?: string;
  /** sendInitialEvents; `unmatched`: without the resourceVersionMatch it needs. */
  readonly initial?: "asked" | "unmatched";
}

/** Lets the clock go on, so that times can differ. */
export interface Pause {
  readonly do: "pause";
  readonly ms: number;
}

/** Makes the store forget its history. Only in fixed sequences: it concerns the whole cluster. */
export interface Compact {
  readonly do: "compact";
}

export type Operation = Create | Get | List | Update | PutStatus | Bind | Delete | Watch | Pause | Compact;

/** One line for a report. */
export function sentence(operation: Operation): string {
  const { do: verb, ...rest } = operation;
  const words = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [verb, ...words].join(" ");
}
