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

/** One whose status is ours to write. */
export interface OwnResource extends Resource {
  readonly kind: "TaskRun" | "WorkflowRun" | "Workflow";
}

/** What the operator writes; the rest it only reads. */
export type WrittenName = "taskruns" | "pods";

export const TASKRUNS: OwnResource = ours("taskruns", "TaskRun");

/** Only pods of TaskRuns: the server filters, so that other pods cost us nothing. */
export const PODS: Resource = { name: "pods", prefix: "/api/v1", labelSelector: `${GROUP}/taskrun` };

/** core/v1 PodTemplates: what pods are built on. */
export const PODTEMPLATES: Resource = { name: "podtemplates", prefix: "/api/v1" };

/** Of the whole cluster: they have no namespace. */
export const NODES: Resource = { name: "nodes", prefix: "/api/v1" };

export const WORKFLOWS: OwnResource = ours("workflows", "Workflow");
export const WORKFLOWRUNS: OwnResource = ours("workflowruns", "WorkflowRun");

/** apps/v1: the definitions that runs work by. They may be large, and only their names matter to a watch. */
export const REVISIONS: Resource = {
  name: "controllerrevisions",
  prefix: "/apis/apps/v1",
  labelSelector: `${GROUP}/workflow`,
  metadataOnly: true,
};

/** Written only. core/v1 shows the same objects. */
export const EVENTS: Kind = { name: "events", prefix: "/apis/events.k8s.io/v1" };

function ours(name: OwnResource["name"], kind: OwnResource["kind"]): OwnResource {
  return { name, kind, prefix: `/apis/${GROUP}/${VERSION}` };
}

/** The collection of a namespace, or of all namespaces for "". */
export function collectionPath(resource: Kind, namespace: string): string {
  const scope = namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${resource.prefix}${scope}/${resource.name}`;
}

export function objectPath(resource: Kind, namespace: string, name: string): string {
  return `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
}
