/** What the simulated API server serves: two resources, and how a path names them. */

export type ResourceName = "pods" | "taskruns";

export interface Resource {
  readonly name: ResourceName;
  readonly group: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** As error messages spell it. */
  readonly qualified: string;
}

export const PODS: Resource = { name: "pods", group: "", apiVersion: "v1", kind: "Pod", qualified: "pods" };

export const TASKRUNS: Resource = {
  name: "taskruns",
  group: "stint.dev",
  apiVersion: "stint.dev/v1alpha1",
  kind: "TaskRun",
  qualified: "taskruns.stint.dev",
};

export interface Route {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: "status";
}

const PATH =
  /^(?:\/api\/v1|\/apis\/stint\.dev\/v1alpha1)(?:\/namespaces\/([^/]+))?\/(pods|taskruns)(?:\/([^/]+))?(?:\/(status))?$/;

/** Undefined for a path this server does not know. */
export function routeOf(path: string): Route | undefined {
  const match = PATH.exec(path);
  if (match === null) return undefined;
  const [, namespace, plural, name, subresource] = match;
  const resource = plural === "pods" ? PODS : TASKRUNS;
  if (path.startsWith("/api/") !== (resource === PODS)) return undefined;
  if (name !== undefined && namespace === undefined) return undefined;
  return {
    resource,
    ...(namespace === undefined ? {} : { namespace: decodeURIComponent(namespace) }),
    ...(name === undefined ? {} : { name: decodeURIComponent(name) }),
    ...(subresource === "status" ? { subresource } : {}),
  };
}
