/** What bringing runs forward works with; each part of it takes what it needs. */
import type { Cluster } from "../act/cluster.ts";
import type { Events } from "../act/events.ts";
import type { Port } from "../api/port.ts";
import type { TaskRunRecord, WorkflowRecord, WorkflowRunRecord } from "../api/records.ts";
import type { Waiting } from "../queue/waiting.ts";
import type { Store } from "../watch/store.ts";
import type { Definitions } from "./definitions.ts";

export interface WorkflowRunRoom {
  readonly port: Port;
  readonly cluster: Cluster;
  readonly events: Events | undefined;
  readonly taskRuns: Store<TaskRunRecord>;
  readonly workflows: Store<WorkflowRecord>;
  readonly runs: Store<WorkflowRunRecord>;
  readonly definitions: Definitions;
  /** Runs by the Workflow they wait for. */
  readonly waiting: Waiting;
}
