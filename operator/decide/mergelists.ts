/**
 * Lists in a strategic merge: which elements there are, and in which order. The order is the API server's: elements of the
 * patch in the patch's order, the others in theirs, and between the two whatever the old order says, the patch's first.
 */
import { isObject } from "../api/decode.ts";
import type { Json } from "../api/decode.ts";
import { AS_NEW_ELEMENT, adopt, patchOf } from "./directives.ts";
import type { Field } from "./mergekeys.ts";
import { TemplateError } from "./templateerror.ts";

/** A list that is merged. */
export interface ListPlace {
  readonly field: Field;
  readonly path: string;
  /** Merges an element of the patch into the one with the same key. */
  readonly mergeElement: (original: Json, patch: Json, path: string) => unknown;
}

/** The same port for three protocols is three; each further one costs a merge of the whole element. */
const DOUBLES_MAX = 100;

type Identity = string | number | boolean;

/** The elements of both, merged by their key; plain values without doubles. */
export function mergeLists(
  original: readonly unknown[],
  patch: readonly unknown[],
  place: ListPlace,
): readonly unknown[] {
  if (original.length === 0 && patch.length === 0) return [];
  checkAlike([...original, ...patch], place);
  if (!isObject(original[0] ?? patch[0])) {
    return arrange([...new Set([...original, ...patch])], { first: patch, before: original }, place);
  }
  const { kept, added, replaced } = obeyMarks(original, patch, place);
  if (replaced) return arrange(copies(added, place), { first: [], before: added }, place);
  return arrange(joinElements(kept, added, place), { first: added, before: kept }, place);
}

/** Puts a merged list into the order that $setElementOrder asks for. */
export function orderList(merged: readonly unknown[], order: readonly unknown[], from: MergedFrom): readonly unknown[] {
  const { original = [], patch = [], place } = from;
  checkAlike([...original, ...patch], place);
  if (original.length + patch.length === 0) {
    throw new TemplateError(`${place.path} is empty, so $setElementOrder has nothing to order`);
  }
  checkOrder(patch, order, place);
  return arrange(merged, { first: order, before: placesLeft(original, patch, place) }, place);
}

/** What a list was merged from. */
export interface MergedFrom {
  readonly original: readonly unknown[] | undefined;
  readonly patch: readonly unknown[] | undefined;
  readonly place: ListPlace;
}

/** Takes the listed plain values out. */
export function withoutValues(original: readonly unknown[], unwanted: readonly unknown[], place: ListPlace): unknown[] {
  checkAlike([...original, ...unwanted], place);
  if (isObject(original[0])) {
    throw new TemplateError(`${place.path} is no list of plain values: use {$patch: delete} in it`);
  }
  const gone = new Set(unwanted);
  return original.filter((value) => !gone.has(value));
}

/** Elements marked with $patch: what they take away, and what is left of the patch. */
function obeyMarks(original: readonly unknown[], patch: readonly unknown[], place: ListPlace): Marks {
  const removed = new Set<Identity>();
  const added: unknown[] = [];
  let replaced = false;
  for (const element of patch) {
    const mark = isObject(element) ? patchOf(element, place.path) : undefined;
    if (mark === undefined) added.push(element);
    else if (mark === "replace") replaced = true;
    else removed.add(identity(element, place));
  }
  const kept = replaced ? [] : original.filter((element) => !removed.has(identity(element, place)));
  return { kept, added, replaced };
}

interface Marks {
  readonly kept: readonly unknown[];
  readonly added: readonly unknown[];
  readonly replaced: boolean;
}

function joinElements(kept: readonly unknown[], added: readonly unknown[], place: ListPlace): readonly unknown[] {
  const joined: unknown[] = [...kept];
  const places = firstPlaces(kept, place);
  checkDoubles(added, place);
  for (const element of added) {
    const id = identity(element, place);
    const path = elementPath(id, place);
    const at = places.get(id);
    const before = at === undefined ? undefined : joined[at];
    if (at !== undefined && isObject(before) && isObject(element)) {
      joined[at] = place.mergeElement(before, element, path);
    } else places.set(id, joined.push(adopt(element, place.field.of, path, AS_NEW_ELEMENT)) - 1);
  }
  return joined;
}

function checkDoubles(added: readonly unknown[], place: ListPlace): void {
  const doubles = added.length - firstPlaces(added, place).size;
  if (doubles <= DOUBLES_MAX) return;
  throw new TemplateError(
    `${place.path} has ${doubles} elements with the ${place.field.key} of another one; give each its own`,
  );
}

function copies(elements: readonly unknown[], place: ListPlace): readonly unknown[] {
  return elements.map((element) => {
    return adopt(element, place.field.of, elementPath(identity(element, place), place), AS_NEW_ELEMENT);
  });
}

/** Two orders to keep: `first` for the elements it names, `before` for the others and between the two. */
interface Orders {
  readonly first: readonly unknown[];
  readonly before: readonly unknown[];
}

function arrange(elements: readonly unknown[], orders: Orders, place: ListPlace): readonly unknown[] {
  const first = firstPlaces(orders.first, place);
  const before = firstPlaces(orders.before, place);
  const keyed = elements.map((element) => ({ element, id: identity(element, place) }));
  const at = (places: ReadonlyMap<Identity, number>, id: Identity): number => places.get(id) ?? -1;
  const named = keyed.filter(({ id }) => first.has(id)).toSorted((a, b) => at(first, a.id) - at(first, b.id));
  const others = keyed.filter(({ id }) => !first.has(id)).toSorted((a, b) => at(before, a.id) - at(before, b.id));
  const result: unknown[] = [];
  let next = 0;
  for (const { element, id } of others) {
    // An element the old order does not know is never known to come later than another one.
    for (let one = named[next]; one !== undefined; one = named[++next]) {
      if (before.has(id) && before.has(one.id) && at(before, id) < at(before, one.id)) break;
      result.push(one.element);
    }
    result.push(element);
  }
  return [...result, ...named.slice(next).map(({ element }) => element)];
}

/** The server insists that the patch's own order agrees with the one it asks for. */
function checkOrder(patch: readonly unknown[], order: readonly unknown[], place: ListPlace): void {
  const wanted = order.map((element) => identity(element, place));
  const marked = (element: unknown): string | undefined =>
    isObject(element) ? patchOf(element, place.path) : undefined;
  let next = 0;
  for (const element of patch.filter((one) => marked(one) !== "delete")) {
    if (marked(element) === undefined) {
      const at = wanted.indexOf(identity(element, place), next);
      next = at < 0 ? wanted.length + 1 : at + 1;
    } else if (next >= wanted.length) next = wanted.length + 1;
    if (next > wanted.length) {
      throw new TemplateError(
        `$setElementOrder of ${place.path} must name the list's elements in the same order as the list`,
      );
    }
  }
}

/** Where the server takes elements to have been: those it removed leave their places to those that are new. */
function placesLeft(original: readonly unknown[], patch: readonly unknown[], place: ListPlace): readonly unknown[] {
  if (original.length === 0 || place.field.merge !== true || place.field.key === undefined) return original;
  const { kept, added, replaced } = obeyMarks(original, patch, place);
  if (replaced) return original;
  const known = firstPlaces(kept, place);
  return [...kept, ...added.filter((one) => !known.has(identity(one, place))).slice(0, original.length - kept.length)];
}

function firstPlaces(elements: readonly unknown[], place: ListPlace): Map<Identity, number> {
  const places = new Map<Identity, number>();
  for (const [index, element] of elements.entries()) {
    const id = identity(element, place);
    if (!places.has(id)) places.set(id, index);
  }
  return places;
}

/** What tells an element from others: the value of its key, or a plain value itself. */
function identity(element: unknown, { field, path }: ListPlace): Identity {
  const { key } = field;
  const id = key === undefined ? element : isObject(element) && Object.hasOwn(element, key) ? element[key] : undefined;
  if (typeof id === "string" || typeof id === "number" || typeof id === "boolean") return id;
  if (key === undefined) throw new TemplateError(`${path} can only be changed so if its elements are plain values`);
  throw new TemplateError(`each element of ${path} must be an object with its ${key}, by which the list is merged`);
}

function checkAlike(elements: readonly unknown[], { path }: ListPlace): void {
  const kind = (value: unknown): string => (Array.isArray(value) ? "list" : value === null ? "null" : typeof value);
  const found = new Set(elements.map(kind));
  if (found.has("list") || found.has("null")) {
    throw new TemplateError(
      `${path} cannot be merged: its elements must not be ${found.has("list") ? "lists" : "null"}`,
    );
  }
  if (found.size > 1) throw new TemplateError(`${path} cannot be merged: its elements must all be of the same type`);
}

function elementPath(id: Identity, { field, path }: ListPlace): string {
  return `${path}[${field.key}=${String(id).slice(0, 100)}]`;
}
