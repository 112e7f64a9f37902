/** What the simulated API server serves, and how a path names it. */

export type ResourceName = "pods" | "taskruns" | "podtemplates" | "nodes";

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

export const PODTEMPLATES: Resource = {
  name: "podtemplates",
  group: "",
  apiVersion: "v1",
  kind: "PodTemplate",
  qualified: "podtemplates",
};

/** Nodes have no namespace; here that is the namespace "". */
export const NODES: Resource = { name: "nodes", group: "", apiVersion: "v1", kind: "Node", qualified: "nodes" };

const RESOURCES: readonly Resource[] = [PODS, TASKRUNS, PODTEMPLATES, NODES];

export interface Route {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: "status";
}

const PATH =
  /^(\/api\/v1|\/apis\/stint\.dev\/v1alpha1)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?(?:\/(status))?$/;

/** Undefined for a path this server does not know. */
export function routeOf(path: string): Route | undefined {
  const match = PATH.exec(path);
  if (match === null) return undefined;
  const [, prefix, inPath, plural, name, subresource] = match;
  const resource = RESOURCES.find((one) => one.name === plural);
  if (resource === undefined || (prefix === "/api/v1") !== (resource.group === "")) return undefined;
  if (resource === NODES && inPath !== undefined) return undefined;
  const namespace = resource === NODES ? "" : inPath;
  if (name !== undefined && namespace === undefined) return undefined;
  return {
    resource,
    ...(namespace === undefined ? {} : { namespace: decodeURIComponent(namespace) }),
    ...(name === undefined ? {} : { name: decodeURIComponent(name) }),
    ...(subresource === "status" ? { subresource } : {}),
  };
}
