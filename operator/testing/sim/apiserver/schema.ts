/** Structural schemas as a CRD has them: pruning, defaults and validation, driven by the files under crds/ themselves. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { isRecord } from "../objects.ts";
import type { Cause } from "./failure.ts";

export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly nullable?: boolean;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-validations"?: readonly Rule[];
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
}

/** A rule in CEL; what it says is in rules.ts. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
  readonly reason?: string;
}

/** Problems listed per object: a real server lists all, but nobody reads more than a few. */
const PROBLEMS_MAX = 10;

const INTEGER_MAX: Readonly<Record<string, number>> = { int32: 2_147_483_647, int64: Number.MAX_SAFE_INTEGER };
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

const schemas = new Map<string, Schema>();

/** The schema of a kind as the repository ships it, by its plural. */
export function loadSchema(plural: string): Schema {
  const known = schemas.get(plural);
  if (known !== undefined) return known;
  const file = join(import.meta.dirname, `../../../../crds/${plural}.yaml`);
  const crd = load(readFileSync(file, "utf8")) as {
    readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[] };
  };
  const schema = crd.spec.versions[0]?.schema.openAPIV3Schema;
  if (schema === undefined) throw new Error(`no schema in ${file}`);
  schemas.set(plural, schema);
  return schema;
}

/** The status of a custom resource that has none is shown by its default, and not stored. */
export function showsDefaultStatus(plural: string): boolean {
  return loadSchema(plural).properties?.["status"]?.default !== undefined;
}

/** The value without fields the schema does not name. `dropped` collects their paths. */
export function pruned(schema: Schema, value: unknown, path = "", dropped: string[] = []): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item, i) => pruned(items, item, `${path}[${i}]`, dropped));
  }
  if (!isRecord(value)) return value;
  const { properties, additionalProperties } = schema;
  const keeps = schema["x-kubernetes-preserve-unknown-fields"] === true || properties === undefined;
  const kept: [string, unknown][] = [];
  for (const [name, field] of Object.entries(value)) {
    const known = properties !== undefined && Object.hasOwn(properties, name);
    const property = known ? properties[name] : additionalProperties;
    if (property !== undefined) kept.push([name, pruned(property, field, `${path}.${name}`, dropped)]);
    else if (keeps) kept.push([name, field]);
    else dropped.push(`${path}.${name}`);
  }
  return Object.fromEntries(kept);
}

/** The value with the schema's defaults filled in, outside in, as the API server does it. A null that may not be is no value. */
export function defaulted(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => defaulted(items, item));
  }
  if (!isRecord(value) || schema.properties === undefined) return value;
  const fields = new Map(Object.entries(value));
  for (const [name, property] of Object.entries(schema.properties)) {
    const given = fields.get(name);
    const lacks = given === undefined || (given === null && property.nullable !== true);
    if (lacks && property.default !== undefined) fields.set(name, property.default);
    else if (lacks) fields.delete(name);
    const present = fields.get(name);
    if (present !== undefined) fields.set(name, defaulted(property, present));
  }
  return Object.fromEntries(fields);
}

/** What is wrong with the value, as the causes of an Invalid status; empty if nothing is. */
export function problemsOf(schema: Schema, value: unknown, path = "", problems: Cause[] = []): Cause[] {
  if (problems.length >= PROBLEMS_MAX || (value === null && schema.nullable === true)) return problems;
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
  const { required = [], properties = {}, additionalProperties, maxProperties = Number.POSITIVE_INFINITY } = schema;
  const below = (name: string): string => (path === "" ? name : `${path}.${name}`);
  for (const name of required) {
    if (!Object.hasOwn(value, name)) out.push(cause("FieldValueRequired", below(name), "Required value"));
  }
  for (const [name, property] of Object.entries(properties)) {
    if (Object.hasOwn(value, name)) problemsOf(property, value[name], below(name), out);
  }
  if (additionalProperties === undefined) return;
  const count = Object.keys(value).length;
  if (schema.minProperties !== undefined && count < schema.minProperties)
    out.push(cause("FieldValueInvalid", path, `should have at least ${schema.minProperties} properties`));
  if (count > maxProperties) {
    out.push(cause("FieldValueTooMany", path, `Too many: ${count}: must have at most ${maxProperties} items`));
  }
  for (const [name, field] of Object.entries(value)) problemsOf(additionalProperties, field, below(name), out);
}

function listProblems(schema: Schema, value: readonly unknown[], path: string, out: Cause[]): void {
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    out.push(cause("FieldValueTooMany", path, `Too many: ${value.length}: must have at most ${schema.maxItems} items`));
  }
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    out.push(cause("FieldValueInvalid", path, `should have at least ${schema.minItems} items`));
  }
  const { items } = schema;
  if (items !== undefined) value.forEach((item, i) => problemsOf(items, item, `${path}[${i}]`, out));
  const keys = schema["x-kubernetes-list-map-keys"];
  if (keys === undefined && schema["x-kubernetes-list-type"] !== "set") return;
  const seen = new Set<string>();
  value.forEach((item, i) => {
    const key = JSON.stringify(keys?.map((name) => (isRecord(item) ? item[name] : undefined)) ?? item);
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
