/** A Lease of coordination.k8s.io, as far as leading goes by it: what it says, and what we write into it. */
import { INT32_MAX, count, isObject, object, resourceVersionOf, text, whole } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import type { Kind } from "../api/paths.ts";

export const LEASES: Kind = { name: "leases", prefix: "/apis/coordination.k8s.io/v1" };

/** What a Lease says. */
export interface Lease {
  /** "": nobody, it was released. */
  readonly holder: string;
  /** How long after its last change the holder may still believe that it leads. */
  readonly durationMs: number;
  /** How often the holder has changed. */
  readonly transitions: number;
  /** Since when the holder leads, as written. */
  readonly acquireTime: string | undefined;
  readonly resourceVersion: string;
  /** All that says who leads, as one text: as long as it is the same, nothing was renewed. */
  readonly mark: string;
  /** The object, for what we do not know of it stays as it is. */
  readonly object: Json;
}

/** A Lease that cannot be gone by. */
export interface Unreadable {
  readonly problem: string;
}

/** Reads a Lease. One that is held, but does not say for how long, is no Lease anybody could wait for. */
export function decodeLease(value: unknown): Lease | Unreadable {
  const resourceVersion = resourceVersionOf(value);
  if (!isObject(value) || resourceVersion === undefined) return { problem: "it is no object of an API server" };
  const spec = object(value["spec"]);
  const holder = text(spec["holderIdentity"]) ?? "";
  const seconds = whole(spec["leaseDurationSeconds"]);
  if (holder !== "" && (seconds === undefined || seconds <= 0)) {
    return { problem: `spec.leaseDurationSeconds is missing, so nobody can know how long ${holder} holds it` };
  }
  const transitions = count(spec["leaseTransitions"]) ?? 0;
  const acquireTime = text(spec["acquireTime"]);
  const mark = JSON.stringify([holder, seconds, spec["renewTime"], spec["acquireTime"], transitions]);
  return { holder, durationMs: (seconds ?? 0) * 1000, transitions, acquireTime, resourceVersion, mark, object: value };
}

/** Who we are, and what is written of us. */
export interface Candidate {
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly leaseDurationMs: number;
}

/** The Lease with us as its holder: a new one, a taken one, or our own renewed. Others' labels and fields stay. */
export function heldBy(us: Candidate, before: Lease | undefined, nowMs: number): Json {
  const ours = before?.holder === us.identity;
  const now = microTime(nowMs);
  const transitions = before === undefined ? 0 : before.transitions + (ours ? 0 : 1);
  return written(us, before, {
    holderIdentity: us.identity,
    leaseDurationSeconds: us.leaseDurationMs / 1000,
    acquireTime: (ours ? before.acquireTime : undefined) ?? now,
    renewTime: now,
    leaseTransitions: Math.min(transitions, INT32_MAX),
  });
}

/** The Lease without a holder, as client-go leaves it: whoever waits need not wait. */
export function released(us: Candidate, before: Lease, nowMs: number): Json {
  const now = microTime(nowMs);
  // A duration of 0 is refused.
  const spec = { holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
  return written(us, before, { ...spec, leaseTransitions: before.transitions });
}

/** With the version it was read at: somebody else's change in between is a conflict. */
function written(us: Candidate, before: Lease | undefined, spec: Json): Json {
  const { namespace, name } = us;
  const kept = object(before?.object["metadata"]);
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { ...kept, namespace, name },
    spec: { ...object(before?.object["spec"]), ...spec },
  };
}

/** A MicroTime of the API; our clocks know milliseconds. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
