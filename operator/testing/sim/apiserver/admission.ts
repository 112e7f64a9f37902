/** What the API server does to an object before it stores it: decoding, defaults, validation, and a table of policies. */
import { isDeepStrictEqual } from "node:util";
import type { ApiResponse } from "../../../api/port.ts";
import { isRecord, type Pod, type Revision, type Stored } from "../objects.ts";
import { badRequest, type Cause, invalid, tooLarge } from "./failure.ts";
import { admitLease } from "./lease.ts";
import { CONTROLLERREVISIONS, EVENTS, LEASES, PODS, type Resource } from "./resources.ts";
import { ruleProblems } from "./rules.ts";
import { defaulted, loadSchema, problemsOf, pruned } from "./schema.ts";

/** The API server's own limit on a request body. */
const BODY_BYTES_MAX = 3 * 1024 * 1024;
/** All annotations of one object together, keys and values. */
const ANNOTATIONS_BYTES_MAX = 256 * 1024;

const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$/;
const LABEL_KEY = /^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** Where one of these is wrong, the rules are not looked at. */
const STOPS_RULES: ReadonlySet<string> = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

/** Says no to a new object, or undefined. Stands for quotas, Pod Security, webhooks and missing rights. */
export type Policy = (object: Stored, by: string) => ApiResponse | undefined;

/** The object as it may be stored, or the server's refusal. */
export type Admitted = { readonly object: Stored } | { readonly refusal: ApiResponse };

/** Checks what every write must satisfy before the object itself is looked at. */
export function decodeBody(resource: Resource, body: unknown): Stored | ApiResponse {
  if (JSON.stringify(body ?? null).length > BODY_BYTES_MAX) return tooLarge();
  if (!isRecord(body)) return badRequest(`the object provided is unrecognized (must be of type ${resource.kind})`);
  if (body["apiVersion"] !== resource.apiVersion || body["kind"] !== resource.kind) {
    return badRequest(
      `${String(body["kind"])} in version "${String(body["apiVersion"])}" cannot be handled as a ${resource.kind}`,
    );
  }
  const metadata = body["metadata"];
  if (!isRecord(metadata)) return unmarshal(resource, "metadata");
  for (const name of ["name", "namespace", "uid", "resourceVersion"]) {
    if (metadata[name] !== undefined && typeof metadata[name] !== "string") return unmarshal(resource, name);
  }
  for (const name of ["labels", "annotations"]) {
    if (metadata[name] !== undefined && metadata[name] !== null && !isStringMap(metadata[name])) {
      return unmarshal(resource, `metadata.${name}`);
    }
  }
  return body as unknown as Stored;
}

/** Admission of an object that is not there yet. `strict`: unknown fields of a pod are errors. */
export function admitNew(resource: Resource, object: Stored, strict: boolean): Admitted {
  if (resource === PODS) return admitPod(object, strict);
  if (resource === EVENTS) return admitEvent(object);
  if (resource === CONTROLLERREVISIONS) return admitRevision(object, undefined);
  if (resource === LEASES) return admitLease(object, metadataProblems(object));
  return resource.custom === true ? admitCustom(resource, object, undefined) : admitPlain(resource, object);
}

export function admitChange(resource: Resource, object: Stored, before: Stored): Admitted {
  if (resource === PODS) return admitPodUpdate(object, before);
  if (resource === CONTROLLERREVISIONS) return admitRevision(object, before);
  if (resource === LEASES) return admitLease(object, metadataProblems(object));
  return resource.custom === true ? admitCustom(resource, object, before) : admitPlain(resource, object);
}

/** Of kinds that nobody here gets wrong. */
function admitPlain(resource: Resource, object: Stored): Admitted {
  const causes = metadataProblems(object);
  return causes.length > 0 ? { refusal: invalid(resource, object.metadata.name, causes) } : { object };
}

/** Admission of a custom resource: pruned, defaulted, checked against the CRD and its CEL rules. */
export function admitCustom(resource: Resource, object: Stored, before: Stored | undefined): Admitted {
  const { apiVersion, kind, metadata } = object;
  const schema = loadSchema(resource.name);
  const full = defaulted(schema, pruned(schema, object)) as Stored;
  const causes = [...metadataProblems(full), ...changeProblems(full, before), ...problemsOf(schema, full)];
  if (!causes.some(({ reason }) => STOPS_RULES.has(reason))) causes.push(...ruleProblems(schema, full, before));
  if (causes.length > 0) return { refusal: invalid(resource, metadata.name, causes) };
  return { object: { ...full, apiVersion, kind, metadata } };
}

/** Admission of a ControllerRevision (pkg/apis/apps/validation): data must be there, and stays as it is. */
function admitRevision(object: Stored, before: Stored | undefined): Admitted {
  const { data, revision = 0 } = object as Revision;
  const causes = [...metadataProblems(object), ...changeProblems(object, before)];
  if (!isRecord(data)) causes.push({ reason: "FieldValueRequired", field: "data", message: "data is mandatory" });
  else if (before !== undefined && !isDeepStrictEqual(data, (before as Revision).data))
    causes.push(bad("data", "Invalid value: field is immutable"));
  if (!Number.isInteger(revision) || revision < 0)
    causes.push(bad("revision", `Invalid value: ${revision}: must be greater than or equal to 0`));
  if (causes.length > 0) return { refusal: invalid(CONTROLLERREVISIONS, object.metadata.name, causes) };
  return { object: { ...object, revision } as Revision };
}

/** Admission of a pod: strict types of the fields that matter, defaults, validation. */
function admitPod(object: Stored, strict: boolean): Admitted {
  const wrong = wrongPodField(object);
  if (wrong !== undefined) return { refusal: unmarshal(PODS, wrong) };
  const unknown = strict ? unknownPodField(object) : undefined;
  if (unknown !== undefined) {
    const what = 'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field';
    return { refusal: badRequest(`${what} "${unknown}"`) };
  }
  const pod = object as Pod;
  const spec = {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    ...pod.spec,
    containers: pod.spec?.containers ?? [],
  };
  const causes = [...metadataProblems(object), ...podProblems(spec)];
  if (causes.length > 0) return { refusal: invalid(PODS, object.metadata.name, causes) };
  return { object: { ...object, spec, status: { phase: "Pending", qosClass: "BestEffort" } } };
}

const EVENT_TEXTS = ["reportingController", "reportingInstance", "action", "reason", "note"] as const;
const MICRO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;

/** Admission of an event: what events.k8s.io/v1 asks for (pkg/apis/core/validation, ValidateEventCreate). */
function admitEvent(object: Stored): Admitted {
  const event = object as unknown as Readonly<Record<string, unknown>>;
  const regarding = isRecord(event["regarding"]) ? event["regarding"] : {};
  const causes = [...metadataProblems(object)];
  const wrong = (field: string): number =>
    causes.push({ reason: "FieldValueInvalid", field, message: "Invalid value" });
  for (const field of EVENT_TEXTS) {
    const value = event[field];
    const limit = field === "note" ? 1024 : 128;
    if (typeof value !== "string" || value === "" || Buffer.byteLength(value) > limit) wrong(field);
  }
  if (!MICRO_TIME.test(String(event["eventTime"]))) wrong("eventTime");
  if (event["type"] !== "Normal" && event["type"] !== "Warning") wrong("type");
  if (regarding["namespace"] !== object.metadata.namespace) wrong("involvedObject.namespace");
  return causes.length > 0 ? { refusal: invalid(EVENTS, object.metadata.name, causes) } : { object };
}

/** Admission of a change to a pod. Its spec is final here: only the scheduler changes it, who does not come this way. */
function admitPodUpdate(object: Stored, before: Stored): Admitted {
  const causes = [...metadataProblems(object), ...changeProblems(object, before)];
  if (!isDeepStrictEqual(object.spec, before.spec)) {
    const message = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`, ...";
    causes.push({ reason: "FieldValueForbidden", field: "spec", message });
  }
  return causes.length > 0 ? { refusal: invalid(PODS, object.metadata.name, causes) } : { object };
}

/** What is being deleted may lose finalizers, but gets no new ones. */
function changeProblems({ metadata }: Stored, before: Stored | undefined): Cause[] {
  if (before?.metadata.deletionTimestamp === undefined) return [];
  const had = before.metadata.finalizers ?? [];
  const added = (metadata.finalizers ?? []).filter((finalizer) => !had.includes(finalizer));
  if (added.length === 0) return [];
  const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`;
  return [{ reason: "FieldValueForbidden", field: "metadata.finalizers", message }];
}

function metadataProblems({ metadata }: Stored): Cause[] {
  const causes: Cause[] = [];
  if (!DNS_SUBDOMAIN.test(metadata.name) || metadata.name.length > 253) {
    causes.push(
      bad("metadata.name", `Invalid value: "${metadata.name}": a lowercase RFC 1123 subdomain must consist of`),
    );
  }
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (!LABEL_KEY.test(key)) causes.push(bad("metadata.labels", `Invalid value: "${key}": name part must consist of`));
    if (!LABEL_VALUE.test(value))
      causes.push(bad("metadata.labels", `Invalid value: "${value}": a valid label must be`));
  }
  let bytes = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    if (!LABEL_KEY.test(key.toLowerCase())) {
      causes.push(bad("metadata.annotations", `Invalid value: "${key}": name part must consist of`));
    }
  }
  if (bytes > ANNOTATIONS_BYTES_MAX) {
    causes.push(bad("metadata.annotations", `Too long: may not be more than ${ANNOTATIONS_BYTES_MAX} bytes`));
  }
  return causes;
}

function podProblems(spec: NonNullable<Pod["spec"]>): Cause[] {
  const causes: Cause[] = [];
  if (spec.containers.length === 0) {
    causes.push({ reason: "FieldValueRequired", field: "spec.containers", message: "Required value" });
  }
  const names = new Set<string>();
  spec.containers.forEach(({ name, image }, i) => {
    const field = `spec.containers[${i}]`;
    if (name === undefined || name === "") {
      causes.push({ reason: "FieldValueRequired", field: `${field}.name`, message: "Required value" });
    } else if (!DNS_LABEL.test(name))
      causes.push(bad(`${field}.name`, `Invalid value: "${name}": a lowercase RFC 1123`));
    else if (names.has(name)) {
      causes.push({ reason: "FieldValueDuplicate", field: `${field}.name`, message: `Duplicate value: "${name}"` });
    }
    names.add(name);
    if (image === undefined || image === "") {
      causes.push({ reason: "FieldValueRequired", field: `${field}.image`, message: "Required value" });
    }
  });
  if (!["Always", "OnFailure", "Never"].includes(spec.restartPolicy ?? "")) {
    causes.push({
      reason: "FieldValueNotSupported",
      field: "spec.restartPolicy",
      message: `Unsupported value: "${spec.restartPolicy}": supported values: "Always", "OnFailure", "Never"`,
    });
  }
  return causes;
}

type FieldType = "string" | "integer" | "boolean" | "object" | "list";

/** The fields of a pod this server knows, with the JSON type Go decodes them from. Strict decoding refuses all others. */
const POD_FIELDS: Readonly<Record<string, FieldType>> = {
  activeDeadlineSeconds: "integer",
  affinity: "object",
  automountServiceAccountToken: "boolean",
  containers: "list",
  dnsConfig: "object",
  dnsPolicy: "string",
  enableServiceLinks: "boolean",
  ephemeralContainers: "list",
  hostAliases: "list",
  hostIPC: "boolean",
  hostNetwork: "boolean",
  hostPID: "boolean",
  hostUsers: "boolean",
  hostname: "string",
  hostnameOverride: "string",
  imagePullSecrets: "list",
  initContainers: "list",
  nodeName: "string",
  nodeSelector: "object",
  os: "object",
  overhead: "object",
  preemptionPolicy: "string",
  priority: "integer",
  priorityClassName: "string",
  readinessGates: "list",
  resourceClaims: "list",
  resources: "object",
  restartPolicy: "string",
  runtimeClassName: "string",
  schedulerName: "string",
  schedulingGates: "list",
  securityContext: "object",
  serviceAccount: "string",
  serviceAccountName: "string",
  setHostnameAsFQDN: "boolean",
  shareProcessNamespace: "boolean",
  subdomain: "string",
  terminationGracePeriodSeconds: "integer",
  tolerations: "list",
  topologySpreadConstraints: "list",
  volumes: "list",
};

const CONTAINER_FIELDS: Readonly<Record<string, FieldType>> = {
  args: "list",
  command: "list",
  env: "list",
  envFrom: "list",
  image: "string",
  imagePullPolicy: "string",
  lifecycle: "object",
  livenessProbe: "object",
  name: "string",
  ports: "list",
  readinessProbe: "object",
  resizePolicy: "list",
  resources: "object",
  restartPolicy: "string",
  restartPolicyRules: "list",
  securityContext: "object",
  startupProbe: "object",
  stdin: "boolean",
  stdinOnce: "boolean",
  terminationMessagePath: "string",
  terminationMessagePolicy: "string",
  tty: "boolean",
  volumeDevices: "list",
  volumeMounts: "list",
  workingDir: "string",
};

/** The first field whose JSON type Go could not decode; undefined if all fit. */
function wrongPodField({ spec }: Stored): string | undefined {
  if (spec === undefined || spec === null) return undefined;
  if (!isRecord(spec)) return "spec";
  const wrong = wrongField(POD_FIELDS, spec);
  if (wrong !== undefined) return `spec.${wrong}`;
  for (const container of (spec["containers"] ?? []) as readonly unknown[]) {
    if (!isRecord(container)) return "spec.containers";
    const inside = wrongField(CONTAINER_FIELDS, container);
    if (inside !== undefined) return `spec.containers.${inside}`;
  }
  return undefined;
}

function wrongField(
  fields: Readonly<Record<string, FieldType>>,
  value: Readonly<Record<string, unknown>>,
): string | undefined {
  return Object.entries(fields).find(([name, type]) => Object.hasOwn(value, name) && !decodes(type, value[name]))?.[0];
}

/** Go takes null for anything. */
function decodes(type: FieldType, value: unknown): boolean {
  if (value === null) return true;
  if (type === "list") return Array.isArray(value);
  if (type === "object") return isRecord(value);
  return type === "integer" ? Number.isInteger(value) : typeof value === type;
}

/** The first field strict decoding does not know. */
function unknownPodField({ spec }: Stored): string | undefined {
  if (!isRecord(spec)) return undefined;
  const inSpec = Object.keys(spec).find((name) => !Object.hasOwn(POD_FIELDS, name));
  if (inSpec !== undefined) return `spec.${inSpec}`;
  for (const [i, container] of ((spec["containers"] ?? []) as readonly object[]).entries()) {
    const inside = Object.keys(container).find((name) => !Object.hasOwn(CONTAINER_FIELDS, name));
    if (inside !== undefined) return `spec.containers[${i}].${inside}`;
  }
  return undefined;
}

function isStringMap(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((entry) => typeof entry === "string");
}

function unmarshal(resource: Resource, field: string): ApiResponse {
  const what = `${resource.kind} in version "${resource.apiVersion.split("/").at(-1) ?? ""}"`;
  return badRequest(
    `${what} cannot be handled as a ${resource.kind}: json: cannot unmarshal into Go struct field ${field}`,
  );
}

function bad(field: string, message: string): Cause {
  return { reason: "FieldValueInvalid", field, message };
}
