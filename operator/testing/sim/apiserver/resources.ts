/** What the simulated API server serves, and how a path names it. */

export type ResourceName = "pods" | "taskruns" | "podtemplates" | "nodes" | "events";

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

export const EVENTS: Resource = {
  name: "events",
  group: "events.k8s.io",
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  qualified: "events.events.k8s.io",
};

const RESOURCES: readonly Resource[] = [PODS, TASKRUNS, PODTEMPLATES, NODES, EVENTS];

export interface Route {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: "status";
}

const PATH = /^\/(?:api|apis\/([^/]+))\/([^/]+)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?(?:\/(status))?$/;

/** Undefined for a path this server does not know. */
export function routeOf(path: string): Route | undefined {
  const match = PATH.exec(path);
  if (match === null) return undefined;
  const [, group = "", version, inPath, plural, name, subresource] = match;
  const apiVersion = group === "" ? version : `${group}/${version}`;
  const resource = RESOURCES.find((one) => one.name === plural && one.apiVersion === apiVersion);
  if (resource === undefined || (resource === NODES && inPath !== undefined)) return undefined;
  const namespace = resource === NODES ? "" : inPath;
  if (name !== undefined && namespace === undefined) return undefined;
  return {
    resource,
    ...(namespace === undefined ? {} : { namespace: decodeURIComponent(namespace) }),
    ...(name === undefined ? {} : { name: decodeURIComponent(name) }),
    ...(subresource === "status" ? { subresource } : {}),
  };
}
