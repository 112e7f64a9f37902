/** Structural schemas as a CRD has them: pruning, defaults and validation, driven by crds/taskruns.yaml itself. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { isRecord } from "../objects.ts";
import type { Cause } from "./failure.ts";

export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
}

/** Problems listed per object: a real server lists all, but nobody reads more than a few. */
const PROBLEMS_MAX = 10;

const INTEGER_MAX: Readonly<Record<string, number>> = { int32: 2_147_483_647, int64: Number.MAX_SAFE_INTEGER };
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

let taskRunSchema: Schema | undefined;

/** The schema of TaskRun as the repository ships it. */
export function loadTaskRunSchema(): Schema {
  if (taskRunSchema !== undefined) return taskRunSchema;
  const file = join(import.meta.dirname, "../../../../crds/taskruns.yaml");
  const crd = load(readFileSync(file, "utf8")) as {
    readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[] };
  };
  const schema = crd.spec.versions[0]?.schema.openAPIV3Schema;
  if (schema === undefined) throw new Error(`no schema in ${file}`);
  taskRunSchema = schema;
  return schema;
}

/** The value without fields the schema does not name. `dropped` collects their paths. */
export function pruned(schema: Schema, value: unknown, path = "", dropped: string[] = []): unknown {
  if (schema["x-kubernetes-preserve-unknown-fields"] === true) return value;
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item, i) => pruned(items, item, `${path}[${i}]`, dropped));
  }
  const { properties } = schema;
  if (!isRecord(value) || properties === undefined) return value;
  const kept: [string, unknown][] = [];
  for (const [name, field] of Object.entries(value)) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (property === undefined) dropped.push(`${path}.${name}`);
    else kept.push([name, pruned(property, field, `${path}.${name}`, dropped)]);
  }
  return Object.fromEntries(kept);
}

/** The value with the schema's defaults filled in, outside in, as the API server does it. */
export function defaulted(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => defaulted(items, item));
  }
  if (!isRecord(value) || schema.properties === undefined) return value;
  const fields = new Map(Object.entries(value));
  for (const [name, property] of Object.entries(schema.properties)) {
    const given = fields.get(name);
    if ((given === undefined || given === null) && property.default !== undefined) fields.set(name, property.default);
    else if (given === null) fields.delete(name);
    const present = fields.get(name);
    if (present !== undefined) fields.set(name, defaulted(property, present));
  }
  return Object.fromEntries(fields);
}

/** What is wrong with the value, as the causes of an Invalid status; empty if nothing is. */
export function problemsOf(schema: Schema, value: unknown, path = "", problems: Cause[] = []): Cause[] {
  if (problems.length >= PROBLEMS_MAX) return problems;
  if (schema.type !== undefined && !hasType(schema.type, value)) {
    problems.push(
      cause("FieldValueTypeInvalid", path, `Invalid value: "${nameOfType(value)}": must be ${schema.type}`),
    );
    return problems;
  }
  if (typeof value === "string") stringProblems(schema, value, path, problems);
  if (typeof value === "number") numberProblems(schema, value, path, problems);
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    problems.push(cause("FieldValueNotSupported", path, `Unsupported value: ${JSON.stringify(value)}`));
  }
  if (Array.isArray(value)) listProblems(schema, value, path, problems);
  else if (isRecord(value)) objectProblems(schema, value, path, problems);
  return problems;
}

function objectProblems(schema: Schema, value: Readonly<Record<string, unknown>>, path: string, out: Cause[]): void {
  for (const name of schema.required ?? []) {
    const field = path === "" ? name : `${path}.${name}`;
    if (!Object.hasOwn(value, name)) out.push(cause("FieldValueRequired", field, "Required value"));
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (Object.hasOwn(value, name)) problemsOf(property, value[name], path === "" ? name : `${path}.${name}`, out);
  }
  const entries = Object.entries(value);
  const { maxProperties = entries.length, additionalProperties } = schema;
  if (entries.length > maxProperties) {
    out.push(cause("FieldValueTooMany", path, `Too many: ${entries.length}: must have at most ${maxProperties} items`));
  }
  if (additionalProperties === undefined) return;
  for (const [name, item] of entries) problemsOf(additionalProperties, item, `${path}.${name}`, out);
}

function listProblems(schema: Schema, value: readonly unknown[], path: string, out: Cause[]): void {
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    out.push(cause("FieldValueTooMany", path, `Too many: ${value.length}: must have at most ${schema.maxItems} items`));
  }
  const { items } = schema;
  if (items !== undefined) value.forEach((item, i) => problemsOf(items, item, `${path}[${i}]`, out));
  const keys = schema["x-kubernetes-list-map-keys"];
  if (keys === undefined) return;
  const seen = new Set<string>();
  value.forEach((item, i) => {
    const key = JSON.stringify(keys.map((name) => (isRecord(item) ? item[name] : undefined)));
    if (seen.has(key)) out.push(cause("FieldValueDuplicate", `${path}[${i}]`, `Duplicate value: ${key}`));
    seen.add(key);
  });
}

function stringProblems(schema: Schema, value: string, path: string, out: Cause[]): void {
  // The API server counts code points, not UTF-16 units.
  const length = Array.from(value).length;
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    out.push(cause("FieldValueTooLong", path, `Too long: may not be more than ${schema.maxLength} bytes`));
  }
  if (schema.minLength !== undefined && length < schema.minLength) {
    out.push(cause("FieldValueInvalid", path, `should be at least ${schema.minLength} chars long`));
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(value)) {
    out.push(cause("FieldValueInvalid", path, `should match '${schema.pattern}'`));
  }
  if (schema.format === "date-time" && !(DATE_TIME.test(value) && !Number.isNaN(Date.parse(value)))) {
    out.push(cause("FieldValueTypeInvalid", path, "must be of type date-time"));
  }
}

function numberProblems(schema: Schema, value: number, path: string, out: Cause[]): void {
  const formatMax = INTEGER_MAX[schema.format ?? ""] ?? Number.POSITIVE_INFINITY;
  if (schema.minimum !== undefined && value < schema.minimum) {
    out.push(cause("FieldValueInvalid", path, `should be greater than or equal to ${schema.minimum}`));
  }
  if (value > Math.min(schema.maximum ?? Number.POSITIVE_INFINITY, formatMax)) {
    out.push(cause("FieldValueInvalid", path, `should be less than or equal to ${schema.maximum ?? formatMax}`));
  }
}

function cause(reason: string, field: string, message: string): Cause {
  return { reason, message, field };
}

function hasType(type: string, value: unknown): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return isRecord(value);
  if (type === "array") return Array.isArray(value);
  return typeof value === type;
}

function nameOfType(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
