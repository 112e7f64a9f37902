/**
 * The strategic merge of the Kubernetes API for pod templates, as the API server does it (apimachinery's strategicpatch):
 * e2e/merge.test.ts compares the two. Stricter in one thing: a directive that the server would silently leave without
 * effect, or drop with a warning, is an error where the result would be the contrary of what it says.
 */
import { isObject } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import {
  AS_NEW_ELEMENT,
  AS_NEW_FIELD,
  PATCH,
  RETAIN,
  adopt,
  definitionIn,
  fieldOf,
  isListDirective,
  join,
  orderedList,
  patchOf,
  shortenedList,
} from "./directives.ts";
import type { Field } from "./mergekeys.ts";
import { mergeLists, orderList, withoutValues, type ListPlace } from "./mergelists.ts";
import { TemplateError } from "./templateerror.ts";

/** An object of which we know the definition (not that of a map) and where it stands. */
interface Place {
  readonly definition: string | undefined;
  readonly path: string;
}

/** The fields so far, by name. A Map takes every name, `__proto__` too. */
type Fields = Map<string, unknown>;

/** A new object; neither argument is changed. What the patch does not touch is shared with the original. @throws TemplateError */
export function mergeObjects(original: Json, patch: Json, place: Place): Json {
  const asked = patchOf(patch, place.path);
  if (asked === "delete") return {};
  if (asked === "replace") {
    const { [PATCH]: _, ...rest } = patch;
    const taken = adopt(rest, place.definition, place.path, AS_NEW_ELEMENT);
    return isObject(taken) ? taken : {};
  }
  const result: Fields = new Map(Object.entries(original));
  retainKeys(result, patch, place);
  const done = setOrders(result, patch, place);
  for (const [key, value] of Object.entries(patch)) {
    const name = shortenedList(key, place.path);
    if (name !== undefined) shorten(result, name, value, place);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key !== RETAIN && !isListDirective(key) && !done.has(key)) mergeField(result, key, value, place);
  }
  return Object.fromEntries(result);
}

function mergeField(result: Fields, name: string, value: unknown, place: Place): void {
  const path = join(place.path, name);
  const field = fieldOf(place.definition, name);
  if (value === null) {
    result.delete(name);
    return;
  }
  const before = storedAs(result.get(name), field);
  const both = sameShape(before, value);
  const merged =
    both?.shape === "object" && (field?.kind === "object" || field?.kind === "map")
      ? mergeObjects(both.before, both.value, { definition: definitionIn(field, value), path })
      : both?.shape === "list" && field?.kind === "list"
        ? changeList(both.before, both.value, listPlace(field, path))
        : adopt(value, definitionIn(field, value), path, AS_NEW_FIELD);
  if (merged === undefined) result.delete(name);
  else result.set(name, merged);
}

type Both =
  | { readonly shape: "object"; readonly before: Json; readonly value: Json }
  | { readonly shape: "list"; readonly before: readonly unknown[]; readonly value: readonly unknown[] };

function sameShape(before: unknown, value: unknown): Both | undefined {
  if (isObject(before) && isObject(value)) return { shape: "object", before, value };
  return Array.isArray(before) && Array.isArray(value) ? { shape: "list", before, value } : undefined;
}

/** The server stores no null, no empty list and no empty map, and some objects always. */
function storedAs(before: unknown, field: Field | undefined): unknown {
  const empty =
    before === undefined ||
    before === null ||
    (Array.isArray(before) && before.length === 0) ||
    (field?.kind === "map" && isObject(before) && Object.keys(before).length === 0);
  if (!empty) return before;
  return field?.always === true ? {} : undefined;
}

function changeList(before: readonly unknown[], value: readonly unknown[], place: ListPlace): unknown {
  if (place.field.merge === true) return mergeLists(before, value, place);
  return adopt(value, place.field.of, place.path, AS_NEW_ELEMENT);
}

function listPlace(field: Field, path: string): ListPlace {
  const definition = field.of;
  const mergeElement: ListPlace["mergeElement"] = (original, patch, at) =>
    mergeObjects(original, patch, { definition, path: at });
  return { field, path, mergeElement };
}

/** $retainKeys: only the fields it names may stay. */
function retainKeys(result: Fields, patch: Json, { path }: Place): void {
  if (!Object.hasOwn(patch, RETAIN)) return;
  const names = patch[RETAIN];
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string")) {
    throw new TemplateError(`${join(path, RETAIN)} must be a list of field names`);
  }
  const kept = new Set<string>(names);
  for (const [key, value] of Object.entries(patch)) {
    if (key === RETAIN || value === null || isListDirective(key) || kept.has(key)) continue;
    throw new TemplateError(`${join(path, RETAIN)} must also name ${key}, which stands beside it`);
  }
  for (const key of result.keys()) if (!kept.has(key)) result.delete(key);
}

/** Merges and orders the lists that have a $setElementOrder; returns their names. */
function setOrders(result: Fields, patch: Json, place: Place): ReadonlySet<string> {
  const done = new Set<string>();
  for (const [key, order] of Object.entries(patch)) {
    const name = orderedList(key, place.path);
    if (name === undefined) continue;
    const field = fieldOf(place.definition, name);
    const path = join(place.path, name);
    if (!Array.isArray(order)) throw new TemplateError(`${join(place.path, key)} must be a list`);
    if (field?.kind !== "list") throw new TemplateError(`${join(place.path, key)}: ${path} is no list of the API`);
    const original = listOrNothing(storedAs(result.get(name), field), path);
    const added = Object.hasOwn(patch, name) ? listOrNothing(patch[name], path) : undefined;
    done.add(name);
    if (original === undefined && added === undefined) continue;
    const where = listPlace(field, path);
    const merged = mergedForOrder(original, added, where);
    result.set(name, orderList(merged, order, { original, patch: added, place: where }));
  }
  return done;
}

function mergedForOrder(
  original: readonly unknown[] | undefined,
  patch: readonly unknown[] | undefined,
  place: ListPlace,
): readonly unknown[] {
  if (patch === undefined) return original ?? [];
  const merged =
    original === undefined
      ? adopt(patch, place.field.of, place.path, { nulls: "keep", marked: "drop" })
      : changeList(original, patch, place);
  return Array.isArray(merged) ? merged : [];
}

function listOrNothing(value: unknown, path: string): readonly unknown[] | undefined {
  if (value === undefined || Array.isArray(value)) return value;
  throw new TemplateError(`${path} must be a list, as $setElementOrder is given for it`);
}

/** $deleteFromPrimitiveList: takes values out before those of the same patch come in. */
function shorten(result: Fields, name: string, unwanted: unknown, place: Place): void {
  const path = join(place.path, name);
  if (!Array.isArray(unwanted)) throw new TemplateError(`$deleteFromPrimitiveList of ${path} must be a list`);
  const before = result.get(name);
  if (!Array.isArray(before)) return;
  const field = fieldOf(place.definition, name);
  if (field?.kind !== "list") throw new TemplateError(`$deleteFromPrimitiveList: ${path} is no list of the API`);
  result.set(name, withoutValues(before, unwanted, listPlace(field, path)));
}
