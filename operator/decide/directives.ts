/** The words with which a patch says more than values can, and what becomes of a part of a patch that meets nothing. */
import { isObject } from "../api/decode.ts";
import { FIELDS, type Field } from "./mergekeys.ts";
import { TemplateError } from "./templateerror.ts";

/** On an object: replace it, or delete it (an element of a merged list with its key). */
export const PATCH = "$patch";
/** On an object: a list of the only fields that may stay. */
export const RETAIN = "$retainKeys";
const ORDER = "$setElementOrder";
const DELETE = "$deleteFromPrimitiveList";

/** The list that a key such as $setElementOrder/containers speaks of; undefined for other keys. */
export function orderedList(key: string, path: string): string | undefined {
  return listNamed(key, ORDER, path);
}

/** The list that a key such as $deleteFromPrimitiveList/finalizers speaks of; undefined for other keys. */
export function shortenedList(key: string, path: string): string | undefined {
  return listNamed(key, DELETE, path);
}

export function isListDirective(key: string): boolean {
  return key.startsWith(ORDER) || key.startsWith(DELETE);
}

function listNamed(key: string, directive: string, path: string): string | undefined {
  if (!key.startsWith(directive)) return undefined;
  if (key.startsWith(`${directive}/`)) return key.slice(directive.length + 1);
  throw new TemplateError(`${join(path, key)} must name its list: ${directive}/<field>`);
}

/** What `$patch` asks of an object; undefined without one. */
export function patchOf(value: object, path: string): "replace" | "delete" | undefined {
  if (!Object.hasOwn(value, PATCH)) return undefined;
  const asked: unknown = Reflect.get(value, PATCH);
  if (asked === "replace" || asked === "delete") return asked;
  const found = typeof asked === "string" ? `"${asked.slice(0, 50)}"` : `a ${asked === null ? "null" : typeof asked}`;
  throw new TemplateError(
    `${join(path, PATCH)} must be "replace" or "delete", is ${found}; merging needs no directive`,
  );
}

/** Never what an object inherits: `__proto__` and the like are keys as others. */
export function fieldOf(definition: string | undefined, name: string): Field | undefined {
  const fields = definition !== undefined && Object.hasOwn(FIELDS, definition) ? FIELDS[definition] : undefined;
  return fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** The definition of an object found in a field; undefined for a map, whose keys are all the user's. */
export function definitionIn(field: Field | undefined, value: unknown): string | undefined {
  return field?.kind === (Array.isArray(value) ? "list" : "object") ? field.of : undefined;
}

/** What the server does with a part of a patch that it takes over as it is. */
export interface Adoption {
  /** null within the part: dropped where a field is new, kept where an element is. */
  readonly nulls: "drop" | "keep";
  /** An object with $patch within the part: dropped with all that is in it, or senseless there. */
  readonly marked: "drop" | "refuse";
}

export const AS_NEW_FIELD: Adoption = { nulls: "drop", marked: "drop" };
export const AS_NEW_ELEMENT: Adoption = { nulls: "keep", marked: "refuse" };

/**
 * A copy of a part of a patch, without directives; undefined if nothing of it is left. In objects of a known definition no
 * field begins with "$", so directives that have nothing to act on go there; the keys of maps are the user's and stay.
 */
export function adopt(value: unknown, definition: string | undefined, path: string, how: Adoption): unknown {
  if (Array.isArray(value)) {
    return value.flatMap((item, index): unknown[] => {
      const copy = adopt(item, definition, `${path}[${index}]`, how);
      return copy === undefined ? [] : [copy];
    });
  }
  if (!isObject(value)) return value;
  if (patchOf(value, path) !== undefined) {
    if (how.marked === "drop") return undefined;
    throw new TemplateError(
      `${join(path, PATCH)} has nothing to act on: its surroundings are new or replaced as a whole`,
    );
  }
  const entries = Object.entries(value).flatMap(([key, item]): [string, unknown][] => {
    if (item === null && how.nulls === "drop") return [];
    if (definition !== undefined && (key === RETAIN || isListDirective(key))) return [];
    const copy = adopt(item, definitionIn(fieldOf(definition, key), item), join(path, key), how);
    return copy === undefined ? [] : [[key, copy]];
  });
  return Object.fromEntries(entries);
}

/** A copy of what was there before: a result shares nothing with what it was made of. */
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)]));
}

export function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
