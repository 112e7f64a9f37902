/** Workflows and their runs, as tests write them and wait for them. */
import type { WorkflowRunSpec, WorkflowRunStatus, WorkflowSpec, WorkflowStatus } from "../../operator/api/types.ts";
import type { Client } from "./client.ts";
import type { Kubectl } from "./kubectl.ts";
import { taskRunsPath, type List, type Metadata, type TaskRun } from "./objects.ts";
import type { Room } from "./room.ts";
import { until, untilAll, type Wait } from "./waiting.ts";

export type TaskSpec = WorkflowSpec["tasks"][number];

export interface Workflow {
  readonly metadata: Metadata;
  readonly spec: WorkflowSpec;
  readonly status?: WorkflowStatus;
}

export interface WorkflowRun {
  readonly metadata: Metadata;
  readonly spec: WorkflowRunSpec;
  readonly status: WorkflowRunStatus;
}

export interface Revision {
  readonly metadata: Metadata;
  readonly revision: number;
  readonly data: { readonly spec: WorkflowSpec };
}

/** A Workflow or a WorkflowRun as it is applied. */
export interface FlowManifest {
  readonly apiVersion: "stint.dev/v1alpha1";
  readonly kind: "Workflow" | "WorkflowRun";
  readonly metadata: Partial<Metadata> & { readonly generateName?: string };
  readonly spec: object;
}

const apiVersion = "stint.dev/v1alpha1";

export function workflow(name: string, spec: WorkflowSpec): FlowManifest {
  return { apiVersion, kind: "Workflow", metadata: { name }, spec };
}

/** Without a name of its own the server makes one that begins with the Workflow's. */
export function run(of: string, more: Partial<WorkflowRunSpec> = {}, name?: string): FlowManifest {
  const metadata = name === undefined ? { generateName: `${of}-` } : { name };
  return { apiVersion, kind: "WorkflowRun", metadata, spec: { workflowRef: { name: of }, ...more } };
}

function pathOf(namespace: string, plural: "workflows" | "workflowruns"): string {
  return `/apis/${apiVersion}/namespaces/${namespace}/${plural}`;
}

/** What the room's Workflows do. */
export class Flows {
  readonly client: Client;
  readonly kubectl: Kubectl;
  readonly namespace: string;

  constructor({ client, kubectl, namespace }: Room) {
    this.client = client;
    this.kubectl = kubectl;
    this.namespace = namespace;
  }

  get runsPath(): string {
    return pathOf(this.namespace, "workflowruns");
  }

  get workflowsPath(): string {
    return pathOf(this.namespace, "workflows");
  }

  async create(name: string, spec: WorkflowSpec): Promise<Workflow> {
    return await this.client.call("POST", this.workflowsPath, workflow(name, spec));
  }

  /** Creates a Workflow that starts its first run at once, and waits until that is there. */
  async begin(name: string, spec: WorkflowSpec): Promise<WorkflowRun> {
    await this.create(name, spec);
    return await this.runOf(name);
  }

  /** Creates a Workflow and waits for the end of its first run. */
  async through(name: string, spec: WorkflowSpec): Promise<WorkflowRun> {
    const { metadata } = await this.begin(name, spec);
    return await this.over(metadata.name);
  }

  async edit(name: string, spec: Partial<WorkflowSpec>): Promise<Workflow> {
    return await this.client.call("PATCH", `${this.workflowsPath}/${name}`, { spec });
  }

  /** Creates a run, as `kubectl create` does. */
  async start(of: string, more: Partial<WorkflowRunSpec> = {}, name?: string): Promise<WorkflowRun> {
    return await this.client.call("POST", this.runsPath, run(of, more, name));
  }

  async patch(name: string, spec: Partial<WorkflowRunSpec>): Promise<WorkflowRun> {
    return await this.client.call("PATCH", `${this.runsPath}/${name}`, { spec });
  }

  async workflow(name: string): Promise<Workflow> {
    return await this.client.call("GET", `${this.workflowsPath}/${name}`);
  }

  async run(name: string): Promise<WorkflowRun> {
    return await this.client.call("GET", `${this.runsPath}/${name}`);
  }

  /** The runs of a Workflow, oldest first. */
  async runs(of: string): Promise<readonly WorkflowRun[]> {
    const path = `${this.runsPath}?fieldSelector=spec.workflowRef.name%3D${of}`;
    const { items } = await this.client.call<List<WorkflowRun>>("GET", path);
    return items.toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
  }

  /** Waits for the run of that generation, the first one unless said otherwise. */
  async runOf(name: string, generation = 1): Promise<WorkflowRun> {
    const is = ({ metadata, spec }: WorkflowRun): boolean =>
      spec.workflowRef.name === name && metadata.name.startsWith(`${name}-${generation}-`);
    const found = await untilAll<WorkflowRun>(this.client, this.runsPath, (all) => [...all.values()].some(is), {
      what: `a run of generation ${generation} of ${name}`,
    });
    const one = [...found.values()].find(is);
    if (one === undefined) throw new Error(`no run of ${name}`);
    return one;
  }

  /** Waits until the Workflow is as wanted. */
  async seeWorkflow(name: string, wanted: (seen: Workflow) => boolean, wait: Wait): Promise<Workflow> {
    const where = { path: this.workflowsPath, name };
    const seen = await until<Workflow>(this.client, where, (one) => one !== undefined && wanted(one), wait);
    if (seen === undefined) throw new Error(`${name} is not there`);
    return seen;
  }

  /** Waits until the run is as wanted. */
  async see(name: string, wanted: (seen: WorkflowRun) => boolean, wait: Wait): Promise<WorkflowRun> {
    const where = { path: this.runsPath, name };
    const seen = await until<WorkflowRun>(this.client, where, (one) => one !== undefined && wanted(one), wait);
    if (seen === undefined) throw new Error(`${name} is not there`);
    return seen;
  }

  /** Waits for the end of that round (0 before the first retry), whichever it is. */
  async over(name: string, { round = 0, limitMs }: { round?: number; limitMs?: number } = {}): Promise<WorkflowRun> {
    const isIt = (one: WorkflowRun): boolean => isEnded(one) && (one.status.retry?.round ?? 0) === round;
    const what = round === 0 ? "its end" : `the end of retry ${round}`;
    return await this.see(name, isIt, { what, ...(limitMs && { limitMs }) });
  }

  /** The TaskRuns of a run, by name without the run's. */
  async tasks(runName: string): Promise<ReadonlyMap<string, TaskRun>> {
    const path = `${taskRunsPath(this.namespace)}?labelSelector=stint.dev/workflowrun%3D${runName}`;
    const { items } = await this.client.call<List<TaskRun>>("GET", path);
    return new Map(items.map((one) => [one.metadata.name.slice(runName.length + 1), one]));
  }

  /** Their names without the run's, sorted. */
  async taskNames(runName: string): Promise<readonly string[]> {
    return [...(await this.tasks(runName)).keys()].toSorted();
  }

  /** Waits until the TaskRuns of a run are as wanted. */
  async seeTasks(
    runName: string,
    wanted: (tasks: ReadonlyMap<string, TaskRun>) => boolean,
    wait: Wait,
  ): Promise<ReadonlyMap<string, TaskRun>> {
    const path = `${taskRunsPath(this.namespace)}?labelSelector=stint.dev/workflowrun%3D${runName}`;
    const short = (all: ReadonlyMap<string, TaskRun>): ReadonlyMap<string, TaskRun> =>
      new Map([...all].map(([name, one]) => [name.slice(runName.length + 1), one]));
    return short(await untilAll<TaskRun>(this.client, path, (all) => wanted(short(all)), wait));
  }

  /** What the main container of a task said. */
  async log(runName: string, task: string): Promise<string> {
    const selector = `--selector=stint.dev/taskrun=${runName}-${task}`;
    return await this.kubectl.run(["logs", selector, "--container=main", "--tail=-1"]);
  }

  async revisions(): Promise<readonly Revision[]> {
    const path = `/apis/apps/v1/namespaces/${this.namespace}/controllerrevisions`;
    return (await this.client.call<List<Revision>>("GET", path)).items;
  }
}

export function isEnded({ status }: WorkflowRun): boolean {
  return ["Succeeded", "Failed", "Cancelled"].includes(status.phase ?? "");
}

/** Phase, reason and states of a run, in a line. */
export function storyOf({ status }: WorkflowRun): string {
  return [status.phase, runReason({ status }), status.states].join(" ");
}

export function runReason({ status }: Pick<WorkflowRun, "status">): string | undefined {
  return status.conditions?.find(({ type }) => type === "Succeeded")?.reason;
}

export function runMessage({ status }: Pick<WorkflowRun, "status">): string {
  return status.conditions?.find(({ type }) => type === "Succeeded")?.message ?? "";
}
