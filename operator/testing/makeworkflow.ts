/** Builders of Workflows, their runs and their revisions, as those in make.ts. */
import type { Json } from "../api/decode.ts";
import { API_VERSION, Label } from "../api/names.ts";
import type { WorkflowRecord, WorkflowRunRecord } from "../api/records.ts";
import type { WorkflowRunSpec, WorkflowRunStatus, WorkflowSpec, WorkflowStatus } from "../api/types.ts";
import { decodeWorkflow } from "../api/workflow.ts";
import { decodeWorkflowRun } from "../api/workflowrun.ts";
import { START } from "./make.ts";

export const WORKFLOW = { name: "sales", uid: "uid-sales", namespace: "default" } as const;
export const RUN = { name: "sales-1", uid: "uid-sales-1", namespace: "default" } as const;

interface MetadataWish {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly Json[];
}

export interface WorkflowWish extends MetadataWish {
  readonly spec?: Partial<WorkflowSpec>;
  readonly status?: WorkflowStatus;
}

export interface WorkflowRunWish extends MetadataWish {
  readonly spec?: Partial<WorkflowRunSpec>;
  readonly status?: WorkflowRunStatus;
}

const COMMON = { resourceVersion: "100", generation: 1, creationTimestamp: START } as const;

export function workflowJson({ spec, status, ...metadata }: WorkflowWish = {}): Json {
  const template = { spec: { containers: [{ name: "main", image: "busybox" }] } };
  return {
    apiVersion: API_VERSION,
    kind: "Workflow",
    metadata: { ...WORKFLOW, ...COMMON, ...metadata },
    spec: { tasks: [{ name: "load", template }], ...spec },
    ...(status && { status }),
  };
}

export function aWorkflow(wish: WorkflowWish = {}): WorkflowRecord {
  return known(decodeWorkflow(workflowJson(wish)));
}

/** Controlled by the Workflow, unless said otherwise. */
export function workflowRunJson({ spec, status, ...metadata }: WorkflowRunWish = {}): Json {
  return {
    apiVersion: API_VERSION,
    kind: "WorkflowRun",
    metadata: { ...RUN, ...COMMON, ownerReferences: [controlledBy("Workflow", WORKFLOW)], ...metadata },
    spec: { workflowRef: { name: WORKFLOW.name }, ...spec },
    status: status ?? { phase: "Pending" },
  };
}

export function aWorkflowRun(wish: WorkflowRunWish = {}): WorkflowRunRecord {
  return known(decodeWorkflowRun(workflowRunJson(wish)));
}

/** `spec`: the definition, which the metadata alone do not show. */
export function revisionJson({ spec, ...metadata }: MetadataWish & { readonly spec?: unknown } = {}): Json {
  const labels = { [Label.Workflow]: WORKFLOW.name };
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: "sales-1-bcdfgh",
      namespace: WORKFLOW.namespace,
      uid: "uid-revision",
      ...COMMON,
      labels,
      ownerReferences: [controlledBy("Workflow", WORKFLOW)],
      ...metadata,
    },
    revision: 1,
    data: { spec },
  };
}

export function controlledBy(kind: string, { name, uid }: { readonly name: string; readonly uid: string }): Json {
  return { apiVersion: API_VERSION, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the builder made an object that cannot be read");
  return value;
}
