/** What a pod is told of the task it runs: labels for people and selectors, variables for the program. */
import { isObject, object } from "../../api/decode.ts";
import type { Json } from "../../api/decode.ts";
import { Label } from "../../api/names.ts";
import type { TaskRunRecord } from "../../api/records.ts";

/** Of the run a TaskRun belongs to, as on the TaskRun itself; none of other TaskRuns. */
export function runLabels({ step, workflow }: TaskRunRecord): Readonly<Record<string, string>> {
  if (step === undefined || workflow === undefined) return {};
  return {
    ...(workflow.workflow !== "" && { [Label.Workflow]: workflow.workflow }),
    [Label.WorkflowRun]: workflow.run,
    [Label.Task]: step.task,
    ...(step.index !== undefined && { [Label.Index]: String(step.index) }),
    ...(step.round > 0 && { [Label.Round]: String(step.round) }),
  };
}

/** The spec of a pod, in which every container knows them that sets none of the same name itself. */
export function withVariables(spec: Json, taskRun: TaskRunRecord, attempt: number): Json {
  const variables = variablesOf(taskRun, attempt);
  return {
    ...spec,
    ...(Array.isArray(spec["initContainers"]) && { initContainers: informed(spec["initContainers"], variables) }),
    ...(Array.isArray(spec["containers"]) && { containers: informed(spec["containers"], variables) }),
  };
}

type Variable = Readonly<Record<"name" | "value", string>>;

function variablesOf({ step, workflow, dataInterval }: TaskRunRecord, attempt: number): readonly Variable[] {
  const values = {
    STINT_WORKFLOW: workflow?.workflow,
    STINT_RUN: workflow?.run,
    STINT_TASK: step?.task,
    STINT_INDEX: step?.index,
    STINT_DATA_INTERVAL_START: dataInterval?.start,
    STINT_DATA_INTERVAL_END: dataInterval?.end,
    STINT_ATTEMPT: attempt,
  };
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [{ name, value: String(value) }],
  );
}

/** What is no container, or has no list of variables, is left for the API server to judge. */
function informed(containers: readonly unknown[], variables: readonly Variable[]): readonly unknown[] {
  return containers.map((container) => {
    if (!isObject(container)) return container;
    const own: unknown = container["env"] ?? [];
    if (!Array.isArray(own)) return container;
    const names = new Set(own.map((one) => object(one)["name"]));
    // Before its own: those may speak of them, as $(STINT_INDEX).
    return { ...container, env: [...variables.filter(({ name }) => !names.has(name)), ...(own as readonly unknown[])] };
  });
}
