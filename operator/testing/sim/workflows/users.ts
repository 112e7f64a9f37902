/** People who touch Workflows, their runs and single tasks of them, at chosen moments. */
import type { ApiRequest } from "../../../api/port.ts";
import { isTerminalPhase, keyOf, type Stored, type TaskRun } from "../objects.ts";
import type { Site } from "../site.ts";
import type { RunMoment, WorkflowAct, WorkflowDeed } from "./acts.ts";
import type { WorkflowRun } from "./objects.ts";
import { keyOfWorkflow, runManifest, workflowManifest, type WorkflowPlan } from "./plan.ts";

const NAME = "user";
const EDIT_TRIES_MAX = 5;

/** Makes the Workflow and its runs when their time has come, and plans what people do. `created` is told of each. */
export function planWorkflow(site: Site, plan: WorkflowPlan, created: () => void): void {
  const make = (
    plural: string,
    object: Stored | { readonly metadata: { readonly name: string; readonly namespace: string } },
  ): void => {
    const { namespace, name } = object.metadata;
    const path = `/apis/stint.dev/v1alpha1/namespaces/${namespace}/${plural}`;
    const code = send(site, { method: "POST", path, body: object });
    site.trace.note(NAME, `creates ${plural} ${namespace}/${name} -> ${code}`);
    created();
  };
  site.clock.after(plan.createAtMs ?? 0, () => make("workflows", workflowManifest(plan)));
  for (const run of plan.runs ?? []) {
    site.clock.after(run.createAtMs ?? 0, () => make("workflowruns", runManifest(plan, run)));
  }
  if (plan.acts !== undefined) planActs(site, plan, plan.acts);
}

/** How many objects a plan makes. */
export function countOfPlan({ runs = [] }: WorkflowPlan): number {
  return 1 + runs.length;
}

function planActs(site: Site, plan: WorkflowPlan, acts: readonly WorkflowAct[]): void {
  const waiting = new Set(acts);
  const { namespace = "default" } = plan;
  let chosen: string | undefined;
  let wasEnded = false;
  const look = (): void => {
    const run =
      chosen === undefined ? undefined : (site.server.store.get("workflowruns", chosen) as WorkflowRun | undefined);
    if (run === undefined) return;
    const isEnded = isTerminalPhase(run.status?.phase);
    for (const act of waiting) {
      if (!holds(site, run, { moment: act.when, isAgain: wasEnded && (run.status?.retry?.round ?? 0) > 0 })) continue;
      waiting.delete(act);
      site.clock.after(act.afterMs ?? 0, () => perform(site, plan, { run, deed: act.deed }));
    }
    wasEnded ||= isEnded;
  };
  site.server.store.listen(({ resource, object, key, type }) => {
    if (resource === "workflowruns" && type === "ADDED" && chosen === undefined && isOf(object, plan)) chosen = key;
    const isNear = object.metadata.namespace === namespace;
    // Once all who look at a change have seen it: an act may be another change.
    if (isNear && ["workflowruns", "taskruns", "pods"].includes(resource) && waiting.size > 0)
      site.clock.after(0, look);
  });
}

/** A sub-workflow's run has an owner and a place in another one. */
function isOf(object: Stored, plan: WorkflowPlan): boolean {
  const { metadata, spec } = object as WorkflowRun;
  const isOwn = metadata.labels?.["stint.dev/task"] === undefined && spec?.workflowRef.name === plan.name;
  return isOwn && metadata.namespace === (plan.namespace ?? "default");
}

function holds(
  site: Site,
  run: WorkflowRun,
  { moment, isAgain }: { readonly moment: RunMoment; readonly isAgain: boolean },
): boolean {
  const { status = {}, metadata } = run;
  switch (moment.is) {
    case "created":
      return true;
    case "started":
      return status.phase === "Running";
    case "suspended":
      return status.phase === "Suspended";
    case "stopped":
      return status.stopped !== undefined;
    case "ended":
      return isTerminalPhase(status.phase);
    case "endedAgain":
      return isAgain && isTerminalPhase(status.phase);
    case "deleting":
      return metadata.deletionTimestamp !== undefined;
    case "taskMade":
      return childrenOf(site, run, moment.task).length > 0;
    case "taskRuns":
      return childrenOf(site, run, moment.task).some(({ metadata: { uid } }) =>
        site.truth.ofOwner(uid).some(({ alive }) => alive.size > 0),
      );
    case "taskEnded":
      return childrenOf(site, run, moment.task).some((child) => isTerminalPhase((child as TaskRun).status?.phase));
  }
}

function childrenOf(site: Site, { metadata }: WorkflowRun, task: string): Stored[] {
  return (["taskruns", "workflowruns"] as const).flatMap((resource) =>
    [...site.server.store.values(resource)].filter(
      (object) =>
        object.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true &&
        object.metadata.labels?.["stint.dev/task"] === task,
    ),
  );
}

function perform(
  site: Site,
  plan: WorkflowPlan,
  { run, deed }: { readonly run: WorkflowRun; readonly deed: WorkflowDeed },
): void {
  const runKey = keyOf(run);
  site.trace.note(NAME, `run ${runKey}: ${JSON.stringify(deed)}`);
  const runPath = pathOf("workflowruns", runKey);
  const workflowPath = pathOf("workflows", keyOfWorkflow(plan));
  switch (deed.kind) {
    case "cancel":
      return patch(site, runPath, { cancel: true });
    case "suspend":
      return patch(site, runPath, { suspend: true });
    case "resume":
      return patch(site, runPath, { suspend: false });
    case "retry":
      return patch(site, runPath, { retry: { scope: null, tasks: null, ...deed.retry } });
    case "deleteRun":
      send(site, { method: "DELETE", path: runPath, body: { propagationPolicy: deed.mode } });
      return;
    case "deleteWorkflow":
      send(site, { method: "DELETE", path: workflowPath, body: { propagationPolicy: deed.mode } });
      return;
    case "edit":
      return patch(site, workflowPath, { ...Object(workflowManifest(plan, deed.edition).spec) });
    case "suspendWorkflow":
      return patch(site, workflowPath, { suspend: true });
    case "resumeWorkflow":
      return patch(site, workflowPath, { suspend: false });
    case "cancelTask":
    case "deleteTask":
      for (const child of childrenOf(site, run, deed.task)) {
        const path = pathOf(child.kind === "TaskRun" ? "taskruns" : "workflowruns", keyOf(child));
        if (deed.kind === "cancelTask") patch(site, path, { cancel: true });
        else send(site, { method: "DELETE", path, body: { propagationPolicy: "Background" } });
      }
  }
}

function pathOf(plural: string, key: string): string {
  return `/apis/stint.dev/v1alpha1/namespaces/${key.replace("/", `/${plural}/`)}`;
}

function patch(site: Site, path: string, spec: Readonly<Record<string, unknown>>): void {
  for (let tries = 0; tries < EDIT_TRIES_MAX; tries++) {
    if (send(site, { method: "PATCH", path, body: { spec } }) !== 409) return;
  }
}

function send(site: Site, request: Omit<ApiRequest, "timeoutMs">): number {
  return site.server.handle({ ...request, timeoutMs: 0 }, NAME).status;
}
