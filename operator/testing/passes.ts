/** One room of TaskRuns with an API server that is a function: for tests of single passes. */
import { Cluster } from "../act/cluster.ts";
import { object } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import { NO_DEFAULTS } from "../api/defaults.ts";
import type { ApiRequest, ApiResponse } from "../api/port.ts";
import { decodePodTemplate } from "../api/podtemplate.ts";
import type { PodRecord, PodTemplateRecord, TaskRunRecord } from "../api/records.ts";
import type { TaskRunStatus } from "../api/types.ts";
import type { Pass } from "../controller/controller.ts";
import { TaskRuns } from "../controller/taskruns.ts";
import type { NodeFact } from "../decide/taskrun/nodes.ts";
import { OwnWrites } from "../queue/ownwrites.ts";
import { Waiting } from "../queue/waiting.ts";
import { Store } from "../watch/store.ts";
import { aPod, aTaskRun, podJson } from "./make.ts";
import type { PodWish, Stage, TaskRunWish } from "./make.ts";
import { aWorld } from "./scripted.ts";
import type { World } from "./scripted.ts";

export type Answer = (request: ApiRequest, index: number) => ApiResponse | Promise<ApiResponse>;

/** Every pod and status is taken, at version 1000 and on. */
export const obliging: Answer = ({ method }, index) => {
  const wish = { resourceVersion: String(1000 + index) };
  return { status: method === "POST" ? 201 : 200, body: podJson("waitsForNode", wish) };
};

export interface Passes extends World {
  readonly runs: TaskRuns;
  readonly taskRuns: Store<TaskRunRecord>;
  readonly pods: Store<PodRecord>;
  /** A PodTemplate that is there, by what it says. */
  readonly knowsTemplate: (name: string, template: Json) => void;
  /** The resources whose watch had to begin anew. */
  readonly renewed: string[];
  readonly pass: () => Promise<Pass>;
  readonly knows: (wish?: TaskRunWish) => void;
  readonly knowsPod: (stage: Stage, wish?: PodWish) => void;
  /** The last status that was written. */
  readonly statusPut: () => TaskRunStatus;
  readonly methods: () => readonly string[];
}

/** The passes of one TaskRun over stores that a test fills by hand. */
export function aRoom(request: Answer = obliging): Passes {
  const world = aWorld({ request });
  const taskRuns = new Store<TaskRunRecord>({ onChange: () => {} });
  const pods = new Store<PodRecord>({ onChange: () => {}, keepGone: (last, gone) => ({ ...last, gone }) });
  const templates = new Store<PodTemplateRecord>({ onChange: () => {} });
  const renewed: string[] = [];
  const room = {
    port: world.port,
    cluster: new Cluster(world.port),
    taskRuns,
    pods,
    templates,
    templatesRefused: () => undefined,
    waiting: new Waiting(),
    nodes: { synced: true, fact: (): NodeFact => ({ state: "there" }) },
    defaults: NO_DEFAULTS,
    ownWrites: new OwnWrites(world.port),
    keepNamesUntilMs: Number.NEGATIVE_INFINITY,
    renew: (resource: string) => void renewed.push(resource),
  };
  const runs = new TaskRuns(room);
  taskRuns.replace([], "500");
  pods.replace([], "500");
  return {
    ...world,
    runs,
    taskRuns,
    pods,
    renewed,
    pass: async () => await runs.pass("default/train"),
    knows: (wish: TaskRunWish = {}) => taskRuns.upsert(aTaskRun(wish)),
    knowsPod: (stage: Stage, wish: PodWish = {}) => pods.upsert(aPod(stage, wish)),
    knowsTemplate: (name, template) => {
      const metadata = { namespace: "default", name, uid: `uid-${name}`, resourceVersion: "501" };
      const record = decodePodTemplate({ metadata, template });
      if (record !== undefined) templates.upsert(record);
    },
    statusPut: () => object(world.seen.findLast(({ method }) => method === "PUT")?.body)["status"] as TaskRunStatus,
    methods: () => world.seen.map(({ method }) => method),
  };
}
