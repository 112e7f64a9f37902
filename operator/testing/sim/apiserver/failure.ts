/** The Status objects a real API server answers with when it refuses. Wording and fields are copied from it. */
import type { ApiResponse } from "../../../api/port.ts";
import type { Resource } from "./resources.ts";

export interface Details {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly retryAfterSeconds?: number;
  readonly causes?: readonly Cause[];
}

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

export interface StatusBody {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: "Failure" | "Success";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: Details;
  readonly code: number;
}

interface Refusal {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: Details;
}

export function statusBody({ code, reason, message, details }: Refusal): StatusBody {
  const base = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason } as const;
  return details === undefined ? { ...base, code } : { ...base, details, code };
}

export function refuse(refusal: Refusal): ApiResponse {
  const retryAfterSeconds = refusal.details?.retryAfterSeconds;
  const response = { status: refusal.code, body: statusBody(refusal) };
  return retryAfterSeconds === undefined ? response : { ...response, retryAfterSeconds };
}

function detailsOf(resource: Resource, name: string): Details {
  return resource.group === "" ? { name, kind: resource.name } : { name, group: resource.group, kind: resource.name };
}

export function notFound(resource: Resource, name: string): ApiResponse {
  const message = `${resource.qualified} "${name}" not found`;
  return refuse({ code: 404, reason: "NotFound", message, details: detailsOf(resource, name) });
}

export function alreadyExists(resource: Resource, name: string, terminating: boolean): ApiResponse {
  const message = `${terminating ? "object is being deleted: " : ""}${resource.qualified} "${name}" already exists`;
  return refuse({ code: 409, reason: "AlreadyExists", message, details: detailsOf(resource, name) });
}

export function conflict(resource: Resource, name: string, why: string): ApiResponse {
  const message = `Operation cannot be fulfilled on ${resource.qualified} "${name}": ${why}`;
  return refuse({ code: 409, reason: "Conflict", message, details: detailsOf(resource, name) });
}

export const MODIFIED = "the object has been modified; please apply your changes to the latest version and try again";

export function forbidden(resource: Resource, name: string, why: string): ApiResponse {
  const message = `${resource.qualified} "${name}" is forbidden: ${why}`;
  return refuse({ code: 403, reason: "Forbidden", message, details: detailsOf(resource, name) });
}

export function invalid(resource: Resource, name: string, causes: readonly Cause[]): ApiResponse {
  const list = causes.map((cause) => `${cause.field ?? ""}: ${cause.message}`);
  const all = list.length === 1 ? list[0] : `[${list.join(", ")}]`;
  const message = `${resource.kind}${resource.group === "" ? "" : `.${resource.group}`} "${name}" is invalid: ${all}`;
  const details = { ...detailsOf(resource, name), kind: resource.kind, causes };
  return refuse({ code: 422, reason: "Invalid", message, details });
}

export function badRequest(message: string): ApiResponse {
  return refuse({ code: 400, reason: "BadRequest", message });
}

export function pathNotFound(): ApiResponse {
  return refuse({
    code: 404,
    reason: "NotFound",
    message: "the server could not find the requested resource",
    details: {},
  });
}

export function methodNotAllowed(): ApiResponse {
  const message = "the server does not allow this method on the requested resource";
  return refuse({ code: 405, reason: "MethodNotAllowed", message, details: {} });
}

export function tooLarge(): ApiResponse {
  return refuse({ code: 413, reason: "RequestEntityTooLarge", message: "Request entity too large: limit is 3145728" });
}

export function expired(message: string): StatusBody {
  return statusBody({ code: 410, reason: "Expired", message });
}

export function tooManyRequests(retryAfterSeconds: number): ApiResponse {
  const message = "Too many requests, please try again later.";
  return refuse({ code: 429, reason: "TooManyRequests", message, details: { retryAfterSeconds } });
}

export function internalError(why: string): ApiResponse {
  const message = `Internal error occurred: ${why}`;
  return refuse({
    code: 500,
    reason: "InternalError",
    message,
    details: { causes: [{ reason: "", message: why }] },
  });
}

export function unavailable(): ApiResponse {
  const message = "the server is currently unable to handle the request";
  return refuse({ code: 503, reason: "ServiceUnavailable", message, details: {} });
}

export function resourceVersionTooLarge(wanted: number, current: number): ApiResponse {
  return refuse({
    code: 504,
    reason: "Timeout",
    message: `Timeout: Too large resource version: ${wanted}, current: ${current}`,
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  });
}
