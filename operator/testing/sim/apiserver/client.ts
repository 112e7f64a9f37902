/** A caller of the simulated API server and the objects it sends, for the server's own tests. */
import type { ApiRequest, ApiResponse } from "../../../api/port.ts";
import { Random } from "../random.ts";
import { ApiServer } from "./server.ts";

export const TASKRUNS: string = "/apis/stint.dev/v1alpha1/namespaces/default/taskruns";
export const PODS: string = "/api/v1/namespaces/default/pods";

/** What the tests read of a reply: an object, a list or a Status. */
export interface Body {
  readonly metadata: {
    readonly uid: string;
    readonly name: string;
    readonly resourceVersion: string;
    readonly generation: number;
    readonly deletionTimestamp?: string;
    readonly deletionGracePeriodSeconds?: number;
    readonly finalizers?: readonly string[];
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: unknown;
  readonly apiVersion: string;
  readonly kind: string;
  readonly items: readonly Body[];
  readonly reason: string;
  readonly message: string;
  readonly code: number;
}

export class Client {
  nowMs: number = Date.UTC(2030, 0, 1);
  readonly server: ApiServer = new ApiServer({ nowMs: () => this.nowMs, random: new Random("uids") });

  /** `path` may carry a query. */
  send(method: ApiRequest["method"], path: string, body?: unknown): ApiResponse & { readonly body: Body } {
    const [bare = "", search = ""] = path.split("?");
    const query = Object.fromEntries(new URLSearchParams(search));
    const request = { method, path: bare, query, timeoutMs: 0, ...(body === undefined ? {} : { body }) };
    return this.server.handle(request, "test") as ApiResponse & { readonly body: Body };
  }

  /** Asks for metadata only. */
  metadataOf(path: string): Body {
    const request = { method: "GET", path, metadataOnly: true, timeoutMs: 0 } as const;
    return (this.server.handle(request, "test") as { readonly body: Body }).body;
  }

  bind(name: string): void {
    const pod = this.server.store.get("pods", `default/${name}`);
    if (pod === undefined) throw new Error(`no pod ${name}`);
    const spec = { ...(pod.spec as object), nodeName: "node-a" };
    this.server.store.put("pods", { ...pod, spec }, "test");
  }
}

export function aTaskRun(name: string, spec: object = {}): object {
  const template = { spec: { containers: [{ name: "main", image: "i" }] } };
  return { apiVersion: "stint.dev/v1alpha1", kind: "TaskRun", metadata: { name }, spec: { template, ...spec } };
}

export function aPod(name: string, metadata: object = {}): object {
  const spec = { restartPolicy: "Never", containers: [{ name: "main", image: "i" }] };
  return { apiVersion: "v1", kind: "Pod", metadata: { name, ...metadata }, spec };
}
