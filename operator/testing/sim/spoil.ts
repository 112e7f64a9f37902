/** What wrong operators are made of: requests, and ways to spoil them. */
import type { ApiRequest, ApiResponse } from "../../api/port.ts";
import { isRecord } from "./objects.ts";
import { BASE_LABEL } from "./templates.ts";

export type Send = (request: ApiRequest) => Promise<ApiResponse>;

/** Sends one request of the operator, in its own wrong way. */
export type Spoil = (request: ApiRequest, send: Send, memory: Map<string, unknown>) => Promise<ApiResponse>;

export interface WrongOperator {
  /** The rule that must catch it: the beginning of the violation's name. */
  readonly rule: string;
  readonly scenario: string;
  readonly spoil: Spoil;
}

export type Body = Readonly<Record<string, unknown>>;

export function isPodCreate({ method, path }: ApiRequest): boolean {
  return method === "POST" && path.endsWith("/pods");
}

export function isStatusWrite({ method, path }: ApiRequest): boolean {
  return method === "PUT" && path.endsWith("/status");
}

export function phaseOf({ body }: ApiRequest): unknown {
  return isRecord(body) && isRecord(body["status"]) ? body["status"]["phase"] : undefined;
}

export function hasAttempts({ body }: ApiRequest): boolean {
  return isRecord(body) && isRecord(body["status"]) && Array.isArray(body["status"]["attempts"]);
}

export function isCompaction({ body }: ApiRequest): boolean {
  return isRecord(body) && isRecord(body["status"]) && body["status"]["compacted"] === true;
}

/** The pod that a status write speaks of. */
export async function deletePodOf({ path, body, timeoutMs }: ApiRequest, send: Send): Promise<void> {
  const namespace = path.split("/")[5] ?? "";
  const { podName } = (body as { readonly status: { readonly podName?: string } }).status;
  const pod = `/api/v1/namespaces/${namespace}/pods/${podName}`;
  await deleteSeen(pod, await send({ method: "GET", path: pod, timeoutMs }), send);
}

export async function deleteSeen(path: string, { body }: ApiResponse, send: Send): Promise<void> {
  const { metadata } = body as { readonly metadata?: { readonly uid: string; readonly resourceVersion: string } };
  if (metadata === undefined) return;
  const { uid, resourceVersion } = metadata;
  await send({ method: "DELETE", path, body: { preconditions: { uid, resourceVersion } }, timeoutMs: 30_000 });
}

export function withBody(request: ApiRequest, change: (body: Body) => Body): ApiRequest {
  return { ...request, body: change(request.body as Body) };
}

export function withStatus(request: ApiRequest, change: (status: Body) => Body): ApiRequest {
  return withBody(request, (body) => ({ ...body, status: change(body["status"] as Body) }));
}

export function renamed(body: Body, suffix: string): Body {
  const metadata = body["metadata"] as { readonly name: string };
  return { ...body, metadata: { ...metadata, name: `${metadata.name}${suffix}` } };
}

export function relabelled(body: Body, attempt: string): Body {
  const metadata = body["metadata"] as { readonly labels: Body };
  return { ...body, metadata: { ...metadata, labels: { ...metadata.labels, "stint.dev/attempt": attempt } } };
}

export function unlabelled(body: Body): Body {
  const metadata = body["metadata"] as { readonly labels: Body };
  const { [BASE_LABEL]: _dropped, ...labels } = metadata.labels;
  return { ...body, metadata: { ...metadata, labels } };
}

export function inSpec(body: Body, fields: Body): Body {
  return { ...body, spec: { ...(body["spec"] as Body), ...fields } };
}

export function ended(status: Body, phase: string): Body {
  const isGood = phase === "Succeeded";
  const [before] = status["conditions"] as readonly Body[];
  const succeeded = merged(before ?? {}, { status: isGood ? "True" : "False", reason: phase });
  const conditions = isGood ? [succeeded] : [succeeded, { ...succeeded, type: "Stalled", status: "True" }];
  return { completionTime: "2030-01-01T00:00:00Z", ...status, phase, conditions };
}

export function withoutExitCodes(status: Body): Body {
  const { exitCode: _dropped, ...rest } = status;
  const attempts = ((status["attempts"] ?? []) as readonly Body[]).map(({ exitCode: _gone, ...entry }) => entry);
  return { ...rest, attempts };
}

export function relabelledAttempts(status: Body, reason: string): Body {
  const attempts = ((status["attempts"] ?? []) as readonly Body[]).map((entry) => merged(entry, { reason }));
  return { ...status, attempts };
}

export function merged(before: Body, fields: Body): Body {
  return { ...before, ...fields };
}
