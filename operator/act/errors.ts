/** What an answer of the API server means for us: one table. */
import { decodeStatusReply } from "../api/decode.ts";
import type { StatusReply } from "../api/decode.ts";
import type { ApiResponse } from "../api/port.ts";

/**
 * exists     the name is taken (409 AlreadyExists)
 * conflict   our copy was old (409 Conflict); ordinary: the store will show the newer one
 * gone       there is no such object (404)
 * invalid    the API server refuses the object itself, now and always (400, 413, 422 with its own reason)
 * quota      no room in a quota (403 that says so)
 * policy     Pod Security forbids this pod (403 that says so); asking again cannot help
 * forbidden  any other 403: our rights; and whatever an admission policy or webhook denied, under any code
 * busy       ask again later (429, 5xx)
 * lost       no reply: we do not know whether the server acted
 */
export type FailureKind =
  "exists" | "conflict" | "gone" | "invalid" | "quota" | "policy" | "forbidden" | "busy" | "lost";

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly kind: FailureKind;
  /** The HTTP status; 0 when no reply came. */
  readonly code: number;
  readonly retryAfterMs: number;

  constructor(kind: FailureKind, message: string, details: { code: number; retryAfterMs: number }) {
    super(message);
    this.kind = kind;
    this.code = details.code;
    this.retryAfterMs = details.retryAfterMs;
  }

  /**
   * The server may have done what we asked: no reply came, or it failed on the way (a timeout of etcd, for instance).
   * Webhooks are asked before anything is stored, so where one cannot be called nothing was done.
   */
  get mayHaveActed(): boolean {
    if (this.kind === "lost") return true;
    return this.kind === "busy" && this.code >= 500 && !this.message.includes("failed calling webhook");
  }

  /** The server itself has too much to do. A webhook that is slow or down says nothing about the server. */
  get overloaded(): boolean {
    return this.kind === "busy" && OVERLOAD_CODES.has(this.code) && !this.message.includes("webhook");
  }
}

/** No server means a longer pause than this; a wrong header must not stop us for years. */
const RETRY_AFTER_MAX_MS = 60_000;

export function errorOf(reply: ApiResponse): ApiError {
  const status = decodeStatusReply(reply.body, reply.status);
  const seconds = reply.retryAfterSeconds ?? status.retryAfterSeconds ?? 0;
  const retryAfterMs = Math.min(Math.max(seconds, 0) * 1000, RETRY_AFTER_MAX_MS);
  return new ApiError(kindOf(reply.status, status), status.message, { code: reply.status, retryAfterMs });
}

/** Too many requests, unavailable, timed out. */
const OVERLOAD_CODES: ReadonlySet<number> = new Set([429, 503, 504]);

function kindOf(code: number, status: StatusReply): FailureKind {
  // A policy or webhook chooses its code freely. It says who may do what, and may change; it never speaks for the server.
  if (DENIED.test(status.message)) return "forbidden";
  switch (code) {
    case 400:
    case 413:
    case 422:
      // A proxy answers with these codes too, but knows no reasons: what it says is not about the object.
      return OBJECT_REASONS.has(status.reason) ? "invalid" : "busy";
    case 403:
      return forbiddenKind(status);
    case 404:
      return "gone";
    case 409:
      return status.reason === "AlreadyExists" ? "exists" : "conflict";
    default:
      return "busy";
  }
}

/** The reasons with which the API server refuses an object (apimachinery, pkg/apis/meta/v1, StatusReason). */
const OBJECT_REASONS: ReadonlySet<string> = new Set(["BadRequest", "Invalid", "RequestEntityTooLarge"]);

/** The words of admission webhooks and ValidatingAdmissionPolicies (apiserver admission plugins, 1.36). */
const DENIED = /admission webhook .* denied the request|ValidatingAdmissionPolicy .* denied request/s;

/** Quota and Pod Security answer with plain 403 Forbidden; only their fixed words (plugin sources, 1.36) tell them apart. */
function forbiddenKind(status: StatusReply): FailureKind {
  // "must specify": the quota counts what the template does not say, and no room will ever help.
  if (status.message.includes("failed quota")) return status.message.includes("must specify") ? "invalid" : "quota";
  if (status.message.includes("exceeded quota")) return "quota";
  if (status.message.includes("violates PodSecurity")) return "policy";
  return "forbidden";
}
