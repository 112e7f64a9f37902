/** Where the API server keeps what we read and write. */
import { GROUP, VERSION } from "./names.ts";

/** A kind of object, as URLs have it. */
export interface Kind {
  /** The plural, as in URLs and metrics. */
  readonly name: string;
  readonly prefix: string;
}

/** One that we watch. */
export interface Resource extends Kind {
  readonly name: "taskruns" | "pods" | "podtemplates" | "nodes" | "workflows" | "workflowruns" | "controllerrevisions";
  readonly labelSelector?: string;
  /** What is kept of its objects stands in their metadata: the rest is not asked for. */
  readonly metadataOnly?: true;
}

/** What the operator writes; the rest it only reads. */
export type WrittenName = "taskruns" | "pods";

export const TASKRUNS: Resource = { name: "taskruns", prefix: `/apis/${GROUP}/${VERSION}` };

/** Only pods of TaskRuns: the server filters, so that other pods cost us nothing. */
export const PODS: Resource = { name: "pods", prefix: "/api/v1", labelSelector: `${GROUP}/taskrun` };

/** core/v1 PodTemplates: what pods are built on. */
export const PODTEMPLATES: Resource = { name: "podtemplates", prefix: "/api/v1" };

/** Of the whole cluster: they have no namespace. */
export const NODES: Resource = { name: "nodes", prefix: "/api/v1" };

export const WORKFLOWS: Resource = { name: "workflows", prefix: `/apis/${GROUP}/${VERSION}` };
export const WORKFLOWRUNS: Resource = { name: "workflowruns", prefix: `/apis/${GROUP}/${VERSION}` };

/** apps/v1: the definitions that runs work by. They may be large, and only their names matter to a watch. */
export const REVISIONS: Resource = {
  name: "controllerrevisions",
  prefix: "/apis/apps/v1",
  labelSelector: `${GROUP}/workflow`,
  metadataOnly: true,
};

/** Written only. core/v1 shows the same objects. */
export const EVENTS: Kind = { name: "events", prefix: "/apis/events.k8s.io/v1" };

/** The collection of a namespace, or of all namespaces for "". */
export function collectionPath(resource: Kind, namespace: string): string {
  const scope = namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${resource.prefix}${scope}/${resource.name}`;
}

export function objectPath(resource: Kind, namespace: string, name: string): string {
  return `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
}
