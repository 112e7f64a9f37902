/**
 * What of a definition would refuse, drop or read otherwise what the one before accepted. Descriptions, columns and short names are
 * for people and may change; new fields, new values and wider bounds are what additions are.
 */

/** JSON of a definition, or of a part of it. */
type Json = Readonly<Record<string, unknown>>;

/** Bounds that may only grow, or go. */
const UPPER = ["maxLength", "maxItems", "maxProperties", "maximum"] as const;
/** Bounds that may only shrink, or go. */
const LOWER = ["minLength", "minItems", "minProperties", "minimum"] as const;
/** What means something else once it changes. */
const FIXED = ["type", "x-kubernetes-list-type", "x-kubernetes-map-type", "x-kubernetes-int-or-string"] as const;
/** What says which text is right: it may go, but neither come nor change. */
const LIMITING = ["pattern", "format"] as const;
/** What lets more through: it may come, and not go. */
const ALLOWING = ["nullable", "x-kubernetes-preserve-unknown-fields"] as const;

/** Each change of a CRD that is no addition, in words, with its path. */
export function breaks(before: unknown, after: unknown): readonly string[] {
  const [old, now] = [objectOf(objectOf(before)["spec"]), objectOf(objectOf(after)["spec"])];
  const names = [objectOf(old["names"]), objectOf(now["names"])] as const;
  return [
    ...["group", "scope"].flatMap((key) => changed(key, old[key], now[key])),
    ...["plural", "kind"].flatMap((key) => changed(`names.${key}`, names[0][key], names[1][key])),
    ...versionsOf(old).flatMap(([name, version]) => versionBreaks(name, version, new Map(versionsOf(now)).get(name))),
  ];
}

function versionBreaks(name: string, before: Json, after: Json | undefined): readonly string[] {
  if (after === undefined || after["served"] !== true) return [`${name}: it is no longer served`];
  const schema = (version: Json): Json => objectOf(objectOf(version["schema"])["openAPIV3Schema"]);
  const subresources = Object.keys(objectOf(before["subresources"]));
  const paths = (version: Json): readonly string[] =>
    listOf(version["selectableFields"]).map((one) => String(objectOf(one)["jsonPath"]));
  return [
    ...changed(`${name}: storage`, before["storage"], after["storage"]),
    ...without(subresources, Object.keys(objectOf(after["subresources"])), `${name}: the subresource`),
    ...without(paths(before), paths(after), `${name}: the field selector`),
    ...schemaBreaks(name, schema(before), schema(after)),
  ];
}

/** The same of a schema and all below it. */
export function schemaBreaks(path: string, before: Json, after: Json): readonly string[] {
  return [
    ...FIXED.flatMap((key) => changed(`${path}: ${key}`, before[key], after[key])),
    ...defaultBreaks(path, before["default"], after["default"]),
    ...LIMITING.flatMap((key) => (after[key] === undefined ? [] : changed(`${path}: ${key}`, before[key], after[key]))),
    ...ALLOWING.flatMap((key) => (before[key] === true ? changed(`${path}: ${key}`, true, after[key]) : [])),
    ...UPPER.flatMap((key) => tightened(`${path}: ${key}`, before[key], after[key], (old, now) => now < old)),
    ...LOWER.flatMap((key) => tightened(`${path}: ${key}`, before[key], after[key], (old, now) => now > old)),
    ...without(listOf(after["required"]), listOf(before["required"]), `${path}: it newly requires`, ""),
    ...enumBreaks(path, before["enum"], after["enum"]),
    ...ruleBreaks(path, before, after),
    ...childrenBreaks(path, before, after),
  ];
}

function childrenBreaks(path: string, before: Json, after: Json): readonly string[] {
  const [old, now] = [objectOf(before["properties"]), objectOf(after["properties"])];
  const kept = Object.keys(old).filter((name) => now[name] !== undefined);
  const below = (key: string): readonly string[] => {
    if (before[key] === undefined) return [];
    if (after[key] === undefined) return [`${path}: ${key} is gone`];
    return schemaBreaks(`${path}${key === "items" ? "[]" : "{}"}`, objectOf(before[key]), objectOf(after[key]));
  };
  return [
    ...Object.keys(old).flatMap((name) => (now[name] === undefined ? [`${path}.${name}: the field is gone`] : [])),
    ...kept.flatMap((name) => schemaBreaks(`${path}.${name}`, objectOf(old[name]), objectOf(now[name]))),
    ...below("items"),
    ...below("additionalProperties"),
  ];
}

function enumBreaks(path: string, before: unknown, after: unknown): readonly string[] {
  if (after === undefined) return [];
  if (before === undefined) return [`${path}: only some values are taken now`];
  return without(listOf(before), listOf(after), `${path}: the value`);
}

/** A rule that comes may refuse what was right. One that goes, or only says something else, refuses nothing. */
function ruleBreaks(path: string, before: Json, after: Json): readonly string[] {
  const rules = (schema: Json): readonly string[] =>
    listOf(schema["x-kubernetes-validations"]).map((one) => String(objectOf(one)["rule"]).replaceAll(/\s+/g, " "));
  return without(rules(after), rules(before), `${path}: a new rule:`, "");
}

/**
 * An object that is a default may gain keys: those of new fields. The default of a whole status shows until an operator has looked, which
 * then writes all of it: that one may come, too.
 */
function defaultBreaks(path: string, before: unknown, after: unknown): readonly string[] {
  const [old, now] = [Object.entries(objectOf(before)), objectOf(after)];
  const isStatus = /^\w+\.status$/.test(path);
  if (before === undefined && isStatus) return [];
  const grew = old.length > 0 && old.every(([key, value]) => JSON.stringify(value) === JSON.stringify(now[key]));
  return grew ? [] : changed(`${path}: default`, before, after);
}

function changed(what: string, before: unknown, after: unknown): readonly string[] {
  const [old, now] = [JSON.stringify(before), JSON.stringify(after)];
  return old === now ? [] : [`${what} was ${old ?? "not there"}, and is ${now ?? "not there"}`];
}

function tightened(
  what: string,
  before: unknown,
  after: unknown,
  isTighter: (old: number, now: number) => boolean,
): readonly string[] {
  if (typeof after !== "number") return [];
  if (typeof before !== "number") return [`${what} is ${after}, and there was none`];
  return isTighter(before, after) ? [`${what} was ${before}, and is ${after}`] : [];
}

/** What is among the first and not among the second. */
function without(
  from: readonly unknown[],
  those: readonly unknown[],
  what: string,
  end = " is gone",
): readonly string[] {
  return from.filter((one) => !those.includes(one)).map((one) => `${what} ${String(one)}${end}`);
}

function versionsOf(spec: Json): readonly (readonly [string, Json])[] {
  return listOf(spec["versions"]).map((one) => [String(objectOf(one)["name"]), objectOf(one)]);
}

function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
