/** One of the two servers under comparison. */
import type { ApiRequest, ApiResponse } from "../../operator/api/port.ts";
import type { Kind } from "./operations.ts";

/** A request without its time limit, which each side sets as it needs. */
export type Request = Omit<ApiRequest, "timeoutMs">;

export interface Event {
  readonly type: string;
  readonly object: unknown;
}

/** A watch that has been answered. */
export interface OpenWatch {
  /** The answer's status and, if it was refused, its body. */
  readonly answer: ApiResponse;
  readonly events: readonly Event[];
  /** The server has ended the stream. */
  readonly ended: boolean;
  close(): void;
}

/** A server and one namespace in it, which nobody else uses. */
export interface Side {
  readonly name: "simulated" | "real";
  readonly namespace: string;
  send(request: Request): Promise<ApiResponse>;
  watch(request: Request): Promise<OpenWatch>;
  /** Puts the pod on a node; the binding subresource of a real server. */
  bind(name: string): Promise<ApiResponse>;
  /** Makes the store forget its history. */
  compact(): Promise<void>;
}

export function collection(kind: Kind, namespace: string): string {
  const prefix = kind === "pods" ? "/api/v1" : "/apis/stint.dev/v1alpha1";
  return `${prefix}/namespaces/${namespace}/${kind}`;
}
