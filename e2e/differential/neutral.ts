/** Answers in neutral form: what may differ between two servers (uids, versions, times, most words) is replaced or left out. */
import type { ApiResponse } from "../../operator/api/port.ts";
import { isRecord } from "../../operator/testing/sim/objects.ts";
import { withoutAccepted } from "./accepted.ts";
import { type Json, type Ledger, metadataOf } from "./ledger.ts";
import type { Kind } from "./operations.ts";
import type { Event } from "./side.ts";

/** The only words of messages the operator acts on or shows as its own meaning (operator/act/errors.ts). */
const WORDS = ["exceeded quota", "failed quota", "violates PodSecurity", "object is being deleted"];
/** Two clocks of one machine, and a busy one: a time asked for "now" is this close to now. */
const NOW_TOLERANCE_MS = 5_000;

export interface Naming {
  readonly kind: Kind;
  /** What stands before every name in this run. */
  readonly prefix: string;
  readonly ledger: Ledger;
}

/** A reply of any kind. Objects in it are noted in the ledger. */
export function neutralReply(reply: ApiResponse, naming: Naming): Json {
  const { status, body } = reply;
  if (!isRecord(body)) return { status, body: body === undefined ? "none" : typeof body };
  if (body["kind"] === "Status") return { status, ...neutralStatus(body, naming) };
  if (Array.isArray(body["items"])) return { status, ...neutralList(body, naming) };
  return { status, object: neutralObject(body, naming) };
}

export function neutralObject(body: Json, naming: Naming): Json {
  const { ledger, kind, prefix } = naming;
  const metadata = metadataOf(body);
  const name = bare(String(metadata["name"]), prefix);
  ledger.note({ kind, name }, body);
  return {
    kind: body["kind"],
    apiVersion: body["apiVersion"],
    name,
    namespace: typeof metadata["namespace"],
    uid: ledger.uidNumber(metadata["uid"]),
    version: ledger.versionNumber({ kind, name }, metadata["resourceVersion"]),
    created: isNow(metadata["creationTimestamp"]),
    ...present("generation", metadata),
    ...filled("labels", metadata),
    ...filled("annotations", metadata),
    ...filled("finalizers", metadata),
    ...ownersOf(metadata, naming),
    ...deletionOf(metadata, ledger),
    ...(kind === "pods" ? podOf(body) : { spec: body["spec"], status: body["status"] }),
  };
}

function neutralList(body: Json, naming: Naming): Json {
  const metadata = metadataOf(body);
  const { kind, apiVersion, items } = body;
  const itemKind = naming.kind === "pods" ? "Pod" : "TaskRun";
  // Items of a list of pods carry no kind; the client knows it from the list.
  const whole = (items as readonly Json[]).map((item) => ({ kind: itemKind, apiVersion, ...item }));
  const version = Number(metadata["resourceVersion"]);
  const versionOrder = version < Number(naming.ledger.newest) ? "older than what was told" : "new";
  const objects = whole.map((item) => neutralObject(item, naming));
  return {
    kind,
    apiVersion,
    items: objects,
    versionOrder,
    continues: (metadata["continue"] ?? "") !== "",
    ...present("remainingItemCount", metadata),
  };
}

/** Success or refusal. */
function neutralStatus(body: Json, { ledger, prefix }: Naming): Json {
  const details = withoutAccepted(isRecord(body["details"]) ? body["details"] : {});
  const { name, uid, causes } = details;
  const message = JSON.stringify(body["message"]) ?? "";
  return {
    outcome: body["status"],
    ...present("reason", body),
    ...present("code", body),
    details: {
      ...present("group", details),
      ...(typeof name === "string" && { name: bare(name, prefix) }),
      ...(uid !== undefined && { uid: ledger.uidNumber(uid) }),
      ...present("retryAfterSeconds", details),
      causes,
    },
    words: WORDS.filter((words) => message.includes(words)),
  };
}

export function neutralEvent({ type, object }: Event, naming: Naming): Json {
  if (!isRecord(object)) return { type };
  if (type === "ERROR") return { type, ...neutralStatus(object, naming) };
  return { type, ...neutralObject(object, naming) };
}

/** The fields of a pod the operator or the simulator's actors read. */
function podOf({ spec, status }: Json): Json {
  const wanted = isRecord(spec) ? spec : {};
  const containers = Array.isArray(wanted["containers"]) ? (wanted["containers"] as readonly Json[]) : [];
  return {
    spec: {
      ...present("nodeName", wanted),
      ...present("restartPolicy", wanted),
      ...present("terminationGracePeriodSeconds", wanted),
      containers: containers.map(({ name, image }) => ({ name, image })),
    },
    status: isRecord(status) ? { ...present("phase", status), ...present("reason", status) } : status,
  };
}

function ownersOf(metadata: Json, { ledger, prefix }: Naming): Json {
  const owners = metadata["ownerReferences"];
  if (!Array.isArray(owners) || owners.length === 0) return {};
  const list = (owners as readonly Json[]).map(({ name, uid, ...rest }) => {
    return { ...rest, name: bare(String(name), prefix), uid: ledger.uidNumber(uid) };
  });
  return { owners: list };
}

function deletionOf(metadata: Json, ledger: Ledger): Json {
  if (metadata["deletionTimestamp"] === undefined) return present("deletionGracePeriodSeconds", metadata);
  return { deletion: { ...present("deletionGracePeriodSeconds", metadata), askedShift: ledger.askedShift(metadata) } };
}

function isNow(time: unknown): boolean {
  return Math.abs(Date.parse(String(time)) - Date.now()) < NOW_TOLERANCE_MS + SEQUENCE_LIMIT_MS;
}

/** A sequence lasts at most this long, and so do its objects. */
const SEQUENCE_LIMIT_MS = 120_000;

function present(name: string, from: Json): Json {
  return from[name] === undefined ? {} : { [name]: from[name] };
}

/** An empty map or list and none at all mean the same. */
function filled(name: string, from: Json): Json {
  const value = from[name];
  return typeof value === "object" && value !== null && Object.keys(value).length > 0 ? { [name]: value } : {};
}

function bare(name: string, prefix: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}
