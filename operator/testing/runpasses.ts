/** A room of one WorkflowRun with an API server that is a function: for tests of single passes. */
import { Cluster } from "../act/cluster.ts";
import { object } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import type { ApiRequest, ApiResponse } from "../api/port.ts";
import type { RevisionRecord, TaskRunRecord, WorkflowRecord, WorkflowRunRecord } from "../api/records.ts";
import type { WorkflowRunStatus, WorkflowSpec } from "../api/types.ts";
import type { Pass } from "../controller/controller.ts";
import { Definitions } from "../controller/definitions.ts";
import { WorkflowRuns } from "../controller/workflowruns.ts";
import { Waiting } from "../queue/waiting.ts";
import { Store } from "../watch/store.ts";
import { aTaskRun } from "./make.ts";
import type { TaskRunWish } from "./make.ts";
import {
  RUN,
  aWorkflow,
  aWorkflowRun,
  controlledBy,
  revisionJson,
  workflowJson,
  workflowRunJson,
} from "./makeworkflow.ts";
import type { WorkflowRunWish } from "./makeworkflow.ts";
import { aWorld } from "./scripted.ts";
import type { World } from "./scripted.ts";

const REVISION = "sales-1-bcdfgh";

export interface RunPasses extends World {
  readonly taskRuns: Store<TaskRunRecord>;
  /** A TaskRun of the run that is there. */
  readonly knowsTask: (task: string, wish?: TaskRunWish) => void;
  /** That TaskRun has succeeded, as an event told. */
  readonly ends: (task: string) => void;
  readonly pass: () => Promise<Pass>;
  /** What was asked, as "PATCH sales-1-load". */
  readonly asked: () => readonly string[];
  readonly statuses: () => readonly WorkflowRunStatus[];
}

/** undefined: the server takes it. */
export type RunAnswer = (request: ApiRequest) => ApiResponse | undefined | Promise<ApiResponse | undefined>;

/** The passes of one run, which has begun unless its phase is Pending. `answer` decides where it gives one; all else the server takes. */
export function aRunRoom(spec: WorkflowSpec, wish: WorkflowRunWish, answer: RunAnswer): RunPasses {
  const begun = { phase: "Running", observedGeneration: 1, revision: REVISION, states: "" } as const;
  const status = wish.status?.phase === "Pending" ? wish.status : { ...begun, ...wish.status };
  const run = { ...wish, status };
  const world = aWorld({
    request: async (request, index) =>
      (await answer(request)) ?? { status: 200, body: taken(request, { spec, run, index }) },
  });
  const cluster = new Cluster(world.port);
  const [taskRuns, runs] = [new Store<TaskRunRecord>(SILENT), new Store<WorkflowRunRecord>(SILENT)];
  const [workflows, revisions] = [new Store<WorkflowRecord>(SILENT), new Store<RevisionRecord>(SILENT)];
  const definitions = new Definitions({ cluster, workflows, revisions });
  const waiting = new Waiting();
  const room = { port: world.port, cluster, events: undefined, taskRuns, workflows, runs, definitions, waiting };
  const passes = new WorkflowRuns(room);
  taskRuns.replace([], "500");
  runs.replace([aWorkflowRun(run)], "500");
  workflows.replace([aWorkflow({ spec })], "500");
  return {
    ...world,
    taskRuns,
    knowsTask: (task, child = {}) => taskRuns.upsert(aTaskOf(task, child)),
    ends: (task) => {
      taskRuns.upsert(
        aTaskOf(task, { resourceVersion: "5000", status: { phase: "Succeeded", observedGeneration: 1 } }),
      );
      passes.childChanged(RUN.uid, `${RUN.name}-${task}`, { task, round: 0 });
    },
    pass: async () => await passes.pass(`${RUN.namespace}/${RUN.name}`),
    asked: () => world.seen.map(({ method, path }) => `${method} ${path.split("/").at(-1)}`),
    statuses: () =>
      world.seen
        .filter(({ method }) => method === "PUT")
        .map(({ body }) => object(body)["status"] as WorkflowRunStatus),
  };
}

const SILENT = { onChange: () => {} };

function aTaskOf(task: string, wish: TaskRunWish): TaskRunRecord {
  return aTaskRun({
    name: `${RUN.name}-${task}`,
    uid: `uid-${task}`,
    resourceVersion: "501",
    labels: { "stint.dev/workflow": "sales", "stint.dev/workflowrun": RUN.name, "stint.dev/task": task },
    ownerReferences: [controlledBy("WorkflowRun", RUN)],
    ...wish,
  });
}

/** The object as a server that takes everything would reply it. */
function taken(
  { method, path, body }: ApiRequest,
  { spec, run, index }: { readonly spec: WorkflowSpec; readonly run: WorkflowRunWish; readonly index: number },
): Json {
  const resourceVersion = String(1000 + index);
  if (path.endsWith("/workflows/sales")) return workflowJson({ spec });
  if (path.includes("/controllerrevisions/")) return revisionJson({ name: REVISION, spec });
  if (path.endsWith("/status")) {
    const status = object(body)["status"] as WorkflowRunStatus;
    return workflowRunJson({ ...run, resourceVersion, status });
  }
  const metadata = object(object(body)["metadata"]);
  const name = path.split("/").at(-1);
  const made = method === "POST" ? {} : { namespace: RUN.namespace, name };
  return { ...object(body), kind: "TaskRun", metadata: { ...made, uid: `uid-${index}`, ...metadata, resourceVersion } };
}
