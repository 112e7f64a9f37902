/** What the simulated API server serves, and how a path names it. */

export type ResourceName =
  | "pods"
  | "taskruns"
  | "workflows"
  | "workflowruns"
  | "controllerrevisions"
  | "podtemplates"
  | "nodes"
  | "events"
  | "leases";

export interface Resource {
  readonly name: ResourceName;
  readonly group: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** As error messages spell it. */
  readonly qualified: string;
  /** Has the subresource status. */
  readonly status?: true;
  /** Defined by the file of its name under crds/. */
  readonly custom?: true;
  /** Its objects count no generation. */
  readonly uncounted?: true;
  /** A PUT must name the version it changes, and makes the object if there is none. */
  readonly upserted?: true;
}

export const PODS: Resource = {
  name: "pods",
  group: "",
  apiVersion: "v1",
  kind: "Pod",
  qualified: "pods",
  status: true,
};

export const TASKRUNS: Resource = ours("taskruns", "TaskRun");
export const WORKFLOWS: Resource = ours("workflows", "Workflow");
export const WORKFLOWRUNS: Resource = ours("workflowruns", "WorkflowRun");

export const CONTROLLERREVISIONS: Resource = {
  name: "controllerrevisions",
  group: "apps",
  apiVersion: "apps/v1",
  kind: "ControllerRevision",
  qualified: "controllerrevisions.apps",
  uncounted: true,
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

export const LEASES: Resource = {
  name: "leases",
  group: "coordination.k8s.io",
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  qualified: "leases.coordination.k8s.io",
  uncounted: true,
  upserted: true,
};

const RESOURCES: readonly Resource[] = [
  PODS,
  TASKRUNS,
  WORKFLOWS,
  WORKFLOWRUNS,
  CONTROLLERREVISIONS,
  PODTEMPLATES,
  NODES,
  EVENTS,
  LEASES,
];

function ours(name: ResourceName, kind: string): Resource {
  const [group, version] = ["stint.dev", "v1alpha1"];
  return {
    name,
    group,
    apiVersion: `${group}/${version}`,
    kind,
    qualified: `${name}.${group}`,
    status: true,
    custom: true,
  };
}

/** The resource of a kind, as owner references name it; undefined for a kind that is not served. */
export function resourceOf(kind: string): Resource | undefined {
  return RESOURCES.find((one) => one.kind === kind);
}

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
  if (subresource !== undefined && resource.status !== true) return undefined;
  return {
    resource,
    ...(namespace === undefined ? {} : { namespace: decodeURIComponent(namespace) }),
    ...(name === undefined ? {} : { name: decodeURIComponent(name) }),
    ...(subresource === "status" ? { subresource } : {}),
  };
}
