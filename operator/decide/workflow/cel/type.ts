/** Types of CEL as values. */
import type { CelType } from "./library.ts";

/** dyn: only the evaluation will tell. never: of the elements of an empty list. */
export type Scalar =
  | "bool"
  | "bytes"
  | "double"
  | "duration"
  | "dyn"
  | "int"
  | "never"
  | "null_type"
  | "string"
  | "timestamp"
  | "type"
  | "uint";
export type Type =
  | { readonly kind: Scalar }
  | { readonly kind: "list"; readonly element: Type }
  | { readonly kind: "map"; readonly key: Type; readonly value: Type };

export const DYN: Type = { kind: "dyn" };

/** Types whose values are compared as numbers. */
export const NUMBERS: ReadonlySet<string> = new Set(["int", "uint", "double"]);

/** Whether values of the two could ever be equal. */
export function comparable(left: Type, right: Type): boolean {
  if (isOpen(left) || isOpen(right)) return true;
  if (left.kind === "list") return right.kind === "list" && comparable(left.element, right.element);
  if (left.kind === "map") {
    return right.kind === "map" && comparable(left.key, right.key) && comparable(left.value, right.value);
  }
  return left.kind === right.kind || (NUMBERS.has(left.kind) && NUMBERS.has(right.kind));
}

/** What holds for both: types that differ are only known when the expression runs. */
export function join(left: Type, right: Type): Type {
  if (left.kind === "never") return right;
  if (right.kind === "never") return left;
  if (left.kind === "list" && right.kind === "list")
    return { kind: "list", element: join(left.element, right.element) };
  if (left.kind === "map" && right.kind === "map") {
    return { kind: "map", key: join(left.key, right.key), value: join(left.value, right.value) };
  }
  return left.kind === right.kind ? left : DYN;
}

/** Whether it fits everywhere until the expression runs. */
export function isOpen({ kind }: Type): boolean {
  return kind === "dyn" || kind === "never";
}

/** The library's types of functions; its lists and maps are of anything. */
export function typeFrom(type: CelType): Type {
  if (type.kind === "scalar") return { kind: type.scalar };
  if (type.kind === "list") return { kind: "list", element: DYN };
  if (type.kind === "map") return { kind: "map", key: DYN, value: DYN };
  if (type.name === "google.protobuf.Timestamp") return { kind: "timestamp" };
  return type.name === "google.protobuf.Duration" ? { kind: "duration" } : DYN;
}

/** In the words of CEL: list(string). */
export function described(type: Type): string {
  if (type.kind === "list") return `list(${described(type.element)})`;
  if (type.kind === "map") return `map(${described(type.key)}, ${described(type.value)})`;
  return type.kind === "never" ? "dyn" : type.kind;
}
