/** The pod of one attempt, made from the TaskRun's template. */
import type { PodShape } from "../../api/action.ts";
import { isObject, list, object } from "../../api/decode.ts";
import type { Json } from "../../api/decode.ts";
import { Label, MANAGED_BY, WORK_ANNOTATION } from "../../api/names.ts";
import type { TaskRunRecord } from "../../api/records.ts";
import { labelValue } from "../childname.ts";
import { controllerReference } from "../ownerreference.ts";
import { MAX_DEPTH, TemplateError, shallow } from "../templateerror.ts";
import { runLabels, withVariables } from "./podenv.ts";
import { shaped } from "./shape.ts";

export { TemplateError } from "../templateerror.ts";

export interface PodWish extends PodShape {
  readonly name: string;
  readonly attempt: number;
}

/**
 * The pod to create. Only what Stint itself relies on is checked here; the rest the API server judges.
 * @throws TemplateError
 */
export function buildPod(taskRun: TaskRunRecord, pod: PodWish, template: unknown): Json {
  const spec = object(template)["spec"];
  checkSpec(spec);
  checkMetadata(object(template)["metadata"]);
  if (!shallow(template)) {
    throw new TemplateError(`spec.template is nested more than ${MAX_DEPTH} levels deep, which no pod is`);
  }
  const metadata = object(object(template)["metadata"]);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: pod.name,
      namespace: taskRun.namespace,
      annotations: { ...object(metadata["annotations"]), [WORK_ANNOTATION]: taskRun.work },
      labels: {
        ...object(metadata["labels"]),
        ...runLabels(taskRun),
        [Label.TaskRun]: labelValue(taskRun.name),
        [Label.Attempt]: String(pod.attempt),
        [Label.ManagedBy]: MANAGED_BY,
      },
      ownerReferences: [controllerReference("TaskRun", taskRun)],
    },
    spec: withVariables(
      // A task needs no access to the API unless its template asks for it.
      shaped({ automountServiceAccountToken: false, ...spec, restartPolicy: "Never" }, pod),
      taskRun,
      pod.attempt,
    ),
  };
}

function checkSpec(spec: unknown): asserts spec is Json {
  if (!isObject(spec))
    throw new TemplateError("spec.template.spec is missing; it holds the pod's containers, as in a Job");
  if (!Array.isArray(spec["containers"]) || list(spec["containers"]).length === 0) {
    throw new TemplateError("spec.template.spec.containers must list at least one container");
  }
  checkRestarts(spec, "");
  for (const [index, one] of list(spec["containers"]).entries()) checkRestarts(object(one), `containers[${index}].`);
  for (const [index, one] of list(spec["initContainers"]).entries()) {
    const sidecar = object(one)["restartPolicy"] === "Always";
    checkRestarts(sidecar ? { ...object(one), restartPolicy: "Never" } : object(one), `initContainers[${index}].`);
  }
}

/** One attempt is one run of the pod: a container that starts again would outlive its reported end. Native sidecars may. */
function checkRestarts(holder: Json, path: string): void {
  const policy = holder["restartPolicy"];
  if (policy !== undefined && policy !== "Never") {
    const found = typeof policy === "string" ? `"${policy}"` : `a ${typeof policy}`;
    throw new TemplateError(
      `spec.template.spec.${path}restartPolicy must be left out or "Never", is ${found}; use spec.retry to try again`,
    );
  }
  if (list(holder["restartPolicyRules"]).length > 0) {
    throw new TemplateError(
      `spec.template.spec.${path}restartPolicyRules must be left out; use spec.retry to try again`,
    );
  }
}

/** Only labels and annotations are taken over, so only they can be wrong; their values are the API server's to judge. */
function checkMetadata(metadata: unknown): void {
  if (metadata !== undefined && !isObject(metadata))
    throw new TemplateError("spec.template.metadata must be an object");
  for (const field of ["labels", "annotations"] as const) {
    const value = object(metadata)[field];
    if (value === undefined || value === null || isObject(value)) continue;
    throw new TemplateError(`spec.template.metadata.${field} must be an object of texts`);
  }
}
