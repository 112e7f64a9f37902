import type { Reference } from "../references.ts";

/** What an expression reads, or what is wrong with it. */
export type ParsedWhen = { readonly references: readonly Reference[] } | { readonly problem: string };

/** Until expressions are read: any will do. */
export function parseWhen(_source: string): ParsedWhen {
  return { references: [] };
}
