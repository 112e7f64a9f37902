/** JSON of a Pod -> PodRecord. */
import { Chars, POD_TERMINATION_BYTES, TERMINATION_BYTES } from "./bounds.ts";
import { compact, identityOf, list, object, text, time, timeMs, whole, word } from "./decode.ts";
import type { Json } from "./decode.ts";
import { controllerOf } from "./metadata.ts";
import { Label, WORK_ANNOTATION } from "./names.ts";
import type { ContainerRecord, PodRecord } from "./records.ts";

/** A container that waits for one of these is on its way; every other reason means it cannot start for now. */
const ORDINARY_WAITS: ReadonlySet<string> = new Set(["", "ContainerCreating", "PodInitializing"]);

/** undefined: it is no object of an API server. */
export function decodePod(value: unknown): PodRecord | undefined {
  const raw = object(value);
  const metadata = object(raw["metadata"]);
  const identity = identityOf(metadata);
  if (identity === undefined) return undefined;
  const status = object(raw["status"]);
  const owner = controllerOf(metadata, "TaskRun");
  return compact<PodRecord>({
    ...identity,
    ownerUid: text(owner["uid"]),
    ownerName: text(owner["name"]),
    attempt: attemptOf(metadata),
    work: word(object(metadata["annotations"])[WORK_ANNOTATION], Chars.Hash),
    createdAt: text(metadata["creationTimestamp"]) ?? "",
    phase: word(status["phase"], Chars.Word) ?? "Pending",
    reason: word(status["reason"], Chars.Word),
    message: word(status["message"], Chars.Message),
    ...placeOf(object(raw["spec"]), status, identity.resourceVersion),
    deletionAskedMs: deletionAskedMs(metadata),
    ...containersOf(object(raw["spec"]), status),
    ...conditionsOf(status),
  });
}

function attemptOf(metadata: Json): number | undefined {
  const label = text(object(metadata["labels"])[Label.Attempt]) ?? "";
  return /^[1-9][0-9]{0,5}$/.test(label) ? Number(label) : undefined;
}

type PlaceFacts = Pick<PodRecord, "nodeName" | "placedAt" | "placedVersion">;

function placeOf(spec: Json, status: Json, version: string): { [K in keyof PlaceFacts]: PlaceFacts[K] | undefined } {
  const nodeName = text(spec["nodeName"]);
  const placed = conditionOf(status, "PodScheduled", "True");
  return {
    nodeName,
    placedAt: nodeName === undefined ? undefined : text(placed?.["lastTransitionTime"]),
    placedVersion: nodeName === undefined ? undefined : version,
  };
}

/** deletionTimestamp is when the grace period will be over (API conventions), so the request came that much earlier. */
function deletionAskedMs(metadata: Json): number | undefined {
  const at = timeMs(metadata["deletionTimestamp"]);
  if (at === undefined) return undefined;
  return at - (whole(metadata["deletionGracePeriodSeconds"]) ?? 0) * 1000;
}

type ContainerFacts = Pick<
  PodRecord,
  "main" | "failedInit" | "stuck" | "allTerminated" | "onlySidecarsRun" | "memoryLimit" | "logOnError" | "wordsCutAt"
>;

function containersOf(spec: Json, status: Json): { [K in keyof ContainerFacts]: ContainerFacts[K] | undefined } {
  const names = list(spec["containers"]).map((container) => text(object(container)["name"]) ?? "");
  const ends = endsCount(spec, status);
  const mainName = names.includes("main") ? "main" : (names[0] ?? "main");
  const states = new Map(list(status["containerStatuses"]).map((item) => entry(object(item), mainName, ends)));
  const inits = list(status["initContainerStatuses"]).map((item) => decodeContainer(object(item)));
  const mainSpec = object(list(spec["containers"])[Math.max(0, names.indexOf(mainName))]);
  const regular = names.map((name) => states.get(name) ?? { name, state: "none" as const });
  const isStuck = (one: ContainerRecord): boolean => one.state === "waiting" && !ORDINARY_WAITS.has(one.reason ?? "");
  const sidecars = sidecarNames(spec);
  const failed = (one: ContainerRecord): boolean => one.state === "terminated" && one.exitCode !== 0;
  const regularEnded = names.length > 0 && regular.every((one) => one.state === "terminated");
  // An init container that never got its turn has no terminated state once the pod is over, and never will.
  const allTerminated = regularEnded && inits.every((one) => one.state !== "running");
  const main = states.get(mainName) ?? { name: mainName, state: "none" };
  return {
    main,
    memoryLimit: word(object(object(mainSpec["resources"])["limits"])["memory"], Chars.Quantity),
    logOnError: mainSpec["terminationMessagePolicy"] === "FallbackToLogsOnError" ? true : undefined,
    wordsCutAt: cutAt(main, names.length + list(spec["initContainers"]).length),
    failedInit: inits.find((one) => failed(one) && !sidecars.has(one.name)),
    stuck: [...inits, ...regular].find(isStuck),
    allTerminated,
    onlySidecarsRun: regularEnded && !allTerminated ? true : undefined,
  };
}

/** Native sidecars (KEP-753): init containers that always restart. The kubelet ends them itself, whatever code they end with. */
function sidecarNames(spec: Json): ReadonlySet<string> {
  const inits = list(spec["initContainers"]).map(object);
  return new Set(inits.filter((one) => one["restartPolicy"] === "Always").map((one) => text(one["name"]) ?? ""));
}

/**
 * Whether a container reported as terminated has ended for good. Not while the kubelet may start it again, by the pod's
 * policy or the container's own (KEP-5307): we refuse such templates, but an admission webhook can add what we refuse.
 */
function endsCount(spec: Json, status: Json): boolean {
  if (status["phase"] === "Succeeded" || status["phase"] === "Failed") return true;
  const again = (policy: unknown): boolean => policy !== undefined && policy !== "Never";
  const containers = list(spec["containers"]).map(object);
  const own = (one: Json): boolean => again(one["restartPolicy"]) || list(one["restartPolicyRules"]).length > 0;
  return !again(spec["restartPolicy"]) && !containers.some(own);
}

/** The kubelet's bound on a termination message, if this one fills it. (Ephemeral containers lower it further.) */
function cutAt({ state, message = "" }: ContainerRecord, containers: number): number | undefined {
  const bound = Math.min(TERMINATION_BYTES, Math.floor(POD_TERMINATION_BYTES / Math.max(1, containers)));
  return state === "terminated" && new TextEncoder().encode(message).length >= bound ? bound : undefined;
}

function entry(item: Json, mainName: string, ends: boolean): [string, ContainerRecord] {
  // Only what main says when it ends may have to be read whole: its results.
  const container = decodeContainer(item, item["name"] === mainName ? Chars.Result : Chars.Message);
  if (ends || container.state !== "terminated") return [container.name, container];
  return [container.name, { name: container.name, state: "waiting" }];
}

function decodeContainer(item: Json, lastWordsChars: number = Chars.Message): ContainerRecord {
  const name = word(item["name"], Chars.Name) ?? "";
  const state = object(item["state"]);
  const terminated = state["terminated"];
  if (terminated !== undefined) return decodeEnd(name, object(terminated), lastWordsChars);
  if (state["running"] !== undefined) {
    return compact<ContainerRecord>({ name, state: "running", startedAt: time(object(state["running"])["startedAt"]) });
  }
  if (state["waiting"] === undefined) return { name, state: "none" };
  const waiting = object(state["waiting"]);
  const reason = word(waiting["reason"], Chars.Word);
  return compact<ContainerRecord>({ name, state: "waiting", reason, message: word(waiting["message"], Chars.Message) });
}

function decodeEnd(name: string, terminated: Json, messageChars: number): ContainerRecord {
  return compact<ContainerRecord>({
    name,
    state: "terminated",
    reason: word(terminated["reason"], Chars.Word),
    message: word(terminated["message"], messageChars),
    exitCode: whole(terminated["exitCode"]) ?? 0,
    startedAt: time(terminated["startedAt"]),
    finishedAt: time(terminated["finishedAt"]),
  });
}

type ConditionFacts = Pick<PodRecord, "unschedulable" | "disruption">;

function conditionsOf(status: Json): { [K in keyof ConditionFacts]: ConditionFacts[K] | undefined } {
  const scheduled = conditionOf(status, "PodScheduled", "False");
  const target = conditionOf(status, "DisruptionTarget", "True");
  return {
    unschedulable:
      scheduled?.["reason"] === "Unschedulable"
        ? (word(scheduled["message"], Chars.Message) ?? "no node fits")
        : undefined,
    disruption: target && {
      reason: word(target["reason"], Chars.Word) ?? "",
      message: word(target["message"], Chars.Message) ?? "",
    },
  };
}

function conditionOf(status: Json, type: string, value: "True" | "False"): Json | undefined {
  const conditions = list(status["conditions"]).map(object);
  return conditions.find((one) => one["type"] === type && one["status"] === value);
}
